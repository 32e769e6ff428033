"""Visits recorded on the board come as a batch of the feed, each once, whatever happens in between."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from expectations.gate import validate
from sources.landing import land
from sources.registry import sync
from street import batch

from .conftest import DAY

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

MORNING = dt.datetime(2020, 3, 27, 9, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))


@pytest.fixture
def office(inbox: Path, warehouse: psycopg.Connection) -> psycopg.Connection:
    sync(warehouse)
    warehouse.commit()
    return warehouse


def record(conn: psycopg.Connection, number: str, visited_at: dt.datetime = MORNING, **other: Any) -> str:
    visit = {"dwelling_key": "D1", "person_key": None, "kind": "测温", "temperature": "36.5", "result": "正常", **other}
    found = conn.execute(
        "select ops.record_visit(%(visit_no)s, 'worker', '310115016001', %(visited_at)s, %(dwelling_key)s,"
        " %(person_key)s, %(kind)s, %(temperature)s, %(result)s)",
        {"visit_no": number, "visited_at": visited_at, **visit},
    ).fetchone()
    conn.commit()
    assert found is not None
    return str(found[0])


def inbox_rows(conn: psycopg.Connection) -> list[tuple[Any, ...]]:
    return conn.execute("select visit_no, batch_id from ops.visit_inbox order by 1").fetchall()


def test_what_waits_is_a_batch_of_the_feed_once_however_often_it_was_sent(office: psycopg.Connection) -> None:
    assert [record(office, "a"), record(office, "b"), record(office, "a")] == ["recorded", "recorded", "repeated"]
    (batch_id,) = land("visit_log", DAY)
    assert land("visit_log", DAY) == []
    assert inbox_rows(office) == [("a", batch_id), ("b", batch_id)]
    assert office.execute(
        "select visit_no, committee_code, visitor, dwelling_key, kind, temperature, result, visited_at, full_name"
        " from raw.visit_log order by _row_no"
    ).fetchall() == [
        (number, "310115016001", "worker", "D1", "测温", "36.5", "正常", "2020-03-27T09:30:00+08:00", None)
        for number in ("a", "b")
    ]
    validate(batch_id)
    assert batch.promote(office, batch_id, "increment") == "accepted"
    assert office.execute("select source, business_date, rows_accepted from ops.batch").fetchall() == [
        ("board", DAY, 2)
    ]


def test_a_later_visit_is_a_batch_of_its_own_and_one_after_the_runs_now_waits(office: psycopg.Connection) -> None:
    record(office, "a")
    (first,) = land("visit_log", DAY)
    record(office, "b")
    record(office, "at noon", visited_at=dt.datetime(2020, 3, 28, 12, tzinfo=MORNING.tzinfo))
    (second,) = land("visit_log", DAY)
    assert inbox_rows(office) == [("a", first), ("at noon", None), ("b", second)]
    (third,) = land("visit_log", DAY + dt.timedelta(days=1))
    assert dict(inbox_rows(office))["at noon"] == third


def test_a_kill_between_the_batch_and_its_note_doubles_nothing(office: psycopg.Connection) -> None:
    record(office, "a")
    (first,) = land("visit_log", DAY)
    office.execute("update ops.visit_inbox set batch_id = null")
    office.commit()
    assert land("visit_log", DAY) == []
    assert inbox_rows(office) == [("a", first)]


def test_an_inbox_of_files_that_is_away_does_not_hold_what_was_recorded(
    office: psycopg.Connection, inbox: Path
) -> None:
    record(office, "a")
    inbox.rmdir()
    with pytest.raises(Exception, match="收件箱"):
        land("visit_log", DAY)
    assert dict(inbox_rows(office))["a"] is not None
