"""What linkage remembers between its runs: the keys it gave, for ever, and what people decided.

Keys are added, never renamed; a person found to be another keeps its row, with the key it was merged into. Whoever no
record tells of any more is forgotten by street.retention alone (R-RET-5).
Source of the rules: docs/rules.md, Person.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Final, NamedTuple

import polars as pl
import psycopg

from linkage.table import append, read

TIE_SCHEMA: Final[dict[str, pl.DataType]] = {
    "left_feed": pl.String(),
    "left_record": pl.String(),
    "right_feed": pl.String(),
    "right_record": pl.String(),
    "how": pl.String(),  # how the names agree
    "agreed": pl.List(pl.String()),
    "differed": pl.List(pl.String()),
    "people": pl.Int64(),  # of that name, whom the street knew then
}


@dataclass(frozen=True)
class Memory:
    """What earlier runs issued; keys of merged persons are already followed to the person they were merged into.

    records: feed, record, person_key, said (evidence.said). documents: document_hash, document_kind, person_key.
    persons: person_key, origin_feed, origin_record, first_seen_on. ties: TIE_SCHEMA, those made by evidence.
    """

    records: pl.DataFrame
    documents: pl.DataFrame
    persons: pl.DataFrame
    ties: pl.DataFrame


@dataclass(frozen=True)
class Learned:
    """What a run adds: `persons` (person_key, origin_feed, origin_record), `documents` (document_hash, document_kind,
    person_key), `records` (feed, record, person_key, said) and `moved` (feed, record, person_key), `changed` (feed,
    record, said), `merged` (a key -> the older key), `ties` that were
    made by evidence (TIE_SCHEMA).
    """

    persons: pl.DataFrame
    documents: pl.DataFrame
    records: pl.DataFrame
    moved: pl.DataFrame
    changed: pl.DataFrame
    merged: dict[str, str]
    ties: pl.DataFrame


class Decision(NamedTuple):
    """A person's decision about two records: (feed, record) on both sides; same person or different persons."""

    same: bool
    left: tuple[str, str]
    right: tuple[str, str]


def load(conn: psycopg.Connection) -> Memory:
    """Return everything earlier runs gave. Raises DatabaseError."""
    rows = conn.execute("select person_key, merged_into from linkage.person where merged_into is not null")
    into: dict[str, str] = dict(rows.fetchall())
    merged = {person: last(person, into) for person in into}
    now = pl.col("person_key").replace(merged)
    return Memory(
        records=read(
            conn, "select feed, record, person_key, said from linkage.person_record", {"said": pl.Int64}
        ).with_columns(now),
        documents=read(
            conn, "select document_hash, document_kind, person_key from linkage.person_document"
        ).with_columns(now),
        persons=read(
            conn,
            "select person_key, origin_feed, origin_record, first_seen_on from linkage.person",
            {"first_seen_on": pl.Date},
        ),
        ties=read(
            conn,
            "select left_feed, left_record, right_feed, right_record, how, array_to_string(agreed, ' ') as agreed,"
            " array_to_string(differed, ' ') as differed, people from linkage.tie order by tie_id",
            {"people": pl.Int64},
        ).with_columns(_listed("agreed"), _listed("differed")),
    )


def _listed(column: str) -> pl.Expr:
    return pl.col(column).fill_null("").str.split(" ").list.filter(pl.element() != "")


def last(person: str, into: Mapping[str, str]) -> str:
    """Return the person that somebody is by now, whoever was merged into whom."""
    while person in into:
        person = into[person]
    return person


def decisions(conn: psycopg.Connection) -> list[Decision]:
    """Return what people decided about pairs of records, the newest word about a pair (R-PERSON-7)."""
    newest: dict[frozenset[tuple[str, str]], Decision] = {}
    for kind, left_feed, left, right_feed, right in conn.execute(
        "select kind, left_feed, left_record, right_feed, right_record from linkage.decision "
        "where kind in ('same_person', 'different_person') and right_record is not null order by decision_id"
    ):
        decision = Decision(kind == "same_person", (left_feed, left), (right_feed, right))
        newest[frozenset((decision.left, decision.right))] = decision
    return list(newest.values())


def keep(conn: psycopg.Connection, learned: Learned, as_of: date) -> None:
    """Add what a run learned; it was learned on `as_of`. Raises DatabaseError."""
    on = pl.lit(as_of).alias("first_seen_on")
    # In the order of their index a quarter of a million keys go in several times faster.
    append(conn, "linkage.person", learned.persons.sort("person_key").with_columns(on))
    append(conn, "linkage.person_document", learned.documents.sort("document_hash").with_columns(on))
    append(conn, "linkage.person_record", learned.records.sort("feed", "record").with_columns(on))
    append(conn, "linkage.tie", learned.ties.sort("left_record", "right_record").with_columns(made_on=pl.lit(as_of)))
    if not learned.changed.is_empty():
        conn.execute("create temp table changed (feed text, record text, said bigint) on commit drop")
        append(conn, "changed", learned.changed)
        conn.execute(
            "update linkage.person_record as known set said = changed.said from changed"
            " where known.feed = changed.feed and known.record = changed.record"
        )
    with conn.cursor() as cursor:
        cursor.executemany(
            "update linkage.person set merged_into = %s, merged_on = %s where person_key = %s",
            [(older, as_of, newer) for newer, older in learned.merged.items()],
        )
        cursor.executemany(
            "update linkage.person_record set person_key = %s where feed = %s and record = %s",
            [(person, feed, record) for feed, record, person in learned.moved.iter_rows()],
        )


def new_key(feed: str, record: str) -> str:
    """Return the key of a person first met in this record. `record` is a keyed hash, so the key gives nothing away."""
    return "p" + hashlib.sha256(f"{feed}\x1f{record}".encode()).hexdigest()[:20]


def issued(memory: Memory, records: pl.DataFrame) -> set[tuple[str, str]]:
    """Return the (feed, origin) of persons named after one of these records."""
    known = memory.persons.with_columns(record=pl.col("origin_record").str.replace(r"#\d+$", ""))
    return set(known.join(records, on="record", how="semi").select("origin_feed", "origin_record").iter_rows())


def unused(feed: str, record: str, taken: Collection[tuple[str, str]]) -> str:
    """Return the record itself; where a person already bears its name (it was split from them), a numbered one."""
    if (feed, record) not in taken:
        return record
    return next(origin for number in count(2) if (feed, origin := f"{record}#{number}") not in taken)
