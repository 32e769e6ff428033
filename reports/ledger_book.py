"""A ledger as a workbook, and a department's own form filled; no formula comes from data."""

from __future__ import annotations

import copy
import io
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import openpyxl
import xlsxwriter
from openpyxl.utils.exceptions import InvalidFileException

from reports.ledger import LedgerError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from openpyxl.worksheet.worksheet import Worksheet

    from reports.ledger import Column, Subject

_FONT = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
_HEAD = 3
_LOOK_ROWS, _LOOK_COLUMNS = 30, 60
_FORM_BYTES = 5 * 2**20
_OPENED_BYTES = 60 * 2**20
_RISKY = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Origin:
    """What stands in a workbook of where it is from: who asked, when, why, and the number of the row of looks."""

    account: str
    asked_at: dt.datetime
    reason: str
    look: int | None
    as_of: dt.date

    def sentence(self) -> str:
        """Return it in a line."""
        why = f"，理由：{self.reason}" if self.reason else ""
        number = f"，查阅记录 {self.look} 号" if self.look is not None else ""
        return f"数据日期 {self.as_of:%Y-%m-%d}；{self.account} 于 {self.asked_at:%Y-%m-%d %H:%M} 导出{why}{number}。"


def workbook(title: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]], origin: Origin) -> bytes:
    """Return the rows, values in the order of the columns, as a formatted workbook; written row by row."""
    buffer = io.BytesIO()
    # Names come from the departments' lists: none of them may turn into a formula or a link (R-VAL-6).
    options = {
        "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": title})
    text = book.add_format(_FONT | {"border": 1, "border_color": "#D9DEE3"})
    formats = {
        "number": book.add_format(_FONT | {"border": 1, "border_color": "#D9DEE3", "num_format": "#,##0.##"}),
        "date": book.add_format(_FONT | {"border": 1, "border_color": "#D9DEE3", "num_format": "yyyy-mm-dd"}),
        "head": book.add_format(
            _FONT | {"bold": True, "bg_color": "#1F5673", "font_color": "#FFFFFF", "border": 1, "align": "center"}
        ),
    }
    sheet = book.add_worksheet(title[:31])
    sheet.hide_gridlines(2)
    sheet.freeze_panes(_HEAD, 1)
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(_HEAD - 1)
    sheet.set_column(0, 0, 6)
    for at, column in enumerate(columns, start=1):
        sheet.set_column(at, at, _WIDTHS.get(column.word, 12))
    sheet.write_string(0, 0, title, book.add_format(_FONT | {"bold": True, "font_size": 15}))
    sheet.write_string(1, 0, origin.sentence(), book.add_format(_FONT | {"font_color": "#6B7280"}))
    sheet.write_string(_HEAD - 1, 0, "序号", formats["head"])
    for at, column in enumerate(columns, start=1):
        sheet.write_string(_HEAD - 1, at, column.title_zh, formats["head"])
    count = 0
    for count, row in enumerate(rows, start=1):
        sheet.write_number(_HEAD - 1 + count, 0, count, formats["number"])
        for at, (column, value) in enumerate(zip(columns, row, strict=False), start=1):
            if value is None:
                sheet.write_blank(_HEAD - 1 + count, at, None, text)
            elif column.type == "number":
                sheet.write_number(_HEAD - 1 + count, at, float(value), formats["number"])
            elif column.type == "date":
                sheet.write_datetime(_HEAD - 1 + count, at, value, formats["date"])
            else:
                shown = ("是" if value else "否") if isinstance(value, bool) else str(value)
                sheet.write_string(_HEAD - 1 + count, at, shown, text)
    if count:
        sheet.autofilter(_HEAD - 1, 0, _HEAD - 1 + count, len(columns))
    book.close()
    return buffer.getvalue()


_WIDTHS = {
    "address": 34, "id_masked": 22, "phone": 14, "tags": 26, "services": 24, "building": 18, "compound": 16,
    "committee": 18, "reason": 24, "duty": 18, "residence_type": 12, "origin": 14, "disability_type": 14,
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """A department's own form: which word stands in which column below which row, and headings that nobody knows."""

    book: openpyxl.Workbook
    heading_row: int
    columns: dict[int, str]
    serial: int | None
    unknown: tuple[str, ...]


def read_form(content: bytes, subject: Subject) -> Form:
    """Return the form in an .xlsx whose headings the words know. Raises LedgerError."""
    if len(content) > _FORM_BYTES:
        raise LedgerError("表格超过 5 MB。")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _OPENED_BYTES:
                raise LedgerError("表格解开后太大。")
        book = openpyxl.load_workbook(io.BytesIO(content))
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, OSError):
        raise LedgerError("读不了这个表格：须是 .xlsx。") from None
    known = _headings(subject)
    sheet = book.worksheets[0]
    best: tuple[int, dict[int, str]] = (0, {})
    for number, cells in enumerate(sheet.iter_rows(max_row=_LOOK_ROWS, max_col=_LOOK_COLUMNS, values_only=True), 1):
        found = {at: known[_plain(value)] for at, value in enumerate(cells, 1) if _plain(value) in known}
        if len(found) > len(best[1]):
            best = (number, found)
    row, columns = best
    if not columns:
        words = "、".join(said.title_zh for said in subject.words.values())
        raise LedgerError(f"表头里没有认得的列；认得的有：{words}。")
    headings = {at: _plain(sheet.cell(row, at).value) for at in range(1, min(sheet.max_column, _LOOK_COLUMNS) + 1)}
    serial = next((at for at, heading in headings.items() if heading in ("序号", "编号", "No", "NO.")), None)
    unknown = tuple(heading for at, heading in headings.items() if heading and at not in columns and at != serial)
    return Form(book, row, columns, serial, unknown)


def fill(form: Form, rows: Iterable[dict[str, Any]], origin: Origin) -> bytes:
    """Return the form with the rows below its heading, in its own layout, and a sheet that says what is missing."""
    sheet: Worksheet = form.book.worksheets[0]
    first = form.heading_row + 1
    style = {at: sheet.cell(first, at) for at in (*form.columns, *([form.serial] if form.serial else []))}
    empty: dict[str, int] = {}
    count = 0
    for count, row in enumerate(rows, start=1):
        for at, word in form.columns.items():
            value = row[word]
            if value is None:
                empty[word] = empty.get(word, 0) + 1
            _put(sheet, first - 1 + count, at, value, style[at])
        if form.serial:
            _put(sheet, first - 1 + count, form.serial, count, style[form.serial])
    told = form.book.create_sheet("填写说明")
    told.append([origin.sentence()])
    told.append([f"共填写 {count} 行。"])
    for heading in form.unknown:
        told.append([f"未能填写：{_guarded(heading)}（没有这一项数据）"])
    for at, word in form.columns.items():
        if word in empty:
            told.append([f"{_guarded(str(sheet.cell(form.heading_row, at).value))}：{empty[word]} 行没有数据"])
    told.column_dimensions["A"].width = 70
    buffer = io.BytesIO()
    form.book.save(buffer)
    return buffer.getvalue()


def _put(sheet: Worksheet, row: int, column: int, value: object, like: Any) -> None:  # noqa: ANN401 - a cell
    cell = sheet.cell(row, column)
    if row != like.row and like.has_style:
        cell._style = copy.copy(like._style)
    cell.value = _guarded(value) if isinstance(value, str) else value
    if isinstance(value, str):
        cell.data_type = "s"


def _guarded(text: str) -> str:
    """Show a text that a spreadsheet would take for a formula with an apostrophe before it."""
    return f"'{text}" if text.startswith(_RISKY) else text


def _headings(subject: Subject) -> dict[str, str]:
    """Return what a form may call each word; the first word that claims a heading has it."""
    known: dict[str, str] = {}
    for word, said in subject.words.items():
        for heading in (said.title_zh, *said.synonyms):
            known.setdefault(_plain(heading), word)
    return known


def _plain(value: object) -> str:
    return "".join(str(value or "").split()).removeprefix("*").replace("(", "（").replace(")", "）").rstrip("：:")
