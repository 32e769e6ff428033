"""Benefits, certificates, roles, tags and duties of the sample street, against its truth."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl
import pytest

from .truth import DAY

if TYPE_CHECKING:
    from .truth import Street

TAGS = (
    "elderly", "oldest_old", "living_alone_elderly", "elderly_only_household", "infant", "minor", "disabled",
    "severe_disability", "low_income", "meal_service", "home_care", "party_member", "volunteer", "building_leader",
    "isolating",
)  # fmt: skip
OF_A_HOME = ("living_alone_elderly", "elderly_only_household")


def test_services_are_exactly_right(street: Street) -> None:
    facts = ["person_key", "service", "started_on", "ended_on", "monthly_amount", "current"]
    true = street.truth("services").join(street.person, on="true_person_id")
    true = true.with_columns(pl.col("ended_on").cast(pl.String), pl.col("current").cast(pl.String))
    certain = true.filter("clean")
    built = street.built(
        "select person_key, service, started_on, ended_on::text, monthly_amount::float,"
        " is_current::text as current"
        " from build.service_roster"
    ).with_columns(pl.col("monthly_amount").cast(pl.Float64))
    built = built.join(certain, on="person_key", how="semi")
    assert certain.height > 500
    # A benefit without a good number may be tied by evidence, and may stay alone; it is nobody else's.
    missing = certain.join(built, on=facts, how="anti", nulls_equal=True)
    strange = built.join(true, on=facts, how="anti", nulls_equal=True)
    assert (missing.select(facts).rows(), strange.rows()) == ([], [])


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_is_exactly_right(street: Street, tag: str) -> None:
    true = street.truth("tags").filter(pl.col("tag") == tag)
    # Whom the port knows by a passport alone is another person than the resident of the registry: one of them bears it.
    true = true.join(street.told if tag == "isolating" else street.person, on="true_person_id")
    built = street.built(f"select person_key from build.person_tag where tag = '{tag}'")
    clean = true.filter("clean").select("true_person_id").unique()
    bearing = true.join(built, on="person_key", how="semi")
    assert clean.height > 0
    assert clean.join(bearing, on="true_person_id", how="anti").height == 0, "whoever bears it has it"
    # Nobody else has it whose own records, and for a tag of the whole home everybody's there, are clean.
    sure = street.truth("residents").filter(
        pl.col("clean").all().over("dwelling_code") if tag in OF_A_HOME else "clean"
    )
    wrong = built.join(true, on="person_key", how="anti").join(street.person, on="person_key")
    assert wrong.join(sure, on="true_person_id", how="semi").height == 0, "nobody else has it"


def test_household_view_shows_services_certificates_and_tags(street: Street) -> None:
    differing = street.built(
        "with tagged as ("
        "  select person_key, array_agg(tag order by tag) as tags from build.person_tag group by person_key"
        "), served as ("
        "  select person_key, array_agg(service order by service) as services from build.service_roster"
        "  where is_current group by person_key"
        ") select person_key from build.household_view as household"
        " left join tagged using (person_key) left join served using (person_key)"
        " where household.tags is distinct from coalesce(tagged.tags, '{}')"
        " or household.services is distinct from coalesce(served.services, '{}')"
        " or ('disabled' = any(household.tags)) <> (disability_level is not null)"
        " or ('severe_disability' = any(household.tags)) <> coalesce(disability_level <= 2, false)"
    )
    assert differing.height == 0
    assert street.built("select 1 as one from build.household_view where services <> '{}'").height > 500


def test_isolating_persons_have_one_check_today_that_is_not_overdue(street: Street) -> None:
    checks = street.built(
        "select person_key, (due_at at time zone 'Asia/Shanghai')::text as due_at"
        " from build.worklist where duty = 'temperature_check'"
    )
    isolating = street.built("select distinct person_key from build.isolation_episode where status = 'isolating'")
    assert sorted(checks["person_key"]) == sorted(isolating["person_key"])
    assert checks["due_at"].unique().to_list() == ["2020-03-28 20:00:00"]
    statuses = street.built("select distinct status from build.worklist where duty = 'temperature_check'")
    assert statuses.rows() == [("open",)]


def test_visits_of_those_living_alone_are_spread_evenly_over_a_week(street: Street) -> None:
    visits = street.built(
        "select person_key, (due_at at time zone 'Asia/Shanghai')::date::text as due_on from build.worklist"
        " where duty = 'living_alone_visit'"
    )
    alone = street.built("select person_key from build.person_tag where tag = 'living_alone_elderly'")
    assert sorted(visits["person_key"].unique()) == sorted(alone["person_key"])
    visited = street.built("select distinct person_key from build.visit where outcome = 'made'")
    days = dict(visits.join(visited, on="person_key", how="anti").group_by("due_on").len().rows())
    assert set(days) == {str(DAY + dt.timedelta(days=n)) for n in range(7)}
    assert max(days.values()) < 2.5 * min(days.values())


def test_duties_due_of_the_committees_and_the_unplaced_are_the_streets(street: Street) -> None:
    due = dict(
        street.built("select committee_code, duties_due from build.governance_daily where business_date = '2020-03-28'")
        .with_columns(pl.col("duties_due").cast(pl.Int64))
        .rows()
    )
    whole = due.pop("310115016")
    listed = street.built(
        "select 1 as one from build.worklist where (due_at at time zone 'Asia/Shanghai')::date = '2020-03-28'"
    )
    assert whole == sum(due.values()) == listed.height > 0
