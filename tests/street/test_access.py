"""Readers' logins on a real server: what they are given, and that nothing they do holds up the office."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import threading
import time
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from runtime.postgres import Postgres
from street import access, batch, database, publish
from street.catalogue import published
from street.database import DatabaseError
from street.settings import SHANGHAI
from tests.street.test_publish import ALL, ONE, build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.street.conftest import Deliveries

    Login = Callable[..., psycopg.Connection]

TODAY = dt.datetime.now(SHANGHAI).date()
PERSONS = access.Persons(TODAY, "看板停用期间的应急名单", "管理员")


@pytest.fixture
def guarded(warehouse_url: str, warehouse: psycopg.Connection) -> Iterator[str]:
    """The warehouse as `street up` leaves it; no login is left behind, for roles belong to the whole server."""
    database.migrate(warehouse_url)
    yield warehouse_url
    warehouse.rollback()
    for reader in access.listed(warehouse):
        access.revoke(warehouse, reader.role)
        warehouse.execute(f"drop owned by {reader.role}")
        warehouse.execute(f"drop role {reader.role}")
    warehouse.commit()


@pytest.fixture
def login(guarded: str, warehouse: psycopg.Connection) -> Iterator[Login]:
    """Connect as the login of a reader, newly granted as an exception that reads persons (autocommit)."""
    with contextlib.ExitStack() as stack:
        passwords: dict[str, tuple[str, str]] = {}

        def connect(reader: str = ONE, persons: access.Persons | None = PERSONS, **options: str) -> psycopg.Connection:
            if reader not in passwords:
                passwords[reader] = access.grant(warehouse, reader, persons if reader != "dashboard" else None)
                warehouse.commit()
            role, password = passwords[reader]
            conn = psycopg.connect(make_conninfo(guarded, user=role, password=password, **options), autocommit=True)
            stack.callback(conn.close)
            return conn

        yield connect


@pytest.mark.parametrize(
    ("reader", "role"), [(ONE, f"committee_{ONE}"), ("dashboard", "dashboard_login"), ("street", "street_login")]
)
def test_a_login_has_its_limits_and_the_hours_of_shanghai(
    warehouse: psycopg.Connection, login: Login, reader: str, role: str
) -> None:
    conn = login(reader)
    assert conn.execute("select current_user").fetchone() == (role,)
    shown = {
        name: conn.execute("select current_setting(%s)", (name,)).fetchall()[0][0]
        for name in ("timezone", "statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")
    }
    assert shown == {
        "timezone": "Asia/Shanghai",
        "statement_timeout": "5min",
        "idle_in_transaction_session_timeout": "2min",
        "idle_session_timeout": "1h",
    }
    assert conn.execute("show temp_file_limit").fetchone() == ("1GB",)
    assert conn.execute("select rolconnlimit from pg_roles where rolname = current_user").fetchone() == (10,)


@pytest.mark.parametrize("code", ["310115016999", "31011501", "", "'; drop role pipeline", "committee_reader"])
def test_a_code_that_is_no_committees_is_refused_with_a_sentence(warehouse: psycopg.Connection, code: str) -> None:
    with pytest.raises(access.AccessError, match="居委会"):
        access.grant(warehouse, code)


def test_each_login_is_listed_without_a_password_until_it_is_revoked(
    warehouse: psycopg.Connection, login: Login
) -> None:
    assert access.listed(warehouse) == []
    for reader in (ONE, "dashboard", "street"):
        login(reader)
    listed = {
        each.role: (each.group, each.committee_code, each.since is not None, each.until, each.reason)
        for each in access.listed(warehouse)
    }
    assert listed == {
        f"committee_{ONE}": ("committee_reader", ONE, True, TODAY, PERSONS.reason),
        "dashboard_login": ("dashboard_reader", None, True, None, None),
        "street_login": ("street_reader", None, True, TODAY, PERSONS.reason),
    }
    access.revoke(warehouse, "dashboard_login")
    access.revoke(warehouse, ONE)
    assert [each.role for each in access.listed(warehouse)] == ["street_login"]


def test_a_revoked_login_loses_its_sessions_and_reads_nothing_more(warehouse: psycopg.Connection, login: Login) -> None:
    publish.publish(warehouse, build(warehouse))
    conn = login()
    conn.execute("select * from marts.worklist")
    access.revoke(warehouse, ONE)
    access.revoke(warehouse, ONE)
    with pytest.raises(psycopg.OperationalError):
        conn.execute("select * from marts.worklist")
    with pytest.raises(psycopg.OperationalError):
        login()
    readable = warehouse.execute(
        "select has_table_privilege(%s, 'marts.worklist', 'select'), has_schema_privilege(%s, 'marts', 'usage')",
        (f"committee_{ONE}", f"committee_{ONE}"),
    ).fetchone()
    warehouse.commit()
    assert readable == (False, False)


@pytest.mark.parametrize("reader", [ONE, "street"])
def test_a_login_reads_counts_and_no_mart_of_persons(warehouse: psycopg.Connection, login: Login, reader: str) -> None:
    publish.publish(warehouse, build(warehouse, tables=ALL))
    conn = login(reader, None)
    for mart, product in published().items():
        if product.schema != "marts":
            continue
        if product.holds_counts:
            rows = conn.execute(f"select * from marts.{mart}").fetchall()
            assert rows or product.by_committee, mart
        else:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"select * from marts.{mart}")
    committees = conn.execute("select count(distinct committee_code) from marts.building_view")
    assert committees.fetchone() == (1 if reader == ONE else 2,)


def test_an_exception_reads_persons_until_its_end_and_its_open_session_nothing_after_it(
    warehouse: psycopg.Connection, login: Login
) -> None:
    publish.publish(warehouse, build(warehouse))
    conn = login()
    assert conn.execute("select count(*) > 0 from marts.worklist").fetchone() == (True,)
    assert warehouse.execute(
        "select rolvaliduntil = (%s + 1)::timestamp at time zone 'Asia/Shanghai' from pg_roles where rolname = %s",
        (TODAY, f"committee_{ONE}"),
    ).fetchone() == (True,)
    assert access.end_overdue(warehouse) == []
    warehouse.execute("update ops.access_grant set persons_until = persons_until - 1")
    warehouse.commit()
    assert conn.execute("select count(*) from marts.worklist").fetchone() == (0,)
    assert access.end_overdue(warehouse) == [f"committee_{ONE}"]
    with pytest.raises(psycopg.OperationalError):
        conn.execute("select")
    assert access.listed(warehouse) == []


def test_granting_again_says_anew_what_a_login_reads(warehouse: psycopg.Connection, guarded: str) -> None:
    for persons, group in ((PERSONS, "committee_reader"), (None, "committee_counts_reader")):
        access.grant(warehouse, ONE, persons)
        warehouse.commit()
        assert [(each.group, each.until) for each in access.listed(warehouse)] == [
            (group, persons.until if persons else None)
        ]
    assert warehouse.execute(
        "select rolvaliduntil = 'infinity' from pg_roles where rolname = %s", (f"committee_{ONE}",)
    ).fetchone() == (True,)


@pytest.mark.parametrize(
    ("reader", "persons", "told"),
    [
        ("dashboard", PERSONS, "看板只看计数"),
        (ONE, dataclasses.replace(PERSONS, reason=" "), "请写明理由"),
        (ONE, dataclasses.replace(PERSONS, until=TODAY - dt.timedelta(days=1)), "截止日期"),
        (ONE, dataclasses.replace(PERSONS, until=TODAY + dt.timedelta(days=367)), "截止日期"),
    ],
)
def test_an_exception_without_a_reason_or_an_end_is_refused(
    warehouse: psycopg.Connection, guarded: str, reader: str, persons: access.Persons, told: str
) -> None:
    with pytest.raises(access.AccessError, match=told):
        access.grant(warehouse, reader, persons)
    assert access.listed(warehouse) == []


def test_the_owner_and_strangers_are_no_readers_to_be_revoked(warehouse: psycopg.Connection, guarded: str) -> None:
    for name in ("warehouse", "postgres", "pipeline"):
        with pytest.raises(access.AccessError):
            access.revoke(warehouse, name)


ATTACKS = (
    "select pg_advisory_lock(310115016)",
    "select pg_advisory_xact_lock(1, 2)",
    "select pg_try_advisory_lock_shared(1)",
    "begin; lock table ops.lock in access share mode",
    "select from ops.lock for update",
    "begin; lock table marts.worklist in row share mode",
    "begin; lock table versions.worklist in share mode",
    "select from ops.published for update",
    "select from ops.published for key share",
    "select from versions.worklist for share",
    "create temp table mine (x int)",
    "create table public.mine (x int)",
    "create schema mine",
    "select lo_create(0)",
    "select lo_from_bytea(0, 'x')",
    "select pg_notify('office', 'x')",
    "set temp_file_limit = -1",
    "alter role current_user connection limit -1",
    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'warehouse'",
    "copy (select 1) to program 'true'",
    "set role warehouse",
    "set lock_timeout = 0; set role committee_reader; begin; lock table ops.published in exclusive mode",
)


def test_a_reader_may_not_even_try(warehouse: psycopg.Connection, login: Login) -> None:
    publish.publish(warehouse, build(warehouse))
    for attack in ATTACKS:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # noqa: PT012 -- the one statement, then its end
            conn = login("street")
            conn.execute(attack)
        conn.close()


@pytest.mark.parametrize("name", ["airflow", "postgres", "template1"])
def test_a_reader_comes_into_no_other_database(login: Login, name: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        login(dbname=name)


def test_readers_never_hold_all_connections(postgres: Postgres, login: Login, guarded: str) -> None:
    held = [login() for _ in range(access.CONNECTIONS)]
    with pytest.raises(psycopg.OperationalError, match="too many connections"):
        login()
    # Nor do logins without a limit, which somebody made by hand.
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("create role crowd login password 'crowd' in role street_reader")
    try:
        with contextlib.ExitStack() as stack, pytest.raises(psycopg.OperationalError, match="reserved"):  # noqa: PT012
            for _ in range(220):
                stack.enter_context(psycopg.connect(make_conninfo(guarded, user="crowd", password="crowd")))
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(psycopg.OperationalError):
                while True:
                    stack.enter_context(psycopg.connect(make_conninfo(guarded, user="crowd", password="crowd")))
            with database.connect(guarded) as office:
                assert office.execute("select 1").fetchone() == (1,)
    finally:
        with psycopg.connect(postgres.admin_url("test"), autocommit=True) as admin:
            admin.execute("drop owned by crowd")
            admin.execute("drop role crowd")
    assert len(held) == access.CONNECTIONS


def test_publishing_ends_a_reader_that_is_in_the_way_of_a_new_column(
    warehouse: psycopg.Connection, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish.publish(warehouse, build(warehouse))
    monkeypatch.setattr(publish, "_ALTER_LOCK_TIMEOUT", "300ms")
    sitting = login("street")
    sitting.execute("set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; begin")
    sitting.execute("select * from marts.worklist").fetchall()
    began = time.monotonic()
    publish.publish(warehouse, build(warehouse, gone="1"))
    assert time.monotonic() - began < 10
    assert warehouse.execute("select gone from marts.worklist limit 1").fetchone() is not None
    with pytest.raises(psycopg.OperationalError):
        sitting.execute("select 1")


def test_publishing_leaves_a_reader_alone_that_is_in_nobodys_way(warehouse: psycopg.Connection, login: Login) -> None:
    publish.publish(warehouse, build(warehouse))
    reading = login("street")
    reading.execute("begin isolation level repeatable read")
    before = reading.execute("select * from marts.worklist").fetchall()
    for _ in range(3):
        publish.publish(warehouse, build(warehouse))
    assert reading.execute("select * from marts.worklist").fetchall() == before


def test_a_transaction_that_a_reader_keeps_open_for_long_is_ended_by_the_next_publication(
    warehouse: psycopg.Connection, login: Login, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish.publish(warehouse, build(warehouse))
    sleeper = login("street")
    ended: list[type[Exception]] = []

    def sleep() -> None:
        try:
            sleeper.execute("set statement_timeout = 0")
            sleeper.execute("select count(*), pg_sleep(60) from marts.worklist")
        except psycopg.Error as error:
            ended.append(type(error))

    thread = threading.Thread(target=sleep)
    thread.start()
    time.sleep(0.5)
    monkeypatch.setattr("street.readers.LONGEST_TRANSACTION", "100ms")
    publish.publish(warehouse, build(warehouse))
    thread.join(timeout=10)
    assert ended == [psycopg.errors.AdminShutdown]


def test_a_reader_that_reads_what_it_may_delays_no_landing_and_no_publication(
    warehouse: psycopg.Connection, deliveries: Deliveries, login: Login
) -> None:
    publish.publish(warehouse, build(warehouse))
    crowd = [login("street") for _ in range(5)]
    for conn in crowd:
        conn.execute("begin")
        conn.execute("select * from marts.worklist, marts.household_view, ops.published").fetchall()
    began = time.monotonic()
    with database.locked("landing snapshot_feed"):
        batch_id = deliveries.land(deliveries.register("snapshot_feed", 0), rows=10)
        assert batch.promote(warehouse, batch_id, "snapshot") == "accepted"
    warehouse.commit()
    publish.publish(warehouse, build(warehouse))
    assert time.monotonic() - began < 5


def test_a_lock_is_held_by_one_and_let_go_of_by_the_dead(warehouse_url: str) -> None:
    with database.connect(warehouse_url) as first, database.connect(warehouse_url) as second:
        database.lock(first, "landing x")
        second.execute("set lock_timeout = '200ms'")
        second.commit()
        with pytest.raises(DatabaseError) as refused, database.scrubbed():
            database.lock(second, "landing x")
        assert refused.value.sqlstate == "55P03"
        second.rollback()
        database.lock(second, "landing y")
        second.commit()
        first.close()  # as a kill does
        database.lock(second, "landing x")


def test_on_a_server_of_ones_own_the_right_to_make_roles_is_enough(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "server", tmp_path / "secrets", preferred_port=54900, durable=False)
    server.start()
    try:
        with psycopg.connect(server.admin_url(), autocommit=True) as admin:
            admin.execute("create role office login createrole password 'office'")
            admin.execute("create database town")
            admin.execute("grant connect, create on database town to office")
        with psycopg.connect(server.admin_url("town"), autocommit=True) as admin:
            admin.execute("grant create on schema public to office")
        url = f"postgresql://office:office@127.0.0.1:{server.port()}/town"
        database.migrate(url)
        database.migrate(url)
        with database.connect(url) as conn:
            role, password = access.grant(conn, ONE, PERSONS)
            conn.commit()
            publish.publish(conn, build(conn))
            with psycopg.connect(make_conninfo(url, user=role, password=password)) as reader:
                assert reader.execute("select count(*) from marts.worklist").fetchone() == (1,)
                access.revoke(conn, ONE)
                with pytest.raises(psycopg.errors.AdminShutdown):
                    reader.execute("select count(*) from marts.worklist")
    finally:
        server.stop()
