"""Shares with their intervals, and how well pairs of records were found."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Collection

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


def for_people(records: pl.DataFrame, lists: Collection[str]) -> int:
    """How many of the pairs that can be told no machine may make, whatever it does: it must tie neither two rows of one
    of the `lists`, in which a row is a person, nor two valid resident IDs (R-PERSON-5, R-PERSON-13).

    `records` say their `feed`, and `number` and `travel_number` where these are valid: records of one number are one by
    it, in whatever list. What else is told of somebody registered twice can be put to one of the two rows alone; all of
    it put to one is taken for made, so that this is the least that must be missed.
    """
    limits = pl.concat_list(
        pl.when(pl.col("feed").is_in(list(lists))).then("feed"),
        pl.when(pl.col("number").is_not_null()).then(pl.lit("resident ID")),
    ).list.drop_nulls()
    alone = pl.format("row {}", pl.int_range(pl.len()))
    by_number = (
        records.select("true_person_id", "told", number=pl.coalesce("number", "travel_number", alone), limits=limits)
        .group_by("true_person_id", "told", "number")
        .agg(size=pl.len(), limits=pl.col("limits").explode().drop_nulls().unique())
        .sort("size", "number", descending=[True, False])
    )
    # Whose records are parted as little as the limits let: (how many, what only one of a person's may have).
    parts: dict[tuple[str, int], list[tuple[int, set[str]]]] = defaultdict(list)
    for person, told, _, size, limited in by_number.iter_rows():
        mine = parts[person, told]
        at = next((at for at, (_, taken) in enumerate(mine) if taken.isdisjoint(limited)), len(mine))
        before, taken = mine[at] if at < len(mine) else (0, set())
        mine[at : at + 1] = [(before + size, taken | set(limited))]
    made = sum(size * (size - 1) // 2 for mine in parts.values() for size, _ in mine)
    return _pairs(records, "true_person_id", "told") - made


def _pairs(records: pl.DataFrame, *by: str) -> int:
    """How many pairs of records agree in these columns."""
    many = records.group_by(*by).agg(n=pl.len().cast(pl.Int64))["n"]
    return int((many * (many - 1) // 2).sum())
