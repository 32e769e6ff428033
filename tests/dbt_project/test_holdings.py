"""What a resident is told to be held on them is what is held: neither a row less nor another person's."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner, Result

from runtime.cli import app
from sources.contract import all_contracts
from street import access, database, holdings, publish
from street.settings import settings
from tests.building import office
from tests.e2e.marks import ADDRESS, ID_NUMBER, NAME, PHONE

from .conftest import MARKED_ON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def conn(marked_street: Callable[[], tuple[Path, str]]) -> Iterator[psycopg.Connection]:
    """A street in which a marked person stands in most feeds."""
    folder, url = marked_street()
    with office(url, folder), contextlib.closing(database.connect(url)) as connection:
        yield connection


@pytest.fixture(scope="module")
def held(conn: psycopg.Connection) -> holdings.Holdings:
    return holdings.find(conn, holdings.documented(conn, ID_NUMBER, all_contracts()), all_contracts())


def counted(rows: Iterable[tuple[str, str]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for schema, table in rows:
        found[f"{schema}.{table}"] = found.get(f"{schema}.{table}", 0) + 1
    return found


def by_hand(conn: psycopg.Connection, *values: str) -> dict[str, int]:
    """Table -> how many of its rows hold one of the values, of every table of the database."""
    tables = conn.execute(
        "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    found = {}
    for table in tables:
        query = sql.SQL("select count(*) from {} as t where t::text like any(%s)").format(sql.Identifier(*table))
        (count,) = conn.execute(query, ([f"%{value}%" for value in values],)).fetchone() or (0,)
        if count:
            found[".".join(table)] = count
    conn.rollback()
    return found


def test_the_export_shows_what_a_count_of_all_tables_by_hand_shows(
    conn: psycopg.Connection, held: holdings.Holdings
) -> None:
    # Nobody else has this name, this number or this key.
    assert counted((row.schema, row.table) for row in held.rows) == by_hand(conn, NAME, ID_NUMBER, held.person_key)
    feeds = {row.feed for row in held.rows if row.feed}
    assert {"household_registry", "border_entries", "returnees", "property_occupancy", "housing_registry"} <= feeds


def test_the_page_says_each_field_with_right_and_end_and_only_its_owner_can_read_it(
    conn: psycopg.Connection, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    done = street("export", "--document", "--to", str(page), "--reason", "本人书面申请", typed=ID_NUMBER)
    assert done.exit_code == 0, done.output
    assert ID_NUMBER not in done.output
    assert page.stat().st_mode & 0o777 == 0o600
    told = page.read_text(encoding="utf-8")
    assert all(value in told for value in (NAME, ID_NUMBER, PHONE, ADDRESS))
    household = next(each for each in all_contracts() if each.feed == "household_registry")
    assert all(basis in told for basis in household.legal_basis)
    assert household.purpose in told
    assert str(MARKED_ON - dt.timedelta(days=1) + dt.timedelta(days=household.retention_days)) in told
    assert "户号" in told
    assert "依据的是您的同意，您可以撤回" in told
    assert asked(conn) == [("export", "本人书面申请")]


def test_who_may_not_read_what_was_received_is_refused_and_nothing_is_written(
    conn: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    role, password = access.grant(conn, access.STREET)
    conn.commit()
    url = psycopg.conninfo.make_conninfo(str(settings().warehouse_url), user=role, password=password)
    monkeypatch.setenv("WAREHOUSE_URL", url)
    settings.cache_clear()
    done = street("export", NAME, "--to", str(tmp_path / "page.html"), "--reason", "好奇")
    monkeypatch.undo()
    settings.cache_clear()
    assert done.exit_code == 1
    assert "无权查阅" in done.output
    assert not (tmp_path / "page.html").exists()
    assert len(asked(conn)) == 1


def test_what_stands_on_consent_is_forgotten_and_the_rest_named_with_its_reason(
    conn: psycopg.Connection, held: holdings.Holdings
) -> None:
    before = by_hand(conn, NAME, ID_NUMBER)
    archived = held.files["property_occupancy"]
    assert archived
    done = street("forget", held.person_key, "--reason", "本人书面申请")
    assert done.exit_code == 0, done.output
    assert "物业入住登记" in done.output
    assert "已删除" in done.output
    assert "履行法定职责或者法定义务所必需" in done.output
    assert NAME not in done.output
    after = by_hand(conn, NAME, ID_NUMBER)
    gone = {table for table in before if before[table] > after.get(table, 0)}
    assert gone == {table for table in before if table.startswith(("raw.property_", "quarantine.property_"))}
    assert not gone & after.keys()
    assert [path for path in archived if path.exists()] == []
    assert conn.execute("select count(*) > 0 from ops.tombstone where rule = 'R-RET-9'").fetchone() == (True,)
    assert not publish.is_current(conn, MARKED_ON), "the next build is made without it"
    conn.rollback()
    assert asked(conn)[-1] == ("forget", "本人书面申请")


def street(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, ["person", *arguments], input=typed and f"{typed}\n")


def asked(conn: psycopg.Connection) -> list[tuple[str, str]]:
    """Kind and reason of each request on record, which holds no value of the person."""
    rows = conn.execute("select kind, reason, request::text from audit.person_request as request order by request_id")
    found = rows.fetchall()
    conn.rollback()
    assert not [row for *_, row in found if NAME in row or ID_NUMBER in row]
    return [(kind, reason) for kind, reason, _ in found]
