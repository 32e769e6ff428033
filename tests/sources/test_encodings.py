"""Bytes that are no characters cost their field, not the list; a whole file in another encoding is told by its name."""

import gzip
import json

import pytest

from sources.contract import load
from sources.readers import delimited
from sources.readers.limits import Limits

HOUSEHOLD = load("household_registry")
HOUSING = load("housing_registry")
LIMITS = Limits.of_office()


def _household(tmp_path, content):
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress(content, 1))
    return delimited.read(path, HOUSEHOLD, LIMITS)


def _people(count):
    return [f"P{number},张三丰,樱花路64弄5号101室,13916000000" for number in range(count)]


@pytest.mark.parametrize(
    ("whole", "cut"),
    [("三丰", "三丰"[:1].encode("gb18030") + b"\xb7"), ("三丰", b"\xc8"), ("101室", b"101\xca"), ("丰,", b"\xb7,")],
    ids=["before-separator", "after-one-byte", "inside-address", "last-of-name"],
)
def test_a_character_cut_in_the_middle_is_flagged_and_takes_no_separator_with_it_f12(tmp_path, whole, cut):
    lines = [line.encode("gb18030") for line in ["人员编号,姓名,现住地址,联系电话", *_people(2_400)]]
    lines[1_000] = lines[1_000].replace(whole.encode("gb18030"), cut)
    reading = _household(tmp_path, b"\n".join(lines) + b"\n")
    assert reading.problem is None
    assert reading.rows == 2_400
    assert reading.frame["phone"].null_count() == 0
    (marked,) = reading.frame["_extra"].drop_nulls().to_list()
    name = "living_address" if "101" in whole else "full_name"
    assert json.loads(marked) == {"_undecodable": name}
    assert "\ufffd" in reading.frame[name][999]


def test_a_cut_character_before_a_quote_leaves_the_quote_f12(tmp_path):
    text = '人员编号,姓名,现住地址,联系电话\nP1,张三,"樱花路,5号室",1391\nP2,李四,x,1392\n'.encode("gb18030")
    reading = _household(tmp_path, text.replace("室".encode("gb18030"), "室".encode("gb18030")[:1]))
    assert reading.frame["person_no"].to_list() == ["P1", "P2"]
    assert reading.frame["phone"].to_list() == ["1391", "1392"]
    assert json.loads(reading.frame["_extra"][0]) == {"_undecodable": "living_address"}


@pytest.mark.parametrize(
    ("rows", "cut", "rejected"), [(50, 1, False), (50, 2, True), (3_000, 3, False), (3_000, 4, True)]
)
def test_more_lines_than_the_setting_allows_reject_the_list_and_the_first_is_named_f12(tmp_path, rows, cut, rejected):
    lines = [line.encode("gb18030") for line in ["人员编号,姓名,现住地址,联系电话", *_people(rows)]]
    for number in range(10, 10 + cut):
        lines[number] = lines[number].replace("丰".encode("gb18030"), b"\xb7")
    reading = _household(tmp_path, b"\n".join(lines) + b"\n")
    assert reading.rows == rows
    assert reading.readable
    assert (reading.problem is not None) == rejected
    if rejected:
        assert f"第 11 行等 {cut} 行不是 GB18030 编码" in (reading.problem or "")


def test_a_character_that_somebody_could_not_write_is_no_broken_byte(tmp_path):
    reading = _household(tmp_path, "人员编号,姓名,现住地址\nP1,张\ufffd,x\n".encode("gb18030"))
    assert reading.problem is None
    assert reading.frame["_extra"].to_list() == [None]


@pytest.mark.parametrize(
    ("feed", "encoding", "told"),
    [
        ("household_registry", "utf-8", "UTF-8"),
        ("household_registry", "utf-8-sig", "UTF-8"),
        ("household_registry", "utf-16", "UTF-16"),
        ("housing_registry", "gb18030", "GB18030"),
        ("housing_registry", "utf-16", "UTF-16"),
    ],
)
@pytest.mark.parametrize("rows", [3, 300])
def test_a_whole_file_in_another_encoding_is_told_by_its_name(tmp_path, feed, encoding, told, rows):
    contract = load(feed)
    values = dict.fromkeys((column.header for column in contract.columns), "樱花路")
    text = "\n".join([",".join(values), *[",".join(values.values())] * rows, ""])
    path = tmp_path / "x.csv"
    content = text.encode(encoding)
    path.write_bytes(gzip.compress(content) if contract.server.is_packed else content)
    reading = delimited.read(path, contract, LIMITS)
    assert not reading.readable
    assert reading.rows == 0
    assert f"文件是 {told} 编码" in (reading.problem or "")


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"PK\x03\x04rest", "Excel 工作簿"), (b"\xd0\xcf\x11\xe0rest", "Excel 工作簿"), (b"\x1f\x8brest", "gzip")],
)
def test_another_format_under_the_name_of_a_text_is_told(tmp_path, content, told):
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    reading = delimited.read(path, HOUSING, LIMITS)
    assert not reading.readable
    assert told in (reading.problem or "")


def test_a_field_of_50_million_characters_is_a_field_f11(tmp_path):
    path = tmp_path / "x.csv"
    long = "房屋编码,号,室号\nD1,30," + "长" * 50_000_000 + '\nD2,30,"' + "5" * 200_000 + '"\nD3,30,502\n'
    path.write_text(long, encoding="utf-8")
    reading = delimited.read(path, HOUSING, LIMITS)
    assert reading.problem is None
    assert reading.frame["dwelling_code"].to_list() == ["D1", "D2", "D3"]
    assert reading.frame["room_no"].str.len_chars().to_list() == [50_000_000, 200_000, 3]


def test_a_total_row_without_a_line_end_is_no_cut_row(tmp_path):
    text = "人员编号,姓名,现住地址,联系电话\nP1,张三,x,1\n,合计,共1人"
    reading = _household(tmp_path, text.encode("gb18030"))
    assert reading.problem is None
    assert reading.frame["person_no"].to_list() == ["P1"]
