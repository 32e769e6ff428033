"""The truth: who is who, who lives where, which rows are bad and why. The pipeline never reads it.

It is computed from the world the feeds were written from and from what the rules intend, never by running the pipeline.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from sample import attributes, visited
from sample.arrivals import Event
from sample.rows import Rows

_ISOLATION = timedelta(days=14)
#: What a record says of who it is about, as sent: by which columns of its feed's rows.
SAID: dict[str, dict[str, str]] = {
    "household_registry": {"name": "full_name", "number": "id_number", "phone": "phone", "birth_date": "birth_date"},
    "border_entries": {
        "name": "full_name",
        "name_latin": "name_latin",
        "number": "number",
        "second_number": "id_number",
        "phone": "phone",
        "birth_date": "birth_date",
    },
    "returnees": {"name": "full_name", "number": "number", "phone": "phone"},
    "welfare_list": {"name": "full_name", "number": "number", "phone": "phone"},
    "disability_list": {"name": "full_name", "number": "certificate_no"},
    "community_roles": {"name": "full_name", "number": "number", "phone": "phone"},
    "property_occupancy": {"name": "occupant", "phone": "phone"},
}
_SAID_COLUMNS = [f"said_{what}" for what in ("name", "name_latin", "number", "second_number", "phone", "birth_date")]
_RECORD_COLUMNS = [
    "feed",
    "business_date",
    "row_no",
    "file",
    "business_key",
    "revision",
    "true_person_id",
    "true_dwelling_code",
    "true_building_id",
    "is_quarantined",
    "quarantine_reason",
    "is_superseded",
    "good_document",
    "plain_address",
    "tied_by_document",
    "could_be_told_apart",
    "address_form",
    "expected_level",
    *_SAID_COLUMNS,
]


@dataclass
class Episode:
    """A home isolation of one person as the rules intend it, with the destination its records give."""

    person_id: int
    started_on: date
    release_on: date
    status: str
    event: Event
    clean: bool


def episodes(events: Sequence[Event], today: date) -> list[Episode]:
    """Return the episodes of all who isolate or isolated at home in this street.

    Registrations within 14 days are one episode from the earliest arrival, but an entry at the border restarts it; a
    revision to central isolation or out of the street ends it that day.
    """
    found: list[Episode] = []
    last: dict[int, Episode] = {}
    for event in sorted(events, key=lambda e: (e.day, e.person_id, not e.new_entry)):
        if not event.at_home:
            continue
        before = last.get(event.person_id)
        continues = before is not None and event.day < before.started_on + _ISOLATION
        if before is not None and continues and not event.new_entry:
            before.clean &= event.clean and event.tied and before.event.tied
            continue
        episode = Episode(event.person_id, event.day, event.day + _ISOLATION, "isolating", event, event.clean)
        if event.closed_on:
            episode.release_on, episode.status = event.closed_on, "transferred"
        elif today >= episode.release_on:
            episode.status = "completed"
        if before is not None and continues:
            episode.clean &= before.clean and event.tied and before.event.tied
            found.remove(before)
        found.append(episode)
        last[event.person_id] = episode
    return found


def records(feeds: Sequence[Rows], dwellings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """Return one row per record of every batch, numbered as the warehouse numbers them."""
    shared = (pl.col("lane") != "") & (pl.col("compound_name").n_unique().over("road", "lane") > 1)
    code = dwellings.select(
        "dwelling_id", true_dwelling_code="dwelling_code", true_building_id="building_id", shared_lane=shared
    )
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
            rows = rows.with_columns(tied=pl.col("good_document"))
        if "dwelling_id" not in rows.columns:
            rows = rows.with_columns(dwelling_id=pl.when(pl.col("level") == "outside").then(-1).otherwise("home"))
        rows = rows.join(code, on="dwelling_id", how="left", maintain_order="left")
        rows = rows.join(in_registry, on="person_id", how="left", maintain_order="left")
        if "serves_in" in rows.columns:
            rows = rows.with_columns(true_building_id="serves_in")
        if "slips" not in rows.columns:
            rows = rows.with_columns(slips=pl.lit(0, dtype=pl.Int64))
        said = SAID.get(feed.feed, {})
        usable = pl.col("fault") == ""
        parts.append(
            rows.with_columns(
                feed=pl.lit(feed.feed),
                business_date=pl.lit(feed.business_date),
                file=pl.lit(feed.file),
                business_key=pl.col(feed.key) if feed.key else pl.lit(None, dtype=pl.String),
                revision=pl.col("revision").cast(pl.Int64),
                row_no=pl.col("row_no").cast(pl.Int64),
                true_person_id=_person(),
                is_quarantined=~usable,
                quarantine_reason=pl.when(usable).then(None).otherwise("fault"),
                is_superseded=pl.col("superseded") & usable,
                plain_address=pl.col("form").is_in(["plain", "elsewhere"]),
                tied_by_document=pl.col("good_document") & pl.col("tied"),
                slips=pl.when(usable).then("slips").otherwise(0),
                could_be_told_apart=usable & (pl.col("fault") != "no_name_no_document"),
                address_form="form",
                # A lane that two compounds share fixes neither of them.
                expected_level=pl.when((pl.col("form") == "lane_only") & pl.col("shared_lane"))
                .then(pl.lit("street"))
                .otherwise("level"),
                **{column: _said(said, column) for column in _SAID_COLUMNS},
            ).select(*_RECORD_COLUMNS, "slips")
        )
    # A number ties records of one name: two slips away from each other two names are two.
    one_name = (pl.col("slips").sum() <= 1).over("true_person_id") | pl.col("true_person_id").is_null()
    return (
        pl.concat(parts)
        .with_columns(pl.col("good_document", "tied_by_document") & one_name, one_name=one_name)
        .select(*_RECORD_COLUMNS, "one_name")
    )


def _said(said: dict[str, str], column: str) -> pl.Expr:
    """Return what a feed's rows have for a column of _SAID_COLUMNS."""
    what = said.get(column.removeprefix("said_"))
    return pl.lit(None, dtype=pl.String) if what is None else pl.col(what).cast(pl.String)


def _person() -> pl.Expr:
    return pl.format("P{}", pl.col("person_id").cast(pl.String).str.zfill(7)).alias("true_person_id")


@dataclass(frozen=True)
class World:
    """What the truth is computed from: the true places and people, the arrivals, and the feeds as written."""

    today: date
    dwellings: pl.DataFrame
    people: pl.DataFrame
    events: Sequence[Event]
    feeds: Sequence[Rows]


def write_truth(out: Path, world: World) -> dict[str, pl.DataFrame]:
    """Write the truth's tables as Parquet into `out` and return them by name."""
    all_records = records(world.feeds, world.dwellings, world.people)
    found = episodes(world.events, world.today)
    made = visited.visits(world.feeds, world.dwellings)
    _release_early(found, visited.released_on(made))
    contradicted = set(all_records.filter(~pl.col("one_name"))["true_person_id"].to_list())
    for episode in found:
        episode.clean &= f"P{episode.person_id:07}" not in contradicted
    dead = set(world.people.filter(pl.col("status") == "3")["person_id"].to_list())
    listed = _residents(world, found, dead, _clean_persons(all_records))
    residents = visited.homes(listed, made, dead)
    isolating = pl.DataFrame(
        [(e.person_id, e.clean and e.event.destination >= 0) for e in found if e.status == "isolating"],
        schema={"person_id": pl.Int64, "clean": pl.Boolean},
        orient="row",
    )
    code = world.dwellings.select("dwelling_id", "dwelling_code")
    tags = attributes.tags(world.feeds, world.people, residents, isolating, world.today)
    homes = residents.join(code, on="dwelling_id", how="left", maintain_order="left")
    tables = {
        "records": all_records,
        "dwellings": _dwellings(world.dwellings),
        "persons": _persons(world.people, all_records),
        "episodes": _episodes(found, world.dwellings),
        "residents": homes.select(_person(), "dwelling_code", "basis", "clean"),
        "visits": made.select(
            pl.format("P{}", pl.col("visited_id").cast(pl.String).str.zfill(7)).alias("true_person_id"),
            pl.exclude("visited_id", "dwelling_id"),
        ),
        "occupancy": attributes.occupancy(world.feeds, world.dwellings),
        "services": attributes.services(world.feeds, world.today).select(_person(), pl.exclude("person_id")),
        "tags": tags.join(homes.drop("clean"), on="person_id", how="left", maintain_order="left").select(
            _person(), "dwelling_code", "tag", "clean"
        ),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.write_parquet(out / f"{name}.parquet")
    return tables


def _clean_persons(all_records: pl.DataFrame) -> pl.DataFrame:
    """Return whose every record that says where somebody lives has a document that ties it and a plain address."""
    says_where = pl.col("feed").is_in(["household_registry", "border_entries", "returnees"])
    in_force = all_records.filter(says_where & ~pl.col("is_quarantined") & ~pl.col("is_superseded"))
    tied = pl.col("tied_by_document").all() | ((pl.col("feed").n_unique() == 1) & pl.col("good_document").all())
    return in_force.group_by("true_person_id").agg(
        clean=pl.col("plain_address").all() & pl.col("one_name").all() & tied
    )


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
        "family_latin",
        "given_latin",
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


def _episodes(found: Sequence[Episode], dwellings: pl.DataFrame) -> pl.DataFrame:
    code = dwellings["dwelling_code"]
    rows = [
        {
            "person_id": e.person_id,
            "started_on": e.started_on,
            "release_on": e.release_on,
            "status": e.status,
            "colour": e.event.colour,
            "origin_kind": e.event.origin_kind,
            "origin_code": e.event.origin_code,
            "origin_name": e.event.origin_name,
            "dwelling_code": code[e.event.destination] if e.event.destination >= 0 else None,
            "clean": e.clean and e.event.destination >= 0,
        }
        for e in found
    ]
    texts = ("status", "colour", "origin_kind", "origin_code", "origin_name", "dwelling_code")
    kinds: dict[str, pl.DataType] = {"person_id": pl.Int64(), "started_on": pl.Date(), "release_on": pl.Date()}
    schema = kinds | dict.fromkeys(texts, pl.String()) | {"clean": pl.Boolean()}
    return pl.DataFrame(rows, schema=schema).select(_person(), pl.exclude("person_id"))


def _release_early(found: Sequence[Episode], released: dict[int, list[date]]) -> None:
    """End the isolations within which a visit released somebody."""
    for episode in found:
        within = [on for on in released.get(episode.person_id, []) if episode.started_on < on < episode.release_on]
        if within and episode.status == "isolating":
            episode.release_on, episode.status = min(within), "released_early"


def _residents(world: World, found: Sequence[Episode], dead: set[int], clean: pl.DataFrame) -> pl.DataFrame:
    """Say where the lists put everybody: the destination while isolating, else home, else where an isolation ended."""
    people = world.people
    registry = next((feed.rows for feed in world.feeds if feed.feed == "household_registry"), None)
    listed = set() if registry is None else set(registry.filter(pl.col("fault") == "")["person_id"].to_list())
    at: dict[int, tuple[int, str]] = {}
    for event in sorted(world.events, key=lambda e: e.day):
        over = not event.at_home or event.day + _ISOLATION <= world.today
        if over and not event.closed_on and event.destination >= 0 and event.person_id not in listed:
            at[event.person_id] = event.destination, "after_isolation" if event.at_home else "no_isolation"
    lives = people.filter((pl.col("presence") == "lives") & (pl.col("home") >= 0)).select("person_id", "home")
    at |= {person: (home, "household_registry") for person, home in lives.iter_rows() if person in listed}
    for e in found:
        if e.status == "isolating" and e.event.destination >= 0 and e.person_id not in dead:
            at[e.person_id] = e.event.destination, "isolating"
    places, bases = [place for place, _ in at.values()], [basis for _, basis in at.values()]
    return (
        pl.DataFrame({"person_id": list(at), "dwelling_id": places, "basis": bases})
        .sort("person_id")
        .with_columns(_person())
        .join(clean, on="true_person_id", how="left", maintain_order="left")
        .with_columns(pl.col("clean").fill_null(value=False))
    )
