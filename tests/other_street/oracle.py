"""What a careful office would say about a drawn street on its day: worked out from the truth, one person at a time.

Where the rules leave a thing to linkage, or to either of two readings, the oracle says nothing: a person with one
record whose document doesn't identify is `soft`, a door that such a person may or may not live behind is open.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING

from .isolation import LEVELS, judge
from .lists import NOBODY

if TYPE_CHECKING:
    from .lists import Batch, Draw, Record
    from .people import Person


ROLES = {"党员": "party_member", "志愿者": "volunteer", "楼组长": "building_leader"}


class Oracle:
    """Everything that must hold of the street that `drawn` describes."""

    def __init__(self, drawn: Draw) -> None:
        self.drawn, self.day = drawn, drawn.day
        self.people: dict[int, Person] = {p.no: p for p in drawn.people}
        self.records: list[tuple[Batch, int, Record]] = [
            (batch, row_no, record) for batch in drawn.batches for row_no, record in enumerate(batch.records, start=1)
        ]
        self.in_force = [entry for entry in self.records if self._stands(entry[0]) and entry[2].fate == "accepted"]
        about = ("household_registry", "returnees", "border_entries", "welfare_list", "disability_list")
        self.of_person: dict[int, list[tuple[Batch, int, Record]]] = defaultdict(list)
        for entry in self.in_force:
            if entry[2].person != NOBODY:
                self.of_person[entry[2].person].append(entry)
        #: Persons whom every record names by a document that identifies: whatever comes out of them is certain.
        self.firm = {
            no
            for no, found in self.of_person.items()
            if all(r.identifies for b, _, r in found if b.feed in about) and any(b.feed in about for b, _, r in found)
        }
        self.arrivals = {no: judge(found, self.people[no], self.day) for no, found in self._arrived().items()}

    def _stands(self, batch: Batch) -> bool:
        """A snapshot holds until the next one of its source, events and increments hold together."""
        if batch.feed in ("returnees", "border_entries"):
            return True
        return batch.on == max(b.on for b in self.drawn.batches if b.feed == batch.feed and b.source == batch.source)

    # -- isolation ----------------------------------------------------------------------------------------------

    def _arrived(self) -> dict[int, list[tuple[Batch, int, Record]]]:
        found: dict[int, list[tuple[Batch, int, Record]]] = defaultdict(list)
        for batch, row_no, record in self.records:
            usable = record.arrival and record.arrival["day"] and record.fate in ("accepted", "superseded")
            if usable and record.person != NOBODY:
                found[record.person].append((batch, row_no, record))
        return found

    # -- homes --------------------------------------------------------------------------------------------------

    def homes(self) -> tuple[dict[str, set[int]], set[str]]:
        """Residents of each door, and the doors that somebody whom the rules leave open may live behind."""
        residents: dict[str, set[int]] = defaultdict(set)
        is_open: set[str] = set()
        for no, person in self.people.items():
            doors, certain = self._home(person)
            if certain:
                residents[next(iter(doors))].add(no) if doors else None
            else:
                is_open |= doors
        # Name and phone alone tie an occupant to a person who is elsewhere just now: linkage may or may not.
        for batch, _, record in self.in_force:
            is_occupant = batch.feed == "property_occupancy" and record.person != NOBODY and record.place.code
            if is_occupant and record.person not in residents[record.place.code]:
                is_open.add(record.place.code)
        return residents, is_open

    def _home(self, person: Person) -> tuple[set[str], bool]:
        """The door a person lives behind as (one door or none, True), or the doors that are possible and False."""
        found = self.of_person.get(person.no, [])
        lists = {b.feed for b, _, _ in found}
        touched = {code for _, _, r in found if r.place.level == "dwelling" for code in r.place.codes}
        touched |= {person.home.code} if person.home else set()
        registry = [r for b, _, r in found if b.feed == "household_registry"]
        arrived = self.arrivals.get(person.no)
        if not registry:
            return (touched, False) if lists else (set(), True)
        if arrived and (person.no not in self.firm or arrived.is_open):
            return touched, False
        isolating = [e for e in arrived.episodes if e.status == "isolating"] if arrived else []
        if isolating and isolating[-1].place.level in LEVELS:
            doors = isolating[-1].doors
            return ({d for d in doors if d}, True) if len(doors) == 1 else (touched, False)
        if person.status == "3":
            return set(), True
        if len(registry) > 1:
            standing = [r for r in registry if r.cells["状态"] == "1"]
            newest = max(standing, key=lambda r: r.facts["updated"])
            certain = (
                person.no in self.firm
                and not arrived
                and all(r.place.level == "dwelling" for r in standing)
                and lists == {"household_registry"}
            )
            return ({newest.place.code}, True) if certain else (touched, False)
        if person.status == "2" or person.residence_type == "2":
            return (set(), True) if lists == {"household_registry"} and person.status == "2" else (touched, False)
        if arrived and (arrived.episodes or arrived.outside) and registry[0].place.level not in LEVELS:
            return touched, False  # where the registry has no answer, a destination before or after counts
        place = registry[0].place
        if place.level == "dwelling":
            return {place.code}, True
        registered = registry[0].facts["registered"]
        if place.level in (None, "outside", "consistent") or "property_occupancy" in lists or "welfare_list" in lists:
            return touched, False
        if registered.level != "dwelling" or person.residence_type != "1":
            return (set(), True) if place.level in LEVELS else (touched, False)
        return ({registered.code}, True) if place.level is not None else (touched, False)

    def occupancy(self) -> dict[str, str | None]:
        """The state of each door that the lists make certain."""
        said: dict[str, list[tuple[dt.date, dt.date, int, str]]] = defaultdict(list)
        for batch, row_no, record in self.in_force:
            if batch.feed == "property_occupancy" and record.place and record.place.level == "dwelling":
                said[record.place.code].append(
                    (record.facts["registered_on"], batch.on, row_no, record.facts["occupancy"])
                )
        words = {"自住": "owner_occupied", "出租": "rented", "空置": "vacant", "装修": "vacant"}
        tenures = {"1": "owner_occupied", "2": "rented", "3": "vacant", "": "unknown"}
        second = max(b.on for b in self.drawn.batches if b.feed == "housing_registry")
        states: dict[str, str | None] = {}
        for door in self.drawn.ground.doors:
            before, now = self.drawn.tenures[door.code]
            since = second if before != now else dt.date.min
            newest = max(said[door.code], default=None)
            if newest and (newest[0] >= since or now == ""):
                states[door.code] = words[newest[3]]
            else:
                states[door.code] = tenures[now]
        return states

    # -- tags ---------------------------------------------------------------------------------------------------

    def tagged(self, tag: str) -> set[int]:
        """Whom the lists certainly give a tag, among everybody (residence is judged elsewhere)."""
        day, found = self.day, set()
        for no, records in self.of_person.items():
            for batch, _, record in records:
                facts = record.facts
                if (
                    batch.feed == "disability_list"
                    and record.identifies
                    and (facts["until"] is None or facts["until"] >= day)
                ):
                    if tag == "disabled" or (tag == "severe_disability" and facts["level"] <= 2):
                        found.add(no)
                elif (
                    batch.feed == "welfare_list"
                    and record.identifies
                    and facts["start"] <= day
                    and (facts["end"] is None or facts["end"] >= day)
                ):
                    tags = {
                        "低保": "low_income",
                        "特困供养": "low_income",
                        "助餐服务": "meal_service",
                        "居家养老服务": "home_care",
                    }
                    if tags.get(facts["benefit"]) == tag:
                        found.add(no)
                elif batch.feed == "community_roles" and record.identifies and ROLES[facts["role"]] == tag:
                    found.add(no)
        return found

    def aged(self, tag: str, person: Person) -> bool:
        """Whether a tag of age holds."""
        age = person.age(self.day)
        return {"elderly": age >= 60, "oldest_old": age >= 80, "infant": age < 7, "minor": age < 16}[tag]
