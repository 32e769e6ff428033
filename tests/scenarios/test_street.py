"""Scenarios on a built street: whom they mean by another hand's count, and a new one everywhere from its YAML alone."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from reports import figures
from scenarios import model, register
from street import publish
from tests.dbt_project.truth import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.scenarios.conftest import Town

Row = dict[str, Any]
Told = bool | None


def both(*parts: Told) -> Told:
    return False if False in parts else None if None in parts else True


def either(*parts: Told) -> Told:
    return True if True in parts else None if None in parts else False


def at_least(value: int | None, least: int) -> Told:
    return None if value is None else value >= least


def under(value: int | None, bound: int) -> Told:
    return None if value is None else value < bound


def elderly(row: Row) -> Told:
    return both(row["is_resident"], at_least(row["age"], 60))


#: What the files say, in another language: evaluated row by row.
MEANS: dict[str, Callable[[Row], Told]] = {
    "epidemic": lambda row: row["isolating"],
    "heatwave": lambda row: both(at_least(row["age"], 75), row["lives_alone"]),
    "typhoon": lambda row: either(
        both(row["is_ground_floor"], either(at_least(row["age"], 70), under(row["age"], 7))),
        row["has_severe_disability"],
    ),
    "flood": lambda row: both(row["is_ground_floor"], either(elderly(row), row["has_severe_disability"])),
}
COLOURS: dict[str, Callable[[Row], str]] = {
    "heatwave": lambda row: "orange" if either(at_least(row["age"], 90), row["has_severe_disability"])
    else "yellow" if row["age"] >= 80 else "blue",
    "typhoon": lambda row: "orange" if both(row["is_ground_floor"], row["has_severe_disability"])
    else "yellow" if row["lives_alone"] else "blue",
    "flood": lambda row: "orange" if row["has_severe_disability"] else "yellow",
}  # fmt: skip


@pytest.fixture(scope="module")
def attributes(town: Town) -> list[Row]:
    names = [name for (name,) in town.rows(
        "select attname from pg_attribute where attrelid = 'staging.int_person_attribute'::regclass and attnum > 0"
    )]  # fmt: skip
    found = town.rows(f"select {', '.join(names)} from staging.int_person_attribute")
    return [dict(zip(names, row, strict=True)) for row in found]


@pytest.mark.parametrize("scenario", MEANS)
def test_a_scenario_means_exactly_whom_a_naive_count_finds(town: Town, attributes: list[Row], scenario: str) -> None:
    told = {row["person_key"]: MEANS[scenario](row) for row in attributes}
    rows = town.rows(
        f"select person_key, is_unknown, colour from staging.int_scenario_person where scenario = '{scenario}'"
    )
    found = {person: None if is_unknown else True for person, is_unknown, _ in rows}
    assert found == {person: is_meant for person, is_meant in told.items() if is_meant is not False}
    assert any(told.values()), "a street on which it means nobody shows nothing"
    if scenario in COLOURS:
        by_key = {row["person_key"]: row for row in attributes}
        for person, is_unknown, colour in rows:
            assert colour == (None if is_unknown else COLOURS[scenario](by_key[person]))


def test_some_cannot_be_told_and_each_is_listed_and_counted(town: Town) -> None:
    listed = dict(town.rows("select subject, count(*) from marts.unresolved where kind = 'scenario' group by subject"))
    counted = dict(town.rows("select scenario, unknown from marts.scenario where unknown > 0"))
    assert listed == counted
    assert counted.keys() >= {"flood", "typhoon"}
    assert town.rows("select distinct reason, reason_zh, kind_zh from marts.unresolved where kind = 'scenario'") == [
        ("scenario_unknown", "不知是否属于场景对象", "场景待核实")
    ]
    assert town.rows("select count(*) from marts.worklist as duty join staging.int_scenario_person as person"
                     " using (scenario, person_key) where person.is_unknown") == [(0,)]  # fmt: skip


def test_the_flood_is_in_the_marts_the_worklist_and_the_dictionary_of_tags(town: Town) -> None:
    assert town.rows("select title_zh, state, state_zh, section_zh, retention_days, legal_basis_zh, refused_zh"
                     " from marts.scenario where scenario = 'flood'") == [
        ("内涝转移", "running", "运行中", "内涝转移", 10, "《中华人民共和国防洪法》第四十五条", None)
    ]  # fmt: skip
    assert town.rows("select distinct scenario_zh, duty_zh, reason, status, priority, due_hour from marts.worklist"
                     " where scenario = 'flood' and status <> 'done'") == [
        ("内涝转移", "上门转移", "内涝转移", "open", 2, 12)
    ]  # fmt: skip
    assert town.rows("select label_zh, icon, colour_hex, purpose_zh from marts.dim_tag where tag = 'by_the_water'") == [
        ("临水", "🌊", "#0000ff", "内涝转移")
    ]
    assert town.rows("select count(*) > 0 from marts.person_tag where label_zh = '临水'") == [(True,)]


def test_everybody_meant_has_one_duty_waiting_of_each_kind_with_what_closes_it(town: Town) -> None:
    meant = town.rows("select scenario, count(*) from staging.int_scenario_person where not is_unknown"
                      " and scenario <> 'epidemic' group by 1 order by 1")  # fmt: skip
    assert meant == town.rows("select scenario, count(*) from marts.worklist where status <> 'done'"
                              " and duty ~ '^(heat|storm|flood)_visit$' group by 1 order by 1")  # fmt: skip
    assert dict(town.rows("select distinct duty, closes_on from staging.int_duty")) == {
        "temperature_check": ["测温"], "release_visit": ["解除隔离"], "heat_visit": ["独居探访"],
        "storm_visit": ["独居探访", "助残探访"], "flood_visit": ["独居探访", "助残探访"],
        "living_alone_visit": ["独居探访"], "severe_disability_visit": ["助残探访"],
    }  # fmt: skip


def test_of_the_changes_of_a_standing_duty_the_shortest_cadence_wins(town: Town) -> None:
    assert town.rows("select every_days from staging.int_duty_kind where duty = 'living_alone_visit'") == [(3,)]
    assert town.rows("select visit_every_days from marts.dim_tag where tag = 'living_alone_elderly'") == [(3,)]
    assert len(town.rows("select distinct due_on from marts.worklist where duty = 'living_alone_visit'")) == 3


def test_the_compounds_add_up_to_the_scenario_and_have_its_own_levels(town: Town) -> None:
    for scenario, population, unknown in town.rows("select scenario, population, unknown from marts.scenario"):
        in_compounds = town.rows(
            "select sum(population), sum(unknown), sum(population_orange + population_yellow + population_blue),"
            f" sum(duties_open) > 0 from marts.scenario_compound where scenario = '{scenario}'"
        )[0]
        nowhere = town.rows(
            "select count(*) filter (where not is_unknown), count(*) filter (where is_unknown)"
            " from staging.int_scenario_person as person where not exists (select from build.dim_compound as compound"
            " where compound.compound_key = person.compound_key and compound.committee_code = person.committee_code)"
            f" and scenario = '{scenario}'"
            .replace("build.", "core.")
        )[0]  # fmt: skip
        assert (in_compounds[0] + nowhere[0], in_compounds[1] + nowhere[1]) == (population, unknown)
        assert in_compounds[2:] == (in_compounds[0], True)
    assert town.rows("select distinct level from marts.scenario_compound where scenario = 'flood' and population >= 3"
                     ) == [("red",)]  # fmt: skip
    assert town.rows("select distinct level from marts.scenario_compound where scenario = 'flood'"
                     " and population in (1, 2)") == [("blue",)]  # fmt: skip
    assert town.rows("select count(*), count(distinct scenario) from marts.scenario_compound") == town.rows(
        "select count(*) * 4, 4 from core.dim_compound"
    )


def test_each_scenario_has_its_section_of_the_report(town: Town) -> None:
    found = figures.read(town.conn, DAY)
    assert [section.title for section in found.scenarios] == ["居家隔离任务", "内涝转移", "高温关怀", "防汛防台"]
    flood = {line.label: line.count for line in found.scenarios[1].counts}
    (told,) = town.rows("select population, unknown from marts.scenario where scenario = 'flood'")
    assert (flood["对象人数"], flood["无法判断人数"]) == told
    assert flood["今日应办"]
    assert (flood["今日已办"],) == town.rows(
        "select count(*) from marts.worklist where scenario = 'flood' and status = 'done'"
    )[0]
    assert found.about_scenarios == []
    assert {"上门转移", "高温上门探访"} <= {line.label for line in found.duty_kinds or ()}


def test_checking_a_file_tells_the_same_before_it_runs(town: Town) -> None:
    with town.settings():
        said, found = register.check(town.conn, town.folder / "flood.yaml", town.folder)
    (told,) = town.rows("select population, unknown from marts.scenario where scenario = 'flood'")
    assert (sum(line.population for line in found), sum(line.unknown for line in found)) == told
    assert sum(line.duties_a_day for line in found) == pytest.approx(told[0] / 2)
    assert said.title_zh == "内涝转移"
    assert len(found) > 1


@pytest.fixture
def flood(town: Town) -> Iterator[Path]:
    """Its file, which stands again as it was when the test is over."""
    path = town.folder / "flood.yaml"
    text = path.read_text(encoding="utf-8")
    yield path
    path.write_text(text, encoding="utf-8")
    assert town.sync() == []


def current(town: Town) -> bool:
    return publish.is_current(town.conn, DAY)


def test_what_was_published_is_current_until_a_scenario_changes_and_is_again_when_it_is_as_before(
    town: Town, flood: Path
) -> None:
    (used,) = town.rows("select scenarios from ops.version order by version desc limit 1")
    assert used[0].keys() == {"epidemic", "flood", "heatwave", "typhoon"}
    text = flood.read_text(encoding="utf-8")
    assert town.sync() == []
    assert current(town)
    flood.write_text(text.replace("is_elderly", "age >= 65"), encoding="utf-8")
    assert town.sync() == []
    assert not current(town)
    flood.write_text(text, encoding="utf-8")
    town.sync()
    assert current(town)


def test_a_file_that_cannot_be_used_leaves_the_last_usable_version_in_force(town: Town, flood: Path) -> None:
    flood.write_text(flood.read_text(encoding="utf-8").replace("is_elderly", "is_old"), encoding="utf-8")
    (refused,) = town.sync()
    assert refused.startswith("flood.yaml 的 population：")
    assert current(town)
    (state,) = [each for each in register.known(town.conn, DAY) if each.scenario == "flood"]
    assert (state.state, state.refused) == ("running", refused)


def test_a_scenario_is_switched_off_and_on_between_its_dates_alone(town: Town) -> None:
    register.switch(town.conn, "flood", is_on=False, on=DAY, by="测试")
    assert not current(town)
    assert "flood" not in dict(town.rows("select scenario, digest from ops.scenario_in_force('2020-03-28')"))
    town.sync()
    assert not current(town), "a run leaves the switch alone"
    register.switch(town.conn, "flood", is_on=True, on=DAY, by="测试")
    assert current(town)
    for day, sentence in ((dt.date(2020, 3, 19), "还没有开始"), (dt.date(2020, 5, 1), "已经到期")):
        for is_on in (True, False):
            with pytest.raises(model.ScenarioError, match=sentence):
                register.switch(town.conn, "flood", is_on=is_on, on=day, by="测试")
    with pytest.raises(model.ScenarioError, match="没有场景 rain；现有：epidemic、flood"):
        register.switch(town.conn, "rain", is_on=True, on=DAY, by="测试")
    town.conn.commit()


def test_past_its_end_none_runs(town: Town) -> None:
    assert town.rows("select scenario from ops.scenario_in_force('2020-05-01') order by 1") == [
        ("epidemic",), ("heatwave",), ("typhoon",)
    ]  # fmt: skip
    assert {each.scenario: each.state for each in register.known(town.conn, dt.date(2023, 1, 8))} == {
        "epidemic": "ended", "flood": "ended", "heatwave": "ended", "typhoon": "ended",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            ("is_elderly", "open_alerts > 0"),
            "没有来源说得出 open_alerts（未处置的告警数）：device_events 尚未接入",
        ),
        (("flood_visit", "heat_visit"), "任务 heat_visit 已在场景 heatwave 中"),
        (("tag: by_the_water", "tag: isolating"), "标签 isolating 已在场景 epidemic 中"),
        (("retention_days: 10", "retention_days: 10\nisolation: {days: 7, at_home: [yellow]}"), "isolation"),
    ],
)
def test_what_goes_together_with_nothing_else_is_refused(
    town: Town, flood: Path, change: tuple[str, str], sentence: str
) -> None:
    flood.write_text(flood.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    with town.settings(), pytest.raises(model.ScenarioError, match=sentence.replace("（", ".")[:12]) as refused:
        register.check(town.conn, flood, town.folder)
    assert sentence in str(refused.value)
