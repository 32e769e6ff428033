"""What the peers are given: the fields as sent, cleaned as anybody would clean them before such a tool."""

from __future__ import annotations

import re
import time
import unicodedata
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from pathlib import Path

PERSON = ("name", "birth_date", "id_number", "phone", "address")


def of_persons(records: pl.DataFrame) -> tuple[pl.DataFrame, float]:
    """The records with PERSON, null where nothing can be read, and the seconds that it took."""
    started = time.perf_counter()
    number = [_number(second) or _number(first) for first, second in _two(records, "document_number", "resident_id")]
    born = [
        _day(day) or (n[6:14] if n and len(n) == 18 else None)
        for day, n in zip(records["birth_date"], number, strict=True)
    ]
    cleaned = records.with_columns(
        name=pl.Series([_name(a) or _name(b) for a, b in _two(records, "person_name", "person_name_latin")]),
        birth_date=pl.Series([f"{day[:4]}-{day[4:6]}-{day[6:]}" if day else None for day in born], dtype=pl.String),
        id_number=pl.Series(number, dtype=pl.String),
        phone=pl.Series([_phone(phone) for phone in records["phone"]], dtype=pl.String),
        address=_text(records),
    )
    return cleaned, time.perf_counter() - started


def of_addresses(records: pl.DataFrame) -> pl.DataFrame:
    """The records whose address can tell a door, with `text`; parts in columns of their own are put together."""
    return records.with_columns(text=_text(records)).filter(
        pl.col("true_dwelling_code").is_not_null(), pl.col("expected_level") == "dwelling", pl.col("text").is_not_null()
    )


def renderings(doors: pl.DataFrame) -> pl.DataFrame:
    """(text, found): each door of the registry as road, lane, building and room, by its compound, and by both."""
    lane = pl.when(pl.col("lane").is_null()).then(pl.lit("")).when(pl.col("lane").str.contains("弄")).then("lane")
    parts = doors.with_columns(
        pl.col("compound_name", "road").fill_null(""), lane=lane.otherwise(pl.format("{}弄", "lane"))
    )
    behind = pl.format("{}号{}室", "building_no", "room_no")
    written = [
        parts.select(text=pl.concat_str(*before, behind), found="dwelling_code")
        for before in (("road", "lane"), ("compound_name",), ("road", "lane", "compound_name"))
    ]
    return pl.concat(written).unique("text", keep="none")


def last_line(log: Path) -> str:
    """The last line of a peer's log: why it failed."""
    return log.read_text(encoding="utf-8").strip().rsplit("\n", 1)[-1]


def _two(records: pl.DataFrame, one: str, other: str) -> list[tuple[str | None, str | None]]:
    return list(records.select(one, other).iter_rows())


def _plain(text: str | None) -> str:
    return re.sub(r"[\s\u200b\ufeff]", "", unicodedata.normalize("NFKC", text or ""))


def _name(text: str | None) -> str | None:
    return re.sub(r"[<\s]+", " ", unicodedata.normalize("NFKC", text or "")).strip(" =\u200b").upper() or None


def _number(text: str | None) -> str | None:
    """A document's number; a certificate's is its holder's; a masked one is none."""
    number = re.sub(r"[^0-9A-Z*]", "", _plain(text).upper())
    if not re.search(r"\d{5}", number) or "*" in number:
        return None
    return number[:18] if re.match(r"\d{17}[\dX]", number) else number


def _day(text: str | None) -> str | None:
    digits = re.sub("-", "", _plain(text))
    return digits if re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", digits) else None


def _phone(text: str | None) -> str | None:
    digits = re.sub(r"\D", "", re.sub(r"^\+86|\.0$", "", _plain(text)))
    return digits if re.fullmatch(r"1\d{10}", digits) else None


def _text(records: pl.DataFrame) -> pl.Series:
    """The address, or compound, building and room put together with their words."""
    texts = []
    for address, compound, building, room in records.select("address", "compound", "building", "room").iter_rows():
        if address is None and compound is not None:
            block, door = _plain(building), _plain(room)
            block += "" if not block or re.search(r"[号座楼]$", block) else "号"
            door += "" if not door or door.endswith("室") else "室"
            texts.append(_plain(compound) + block + door)
        else:
            texts.append(_plain(address))
    return pl.Series([text or None for text in texts], dtype=pl.String)
