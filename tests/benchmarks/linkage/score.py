"""Shares with their intervals, and how well pairs of records were found."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

_Z = 1.959964  # of 95 %


@dataclass(frozen=True)
class Share:
    """`hits` of `total`, with Wilson's interval of 95 %."""

    hits: int
    total: int

    @property
    def value(self) -> float:
        """The share itself; not a number of nothing."""
        return self.hits / self.total if self.total else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        if not self.total:
            return 0.0, 1.0
        n, p = self.total, self.value
        middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        reach = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
        return max(0.0, middle - reach), min(1.0, middle + reach)

    def __add__(self, other: Share) -> Share:
        return Share(self.hits + other.hits, self.total + other.total)


@dataclass(frozen=True)
class Pairs:
    """Pairs of records said to be one person's: how many of them are, how many of all are found, how many of those
    that the fields as sent could tell; the seconds that it took.
    """

    precision: Share
    recall: Share
    recall_of_tellable: Share
    seconds: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall of the tellable pairs."""
        p, r = self.precision.value, self.recall_of_tellable.value
        return 2 * p * r / (p + r) if p + r > 0 else 0.0

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(
            self.precision + other.precision,
            self.recall + other.recall,
            self.recall_of_tellable + other.recall_of_tellable,
            self.seconds + other.seconds,
        )


def of_clusters(records: pl.DataFrame, cluster: str, seconds: float) -> Pairs:
    """Hold records of one `cluster` (null: alone) against `true_person_id` and `told`; all pairs within each count."""
    said = _pairs(records.drop_nulls(cluster), cluster)
    right = _pairs(records.drop_nulls(cluster), cluster, "true_person_id")
    tellable = _pairs(records.drop_nulls(cluster), cluster, "true_person_id", "told")
    return Pairs(
        Share(right, said),
        Share(right, _pairs(records, "true_person_id")),
        Share(tellable, _pairs(records, "true_person_id", "told")),
        seconds,
    )


def of_pairs(records: pl.DataFrame, pairs: pl.DataFrame, seconds: float) -> Pairs:
    """Hold pairs (one, other: `index` of records) against `true_person_id` and `told`."""
    truth = records.select("index", "true_person_id", "told")
    both = pairs.join(truth, left_on="one", right_on="index").join(
        truth, left_on="other", right_on="index", suffix="_2"
    )
    right = both.filter(pl.col("true_person_id") == pl.col("true_person_id_2"))
    return Pairs(
        Share(right.height, both.height),
        Share(right.height, _pairs(records, "true_person_id")),
        Share(right.filter(pl.col("told") == pl.col("told_2")).height, _pairs(records, "true_person_id", "told")),
        seconds,
    )


def _pairs(records: pl.DataFrame, *by: str) -> int:
    """How many pairs of records agree in these columns."""
    many = records.group_by(*by).agg(n=pl.len().cast(pl.Int64))["n"]
    return int((many * (many - 1) // 2).sum())
