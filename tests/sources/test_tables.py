"""Which rows of a list are records, whatever the format: the rules that workbooks and texts share."""

import datetime as dt

import pytest

from expectations.checks import Arrived, checks
from sources.contract import load
from sources.readers import reading
from sources.readers.headings import names_of
from sources.readers.tables import Table, tabulate

HOUSING = load("housing_registry")
WELFARE = load("welfare_list")
HEADINGS = ["房屋编码", "号", "室号"]


def _read(rows, contract=HOUSING):
    return tabulate(contract, [Table(rows)])


@pytest.mark.parametrize("total", [["合计", "", "3"], ["总计:", "", ""], ["合 计", "2幢", "3户"]])
def test_a_total_in_the_first_column_with_nothing_but_counts_is_no_record(total):
    read = _read([HEADINGS, ["D1", "30", "502"], total, ["D2", "30", "503"]])
    assert read.frame["dwelling_code"].to_list() == ["D1", "D2"]


def test_a_total_in_the_first_column_with_more_than_counts_stays():
    assert _read([HEADINGS, ["合计", "三十号", "502"]]).rows == 1
    headings = ["姓名", "身份证号", "待遇类别", "开始日期"]
    assert _read([headings, ["合计", "310115198808081018", "", ""]], WELFARE).rows == 1


def test_headings_with_records_above_them_are_told():
    read = _read([["D0", "30", "501"], HEADINGS, ["D1", "30", "502"]])
    assert read.problem is not None
    assert "第 1 条在列标题之上" in read.problem
    assert read.readable


def test_headings_deep_below_are_no_headings_and_that_is_told():
    read = _read([["D0", "30", "501"]] * 40 + [HEADINGS])
    assert not read.readable
    assert "没有找到列标题" in (read.problem or "")


def test_headings_in_two_rows_win_over_their_repetition_in_one():
    upper, lower = ["房屋编码", "门牌", ""], ["", "号", "室号"]
    read = _read([upper, lower, ["D1", "30", "502"], HEADINGS, ["D2", "30", "503"], upper, lower, ["D3", "1", "2"]])
    assert read.frame["dwelling_code"].to_list() == ["D1", "D2", "D3"]
    assert read.problem is None


def test_a_stray_quote_in_a_heading_is_no_part_of_it():
    assert names_of(HOUSING, ['"房屋编码', "号", '室号"'])[0].keys() == {"dwelling_code", "building_no", "room_no"}


def test_every_mark_of_a_row_is_a_flag_of_the_gate():
    marks = {value for name, value in vars(reading).items() if name.endswith("_MARK")}
    arrived = Arrived(dt.date(2020, 3, 28), dt.datetime(2020, 3, 28, 7, 30, tzinfo=dt.UTC))
    flags = " ".join(check.offending for check in checks(HOUSING, arrived) if check.severity == "flag")
    assert len(marks) == 5
    assert all(f"'{mark}'" in flags for mark in marks)
