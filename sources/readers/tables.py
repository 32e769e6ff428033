"""Turn the rows of sheets and texts into records: titles, headings, blank and total rows are none (R-ROW-10, R-FILE).

Whatever could be a person stays: the gate quarantines and lists what it can't use.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from sources.contract import Contract
from sources.readers.headings import (
    LONGEST_HEADING,
    Headings,
    Merge,
    Row,
    heading_key,
    lacking,
    locate,
    names_of,
    repeats,
)
from sources.readers.reading import RAGGED_MARK, Reading, schema, unreadable, without_nul

SERIAL_HEADING = "序号"
_TOTAL = re.compile(
    r"^(本页|本表|全部)?(合|总|總|小|共)[计計](\(.*\))?[::]?(共?\d+(\.0*)?[人户条名]?)?$|^共\d+[人户条名]$"
)
_PLAUSIBLE = re.compile(r"^(?=.*\d)[0-9A-Z*]{7,}$|^(?=.*[A-Z])[0-9A-Z]{6}$")
_COUNT = re.compile(r"^共?[\d.,]*[人户条名套间幢栋元]?$")
_COUNTS = re.compile("[计計共]")
_BETWEEN = re.compile(r"[\s\-—‐‑+=.'\"()/\\·]")
_TITLE = re.compile(
    r"^.{2,40}(表|册|名单|清单|台账|汇总)(\(.{1,20}\))?$|^\(?续表?\)?$|^第\d+页(共\d+页)?$|^(填表|制表|填报|审核|经办|负责)(人|日期|单位|时间)?:"
)
_NARROWEST_TITLE = 3


@dataclass
class Table:
    """The rows of one sheet or text, cells as text, with what the file says of them.

    `marks` gives mark -> row -> positions of the fields it is about; `name` is the sheet's. Filling merged cells
    changes `rows`.
    """

    rows: list[list[str]]
    merges: Sequence[Merge] = ()
    marks: Mapping[str, Mapping[int, Sequence[int]]] = field(default_factory=dict)
    name: str | None = None


def tabulate(contract: Contract, tables: Iterable[Table], problem: str | None = None) -> Reading:
    """Put the records of several tables, each with its headings somewhere near the top, under one another."""
    frames: list[pl.DataFrame] = []
    unknown: dict[str, None] = {}
    for table in tables:
        headings = locate(contract, table.rows, table.merges)
        where = f"工作表“{table.name}”" if table.name else ""
        if headings is not None and (above := _records_above(table.rows, headings)) is not None:
            problem = problem or f"{where}第 {above + 1} 条在列标题之上却像是记录,请把列标题移到最上面后重新发送"
        while headings is not None:
            lack = lacking(contract, headings.known)
            problem = problem or (f"{where}{lack}" if lack else None)
            unknown |= dict.fromkeys(headings.unknown)
            frame, headings = _section(contract, table, headings)
            frames.append(frame)
    if not frames:
        return unreadable(contract, problem or "没有找到列标题,请核对文件后重新发送")
    return Reading(without_nul(pl.concat(frames)), unknown_columns=list(unknown), problem=problem)


def _records_above(rows: Sequence[Row], headings: Headings) -> int | None:
    """Return the first row above the headings that is filled like a record, as sorting a list with its headings
    leaves it.
    """
    filled = (sum(bool(cell and cell.strip()) for cell in row) for row in rows[: headings.top])
    return next((at for at, count in enumerate(filled) if count * 2 >= headings.width), None)


def is_total(contract: Contract, known: Mapping[str, int], serial_at: int | None, row: Row) -> bool:
    """Return whether a row reads 合计, 总计 or 小计 in 序号 or 姓名, and is nobody with document or phone (R-FILE-8).

    In another first column too, where all the rest are counts.
    """
    first, *others = (_folded(cell) for cell in row)
    if _TOTAL.match(first) and all(_COUNT.match(text) and not _can_identify(text) for text in others):
        return True
    texts = {column.role: _folded(_at(row, known[column.name])) for column in contract.columns if column.name in known}
    name = texts.get("person_name", "")
    labels = [texts.get("serial_no", ""), name, _folded(_at(row, serial_at)) if serial_at is not None else ""]
    if not any(_TOTAL.match(label) for label in labels):
        return False
    identifying = [
        _at(row, known[column.name])
        for column in contract.columns
        if column.name in known and column.role in ("document_number", "resident_id", "phone")
    ]
    return not (name and any(map(_can_identify, identifying)))


def looks_like_people(rows: Sequence[Row]) -> bool:
    """Return whether rows without headings hold what only records do: something that can be a document or phone, and
    more.
    """
    return any(
        sum(bool(cell) for cell in row) >= 3
        and any(cell and re.match(r"^(\d{17}[\dXx]|\d{15}|1[3-9]\d{9})$", cell.strip()) for cell in row)
        for row in rows
    )


def _can_identify(text: str) -> bool:
    """Return whether a text can be a document or a phone; a count of persons (39, 共3人) can't."""
    return bool(_PLAUSIBLE.match(_BETWEEN.sub("", _folded(text)).upper()))


def _section(contract: Contract, table: Table, headings: Headings) -> tuple[pl.DataFrame, Headings | None]:
    """Return the records from one heading row to the next that names the columns otherwise, and that one."""
    rows = table.rows
    wide: dict[int, int] = {}
    for (top, left), (_, right) in table.merges:
        wide[top] = max(right - left + 1, wide.get(top, 1))
    titles = {_stem(_only(row)) for row in rows[: headings.top] if _only(row)}
    serial_at = next((at for text, at in headings.unknown.items() if heading_key(text) == SERIAL_HEADING), None)

    stop, following, no_record = len(rows), None, set[int]()
    columns = _transposed(rows[headings.below :], headings.width)
    for number in _candidates(contract, rows, headings, columns):
        if not repeats(contract, headings, rows[number]):
            continue
        known, _ = names_of(contract, rows[number])
        if any(headings.known.get(name, at) != at for name, at in known.items()) and not lacking(contract, known):
            stop, following = number, locate(contract, rows, table.merges, number)
            break
        near = range(max(headings.below, number - 1), min(len(rows), number + headings.below - headings.top + 1))
        no_record |= {number, *(at for at in near if _all_headings(headings, rows[at]))}
    records = rows[headings.below : stop]
    first = headings.below
    serials = {headings.known.get(c.name) for c in contract.columns if c.role == "serial_no"} | {serial_at}
    counted = [at for at in range(headings.width) if at not in serials]

    if following is not None:
        columns = _transposed(records, headings.width)
    said = _said(columns)
    own = said.select(pl.sum_horizontal(pl.nth(counted)) if counted else pl.lit(0)).to_series()
    too_wide = {at for at, row in enumerate(records) if len(row) > headings.width and any(row[headings.width :])}
    blank = {at for at in own.eq(0).arg_true().to_list() if at not in too_wide}
    labels = serials | {0} | {headings.known.get(c.name) for c in contract.columns if c.role == "person_name"}
    for at in labels - {None}:
        suspects = [i for i, text in enumerate(columns[at or 0]) if text and _COUNTS.search(text)]
        no_record |= {first + i for i in suspects if is_total(contract, headings.known, serial_at, records[i])}
    for i in said.select(pl.sum_horizontal(pl.all())).to_series().eq(1).arg_true().to_list():
        if i not in too_wide and _is_title(records[i], wide.get(first + i, 1), headings.width, titles):
            no_record.add(first + i)
    gone = blank | {number - first for number in no_record}
    if table.merges:
        _fill(table, range(first, stop), {first + i for i in gone})
        columns = _transposed(table.rows[first:stop], headings.width)
    frame = _frame(contract, columns, headings).with_columns(
        pl.Series("_extra", _extra(table, range(first, stop), headings), dtype=pl.String)
    )
    kept = [i for i in range(len(records)) if i not in gone] if gone else None
    return (frame if kept is None else frame[kept]).select(list(schema(contract))), following


def _candidates(
    contract: Contract, rows: Sequence[Row], headings: Headings, columns: Sequence[Sequence[str]]
) -> list[int]:
    """Return the later rows that might be headings: a required column reads like one."""
    texts = {cell for row in rows[headings.top : headings.below] for cell in row if cell}
    for column in contract.columns:
        texts |= {column.header, *column.synonyms}
    required = [headings.known[c.name] for c in contract.columns if c.required and c.name in headings.known]
    texts |= {"".join(text.split()) for text in texts}
    found = {
        headings.below + i
        for at in required
        for i, text in enumerate(columns[at])
        if text in texts or (("\n" in text or "\r" in text or " " in text) and "".join(text.split()) in texts)
    }
    return sorted(found)


def _all_headings(headings: Headings, row: Row) -> bool:
    cells = [(position, heading_key(cell)) for position, cell in enumerate(row) if cell and cell.strip()]
    return bool(cells) and all(cell in headings.texts for cell in cells)


def _is_title(row: Row, span: int, width: int, titles: set[str]) -> bool:
    """Return whether the only text of a row is a title or a note: merged, worded so, or one of the top (R-FILE-8)."""
    text = _folded(_only(row))
    return (
        span >= max(_NARROWEST_TITLE, width / 2)
        or (len(text) >= 4 and _stem(text) in titles)
        or _TITLE.match(text) is not None
    )


def _only(row: Row) -> str:
    """Return the text of a row that has a single one, else an empty text."""
    texts = [cell for cell in row if cell and cell.strip()]
    return texts[0] if len(texts) == 1 else ""


def _stem(text: str) -> str:
    return _folded(text).partition("(")[0]


def _folded(text: str | None) -> str:
    """Return a text as it is compared, so far as anything short is looked for in it."""
    return re.sub(r"[\s\x00]", "", unicodedata.normalize("NFKC", text[:LONGEST_HEADING])) if text else ""


def _at(row: Row, position: int) -> str:
    return (row[position] or "") if position < len(row) else ""


def _said(columns: Sequence[Sequence[str]]) -> pl.DataFrame:
    """Return where a record says something, a boolean column a position."""
    return pl.DataFrame([pl.Series(str(at), column, dtype=pl.String) for at, column in enumerate(columns)]).select(
        pl.all().str.strip_chars().str.len_bytes().fill_null(0) > 0
    )


def _transposed(records: Sequence[Sequence[str]], width: int) -> Sequence[Sequence[str]]:
    even = [row if len(row) == width else [*row[:width], *[""] * (width - len(row))] for row in records]
    return list(zip(*even, strict=True)) if even else [()] * width


def _fill(table: Table, records: range, gone: set[int]) -> None:
    """Fill what stands in cells merged over several rows into each record beside them (docs/rules.md, R-FILE-9)."""
    for (top, left), (bottom, _) in table.merges:
        if top == bottom or top not in records or not (text := _at(table.rows[top], left)):
            continue
        for number in range(top + 1, min(bottom + 1, records.stop)):
            if number not in gone:
                row = table.rows[number]
                row += [""] * (left + 1 - len(row))
                row[left] = row[left] or text


def _frame(contract: Contract, columns: Sequence[Sequence[str]], headings: Headings) -> pl.DataFrame:
    nothing = [None] * len(columns[0])
    series = [
        pl.Series(
            column.name,
            columns[headings.known[column.name]] if column.name in headings.known else nothing,
            dtype=pl.String,
        )
        for column in contract.columns
    ]
    return pl.DataFrame(series).with_columns(pl.when(pl.all() != "").then(pl.all()))


def _extra(table: Table, records: range, headings: Headings) -> list[str | None]:
    """Return the JSON text of what a record has beside the contract's columns, and of its marks."""
    called = {at: name for name, at in headings.known.items()} | {at: text for text, at in headings.unknown.items()}
    kept: dict[int, dict[str, str]] = {}
    for heading, at in headings.unknown.items():
        for number in records:
            if text := _at(table.rows[number], at):
                kept.setdefault(number, {})[heading] = text
    for number in records:
        row = table.rows[number]
        if len(row) != headings.width and any(row):
            beyond = {f"第{at + 1}列": row[at] for at in range(headings.width, len(row)) if row[at]}
            kept.setdefault(number, {}).update(beyond | {RAGGED_MARK: str(len(row))})
    for mark, marked in table.marks.items():
        for number, positions in marked.items():
            if number in records:
                names = ",".join(called.get(at, f"第{at + 1}列") for at in positions)
                kept.setdefault(number, {})[mark] = names
    return [
        json.dumps(kept[number], ensure_ascii=False).replace("\\u0000", "") if number in kept else None
        for number in records
    ]
