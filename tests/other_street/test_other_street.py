"""The warehouse, set beside a street that others drew (`OTHER_PERSONS`, `OTHER_SEED` for bigger and other ones).

Messages count the differences by the way a row was written and give a few positions (feed, batch, row), never a value.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .compare import Comparison, Difference

PROMISES = {
    "batches": "every batch counts its rows as a person would",
    "fates": "every row is accepted, quarantined or superseded as meant",
    "places": "every address is as fine as its text makes certain, and no finer",
    "merged": "two persons are never made one",
    "split": "one valid document is one person, however it is written",
    "linked": "every accepted record in force belongs to somebody",
    "described": "nobody is nameless",
    "episodes": "who is certain isolates from the right day to the right day, behind the right door",
    "drawn": "a home is drawn in the gravest colour of those who isolate there",
    "arrivals_kept": "every arrival is in an episode or listed",
    "listed": "what can't be used or lies elsewhere is listed, what was put right isn't",
    "sums": "committees and unplaced are the street",
    "arrivals_a_day": "the arrivals of a day are its persons",
    "residents": "behind each certain door lives who must, nobody else, nobody twice",
    "occupancy": "each home is as the newest list says",
    "tags": "who is certain has the tags that are due",
}


def _told(differences: list[Difference]) -> str:
    kinds = Counter(kind for difference in differences for kind in difference.kinds)
    lines = [f"{len(differences)} differences; the ways of writing seen most in them: {kinds.most_common(12)}"]
    return "\n".join([*lines, *(str(difference) for difference in differences[:12])])


@pytest.mark.parametrize("check", [pytest.param(check, id=promise) for check, promise in PROMISES.items()])
def test_on_a_street_that_others_drew(compared: Comparison, check: str) -> None:
    differences: list[Difference] = getattr(compared, check)()
    assert not differences, _told(differences)


def test_the_other_street_has_what_it_is_drawn_for(compared: Comparison) -> None:
    """A street without arrivals, doubts and dirt would agree with anything."""
    oracle = compared.oracle
    episodes = [episode for arrivals in oracle.arrivals.values() for episode in arrivals.episodes]
    assert Counter(episode.status for episode in episodes).keys() >= {"isolating", "completed", "transferred"}
    assert {episode.colour for episode in episodes} == {"orange", "yellow", "blue"}
    assert Counter(record.fate for _, _, record in oracle.records).keys() == {"accepted", "quarantined", "superseded"}
    assert len({kind for _, _, record in oracle.records for kind in record.kinds}) > 150
    residents, is_open = oracle.homes()
    assert len(residents.keys() - is_open) > len(oracle.drawn.ground.doors) // 3
