"""What linkage hands to the models: tables of schema `build`, made anew for each build.

Their columns: `linkage.make_tables` (street/database/versions/0005_links.sql).
"""

from datetime import date
from typing import Final, NamedTuple

import polars as pl
import psycopg
from psycopg import sql

from linkage import facts, mentions, register
from linkage.namesakes import namesakes
from linkage.standing import Parted
from linkage.table import append, append_all


class Mentioned(NamedTuple):
    """Records that mention somebody, and what is known of the numbers in them (linkage.mentions)."""

    records: pl.DataFrame
    numbers: mentions.Known


class Tables:
    """The tables that the models read, written step by step: who stands can be written while the others are linked.

    A row of what they are given is a record (persons.RECORD_SCHEMA, facts.SAID_SCHEMA, record_places.PLACED, the person
    and when they were first seen). All raise psycopg.Error.
    """

    def __init__(self, conn: psycopg.Connection) -> None:
        self._conn = conn
        self._stood = pl.DataFrame(schema={"batch_id": pl.Int64, "row_no": pl.Int32})

    def begin(self, doors: register.Register) -> None:
        """Make the tables, with the doors."""
        self._conn.execute("call linkage.make_tables()")
        self._conn.execute("call linkage.make_mentions()")
        append(self._conn, "build.dwelling", doors.doors.select(register.DWELLING_COLUMNS))
        self._conn.execute(_LINK_DOORS)

    def let_stand(self, standing: pl.DataFrame) -> None:
        """Write the records that stand (linkage.standing) as they were linked."""
        if standing.height:
            self._append(standing)
            self._index_records()
            self._stood = standing.select("batch_id", "row_no")

    def link_anew(self, day: Parted) -> None:
        """Add the records that were linked anew, for those that stood and stand no more."""
        if self._stood.height:
            self._remove(self._stood.join(day.stand, on=["batch_id", "row_no"], how="anti"))
        self._append(day.anew)

    def finish(self, linked: pl.DataFrame, mentioned: Mentioned, not_in_force: pl.DataFrame, as_of: date) -> None:
        """Add the persons of all records, whom mentions may mean, and the places of arrivals that aren't in force
        (record_places.not_in_force).
        """
        tables = {
            "build.person": lambda: _persons(linked, as_of),
            "build.mention": lambda: mentions.meant(mentioned.records, linked, mentioned.numbers),
            "build.namesake": lambda: namesakes(linked),
            "build.arrival_place": lambda: not_in_force.with_columns(_json(pl.col("candidates"))),
        }
        append_all(self._conn, tables, meanwhile=None if self._stood.height else self._index_records)
        self._conn.execute("call linkage.index_persons()")

    def _index_records(self) -> None:
        self._conn.execute("call linkage.index_records()")

    def _append(self, linked: pl.DataFrame) -> None:
        tables = {
            "build.record_link": lambda: _record_links(linked),
            "build.person_record": lambda: facts.of_persons(linked),
        }
        append_all(self._conn, tables)

    def _remove(self, rows: pl.DataFrame) -> None:
        columns = [rows["batch_id"].to_list(), rows["row_no"].to_list()]
        for table in ("record_link", "person_record"):
            query = sql.SQL(
                "delete from build.{} as stood using unnest(%s::bigint[], %s::integer[]) as gone (batch_id, row_no)"
                " where stood.batch_id = gone.batch_id and stood.row_no = gone.row_no"
            )
            self._conn.execute(query.format(sql.Identifier(table)), columns)


# A row of the housing list is a door, and not about a person (R-PLACE-4).
_LINK_DOORS: Final = """
    insert into build.record_link (
        feed, batch_id, row_no, record, agreed, dwelling_key, building_key, compound_key, committee_code, place_level,
        place_method, candidates, flags
    )
    select
        'housing_registry', batch_id, row_no, dwelling_key, '{}', dwelling_key, building_key, compound_key,
        committee_code, 'dwelling', 'exact', '[]', '{}'
    from build.dwelling
"""


def _persons(linked: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return everybody with a record in force; whom nothing ties to anything is provisional (R-PERSON-1)."""
    return (
        linked.select("person_key", "person_method", "first_seen_on")
        .drop_nulls("person_key")
        .group_by("person_key")
        .agg(
            is_provisional=(pl.col("person_method") == "provisional").all(),
            first_seen_on=pl.col("first_seen_on").first(),
        )
        .with_columns(last_seen_on=pl.lit(as_of))
    )


def _record_links(linked: pl.DataFrame) -> pl.DataFrame:
    """Return every record's person and place (R-PERSON-8)."""
    return linked.select(
        "feed", "batch_id", "row_no", "record", "person_key", "person_method", "person_score",
        pl.col("agreed").fill_null([]), "differed", "name_likeness", "namesakes",
        "dwelling_key", "building_key", "compound_key", "committee_code", "place_level",
        "place_method", "registered_dwelling_key", "registered_compound_key", "registered_place_level",
        pl.col("flags").fill_null([]), _json(pl.col("candidates")),
    )  # fmt: skip


def _json(keys: pl.Expr) -> pl.Expr:
    """Return a list of keys as a JSON array; null as an empty one."""
    quoted = keys.fill_null([]).list.eval(pl.lit('"') + pl.element() + pl.lit('"')).list.join(", ")
    return (pl.lit("[") + quoted + pl.lit("]")).alias("candidates")
