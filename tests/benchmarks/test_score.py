"""Shares, their intervals and pairs, against figures worked out by hand."""

import polars as pl
import pytest

from tests.benchmarks.linkage.fields import of_addresses, renderings
from tests.benchmarks.linkage.score import Share, for_people, of_clusters, of_pairs

RECORDS = pl.DataFrame(
    {
        "index": [0, 1, 2, 3, 4],
        "true_person_id": ["A", "A", "A", "B", "B"],
        "told": [0, 0, 2, 3, 3],
        "key": ["x", "x", "y", "y", None],
    }
)


# Wilson's interval of 81 of 263, Newcombe 1998.
def test_the_interval_of_a_share_is_wilsons() -> None:
    low, high = Share(81, 263).interval
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert Share(0, 20).interval == pytest.approx((0.0, 0.1611), abs=1e-4)
    assert Share(0, 0).interval == (0.0, 1.0)


def test_pairs_of_clusters_are_counted_once_and_null_is_alone() -> None:
    found = of_clusters(RECORDS, "key", 1.0)
    assert (found.precision.hits, found.precision.total) == (1, 2)
    assert (found.recall.hits, found.recall.total) == (1, 4)
    assert (found.recall_of_tellable.hits, found.recall_of_tellable.total) == (1, 2)
    assert found.f1 == pytest.approx(0.5)
    assert (found + found).recall.total == 8


def test_pairs_of_a_classifier_are_counted_as_they_are() -> None:
    found = of_pairs(RECORDS, pl.DataFrame({"one": [0, 0, 3], "other": [1, 2, 2]}), 1.0)
    assert (found.precision.hits, found.precision.total) == (2, 3)
    assert (found.recall.hits, found.recall_of_tellable.hits) == (2, 1)


@pytest.mark.parametrize(
    ("records", "forbidden"),
    [
        pytest.param([("register", "1"), ("benefits", None), ("benefits", None)], 0, id="registered once"),
        pytest.param([("register", "1"), ("register", None)], 1, id="registered twice, once under no number"),
        pytest.param([("register", "1"), ("register", "1"), ("benefits", None)], 0, id="two rows of one number"),
        pytest.param([("benefits", None), ("benefits", None)], 0, id="two rows of a list with a row a benefit"),
        pytest.param([("register", "1"), ("benefits", "2"), ("benefits", None)], 2, id="two valid numbers"),
        # The benefits' two rows go with one of the register's: the other must do without them, and without it.
        pytest.param([("register", "1"), ("register", None), ("benefits", None), ("benefits", None)], 3,
                     id="what can be put to one of two rows alone"),
        pytest.param([("register", "1"), ("register", None), ("certificates", "1"), ("certificates", None)], 4,
                     id="twice in each of two lists"),
    ],
)  # fmt: skip
def test_for_people_is_what_must_be_missed_at_the_least(records: list[tuple[str, str | None]], forbidden: int) -> None:
    told = pl.DataFrame(records, orient="row", schema={"feed": pl.String, "number": pl.String}).with_columns(
        true_person_id=pl.lit("A"), told=pl.lit(0, pl.Int64), travel_number=pl.lit(None, pl.String)
    )
    strangers = told.with_columns(told=pl.int_range(pl.len(), dtype=pl.Int64) + 1)
    assert for_people(pl.concat([told, strangers]), ["register", "certificates"]) == forbidden


def test_an_address_as_the_registry_would_write_it_is_its_door() -> None:
    doors = pl.DataFrame(
        {"dwelling_code": ["D"], "compound_name": ["银泰小区"], "road": ["梅花路"], "lane": ["1099"],
         "building_no": ["30"], "room_no": ["502"]}
    )  # fmt: skip
    sent = pl.DataFrame(
        {"true_dwelling_code": ["D", "D"], "expected_level": ["dwelling", "dwelling"],
         "address": [" 梅花路１０９９弄30号502室", None],
         "compound": [None, "银泰小区"], "building": [None, "30"], "room": [None, "502室"]}
    )  # fmt: skip
    found = of_addresses(sent).join(renderings(doors), on="text", how="left")
    assert found["found"].to_list() == ["D", "D"]
