"""One person's arrivals, judged by the rules: which home isolations they make, and what is listed beside them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .ground import Place
    from .lists import Batch, Record
    from .people import Person

DAYS = dt.timedelta(14)
LEVELS = ("dwelling", "building", "compound")


@dataclasses.dataclass(frozen=True)
class Episode:
    """`doors`: the door it must carry, or None for no door at all; several where the rules allow more than one."""

    start: dt.date
    release: dt.date
    status: str
    colour: str
    doors: frozenset[str | None]
    place: Place


@dataclasses.dataclass
class Arrivals:
    """One person's arrivals in force, judged: the episodes, and what is listed beside them."""

    episodes: list[Episode] = dataclasses.field(default_factory=list)
    outside: list[Record] = dataclasses.field(default_factory=list)
    after_central: list[Record] = dataclasses.field(default_factory=list)
    #: The rules leave something of it to either of two readings.
    is_open: bool = False


@dataclasses.dataclass(frozen=True)
class _Arrival:
    """The version in force of an entry or a registration; `was_home`: where an earlier version isolated at home."""

    record: Record
    day: dt.date
    disposition: str
    order: tuple[dt.date, int]
    was_home: Place | None

    @property
    def said(self) -> dict[str, Any]:
        return self.record.arrival or {}

    @property
    def is_border(self) -> bool:
        return "entry" in self.said


@dataclasses.dataclass
class _Run:
    """An episode in the making: `place` and `closed` where a later version ended it."""

    start: dt.date
    arrivals: list[_Arrival]
    closed: dt.date | None = None
    place: Place | None = None


def judge(found: Iterable[tuple[Batch, int, Record]], person: Person, today: dt.date) -> Arrivals:
    """The newest version of each entry, one arrival a day, episodes in order of day."""
    judged, runs = Arrivals(), list[_Run]()
    by_day: dict[dt.date, list[_Arrival]] = defaultdict(list)
    for arrival in _in_force(found):
        by_day[arrival.day].append(arrival)
    current: _Run | None = None
    central_until = dt.date.min
    for day in sorted(by_day):
        here = sorted(by_day[day], key=lambda a: a.order)
        homes = [a for a in here if a.disposition == "home"]
        others = {a.disposition for a in here} & {"central", "transfer"}
        if "central" in others or (others and not homes):  # 集中 over 居家 over 无需; a transfer counts as 集中
            runs += [_closed(a) for a in here if a.was_home is not None][-1:]
            central_until = day + DAYS
            judged.is_open |= current is not None and day < current.start + DAYS
        elif outside := [a for a in homes if a.record.place.level == "outside"]:
            judged.is_open |= len(outside) != len(homes)
            runs += [_closed(a) for a in outside if a.was_home is not None]
            judged.outside += [a.record for a in outside if a.was_home is None and day <= today < day + DAYS]
        elif homes and current is not None and day < current.start + DAYS:
            current.arrivals += homes
            if any(a.is_border for a in here):
                current.start = day
        elif homes and day < central_until and not any(a.is_border for a in here):
            judged.after_central += [a.record for a in homes]
        elif homes:
            current = _Run(day, homes)
            runs.append(current)
    judged.episodes = [_episode(run, person, today, judged) for run in runs if run.start <= today]
    return judged


def _in_force(found: Iterable[tuple[Batch, int, Record]]) -> list[_Arrival]:
    entries: dict[object, list[tuple[int, dt.date, int, Record]]] = defaultdict(list)
    for batch, row_no, record in found:
        said = record.arrival or {}
        version = (said.get("revision", 1), batch.on, row_no, record)
        entries[said.get("entry", (batch.on, row_no))].append(version)
    arrivals = []
    for versions in entries.values():
        *earlier, (_, _, row_no, record) = sorted(versions, key=lambda v: v[:3])
        said = record.arrival or {}
        if record.fate == "accepted":
            homes = [r.place for *_, r in earlier if (r.arrival or {})["disposition"] == "home"]
            here = [place for place in homes if place.level != "outside"]
            order = (said["listed"], row_no)
            arrivals.append(_Arrival(record, said["day"], said["disposition"], order, here[-1] if here else None))
    return arrivals


def _closed(arrival: _Arrival) -> _Run:
    """A later version ended it on the day it was recorded; it keeps its last place here."""
    return _Run(arrival.day, [arrival], arrival.said["recorded"], arrival.was_home)


def _episode(run: _Run, person: Person, today: dt.date, judged: Arrivals) -> Episode:
    arrivals = sorted(run.arrivals, key=lambda a: (a.day, a.order))
    colours = [a.said["colour"] for a in arrivals]
    colour = next(c for c in ("orange", "yellow", "blue") if c in colours)
    places = [a.record.place for a in arrivals]
    doors = [place for place in places if place.level == "dwelling"]
    rank = {level: n for n, level in enumerate(LEVELS)}
    finest = doors[-1] if doors else min(reversed(places), key=lambda p: rank.get(p.level or "", 9))
    place = run.place or finest
    allowed: set[str | None] = {place.code if place.level == "dwelling" else None}
    if place.level in ("building", "compound") and person.home and person.home.code in place.codes:
        # The registered door lies in it: the building takes it, the compound may.
        allowed |= {person.home.code}
    if run.closed:  # what a later version says of the place may be newer, or only where it was told
        allowed |= {door.code for door in places if door.level == "dwelling"}
    judged.is_open |= place.level is None or any(p.level == "consistent" for p in places)
    release = run.closed or run.start + DAYS
    status = "transferred" if run.closed else "isolating" if today < release else "completed"
    return Episode(run.start, release, status, colour, frozenset(allowed), place)
