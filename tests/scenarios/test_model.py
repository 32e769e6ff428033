"""A scenario's file: closed, with a right, a purpose and an end, or refused with a sentence that names the place."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from scenarios import model, register
from scenarios.vocabulary import standing_tags, with_tags

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FLOOD: dict[str, Any] = {
    "scenario": "flood",
    "title_zh": "内涝转移",
    "legal_basis": "《中华人民共和国防洪法》",
    "purpose": "内涝时转移底层老人",
    "runs": {"from": dt.date(2020, 3, 20), "until": dt.date(2020, 4, 30)},
    "population": "is_ground_floor and age >= 80",
    "colours": [{"otherwise": "blue"}],
    "levels": {"blue": 1},
    "report": {"section_zh": "内涝转移", "figures": ["population"]},
    "retention_days": 10,
}
DUTY = {
    "duty": "flood_visit",
    "label_zh": "上门转移",
    "every_days": 2,
    "due": "12:00",
    "priority": 2,
    "closes_on": ["独居探访"],
}


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Writes the flood's file with other values; what is None is left out."""

    def write(**changes: Any) -> Path:
        said = {key: value for key, value in (FLOOD | changes).items() if value is not None}
        path = tmp_path / "flood.yaml"
        path.write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
        return path

    return write


def read(path: Path) -> model.Compiled:
    return model.compiled(model.read(path), with_tags(standing_tags()))


def test_the_projects_own_scenarios_can_be_used() -> None:
    names = [model.read(path).scenario for path in register.files()]
    assert names == ["epidemic", "heatwave", "typhoon"]


def test_a_scenario_runs_from_its_first_to_its_last_day(file: Callable[..., Path]) -> None:
    said = model.read(file())
    states = {day: said.state(dt.date(2020, *day)) for day in ((3, 19), (3, 20), (4, 30), (5, 1))}
    assert list(states.values()) == ["coming", "running", "running", "ended"]


@pytest.mark.parametrize("missing", ["legal_basis", "purpose", "runs", "population", "report", "retention_days"])
def test_none_without_a_right_a_purpose_and_an_end(file: Callable[..., Path], missing: str) -> None:
    with pytest.raises(model.ScenarioError, match=rf"^flood.yaml：缺少 {missing}。$"):
        read(file(**{missing: None}))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"legal_basis": " "}, "legal_basis 不能空着"),
        ({"legal_basis": "待填写"}, "待填写"),
        ({"runs": {"from": dt.date(2020, 3, 1)}}, "缺少 runs.until"),
        ({"runs": {"from": dt.date(2020, 3, 2), "until": dt.date(2020, 3, 1)}}, "until 不能早于 from"),
        ({"runs": {"from": "soon", "until": dt.date(2020, 3, 1)}}, "runs.from 的写法不对，要写成日期"),
        ({"run": 1}, "没有 run 这一项；可写 scenario、title_zh"),
        ({"report": {"section_zh": "x", "figures": ["people"]}}, "report.figures.0 只能是"),
        ({"unknown": "drop"}, "unknown 只能是"),
        ({"levels": {"blue": 5, "yellow": 5}}, "由少到多"),
        ({"levels": {"pink": 5}}, "levels.pink"),
        ({"colours": [{"otherwise": "blue"}, {"when": "age > 5", "colour": "orange"}]}, "只能是最后一条"),
        ({"colours": [{"when": "age > 5"}]}, "写 {when: 条件, colour: 颜色}"),
        ({"colours": []}, "colours 至少要有1项"),
        ({"duties": [DUTY | {"due": 1080}]}, "duties.0.due 的写法不对，要写成文字（必要时加引号）"),
        ({"duties": [DUTY | {"due": "25:00"}]}, "duties.0.due 的写法不对"),
        ({"duties": [DUTY | {"priority": 9}]}, "duties.0.priority 至多是5"),
        ({"duties": [DUTY | {"every_days": None}]}, "every_days 和 due_on 写且只写一个"),
        ({"duties": [DUTY | {"every_days": None, "due_on": "release"}]}, "只用于有 isolation 的场景"),
        ({"duties": [DUTY | {"closes_on": ["看望"]}]}, "closes_on 没有看望，只有：测温、送菜"),
        ({"duties": [DUTY, DUTY]}, "duties 中有重名"),
        ({"duties": [DUTY | {"duty": "living_alone_visit"}]}, "living_alone_visit 是常设的任务或标签"),
        ({"changes": [{"duty": "no_visit", "every_days": 3}]}, "changes 只能改常设任务"),
        ({"scenario": "Flood!"}, "scenario 的写法不对"),
        ({"scenario": "rain"}, "文件名要和它一样"),
        ({"population": "ground and age"}, "population：条件“ground and age”不能用：第1个字符起"),
        ({"population": "true; drop table ops.batch"}, "population：条件"),
        ({"colours": [{"when": "age", "colour": "blue"}]}, r"colours\[0\].when：条件"),
        ({"colours": [{"when": "origin_kind = 'border'", "colour": "blue"}]}, r"colours\[0\].when：条件"),
        ({"retention_days": -1}, "retention_days 至少是0"),
        ({"title_zh": "a\nb"}, "title_zh 的写法不对"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    file: Callable[..., Path], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(model.ScenarioError, match=sentence) as refused:
        read(file(**changes))
    assert str(refused.value).startswith(("flood.yaml", "rain.yaml"))


@pytest.mark.parametrize("text", ["", "[]", "a: [", "a: b: c", "\x00"])
def test_what_is_no_yaml_of_keys_is_said(tmp_path: Path, text: str) -> None:
    path = tmp_path / "flood.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(model.ScenarioError, match=r"^flood.yaml：.*。$"):
        read(path)


def test_bytes_that_are_no_text_and_a_file_that_is_not_there_are_said(tmp_path: Path) -> None:
    (tmp_path / "flood.yaml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "flood.yaml", tmp_path / "none.yaml"):
        with pytest.raises(model.ScenarioError, match=rf"^{path.name}：.*。$"):
            read(path)


def test_another_condition_is_another_version_and_the_same_file_the_same(file: Callable[..., Path]) -> None:
    first = read(file()).digest
    assert first == read(file()).digest
    for changes in ({"population": "is_ground_floor and age >= 81"}, {"retention_days": 11}, {"duties": [DUTY]}):
        assert read(file(**changes)).digest != first
