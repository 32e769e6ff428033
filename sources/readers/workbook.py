"""Read worksheets cell by cell, as what their cells are: a number that lost digits must not look like a text."""

import datetime as dt
import io
from pathlib import Path

import python_calamine as calamine

from sources.contract import Contract
from sources.failures import UnreadableError
from sources.readers.headings import lacking, locate
from sources.readers.limits import Limits
from sources.readers.package import BROKEN, SheetFacts, inspect
from sources.readers.reading import CELL_ERROR_MARK, Reading, unreadable
from sources.readers.tables import Table, looks_like_people, tabulate

Value = int | float | str | bool | dt.time | dt.date | dt.datetime | dt.timedelta


def read(path: Path, contract: Contract, limits: Limits) -> Reading:
    """Read an `.xlsx` file: every visible sheet that has the required headings, in the workbook's order.

    Raises:
        OSError: the file itself can't be read just now.
    """
    try:
        limits.check_file(path.stat().st_size)
        tables = visible(path.read_bytes(), limits)
    except UnreadableError as error:
        return unreadable(contract, str(error))
    chosen, problem = _choose(contract, tables)
    return tabulate(contract, chosen, problem)


def visible(content: bytes, limits: Limits) -> list[Table]:
    """Return the visible sheets of a workbook, in its order.

    Raises:
        UnreadableError: it can't be opened, or is larger than the limits allow.
    """
    facts = inspect(content, limits)
    try:
        with calamine.load_workbook(io.BytesIO(content)) as book:
            shown = [
                sheet.name
                for sheet in book.sheets_metadata
                if sheet.visible == calamine.SheetVisibleEnum.Visible and sheet.typ == calamine.SheetTypeEnum.WorkSheet
            ]
            return [_table(book.get_sheet_by_name(name), facts.get(name, SheetFacts())) for name in shown]
    except calamine.CalamineError:
        # The library's message may quote a cell: only the fact is told.
        raise UnreadableError(BROKEN) from None


def _table(sheet: calamine.CalamineSheet, facts: SheetFacts) -> Table:
    rows = [
        [value if isinstance(value, str) else _text(value) for value in row]
        for row in sheet.to_python(skip_empty_area=False)
    ]
    errors: dict[int, list[int]] = {}
    for row, column in facts.errors:
        errors.setdefault(row, []).append(column)
    return Table(rows, sheet.merged_cell_ranges or (), {CELL_ERROR_MARK: errors}, sheet.name)


def _choose(contract: Contract, tables: list[Table]) -> tuple[list[Table], str | None]:
    """Return the sheets that are the list, and what is to be said of one that seems part of it and can't be
    (R-FILE-6).
    """
    located = [(table, locate(contract, table.rows, table.merges)) for table in tables]
    complete = [table for table, headings in located if headings and not lacking(contract, headings.known)]
    problem = None
    for table, headings in located:
        if table in complete:
            continue
        half = headings is not None and len(headings.known) * 2 >= len(contract.columns)
        if headings is not None and half and len(table.rows) > headings.below:
            problem = problem or f"工作表“{table.name}”{lacking(contract, headings.known)}"
        elif looks_like_people(table.rows[headings.below if headings else 0 :]):
            problem = problem or f"工作表“{table.name}”像名单但没有约定的列标题,请补上列标题后重新发送"
    if complete:
        return complete, problem
    named = [(len(headings.known), table) for table, headings in located if headings]
    if not named:
        return [], problem or "可见的工作表里没有约定的列标题(隐藏的工作表不读),请核对后重新发送"
    return [max(named, key=lambda each: each[0])[1]], problem


def _text(value: Value) -> str:
    """Return a cell as a person reads it (R-FILE-10).

    A number of 16 digits and more, of which a cell keeps 15, is written with its exponent.
    """
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else format(value, ".15G")
        case dt.datetime():
            # A date cell comes as midnight of its day: the time isn't written in the sheet.
            return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "seconds")
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return str(value)
