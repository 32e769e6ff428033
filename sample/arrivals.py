"""Who arrived from outside the border, when, where to, and what became of it: the truth behind `border_entries`."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from sample.people import Streams
from sample.regions import COUNTRIES, Country

FIRST_DAY = date(2020, 2, 1)
PEAK = date(2020, 3, 26)
# From this day on arrivals from outside the border went to central isolation, but for some 5 %.
CENTRAL_FROM = date(2020, 3, 28)
_HOME_AFTER = 0.05
# Of the arrivals of the thirteen days before, so that about 1,000 are at home on the day.
_HOME_SHARE = 1000 / 1379
# Arrivals a day of the full street, by days from the peak; further back they thin out.
_CURVE = {
    2: 60,
    1: 150,
    0: 166,
    -1: 146,
    -2: 140,
    -3: 125,
    -4: 115,
    -5: 105,
    -6: 95,
    -7: 85,
    -8: 75,
    -9: 65,
    -10: 55,
    -11: 53,
}
# What happens to those who stay at home to this day, and to all others.
_STAYING = {
    "home": 0.885,
    "destination_corrected": 0.04,
    "time_moved": 0.015,
    "central_to_home": 0.015,
    "unplaced": 0.015,
    "registered_again": 0.03,
}
_OTHERS = {
    "central": 0.6,
    "transferred_out": 0.1,
    "home_to_central": 0.15,
    "outside_street": 0.12,
    "moved_outside": 0.03,
}
HOME_COURSES = frozenset(_STAYING) | {"home_to_central", "moved_outside"}


@dataclass(frozen=True)
class Arrival:
    """One true arrival: `course` says what the port recorded about it, `destination` is a dwelling_id or -1."""

    person_id: int
    entered_at: datetime
    recorded_at: datetime
    course: str
    country: Country
    destination: int
    closed_at: datetime | None = None
    broken: str = ""

    @property
    def day(self) -> date:
        """The day of arrival in Shanghai."""
        return self.entered_at.date()


@dataclass(frozen=True)
class Event:
    """An arrival as the truth sees it, from whichever feed: where to, what colour, and whether its records are clean.

    `new_entry` tells an entry at the border, which restarts an isolation; `at_home` whether isolation at home is
    ordered; `closed_on` when it was moved away; `tied` whether the record carries the document that other feeds have of
    the person.
    """

    person_id: int
    day: date
    new_entry: bool
    at_home: bool
    destination: int
    colour: str
    origin_kind: str
    origin_code: str | None
    origin_name: str | None
    closed_on: date | None = None
    clean: bool = False
    tied: bool = False


@dataclass
class Travellers:
    """Persons who may still arrive, each handed out once."""

    newcomers: list[int]
    residents: list[int]
    homes: dict[int, int] = field(default_factory=dict)

    def take(self, rng: np.random.Generator, share_new: float) -> int:
        """Return one person; with probability `share_new` one whom the registry doesn't know."""
        pool = self.newcomers if self.newcomers and rng.random() < share_new else self.residents
        return pool.pop() if pool else self.newcomers.pop()


def travellers(streams: Streams, people: pl.DataFrame) -> Travellers:
    """Return who may travel, in random order: adults who live here, some who are registered only, and newcomers."""
    rng = streams.rng(51)
    age = pl.lit(streams.date) - pl.col("birth_date") > pl.duration(days=13 * 365)
    able = people.filter(age & pl.col("presence").is_in(["lives", "away"]))
    known = able.filter(pl.col("in_registry"))
    # Foreigners travel more; somebody registered here who lives abroad may come home too.
    weight = known.select(
        pl.when(pl.col("residence_type") == "5").then(6.0).when(pl.col("presence") == "away").then(0.4).otherwise(1.0)
        * pl.when(pl.col("birth_date") < date(1955, 1, 1)).then(0.2).otherwise(1.0)
    ).to_series()
    order = np.argsort(rng.exponential(1.0, len(known)) / weight.to_numpy())[::-1]
    new = able.filter(~pl.col("in_registry"))["person_id"].to_numpy()
    homes = dict(able.filter(pl.col("presence") == "lives").select("person_id", "home").iter_rows())
    return Travellers(rng.permutation(new).tolist(), known["person_id"].to_numpy()[order].tolist(), homes)


def daily_arrivals(scale: float, until: date) -> dict[date, int]:
    """Return how many arrive on each day; the peak is the busiest at any scale."""
    counts = {}
    for offset in range((until - FIRST_DAY).days + 1):
        day = FIRST_DAY + timedelta(days=offset)
        full = _CURVE.get((day - PEAK).days, max(4.0, 53 * 0.86 ** ((PEAK - day).days - 11)) if day < PEAK else 50)
        counts[day] = round(full * scale)
    if PEAK in counts:
        counts[PEAK] = max(counts[PEAK], 1 + max(n for day, n in counts.items() if day != PEAK))
    return counts


def border_arrivals(streams: Streams, dwellings: pl.DataFrame, people: pl.DataFrame, who: Travellers) -> list[Arrival]:
    """Return all true arrivals from outside the border up to 07:30 of the business date, by time."""
    rng = streams.rng(52)
    homes = dwellings.filter(pl.col("usage") == "1")["dwelling_id"].to_numpy()
    nationality = people["nationality"].to_list()
    days = [day for day, n in daily_arrivals(streams.scale, streams.date).items() for _ in range(n)]
    courses = _courses(rng, days, streams.date)
    arrivals = []
    for day, course in zip(days, courses, strict=True):
        person = who.take(rng, 0.25)
        home = who.homes.get(person, -1)
        destination = home if home >= 0 and rng.random() < 0.9 else int(rng.choice(homes))
        country = _country(rng, nationality[person])
        entered = _entered(rng, day, streams.date)
        arrivals.append(Arrival(person, entered, _recorded(rng, entered, streams.date), course, country, destination))
    arrivals = [_close(rng, arrival, streams.date) for arrival in arrivals]
    arrivals = _second_entries(rng, arrivals, streams)
    arrivals += _unusable(rng, arrivals, homes, who, streams)
    return sorted(arrivals, key=lambda arrival: (arrival.entered_at, arrival.person_id))


def cutoff(day: date) -> datetime:
    """Return 07:30 of the day: what was recorded later isn't known yet."""
    return datetime.combine(day, time(7, 30))


def _courses(rng: np.random.Generator, days: list[date], today: date) -> list[str]:
    """Draw a course for each arrival so that the number at home on the day is exact, not a matter of luck."""
    order = np.array([day.toordinal() for day in days])
    window = (order > today.toordinal() - 14) & (order < CENTRAL_FROM.toordinal())
    after = order >= CENTRAL_FROM.toordinal()
    earlier = ~window & ~after
    courses = rng.choice(list(_OTHERS), len(days), p=np.array(list(_OTHERS.values()))).astype(object)
    courses[after] = "central"
    for group, share in ((window, _HOME_SHARE), (after, _HOME_AFTER), (earlier, 0.6)):
        members = np.flatnonzero(group)
        staying = rng.permutation(members)[: round(len(members) * share)]
        courses[staying] = rng.choice(list(_STAYING), len(staying), p=np.array(list(_STAYING.values())))
        if group is after:
            courses[staying] = "home"
    return [str(course) for course in courses]


def _country(rng: np.random.Generator, nationality: str) -> Country:
    """Foreigners mostly come from their own country, everybody else from where the flights come from."""
    if nationality != "CHN" and rng.random() < 0.8:
        return next(country for country in COUNTRIES if country.code == nationality)
    weights = np.array([country.arrivals for country in COUNTRIES], dtype=float)
    return COUNTRIES[int(rng.choice(len(COUNTRIES), p=weights / weights.sum()))]


def _entered(rng: np.random.Generator, day: date, today: date) -> datetime:
    last = 6 * 60 if day == today else 24 * 60
    return datetime.combine(day, time()) + timedelta(seconds=60 * int(rng.integers(5, last)) + int(rng.integers(0, 60)))


def _recorded(rng: np.random.Generator, entered: datetime, today: date) -> datetime:
    later = entered + timedelta(minutes=int(rng.integers(15, 300)))
    return min(later, cutoff(today) - timedelta(minutes=int(rng.integers(1, 60))))


def _close(rng: np.random.Generator, arrival: Arrival, today: date) -> Arrival:
    """Give the arrivals whose record is revised the time of the revision, before now."""
    if arrival.course in ("home", "central", "transferred_out", "outside_street", "unplaced"):
        return arrival
    latest = cutoff(today) - timedelta(seconds=30)
    days = int(rng.integers(1, 7)) if arrival.course in ("home_to_central", "moved_outside") else 0
    at = arrival.recorded_at + timedelta(days=days, minutes=int(rng.integers(30, 600)))
    return replace(arrival, closed_at=min(at, latest))


def _second_entries(rng: np.random.Generator, arrivals: list[Arrival], streams: Streams) -> list[Arrival]:
    """Let some who are at home now have arrived once before: within 14 days (a restart), or longer ago."""
    pairs = max(1, round(20 * streams.scale)) if len(arrivals) > 40 else 0
    now_home = [a for a in arrivals if a.course == "home" and (streams.date - a.day).days < 8]
    result = list(arrivals)
    for gap in (range(4, 11), range(16, 30)):
        # Only an arrival that isn't at home now may become somebody's first one, or the number at home would change.
        courses = ("central",) if gap.start < 14 else ("central", "home")
        for second in [now_home[i] for i in rng.permutation(len(now_home))[:pairs]]:
            now_home.remove(second)
            first = next(
                (i for i, a in enumerate(result) if (second.day - a.day).days in gap and a.course in courses), None
            )
            if first is not None and all(a.person_id != second.person_id or a is second for a in result):
                taken = "restarted" if gap.start < 14 else "home"
                same = {"person_id": second.person_id, "destination": second.destination}
                result[first] = replace(result[first], course=taken, **same)
    return result


def _unusable(
    rng: np.random.Generator, arrivals: list[Arrival], homes: npt.NDArray[np.int64], who: Travellers, streams: Streams
) -> list[Arrival]:
    """Return arrivals whose only record can't be used: no key, nobody named, or a time that can't be."""
    kinds = ["unreadable_time", "future_time", "missing_key", "no_name_no_document", "missing_time"]
    count = max(1, len(arrivals) // 150)
    broken = []
    for i in range(count):
        day = arrivals[int(rng.integers(0, len(arrivals)))].day
        entered = _entered(rng, day, streams.date)
        person = who.take(rng, 1.0)
        recorded = _recorded(rng, entered, streams.date)
        destination = int(rng.choice(homes))
        country = _country(rng, "CHN")
        broken.append(Arrival(person, entered, recorded, "home", country, destination, broken=kinds[i % len(kinds)]))
    return broken
