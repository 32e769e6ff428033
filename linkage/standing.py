"""The records that stand as the last run left them: a day's work follows what changed.

A record is linked anew if it says something else than it said, if its address is read otherwise, if people decided
about it, if one of its person was forgotten, or if it has a document, a number or a person in common with such a record
or with one that is gone. What the last run found out about all others is taken from it. The reasons:
docs/decisions/0011-what-stands-is-not-linked-anew.md.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl
import psycopg

from linkage import cache
from linkage.memory import Memory
from linkage.record_places import PLACED, Places, is_concerned, placed
from linkage.records import Left
from linkage.table import of_rows, read

# What makes two records each other's concern (linkage.persons): the columns in which the same value can stand.
_COMMON: Final[Mapping[str, tuple[str, ...]]] = {
    "document": ("document", "second_document"),
    "number": ("number",),
    "person": ("person_key", "owner", "second_owner"),
}
_OF_A_DAY: Final = ("batch_id", "row_no", "known_at", "record", "is_of_old")
# The records as some run left them, those linked anew since, and which of the first (by `input`) stand no more.
_RECORDS, _SINCE, _NO_MORE = "linked records", "records linked since", "records that stand no more"
_NAMES: Final = "names of compounds"
_MOST_SINCE: Final = 0.1  # of all records; then all are kept anew


class Mark(NamedTuple):
    """What records were `read` (records.mark) and `placed` (register.mark) by."""

    read: str
    placed: str


class Parted(NamedTuple):
    """Records that stood: those to be linked anew, and those that `stand` still."""

    anew: pl.DataFrame
    stand: pl.DataFrame


def is_left(conn: psycopg.Connection, made_by: str) -> bool:
    """Return whether the last run left something by this `records.mark`. Raises psycopg.Error."""
    return cache.is_kept(conn, _RECORDS, made_by)


def load(conn: psycopg.Connection, made_by: str) -> Left | None:
    """Return what the last run left, if it was by the same `records.mark`. Raises psycopg.Error."""
    old, since, no_more = (cache.load(conn, name, made_by) for name in (_RECORDS, _SINCE, _NO_MORE))
    if old is None or since is None or no_more is None:
        return None
    left = pl.concat([
        old.filter(~pl.col("input").is_in(no_more["input"].implode())).with_columns(is_of_old=pl.lit(value=True)),
        since.with_columns(is_of_old=pl.lit(value=False)),
    ], how="diagonal")  # fmt: skip
    # Of a record that is alone `key` is what it is known by.
    return Left(left.with_columns(record="key"), no_more)


def files(linked: pl.DataFrame, left: Left | None) -> dict[str, cache.File]:
    """Return what is left to the next run, by name; no more of it than has changed, while that is little."""
    is_of_old = linked["is_of_old"].fill_null(value=False) if "is_of_old" in linked.columns else linked["is_alone"]
    if left is None or (~is_of_old).sum() > _MOST_SINCE * linked.height:
        is_of_old = linked["is_alone"]
        tables = {_RECORDS: linked.filter(is_of_old)}
        no_more = linked.select("input").clear()
    else:
        tables = {}
        gone = left.records.filter("is_of_old").join(linked.filter(is_of_old), on="input", how="anti")
        no_more = pl.concat([left.no_more, gone.select("input")])
    tables[_SINCE] = linked.filter(~is_of_old)
    made = {name: cache.file(rows.drop(_OF_A_DAY, strict=False), rows["batch_id"]) for name, rows in tables.items()}
    return made | {_NO_MORE: cache.file(no_more)}


def keep(conn: psycopg.Connection, made_by: Mark, tables: Mapping[str, cache.File], names: Mapping[str, str]) -> None:
    """Leave the `files` to the next run, with the names of compounds by which they were made. Raises psycopg.Error."""
    for name, table in tables.items():
        cache.keep(conn, name, made_by.read, table)
    known = of_rows([*names.items()], {"alias": pl.String, "key": pl.String})
    cache.keep(conn, _NAMES, made_by.placed, cache.file(known))


def renamed(conn: psycopg.Connection, at: Places, made_by: Mark) -> Mapping[str, str] | None:
    """Return the names of compounds that mean something else than in the last run; None where it had another register.

    Raises psycopg.Error.
    """
    names = cache.load(conn, _NAMES, made_by.placed)
    return None if names is None else dict(set(names.rows()) ^ set(at.register.aliases.items()))


def placed_otherwise(standing: pl.DataFrame, at: Places, renamed: Mapping[str, str] | None) -> pl.Series:
    """Return which of the records may have another place in today's register than they had."""
    if renamed is not None:
        return mention(standing, renamed)
    today = placed(standing.drop(PLACED), at)
    differs = [standing[column].ne_missing(today[column]) for column in PLACED]
    return standing.select(is_otherwise=pl.any_horizontal(*differs, pl.col("named_door").is_not_null()))["is_otherwise"]


def at_places_of(
    records: pl.DataFrame, gone: pl.DataFrame, renamed: Mapping[str, str] | None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records that are still to be placed, and with PLACED those that have the addresses of one that is
    gone: most that change keep theirs.
    """
    addresses = ["address", "registered_address"]
    if renamed is None:
        gone = gone.clear()
    # Where people or a key of ours said where it is, the address doesn't.
    told = gone.filter(
        ~mention(gone, renamed or {}), pl.col("named_door").is_null(), pl.col("place_method").ne_missing("manual")
    )
    places = told.select(*addresses, *PLACED, is_told=pl.lit(value=True)).unique(addresses)
    found = records.join(places, on=addresses, how="left", nulls_equal=True, maintain_order="left")
    # Of a record that is told twice the first counts: these stay in their order.
    is_placed = (pl.col("is_told") & pl.col("is_alone")).fill_null(value=False)
    return found.filter(~is_placed).select(records.columns), found.filter(is_placed).drop("is_told")


def mention(standing: pl.DataFrame, names: Mapping[str, str]) -> pl.Series:
    """Return which of the records have an address that could be read otherwise for these names of compounds."""
    address, registered = (is_concerned(standing[column], names) for column in ("address", "registered_address"))
    return (address | registered).fill_null(value=False)


def decided(conn: psycopg.Connection, standing: pl.DataFrame) -> pl.Series:
    """Return about which of the records people decided. Raises DatabaseError."""
    sides = read(
        conn,
        "select left_feed as feed, left_record as record from linkage.decision"
        " union select right_feed, right_record from linkage.decision where right_record is not null",
    )
    said = sides.with_columns(is_decided=pl.lit(value=True))
    found = standing.select("feed", "record").join(said, on=["feed", "record"], how="left", maintain_order="left")
    return found["is_decided"].fill_null(value=False)


def unsettled(conn: psycopg.Connection) -> pl.DataFrame:
    """Return the persons (`person_key`) of whom something was forgotten since the last run; and forget that.

    Raises DatabaseError.
    """
    persons = read(conn, "select distinct person_key from linkage.unsettled")
    if persons.height:
        conn.execute("delete from linkage.unsettled")
    return persons


def with_persons(records: pl.DataFrame, memory: Memory) -> pl.DataFrame:
    """Return the records' _COMMON, with the persons whom the memory knows by them."""
    documents = pl.concat([records.select("document"), records.select(document="second_document")])
    owners = documents.join(memory.documents, left_on="document", right_on="document_hash").select("person_key")
    theirs = records.join(memory.records, on=["feed", "record"]).select("person_key")
    said = records.select("document", "second_document", "number")
    return pl.concat([said, theirs, owners], how="diagonal")


def parted(standing: pl.DataFrame, changed: pl.DataFrame) -> Parted:
    """Return the records that `changed` ones concern (they have some columns of _COMMON), and those that these concern
    in turn.
    """
    if standing.is_empty():
        return Parted(standing, standing)
    columns = [column for columns in _COMMON.values() for column in columns]
    asked = standing.select(columns).with_row_index("at")
    known = {what: pl.Series(what, [], pl.String) for what in _COMMON}
    anew = asked.clear()
    while True:
        said = {what: _values(changed, what) for what in _COMMON}
        new = {what: values.filter(~values.is_in(known[what].implode())) for what, values in said.items()}
        is_hit = pl.any_horizontal(
            pl.col(column).is_in(new[what].implode()) for what, columns in _COMMON.items() for column in columns
        ).fill_null(value=False)
        hit = asked.filter(is_hit)
        if hit.is_empty():
            break
        known = {what: pl.concat([known[what], new[what]]) for what in known}
        anew, asked, changed = pl.concat([anew, hit]), asked.filter(~is_hit), hit
    return Parted(standing[anew["at"]], standing[asked["at"]])


def _values(records: pl.DataFrame, what: str) -> pl.Series:
    """Return what the records have in one of _COMMON."""
    said = [records[column].rename(what) for column in _COMMON[what] if column in records.columns]
    return pl.concat([pl.Series(what, [], pl.String), *said]).drop_nulls().unique()
