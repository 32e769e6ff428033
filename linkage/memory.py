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
from polars._typing import PolarsDataType

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
    persons: person_key, origin_feed, origin_record, first_seen_on. ties: TIE_SCHEMA, those made by evidence, and their
    number (`tie_id`), in the order in which they were made.
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


def load(conn: psycopg.Connection, about: pl.DataFrame | None = None) -> Memory:
    """Return everything earlier runs gave, or what concerns these records: feed, record, document, second_document.

    That is what they were, whose their documents are, the documents of all these persons, who is named after them, and
    their ties. Raises DatabaseError.
    """
    merged = today(conn)
    now = pl.col("person_key").replace(merged)

    def of(query: str, types: Mapping[str, PolarsDataType] | None = None, **keys: Collection[str]) -> pl.DataFrame:
        chosen = " or ".join(f"{column} = any('{{{','.join(values)}}}')" for column, values in keys.items())
        return read(conn, query if about is None else f"{query} where {chosen}", types)

    asked = set() if about is None else {*about["record"]}
    records = of(
        "select feed, record, person_key, said from linkage.person_record", {"said": pl.Int64}, record=asked
    ).with_columns(now)
    query = "select document_hash, document_kind, person_key from linkage.person_document"
    told = () if about is None else about["document"].append(about["second_document"]).drop_nulls().unique()
    documents = of(query, document_hash=told).with_columns(now)
    persons = {*records["person_key"], *documents["person_key"]}
    if about is not None:
        theirs = persons | {one for one, other in merged.items() if other in persons}
        documents = pl.concat([documents, of(query, person_key=theirs).with_columns(now)]).unique()
    return Memory(
        records=records,
        documents=documents,
        persons=of(
            "select person_key, origin_feed, origin_record, first_seen_on from"
            " (select *, split_part(origin_record, '#', 1) as origin from linkage.person) as person",
            {"first_seen_on": pl.Date}, person_key=persons, origin=asked,
        ),
        ties=_ties(of(
            "select * from (select left_feed, left_record, right_feed, right_record, how,"
            " array_to_string(agreed, ' ') as agreed, array_to_string(differed, ' ') as differed, people, tie_id"
            " from linkage.tie order by tie_id) as tie",
            {"people": pl.Int64, "tie_id": pl.Int64}, left_record=asked, right_record=asked,
        )),
    )  # fmt: skip


def together(one: Memory, other: Memory) -> Memory:
    """Return both, each row once."""
    return Memory(
        pl.concat([one.records, other.records]).unique(),
        pl.concat([one.documents, other.documents]).unique(),
        pl.concat([one.persons, other.persons]).unique(),
        pl.concat([one.ties, other.ties]).unique("tie_id").sort("tie_id"),
    )


def _ties(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.with_columns(pl.col("agreed", "differed").fill_null("").str.split(" ").list.filter(pl.element() != ""))


def today(conn: psycopg.Connection) -> dict[str, str]:
    """Return the person that each merged one is by now. Raises psycopg.Error."""
    rows = conn.execute("select person_key, merged_into from linkage.person where merged_into is not null")
    into: dict[str, str] = dict(rows.fetchall())
    return {person: last(person, into) for person in into}


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
    # In the order in which they were made: of two that tie a record, the first says why (persons.tie).
    append(conn, "linkage.tie", learned.ties.with_columns(made_on=pl.lit(as_of)))
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
