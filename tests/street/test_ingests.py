from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from street import ingests, notices

if TYPE_CHECKING:
    import psycopg

SUNDAY, MONDAY = dt.date(2020, 3, 22), dt.date(2020, 3, 23)


def test_only_the_ingests_of_the_same_date_are_under_way(warehouse: psycopg.Connection) -> None:
    ingests.begin(warehouse, "border_entries", "yesterday", SUNDAY)
    ingests.begin(warehouse, "border_entries", "today", MONDAY)
    ingests.begin(warehouse, "returnees", "today", MONDAY)
    assert ingests.under_way(warehouse, MONDAY) == [("border_entries", "today"), ("returnees", "today")]
    ingests.end(warehouse, "returnees", "today")
    ingests.end(warehouse, "returnees", "today")
    assert ingests.under_way(warehouse, MONDAY) == [("border_entries", "today")]


def test_an_ingest_that_hangs_is_waited_for_no_longer_than_the_patience(warehouse: psycopg.Connection) -> None:
    ingests.begin(warehouse, "border_entries", "hangs", MONDAY)
    warehouse.execute("update ops.ingest set began_at = began_at - %s", (ingests.PATIENCE,))
    ingests.begin(warehouse, "border_entries", "hangs", MONDAY)  # a retry is no new patience
    assert ingests.under_way(warehouse, MONDAY) == []


def test_what_a_killed_machine_left_behind_is_forgotten(warehouse: psycopg.Connection) -> None:
    ingests.begin(warehouse, "border_entries", "killed", MONDAY)
    warehouse.execute("update ops.ingest set began_at = began_at - interval '3 days'")
    ingests.begin(warehouse, "returnees", "next", MONDAY)
    assert warehouse.execute("select run_id from ops.ingest").fetchall() == [("next",)]


def test_people_are_told_once_of_the_same_failure_of_a_day(warehouse: psycopg.Connection) -> None:
    assert notices.claim(warehouse, "ingest__border_entries.land", MONDAY, "away")
    warehouse.commit()
    assert not notices.claim(warehouse, "ingest__border_entries.land", MONDAY, "away")
    assert notices.claim(warehouse, "ingest__border_entries.land", MONDAY, "refused")
    assert notices.claim(warehouse, "ingest__border_entries.land", SUNDAY, "away")
    warehouse.rollback()
    assert notices.claim(warehouse, "ingest__border_entries.land", SUNDAY, "away")  # the mail did not go out
