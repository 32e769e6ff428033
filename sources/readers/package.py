"""Look into a workbook's package before any of it is read: what it is, how much it opens to, how far its cells reach.

A parser of sheets allocates every cell between the first and the last: one at XFD1048576 would be 17 billion.
"""

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from posixpath import join, normpath
from xml.etree import ElementTree as ET

from sources.failures import UnreadableError
from sources.readers.limits import Limits

CHUNK = 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_COLUMNS = re.compile(rb"""\br=["']([A-Z]{1,3})\d""")
_ROWS = re.compile(rb"""\br=["'][A-Z]{1,3}(\d{1,7})["']""")
_REFERENCE = re.compile(rb"""<(?:\w+:)?c\s[^>]*?\br\s*=\s*["']([A-Z]{1,3})(\d{1,7})["'][^>]*?(/?)>""")
_ERRORS = re.compile(rb"""<c\s[^>]*?\br="([A-Z]{1,3})(\d{1,7})"[^>]*>(?:<f[^>]*>[^<]*</f>|<f[^>]*/>)?(?:<v>#|</c>)""")
_MAIN = re.compile(r"\{[^}]*\}")
BROKEN = "工作簿无法打开,文件不完整或已损坏,请重新导出为 .xlsx 后发送"


@dataclass(frozen=True)
class SheetFacts:
    """Where (row, column, from 0) a sheet's cells hold an error (#N/A) or a formula without its result."""

    errors: list[tuple[int, int]] = field(default_factory=list)


def inspect(content: bytes, limits: Limits) -> dict[str, SheetFacts]:
    """Check that the bytes are an `.xlsx` package within the limits; returns what is known of each visible sheet.

    Raises:
        UnreadableError: it isn't one, or opens to more than the limits allow.
    """
    _check_kind(content)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            names = _check_package(package, len(content), limits)
            return {sheet: _facts(package.read(names[part]), sheet, limits) for sheet, part in _sheets(package, names)}
    except UnreadableError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        struct.error,
        EOFError,
        NotImplementedError,
        LookupError,
        ValueError,
        ET.ParseError,
    ):
        raise UnreadableError(BROKEN) from None
    except RuntimeError:  # zipfile's word for a member under a password
        raise UnreadableError("文件有密码,请取消密码后重新发送") from None


def _check_kind(content: bytes) -> None:
    if content.startswith(_OLE):
        if _ENCRYPTED in content:
            raise UnreadableError("工作簿有密码,请取消密码后重新发送")
        raise UnreadableError("文件是旧版 Excel(.xls)或其他 Office 文件,请另存为 .xlsx 后重新发送")
    start = content[:1024].removeprefix(b"\xef\xbb\xbf").replace(b"\x00", b"").lstrip().lower()
    if start.startswith(b"<") or b"<html" in start:
        raise UnreadableError("文件是网页或 XML(只改了扩展名),请用 Excel 打开并另存为 .xlsx 后重新发送")
    if not content.startswith(b"PK"):
        raise UnreadableError("文件不是 XLSX 工作簿(只改了扩展名或已损坏),请另存为 .xlsx 后重新发送")


def _check_package(package: zipfile.ZipFile, packed: int, limits: Limits) -> dict[str, str]:
    """Unpack each part once, by pieces: the directory's figures needn't be true. Gives the parts by lower-case name."""
    opened = 0
    parts = [info for info in package.infolist() if info.filename.lower().endswith((".xml", ".rels", ".bin"))]
    limits.check_opened(sum(info.file_size for info in parts), packed)
    for info in parts:
        with package.open(info) as part:
            while piece := part.read(CHUNK):
                opened += len(piece)
                limits.check_opened(opened, packed)
    names = {info.filename.lower().replace("\\", "/").lstrip("/"): info.filename for info in parts}
    if "xl/workbook.xml" not in names:
        if any("encrypt" in name for name in names):
            raise UnreadableError("工作簿有密码,请取消密码后重新发送")
        raise UnreadableError("文件是其他格式的压缩包(如 .xlsb、.docx 或 .zip),请另存为 .xlsx 后重新发送")
    return names


def _sheets(package: zipfile.ZipFile, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the visible sheets and the parts that hold them."""
    workbook = ET.fromstring(package.read(names["xl/workbook.xml"]))  # noqa: S314 -- expat bounds entities
    links = ET.fromstring(package.read(names["xl/_rels/workbook.xml.rels"]))  # noqa: S314
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    for sheet in workbook.iter():
        if _MAIN.sub("", sheet.tag) == "sheet" and sheet.get("state", "visible") == "visible":
            link = next((value for key, value in sheet.items() if _MAIN.sub("", key) == "id" and key != "id"), None)
            part = normpath(join("/xl", targets.get(link, ""))).lstrip("/").lower()
            if part in names:
                yield sheet.get("name", ""), part


def _facts(part: bytes, sheet: str, limits: Limits) -> SheetFacts:
    if b"worksheet>" not in part[-200:]:
        raise UnreadableError(BROKEN)  # a part cut off is read to where it ends, without an error
    rows = max(map(int, set(_ROWS.findall(part))), default=0)
    columns = max(map(_column, set(_COLUMNS.findall(part))), default=0)
    if not limits.allow(rows, columns):
        # Perhaps only formats reach so far: an empty cell takes no memory.
        filled = [(int(match[2]), _column(match[1])) for match in _REFERENCE.finditer(part) if not match[3]]
        rows, columns = (max(each) for each in zip((0, 0), *filled, strict=True))
        limits.check_extent(rows, columns, f"工作表“{sheet}”的内容直到 {_letters(columns)}{rows},")
    if b't="e"' not in part and b"</f></c>" not in part and b"/></c>" not in part:
        return SheetFacts()
    return SheetFacts([(int(m[2]) - 1, _column(m[1]) - 1) for m in _ERRORS.finditer(part)])


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _letters(column: int) -> str:
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text
