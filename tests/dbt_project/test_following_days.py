"""Three mornings and a past day that is run again, told by hand.

Who isolates on a day is who did the day before, with who came and without who left. A rerun of a past day corrects its
own rows of the history; later days and the current tables stay.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from expectations.marts import check
from linkage.run import link
from reports import daily, figures
from reports.figures import Balance
from runtime.cli import app
from sources.contract import all_contracts
from street import batch, database, dbt, publish
from street.settings import as_of_at

from .conftest import AS_OF, ENTRY, land, small_street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

DAYS = [AS_OF + dt.timedelta(days=n) for n in range(-1, 3)]
BEFORE, FIRST, SECOND, THIRD = DAYS
NAMES = ("AI XUE", "BAI MEI", "CAO LAN", "DENG JU", "FANG ZHU", "GAO SONG", "HE LIAN", "JIA TAO")


@dataclass(frozen=True)
class Morning:
    """What is published after a run: the report's figures, and by business date what the histories hold."""

    figures: figures.Figures
    street: dict[dt.date, dict[str, Any]]
    compound: dict[dt.date, dict[str, Any]]


def entered(who: int, day: int, **more: str) -> dict[str, str]:
    """The entry of a traveller who arrived on this day of March and isolates at home."""
    times = {"entered_at": f"2020-03-{day}T10:00:00+08:00", "recorded_at": f"2020-03-{day}T12:00:00+08:00"}
    whose = {"document_no": f"E1000000{who}", "name_latin": NAMES[who], "birth_date": f"19{60 + 5 * who}-0{who + 1}-11"}
    return ENTRY | {"entry_id": f"H{who}"} | whose | times | more


def run(conn: psycopg.Connection, as_of: dt.date) -> Morning:
    conn.commit()
    version = publish.start_version(conn, as_of, as_of_at(as_of))
    dbt.build(dbt.STAGING, as_of, as_of_at(as_of), version)
    link(as_of, all_contracts())
    dbt.build(dbt.MARTS, as_of, as_of_at(as_of), version)
    check(version)
    publish.publish(conn, version)
    street = "select * from marts.governance_daily where committee_code = '310115016'"
    compound = "select * from marts.compound_daily where true"
    return Morning(figures.read(conn, as_of), _by_day(conn, street), _by_day(conn, compound))


def _by_day(conn: psycopg.Connection, query: str) -> dict[dt.date, dict[str, Any]]:
    cursor = conn.execute(f"{query} and business_date >= %s".encode(), (BEFORE,))
    names = [column.name for column in cursor.description or ()]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    conn.commit()
    return {row["business_date"]: row for row in rows}


def forget(conn: psycopg.Connection, *columns: str) -> None:
    """Leave what is published as an earlier release did, that had no such columns."""
    view = conn.execute("select * from marts.governance_daily limit 0").description or ()
    kept = ", ".join(column.name for column in view if column.name not in columns)
    dropped = ", ".join(f"drop column {name}" for name in columns)
    conn.execute("drop view marts.governance_daily")
    conn.execute(f"alter table versions.governance_daily {dropped}".encode())
    conn.execute(f"create view marts.governance_daily as select {kept} from versions.governance_daily".encode())
    conn.commit()


def of_compound(morning: Morning, day: dt.date) -> tuple[Any, ...]:
    return tuple(morning.compound[day][name] for name in ("isolating", "arrivals", "level", "as_of"))


@dataclass(frozen=True)
class Mornings:
    """The three mornings, the rerun of the first, what is then built by hand, and a connection to what is published."""

    first: Morning
    second: Morning
    third: Morning
    rerun: Morning
    by_hand: Result
    conn: psycopg.Connection


@pytest.fixture(scope="module")
def mornings(
    new_warehouse: Callable[[str], str], keep_warehouse: Callable[[str], str], var: Path
) -> Iterator[Mornings]:
    with small_street(new_warehouse("test"), var) as conn:
        told = tell(conn)
        by_hand = CliRunner().invoke(app, ["dbt", "--date", str(THIRD), "build", "--select", "+compound_overview"])
    with database.connect(keep_warehouse("following_days")) as conn:
        yield Mornings(*told, by_hand, conn)


def tell(conn: psycopg.Connection) -> tuple[Morning, Morning, Morning, Morning]:
    # Two of the small street isolate from 20 March to 3 April, whatever happens here.
    land(conn, "border_entries", [entered(0, 14), entered(1, 15), entered(2, 25)])
    wrong = land(conn, "border_entries", [entered(3, 26)])
    first = run(conn, FIRST)  # of 27 March: the two, 0, 1, 2 and 3

    forget(conn, "newly_isolating", "transferred", "isolating_corrected")
    land(conn, "border_entries", [
        entered(4, 28), entered(5, 28),
        entered(6, 24),  # late: four days on the way
        entered(2, 25, revision="2", disposition="central_isolation", recorded_at="2020-03-28T16:00:00+08:00"),
    ], on=SECOND)  # fmt: skip
    second = run(conn, SECOND)  # of 28 March: 0 was released, 2 transferred

    batch.withdraw(conn, wrong, "值班员", "送来的是邻街的名单")
    land(conn, "border_entries", [entered(7, 29)], on=THIRD)
    third = run(conn, THIRD)  # of 29 March: 1 was released, 3 never came

    late = ENTRY | {"entry_id": "E9", "document_no": "E00000009", "name_latin": "CE JIU"}
    times = {"entered_at": f"{FIRST}T06:00:00+08:00", "recorded_at": f"{FIRST}T06:30:00+08:00"}
    land(conn, "border_entries", [late | times])
    return first, second, third, run(conn, FIRST)


def test_two_following_reports_add_up_by_hand_line_by_line(mornings: Mornings) -> None:
    of_28 = Balance(FIRST, before=6, started=2, released=1, transferred=1, corrected=1, isolating=7)
    of_29 = Balance(SECOND, before=7, started=1, released=1, transferred=0, corrected=-1, isolating=6)
    of_30 = Balance(THIRD, before=6, started=0, released=0, transferred=0, corrected=0, isolating=6)
    assert mornings.second.figures.balance[1] == of_28
    assert mornings.third.figures.balance == [of_30, of_29, of_28]
    assert mornings.third.figures.isolating_total == of_30.isolating
    told = daily.text(mornings.third.figures)
    assert "3月28日：上一日 6，加新增 2，减解除 1，减转出 1，更正 +1，在居家隔离 7\n" in told
    assert "3月29日：上一日 7，加新增 1，减解除 1，减转出 0，更正 -1，在居家隔离 6\n" in told


def test_the_next_run_closes_a_day_and_says_nothing_of_parts_that_an_earlier_release_did_not_keep(
    mornings: Mornings,
) -> None:
    first, second = mornings.first, mornings.second
    assert set(first.street) == {BEFORE, FIRST}
    morning, closed = first.street[FIRST], second.street[FIRST]
    assert (morning["arrivals"], morning["isolating"], morning["residents"]) == (0, 5, 8)
    assert morning["duties_due"] in (6, 7), "a check each, a release, and the visit to who lives alone if it is today"
    # What happens in a day is counted anew by the next run, who lives there is what it was.
    assert (closed["arrivals"], closed["isolating"], closed["residents"]) == (2, 7, 8)
    assert closed["as_of"] == second.street[SECOND]["as_of"] == SECOND
    parts = ("newly_isolating", "transferred", "isolating_corrected")
    assert second.street[BEFORE] == first.street[BEFORE] | dict.fromkeys(parts)
    assert {day: row["isolating_corrected"] for day, row in second.street.items()} == {
        BEFORE: None,
        FIRST: 1,
        SECOND: 0,
    }
    assert of_compound(second, FIRST) == (6, 2, "yellow", SECOND)


def test_a_rerun_of_a_past_day_corrects_its_rows_and_no_later_ones(mornings: Mornings) -> None:
    third, rerun, conn = mornings.third, mornings.rerun, mornings.conn
    row = rerun.street[FIRST]
    assert (row["arrivals"], row["isolating"]) == (1, 5)
    assert row["residents"] == 8, "who isolates lives at the destination; who never came does not"
    assert rerun.street[THIRD] == third.street[THIRD], "a later day stays as it was published"
    # Of whom the second day doesn't know yet it says that they were corrected: 5 + 1 - 1 + 1 = 6.
    assert rerun.street[SECOND] == third.street[SECOND] | {"isolating_corrected": 1}
    assert of_compound(rerun, FIRST) == (4, 1, "blue", FIRST)
    assert [rerun.compound[day] for day in (SECOND, THIRD)] == [third.compound[day] for day in (SECOND, THIRD)]
    assert conn.execute("select as_of, sum(isolating) from marts.compound_overview group by 1").fetchall() == [
        (THIRD, 5)
    ]
    assert conn.execute("select count(*) from marts.worklist where as_of <> %s", (THIRD,)).fetchone() == (0,)


def test_a_mart_is_built_by_hand_though_publications_took_along_what_it_reads_or_left_another_days(
    mornings: Mornings,
) -> None:
    assert mornings.by_hand.exit_code == 0, mornings.by_hand.output
    # Those of the third morning, and who was landed late.
    built = mornings.conn.execute("select as_of, sum(isolating) from build.compound_overview group by 1").fetchall()
    assert built == [(THIRD, 6)]
