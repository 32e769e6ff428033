import logging
import traceback

import psycopg
import pytest
import sqlalchemy

from street import database
from street.database import DatabaseError, scrubbed


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
