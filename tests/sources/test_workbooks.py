"""Workbooks as people make them: numbers that lost digits, hidden sheets, merged cells, headings twice, totals."""

import datetime as dt
import json
import zipfile

import pytest
import xlsxwriter

from sources.contract import load
from sources.readers import workbook
from sources.readers.limits import Limits

RETURNEES = load("returnees")
WELFARE = load("welfare_list")
LIMITS = Limits.of_office()
HEADINGS = [
    "序号",
    "姓名",
    "证件号码",
    "手机号码",
    "来源地",
    "抵沪日期",
    "交通方式",
    "居住小区",
    "楼号",
    "室号",
    "隔离方式",
    "备注",
]
NUMBER = "11010519491231002X"


def _person(number, **cells):
    row = {
        "序号": number,
        "姓名": f"张{number}",
        "证件号码": NUMBER,
        "手机号码": "13916000000",
        "抵沪日期": "2020-03-28",
    } | cells
    return [row.get(heading) for heading in HEADINGS]


def _read(path, contract=RETURNEES, limits=LIMITS):
    return workbook.read(path, contract, limits)


@pytest.fixture
def book(tmp_path):
    """A workbook to fill and, once closed, to read."""
    made = xlsxwriter.Workbook(tmp_path / "x.xlsx")
    made.path = tmp_path / "x.xlsx"
    return made


def _list(book, name="登记表", rows=(), title=None, headings=HEADINGS):
    sheet = book.add_worksheet(name)
    at = 0
    if title:
        sheet.merge_range(0, 0, 0, len(headings) - 1, title)
        at = 1
    for number, row in enumerate([headings, *rows], at):
        sheet.write_row(number, 0, row)
    return sheet


def _names(reading):
    return reading.frame["full_name"].to_list()


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (3.10115195001029e17, "3.10115195001029E+17"),
        (6222020200112230000, "6.22202020011223E+18"),
        (1_000_000_000_000_000, "1E+15"),
        (999_999_999_999_999, "999999999999999"),
        (110105491231002, "110105491231002"),
        (13916000000, "13916000000"),
        (13916000000.0, "13916000000"),
        (0.1 + 0.2, "0.3"),
        (-3, "-3"),
        (36.5, "36.5"),
        ("310115195001029012", "310115195001029012"),
        (True, "TRUE"),
    ],
)  # fmt: skip
def test_a_number_of_16_digits_and_more_shows_that_it_lost_some_f2(book, cell, text):
    sheet = _list(book, rows=[_person(1)])
    sheet.write(1, 2, cell)
    book.close()
    assert _read(book.path).frame["id_number"].to_list() == [text]


def test_dates_formulas_errors_rich_text_and_links_are_the_text_a_person_reads(book):
    sheet = _list(book, rows=[_person(1), _person(2), _person(3)])
    day, time = (book.add_format({"num_format": form}) for form in ('yyyy"年"m"月"d"日"', "yyyy/m/d h:mm"))
    sheet.write_datetime(1, 5, dt.datetime(2020, 3, 29), day)  # noqa: DTZ001 -- a cell has no zone
    sheet.write_datetime(2, 5, dt.datetime(2020, 3, 29, 9, 30), time)  # noqa: DTZ001
    sheet.write_rich_string(1, 1, book.add_format({"bold": True}), "张", "三丰")
    sheet.write_formula(2, 1, '="李"&"四"', value="李四")
    sheet.write_formula(3, 3, "=VLOOKUP(1,A:B,2)", value="#N/A")
    book.close()
    reading = _read(book.path)
    assert reading.problem is None
    assert reading.frame["arrived_on"].to_list() == ["2020-03-29", "2020-03-29 09:30:00", "2020-03-28"]
    assert _names(reading) == ["张三丰", "李四", "张3"]
    assert reading.frame["phone"][2] is None
    assert [extra and json.loads(extra) for extra in reading.frame["_extra"]] == [None, None, {"_cell_error": "phone"}]


def test_a_workbook_that_counts_days_from_1904_gives_the_same_days(tmp_path):
    path = tmp_path / "x.xlsx"
    with xlsxwriter.Workbook(path, {"date_1904": True}) as book:
        sheet = _list(book, rows=[_person(1)])
        sheet.write_datetime(1, 5, dt.datetime(2020, 3, 29), book.add_format({"num_format": "yyyy-mm-dd"}))  # noqa: DTZ001
    assert _read(path).frame["arrived_on"].to_list() == ["2020-03-29"]


@pytest.mark.parametrize("hide", ["hide", "very_hidden"])
def test_hidden_sheets_are_not_read_and_every_visible_one_with_the_headings_is_f4(book, hide):
    getattr(_list(book, "上月", [_person(9)]), hide)()
    _list(book, "一居", [_person(number) for number in (1, 2)], title="返沪人员登记表")
    book.add_worksheet("说明").write(0, 0, "姓名按身份证填写")
    _list(book, "二居", [_person(number) for number in (3, 4)], headings=[*HEADINGS[:11], "其他"])
    book.get_worksheet_by_name("一居").activate()
    book.close()
    reading = _read(book.path)
    assert reading.problem is None
    assert _names(reading) == ["张1", "张2", "张3", "张4"]
    assert reading.unknown_columns == ["其他"]


def test_a_sheet_of_the_agreed_name_is_not_the_whole_list_f4(book):
    _list(book, "登记表", [_person(1)])
    _list(book, "登记表(2)", [_person(2)])
    book.close()
    assert _names(_read(book.path)) == ["张1", "张2"]


def test_a_sheet_that_seems_part_of_the_list_and_is_not_is_told_f4(book):
    _list(book, "一居", [_person(1)])
    _list(book, "二居", [_person(2)], headings=["序号", "名字", *HEADINGS[2:]])
    book.close()
    assert _read(book.path).problem == "工作表“二居”缺少必需列:姓名"


def test_a_sheet_of_people_without_headings_is_told_f4(book):
    _list(book, "一居", [_person(1)])
    book.add_worksheet("二居").write_row(0, 0, _person(2))
    book.close()
    assert "二居" in _read(book.path).problem


def test_a_workbook_whose_only_list_is_hidden_is_told(book):
    _list(book, "上月", [_person(1)]).hide()
    book.add_worksheet("空").activate()
    book.close()
    reading = _read(book.path)
    assert not reading.readable
    assert "隐藏" in reading.problem


def test_cells_merged_over_a_family_hold_for_each_of_them_f7(book):
    sheet = _list(
        book, rows=[_person(1, 抵沪日期=None), _person(2, 抵沪日期=None), _person(3, 抵沪日期=None), _person(4)]
    )
    for column, text in ((4, "湖北武汉"), (5, "2020-03-28"), (7, "银泰"), (8, "30"), (9, "502")):
        sheet.merge_range(1, column, 3, column, text)
    book.close()
    reading = _read(book.path)
    assert reading.rows == 4
    assert reading.frame["arrived_on"].to_list() == ["2020-03-28"] * 4
    assert reading.frame["compound_name"].to_list() == ["银泰"] * 3 + [None]
    assert reading.frame["room_no"].to_list() == ["502"] * 3 + [None]


def test_a_merged_date_cell_stays_a_date_and_a_merge_makes_no_one_of_an_empty_row_f7(book):
    sheet = _list(book, rows=[_person(1), _person(2), [3], ["合计", "3人"]])
    day = book.add_format({"num_format": "yyyy/m/d"})
    sheet.merge_range(1, 5, 4, 5, dt.datetime(2020, 3, 29), day)  # noqa: DTZ001
    sheet.merge_range(1, 7, 4, 7, "银泰")
    book.close()
    reading = _read(book.path)
    assert _names(reading) == ["张1", "张2"]
    assert reading.frame["arrived_on"].to_list() == ["2020-03-29"] * 2


@pytest.mark.parametrize(
    "row",
    [
        HEADINGS,
        [heading.replace("姓名", "姓 名") for heading in HEADINGS],
        ["返沪人员登记表(续)"],
        [None, "返沪人员登记表(续)"],
        [None, "花木街道外省市返沪人员花名册(2020年3月)"],
        [None, "续表"],
        [None, "第 2 页 共 3 页"],
        [None, "制表人:李四"],
        ["合计", None, None, "共3人"],
        ["合计", None, "共3人"],
        ["合 计", None, 3],
        [None, "总计:", "3人", "3人"],
        [None, "本页小计", 3.0],
        ["小计", "3人", None, None, "湖北2人"],
        [None, "共3人"],
        [7],
    ],
    ids=str,
)
@pytest.mark.parametrize("where", [1, 2, 3])
def test_headings_titles_and_totals_among_the_rows_are_no_records_f8(book, row, where):
    rows = [_person(number) for number in (1, 2, 3)]
    rows.insert(where, row)
    _list(book, rows=rows, title="返沪人员登记表(2020年3月28日)")
    book.close()
    reading = _read(book.path)
    assert reading.problem is None
    assert _names(reading) == ["张1", "张2", "张3"]


def test_a_title_merged_across_in_the_middle_is_no_record_f8(book):
    sheet = _list(book, rows=[_person(1), [], _person(2)])
    sheet.merge_range(2, 0, 2, 11, "以下为第二居民区")
    book.close()
    assert _names(_read(book.path)) == ["张1", "张2"]


@pytest.mark.parametrize(
    "cells",
    [
        {"姓名": "合计", "手机号码": None},
        {"姓名": "合计", "证件号码": None},
        {"姓名": "合计", "证件号码": "310115********1234", "手机号码": None},
        {"姓名": "总计", "证件号码": "E12345678", "手机号码": None},
        {"序号": "合计", "姓名": "张三", "手机号码": None},
        {"序号": "小计", "姓名": "计共和", "证件号码": None},
        {"姓名": "姓名"},
        {"姓名": "王表"},
    ],
    ids=str,
)
def test_a_person_whose_name_reads_like_a_total_stays_f8(book, cells):
    _list(book, rows=[_person(1, **cells), [None, "李四"], [None, None, NUMBER]])
    book.close()
    reading = _read(book.path)
    assert reading.rows == 3
    assert _names(reading)[1:] == ["李四", None]


def test_headings_in_another_order_further_down_hold_from_there_f8(book):
    turned = [*HEADINGS[:2], HEADINGS[3], HEADINGS[2], *HEADINGS[4:]]
    _list(book, rows=[_person(1), turned, [2, "张2", "13916000001", NUMBER, None, "2020-03-28"]])
    book.close()
    reading = _read(book.path)
    assert _names(reading) == ["张1", "张2"]
    assert reading.frame["phone"].to_list() == ["13916000000", "13916000001"]


@pytest.mark.parametrize("title", [None, "返沪人员登记表"])
@pytest.mark.parametrize("others", ["above", "below", "merged"])
def test_headings_in_two_rows_are_found_by_the_row_that_names_most_f9(book, title, others):
    sheet = book.add_worksheet()
    at = 1 if title else 0
    if title:
        sheet.merge_range(0, 0, 0, 11, title)
    sheet.merge_range(at, 7, at, 9, "现居住地")
    for column, heading in enumerate(HEADINGS):
        if 7 <= column <= 9 or others == "below":
            sheet.write(at + 1, column, heading)
        elif others == "above":
            sheet.write(at, column, heading)
        else:
            sheet.merge_range(at, column, at + 1, column, heading)
    rows = [_person(number, 居住小区="银泰", 楼号=30, 室号=502) for number in (1, 2)]
    for number, row in enumerate(rows, at + 2):
        sheet.write_row(number, 0, row)
    book.close()
    reading = _read(book.path)
    assert reading.problem is None
    assert _names(reading) == ["张1", "张2"]
    assert reading.frame["compound_name"].to_list() == ["银泰"] * 2
    assert reading.frame["room_no"].to_list() == ["502"] * 2
    assert reading.frame["phone"].to_list() == ["13916000000"] * 2


def test_a_word_above_makes_another_column_of_the_one_below_f9(book):
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["残疾人证号", None, "监护人", None, "残疾等级"])
    sheet.merge_range(0, 2, 0, 3, "监护人")
    sheet.write_row(1, 0, [None, "姓名", "姓名", "电话"])
    sheet.write_row(2, 0, [NUMBER + "41", "张三", "李四", "13916000000", 1])
    book.close()
    reading = _read(book.path, load("disability_list"))
    assert reading.frame.select("certificate_no", "full_name", "guardian_name").rows() == [
        (NUMBER + "41", "张三", "李四")
    ]


@pytest.mark.parametrize("cell", ["XFD1048576", "XFD2", "A1048577"])
def test_one_cell_at_the_end_of_a_sheet_takes_no_memory_and_is_named_f5(book, cell):
    sheet = _list(book, rows=[_person(1)])
    sheet.write("XFD1048576" if cell == "A1048577" else cell, "x")
    book.close()
    limits = LIMITS if cell != "A1048577" else Limits(**{**LIMITS.__dict__, "columns": 20_000, "rows": 2**21})
    reading = _read(book.path, limits=limits)
    assert not reading.readable
    assert "工作表“登记表”的内容直到 XFD" in reading.problem


def test_formats_without_contents_down_to_the_last_row_are_no_contents_f5(book):
    sheet = _list(book, rows=[_person(1)])
    sheet.write_blank("XFD1048576", None, book.add_format({"bold": True}))
    book.close()
    assert _names(_read(book.path)) == ["张1"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "为空"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"), "取消密码"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "Workbook".encode("utf-16-le"), "另存为 .xlsx"),
        ("<html><table><tr><td>姓名</td></tr></table>".encode(), "另存为 .xlsx"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?><Workbook/>", "另存为 .xlsx"),
        ("姓名,证件号码\n张三,1\n".encode("gb18030"), "另存为 .xlsx"),
        (b"PK\x03\x04 no workbook", "重新导出"),
    ],
    ids=["empty", "password", "xls", "html", "xml", "csv", "broken"],
)
def test_what_is_no_workbook_is_told_by_its_cause_f11(tmp_path, content, told):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    reading = _read(path)
    assert (reading.readable, reading.rows) == (False, 0)
    assert told in reading.problem


def test_another_package_and_one_with_a_damaged_part_are_told_f11(book):
    _list(book, rows=[_person(1)])
    book.close()
    content = book.path.read_bytes()
    with zipfile.ZipFile(book.path, "w") as package:
        package.writestr("word/document.xml", "<x/>")
    assert "另存为 .xlsx" in _read(book.path).problem
    at = content.index(b"xl/worksheets/sheet1.xml") + 60
    book.path.write_bytes(content[:at] + bytes(byte ^ 0x55 for byte in content[at : at + 20]) + content[at + 20 :])
    assert "已损坏" in _read(book.path).problem


@pytest.mark.parametrize("cut", [10, 200, 2_000, 4_000])
def test_a_workbook_cut_off_is_told(book, cut):
    _list(book, rows=[_person(1)])
    book.close()
    book.path.write_bytes(book.path.read_bytes()[:-cut])
    reading = _read(book.path)
    assert not reading.readable
    assert "不完整" in reading.problem


def test_a_part_that_opens_to_more_than_its_size_allows_is_refused_f5(book):
    _list(book, rows=[_person(1)])
    book.close()
    with zipfile.ZipFile(book.path, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/large.xml", b" " * 40_000_000)
    reading = _read(book.path)
    assert "STREET_READ_RATIO" in reading.problem
