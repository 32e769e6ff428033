"""Read worksheets: titles above the headings, blank rows between, totals below are no records."""

import re
from dataclasses import replace
from pathlib import Path

import fastexcel

from sources.contract import Contract
from sources.readers.reading import Cell, Reading, empty, find_heading_row, lacking, match_headings, tabulate

_MIDNIGHT = re.compile(r"^(\d{4}-\d\d-\d\d) 00:00:00$")


def read(path: Path, contract: Contract) -> Reading:
    """Read an `.xlsx` file: the contract's sheet if present, else the first that has the required headings.

    Raises:
        OSError: the file itself can't be read just now.
    """
    content = path.read_bytes()
    if not content:
        return empty(contract, "文件为空(0 字节)")
    try:
        book = fastexcel.read_excel(content)
        names = book.sheet_names
        if contract.properties.sheet in names:
            names = [contract.properties.sheet]
        sheets = [_rows(book, name) for name in names]
    except fastexcel.FastExcelError:
        # The library's message may quote a cell: only the fact is told.
        return replace(empty(contract, "工作簿无法打开,文件不完整或不是 XLSX,请重新发送"), readable=False)
    if not sheets:
        return empty(contract, "工作簿中没有工作表")
    complete = (rows for rows in sheets if _has_required_headings(contract, rows))
    return tabulate(contract, next(complete, sheets[0]))


def _has_required_headings(contract: Contract, rows: list[list[Cell]]) -> bool:
    at = find_heading_row(contract, rows)
    return at is not None and lacking(contract, match_headings(contract, rows[at])[0]) is None


def _rows(book: fastexcel.ExcelReader, name: str) -> list[list[Cell]]:
    sheet = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0)
    columns = [[_date_cell(cell) for cell in column] for column in sheet.to_polars()]
    return [list(row) for row in zip(*columns, strict=True)]


def _date_cell(cell: Cell) -> Cell:
    """A date cell comes as midnight of its day: the time isn't written in the sheet."""
    if cell is None:
        return None
    midnight = _MIDNIGHT.match(cell)
    return midnight[1] if midnight else cell
