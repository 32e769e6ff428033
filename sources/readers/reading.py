"""What reading a delivery gives: text columns of the contract, and what is to be said about them."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import polars as pl

from sources.contract import Column, Contract

Cell = str | None
NUL_MARK = "_nul_bytes"
RAGGED_MARK = "_ragged"
TOTALS = ("合计", "总计", "小计")
SERIAL_HEADING = "序号"
HEADING_ROWS_SEARCHED = 20


@dataclass(frozen=True)
class Reading:
    """The records of one file or pull.

    `frame` has the contract's columns as text, in the contract's order, then `_extra` (JSON text or null: cells under
    unknown headings, and the marks `_nul_bytes` and `_ragged`). `problem` is set when the delivery couldn't be read to
    its end or lacks a required column: `frame` then holds what could be decoded. Not `readable`: it couldn't be opened
    as its format at all.
    """

    frame: pl.DataFrame
    unknown_columns: list[str] = field(default_factory=list)
    problem: str | None = None
    readable: bool = True

    @property
    def rows(self) -> int:
        """How many records were decoded."""
        return self.frame.height


def empty(contract: Contract, problem: str | None = None) -> Reading:
    """A reading without records."""
    schema = {**{column.name: pl.String for column in contract.columns}, "_extra": pl.String}
    return Reading(pl.DataFrame(schema=schema), problem=problem)


def together(contract: Contract, readings: Sequence[tuple[str, Reading]]) -> Reading:
    """Several files of one batch as one reading, in the order given; each comes with the name it is known by."""
    if not readings:
        return empty(contract)
    unknown = sorted({heading for _, reading in readings for heading in reading.unknown_columns})
    problems = [f"{name}: {reading.problem}" for name, reading in readings if reading.problem]
    frame = pl.concat([reading.frame for _, reading in readings])
    return Reading(frame, unknown_columns=unknown, problem="; ".join(problems) or None)


def heading_key(heading: str) -> str:
    """A heading without what departments vary: width of characters, white space, invisible characters, case."""
    folded = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))


def match_headings(contract: Contract, cells: Sequence[Cell]) -> tuple[dict[str, int], dict[str, int]]:
    """Tell which column of the contract stands where.

    Returns the known columns (name -> position) and the unknown headings (as received -> position). A heading that
    comes twice counts where it comes first.
    """
    names: dict[str, str] = {}
    for column in contract.columns:
        for written in (column.header, *column.synonyms, column.name):
            names.setdefault(heading_key(written), column.name)
    known: dict[str, int] = {}
    unknown: dict[str, int] = {}
    for position, cell in enumerate(cells):
        heading = (cell or "").strip().replace("\x00", "")
        name = names.get(heading_key(heading))
        if name is not None and name not in known:
            known[name] = position
        elif heading:
            unknown[heading if heading not in unknown else f"{heading} ({position + 1})"] = position
    return known, unknown


def find_heading_row(contract: Contract, rows: Sequence[Sequence[Cell]]) -> int | None:
    """Where the headings stand: the first of the leading rows with every required heading, else the best one."""
    required = {column.name for column in contract.columns if column.required}
    best: tuple[int, int] | None = None
    for index, row in enumerate(rows[:HEADING_ROWS_SEARCHED]):
        known, _ = match_headings(contract, row)
        if required and required <= known.keys():
            return index
        if known and (best is None or len(known) > best[0]):
            best = (len(known), index)
    return best[1] if best else None


def lacking(contract: Contract, known: dict[str, int]) -> str | None:
    """The sentence about required columns that aren't there, if any."""
    headings = [column.header for column in contract.columns if column.required and column.name not in known]
    return f"缺少必需列:{'、'.join(headings)}" if headings else None


def tabulate(contract: Contract, rows: Sequence[Sequence[Cell]], problem: str | None = None) -> Reading:
    """Turn rows with their headings somewhere near the top into records; titles, blank and total rows aren't any."""
    at = find_heading_row(contract, rows)
    if at is None:
        return empty(contract, problem or "没有找到列标题,文件可能为空或编码不符")
    known, unknown = match_headings(contract, rows[at])
    width = len(rows[at])
    records = rows[at + 1 :]
    columns = {column.name: _cells(records, known.get(column.name)) for column in contract.columns}
    extra = _extra(records, width, unknown)
    frame = pl.DataFrame(
        {**columns, "_extra": extra}, schema={**dict.fromkeys(columns, pl.String), "_extra": pl.String}
    )
    frame = frame.filter(~_is_blank(contract, unknown) & ~_is_total(contract, unknown))
    return Reading(without_nul(frame), unknown_columns=list(unknown), problem=problem or lacking(contract, known))


def without_nul(frame: pl.DataFrame) -> pl.DataFrame:
    """Remove NUL bytes, which no PostgreSQL text can hold, and mark the rows that had some in `_extra`."""
    names = [name for name in frame.columns if frame[name].str.contains("\x00", literal=True).any()]
    if not names:
        return frame
    had = pl.concat_list(
        pl.when(pl.col(name).str.contains("\x00", literal=True)).then(pl.lit(name)) for name in names
    ).list.drop_nulls()
    marks = frame.select(had.alias("had"))["had"].to_list()
    extra = [
        _with_mark(text, NUL_MARK, ",".join(found)) if found else text
        for text, found in zip(frame["_extra"].to_list(), marks, strict=True)
    ]
    cleaned = frame.with_columns(pl.col(name).str.replace_all("\x00", "", literal=True) for name in names)
    return cleaned.with_columns(pl.Series("_extra", extra, dtype=pl.String)).with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)) for name in names
    )


def row_hashes(contract: Contract, frame: pl.DataFrame) -> pl.Series:
    """One digest a row over the known columns after NFKC and trimming: rows of equal digest are equal rows.

    The serial number (序号) and extra columns don't count (docs/rules.md, Rows and batches).
    """
    counted = [column.name for column in contract.columns if column.role != "serial_no"]
    joined = frame.select(
        pl.concat_str([pl.col(name).str.strip_chars().fill_null("") for name in counted], separator="\x1f").alias("row")
    )["row"]
    digests = [
        blake2b(unicodedata.normalize("NFKC", text).encode(), digest_size=16).hexdigest() for text in joined.to_list()
    ]
    return pl.Series("_row_hash", digests, dtype=pl.String)


def _cells(records: Sequence[Sequence[Cell]], position: int | None) -> list[Cell]:
    if position is None:
        return [None] * len(records)
    return [(record[position] or None) if position < len(record) else None for record in records]


def _extra(records: Sequence[Sequence[Cell]], width: int, unknown: dict[str, int]) -> list[str | None]:
    if not unknown and all(len(record) == width for record in records):
        return [None] * len(records)
    return [_extra_of(record, width, unknown) for record in records]


def _extra_of(record: Sequence[Cell], width: int, unknown: dict[str, int]) -> str | None:
    kept = {heading: record[at] for heading, at in unknown.items() if at < len(record) and record[at]}
    if len(record) > width:
        kept |= {f"第{at + 1}列": record[at] for at in range(width, len(record)) if record[at]}
    if len(record) != width and any(record):
        kept[RAGGED_MARK] = str(len(record))
    return json.dumps(kept, ensure_ascii=False).replace("\\u0000", "") if kept else None


def _with_mark(extra: str | None, mark: str, value: str) -> str:
    return json.dumps({**(json.loads(extra) if extra else {}), mark: value}, ensure_ascii=False)


def _role_columns(contract: Contract, *roles: str) -> list[Column]:
    return [column for column in contract.columns if column.role in roles]


def _squeezed(name: str) -> pl.Expr:
    return pl.col(name).str.normalize("NFKC").str.replace_all(r"[\s\x00]", "")


def _is_blank(contract: Contract, unknown: dict[str, int]) -> pl.Expr:
    counted = [column.name for column in contract.columns if column.role != "serial_no"]
    says_nothing = pl.all_horizontal(
        pl.col(name).is_null() | (pl.col(name).str.strip_chars() == "") for name in counted
    )
    others = [heading for heading in unknown if heading_key(heading) != SERIAL_HEADING]
    if others:
        return says_nothing & ~_extra_says_something(others)
    return says_nothing


def _extra_says_something(headings: Sequence[str]) -> pl.Expr:
    quoted = [json.dumps(heading, ensure_ascii=False) + ":" for heading in headings]
    return pl.any_horizontal(pl.col("_extra").str.contains(mark, literal=True) for mark in quoted).fill_null(False)


def _is_total(contract: Contract, unknown: dict[str, int]) -> pl.Expr:
    labels = [_squeezed(column.name) for column in _role_columns(contract, "serial_no", "person_name")]
    if any(heading_key(heading) == SERIAL_HEADING for heading in unknown):
        labels.append(_squeezed("_extra").str.extract(r'"序号":"([^"]*)"'))
    if not labels:
        return pl.lit(False)
    reads_total = pl.any_horizontal(
        label.str.contains(rf"^({'|'.join(TOTALS)})[::]?\d*$").fill_null(False) for label in labels
    )
    identifying = [c.name for c in _role_columns(contract, "document_number", "resident_id", "phone")]
    # A few digits in a total row are the count of rows, whatever column they stand in.
    anonymous = [_squeezed(name).fill_null("").str.contains(r"^\d{0,5}(\.0*)?$") for name in identifying]
    return pl.all_horizontal(reads_total, *anonymous)
