"""The departments' formats: text files in two encodings, worksheets as clerks leave them, the port's answers."""

from __future__ import annotations

import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import xlsxwriter

from .writing import Serial

if TYPE_CHECKING:
    from pathlib import Path

    from .lists import Batch, Record

MERGED = ("来源地", "抵沪日期", "居住小区", "楼号", "室号")


def write(inbox: Path, batch: Batch) -> None:
    """Lay one delivery into the inbox; the port's entries into `<inbox>/../border/`, one JSON object a line."""
    if batch.feed == "border_entries":
        target = inbox.parent / "border" / "entries.jsonl"
        target.parent.mkdir(parents=True, exist_ok=True)
        lines = [json.dumps(record.cells, ensure_ascii=False) for record in batch.records]
        target.write_text("\n".join(lines) + "\n", "utf-8")
        return
    folder = inbox / batch.feed / batch.on.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    for name, records in batch.files.items():
        path = folder / name
        if name.endswith(".csv.gz"):
            path.write_bytes(gzip.compress(_text(records, mixed=True).encode("gb18030"), mtime=0))
        elif name.endswith(".csv"):
            encoding = "gb18030" if batch.feed == "disability_list" else "utf-8-sig"
            path.write_bytes(_text(records, mixed=False).encode(encoding))
        else:
            _worksheet(path, records, batch.shape.get(name, "plain"))


def _text(records: list[Record], *, mixed: bool) -> str:
    headings = list(records[0].cells)
    out = io.StringIO()
    for number, row in enumerate(
        [headings, *([str(r.cells[h] if r.cells[h] is not None else "") for h in headings] for r in records)]
    ):
        csv.writer(out, lineterminator="\r\n" if mixed and number % 7 == 3 else "\n").writerow(row)
    return out.getvalue()


def _worksheet(path: Path, records: list[Record], shape: str) -> None:
    book = xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False})
    headings = list(records[0].cells)
    try:
        if shape == "hidden-first":
            old = book.add_worksheet("上月")
            old.hide()
            Sheet(book, old, headings).fill(records[:3])
        if shape == "sheet-a-committee":
            half = len(records) // 2
            for name, part in (("牡丹", records[:half]), ("由由", records[half:])):
                sheet = book.add_worksheet(name)
                if name == "牡丹" and not part:
                    continue
                Sheet(book, sheet, headings).fill(part)
            return
        sheet = book.add_worksheet("登记表" if "抵沪日期" in headings and shape != "hidden-first" else "本月")
        if shape == "hidden-first":
            sheet.activate()
            sheet.set_first_sheet()
        Sheet(book, sheet, headings, shape).fill(records)
    finally:
        book.close()


class Sheet:
    """One worksheet, filled from the top."""

    def __init__(self, book: Any, sheet: Any, headings: list[str], shape: str = "plain") -> None:
        self.sheet, self.headings, self.shape, self.row = sheet, headings, shape, 0
        self.as_day = book.add_format({"num_format": "yyyy/m/d"})
        self.centred = book.add_format({"align": "center"})

    def fill(self, records: list[Record]) -> None:
        shape = self.shape
        if shape not in ("plain", "two-files"):
            self._title("人员登记表（2022年4月）")
        if shape == "two-row-headings":
            self._line(["序号", *("现住地" if h in ("居住小区", "楼号", "室号") else h for h in self.headings)])
            first = 1 + self.headings.index("居住小区")
            self.sheet.merge_range(self.row - 1, first, self.row - 1, first + 2, "现住地", self.centred)
            self._line(["", *(h if h in ("居住小区", "楼号", "室号") else "" for h in self.headings)])
        else:
            self._line(["序号", *self.headings])
        begins = self.row
        for number, record in enumerate(records, start=1):
            if number > 1 and number == len(records) // 2 and shape in ("headings-again", "continued", "blank-rows"):
                if shape == "continued":
                    self._title("返沪人员登记表(续)")
                if shape == "blank-rows":
                    self.row += 2
                else:
                    self._line(["序号", *self.headings])
            self._line([number, *(record.cells[h] for h in self.headings)])
        if shape == "total":
            self.row += 1
            self._line(["合计", len(records)])
        if shape == "total-with-words":
            self._line(["合计", "", "", f"共{len(records)}人"])
        if shape == "merged-family":
            self._merge(records, begins)

    def _merge(self, records: list[Record], begins: int) -> None:
        """A family's common cells are written once, over all of its rows."""
        rows = [n for n, record in enumerate(records) if record.facts.get("family")]
        if len(rows) < 2:
            return
        first, last = begins + rows[0], begins + rows[-1]
        for heading in MERGED:
            value, column = records[rows[0]].cells[heading], 1 + self.headings.index(heading)
            if isinstance(value, Serial):
                self.sheet.merge_range(first, column, last, column, "", self.as_day)
                self.sheet.write_datetime(first, column, value.on, self.as_day)
            else:
                self.sheet.merge_range(first, column, last, column, value, self.centred)

    def _title(self, text: str) -> None:
        self.sheet.merge_range(self.row, 0, self.row, len(self.headings), text, self.centred)
        self.row += 1

    def _line(self, values: list[Any]) -> None:
        for column, value in enumerate(values):
            if isinstance(value, Serial):
                self.sheet.write_datetime(self.row, column, value.on, self.as_day)
            elif isinstance(value, int | float):
                self.sheet.write_number(self.row, column, value)
            elif value:
                self.sheet.write_string(self.row, column, value)
        self.row += 1
