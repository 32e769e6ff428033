"""Splitting text into records: a stray quote takes nobody with it, and a field with line breaks proves itself (F1)."""

import csv
import gzip
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.contract import load
from sources.readers import delimited, quotes
from sources.readers.limits import Limits

HOUSEHOLD = load("household_registry")
HEADINGS = [column.header for column in HOUSEHOLD.columns]
AT = {column.name: position for position, column in enumerate(HOUSEHOLD.columns)}


def _split(text, width):
    return quotes.split(list(io.StringIO(text, newline="")), width)


def _people(count):
    rows = [[""] * len(HEADINGS) for _ in range(count)]
    for number, row in enumerate(rows):
        row[AT["person_no"]] = f"P{number}"
        row[AT["full_name"]] = "张三"
        row[AT["living_address"]] = "樱花路64弄5号101室"
        row[AT["phone"]] = "13916000000"
        row[AT["updated_at"]] = "2020-03-01 08:00:00"
    return rows


def _read(tmp_path, rows, quoted=(), line_end="\r\n", *, all_quoted=False):
    """Write rows as they are, but for the fields (row, position) that are quoted by the letter."""

    def written(number, position, field):
        return '"' + field.replace('"', '""') + '"' if all_quoted or (number, position) in quoted else field

    lines = [
        ",".join(written(number, position, field) for position, field in enumerate(row))
        for number, row in enumerate([HEADINGS, *rows])
    ]
    path = tmp_path / "x.csv.gz"
    path.write_bytes(gzip.compress((line_end.join(lines) + line_end).encode("gb18030"), 1))
    return delimited.read(path, HOUSEHOLD, Limits.of_office())


def _marked(reading):
    extra = reading.frame["_extra"].to_list()
    return {
        reading.frame["person_no"][number]: json.loads(text)["_stray_quote"]
        for number, text in enumerate(extra)
        if text and "_stray_quote" in json.loads(text)
    }


@pytest.mark.parametrize("name", list(AT))
@pytest.mark.parametrize("stray", ['"', '"银泰小区', '银泰"小区', '"银泰"小区'])
def test_a_stray_quote_flags_its_row_and_all_others_stand_f1(tmp_path, name, stray):
    rows = _people(700)
    rows[20][AT[name]] = stray
    rows[650][AT["registered_address"]] = "梅花路,1099弄"
    reading = _read(tmp_path, rows, quoted={(651, AT["registered_address"])})
    assert reading.problem is None
    assert reading.rows == 700
    assert reading.frame[name][20] == stray
    assert reading.frame["registered_address"][650] == "梅花路,1099弄"
    expected = {} if stray.startswith("银") else {reading.frame["person_no"][20]: name}
    assert _marked(reading) == expected


@pytest.mark.parametrize("name", list(AT)[1:])
def test_ditto_marks_rows_apart_swallow_nobody_f1(tmp_path, name):
    rows = _people(700)
    rows[20][AT[name]] = rows[21][AT[name]] = rows[620][AT[name]] = '"'
    reading = _read(tmp_path, rows)
    assert reading.problem is None
    assert reading.rows == 700
    assert _marked(reading) == {"P20": name, "P21": name, "P620": name}


@pytest.mark.parametrize("name", list(AT))
def test_a_field_may_end_or_begin_with_a_line_break(tmp_path, name):
    rows = _people(30)
    rows[7][AT[name]], rows[8][AT[name]] = "樱花路\n", "\n樱花路"
    reading = _read(tmp_path, rows, quoted={(8, AT[name]), (9, AT[name])}, line_end="\n")
    assert (reading.rows, reading.problem, _marked(reading)) == (30, None, {})
    assert reading.frame[name].to_list()[7:9] == ["樱花路\n", "\n樱花路"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", list(AT))
def test_a_field_with_line_breaks_is_one_record_where_the_rest_fits_f1(tmp_path, line_end, name):
    rows = _people(30)
    rows[7][AT[name]] = f'樱花路,64弄{line_end}{line_end}5号 "甲" 101室'
    reading = _read(tmp_path, rows, quoted={(8, AT[name])}, line_end=line_end)
    assert reading.problem is None
    assert reading.rows == 30
    assert reading.frame[name][7] == rows[7][AT[name]]
    assert _marked(reading) == {}


def test_a_file_whose_every_field_is_quoted_loses_nobody_to_one_quote_that_is_missing(tmp_path):
    rows = _people(50)
    rows[10][AT["living_address"]] = "a\nb"
    reading = _read(tmp_path, rows, all_quoted=True)
    assert (reading.rows, reading.problem, _marked(reading)) == (50, None, {})
    for lost in ('"张三",', '"13916000000",', '"2020-03-01 08:00:00"\n'):
        text = "\n".join(",".join(f'"{field}"' for field in row) for row in _people(50)) + "\n"
        at = text.index(lost, len(text) // 2) + len(lost) - 2
        records = _split(text[:at] + text[at + 1 :], len(HEADINGS))
        assert len(records.rows) == 50
        assert len(records.stray) == 1
        assert records.doubtful == []


def test_quotes_that_are_no_quoting_are_text():
    assert _split('a,="310115",5"管,"x"\n', 4).rows == [["a", '="310115"', '5"管', "x"]]
    assert _split('a,="310115",5"管,"x"\n', 4).stray == {}


def test_where_a_record_ends_that_nobody_can_tell_the_line_is_named(tmp_path):
    rows = _people(30)
    rows[7][AT["living_address"]] = '"樱花路,64弄\r\n5号,101室'
    reading = _read(tmp_path, rows)
    assert reading.problem is not None
    assert "第 9 行的引号" in reading.problem
    assert reading.rows == 31


def test_a_quote_in_a_row_with_a_comma_too_many_flags_that_row_alone(tmp_path):
    rows = _people(30)
    rows[7][AT["living_address"]] = '"樱花路,64弄'
    reading = _read(tmp_path, rows)
    assert reading.problem is None
    assert reading.rows == 30
    assert json.loads(reading.frame["_extra"][7]).keys() >= {"_stray_quote", "_ragged"}


def test_a_quoted_heading_with_a_line_break_is_a_heading(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('"房屋\n编码",号,"室,号",室号\nD1,30,x,502\n', encoding="utf-8")
    reading = delimited.read(path, load("housing_registry"), Limits.of_office())
    assert reading.problem is None
    assert reading.frame["dwelling_code"].to_list() == ["D1"]
    assert reading.frame["room_no"].to_list() == ["502"]


@given(st.lists(st.lists(st.text(alphabet='a"\n\r号 ', max_size=4), min_size=4, max_size=4), min_size=1, max_size=8))
def test_what_is_quoted_by_the_letter_comes_back_as_it_was_written_but_for_what_looks_like_records(rows):
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    records = _split(buffer.getvalue(), 4)
    assert records.rows == rows or records.stray or records.doubtful
    if not any('"' in field for row in rows for field in row):
        assert records.rows == rows
        assert not records.stray


@given(st.text(alphabet='ab,"\n', max_size=60))
def test_every_character_is_in_some_record(text):
    records = _split(text, 3)
    kept = "".join(field for row in records.rows for field in row)
    assert sorted(kept.replace('"', "").replace("\n", "").replace(",", "")) == sorted(
        text.replace('"', "").replace("\n", "").replace(",", "")
    )
