"""Rows of a feed on their way into a file, with what the truth needs to say about each of them."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Rows:
    """The records of one folder in file order.

    `rows` has the feed's columns as text, and beside them `fault` (why the row must be quarantined, else empty),
    `superseded` (an older version or an exact copy), and in feeds about persons `person_id`, `good_document`, `form`.
    """

    feed: str
    business_date: date
    file: str
    key: str
    rows: pl.DataFrame


def spread(rng: np.random.Generator, n: int, share: float) -> pl.Series:
    """Return a mask of n rows of which about this share is true."""
    return pl.Series(rng.random(n) < share)


def copies(rng: np.random.Generator, rows: pl.DataFrame, key: str, share: float, *older: pl.Expr) -> pl.DataFrame:
    """Insert copies of a share of the rows before the originals, which win as the later rows.

    With `older` the copies are former versions of the row, made by these expressions, else exact duplicates.
    """
    n = len(rows)
    # A row that was copied once isn't copied again: which of three versions wins would say nothing more.
    taken = rows.filter("superseded")[key]
    usable = np.flatnonzero(((rows["fault"] == "") & ~rows[key].is_in(taken.implode())).to_numpy())
    chosen = rng.choice(usable, min(len(usable), max(1, round(n * share))), replace=False)
    extra = rows[chosen].with_columns(*older, superseded=pl.lit(value=True))
    position = np.concatenate([np.arange(n) + 0.5, np.maximum(chosen - rng.integers(0, 400, len(chosen)), 0)])
    return pl.concat([rows, extra])[np.argsort(position, kind="stable")]
