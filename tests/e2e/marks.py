"""Marked people, written into the deliveries of two days: in good and in broken rows of every kind of delivery."""

from __future__ import annotations

import csv
import email
import gzip
import io
import json
import zipfile
from email import policy
from typing import TYPE_CHECKING

from sample.worksheets import Heading, write_sheet
from sources.contract import load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sources.contract import Contract

NEXT_DAY, DAY_AFTER = "2020-03-29", "2020-03-30"
NAME, LATIN, ID_NUMBER, LEGACY_ID = "璟琮珏", "QUUX<<ZYZZYVA", "310115198703295175", "310115550711531"
PHONE, ADDRESS, PASSPORT = "19973315577", "梅花路1099弄30号鸢尾阁97713室", "E97713358"
MARKS = (NAME, "ZYZZYVA", ID_NUMBER, LEGACY_ID, PHONE, "97713室", PASSPORT)


def deliver(sample: Path) -> None:
    """Add them to what the departments send and to what the port knows, from the morning of `DAY_AFTER` on."""
    _mark_households(sample / "inbox" / "household_registry")
    _mark_dwellings(sample / "inbox" / "housing_registry")
    _mark_entries(sample / "border" / "entries.jsonl")
    for feed in ("returnees", "property_occupancy", "welfare_list"):
        _mark_list(sample / "inbox" / feed / NEXT_DAY, load(feed))


def _mark_households(folder: Path) -> None:
    [first] = folder.glob("*/*.csv.gz")
    text = gzip.decompress(first.read_bytes()).decode("gb18030")
    heading = next(csv.reader(io.StringIO(text)))
    person = {
        "人员编号": "RK997713", "证件类型": "10", "证件号码": ID_NUMBER, "姓名": NAME, "性别": "1",
        "出生日期": "19870329", "户号": "H997713", "与户主关系": "01", "人口类别": "1",
        "户籍地址": ADDRESS, "现住地址": ADDRESS, "联系电话": PHONE, "状态": "1", "更新时间": "2020-03-01 08:00:00",
    }  # fmt: skip
    spoilt: list[dict[str, str]] = [
        {"人员编号": ""},
        {"人员编号": "RK997714", "证件号码": LEGACY_ID, "姓名": f"{NAME}{ID_NUMBER}", "出生日期": PHONE},
        {"人员编号": "RK997715", "证件号码": ID_NUMBER[:-1] + "9", "性别": NAME, "状态": PHONE, "更新时间": ADDRESS},
        {"人员编号": "RK997716", "证件类型": ID_NUMBER, "与户主关系": NAME, "人口类别": ADDRESS},
    ]
    rows = [[{**person, **change}.get(title, "") for title in heading] for change in ({}, *spoilt)]
    target = folder / NEXT_DAY / f"{first.name.replace('20200328', '20200329')}"
    target.parent.mkdir()
    target.write_bytes(gzip.compress((text + _lines(rows)).encode("gb18030")))


def _mark_dwellings(folder: Path) -> None:
    [first] = folder.glob("*/*.csv")
    text = first.read_text(encoding="utf-8-sig")
    heading = next(csv.reader(io.StringIO(text)))
    home = {
        "房屋编码": "310115016199977130", "居委会代码": "310115016027", "小区名称": "银泰小区", "路名": "梅花路",
        "弄": "1099", "号": "30", "室号": "97713室", "房屋用途": "1", "使用状况": "1", "产权人": NAME,
        "产权人证件号": ID_NUMBER,
    }  # fmt: skip
    spoilt: list[dict[str, str]] = [
        {"房屋编码": ""},
        {"房屋编码": "310115016199977131", "室号": "97714", "房屋用途": NAME, "使用状况": PHONE, "经度": ID_NUMBER},
    ]
    rows = [[{**home, **change}.get(title, "") for title in heading] for change in ({}, *spoilt)]
    (folder / NEXT_DAY).mkdir()
    (folder / NEXT_DAY / "房屋登记.csv").write_text(text + _lines(rows), encoding="utf-8-sig")
    # The next list lacks its key column.
    at = heading.index("房屋编码")
    broken = [row[:at] + row[at + 1 :] for row in (heading, *rows)]
    (folder / DAY_AFTER).mkdir()
    (folder / DAY_AFTER / "房屋登记.csv").write_text(_lines(broken), encoding="utf-8")


def _mark_entries(file: Path) -> None:
    entry = {
        "entry_id": "PVG997713", "revision": 1, "document_type": "P", "document_no": PASSPORT, "nationality": "CHN",
        "name_latin": LATIN, "name_cn": NAME, "sex": "M", "birth_date": "1987-03-29", "flight_no": "MU578",
        "departed_country": "ITA", "entry_port": "上海浦东国际机场", "entered_at": f"{NEXT_DAY}T05:00:00+08:00",
        "destination_address": ADDRESS, "phone": PHONE, "id_number": ID_NUMBER, "disposition": "home_isolation",
        "recorded_at": f"{NEXT_DAY}T06:00:00+08:00",
    }  # fmt: skip
    spoilt: list[dict[str, object]] = [
        {"entry_id": None},
        {"entry_id": "PVG997714", "entered_at": PHONE},
        {"entry_id": "PVG997715", "name_cn": {"name": NAME}, "sex": ID_NUMBER, "disposition": ADDRESS, "remark": NAME},
        {
            "entry_id": "PVG997716",
            "revision": PHONE,
            "birth_date": NAME,
            "entry_port": ID_NUMBER,
            "departed_country": LATIN,
        },
    ]
    with file.open("a", encoding="utf-8") as lines:
        for change in ({}, *spoilt):
            lines.write(json.dumps({**entry, **change}, ensure_ascii=False) + "\n")


def _mark_list(folder: Path, contract: Contract) -> None:
    """A list with a whole row, one that lacks what it must have, and one with marks where they don't belong."""
    by_role = {
        "serial_no": "1", "person_name": NAME, "document_number": ID_NUMBER, "phone": PHONE, "compound": "银泰小区",
        "building": "30", "room": "97713室", "event_time": "2020-03-28", "address": ADDRESS,
    }  # fmt: skip
    whole = [by_role.get(column.role or "", "2020-03-20") for column in contract.columns]
    spoilt = [
        f"{NAME}{ID_NUMBER}" if column.role is None else value
        for column, value in zip(contract.columns, whole, strict=True)
    ]
    lacking = ["" if column.role in by_role else f"{PHONE} {ADDRESS}" for column in contract.columns]
    headings, rows = [column.header for column in contract.columns], [whole, spoilt, lacking]
    if contract.server.format == "xlsx":
        sheet = Heading(contract.title_zh, contract.title_zh, headings)
        write_sheet(folder / "名单.xlsx", sheet, rows)
    else:
        folder.mkdir(parents=True)
        (folder / "临时物业.csv").write_bytes(_lines([headings, *rows]).encode())


def _lines(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def is_in_file(mark: str, path: Path) -> bool:
    """Whether a mark stands in a file, also in what is packed in it."""
    return any(is_in(mark, text) for text in _texts(path))


def is_in(mark: str, text: str) -> bool:
    """Whether the mark stands in the text, plainly or escaped as JSON."""
    return mark in text or json.dumps(mark)[1:-1] in text


def _texts(path: Path) -> Iterator[str]:
    """A file's text, with what is packed in it: the parts of a mail, the sheets of a workbook."""
    content = path.read_bytes()
    yield content.decode("utf-8", "replace")
    if path.suffix == ".eml":
        for part in email.message_from_bytes(content, policy=policy.default).walk():
            payload = part.get_payload(decode=True)
            if isinstance(payload, bytes):
                yield payload.decode("utf-8", "replace")
                yield from _unpacked(payload)
    yield from _unpacked(content)


def _unpacked(content: bytes) -> Iterator[str]:
    if zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            for name in packed.namelist():
                yield packed.read(name).decode("utf-8", "replace")
