"""Damaged lists, and a second count that parses nothing: nobody is missing, doubled or swallowed without a word.

`make fuzz` tries 10,000 (FUZZ_CASES); every run of the tests a few hundred. A failure names its seeds:
`tests.fuzz.damage.make(seed)` gives the file again.
"""

import csv
import datetime as dt
import io
import json
import os
import re
import sys
import zipfile
import zlib
from collections import Counter
from pathlib import Path

import pytest

from sample.generate import generate
from sources import readers
from sources.contract import Contract, load
from sources.readers import delimited, workbook
from sources.readers.limits import Limits
from sources.readers.reading import Reading
from tests.fuzz.damage import Case, make, name_column

CASES = int(os.environ.get("FUZZ_CASES", "300"))
CHUNK = 100
LIMITS = Limits.of_office()
MARK = re.compile(r"#\d{5}#")
PROMISES = re.compile(r'"_(ragged|stray_quote|undecodable|nul_bytes|cell_error)"')


def naive_marks(case: Case) -> Counter[str]:
    """The marks that stand in the file, each as often as it does: looked for, not read."""
    if case.suffix == ".xlsx":
        return _marks_of_book(case.content)
    content = _gunzipped(case.content) if case.contract.server.is_packed else case.content
    return Counter(MARK.findall(content.decode("latin-1")))


def _gunzipped(content: bytes) -> bytes:
    stream = zlib.decompressobj(31)
    try:
        return stream.decompress(content)
    except zlib.error:
        return b""


def _marks_of_book(content: bytes) -> Counter[str]:
    """Shared strings by their number, in the sheets that the workbook doesn't hide; all by patterns."""
    found: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            texts = re.findall(r"<si><t[^>]*>([^<]*)</t></si>", package.read("xl/sharedStrings.xml").decode())
            sheets = re.findall(r"<sheet [^>]*>", package.read("xl/workbook.xml").decode())
            for number, sheet in enumerate(sheets, 1):
                if "hidden" not in sheet.lower():
                    part = package.read(f"xl/worksheets/sheet{number}.xml").decode()
                    for index in re.findall(r't="s"><v>(\d+)</v>', part):
                        found.update(MARK.findall(texts[int(index)]))
    except (zipfile.BadZipFile, KeyError, zlib.error, UnicodeDecodeError, EOFError, NotImplementedError):
        pass  # what nobody can open must be said to be so
    return found


def read(case: Case, folder: Path) -> Reading:
    path = folder / f"x{case.suffix}"
    path.write_bytes(case.content)
    reader = workbook.read if case.suffix == ".xlsx" else delimited.read
    return reader(path, case.contract, LIMITS)


def complaint(case: Case, reading: Reading) -> str | None:
    """What the reading leaves unsaid, if anything."""
    if not reading.readable and (reading.rows or not reading.problem):
        return "unreadable with records, or without a reason"
    if reading.problem:
        return None
    standing = naive_marks(case)
    got: Counter[str] = Counter()
    for row in reading.frame.iter_rows(named=True):
        extra = row["_extra"] or ""
        marks = MARK.findall("\n".join(text for text in row.values() if text))
        got.update(marks)
        if len(marks) > 1 and not PROMISES.search(extra):
            return "one record holds two people and isn't marked"
        if not marks and not PROMISES.search(extra) and _is_usable(case.contract, row):
            return "a record of nobody that isn't marked"
    if got != standing:
        return f"{sum(standing.values())} people stand in the file, {sum(got.values())} in the records"
    return None


def _is_usable(contract: Contract, row: dict[str, str | None]) -> bool:
    """Whether the gate would let a record pass as somebody; a piece of a mark is somebody's all the same."""
    return bool(row[name_column(contract)]) and not any("#" in text for text in row.values() if text)


@pytest.mark.parametrize("chunk", range(0, CASES, CHUNK))
def test_nobody_in_a_damaged_list_is_lost_doubled_or_swallowed_without_a_word(chunk, tmp_path):
    failed = []
    for seed in range(chunk, min(chunk + CHUNK, CASES)):
        case = make(seed)
        told = complaint(case, read(case, tmp_path))
        if told:
            failed.append((seed, case.contract.feed, case.done, told))
    if CASES > 1_000:
        print(f"\r{chunk + CHUNK} of {CASES}", end="", file=sys.stderr, flush=True)  # noqa: T201 -- progress
    assert not failed, json.dumps(failed, ensure_ascii=False, indent=1)


def test_the_corpus_holds_every_format_and_what_is_read_without_a_complaint_is_most_of_it(tmp_path):
    cases = [make(seed) for seed in range(200)]
    assert len({case.contract.feed for case in cases}) == 7
    readings = [read(case, tmp_path) for case in cases]
    clean = sum(reading.problem is None for reading in readings)
    assert clean > 120


def test_the_second_count_notices_what_a_parser_that_believes_every_quote_loses():
    swallowed = 0
    for case in map(make, range(300)):
        if case.suffix == ".csv" and {"stray_quotes", "quotes_lost", "ditto_marks"} & {*case.done}:
            content = _gunzipped(case.content) if case.contract.server.is_packed else case.content
            text = content.decode(case.contract.server.encoding, "replace")
            rows = csv.reader(io.StringIO(text, newline=""))
            swallowed += any(len(MARK.findall("\n".join(row))) > 1 for row in rows)
    assert swallowed > 10


def test_every_file_of_the_sample_has_as_many_records_as_were_written(tmp_path):
    manifest = generate(tmp_path, dt.date(2020, 3, 28), 1_000, seed=5)
    for feed, written in manifest.rows.items():
        contract = load(feed)
        if contract.server.type == "local":
            files = sorted(path for path in (tmp_path / "inbox" / feed).rglob("*") if path.is_file())
            readings = [readers.read(path, contract) for path in files]
            assert [reading.problem for reading in readings] == [None] * len(files)
            assert (feed, sum(reading.rows for reading in readings)) == (feed, written)
