"""Excel workbooks as offices make them: a merged title, headings, rows, blank rows, a total.

The same content gives the same bytes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

Cell = str | float | date | None


@dataclass(frozen=True)
class Heading:
    """The name of a sheet, its title row and its column headings."""

    sheet: str
    title: str
    columns: Sequence[str]


def write_sheet(path: Path, heading: Heading, rows: Sequence[Sequence[Cell]], *, total: bool = False) -> None:
    """Write a workbook of one worksheet; a row without any cell stays blank, dates become date cells."""
    with _workbook(path) as book:
        _fill(book, book.add_worksheet(heading.sheet), heading, rows, total=total)


def write_sheets(
    path: Path, headings: Sequence[Heading], parts: Sequence[Sequence[Sequence[Cell]]], former: Heading | None = None
) -> None:
    """Write a list that goes on over several worksheets, each with a total; `former` is a hidden one, of another month.

    What the hidden sheet holds looks like a list and is none of this one.
    """
    with _workbook(path) as book:
        if former is not None:
            page = book.add_worksheet(former.sheet)
            _fill(book, page, former, parts[0], total=True)
            page.hide()
        for heading, rows in zip(headings, parts, strict=True):
            page = book.add_worksheet(heading.sheet)
            page.activate()
            _fill(book, page, heading, rows, total=True)


@contextmanager
def _workbook(path: Path) -> Iterator[xlsxwriter.Workbook]:
    path.parent.mkdir(parents=True, exist_ok=True)
    book = xlsxwriter.Workbook(
        str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": datetime(2020, 1, 1)})  # noqa: DTZ001  a fixed mark, not a time
    yield book
    book.close()


def _fill(
    book: xlsxwriter.Workbook,
    page: Worksheet,
    heading: Heading,
    rows: Sequence[Sequence[Cell]],
    *,
    total: bool,
) -> None:
    bold = book.add_format({"bold": True, "align": "center"})
    day = book.add_format({"num_format": "yyyy/m/d"})
    page.merge_range(0, 0, 0, len(heading.columns) - 1, heading.title, bold)
    page.write_row(1, 0, heading.columns, bold)
    for line, row in enumerate(rows, start=2):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                page.write_datetime(line, column, datetime(cell.year, cell.month, cell.day), day)  # noqa: DTZ001  cells have no zone
            elif isinstance(cell, str):
                if cell:
                    page.write_string(line, column, cell)
            elif cell is not None:
                page.write_number(line, column, cell)
    if total:
        page.write_string(len(rows) + 2, 0, "合计")
        page.write_number(len(rows) + 2, 2, sum(any(cell not in (None, "") for cell in row) for row in rows))
