"""What a dashboard reads can't mislead it: codes have words, histories and sums agree, every row says what it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from sources.contract import all_contracts
from street import catalogue, dbt
from street.vocabulary import STREET_CODE, labels, seed

if TYPE_CHECKING:
    from .truth import Street

MARTS = sorted(name for name, product in catalogue.published().items() if product.schema == "marts")
#: Columns in words whose code has another name than the column without `_zh`.
CODES = {"relation_zh": "relation_to_head"}
#: Texts that stand for no code.
TEXTS = ("label_zh", "purpose_zh", "title_zh", "legal_basis_zh", "refused_zh", "section_zh")


def columns(mart: str) -> list[str]:
    file = dbt.PROJECT / "models" / "marts" / f"{mart}.yml"
    return [column["name"] for column in yaml.safe_load(file.read_text(encoding="utf-8"))["models"][0]["columns"]]


LABELLED = [
    (mart, CODES.get(column, column.removesuffix("_zh")), column)
    for mart in MARTS
    for column in columns(mart)
    if column.endswith("_zh") and column not in TEXTS
]


@pytest.mark.parametrize(("mart", "code", "label"), LABELLED, ids=lambda value: value)
def test_every_code_has_its_words_beside_it(street: Street, mart: str, code: str, label: str) -> None:
    assert code in columns(mart)
    assert street.built(f"select 1 as one from build.{mart} where ({code} is null) <> ({label} is null)").height == 0


@pytest.mark.parametrize("mart", [mart for mart in MARTS if {"committee_code", "committee_name"} <= {*columns(mart)}])
def test_every_committee_has_its_name_beside_it(street: Street, mart: str) -> None:
    names = {row["committee_code"]: row["committee_name"] for row in seed("committees")}
    built = dict(street.built(f"select distinct committee_code, committee_name from build.{mart}").rows())
    assert {code: name for code, name in built.items() if code in names} == {
        code: name for code, name in names.items() if code in built
    }
    assert built.keys() & names.keys()


def test_the_relations_in_words_are_those_that_the_contract_lets_in() -> None:
    contract = next(each for each in all_contracts() if each.feed == "household_registry")
    pattern = next(column.pattern for column in contract.columns if column.name == "relation_to_head")
    assert pattern is not None
    let_in = {f"{n:02}" for n in range(100) if re.fullmatch(pattern, f"{n:02}")}
    # The standard gives 13 to 19 to nobody.
    assert let_in - labels("relation_to_head").keys() == {str(n) for n in range(13, 20)}
    assert labels("relation_to_head").keys() <= let_in


def test_a_day_of_the_compounds_is_their_overview_of_that_day(street: Street) -> None:
    assert street.built("select 1 as one from build.compound_daily where isolating > 0").height > 20
    differing = street.built(
        "with a as (select compound_key, committee_code, isolating, isolating_orange, isolating_yellow, isolating_blue,"
        "  level, level_zh from build.compound_overview),"
        " b as (select compound_key, committee_code, isolating, isolating_orange, isolating_yellow, isolating_blue,"
        "  level, level_zh from build.compound_daily where business_date = as_of)"
        " (table a except table b) union all (table b except table a)"
    )
    assert differing.rows() == []


def test_the_last_14_days_of_the_compounds_are_their_arrivals_and_releases(street: Street) -> None:
    differing = street.built(
        "select 1 as one from build.compound_overview as overview"
        " join (select compound_key, committee_code, sum(arrivals) as arrivals, sum(released) as released"
        "  from build.compound_daily where business_date > as_of - 14 group by 1, 2) as days"
        " using (compound_key, committee_code)"
        " where arrivals <> arrivals_14d or released < completed_14d"
    )
    assert differing.rows() == []


def test_no_compounds_of_a_committee_hold_more_than_the_committee(street: Street) -> None:
    more = street.built(
        "select 1 as one from (select business_date, committee_code, sum(isolating) as isolating,"
        "  sum(arrivals) as arrivals, sum(released) as released from build.compound_daily group by 1, 2) as compounds"
        " join build.governance_daily as day using (business_date, committee_code) where row_kind = 'committee'"
        " and (compounds.isolating > day.isolating or compounds.arrivals > day.arrivals"
        "  or compounds.released > day.released)"
    )
    assert more.rows() == []


def test_each_kind_of_row_is_named_and_one_kind_alone_adds_up(street: Street) -> None:
    kinds = dict(
        street.built(
            "select row_kind, count(distinct committee_code)::text from build.governance_daily group by 1"
        ).rows()
    )
    assert kinds == {"street": "1", "unplaced": "1", "committee": str(len(seed("committees")))}
    differing = street.built(
        "select business_date::text from build.governance_daily group by business_date"
        " having sum(isolating) filter (where row_kind = 'street')"
        "  <> sum(isolating) filter (where row_kind <> 'street')"
    )
    assert differing.rows() == []
    named = street.built(f"select committee_name from build.dim_committee where committee_code = '{STREET_CODE}'")
    assert named.rows() == [("花木街道",)]


def test_the_curve_of_releases_adds_up_to_who_isolates_now(street: Street) -> None:
    days = street.built(
        "select count(distinct release_on)::text as days, sum(releasing)::text as releasing,"
        " (select count(*)::text as isolating from build.isolation_episode where status = 'isolating') as isolating"
        " from build.release_curve"
    ).row(0)
    assert days[0] == "14"
    assert days[1] == days[2] != "0"


def test_residents_grow_fewer_from_the_street_to_the_compounds_to_the_doors(street: Street) -> None:
    counted = [
        int(street.built(f"select sum(residents)::text from build.{source}").row(0)[0])
        for source in (
            "governance_daily where row_kind = 'street'", "compound_overview", "building_view",
        )
    ]  # fmt: skip
    assert counted == sorted(counted, reverse=True)
    assert len(set(counted)) == 3


def test_a_duty_is_due_at_the_hour_on_the_offices_clock(street: Street) -> None:
    hours = street.built(
        "select due_hour::text, extract(hour from due_at at time zone 'Asia/Shanghai')::text, count(*)::text"
        " from build.worklist where due_on = (due_at at time zone 'Asia/Shanghai')::date group by 1, 2"
    ).rows()
    assert all(said == clock for said, clock, _ in hours)
    assert "20" in {said for said, _, _ in hours}


def test_a_building_has_one_name_and_its_floors(street: Street) -> None:
    named = street.built(
        "select building_key from build.building_view group by building_key"
        " having count(distinct building_name) <> 1 or min(floors_total) is null or max(floor) > min(floors_total)"
    )
    assert named.rows() == []


def test_the_dictionaries_are_in_their_order_with_a_colour_each(street: Street) -> None:
    for name, key in (("tag", "tag"), ("level", "level")):
        rows = street.built(f"select {key}, colour_hex, icon from build.dim_{name} order by sort_order").rows()
        standing = [row[key] for row in seed(f"{name}s")]
        assert [row[0] for row in rows if row[0] in standing] == standing
        assert {row[0] for row in rows} - {*standing} == ({"isolating"} if name == "tag" else set())
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) and icon for _, colour, icon in rows)
    bounds = street.built("select from_persons::text, to_persons::text from build.dim_level order by sort_order").rows()
    assert bounds == [("0", "0"), ("1", "4"), ("5", "9"), ("10", "19"), ("20", None)]
