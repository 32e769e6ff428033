"""Writes the whole sample street: the inbox, the border's entries, the truth and a manifest."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from sample import border, returnees
from sample.arrivals import Arrival, Event, border_arrivals, cutoff, daily_arrivals, travellers
from sample.benefits import write_benefits
from sample.border import write_border
from sample.dirt import LEVELS
from sample.disability import write_disability
from sample.household import write_household
from sample.housing import tenures, write_housing
from sample.people import Streams, make_people
from sample.places import make_places
from sample.property import write_property
from sample.returnees import registrations, write_returnees
from sample.roles import write_roles
from sample.rows import Rows
from sample.truth import World, episodes, write_truth
from sample.visits import make_visits, write_visits

FEEDS = (
    "household_registry",
    "housing_registry",
    "border_entries",
    "returnees",
    "welfare_list",
    "disability_list",
    "community_roles",
    "property_occupancy",
    "visit_log",
)
BUSINESS_DATE = date(2020, 3, 28)
SUMMER_SCENARIOS = ("heatwave", "typhoon")
FULL_SIZE = 240_000


@dataclass(frozen=True)
class Manifest:
    """What was generated: `rows` counts the records a feed, `isolating` the persons at home on the date.

    `days` are the business days that can be run one after the other, the date the last: each has all its lists.
    """

    date: str
    days: list[str]
    persons: int
    seed: int
    feeds: list[str]
    rows: dict[str, int]
    quarantined: dict[str, int]
    superseded: dict[str, int]
    isolating: int
    busiest_day: str
    busiest_day_arrivals: int
    now: str


def generate(  # noqa: PLR0913, PLR0917 - each is an option of the command line
    out: Path,
    day: date = BUSINESS_DATE,
    persons: int = FULL_SIZE,
    seed: int = 1,
    feeds: Collection[str] = FEEDS,
    dirt: str = "specified",
    *,
    day_before: bool = False,
) -> Manifest:
    """Write the street of this seed into the folder `out`: the same arguments give the same bytes.

    `dirt` is how badly its lists are written, one of LEVELS. With `day_before` the lists that come whole every day are
    there of that day too, so that it can be run; the truth is that of `day`. Raises ValueError for fewer than 1,000
    persons, a day before the first arrivals, an unknown feed or level.
    """
    _check(day, persons, feeds)
    if dirt not in LEVELS:
        raise ValueError(f"The sample's dirt is {', '.join(LEVELS)}, not {dirt}.")
    streams = Streams(day, persons / FULL_SIZE, seed, LEVELS[dirt])
    places = make_places(streams.rng(1), streams.rng(3), streams.scale)
    newcomers = 12 + sum(daily_arrivals(streams.scale, day).values()) // 2
    people = make_people(streams, places.dwellings, persons, newcomers)
    dwellings = places.dwellings.with_columns(tenures(streams, places.dwellings, people))
    who = travellers(streams, people)
    arrivals = border_arrivals(streams, dwellings, people, who)
    registered = registrations(streams, dwellings, who, arrivals)
    inbox = out / "inbox"
    written: list[Rows] = []
    events: list[Event] = []
    if "housing_registry" in feeds:
        written.append(write_housing(streams, inbox, dwellings, people))
    if "household_registry" in feeds:
        written.append(write_household(streams, inbox, dwellings, people, day_before=day_before))
    if "border_entries" in feeds:
        entries = write_border(streams, out, dwellings, people, arrivals)
        written.append(entries)
        events += border.events(arrivals, entries)
    if "welfare_list" in feeds:
        written.append(write_benefits(streams, inbox, dwellings, people))
    if "disability_list" in feeds:
        written.append(write_disability(streams, inbox, dwellings, people))
    if "community_roles" in feeds:
        written.append(write_roles(streams, inbox, dwellings, people))
    if "property_occupancy" in feeds:
        written += write_property(streams, inbox, dwellings, people)
    if "returnees" in feeds:
        folders = write_returnees(streams, inbox, dwellings, people, registered)
        written += folders
        events += returnees.events(registered, folders)
    made = make_visits(streams, people, dwellings, episodes(events, day)) if "visit_log" in feeds else []
    written += write_visits(streams, inbox, dwellings, people, made)
    truth = write_truth(out / "truth", World(day, dwellings, people, events, written))
    days = [day - timedelta(days=1), day] if day_before else [day]
    manifest = _manifest(streams, persons, written, truth, arrivals if "border_entries" in feeds else [], days)
    _write_scenario_runs(out, day)
    (out / "manifest.json").write_text(
        json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    return manifest


def _write_scenario_runs(out: Path, day: date) -> None:
    """Let the scenarios of a summer run on the street's own days (STREET_SCENARIO_RUNS)."""
    runs = {"from": (day - timedelta(days=7)).isoformat(), "until": (day + timedelta(days=60)).isoformat()}
    (out / "scenario_runs.json").write_text(json.dumps(dict.fromkeys(SUMMER_SCENARIOS, runs), indent=2) + "\n", "utf-8")


def _manifest(  # noqa: PLR0913, PLR0917 - what it tells of
    streams: Streams,
    persons: int,
    written: list[Rows],
    truth: dict[str, pl.DataFrame],
    arrivals: list[Arrival],
    days: list[date],
) -> Manifest:
    per_day = Counter(arrival.day for arrival in arrivals if not arrival.broken)
    busiest, most = max(per_day.items(), key=lambda item: item[1], default=(streams.date, 0))
    counts: dict[str, Counter[str]] = {"rows": Counter(), "quarantined": Counter(), "superseded": Counter()}
    for rows in written:
        broken = rows.rows["fault"] != ""
        counts["rows"][rows.feed] += len(rows.rows)
        counts["quarantined"][rows.feed] += int(broken.sum())
        counts["superseded"][rows.feed] += int((~broken & rows.rows["superseded"]).sum())
    return Manifest(
        date=streams.date.isoformat(),
        days=[each.isoformat() for each in days],
        persons=persons,
        seed=streams.seed,
        feeds=list(counts["rows"]),
        rows=dict(counts["rows"]),
        quarantined=dict(counts["quarantined"]),
        superseded=dict(counts["superseded"]),
        isolating=truth["episodes"].filter(pl.col("status") == "isolating").height,
        busiest_day=busiest.isoformat(),
        busiest_day_arrivals=most,
        now=f"{cutoff(streams.date).isoformat()}+08:00",
    )


def _check(day: date, persons: int, feeds: Collection[str]) -> None:
    if persons < 1000:
        raise ValueError(f"A sample street has at least 1,000 persons, not {persons}.")
    if day < date(2020, 3, 1):
        raise ValueError(f"The sample's arrivals begin in February 2020: {day} is too early, take 2020-03-01 or later.")
    if unknown := set(feeds) - set(FEEDS):
        raise ValueError(f"The sample has no feed {', '.join(sorted(unknown))}; it has {', '.join(FEEDS)}.")
