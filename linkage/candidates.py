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

from linkage.table import append, read

_MOST: Final = 1000  # in the queue
_MOST_OF_ONE: Final = 3  # for one record
_PAIR: Final = ["left_record", "right_record"]


def keep(conn: psycopg.Connection, found: pl.DataFrame, arrivals: Collection[str], as_of: date) -> None:
    """Let the queue be what this run found (memory.TIE_SCHEMA, the strongest first), but for what was decided.

    `arrivals`: the feeds of arrivals. A pair that waits already keeps its number and its age. Raises DatabaseError.
    """
    decided = read(conn, "select left_record, right_record from linkage.decision where right_record is not null")
    decided = pl.concat([decided, decided.select(left_record="right_record", right_record="left_record")])
    is_arrival = pl.col("left_feed").is_in(list(arrivals)) | pl.col("right_feed").is_in(list(arrivals))
    queue = (
        found.join(decided, on=_PAIR, how="anti")
        .with_columns(is_arrival=is_arrival)
        .sort(~pl.col("is_arrival"), maintain_order=True)
        .filter(*(pl.int_range(pl.len()).over(side) < _MOST_OF_ONE for side in _PAIR))
        .head(_MOST)
    )
    waiting = read(conn, "select left_record, right_record from linkage.candidate")
    gone = waiting.join(queue, on=_PAIR, how="anti")
    with conn.cursor() as cursor:
        cursor.executemany("delete from linkage.candidate where left_record = %s and right_record = %s", gone.rows())
    append(
        conn, "linkage.candidate", queue.join(waiting, on=_PAIR, how="anti").with_columns(first_seen_on=pl.lit(as_of))
    )
