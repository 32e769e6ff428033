"""The truth: who is who, who lives where, which rows are bad and why. The pipeline never reads it.

It is computed from the world the feeds were written from and from what the rules intend, never by running the pipeline.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from sources.sample.arrivals import Arrival
from sources.sample.rows import Rows

_ISOLATION = timedelta(days=14)
_RECORD_COLUMNS = [
    "feed",
    "business_date",
    "row_no",
    "file",
    "business_key",
    "revision",
    "true_person_id",
    "true_dwelling_code",
    "is_quarantined",
    "quarantine_reason",
    "is_superseded",
    "good_document",
    "plain_address",
    "tied_by_document",
    "could_be_told_apart",
    "address_form",
    "expected_level",
]


@dataclass
class Episode:
    """A home isolation of one person as the rules intend it; `arrivals` are the positions of its arrivals."""

    person_id: int
    started_on: date
    release_on: date
    status: str
    destination: int
    origin_code: str
    origin_name: str
    arrivals: list[int]


def episodes(arrivals: Sequence[Arrival], today: date) -> list[Episode]:
    """Return the episodes of all who isolate or isolated at home in this street.

    An entry within 14 days of an earlier one of the same person restarts the episode; central isolation, a transfer and
    a destination outside the street end it or leave none.
    """
    found: list[Episode] = []
    last: dict[int, Episode] = {}
    for number, arrival in enumerate(arrivals):
        if arrival.broken or arrival.course in ("central", "transferred_out", "outside_street"):
            continue
        destination = -1 if arrival.course in ("unplaced", "moved_outside") else arrival.destination
        episode = Episode(
            arrival.person_id,
            arrival.day,
            arrival.day + _ISOLATION,
            "",
            destination,
            arrival.country.code,
            arrival.country.name,
            [number],
        )
        if arrival.closed_at and arrival.course in ("home_to_central", "moved_outside"):
            episode.release_on, episode.status = arrival.closed_at.date(), "transferred"
        else:
            episode.status = "isolating" if today < episode.release_on else "completed"
        before = last.get(arrival.person_id)
        if before and arrival.day < before.started_on + _ISOLATION:
            episode.arrivals = before.arrivals + episode.arrivals
            found.remove(before)
        found.append(episode)
        last[arrival.person_id] = episode
    return found


def records(feeds: Sequence[Rows], dwellings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return one row a record of every batch, numbered as the warehouse numbers them."""
    code = dwellings.select("dwelling_id", true_dwelling_code="dwelling_code")
    in_registry = people.select("person_id", known="in_registry")
    parts = []
    for feed in feeds:
        rows = feed.rows.with_row_index("row_no", offset=1)
        if "person_id" not in rows.columns:
            rows = rows.with_columns(
                person_id=pl.lit(None, dtype=pl.Int64),
                good_document=pl.lit(None, dtype=pl.Boolean),
                form=pl.lit("plain"),
                level=pl.lit("dwelling"),
            )
        if "revision" not in rows.columns:
            rows = rows.with_columns(revision=pl.lit(None, dtype=pl.Int64))
        if "tied" not in rows.columns:
            rows = rows.with_columns(tied=pl.lit(value=True))
        if "dwelling_id" not in rows.columns:
            rows = rows.with_columns(dwelling_id=pl.when(pl.col("level") == "outside").then(-1).otherwise("home"))
        rows = rows.join(code, on="dwelling_id", how="left", maintain_order="left")
        rows = rows.join(in_registry, on="person_id", how="left", maintain_order="left")
        usable = pl.col("fault") == ""
        parts.append(
            rows.with_columns(
                feed=pl.lit(feed.feed),
                business_date=pl.lit(feed.business_date),
                file=pl.lit(feed.file),
                business_key=pl.col(feed.key),
                revision=pl.col("revision").cast(pl.Int64),
                row_no=pl.col("row_no").cast(pl.Int64),
                true_person_id=_person(),
                is_quarantined=~usable,
                quarantine_reason=pl.when(usable).then(None).otherwise("fault"),
                is_superseded=pl.col("superseded") & usable,
                plain_address=pl.col("form").is_in(["plain", "elsewhere"]),
                tied_by_document=pl.col("good_document") & pl.col("tied"),
                could_be_told_apart=usable & (pl.col("fault") != "no_name_no_document"),
                address_form="form",
                expected_level="level",
            ).select(_RECORD_COLUMNS)
        )
    return pl.concat(parts)


def _person() -> pl.Expr:
    return pl.format("P{}", pl.col("person_id").cast(pl.String).str.zfill(7)).alias("true_person_id")


def write_truth(
    out: Path,
    today: date,
    feeds: Sequence[Rows],
    dwellings: pl.DataFrame,
    people: pl.DataFrame,
    arrivals: Sequence[Arrival],
) -> dict[str, pl.DataFrame]:
    """Write the truth's tables as Parquet into `out` and return them by name."""
    all_records = records(feeds, dwellings, people)
    in_force = all_records.filter(~pl.col("is_quarantined") & ~pl.col("is_superseded"))
    clean = (
        in_force.filter(pl.col("true_person_id").is_not_null())
        .group_by("true_person_id")
        .agg(clean=(pl.col("plain_address") & pl.col("tied_by_document").fill_null(value=False)).all())
    )
    found = episodes(arrivals, today)
    tables = {
        "records": all_records,
        "dwellings": _dwellings(dwellings),
        "persons": _persons(people, all_records),
        "episodes": _episodes(found, feeds, dwellings),
        "residents": _residents(feeds, dwellings, people, found)
        .join(clean, on="true_person_id", how="left", maintain_order="left")
        .with_columns(pl.col("clean").fill_null(value=False)),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(out / f"{name}.parquet")
    return tables


def _dwellings(dwellings: pl.DataFrame) -> pl.DataFrame:
    return dwellings.select(
        "dwelling_code",
        "committee_code",
        "compound_name",
        "road",
        "lane",
        "building_no",
        "unit",
        "room",
        "room_no",
        "floor",
        "usage",
        "tenure",
        "longitude",
        "latitude",
    )


def _persons(people: pl.DataFrame, all_records: pl.DataFrame) -> pl.DataFrame:
    persons = people.with_columns(_person()).select(
        "true_person_id",
        "full_name",
        "sex",
        "birth_date",
        "nationality",
        "resident_id",
        "doc_type",
        "doc_no",
        "crossing_type",
        "crossing_no",
        "phone",
        "residence_type",
        "status",
        "presence",
        "in_registry",
    )
    return persons.filter(pl.col("true_person_id").is_in(all_records["true_person_id"].drop_nulls().unique().implode()))


def _episodes(found: Sequence[Episode], feeds: Sequence[Rows], dwellings: pl.DataFrame) -> pl.DataFrame:
    code = dwellings["dwelling_code"]
    border = next((feed.rows for feed in feeds if feed.feed == "border_entries"), None)
    good: dict[int, bool] = defaultdict(lambda: True)
    origin: dict[int, str | None] = {}
    if border is not None:
        usable = border.filter((pl.col("fault") == "") & ~pl.col("superseded"))
        for number, row_good, form, country in usable.select(
            "arrival", "good_document", "form", "origin_code"
        ).iter_rows():
            good[number] = good[number] and row_good and form == "plain"
            origin[number] = country
    return pl.DataFrame(
        [
            {
                "person_id": e.person_id,
                "started_on": e.started_on,
                "release_on": e.release_on,
                "status": e.status,
                "colour": "orange",
                "origin_kind": "border",
                "origin_code": origin.get(e.arrivals[-1], e.origin_code),
                "origin_name": e.origin_name,
                "dwelling_code": code[e.destination] if e.destination >= 0 else None,
                "clean": e.destination >= 0 and all(good[number] for number in e.arrivals),
            }
            for e in found
        ],
        schema={
            "person_id": pl.Int64,
            "started_on": pl.Date,
            "release_on": pl.Date,
            "status": pl.String,
            "colour": pl.String,
            "origin_kind": pl.String,
            "origin_code": pl.String,
            "origin_name": pl.String,
            "dwelling_code": pl.String,
            "clean": pl.Boolean,
        },
    ).select(_person(), pl.exclude("person_id"))


def _residents(
    feeds: Sequence[Rows], dwellings: pl.DataFrame, people: pl.DataFrame, found: Sequence[Episode]
) -> pl.DataFrame:
    """Say where the rules put everybody: the destination while isolating, else home, else where an isolation ended."""
    code = dwellings.select("dwelling_id", "dwelling_code")
    registry = next((feed.rows for feed in feeds if feed.feed == "household_registry"), None)
    listed = set() if registry is None else set(registry.filter(pl.col("fault") == "")["person_id"].to_list())
    at: dict[int, int] = {}
    basis: dict[int, str] = {}
    dead = set(people.filter(pl.col("status") == "3")["person_id"].to_list())
    for e in sorted(found, key=lambda episode: episode.started_on):
        if e.status == "completed" and e.destination >= 0 and e.person_id not in listed:
            at[e.person_id], basis[e.person_id] = e.destination, "after_isolation"
    lives = people.filter((pl.col("presence") == "lives") & (pl.col("home") >= 0)).select("person_id", "home")
    for person, home in lives.iter_rows():
        if person in listed:
            at[person], basis[person] = home, "household_registry"
    for e in found:
        if e.status == "isolating" and e.destination >= 0 and e.person_id not in dead:
            at[e.person_id], basis[e.person_id] = e.destination, "isolating"
    return (
        pl.DataFrame(
            {"person_id": list(at), "dwelling_id": list(at.values()), "basis": [basis[person] for person in at]}
        )
        .join(code, on="dwelling_id", how="left", maintain_order="left")
        .select(_person(), "dwelling_code", "basis")
        .sort("true_person_id")
    )
