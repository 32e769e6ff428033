"""People's word on who is who: what waits for it, what was said, and what the machine says for itself.

Decisions are about records, are never deleted, and are obeyed by every later run; of two about one pair the newer
holds. No value of a person is read here. Source of the rules: docs/rules.md, R-PERSON-7, R-PERSON-8 and R-PERSON-14.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, NamedTuple

import psycopg

from linkage import explain
from street.database import scrubbed
from street.vocabulary import certain_to

Answer = Literal["same", "different", "unsure"]
_KINDS: Final = {"same": "same_person", "different": "different_person", "unsure": "unsure_person"}


class ReviewError(ValueError):
    """What was asked for can't be done; the sentence says what can."""


class Position(NamedTuple):
    """Where a record stands: its feed, batch and row."""

    feed: str
    batch_id: int
    row_no: int

    def __str__(self) -> str:
        return f"{self.feed}/{self.batch_id}/{self.row_no}"


@dataclass(frozen=True)
class Link:
    """A record of a person, and in one sentence why it is that person's."""

    at: Position
    method: str
    why: str


@dataclass(frozen=True)
class Waiting:
    """A pair that waits for a decision, since when, and what says that it may be one person.

    Or an address: nothing on the right, and the doors (dwelling_code) that it may mean.
    """

    candidate_id: int
    left: Position | None
    right: Position | None
    left_person: str | None
    right_person: str | None
    is_arrival: bool
    is_address: bool
    since: date
    why: str
    doors: Sequence[str]


_Record = tuple[str, str]


def person(conn: psycopg.Connection, person_key: str) -> list[Link]:
    """Return why each record in force is this person's, as last published. Raises ReviewError, DatabaseError."""
    with scrubbed(), conn.transaction():
        _published(conn)
        rows = conn.execute(
            "select feed, batch_id, row_no, person_method, agreed, differed, name_likeness, namesakes, flags"
            " from linkage.record_link where person_key = %s order by feed, batch_id, row_no",
            [_current_key(conn, person_key)],
        ).fetchall()
    return [
        Link(Position(*at), reasons[0], explain.of_link(explain.Reasons(*reasons)))
        for *at, reasons in ((*row[:3], row[3:]) for row in rows)
    ]


def merge(conn: psycopg.Connection, one: str, other: str, by: str, reason: str) -> None:
    """Say that two persons are one, whatever was said of their records before. Raises ReviewError, DatabaseError."""
    with scrubbed(), conn.transaction():
        ours, theirs = (_records(conn, _current_key(conn, key)) for key in (one, other))
        if set(ours) & set(theirs):
            raise ReviewError(f"{one} 与 {other} 已经是同一人。")
        apart = _decided_different(conn, ours, theirs)
        _decide(conn, "same", {(ours[0], theirs[0]), *apart}, by, reason)


def split(conn: psycopg.Connection, person_key: str, at: Position, by: str, reason: str) -> None:
    """Say that a record is not of the person who has the others. Raises ReviewError, DatabaseError."""
    with scrubbed(), conn.transaction():
        _published(conn)
        found = conn.execute(
            "select record from linkage.record_link where (feed, batch_id, row_no) = (%s, %s, %s) and person_key = %s",
            [*at, _current_key(conn, person_key)],
        ).fetchone()
        if found is None:
            raise ReviewError(f"{person_key} 没有在用的记录 {at}：`street person explain` 列出其记录。")
        this = (at.feed, str(found[0]))
        others = [record for record in _records(conn, _current_key(conn, person_key)) if record != this]
        if not others:
            raise ReviewError(f"{person_key} 只有这一条记录，没有可拆分的。")
        _decide(conn, "different", {(this, other) for other in others}, by, reason)


def waiting(conn: psycopg.Connection, candidate_id: int | None = None) -> list[Waiting]:
    """Return the queue, arrivals first, then the longest waiting; or one of it. Raises ReviewError, DatabaseError."""
    with scrubbed(), conn.transaction():
        _published(conn)
        rows = conn.execute(
            "select candidate_id, is_arrival, right_record is null, first_seen_on, how, agreed, differed, people,"
            " l.feed, l.batch_id, l.row_no, l.person_key, r.feed, r.batch_id, r.row_no, r.person_key,"
            " l.place_level, (select array_agg(dwelling_code order by dwelling_code) from linkage.dwelling_key"
            "  where l.candidates ? dwelling_key)"
            " from linkage.candidate as c"
            " left join lateral (select feed, batch_id, row_no, person_key, place_level, candidates"
            "  from linkage.record_link"
            "  where feed = c.left_feed and record = c.left_record order by batch_id, row_no limit 1) as l on true"
            " left join lateral (select feed, batch_id, row_no, person_key from linkage.record_link"
            "  where feed = c.right_feed and record = c.right_record order by batch_id, row_no limit 1) as r on true"
            " where %(one)s::bigint is null or candidate_id = %(one)s"
            " order by not is_arrival, first_seen_on, candidate_id",
            {"one": candidate_id},
        ).fetchall()
    return [
        Waiting(
            row[0], _position(row[8:11]), _position(row[12:15]), row[11], row[15], row[1], row[2], row[3],
            _of_address(row[16], len(row[17] or ())) if row[2] else explain.of_pair(*row[4:8]) + "。",
            row[17] or () if row[2] else (),
        )
        for row in rows
    ]  # fmt: skip


def _of_address(level: str, doors: int) -> str:
    return f"住址{certain_to(level)}；{f'可能是 {doors} 户之一' if doors else '请填写门牌'}。"


def decide(conn: psycopg.Connection, candidate_id: int, answer: Answer, by: str, reason: str) -> None:
    """Answer a pair of the queue, or say of an address that nobody can tell; the next run obeys.

    Raises ReviewError, DatabaseError.
    """
    with scrubbed(), conn.transaction():
        left, right = _taken(conn, candidate_id)
        if right is not None:
            _decide(conn, answer, {(left, right)}, by, reason)
        elif answer == "unsure":
            _decide_place(conn, left, None, by, reason)
        else:
            raise ReviewError(f"{candidate_id} 是住址：请用 address 写明房屋编码，或回答 unsure。")


def place(conn: psycopg.Connection, candidate_id: int, door: str, by: str, reason: str) -> None:
    """Say which door (dwelling_code) an address is; the next run obeys. Raises ReviewError, DatabaseError."""
    with scrubbed(), conn.transaction():
        left, right = _taken(conn, candidate_id)
        if right is not None:
            raise ReviewError(f"{candidate_id} 是一对记录：请回答 same、different 或 unsure。")
        known = conn.execute(
            "select dwelling_key from linkage.dwelling_key where dwelling_code = %s", [door]
        ).fetchone()
        if known is None:
            raise ReviewError(f"房屋底册没有房屋编码 {door}。")
        _decide_place(conn, left, known[0], by, reason)


def _taken(conn: psycopg.Connection, candidate_id: int) -> tuple[_Record, _Record | None]:
    """Return what waited under this number, which waits no longer; an address has nothing on the right."""
    asked = conn.execute(
        "delete from linkage.candidate where candidate_id = %s"
        " returning left_feed, left_record, right_feed, right_record",
        [candidate_id],
    ).fetchone()
    if asked is None:
        raise ReviewError(f"没有待裁定的 {candidate_id}：`street review list` 列出全部。")
    return (asked[0], asked[1]), None if asked[3] is None else (asked[2], asked[3])


def _decide_place(conn: psycopg.Connection, record: _Record, door: str | None, by: str, reason: str) -> None:
    """Keep the door (dwelling_key) that people say an address is, or that nobody can tell."""
    conn.execute(
        "insert into linkage.decision (kind, left_feed, left_record, dwelling_key, decided_by, reason)"
        " values ('place', %s, %s, %s, %s, %s)",
        [*record, door, by, reason],
    )


def _position(at: tuple[Any, ...]) -> Position | None:
    """None for a record that is no longer in force."""
    return None if at[0] is None else Position(*at)


def _published(conn: psycopg.Connection) -> None:
    if conn.execute("select to_regclass('linkage.record_link')").fetchone() == (None,):
        raise ReviewError("还没有发布过数据：先运行 `street run`。")


def _current_key(conn: psycopg.Connection, person_key: str) -> str:
    """Return the key that stands for the person now; an older one was merged into it."""
    row = conn.execute(
        "with recursive now as (select person_key, merged_into from linkage.person where person_key = %s"
        " union all select p.person_key, p.merged_into from linkage.person as p"
        " join now on p.person_key = now.merged_into) select person_key from now where merged_into is null",
        [person_key],
    ).fetchone()
    if row is None:
        raise ReviewError(f"没有人员 {person_key}。")
    return str(row[0])


def _records(conn: psycopg.Connection, person_key: str) -> list[_Record]:
    """Return every record the person ever had, under whatever key it was given."""
    found: list[_Record] = conn.execute(
        "with recursive keys as (select %s::text as person_key"
        " union select p.person_key from linkage.person as p join keys on p.merged_into = keys.person_key)"
        " select feed, record from linkage.person_record join keys using (person_key) order by feed, record",
        [person_key],
    ).fetchall()
    if not found:
        raise ReviewError(f"人员 {person_key} 没有记录。")
    return found


def _decided_different(
    conn: psycopg.Connection, ours: list[_Record], theirs: list[_Record]
) -> set[tuple[_Record, _Record]]:
    both = {record for _, record in (*ours, *theirs)}
    said = conn.execute(
        "select left_feed, left_record, right_feed, right_record from linkage.decision"
        " where kind = 'different_person' and left_record = any(%s) and right_record = any(%s)",
        [list(both), list(both)],
    ).fetchall()
    return {((a, b), (c, d)) for a, b, c, d in said}


def _decide(
    conn: psycopg.Connection, answer: Answer, pairs: Iterable[tuple[_Record, _Record]], by: str, reason: str
) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into linkage.decision (kind, left_feed, left_record, right_feed, right_record, decided_by, reason)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [(_KINDS[answer], *left, *right, by, reason) for left, right in sorted(pairs)],
        )
