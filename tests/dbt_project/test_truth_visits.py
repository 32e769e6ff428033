"""Visits of the sample street and what they do to duties, trips and coverage, against its truth and a naive reading."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from hashlib import md5
from typing import TYPE_CHECKING

import polars as pl
import pytest

from .truth import DAY, differences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .truth import Street

YESTERDAY = DAY - dt.timedelta(days=1)
AT = "to_char({} at time zone 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI')"


def records(street: Street) -> pl.DataFrame:
    """The records of visits in the truth, each number once: what is sent again under its number says the same."""
    return (
        street.truth("visits")
        .unique("visit_no", keep="first", maintain_order=True)
        .with_columns(visited_at=pl.col("visited_at").dt.strftime("%Y-%m-%d %H:%M"))
    )


def told(street: Street) -> pl.DataFrame:
    """The records, with the person_key of whom each was made to."""
    return records(street).join(street.told, on="true_person_id")


def test_every_record_is_read_as_it_was_meant(street: Street) -> None:
    facts = ["visit_no", "kind", "outcome", "temperature", "visited_at"]
    true = records(street).with_columns(pl.col("temperature").cast(pl.String).cast(pl.Float64))
    built = street.built(
        f"select visit_no, kind, outcome, temperature_c as temperature, {AT.format('visited_at')} as visited_at"
        " from staging.stg_visit_log"
    ).with_columns(pl.col("temperature").cast(pl.Float64))
    assert true.height > 200
    assert differences(true, built, facts) == []


def test_a_document_tells_whom_a_visit_was_made_to_and_nothing_tells_somebody_else(street: Street) -> None:
    built = street.built(
        "select told.visit_no, visited.person_key from staging.int_visit_person as visited"
        " inner join staging.stg_visit_log as told using (batch_id, row_no)"
    )
    true = told(street)
    both = true.join(built, on="visit_no", how="left", suffix="_built")
    right = pl.col("person_key") == pl.col("person_key_built")
    by_document = both.filter(pl.col("by") == "document")
    assert by_document.height > 50
    assert by_document.filter(right.not_() | pl.col("person_key_built").is_null()).rows() == []
    # Of a name or a phone somebody may not be told; nobody is taken for another.
    known = both.filter(pl.col("person_key_built").is_not_null())
    one = known.group_by("visit_no").agg(right=right.any())
    assert one.filter(~pl.col("right")).rows() == []
    assert known["visit_no"].n_unique() > 0.9 * both["visit_no"].n_unique()


def test_a_visit_counts_once_however_often_it_was_sent(street: Street) -> None:
    sure = records(street).filter(pl.col("by") == "document")
    once = sure.select("true_person_id", "kind", "visited_at").unique()
    assert sure.height > once.height
    built = street.built(f"select person_key, kind, {AT.format('visited_at')} as visited_at from build.visit").join(
        street.told, on="person_key"
    )
    counted = (
        built.group_by("true_person_id", "kind", "visited_at")
        .len()
        .join(once, on=["true_person_id", "kind", "visited_at"])
    )
    assert counted.filter(pl.col("len") != 1).rows() == []
    assert counted.height >= 0.95 * once.height


def unambiguous(street: Street, kind: str, since: str = "") -> pl.DataFrame:
    """(true_person_id, person_key, dwelling_code) where the documents of all visits of a kind tell whom they met."""
    here = street.truth("residents").filter("clean").select("true_person_id", "dwelling_code")
    doubtful = records(street).filter(
        (pl.col("kind") == kind) & (pl.col("by") != "document") & (pl.col("visited_at") >= since)
    )
    return (
        here.join(doubtful, on="dwelling_code", how="anti")
        .join(doubtful, on="true_person_id", how="anti")
        .join(street.told, on="true_person_id")
        .filter(pl.len().over("true_person_id") == 1)
    )


def turns(first: dt.date, cadence: int, visits: Iterable[tuple[str, str]]) -> Iterator[tuple[dt.date, str | None, int]]:
    """(due, done at, attempts) of a duty that is waited for again and again; `visits` as (at, outcome) in order."""
    due, rest = first, list(visits)
    while True:
        begins = due - dt.timedelta(days=cadence // 2)
        timely = [(at, outcome) for at, outcome in rest if dt.date.fromisoformat(at[:10]) >= begins]
        done = next((at for at, outcome in timely if outcome == "made"), None)
        yield due, done, sum(outcome == "attempt" and (done is None or at < done) for at, outcome in timely)
        if done is None:
            return
        rest = [(at, outcome) for at, outcome in rest if at > done]
        due = dt.date.fromisoformat(done[:10]) + dt.timedelta(days=cadence)


def by_person(street: Street, kind: str) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    made = records(street).filter(pl.col("kind") == kind).select("true_person_id", "visited_at", "outcome").unique()
    for person, at, outcome in made.sort("visited_at").iter_rows():
        found[person].append((at, outcome))
    return found


def duties(street: Street, duty: str, people: pl.DataFrame) -> dict[tuple[str, str], tuple[str | None, int]]:
    """(person_key, due on) -> (done at, attempts), as built."""
    rows = street.built(
        f"select person_key, due_on::text as due_on, {AT.format('done_at')} as done_at, attempts"
        f" from staging.int_duty_due where duty = '{duty}'"
    ).join(people, on="person_key", how="semi")
    return {(key, due): (done, int(attempts)) for key, due, done, attempts in rows.iter_rows()}


def test_temperature_checks_are_done_by_the_first_measurement_and_by_nothing_else(street: Street) -> None:
    people = unambiguous(street, "测温", since=YESTERDAY.isoformat())
    episodes = street.truth("episodes").filter(pl.col("clean").all().over("true_person_id"))
    visits = by_person(street, "测温")
    expected = {}
    for person, started, release in episodes.select("true_person_id", "started_on", "release_on").iter_rows():
        for key in people.filter(pl.col("true_person_id") == person)["person_key"]:
            for day in (YESTERDAY, DAY):
                if started <= day < release:
                    (_, done, attempts), *_ = turns(day, 1, visits[person])
                    expected[key, day.isoformat()] = (done, attempts)
    concerned = people.filter(pl.col("person_key").is_in([key for key, _ in expected]))
    assert len(expected) > 5
    assert {done is None for done, _ in expected.values()} == {True, False}
    assert duties(street, "temperature_check", concerned) == expected


@pytest.mark.parametrize(("duty", "tag", "kind", "cadence"), [
    ("living_alone_visit", "living_alone_elderly", "独居探访", 7),
    ("severe_disability_visit", "severe_disability", "助残探访", 30),
])  # fmt: skip
def test_a_periodic_visit_is_done_and_due_again(street: Street, duty: str, tag: str, kind: str, cadence: int) -> None:
    people = unambiguous(street, kind)
    tagged = street.truth("tags").filter((pl.col("tag") == tag) & pl.col("clean"))
    people = people.join(tagged, on="true_person_id", how="semi").join(
        street.built(f"select person_key from build.person_tag where tag = '{tag}'"), on="person_key", how="semi"
    )
    visits = by_person(street, kind)
    expected = {}
    for person, key in people.select("true_person_id", "person_key").iter_rows():
        first = DAY + dt.timedelta(days=int(md5(key.encode()).hexdigest()[:8], 16) % cadence)  # noqa: S324
        for due, done, attempts in turns(first, cadence, visits[person]):
            if done is None or due >= YESTERDAY or done >= YESTERDAY.isoformat():
                expected[key, due.isoformat()] = (done, attempts)
    assert len(expected) > 5
    assert duties(street, duty, people) == expected


def test_a_fever_is_measured_again_within_the_hour_or_overdue(street: Street) -> None:
    fevers = street.built(
        f"select {AT.format('due_at')} as due_at, {AT.format('done_at')} as done_at, person_key"
        " from staging.int_duty_due where duty = 'fever_followup'"
    )
    true = told(street).filter((pl.col("temperature") >= 37.3) & (pl.col("by") == "document"))
    found = pl.col("visited_at").str.to_datetime("%Y-%m-%d %H:%M") + pl.duration(hours=1)
    due = true.select("person_key", due_at=found.dt.strftime("%Y-%m-%d %H:%M")).unique()
    assert due.height > 0
    open_or_recent = fevers.filter(pl.col("done_at").is_null() | (pl.col("done_at") >= YESTERDAY.isoformat()))
    late = due.filter(pl.col("due_at") >= YESTERDAY.isoformat())
    assert late.join(open_or_recent, on=["person_key", "due_at"], how="anti").rows() == []
    statuses = street.built("select distinct status, priority from build.worklist where duty = 'fever_followup'")
    assert set(statuses["priority"]) <= {"1"}


def test_a_trip_is_all_that_is_to_do_at_a_place(street: Street) -> None:
    columns = "dwelling_key, person_key, due_at::text as due_at, priority, status"
    places: dict[tuple[str | None, str | None], list[tuple[str, str, str, str]]] = defaultdict(list)
    for door, person, due_at, priority, status in street.built(
        f"select {columns} from build.worklist where due_on <= '{DAY}'"
    ).iter_rows():
        places[door, person if door is None else None].append((person, due_at, priority, status))
    expected = [
        (
            door, person, len({each[0] for each in found}), len(found), len(found) - 1,
            min(each[1] for each in found), min(each[2] for each in found),
            "done" if all(each[3] == "done" for each in found)
            else "overdue" if any(each[3] == "overdue" for each in found) else "open",
        )
        for (door, person), found in places.items()
    ]  # fmt: skip
    built = street.built(
        "select dwelling_key, person_key, persons, duties, duties_saved, first_due_at::text, priority, status"
        " from build.trip"
    )
    rows = [(door, person, int(a), int(b), int(c), *rest) for door, person, a, b, c, *rest in built.iter_rows()]
    assert any(saved for *_, saved, _, _, _ in expected), "some trip saves another"
    assert sorted(map(repr, rows)) == sorted(map(repr, expected))


def test_coverage_is_the_share_of_the_isolating_who_were_measured(street: Street) -> None:
    isolating = street.built(
        f"select committee_code, person_key from staging.int_episode_day where business_date = '{YESTERDAY}'"
    )
    measured = street.built(
        "select distinct person_key from build.visit where temperature_c is not null"
        f" and (visited_at at time zone 'Asia/Shanghai')::date = '{YESTERDAY}'"
    )
    whole = isolating.with_columns(committee_code=pl.lit("310115016"))
    counted = (
        pl.concat([isolating, whole])
        .with_columns(measured=pl.col("person_key").is_in(measured["person_key"].implode()))
        .group_by("committee_code")
        .agg(coverage=(100 * pl.col("measured").mean()).round(2))
    )
    built = dict(
        street.built(
            f"select committee_code, coverage_pct from build.governance_daily where business_date = '{YESTERDAY}'"
        ).rows()
    )
    assert {code: float(built[code]) for code in counted["committee_code"] if code} == pytest.approx(
        {code: share for code, share in counted.iter_rows() if code}, abs=0.011
    )
    assert 50 < float(built["310115016"]) < 100


def test_what_the_committees_did_is_what_the_street_did(street: Street) -> None:
    sums = street.built(
        "select sum(duties_done) filter (where committee_code <> '310115016') as parts,"
        " sum(duties_done) filter (where committee_code = '310115016') as whole,"
        " sum(duties_overdue) filter (where committee_code <> '310115016') as parts_overdue,"
        " sum(duties_overdue) filter (where committee_code = '310115016') as overdue"
        f" from build.governance_daily where business_date = '{YESTERDAY}'"
    ).row(0, named=True)
    assert sums["parts"] == sums["whole"] != "0"
    assert sums["parts_overdue"] == sums["overdue"] != "0"
