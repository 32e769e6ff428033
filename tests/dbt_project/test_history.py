"""A past day that is run again corrects its own rows of the history; later days and the current tables stay."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from linkage.run import link
from sources.contract import all_contracts
from street import dbt, publish
from street.settings import as_of_at

from .conftest import AS_OF, ENTRY, land

if TYPE_CHECKING:
    import psycopg

NEXT = AS_OF + dt.timedelta(days=1)


def run(conn: psycopg.Connection, as_of: dt.date) -> None:
    version = publish.start_version(conn, as_of, as_of_at(as_of))
    dbt.build(dbt.STAGING, as_of, as_of_at(as_of), version)
    link(as_of, all_contracts())
    dbt.build(dbt.MARTS, as_of, as_of_at(as_of), version)
    publish.publish(conn, version)


def history(conn: psycopg.Connection) -> dict[dt.date, tuple[Any, ...]]:
    """The street's row of the last days: arrivals, isolating, duties_due, residents, as_of."""
    rows = conn.execute(
        "select business_date, arrivals, isolating, duties_due, residents, as_of from marts.governance_daily"
        " where committee_code = '310115016' and business_date >= %s",
        (AS_OF - dt.timedelta(days=1),),
    ).fetchall()
    conn.commit()
    return {row[0]: row[1:] for row in rows}


def compounds(conn: psycopg.Connection) -> dict[dt.date, tuple[Any, ...]]:
    """The compounds' last days: isolating, arrivals, level, as_of."""
    rows = conn.execute(
        "select business_date, isolating, arrivals, level, as_of from marts.compound_daily where business_date >= %s",
        (AS_OF - dt.timedelta(days=1),),
    ).fetchall()
    conn.commit()
    return {row[0]: row[1:] for row in rows}


def corrected(conn: psycopg.Connection) -> dict[dt.date, int | None]:
    """What the street's row of each of the last days says of the day before it."""
    rows = conn.execute(
        "select business_date, isolating_corrected from marts.governance_daily"
        " where committee_code = '310115016' and business_date >= %s",
        (AS_OF - dt.timedelta(days=1),),
    ).fetchall()
    conn.commit()
    return dict(rows)


def forget(conn: psycopg.Connection, *columns: str) -> None:
    """Leave what is published as an earlier release did, that had no such columns."""
    view = conn.execute("select * from marts.governance_daily limit 0").description or ()
    kept = ", ".join(column.name for column in view if column.name not in columns)
    dropped = ", ".join(f"drop column {name}" for name in columns)
    conn.execute("drop view marts.governance_daily")
    conn.execute(f"alter table versions.governance_daily {dropped}".encode())
    conn.execute(f"create view marts.governance_daily as select {kept} from versions.governance_daily".encode())
    conn.commit()


def test_a_rerun_of_a_past_day_corrects_its_rows_and_no_later_ones(street_in_raw: psycopg.Connection) -> None:
    conn = street_in_raw
    run(conn, AS_OF)
    first = history(conn)
    assert set(first) == {AS_OF - dt.timedelta(days=1), AS_OF}
    arrivals, isolating, duties_due, residents, _ = first[AS_OF]
    assert (arrivals, isolating, residents) == (0, 2, 4)
    assert duties_due in (2, 3), "a check each, and the visit to who lives alone if it falls on this day"
    forget(conn, "newly_isolating", "transferred", "isolating_corrected")
    run(conn, NEXT)
    assert corrected(conn) == {AS_OF - dt.timedelta(days=1): None, AS_OF: 0, NEXT: 0}
    second = history(conn)
    assert compounds(conn)[AS_OF] == (1, 0, "blue", NEXT)
    later = compounds(conn)[NEXT]
    # The next run closes the day: its flows are counted anew, its stocks are what they were.
    assert second[AS_OF][:4] == first[AS_OF][:4]
    assert second[AS_OF][4] == second[NEXT][4] == NEXT
    assert second[AS_OF - dt.timedelta(days=1)] == first[AS_OF - dt.timedelta(days=1)]

    late = ENTRY | {"entry_id": "E9", "document_no": "E00000009", "name_latin": "CE JIU"}
    times = {"entered_at": f"{AS_OF}T06:00:00+08:00", "recorded_at": f"{AS_OF}T06:30:00+08:00"}
    land(conn, "border_entries", [late | times])
    conn.commit()
    run(conn, AS_OF)
    third = history(conn)
    assert third[AS_OF][:2] == (1, 3)
    assert third[AS_OF][3] == 5, "who isolates lives at the destination"
    assert third[NEXT] == second[NEXT], "a later day stays as it was published"
    assert compounds(conn)[AS_OF] == (2, 1, "blue", AS_OF)
    assert compounds(conn)[NEXT] == later
    assert conn.execute("select distinct as_of from marts.compound_overview").fetchall() == [(NEXT,)]
    assert conn.execute("select sum(isolating) from marts.compound_overview").fetchall() == [(1,)]
    assert conn.execute("select count(*) from marts.worklist where as_of <> %s", (NEXT,)).fetchone() == (0,)
    assert corrected(conn)[NEXT] == -1, "of whom it doesn't know yet"
