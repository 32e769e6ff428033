from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING

import psycopg
import pytest
import sqlalchemy
from alembic import command

from street import database
from street.database import DatabaseError, scrubbed

if TYPE_CHECKING:
    from collections.abc import Callable


def test_migrating_twice_changes_nothing(warehouse_url: str) -> None:
    database.migrate(warehouse_url)
    with database.connect(warehouse_url) as connection:
        assert connection.execute("select count(*) from alembic_version").fetchone() == (1,)


def test_sessions_show_the_hours_of_shanghai(warehouse: psycopg.Connection, warehouse_url: str) -> None:
    assert warehouse.execute("show timezone").fetchone() == ("Asia/Shanghai",)
    with psycopg.connect(warehouse_url) as plain:
        assert plain.execute("show timezone").fetchone() == ("Asia/Shanghai",)


def test_a_driver_error_tells_place_and_kind_but_no_value(warehouse: psycopg.Connection) -> None:
    warehouse.execute("create table staging.person (id text primary key, born date)")
    warehouse.execute("insert into staging.person values ('MARKER')")
    with pytest.raises(DatabaseError) as raised, scrubbed():
        warehouse.execute("insert into staging.person values ('MARKER')")
    assert (raised.value.sqlstate, raised.value.table, raised.value.constraint) == ("23505", "person", "person_pkey")
    assert raised.value.__context__ is None
    assert raised.value.__cause__ is None
    assert "MARKER" not in "".join(traceback.format_exception(raised.value))


def test_a_refused_copy_names_the_row(warehouse: psycopg.Connection) -> None:
    warehouse.execute("create table staging.person (id text, born date)")
    with pytest.raises(DatabaseError, match=r"22007, row 2\.$"), scrubbed():  # noqa: SIM117
        with warehouse.cursor().copy("copy staging.person from stdin") as copy:
            copy.write("a\t2020-01-01\nb\tMARKER\n")


def test_sqlalchemy_errors_are_scrubbed_too(warehouse_url: str) -> None:
    engine = database.engine(warehouse_url)
    with pytest.raises(DatabaseError) as raised, scrubbed(), engine.begin() as connection:
        connection.execute(sqlalchemy.text("select cast(:v as integer)"), {"v": "MARKER"})
    engine.dispose()
    assert raised.value.sqlstate == "22P02"
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("FATAL:  sorry, too many clients already", "53300"),
        ('FATAL:  too many connections for role "street_login"', "53300"),
        ("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute", "53300"),
        ("FATAL:  the database system is starting up", "57P03"),
        ("FATAL:  password authentication failed", None),
    ],
)
def test_a_refused_connection_tells_its_cause(words: str, state: str | None) -> None:
    with pytest.raises(DatabaseError) as raised, scrubbed():
        raise psycopg.OperationalError(words)
    assert raised.value.sqlstate == state
    assert words not in str(raised.value)


def test_an_unreachable_database_is_told_without_its_password(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(DatabaseError) as raised:
        database.connect("postgresql://warehouse:MARKER@127.0.0.1:1/none")
    assert "MARKER" not in str(raised.value) + caplog.text


def test_logins_of_before_read_counts_after_the_upgrade(
    new_warehouse: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """0018 on a street of an earlier release that has published counts and persons, and given a login of each kind."""
    url, upgrade = new_warehouse("test", template="template1"), command.upgrade
    monkeypatch.setattr(command, "upgrade", lambda configuration, _: upgrade(configuration, "0017"))
    database.migrate(url)
    roles = {"committee_310115016059": "committee_reader", "street_login": "street_reader"}
    with database.connect(url) as conn:
        for table, readers in (
            ("counted", ("dashboard_reader", "committee_reader")),
            ("people", ("committee_reader",)),
        ):
            conn.execute(f"create table versions.{table} as select '310115016059' as committee_code")
            conn.execute(f"alter table versions.{table} enable row level security")
            conn.execute(f"create view marts.{table} with (security_invoker) as select * from versions.{table}")
            for reader in readers:
                conn.execute(f"create policy {reader}_reads on versions.{table} for select to {reader} using (true)")
                conn.execute(f"grant select on versions.{table}, marts.{table} to {reader}")
        for role, group in roles.items():
            conn.execute(f"drop role if exists {role}")
            conn.execute(f"create role {role} login in role {group}")
            conn.execute(f"grant {role} to current_user with inherit true, set false")
            committee = role.removeprefix("committee_") if group == "committee_reader" else None
            conn.execute("insert into ops.access_grant values (%s, %s)", (role, committee))
    monkeypatch.undo()
    database.migrate(url)
    with database.connect(url) as conn:
        may = "select has_table_privilege(%s, %s, 'select')"
        assert [
            conn.execute(may, (role, f"{schema}.{table}")).fetchone()
            for role in roles
            for table in ("counted", "people")
            for schema in ("marts", "versions")
        ] == 2 * [(True,), (True,), (False,), (False,)]
        assert conn.execute("select roles::text from pg_policies where policyname = 'committee_counts_reader_reads'"
                            ).fetchall() == [("{committee_counts_reader}",)]  # fmt: skip
        for role in roles:
            conn.execute(f"drop owned by {role}")
            conn.execute(f"drop role {role}")
