"""Pairs of records that may be one person's, for a person to decide.

Evidence agrees but doesn't tell: somebody else can be meant as well, or a rule forbids the machine to tie them.
Arrivals come first, and the queue is no longer than people can work off. Source of the rules: docs/rules.md,
R-PERSON-14.
"""

from collections.abc import Collection
from datetime import date
from typing import Final

import polars as pl
import psycopg

from linkage.memory import TIE_SCHEMA
from linkage.table import append, read

_MOST: Final = 1000  # in the queue
_MOST_OF_ONE: Final = 3  # for one record
_PAIR: Final = ["left_record", "right_record"]


def keep(
    conn: psycopg.Connection, found: pl.DataFrame, persons: pl.DataFrame, arrivals: Collection[str], as_of: date
) -> None:
    """Let what this run found (memory.TIE_SCHEMA, the strongest first) wait beside what waits already.

    `persons`: feed, record, person_key of those in force. Nobody is asked about what was decided, about two records
    that are one person's by now, or about one that is gone. `arrivals`: the feeds of arrivals. Raises DatabaseError.
    """
    decided = read(conn, "select left_record, right_record from linkage.decision where right_record is not null")
    decided = pl.concat([decided, decided.select(left_record="right_record", right_record="left_record")])
    waiting = read(
        conn, "select left_feed, left_record, right_feed, right_record from linkage.candidate order by candidate_id"
    )
    person = persons.select("record", "person_key")
    arrived = persons.filter(pl.col("feed").is_in(list(arrivals)))["person_key"].unique().implode()
    is_arrival = pl.col("person_key").is_in(arrived) | pl.col("person_key_right").is_in(arrived)
    queue = (
        pl.concat([waiting.with_columns(waits=pl.lit(value=True)), found], how="diagonal")
        .unique(_PAIR, keep="first", maintain_order=True)
        .join(decided, on=_PAIR, how="anti", maintain_order="left")
        .join(person.rename({"record": "left_record"}), on="left_record", maintain_order="left")
        .join(person.rename({"record": "right_record"}), on="right_record", suffix="_right", maintain_order="left")
        .filter(pl.col("person_key") != pl.col("person_key_right"))
        .with_columns(is_arrival=is_arrival)
        .sort(~pl.col("is_arrival"), maintain_order=True)
        .filter(*(pl.int_range(pl.len()).over(side) < _MOST_OF_ONE for side in _PAIR))
        .head(_MOST)
    )
    gone = waiting.select(_PAIR).join(queue, on=_PAIR, how="anti")
    with conn.cursor() as cursor:
        cursor.executemany("delete from linkage.candidate where left_record = %s and right_record = %s", gone.rows())
    new = queue.filter(pl.col("waits").is_null()).select(*TIE_SCHEMA, "is_arrival", first_seen_on=pl.lit(as_of))
    append(conn, "linkage.candidate", new)
