"""`street scenario`, as people call it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from runtime.cli import app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.conftest import Town

DATE = ("--date", "2020-03-28")


@pytest.fixture
def at_home(town: Town) -> Iterator[Town]:
    with town.settings():
        yield town
    town.sync()


def street(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["scenario", *arguments])
    return done.exit_code, done.output


def test_check_tells_whom_a_file_would_mean_by_committee(at_home: Town) -> None:
    code, told = street("check", "scenarios/heatwave.yaml", *DATE)
    assert code == 0, told
    ((population, unknown),) = at_home.rows(
        "select to_char(population, 'FM999,999'), to_char(unknown, 'FM999,999') from marts.scenario"
        " where scenario = 'heatwave'"
    )
    assert f"高温关怀：{population} 人，无法判断 {unknown} 人" in told
    assert "从 2020-03-21 到 2020-05-27；2020-03-28 运行中。" in told
    assert "牡丹" in told
    assert "秒" in told


def test_check_says_what_is_wrong(at_home: Town) -> None:
    path = at_home.place / "rain.yaml"
    path.write_text("scenario: rain\ntitle_zh: 雨\n", encoding="utf-8")
    code, told = street("check", str(path), *DATE)
    assert (code, told.strip()) == (1, "rain.yaml：缺少 legal_basis。")


def test_list_names_each_with_its_state(at_home: Town) -> None:
    code, told = street("list", *DATE)
    assert code == 0, told
    for word in ("epidemic", "疫情防控", "heatwave", "typhoon", "运行中", "2023-01-07"):
        assert word in told


def test_off_and_on_are_kept_and_refused_outside_the_dates(at_home: Town) -> None:
    assert street("off", "heatwave", *DATE) == (0, "场景 heatwave 已关闭。运行 `street run` 后生效。\n")
    assert "已关闭" in street("list", *DATE)[1]
    assert street("on", "heatwave", *DATE) == (0, "场景 heatwave 已打开。运行 `street run` 后生效。\n")
    code, told = street("on", "heatwave", "--date", "2021-01-01")
    assert code == 1
    assert "已经到期" in told
