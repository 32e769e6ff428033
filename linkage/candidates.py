"""What waits for a person to decide: pairs of records that may be one person's, and addresses that may mean a door.

Evidence agrees but doesn't tell, or a rule forbids the machine to tie; a text names no door, or several. Arrivals come
first, and the queue is no longer than people can work off. Source of the rules: docs/rules.md, R-PERSON-14.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

import polars as pl
import psycopg

from linkage.memory import TIE_SCHEMA
from linkage.table import append, read

ASKED: Final = ("feed", "record", "person_key", "dwelling_key", "place_level", "candidates")
"""The columns of records that are asked."""
_MOST: Final = 1000  # in the queue
_MOST_OF_ONE: Final = 3  # for one record
_PAIR: Final = ["left_record", "right_record"]


def keep(
    conn: psycopg.Connection, found: pl.DataFrame, records: pl.DataFrame, arrivals: Collection[str], as_of: date
) -> None:
    """Let what this run found (memory.TIE_SCHEMA, the strongest first) wait beside what waits already.

    `records`: ASKED of those in force about a person. Nobody is asked about what was decided, about two records that
    are one person's by now, about an address that tells its door by now, or about a record that is gone. `arrivals`:
    the feeds of arrivals. Raises DatabaseError.
    """
    decided = read(
        conn,
        "select left_record, right_record from linkage.decision where right_record is not null or kind = 'place'",
    )
    decided = pl.concat([decided, decided.select(left_record="right_record", right_record="left_record")])
    waiting = read(
        conn, "select left_feed, left_record, right_feed, right_record from linkage.candidate order by candidate_id"
    )
    is_arrival = pl.col("feed").is_in(list(arrivals))
    arrived = records.filter(is_arrival)["person_key"].unique().implode()
    person = records.select("record", "person_key").unique("record")
    addresses = _addresses(records, is_arrival)
    side = pl.col("person_key").is_in(arrived) | pl.col("person_key_right").is_in(arrived)
    queue = (
        pl.concat([waiting.with_columns(waits=pl.lit(value=True)), found, addresses], how="diagonal")
        .unique(_PAIR, keep="first", maintain_order=True)
        .join(decided, on=_PAIR, how="anti", nulls_equal=True, maintain_order="left")
        .join(person.rename({"record": "left_record"}), on="left_record", maintain_order="left")
        .join(person, left_on="right_record", right_on="record", how="left", suffix="_right", maintain_order="left")
        .with_columns(is_address=pl.col("right_record").is_null())
        .filter(
            pl.when("is_address")
            .then(pl.col("left_record").is_in(addresses["left_record"].implode()))
            .otherwise(pl.col("person_key") != pl.col("person_key_right"))
        )
        .with_columns(is_arrival=pl.when("is_address").then(pl.col("left_feed").is_in(list(arrivals))).otherwise(side))
        .sort(~pl.col("is_arrival"), "is_address", maintain_order=True)
        .filter(*(pl.col("is_address") | (pl.int_range(pl.len()).over(one) < _MOST_OF_ONE) for one in _PAIR))
        .head(_MOST)
    )
    gone = waiting.select(_PAIR).join(queue, on=_PAIR, how="anti", nulls_equal=True)
    with conn.cursor() as cursor:
        cursor.executemany(
            "delete from linkage.candidate where left_record = %s and right_record is not distinct from %s",
            gone.rows(),
        )
    nothing = pl.lit([], dtype=pl.List(pl.String))
    new = queue.filter(pl.col("waits").is_null()).select(*TIE_SCHEMA, "is_arrival", first_seen_on=pl.lit(as_of))
    append(conn, "linkage.candidate", new.with_columns(pl.col("agreed", "differed").fill_null(nothing)))


def _addresses(records: pl.DataFrame, is_arrival: pl.Expr) -> pl.DataFrame:
    """Return (left_feed, left_record): addresses that name no door for certain, those with the fewest to choose from
    first.

    Of an arrival always; of others where doors can be named and no other record of the person tells theirs.
    """
    is_open = pl.col("dwelling_key").is_null() & (pl.col("place_level") != "outside")
    doors = pl.col("candidates").fill_null([]).list.len()
    home_known = records.filter(pl.col("dwelling_key").is_not_null()).select("person_key")
    open_ = records.filter(is_open).with_columns(doors=doors, is_arrival=is_arrival)
    asked = [
        open_.filter("is_arrival"),
        open_.filter(pl.col("doors") > 0).join(home_known, on="person_key", how="anti"),
    ]
    return (
        pl.concat(asked)
        .sort(pl.col("doors") == 0, "doors", "record")
        .select(left_feed="feed", left_record="record")
        .unique(maintain_order=True)
    )
