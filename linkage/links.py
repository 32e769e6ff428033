"""What linkage hands to the models: tables of schema `build`, made anew for each build.

Their columns: `linkage.make_tables` (street/database/versions/0005_links.sql).
"""

from datetime import date
from typing import Final, NamedTuple

import polars as pl
import psycopg

from linkage import facts, register
from linkage.namesakes import namesakes
from linkage.table import append_all, read

_HOUSING_FEED: Final = "housing_registry"  # of which linkage.register makes the doors


class Placed(NamedTuple):
    """Records that have a place and no person: mentions (mentions.load), and record_places.not_in_force."""

    mentions: pl.DataFrame
    not_in_force: pl.DataFrame


def write(
    conn: psycopg.Connection, linked: pl.DataFrame, placed: Placed, doors: register.Register, as_of: date
) -> None:
    """Write the doors, every record's link, the places of arrivals that aren't in force, and the persons.

    `linked` has a row a record (persons.RECORD_SCHEMA, facts.SAID_SCHEMA, places.PLACE_COLUMNS and their `registered_`
    ones, the person). Raises psycopg.Error.
    """
    conn.execute("call linkage.make_tables()")
    first_seen = read(conn, "select person_key, first_seen_on from linkage.person", {"first_seen_on": pl.Date})
    append_all(conn, {
        "build.record_link": lambda: _record_links(linked, placed.mentions, doors),
        "build.person_record": lambda: facts.of_persons(linked),
        "build.person": lambda: _persons(linked, first_seen, as_of),
        "build.dwelling": lambda: doors.doors.select(register.DWELLING_COLUMNS),
        "build.namesake": lambda: namesakes(linked),
        "build.arrival_place": lambda: placed.not_in_force.with_columns(candidates=_json(pl.col("candidates"))),
    })  # fmt: skip
    conn.execute("call linkage.index_tables()")


def _persons(linked: pl.DataFrame, first_seen: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return everybody with a record in force; whom nothing ties to anything is provisional (R-PERSON-1)."""
    return (
        linked.drop_nulls("person_key")
        .group_by("person_key")
        .agg(is_provisional=(pl.col("person_method") == "provisional").all())
        .join(first_seen, on="person_key")
        .with_columns(last_seen_on=pl.lit(as_of))
    )


def _record_links(linked: pl.DataFrame, mentions: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    """Return every record's person and place, every mention's place, every listed door (R-PERSON-8, R-PLACE-4)."""
    none = pl.lit([], dtype=pl.List(pl.String))
    records = pl.concat([linked, mentions], how="diagonal").select(
        "feed", "batch_id", "row_no", "record", "person_key", "person_method", "person_score",
        pl.col("agreed").fill_null([]), "differed", "name_likeness", "namesakes",
        "dwelling_key", "building_key", "compound_key", "committee_code", "place_level",
        "place_method", "registered_dwelling_key", "registered_compound_key", "registered_place_level",
        pl.col("flags").fill_null([]), "candidates",
    )  # fmt: skip
    # A row of the housing list is a door, and not about a person.
    housing = doors.doors.select(
        "batch_id", "row_no", "dwelling_key", "building_key", "compound_key", "committee_code",
        feed=pl.lit(_HOUSING_FEED), record=pl.col("dwelling_key"), place_level=pl.lit("dwelling"),
        place_method=pl.lit("exact"), agreed=none, flags=none, candidates=none,
    )  # fmt: skip
    return pl.concat([records, housing], how="diagonal").with_columns(candidates=_json(pl.col("candidates")))


def _json(keys: pl.Expr) -> pl.Expr:
    """Return a list of keys as a JSON array; null as an empty one."""
    quoted = keys.fill_null([]).list.eval(pl.lit('"') + pl.element() + pl.lit('"')).list.join(", ")
    return pl.lit("[") + quoted + pl.lit("]")
