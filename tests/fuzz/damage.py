"""Lists as departments send them, damaged as people and machines damage them: the same from the same seed.

Every person carries a mark (`#00017#`) in the name: whoever counts the marks counts the people, without parsing
anything. No character of a mark can be a later byte of a GB18030 character.
"""

import csv
import datetime as dt
import gzip
import io
import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import xlsxwriter

from sources.contract import Contract, load

Rows = list[list[str]]
TEXT_FEEDS = ("household_registry", "disability_list", "property_occupancy", "housing_registry")
BOOK_FEEDS = ("returnees", "welfare_list", "community_roles")
SURNAMES = "张王李赵欧阳阿依古丽㐀"
ROADS = ("樱花路64弄5号101室", "梅花路1099弄30号502室", "碧桐路都市家园3746号202室", "", "银泰 30-502", '5"管旁 3号')


@dataclass
class Case:
    """A damaged file: its bytes, the contract it was made for, and what was done to it."""

    contract: Contract
    content: bytes
    done: list[str] = field(default_factory=list)

    @property
    def suffix(self) -> str:
        return ".xlsx" if self.contract.server.format == "xlsx" else ".csv"


def make(seed: int) -> Case:
    """The case of a seed."""
    chance = random.Random(seed)
    if seed % 3 == 2:
        return _book(chance)
    return _text(chance)


def name_column(contract: Contract) -> str:
    """The column that carries the marks: who somebody is, or, of homes, what they are called."""
    named = contract.with_role("person_name")
    return named.name if named else contract.columns[0].name


def people(contract: Contract, chance: random.Random, count: int) -> Rows:
    """Rows of a list, each with its mark."""
    rows: Rows = []
    for number in range(count):
        row = []
        for column in contract.columns:
            match column.role:
                case "person_name":
                    text = f"{chance.choice(SURNAMES)}#{number:05d}#{chance.choice('伟芳三')}"
                case "phone":
                    text = f"139{chance.randrange(10**8):08d}"
                case "document_number" | "resident_id":
                    text = chance.choice(["11010519491231002X", "E12345678", "", "310115********1234"])
                case "address" | "registered_address":
                    text = chance.choice(ROADS)
                case "serial_no":
                    text = str(number + 1)
                case _:
                    text = chance.choice(["1", "20200328", "甲", "", "备注文字"])
            row.append(text)
        at = next(i for i, column in enumerate(contract.columns) if column.name == name_column(contract))
        if "#" not in row[at]:
            row[at] = f"D#{number:05d}#"
        rows.append(row)
    return rows


# ---------------------------------------------------------------- text


def _text(chance: random.Random) -> Case:
    contract = load(chance.choice(TEXT_FEEDS))
    rows = people(contract, chance, chance.randrange(3, 40))
    done: list[str] = []
    for of_rows in chance.sample(ROW_CHANGES, chance.randrange(3)):
        of_rows(rows, chance)
        done.append(of_rows.__name__)
    text = _written(contract, rows, chance, done)
    for of_text in chance.sample(TEXT_CHANGES, chance.randrange(3)):
        text = of_text(text, chance)
        done.append(of_text.__name__)
    content = text.encode(chance.choices([contract.server.encoding, "utf-16", "utf-8"], [30, 1, 1])[0], "replace")
    for of_bytes in chance.sample(BYTE_CHANGES, chance.choice([0, 0, 1, 1, 2])):
        content = of_bytes(content, chance)
        done.append(of_bytes.__name__)
    if contract.server.is_packed:
        content = gzip.compress(content, 1)
        if chance.random() < 0.1:
            content = truncated(content, chance)
            done.append("gzip truncated")
    return Case(contract, content, done)


def _written(contract: Contract, rows: Rows, chance: random.Random, done: list[str]) -> str:
    quoting: Literal[0, 1] = csv.QUOTE_ALL if chance.random() < 0.3 else csv.QUOTE_MINIMAL
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, quoting=quoting, lineterminator=chance.choice(["\n", "\r\n", "\r"]))
    headings = [column.header for column in contract.columns]
    if chance.random() < 0.15:
        headings = [heading[:1] + "\n" + heading[1:] for heading in headings]
        done.append("headings over two lines")
    if chance.random() < 0.15:
        buffer.write("名单汇总表(2020年)" + writer.dialect.lineterminator)
    writer.writerow(headings)
    again = chance.randrange(len(rows) * 3)
    for number, row in enumerate(rows):
        if number == again:
            writer.writerow(headings)
            done.append("headings again")
        writer.writerow(row)
    if chance.random() < 0.1:
        total = [""] * len(headings)
        total[next((i for i, c in enumerate(contract.columns) if c.role == "person_name"), 0)] = "合计"
        writer.writerow(total)
    return buffer.getvalue()


def _somewhere(rows: Rows, chance: random.Random) -> tuple[int, int]:
    """A field of somebody's row that doesn't carry the mark."""
    while True:
        row = chance.randrange(len(rows))
        at = chance.randrange(len(rows[row]))
        if any(rows[row]) and "#" not in rows[row][at]:
            return row, at


def line_breaks_in_fields(rows: Rows, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 4)):
        row, at = _somewhere(rows, chance)
        rows[row][at] = chance.choice(["樱花路\n64弄", "\n樱花路", "樱花路\r\n", "甲\n\n乙", 'a"\nb', "甲,\n乙"])


def separators_in_fields(rows: Rows, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 4)):
        row, at = _somewhere(rows, chance)
        rows[row][at] = chance.choice(["樱花路,64弄", ",", '"甲","乙"', "a,b,c,d"])


def blank_rows(rows: Rows, chance: random.Random) -> None:
    for _ in range(chance.randrange(1, 4)):
        rows.insert(chance.randrange(len(rows) + 1), [""] * len(rows[0]))


def rows_too_long_or_short(rows: Rows, chance: random.Random) -> None:
    row = chance.randrange(len(rows))
    if chance.random() < 0.5:
        rows[row] = [*rows[row], "多余"]
    else:
        rows[row] = rows[row][: chance.randrange(len(rows[row]) // 2, len(rows[row]))]


def stray_quotes(text: str, chance: random.Random) -> str:
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(text) + 1)
        text = text[:at] + '"' + text[at:]
    return text


def quotes_lost(text: str, chance: random.Random) -> str:
    places = [i for i, c in enumerate(text) if c == '"']
    for at in sorted(chance.sample(places, min(len(places), chance.randrange(1, 3))), reverse=True):
        text = text[:at] + text[at + 1 :]
    return text


def ditto_marks(text: str, chance: random.Random) -> str:
    """A whole field that reads `"`, twice or thrice in one column."""
    lines = text.splitlines(keepends=True)
    at = chance.randrange(1, 8)
    for number in chance.sample(range(len(lines)), min(len(lines), chance.randrange(2, 4))):
        body = lines[number].rstrip("\r\n")
        fields = body.split(",")
        if '"' not in body and len(fields) > at and "#" not in fields[at]:
            fields[at] = '"'
            lines[number] = ",".join(fields) + lines[number][len(body) :]
    return "".join(lines)


def mixed_line_ends(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    return "".join(line + chance.choice(["\n", "\r\n", "\r", "\r\r\n"]) for line in lines)


def no_last_line_end(text: str, chance: random.Random) -> str:
    return text.rstrip("\r\n")


def invisible_characters(text: str, chance: random.Random) -> str:
    for _ in range(3):
        at = chance.randrange(len(text) + 1)
        if "#" not in text[max(0, at - 6) : at + 6]:
            text = text[:at] + chance.choice("\x00\u200b\u3000\ufeff\t") + text[at:]
    return text


def lines_doubled_or_swapped(text: str, chance: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    first, second = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[first], lines[second] = lines[second], lines[first]
    return "".join(lines)


def truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def bytes_lost(content: bytes, chance: random.Random) -> bytes:
    """A byte of some character gone, as a field cut to a number of bytes leaves it."""
    for _ in range(chance.randrange(1, 3)):
        high = [i for i, byte in enumerate(content) if byte >= 0x80]
        if high:
            at = chance.choice(high)
            content = content[:at] + content[at + 1 :]
    return content


def bytes_changed(content: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]


ROW_CHANGES: Sequence[Callable[[Rows, random.Random], None]] = (
    line_breaks_in_fields, separators_in_fields, blank_rows, rows_too_long_or_short,
)  # fmt: skip
TEXT_CHANGES: Sequence[Callable[[str, random.Random], str]] = (
    stray_quotes, quotes_lost, ditto_marks, mixed_line_ends, no_last_line_end, invisible_characters,
    lines_doubled_or_swapped,
)  # fmt: skip
BYTE_CHANGES: Sequence[Callable[[bytes, random.Random], bytes]] = (truncated, bytes_lost, bytes_lost, bytes_changed)


# ---------------------------------------------------------------- workbooks


def _book(chance: random.Random) -> Case:
    contract = load(chance.choice(BOOK_FEEDS))
    done: list[str] = []
    buffer = io.BytesIO()
    rows = people(contract, chance, chance.randrange(3, 30))
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheets = chance.choice([1, 1, 2, 3])
        cuts = sorted(chance.randrange(len(rows) + 1) for _ in range(sheets - 1))
        for number, (start, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
            sheet = book.add_worksheet(chance.choice(["登记表", "名单", "一居"]) + str(number))
            _Sheet(book, sheet, contract, chance, done).fill(rows[start:end])
            if number and chance.random() < 0.2:
                sheet.hide()
                done.append("hidden sheet")
        if chance.random() < 0.2:
            book.add_worksheet("说明").write_column(0, 0, ["填表说明", "姓名按证件填写"])
    content = buffer.getvalue()
    if chance.random() < 0.25:
        change = chance.choice([_sheet_changed, truncated, bytes_changed])
        content = change(content, chance)
        done.append(change.__name__)
    return Case(contract, content, done)


@dataclass
class _Sheet:
    """A worksheet while it is being filled."""

    book: xlsxwriter.Workbook
    page: "xlsxwriter.worksheet.Worksheet"
    contract: Contract
    chance: random.Random
    done: list[str]
    at: int = 0
    merged: frozenset[int] = frozenset()

    @property
    def headings(self) -> list[str]:
        return [column.header for column in self.contract.columns]

    def fill(self, rows: Rows) -> None:
        if self.chance.random() < 0.5:
            self.page.merge_range(self.at, 0, self.at, len(self.headings) - 1, "人员登记表(2020年4月1日)")
            self.at += 1
        self._write_headings()
        if len(rows) > 3 and self.chance.random() < 0.4:
            self._merge(rows)
        for number, row in enumerate(rows):
            self._write(row, without=self.merged if number < 3 else frozenset())
            if number >= 3 or not self.merged:
                self._write_between()

    def _write_headings(self) -> None:
        if self.chance.random() < 0.2:
            self.done.append("headings in two rows")
            left = self.chance.randrange(len(self.headings) - 2)
            self.page.merge_range(self.at, left, self.at, left + 2, "合并的标题")
            for column, heading in enumerate(self.headings):
                below = left <= column <= left + 2 or self.chance.random() < 0.3
                self.page.write(self.at + below, column, heading)
            self.at += 2
        elif self.chance.random() < 0.05:
            self.done.append("no headings")
        else:
            self.page.write_row(self.at, 0, self.headings)
            self.at += 1

    def _merge(self, rows: Rows) -> None:
        self.done.append("merged cells")
        unmarked = [at for at, text in enumerate(rows[0]) if "#" not in text]
        self.merged = frozenset(self.chance.sample(unmarked, 3))
        for column in self.merged:
            self.page.merge_range(self.at, column, self.at + 2, column, rows[0][column] or "甲")

    def _write(self, row: list[str], without: frozenset[int]) -> None:
        for column, text in enumerate(row):
            if column in without or not text:
                continue
            if text.isdigit() and self.chance.random() < 0.5:
                self.page.write_number(self.at, column, int(text))
            else:
                self.page.write_string(self.at, column, text)
        if self.chance.random() < 0.05:
            self.page.write_datetime(self.at, len(row), dt.datetime(2020, 3, 28, 9, 30))  # noqa: DTZ001 -- no zone
        self.at += 1

    def _write_between(self) -> None:
        """Now and then what is no record: headings, a title, a total, a blank row."""
        total = ["合计", "", "共3人"] if self.headings[0] == "序号" else ["合计"]
        kinds = {"headings again": self.headings, "title again": ["人员登记表(续)"], "total": total, "blank row": []}
        if self.chance.random() < 0.12:
            kind = self.chance.choice(list(kinds))
            self.page.write_row(self.at, 0, kinds[kind])
            self.done.append(kind)
            self.at += 1


def _sheet_changed(content: bytes, chance: random.Random) -> bytes:
    """A change inside a sheet's part: cells without references, a prefix, single quotes, a part cut off."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as after:
        kind = chance.randrange(4)
        for info in before.infolist():
            part = before.read(info)
            if info.filename == "xl/worksheets/sheet1.xml":
                if kind == 0:
                    part = part[: chance.randrange(len(part))]
                elif kind == 1:
                    part = part.replace(b'<dimension ref="A1', b'<dimension ref="A1:XFD1048576" x="')
                elif kind == 2:
                    part = part.replace(b'" s="1"', b'"')
            if not (kind == 3 and info.filename == "xl/sharedStrings.xml"):
                after.writestr(info, part)
    return buffer.getvalue()
