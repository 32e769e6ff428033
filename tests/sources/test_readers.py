import datetime as dt
import gzip
import json

import polars as pl
import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from sources.contract import load
from sources.readers import delimited, pages, workbook
from sources.readers.headings import names_of
from sources.readers.limits import Limits
from sources.readers.reading import row_hashes
from sources.readers.tables import Table, tabulate

HOUSEHOLD = load("household_registry")
HOUSING = load("housing_registry")
LIMITS = Limits.of_office()
HEADINGS = [column.header for column in HOUSEHOLD.columns]


def _household(tmp_path, content: bytes):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(content)
    return delimited.read(path, HOUSEHOLD, LIMITS)


def _housing(tmp_path, text: str, encoding="utf-8-sig"):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(encoding))
    return delimited.read(path, HOUSING, LIMITS)


@given(st.permutations(HEADINGS), st.sampled_from([" ", "\u3000", "\ufeff", "\u200b", "\n"]))
def test_headings_match_in_any_order_and_width_and_with_any_white_space(headings, space):
    written = [space.join(heading) + space for heading in headings]
    known, unknown = names_of(HOUSEHOLD, written)
    assert [HOUSEHOLD.column(name).header for name in sorted(known, key=known.__getitem__)] == headings
    assert unknown == {}


def test_synonyms_are_known_and_other_headings_are_kept():
    known, unknown = names_of(HOUSEHOLD, ["公民身份号码", "人员编号", "备注", "手机号", "人员编号"])
    assert known == {"id_number": 0, "person_no": 1, "phone": 3}
    assert unknown == {"备注": 2, "人员编号": 4}


def test_quoted_commas_and_line_breaks_mixed_line_ends_and_blank_lines(tmp_path):
    text = '房屋编码,号,室号,备注\r\nD1,"3,0","5\n02",甲\nD2,30,501,\r\r\n , ,,\nD3,30,5"管,乙'
    reading = _housing(tmp_path, text)
    assert reading.problem is None
    assert reading.frame["dwelling_code"].to_list() == ["D1", "D2", "D3"]
    assert reading.frame["building_no"].to_list() == ["3,0", "30", "30"]
    assert reading.frame["room_no"].to_list() == ["5\n02", "501", '5"管']
    assert [extra and json.loads(extra) for extra in reading.frame["_extra"]] == [{"备注": "甲"}, None, {"备注": "乙"}]
    assert reading.unknown_columns == ["备注"]


def test_a_row_with_too_many_or_too_few_fields_is_kept_and_marked(tmp_path):
    reading = _housing(tmp_path, "房屋编码,号,室号\nD1,30\nD2,30,501,x\nD3,30,502\n")
    assert reading.frame["dwelling_code"].to_list() == ["D1", "D2", "D3"]
    assert [extra and json.loads(extra) for extra in reading.frame["_extra"]] == [
        {"_ragged": "2"}, {"第4列": "x", "_ragged": "4"}, None,
    ]  # fmt: skip


def test_nul_bytes_are_removed_and_marked(tmp_path):
    reading = _housing(tmp_path, "房屋编码,号,室号\nD\x001,30,\x00\nD2,30,502\n")
    assert reading.frame["dwelling_code"].to_list() == ["D1", "D2"]
    assert reading.frame["room_no"].to_list() == [None, "502"]
    assert json.loads(reading.frame["_extra"][0]) == {"_nul_bytes": "dwelling_code,room_no"}


def test_rare_characters_survive_gb18030(tmp_path):
    name = "㐀𠮷·买买提"
    rows = f"人员编号,姓名,现住地址\nP1,{name},x\n"
    reading = _household(tmp_path, gzip.compress(rows.encode("gb18030")))
    assert reading.frame["full_name"].to_list() == [name]


@pytest.mark.parametrize("cut", [1, 9, 5000])
def test_a_truncated_gzip_gives_its_rows_and_says_so(tmp_path, cut):
    rows = "人员编号,姓名,现住地址\n" + "".join(f"P{i},{i * 7919},{i * 104729}\n" for i in range(20_000))
    reading = _household(tmp_path, gzip.compress(rows.encode("gb18030"))[:-cut])
    assert "不完整" in reading.problem
    assert 10_000 < reading.rows <= 20_000


def test_a_damaged_gzip_an_empty_file_and_one_that_is_no_gzip_say_so(tmp_path):
    packed = bytearray(gzip.compress(b"x" * 1000 + b"\n"))
    packed[-6] ^= 0xFF
    assert "已损坏" in _household(tmp_path, bytes(packed)).problem
    assert "为空" in _household(tmp_path, b"").problem
    assert "不是 gzip" in _household(tmp_path, b"person_no,full_name\n").problem


@pytest.mark.parametrize("tail", ['D2,30,"50', "D2,3"])
def test_a_file_that_stops_in_the_middle_of_a_row_is_not_read_to_its_end(tmp_path, tail):
    reading = _housing(tmp_path, "房屋编码,号,室号\nD1,30,502\n" + tail)
    assert reading.problem is not None
    assert reading.frame["dwelling_code"].to_list() == ["D1"]


def test_a_missing_required_column_is_named_and_the_rows_are_kept(tmp_path):
    reading = _housing(tmp_path, "房屋编码,号\nD1,30\n")
    assert reading.problem == "缺少必需列:室号"
    assert reading.rows == 1


def test_rows_are_equal_after_width_and_trimming():
    headings = ["房屋编码", "号", "室号", "x"]
    rows = [headings, ["D1", " 30", "502", "a"], ["Ｄ1", "30 ", "502", "b"], ["D", "130", "502", ""]]
    first, second, third = row_hashes(HOUSING, tabulate(HOUSING, [Table(rows)]).frame)
    assert first == second != third


def test_pages_keep_numbers_as_written_and_unknown_fields(tmp_path):
    path = tmp_path / "page.json"
    path.write_text(
        '{"data": [{"entry_id": "E1", "revision": 2, "phone": 13916000000.0, "new": {"a": 1}}, 7], "next_cursor": null}'
    )
    reading = pages.read([path], load("border_entries"))
    assert reading.frame["revision"].to_list() == ["2", None]
    assert reading.frame["phone"].to_list() == ["13916000000.0", None]
    assert [json.loads(extra) for extra in reading.frame["_extra"]] == [{"new": '{"a": "1"}'}, {"_entry": "7"}]
    assert reading.rows == 2


def test_pages_nested_without_end_are_refused_by_a_sentence_a4():
    for deep in ("[" * 200_000 + "]" * 200_000, '{"a":' * 500 + "1" + "}" * 500):
        content = f'{{"data": [{deep}], "next_cursor": null}}'.encode()
        with pytest.raises(ValueError, match="nested too deeply"):
            pages.page(content)


def test_a_workbook_with_title_blank_and_total_rows(tmp_path):
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet("说明").write(0, 0, "填表说明")
        sheet = book.add_worksheet("名册")
        date = book.add_format({"num_format": "yyyy/m/d"})
        sheet.merge_range(0, 0, 0, 4, "人员名册(2020年4月1日)")
        sheet.write_row(1, 0, ["序号", "人员编号", "姓名", "现住地址", "出生日期"])
        sheet.write_row(2, 0, [1, "P1", "张三", "银泰", None])
        sheet.write_datetime(2, 4, dt.datetime(1980, 4, 1), date)  # noqa: DTZ001 -- a cell has no zone
        sheet.write_row(3, 0, [2])
        sheet.write_row(5, 0, [3, "P2", "李四", "银泰", 29312])
        sheet.write_row(6, 0, [None, None, "合 计", "2 人"])
    reading = workbook.read(path, HOUSEHOLD, LIMITS)
    assert reading.problem is None
    assert reading.frame["person_no"].to_list() == ["P1", "P2"]
    assert reading.frame["birth_date"].to_list() == ["1980-04-01", "29312"]


def test_a_total_row_may_carry_its_count_in_any_column_but_a_person_called_so_stays(tmp_path):
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("登记表")
        sheet.write_row(0, 0, ["序号", "姓名", "证件号码", "抵沪日期"])
        sheet.write_row(1, 0, [1, "合计", "11010519491231002X", "2020-04-01"])
        sheet.write_row(2, 0, ["合计", None, 39])
    assert workbook.read(path, load("returnees"), LIMITS).frame["id_number"].to_list() == ["11010519491231002X"]


def test_a_broken_workbook_says_so(tmp_path):
    path = tmp_path / "x.xlsx"
    path.write_bytes(b"PK\x03\x04 no workbook")
    reading = workbook.read(path, HOUSEHOLD, LIMITS)
    assert reading.problem is not None
    assert "工作簿无法打开" in reading.problem
    assert isinstance(reading.frame, pl.DataFrame)
