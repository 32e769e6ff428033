"""What the warehouse says of a day, held against the truth of the sample it was made from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e import truth
from tests.e2e.truth import Street

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="session")
def street(office: Office, warehouse_of_the_day: str) -> Street:
    return Street(warehouse_of_the_day, office.var / "sample" / "truth")


def test_the_truth_has_something_to_say(street: Street) -> None:
    for table in ("episodes", "residents", "occupancy"):
        clean = street.truth(table).filter("clean").height
        assert clean > street.truth(table).height / 2, table
    records = street.records()
    older = records.filter("is_superseded")["feed"].unique()
    assert {*records["feed"].unique()} - {*older} == {"visit_log"}, "a visit is sent again in another list"
    # The smallest lists have few rows, and in a street of this size now and then no broken one.
    assert records.filter("is_quarantined")["feed"].n_unique() >= 5
    assert {*street.truth("episodes")["status"]} == {"isolating", "completed", "transferred", "released_early"}


def test_exactly_the_broken_rows_are_quarantined(street: Street) -> None:
    broken = street.records().filter("is_quarantined")
    for feed in street.records()["feed"].unique():
        found = truth.in_table(street, f"quarantine.{feed}")
        assert truth.differing(found, broken.filter(feed=feed)).rows() == []


def test_exactly_the_older_versions_and_copies_are_superseded(street: Street) -> None:
    older = street.records().filter("is_superseded")
    assert truth.differing(truth.in_table(street, "ops.superseded_row"), older).rows() == []


@pytest.mark.parametrize(
    "differing",
    [
        pytest.param(truth.unlinked_records, id="every_usable_record_is_linked_once"),
        pytest.param(truth.wrong_episodes, id="every_clean_episode_is_exactly_right"),
        pytest.param(truth.wrong_residents, id="every_clean_resident_is_in_the_right_home"),
        pytest.param(truth.false_residents, id="nobody_who_lives_elsewhere_is_shown_as_resident"),
        pytest.param(truth.wrong_occupancy, id="every_home_has_the_occupancy_that_was_told"),
        pytest.param(truth.fused_persons, id="no_two_people_are_one"),
        pytest.param(truth.split_persons, id="one_document_is_one_person"),
        pytest.param(truth.wrong_doors, id="every_plain_address_is_found_and_no_door_is_guessed"),
        pytest.param(truth.lost_arrivals, id="every_isolation_at_home_is_there_and_listed_if_in_doubt"),
        pytest.param(truth.unlisted_arrivals, id="every_quarantined_arrival_is_listed"),
    ],
)
def test_nothing_differs_from_the_truth(street: Street, differing: Callable[[Street], pl.DataFrame]) -> None:
    # Codes and keys of synthetic people only: what differs may be printed.
    assert differing(street).rows() == []
