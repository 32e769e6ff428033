"""What is held on one person, in whatever table it stands, and its deletion on request (R-RET-8, R-RET-9).

No list of tables is kept: each row of the database is looked at. A row is the person's when it holds their key or the
number of a document of theirs, or their name beside a phone, a masked number or a door of theirs: a namesake's isn't.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from psycopg import sql

from street.database import lock, scrubbed
from street.settings import settings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    import psycopg

# A shorter number stands in too many other values, a masked one is many persons'.
_WHOLE = re.compile(r"[0-9A-Za-z]{8,}")


class HoldingsError(ValueError):
    """What was asked for can't be done; the sentence says why, and names no value of a person."""


class Feed(Protocol):
    """What a contract says of a feed: which column plays which role (sources.contract.Contract)."""

    @property
    def feed(self) -> str:
        """Its name."""

    @property
    def roles(self) -> Mapping[str, str]:
        """Role -> column."""


@dataclass(frozen=True)
class Row:
    """A row that is held on the person, `at` its address in the table."""

    schema: str
    table: str
    at: str
    values: Mapping[str, Any]
    about: bool
    """Whether the row is about the person; another only mentions them (a door's owner, a guardian)."""
    said: tuple[str, ...]
    """The columns in which the person's key, number or name stands."""

    @property
    def feed(self) -> str | None:
        """The feed whose record it is: a row of raw or quarantine."""
        if self.schema == "raw":
            return self.table.rpartition("__")[0]
        return self.table if self.schema == "quarantine" else None

    @property
    def batch_id(self) -> int:
        """The batch of a feed's record."""
        return int(self.values["_batch_id" if self.schema == "raw" else "batch_id"])


@dataclass(frozen=True)
class Holdings:
    """Everything held on one person."""

    person_key: str
    rows: tuple[Row, ...]
    files: Mapping[str, tuple[Path, ...]]
    """Feed -> the received files that hold a record of the person."""

    def of(self, feeds: Collection[str]) -> list[Row]:
        """Return the records about the person that these feeds brought."""
        return [row for row in self.rows if row.feed in feeds and row.about]


@dataclass
class _Marks:
    """By what a row is known as the person's."""

    keys: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.keys) + len(self.numbers) + len(self.names) + len(self.beside)

    def patterns(self) -> list[str]:
        """Return what the text of such a row is like."""
        words = {*self.keys, *self.numbers, *self.names}
        return ["%" + re.sub(r"([\\%_])", r"\\\1", word) + "%" for word in words]

    def in_columns(self, values: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the columns of a row that hold the person's key, number or name; none if the row isn't the
        person's.
        """
        certain, named, is_beside = [], [], False
        names, beside = set(map(_plain, self.names)), set(map(_plain, self.beside))
        for column, value in values.items():
            said = list(_leaves(value))
            plain = set(map(_plain, said))
            if any(mark in text for mark in (*self.keys, *self.numbers) for text in said) or any(
                name in text and each in text for text in said for name in self.names for each in self.beside
            ):
                certain.append(column)
            if not plain.isdisjoint(names):
                named.append(column)
            is_beside = is_beside or not plain.isdisjoint(beside)
        return tuple(dict.fromkeys((*certain, *named))) if certain or (named and is_beside) else ()


def authorised(conn: psycopg.Connection) -> None:
    """Raise HoldingsError unless this login may read what was received: the pipeline's, no reader's (R-RET-8)."""
    with scrubbed(), conn.transaction():
        row = conn.execute(
            "select has_schema_privilege('raw', 'usage') and has_schema_privilege('linkage', 'usage')"
        ).fetchone()
    if row is None or not row[0]:
        raise HoldingsError("当前数据库登录无权查阅或删除原始记录：请由数据管理员以数据处理程序的登录操作。")


def named(conn: psycopg.Connection, names: Sequence[str]) -> str:
    """Return the key of the one person who is known by these names, or is this key.

    Raises HoldingsError when there is nobody or more than one.
    """
    with scrubbed(), conn.transaction():
        rows = conn.execute(
            "select distinct person_key from core.dim_person where full_name = any(%(names)s)"
            " union select person_key from linkage.person where person_key = any(%(names)s)",
            {"names": list(names)},
        ).fetchall()
    return _one([key for (key,) in rows])


def documented(conn: psycopg.Connection, number: str, feeds: Sequence[Feed]) -> str:
    """Return the key of the one person whose records in force hold a document of this number.

    Raises HoldingsError when there is nobody or more than one.
    """
    found: set[str] = set()
    with scrubbed(), conn.transaction():
        for feed in feeds:
            for column in _columns(feed, _NUMBERS):
                query = sql.SQL(
                    "select link.person_key from {raw} as raw inner join linkage.record_link as link"
                    " on link.feed = {feed} and link.batch_id = raw._batch_id and link.row_no = raw._row_no"
                    " where link.person_key is not null and raw.{column} is not null and ("
                    "  rules.document_text(raw.{column}) = rules.document_text(%(number)s)"
                    "  or rules.resident_id(raw.{column}) = rules.resident_id(%(number)s))"
                ).format(
                    raw=sql.Identifier("raw", feed.feed), feed=sql.Literal(feed.feed), column=sql.Identifier(column)
                )
                found |= {key for (key,) in conn.execute(query, {"number": number})}
    return _one(sorted(found))


def find(conn: psycopg.Connection, person_key: str, feeds: Sequence[Feed]) -> Holdings:
    """Return everything held on a person. Raises DatabaseError.

    What is found tells more to look for (a phone in an older record, a door that they own), until nothing new is said.
    """
    with scrubbed(), conn.transaction():
        marks = _known(conn, person_key)
        before = -1
        while len(marks) > before:
            before = len(marks)
            rows = list(_search(conn, marks, feeds))
            _learn(conn, marks, rows, feeds)
        files = _files(conn, rows)
    return Holdings(person_key, tuple(rows), files)


def forget(conn: psycopg.Connection, held: Holdings, feeds: Collection[str], as_of: dt.date) -> int:
    """Remove what these feeds brought of a person and return how many rows; the received files with it (R-RET-9).

    Each row leaves a tombstone. What was made of it goes with the next build (R-RET-3). Raises DatabaseError, OSError.
    """
    rows = held.of(feeds)
    with scrubbed(), conn.transaction():
        conn.execute("set local synchronous_commit = on")
        for feed in sorted({str(row.feed) for row in rows}):
            lock(conn, f"landing {feed}")
            lock(conn, f"batch {feed}")
        for row in sorted(rows, key=lambda each: each.schema != "raw"):
            if row.schema == "raw":
                conn.execute(
                    "insert into ops.tombstone (feed, batch_id, row_no, row_hash, removed_on, rule)"
                    " values (%s, %s, %s, %s, %s, 'R-RET-9') on conflict do nothing",
                    (row.feed, row.batch_id, row.values["_row_no"], row.values["_row_hash"], as_of),
                )
            statement = sql.SQL("delete from {} where ctid = %s::tid").format(sql.Identifier(row.schema, row.table))
            conn.execute(statement, (row.at,))
        if rows:
            conn.execute("delete from staging.linkage_cache")  # what linkage leaves from run to run holds theirs
            conn.execute(
                "insert into ops.removal (as_of, rule, place, feed, items)"
                " select %s, 'R-RET-9', 'person', feed, count(*) from unnest(%s::text[]) as feed group by feed",
                (as_of, [row.feed for row in rows]),
            )
    for feed in feeds:
        for path in held.files.get(feed, ()):
            path.unlink(missing_ok=True)
    return len(rows)


def record(  # noqa: PLR0913, PLR0917 -- what the audit asks
    conn: psycopg.Connection, kind: Literal["export", "forget"], person_key: str, by: str, reason: str, items: int
) -> None:
    """Write down who asked what of whom, and why; `reason` must hold no value of a person. Raises DatabaseError."""
    if not reason.strip():
        raise HoldingsError("请写明原因（如：本人书面申请）；不要写个人信息。")
    with scrubbed(), conn.transaction():
        conn.execute(
            "insert into audit.person_request (kind, person_key, asked_by, reason, items) values (%s, %s, %s, %s, %s)",
            (kind, person_key, by, reason.strip(), items),
        )


_NUMBERS = ("document_number", "resident_id")
_NAMES = ("person_name", "person_name_latin")
_PHONE = ("phone",)
_SHORTEST = 6  # of what stands beside a name: shorter phones and masks are many persons'


def _columns(feed: Feed, roles: Sequence[str]) -> list[str]:
    return [feed.roles[role] for role in roles if role in feed.roles]


def _one(keys: Sequence[str]) -> str:
    if not keys:
        raise HoldingsError("没有在用的记录属于这个人。")
    if len(keys) > 1:
        raise HoldingsError(f"有 {len(keys)} 人符合，请改用 --document，或给出其中一个 person_key：{'、'.join(keys)}。")
    return keys[0]


def _known(conn: psycopg.Connection, person_key: str) -> _Marks:
    """Return what is known of a person by their key: those merged into them, as they are published."""
    keys = {
        key
        for (key,) in conn.execute(
            "with recursive one (person_key) as ("
            " select %s::text union select linked.key from one inner join linkage.person"
            "  on one.person_key in (person.person_key, person.merged_into)"
            "  cross join lateral (values (person.person_key), (person.merged_into)) as linked (key)"
            "  where linked.key is not null"
            ") select person_key from one",
            (person_key,),
        )
    }
    return _Marks(keys=keys)


def _search(conn: psycopg.Connection, marks: _Marks, feeds: Sequence[Feed]) -> Iterator[Row]:
    """Yield every row of every table that is the person's."""
    naming = {feed.feed: _columns(feed, (*_NUMBERS, *_NAMES)) for feed in feeds}
    tables = conn.execute(
        "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'r' and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'"
        " order by 1, 2"
    ).fetchall()
    for schema, table in tables:
        query = sql.SQL("select t.ctid::text, to_jsonb(t) from {} as t where t::text like any(%s)").format(
            sql.Identifier(schema, table)
        )
        for at, values in conn.execute(query, (marks.patterns(),)).fetchall():
            said = marks.in_columns(values)
            if said:
                row = Row(schema, table, at, values, about=False, said=said)
                who = ["person_key"] if row.feed is None else naming.get(row.feed, [])
                yield replace(row, about=not set(who).isdisjoint(said))


def _learn(conn: psycopg.Connection, marks: _Marks, rows: Sequence[Row], feeds: Sequence[Feed]) -> None:
    """Add what the records of the person say of them, and their doors."""
    roles = {feed.feed: feed for feed in feeds}
    linked = conn.execute(
        "select feed, batch_id, row_no, dwelling_key, flags from linkage.record_link"
        " where person_key = any(%s) or (feed, batch_id, row_no) in"
        "  (select * from unnest(%s::text[], %s::bigint[], %s::integer[]))",
        (list(marks.keys), *_positions(rows)),
    ).fetchall()
    marks.beside |= {door for *_, door, _ in linked if door is not None}
    for feed, batch_id, row_no, _, flags in linked:
        if feed in roles and not flags:  # of a doubtful record the number may be another's
            query = sql.SQL("select to_jsonb(t) from {} as t where _batch_id = %s and _row_no = %s")
            of_feed = query.format(sql.Identifier("raw", feed))
            for (values,) in conn.execute(of_feed, (batch_id, row_no)).fetchall():
                _add(marks, values, roles[feed])
    for row in rows:
        if row.about and row.feed in roles and row.schema == "raw":
            marks.beside |= set(_texts(row.values, _columns(roles[row.feed], _PHONE), _SHORTEST))
        elif row.about:
            marks.names |= set(_texts(row.values, ("full_name",)))
            marks.beside |= set(_texts(row.values, ("phone", "id_masked"), _SHORTEST))


def _positions(rows: Sequence[Row]) -> tuple[list[str], list[int], list[int]]:
    """Feed, batch and row number of the rows that stand in raw."""
    found = [(str(row.feed), row.batch_id, int(row.values["_row_no"])) for row in rows if row.schema == "raw"]
    feeds, batches, numbers = zip(*found, strict=True) if found else ((), (), ())
    return list(feeds), list(batches), list(numbers)


def _add(marks: _Marks, values: Mapping[str, Any], feed: Feed) -> None:
    """Add the names, whole numbers and phones of a record that is certainly the person's."""
    marks.names |= set(_texts(values, _columns(feed, _NAMES)))
    marks.numbers |= {text for text in _texts(values, _columns(feed, _NUMBERS)) if _WHOLE.fullmatch(text)}
    marks.beside |= set(_texts(values, _columns(feed, _PHONE), _SHORTEST))


def _texts(values: Mapping[str, Any], columns: Sequence[str], shortest: int = 1) -> Iterator[str]:
    for column in columns:
        text = values.get(column)
        if isinstance(text, str) and len(_plain(text)) >= shortest:
            yield text


def _files(conn: psycopg.Connection, rows: Sequence[Row]) -> dict[str, tuple[Path, ...]]:
    """Return the received files of the batches in which the person has a record."""
    files: dict[str, tuple[Path, ...]] = {}
    for feed in sorted({row.feed for row in rows if row.feed is not None}):
        digests = {
            digest
            for (digest,) in conn.execute(
                "select file ->> 'sha256' from ops.batch cross join lateral jsonb_array_elements(sources) as file"
                " where batch_id = any(%s)",
                ([row.batch_id for row in rows if row.feed == feed],),
            )
        }
        root = settings().street_var / "archive" / feed
        files[feed] = tuple(sorted(path for path in root.glob("*/*") if path.name.partition(".")[0] in digests))
    return files


def _leaves(value: object) -> Iterator[str]:
    """Yield every text in a value of JSON, also in a text that is JSON itself."""
    if isinstance(value, dict):
        for each in value.values():
            yield from _leaves(each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(each)
    elif isinstance(value, str):
        yield value
        if value[:1] in ("{", "["):
            try:
                yield from _leaves(json.loads(value))
            except ValueError:
                return


def _plain(text: str) -> str:
    return re.sub(r"\W", "", text).upper()
