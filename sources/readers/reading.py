"""What reading a delivery gives: text columns of the contract, and what is to be said about them."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import polars as pl

from sources.contract import Contract

NUL_MARK = "_nul_bytes"
RAGGED_MARK = "_ragged"
STRAY_QUOTE_MARK = "_stray_quote"
UNDECODABLE_MARK = "_undecodable"
CELL_ERROR_MARK = "_cell_error"


@dataclass(frozen=True)
class Reading:
    """The records of one file or pull.

    `frame` has the contract's columns as text, in the contract's order, then `_extra` (JSON text or null: cells under
    unknown headings, and the marks above, each naming the columns it is about). `problem` is a sentence when something
    is wrong with the delivery as a whole. It was `readable` if it could be opened as what it should be: `frame` then
    holds what could be decoded, of a list that was cut or lacks a required column; else nothing of it may be used.
    """

    frame: pl.DataFrame
    unknown_columns: list[str] = field(default_factory=list)
    problem: str | None = None
    readable: bool = True

    @property
    def rows(self) -> int:
        """How many records were decoded."""
        return self.frame.height


def schema(contract: Contract) -> dict[str, type[pl.DataType]]:
    """Return the columns of a reading's frame."""
    return {**{column.name: pl.String for column in contract.columns}, "_extra": pl.String}


def empty(contract: Contract) -> Reading:
    """Return a reading without records."""
    return Reading(pl.DataFrame(schema=schema(contract)))


def unreadable(contract: Contract, problem: str) -> Reading:
    """Return a file that couldn't be opened as its format; `problem` says why, and what the department should do."""
    return Reading(pl.DataFrame(schema=schema(contract)), problem=problem, readable=False)


def together(contract: Contract, readings: Sequence[tuple[str, Reading]]) -> Reading:
    """Several files of one batch as one reading, in the order given; each comes with the name it is known by."""
    if not readings:
        return empty(contract)
    unknown = sorted({heading for _, reading in readings for heading in reading.unknown_columns})
    problems = [f"{name}: {reading.problem}" for name, reading in readings if reading.problem]
    frame = pl.concat([reading.frame for _, reading in readings])
    return Reading(frame, unknown_columns=unknown, problem="; ".join(problems) or None)


def without_nul(frame: pl.DataFrame) -> pl.DataFrame:
    """Remove NUL bytes, which no PostgreSQL text can hold, and mark the rows that had some in `_extra`."""
    names = [name for name in frame.columns if frame[name].str.contains("\x00", literal=True).any()]
    if not names:
        return frame
    had = frame.select(pl.col(name).str.contains("\x00", literal=True).fill_null(False) for name in names)
    rows = had.select(pl.any_horizontal(pl.all())).to_series().arg_true()
    extra = frame["_extra"].scatter(
        rows,
        [
            json.dumps(
                {**json.loads(text or "{}"), NUL_MARK: ",".join(name for name in names if found[name])},
                ensure_ascii=False,
            )
            for text, found in zip(frame["_extra"][rows], had[rows].iter_rows(named=True), strict=True)
        ],
    )
    cleaned = frame.with_columns(pl.col(name).str.replace_all("\x00", "", literal=True) for name in names)
    return cleaned.with_columns(extra.alias("_extra")).with_columns(
        pl.when(pl.col(name) != "").then(pl.col(name)) for name in names
    )


def row_hashes(contract: Contract, frame: pl.DataFrame) -> pl.Series:
    """Return one digest a row over the known columns after NFKC and trimming: rows of equal digest are equal rows.

    The serial number (序号) and extra columns don't count (docs/rules.md, R-ROW-7).
    """
    counted = [column.name for column in contract.columns if column.role != "serial_no"]
    joined = frame.select(
        pl.concat_str([pl.col(name).str.strip_chars().fill_null("") for name in counted], separator="\x1f").alias("row")
    )["row"]
    digests = [
        blake2b(unicodedata.normalize("NFKC", text).encode(), digest_size=16).hexdigest() for text in joined.to_list()
    ]
    return pl.Series("_row_hash", digests, dtype=pl.String)
