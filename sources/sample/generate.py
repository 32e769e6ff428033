"""Writes the whole sample street: the inbox, the border's entries, the truth and a manifest."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import polars as pl

from sources.sample.arrivals import border_arrivals, cutoff, daily_arrivals, travellers
from sources.sample.border import write_border
from sources.sample.household import write_household
from sources.sample.housing import tenures, write_housing
from sources.sample.people import Streams, make_people
from sources.sample.places import make_places
from sources.sample.rows import Rows
from sources.sample.truth import write_truth

FEEDS = ("household_registry", "housing_registry", "border_entries")
BUSINESS_DATE = date(2020, 3, 28)
FULL_SIZE = 240_000


@dataclass(frozen=True)
class Manifest:
    """What was generated: `rows` counts the records a feed, `isolating` the persons at home on the date."""

    date: str
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


def generate(
    out: Path, day: date = BUSINESS_DATE, persons: int = FULL_SIZE, seed: int = 1, feeds: Collection[str] = FEEDS
) -> Manifest:
    """Write the street of this seed into the folder `out`: the same arguments give the same bytes.

    Raises ValueError for fewer than 1,000 persons, a day before the first arrivals, or an unknown feed.
    """
    _check(day, persons, feeds)
    streams = Streams(day, persons / FULL_SIZE, seed)
    places = make_places(streams.rng(1), streams.scale)
    newcomers = 12 + sum(daily_arrivals(streams.scale, day).values()) // 2
    people = make_people(streams, places.dwellings, persons, newcomers)
    dwellings = places.dwellings.with_columns(tenures(streams, places.dwellings, people))
    arrivals = border_arrivals(streams, dwellings, people, travellers(streams, people))
    written: list[Rows] = []
    if "housing_registry" in feeds:
        written.append(write_housing(streams, out / "inbox", dwellings, people))
    if "household_registry" in feeds:
        written.append(write_household(streams, out / "inbox", dwellings, people))
    if "border_entries" in feeds:
        written.append(write_border(streams, out, dwellings, people, arrivals))
    else:
        arrivals = []
    truth = write_truth(out / "truth", day, written, dwellings, people, arrivals)
    per_day: dict[date, int] = {}
    for arrival in arrivals:
        per_day[arrival.day] = per_day.get(arrival.day, 0) + (not arrival.broken)
    busiest = max(per_day, key=lambda key: per_day[key], default=day)
    manifest = Manifest(
        day.isoformat(),
        persons,
        seed,
        [rows.feed for rows in written],
        {rows.feed: len(rows.rows) for rows in written},
        {rows.feed: int((rows.rows["fault"] != "").sum()) for rows in written},
        {rows.feed: int(((rows.rows["fault"] == "") & rows.rows["superseded"]).sum()) for rows in written},
        truth["episodes"].filter(pl.col("status") == "isolating").height,
        busiest.isoformat(),
        per_day.get(busiest, 0),
        f"{cutoff(day).isoformat()}+08:00",
    )
    (out / "manifest.json").write_text(
        json.dumps(asdict(manifest), ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    return manifest


def _check(day: date, persons: int, feeds: Collection[str]) -> None:
    if persons < 1000:
        raise ValueError(f"A sample street has at least 1,000 persons, not {persons}.")
    if day < date(2020, 3, 1):
        raise ValueError(f"The sample's arrivals begin in February 2020: {day} is too early, take 2020-03-01 or later.")
    if unknown := set(feeds) - set(FEEDS):
        raise ValueError(f"The sample has no feed {', '.join(sorted(unknown))}; it has {', '.join(FEEDS)}.")
