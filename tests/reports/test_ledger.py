"""Ledgers: each file says what it can, a wrong one is refused; workbooks and forms hold what they were given."""

from __future__ import annotations

import datetime as dt
import io
import time
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from reports.ledger import FOLDER, LedgerError, ledger, ledgers, read, subjects
from reports.ledger_book import Origin, fill, read_form, workbook

if TYPE_CHECKING:
    from pathlib import Path

ORIGIN = Origin("ours", dt.datetime(2020, 3, 28, 9, 30, tzinfo=dt.UTC), "高温走访", 17, dt.date(2020, 3, 28))


def test_two_dozen_ledgers_differ() -> None:
    found = ledgers()
    assert len(found) >= 24
    assert len({each.query() for each in found.values()}) == len(found)
    assert len({each.title_zh for each in found.values()}) == len(found)
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(found)


@pytest.mark.parametrize(("change", "words"), [
    ("columns: [full_name, shoe_size]", "shoe_size"),
    ("filter: age >", "age"),
    ("filter: shoe_size > 40", "shoe_size"),
    ("filter: \"1 = 1; drop table x\"", "filter"),
    ("of: cats", "cats"),
    ("colour: red", "colour"),
    ("ledger: other", "other"),
])  # fmt: skip
def test_a_ledger_that_says_what_it_can_t_is_refused_with_its_place(tmp_path: Path, change: str, words: str) -> None:
    said = {"ledger": "ledger: mine", "title_zh": "title_zh: 我的台账", "purpose": "purpose: 试", "of": "of: persons",
            "filter": "filter: is_elderly", "columns": "columns: [full_name]"}  # fmt: skip
    said[change.partition(":")[0]] = change
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(said.values()), encoding="utf-8")
    with pytest.raises(LedgerError) as refused:
        read(path)
    assert "mine.yaml" in str(refused.value)
    assert words in str(refused.value) or words == "filter"


def test_a_condition_of_the_reader_s_narrows_and_reaches_nothing_else() -> None:
    query = ledger("elderly").query(narrower="age >= 80 and compound = '银泰''小区'", committee="310115016027")
    assert "person.age >= 80" in query
    assert "'银泰''小区'" in query
    assert "person.committee_code = '310115016027'" in query
    for wrong in ("age >= (select 1)", "1 = 1 or age = 2 --", "pg_sleep(9) is known", "full_name = password"):
        with pytest.raises(LedgerError):
            ledger("elderly").query(narrower=wrong)
    with pytest.raises(LedgerError):
        ledger("elderly").query(committee="' or true --")


def test_ten_thousand_rows_are_a_good_workbook_in_time() -> None:
    chosen = ledger("living_alone_elderly")
    row: dict[str, Any] = {"full_name": "=cmd|' /C calc'!A0", "age": 82, "last_visit": dt.date(2020, 3, 1)}
    rows = [[row.get(column.word, "银泰小区") for column in chosen.columns]] * 10_000
    began = time.process_time()  # of this process alone: other tests run beside it
    content = workbook(chosen.title_zh, chosen.columns, rows, ORIGIN)
    assert time.process_time() - began < 3
    sheet = openpyxl.load_workbook(io.BytesIO(content)).worksheets[0]
    assert sheet.max_row == 10_003
    assert [cell.value for cell in sheet[3]] == ["序号", *(column.title_zh for column in chosen.columns)]
    assert sheet["A2"].value == "数据日期 2020-03-28；ours 于 2020-03-28 09:30 导出，理由：高温走访，查阅记录 17 号。"
    assert (sheet["B4"].value, sheet["B4"].data_type) == ("=cmd|' /C calc'!A0", "s")
    ages = [cell for cell in sheet[4] if cell.value == 82]
    assert ages[0].data_type == "n"


def form(*headings: str | None, above: int = 0) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for _ in range(above):
        sheet.append(["浦东新区某部门调查表"])
    sheet.append(list(headings))
    sheet.cell(above + 2, 1).font = openpyxl.styles.Font(name="SimSun", bold=True)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_a_department_s_form_is_filled_in_its_own_layout_and_names_what_it_could_not_fill() -> None:
    read_in = read_form(form("序号", "老人姓名", "联系电话", "血型", "家庭住址", above=2), subjects()["persons"])
    assert set(read_in.columns.values()) == {"full_name", "phone", "address"}
    assert read_in.unknown == ("血型",)
    rows: list[dict[str, Any]] = [
        {"full_name": "测试甲", "phone": None, "address": "梅花路1099弄30号501室"},
        {"full_name": "=1+1", "phone": "13800000000", "address": "-"},
    ]
    book = openpyxl.load_workbook(io.BytesIO(fill(read_in, rows, ORIGIN)))
    sheet, told = book.worksheets
    assert sheet["A1"].value == "浦东新区某部门调查表"
    assert [cell.value for cell in sheet[4]] == [1, "测试甲", None, None, "梅花路1099弄30号501室"]
    assert [cell.value for cell in sheet[5]] == [2, "'=1+1", "13800000000", None, "'-"]
    assert sheet["A5"].font.name == "SimSun"
    lines = [str(row[0].value) for row in told]
    assert any("血型" in line and "未能填写" in line for line in lines)
    assert any("联系电话" in line and "1 行" in line for line in lines)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"name,age\n"])
def test_what_is_no_workbook_is_refused_with_a_sentence(content: bytes) -> None:
    with pytest.raises(LedgerError, match="xlsx"):
        read_form(content, subjects()["persons"])


def test_a_form_without_a_heading_that_anybody_knows_is_refused() -> None:
    with pytest.raises(LedgerError, match="表头"):
        read_form(form("甲", "乙"), subjects()["persons"])
