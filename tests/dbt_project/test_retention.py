"""Deletion proves itself: of a marked person whose time is over nothing is found anywhere; what must stay is there."""

from __future__ import annotations

import contextlib
import datetime as dt
import gzip
from typing import TYPE_CHECKING

import polars as pl
import pytest
from psycopg import sql

from street import database, retention
from tests.building import office, take_in
from tests.e2e.marks import MARKS, is_in_file

from .conftest import MARKED_ON, publish_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

ONE_DAY = dt.timedelta(days=1)
NEXT, OVER = dt.date(2020, 4, 5), dt.date(2021, 6, 1)


@pytest.fixture(scope="module")
def street_of_theirs(marked_street: Callable[[], tuple[Path, str]]) -> tuple[Path, str]:
    return marked_street()


@pytest.fixture(scope="module")
def folder(street_of_theirs: tuple[Path, str]) -> Path:
    return street_of_theirs[0]


@pytest.fixture(scope="module")
def conn(street_of_theirs: tuple[Path, str]) -> Iterator[psycopg.Connection]:
    """A street that met marked persons, then lists without them, until the last of their time was over."""
    folder, url = street_of_theirs
    with office(url, folder), contextlib.closing(database.connect(url)) as connection:
        assert "staging.linkage_cache" in found(connection), "they must have been there, and everywhere"
        assert [path for path in files(folder) if any(is_in_file(mark, path) for mark in MARKS)]
        retention.carry_out(connection, MARKED_ON + ONE_DAY)
        send_without_them(folder, NEXT, 1)
        take_in(connection, [], NEXT)
        publish_day(NEXT)
        retention.carry_out(connection, NEXT + ONE_DAY)
        # As in the morning: the lists are in before retention, the build comes after it.
        send_without_them(folder, OVER, 2)
        take_in(connection, [], OVER)
        rehearsed = retention.carry_out(connection, OVER, rehearsal=True)
        assert found(connection), "a rehearsal removes nothing"
        assert retention.carry_out(connection, OVER) == rehearsed
        publish_day(OVER)
        retention.carry_out(connection, OVER + 2 * ONE_DAY)
        yield connection


def send_without_them(folder: Path, day: dt.date, lacking: int) -> None:
    """The registries and one company's list as they were before the marked ones came, some rows shorter."""
    for feed in ("household_registry", "housing_registry", "property_occupancy"):
        first = min((folder / "inbox" / feed).glob("*/*"))
        content = first.read_bytes()
        packed = first.suffix == ".gz"
        lines = (gzip.decompress(content) if packed else content).splitlines(keepends=True)[:-lacking]
        target = folder / "inbox" / feed / day.isoformat() / first.name
        target.parent.mkdir()
        target.write_bytes(gzip.compress(b"".join(lines)) if packed else b"".join(lines))


def found(conn: psycopg.Connection) -> dict[str, int]:
    """Table -> how many of its rows hold a mark in any column, of every table of the database."""
    tables = conn.execute(
        "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname not in ('pg_catalog', 'information_schema')"
    ).fetchall()
    counted = {}
    for table in tables:
        query = sql.SQL("select count(*) from {} as t where t::text like any(%s)").format(sql.Identifier(*table))
        (count,) = conn.execute(query, ([f"%{mark}%" for mark in MARKS],)).fetchone() or (0,)
        if count:
            counted[".".join(table)] = count
    # Of a packed file the text tells nothing.
    for (file,) in conn.execute("select rows from staging.linkage_cache", binary=True).fetchall():
        rows = pl.read_parquet(file).iter_rows()
        if count := sum(any(mark in str(row) for mark in MARKS) for row in rows):
            counted["staging.linkage_cache"] = counted.get("staging.linkage_cache", 0) + count
    conn.rollback()
    return counted


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "var").rglob("*") if path.is_file()]


def test_what_must_stay_is_there(conn: psycopg.Connection, folder: Path) -> None:
    kept: dict[dt.date, int] = dict(
        conn.execute("select business_date, sum(residents) from marts.governance_daily group by 1").fetchall()
    )
    assert {MARKED_ON, NEXT, OVER} <= kept.keys(), "the histories: counts alone"
    assert conn.execute("select count(*) from ops.tombstone where rule = 'R-RET-1'").fetchone() != (0,)
    assert conn.execute(
        "select count(*) from ops.batch where removed_on is not null and status = 'accepted' and rows_received <="
        " rows_accepted"
    ).fetchone() != (0,), "their batches' counts"
    residents, known = conn.execute(
        "select count(*), count(known.person_key) from marts.household_view as resident"
        " left join linkage.person as known on known.person_key = resident.person_key"
    ).fetchone() or (0, 0)
    assert residents == known > 500, "whoever lives here, and their keys"
    # Of a batch in force the file as received (of visits it ends with their free text); what is the departments' own.
    in_force = conn.execute(
        "select file ->> 'sha256' from ops.batch_in_force(%s) as in_force join ops.batch using (batch_id)"
        " join ops.feed on feed.feed = in_force.feed and feed.column_days = '{}'"
        " cross join lateral jsonb_array_elements(sources) as file where not file ? 'pull'",
        (OVER,),
    ).fetchall()
    conn.rollback()
    archived = {path.name.partition(".")[0] for path in (folder / "var" / "archive").rglob("*.*")}
    assert {digest for (digest,) in in_force} <= archived
    assert list((folder / "inbox" / "household_registry").glob("2020-03-29/*"))


def test_nothing_of_a_marked_person_is_left_anywhere(conn: psycopg.Connection, folder: Path) -> None:
    assert found(conn) == {}
    assert [path.name for path in files(folder) if any(is_in_file(mark, path) for mark in MARKS)] == []


def test_what_linkage_leaves_holds_no_delivery_that_was_removed(conn: psycopg.Connection) -> None:
    left = conn.execute(
        "select count(*), count(*) filter (where exists (select from ops.batch where batch_id = any(batches)"
        " and removed_on is not null)) from staging.linkage_cache"
    ).fetchone()
    assert left == (0, 0) or (left is not None and left[0] > 0 and left[1] == 0)
