"""A small published street: the marts as tables with the columns of the interface, and no row of any person."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import psycopg

DAY = dt.date(2020, 3, 28)

_COLUMNS = {
    "compound_overview": """compound_key text, compound_name text, committee_code text, committee_name text,
        longitude double precision, latitude double precision, buildings int, dwellings int, residents int,
        owner_occupied int, rented int, vacant int, unknown_occupancy int, arrivals_14d int, isolating int,
        isolating_orange int, isolating_yellow int, isolating_blue int, completed_14d int, breaches_24h int,
        elderly int, living_alone_elderly int, infants int, disabled int, low_income int, party_members int,
        volunteers int, level text, as_of date""",
    "isolation_episode": """episode_key text, person_key text, dwelling_key text, committee_code text, origin_kind text,
        origin_code text, origin_name text, colour text, started_on date, release_on date, status text, day_no int,
        disposition text, breaches int, source_feeds text[], as_of date""",
    "feed_health": """feed text, business_date date, batch_id bigint, received_at timestamptz, rows_received int,
        rows_accepted int, rows_quarantined int, rows_superseded int, quarantined_pct numeric,
        hours_since_update numeric, status text, failed_checks text[], failed_sources text[],
        contract_version text, title_zh text, due_at timestamptz, as_of date""",
    "unresolved": """feed text, batch_id bigint, row_no int, kind text, subject text,
        reason text, committee_code text,
        compound_key text, candidates jsonb, first_seen_on date, as_of date""",
    "person_tag": """person_key text, dwelling_key text, committee_code text, tag text, label_zh text, since date,
        as_of date""",
    "worklist": """duty_key text, scenario text, committee_code text, compound_name text, building_no text,
        room_no text, dwelling_key text, person_key text, full_name text, phone text, duty text, reason text,
        due_at timestamptz, status text, done_at timestamptz, priority int, as_of date""",
    "service_roster": """person_key text, full_name text, id_masked text, dwelling_key text, committee_code text,
        service text, started_on date, ended_on date, monthly_amount numeric, is_current boolean, as_of date""",
    "governance_daily": """business_date date, committee_code text, arrivals int, arrivals_abroad int, isolating int,
        released int, breaches int, duties_due int, duties_done int, duties_overdue int, coverage_pct numeric,
        residents int, living_alone_elderly int, unresolved int, as_of date""",
}


class Street:
    """Publishes rows: each mart is created when its first rows come, as in a warehouse that grows."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn

    def publish(self, mart: str, rows: Iterable[dict[str, Any]], *, without: tuple[str, ...] = ()) -> None:
        """Add rows to a mart; columns of the first publication that are named in `without` don't exist."""
        self.conn.execute(f"create table if not exists marts.{mart} ({_COLUMNS[mart]})")
        for column in without:
            self.conn.execute(f"alter table marts.{mart} drop column if exists {column}")
        for row in rows:
            full = {"as_of": DAY} | row
            names, places = ", ".join(full), ", ".join(f"%({name})s" for name in full)
            self.conn.execute(f"insert into marts.{mart} ({names}) values ({places})", full)
        self.conn.commit()

    def isolate(self, count: int, *, colour: str = "orange", day: int = 3, status: str = "isolating") -> None:
        """Publish episodes that are on this day of 14 on the street's date."""
        started = DAY - dt.timedelta(days=day - 1)
        row = {"colour": colour, "started_on": started, "release_on": started + dt.timedelta(days=14), "status": status}
        self.publish("isolation_episode", [row] * count)

    def compound(self, name: str, level: str, orange: int = 0, yellow: int = 0, blue: int = 0, **more: Any) -> None:
        """Publish a compound and the episodes of the persons isolating in it."""
        row = {
            "compound_key": name,
            "compound_name": name,
            "committee_code": "310115016001",
            "committee_name": "牡丹第二居委会",
            "isolating": orange + yellow + blue,
            "isolating_orange": orange,
            "isolating_yellow": yellow,
            "isolating_blue": blue,
            "level": level,
        }
        self.publish("compound_overview", [row | more])
        for colour, count in (("orange", orange), ("yellow", yellow), ("blue", blue)):
            self.isolate(count, colour=colour)


@pytest.fixture
def street(warehouse: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Street:
    """An empty street whose files are the test's own; publish to it."""
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    return Street(warehouse)
