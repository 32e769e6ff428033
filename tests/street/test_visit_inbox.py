"""The inbox of visits: recorded once, by the number that the device gave, through one function alone."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from street import database

NUMBER = "0d3f3f2e-6a3f-4c57-9a55-1c52c6a6e4a1"
VISITED_AT = dt.datetime(2020, 3, 30, 10, 15, tzinfo=dt.UTC)


def record(conn: psycopg.Connection, number: str = NUMBER, /, **other: object) -> str:
    visit = {
        "account": "worker",
        "committee_code": "310115016001",
        "visited_at": VISITED_AT,
        "dwelling_key": "D1",
        "person_key": None,
        "kind": "测温",
        "temperature": "36.5",
        **other,
    }
    named = ", ".join(f"{name} => %({name})s" for name in visit)
    found = conn.execute(f"select ops.record_visit(visit_no => %(visit_no)s, {named})", {"visit_no": number, **visit})
    (outcome,) = found.fetchone() or ("",)
    return str(outcome)


def test_a_visit_sent_twice_is_recorded_once(warehouse: psycopg.Connection) -> None:
    assert [record(warehouse), record(warehouse)] == ["recorded", "repeated"]
    assert warehouse.execute("select visit_no, batch_id from ops.visit_inbox").fetchall() == [(NUMBER, None)]


@pytest.mark.parametrize("other", [{"account": "another"}, {"temperature": None}, {"note": "补记"}])
def test_a_number_means_one_visit_for_ever(warehouse: psycopg.Connection, other: dict[str, object]) -> None:
    record(warehouse)
    assert record(warehouse, **other) == "conflict"
    assert warehouse.execute("select account, temperature, note from ops.visit_inbox").fetchall() == [
        ("worker", "36.5", None)
    ]


def test_a_visit_of_the_future_is_refused(warehouse: psycopg.Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    assert record(warehouse, "late clock", visited_at=now + dt.timedelta(minutes=9)) == "recorded"
    assert record(warehouse, "wrong clock", visited_at=now + dt.timedelta(minutes=11)) == "future"


def test_a_visit_is_of_a_door_or_a_person(warehouse: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        record(warehouse, dwelling_key=None)


def test_of_two_devices_at_once_one_records(warehouse_url: str) -> None:
    def send(_: int) -> str:
        with database.connect(warehouse_url) as conn:
            return record(conn)

    with ThreadPoolExecutor(8) as devices:
        assert sorted(devices.map(send, range(8))) == ["recorded", *["repeated"] * 7]


@pytest.mark.parametrize(
    ("role", "reads"),
    [("dashboard_reader", False), ("committee_reader", True), ("street_reader", True), ("auditor", False)],
)
def test_no_reader_records_and_those_at_work_read(warehouse: psycopg.Connection, role: str, *, reads: bool) -> None:
    rights = warehouse.execute(
        "select has_table_privilege(%(role)s, 'ops.visit_inbox', 'select'),"
        " has_table_privilege(%(role)s, 'ops.visit_inbox', 'insert, update, delete'),"
        " bool_or(has_function_privilege(%(role)s, oid, 'execute')) from pg_proc where proname = 'record_visit'",
        {"role": role},
    )
    assert rights.fetchall() == [(reads, False, False)]
