"""Read delimited text, packed or not, in the contract's encoding (docs/rules.md, R-FILE-3, R-FILE-4, R-FILE-5)."""

import csv
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sources.contract import Contract
from sources.failures import UnreadableError
from sources.readers import quotes
from sources.readers.headings import HEADING_ROWS_SEARCHED, find, names_of
from sources.readers.limits import Limits
from sources.readers.reading import STRAY_QUOTE_MARK, UNDECODABLE_MARK, Reading, unreadable
from sources.readers.tables import Table, is_total, tabulate

CHUNK = 1024 * 1024
FORMATS = (
    (b"PK\x03\x04", "Excel 工作簿或压缩包"),
    (b"\xd0\xcf\x11\xe0", "Excel 工作簿"),
    (b"\x1f\x8b", "gzip 压缩文件"),
)
ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030", "utf-16": "UTF-16"}


@dataclass(frozen=True)
class Text:
    """Decoded lines with their ends, which of them (from 0) had bytes that are no characters, and what to say of it."""

    lines: list[str]
    undecodable: frozenset[int] = frozenset()
    problem: str | None = None


def read(path: Path, contract: Contract, limits: Limits) -> Reading:
    """Read a `.csv` or `.csv.gz` file; what is wrong with it is told in the reading's `problem`.

    Raises:
        OSError: the file itself can't be read just now.
    """
    try:
        limits.check_file(path.stat().st_size)
        return _read(path.read_bytes(), contract, limits)
    except UnreadableError as error:
        return unreadable(contract, str(error))


def _read(packed: bytes, contract: Contract, limits: Limits) -> Reading:
    if contract.server.is_packed:
        content, broken = unpack(packed, limits)
    else:
        content, broken = packed, None
        limits.check_opened(len(content), len(packed))
    for magic, what in FORMATS:
        if content.startswith(magic):
            raise UnreadableError(f"文件是{what},约定为 CSV 文本,请另存为 CSV 后重新发送")
    encoding = contract.server.encoding
    text = decode(content, encoding, limits.undecodable)
    headings = _headings(contract, text.lines)
    if headings is None or text.problem:
        other = _other_encoding(contract, content, encoding)
        if other:
            raise UnreadableError(f"文件是 {other} 编码,约定为 {encoding.upper()},请按约定编码另存后重新发送")
    if headings is None:
        raise UnreadableError(broken or text.problem or "没有找到列标题,请核对文件后重新发送")
    limits.check_extent(len(text.lines), len(headings))
    records = quotes.split(text.lines, len(headings))
    limits.check_extent(1, max(map(len, records.rows)))
    unfinished = _unfinished(contract, text.lines, records, headings)
    if unfinished is not None:
        records.rows.pop()
    doubt = None
    if records.doubtful:
        doubt = f"第 {records.doubtful[0]} 行的引号不成对,无法断定记录在哪里结束,请改正该行引号后重新发送"
    table = Table(
        records.rows,
        marks={STRAY_QUOTE_MARK: records.stray, UNDECODABLE_MARK: _undecodable_fields(records, text.undecodable)},
    )
    return tabulate(contract, [table], broken or text.problem or doubt or unfinished)


def unpack(packed: bytes, limits: Limits) -> tuple[bytes, str | None]:
    """Unpack gzip members as far as they go; the second part tells what broke, if anything.

    Raises:
        UnreadableError: nothing of it is gzip, or it opens to more than the limits allow.
    """
    if not packed.startswith(b"\x1f\x8b"):
        raise UnreadableError("文件不是 gzip 压缩文件(或开头已损坏),请按约定压缩后重新发送")
    parts: list[bytes] = []
    size = 0
    rest = packed
    while rest:
        stream = zlib.decompressobj(wbits=31)
        for start in range(0, len(rest), CHUNK):
            piece = rest[start : start + CHUNK]
            while piece and not stream.eof:
                try:
                    parts.append(stream.decompress(piece, CHUNK))
                except zlib.error:
                    return b"".join(parts), "压缩文件已损坏,请重新发送"
                size += len(parts[-1])
                limits.check_opened(size, len(packed))
                piece = stream.unconsumed_tail
            if stream.eof:
                rest = stream.unused_data + rest[start + CHUNK :]
                break
        else:
            return b"".join(parts), "压缩文件不完整(传输中断),请重新发送"
        rest = rest.lstrip(b"\x00")  # tape-style padding after the last member is no damage
    return b"".join(parts), None


def decode(content: bytes, encoding: str, most_undecodable: float) -> Text:
    """Decode line by line where it must be; bytes that are no characters become U+FFFD (R-FILE-5).

    No separator, quote or line end is ever a later byte of a character in UTF-8 or GB18030: a cut character takes
    nothing with it.
    """
    content = content.removeprefix(b"\xef\xbb\xbf") if encoding == "utf-8" else content
    try:
        return Text(list(io.StringIO(content.decode(encoding), newline="")))
    except UnicodeDecodeError:
        pass
    lines: list[str] = []
    undecodable: list[int] = []
    for number, line in enumerate(content.splitlines(keepends=True)):
        try:
            lines.append(line.decode(encoding))
        except UnicodeDecodeError:
            lines.append(line.decode(encoding, "replace"))
            undecodable.append(number)
    problem = None
    # A single cut field never costs the list, however short it is.
    if len(undecodable) > max(1, most_undecodable * len(lines)):
        problem = (
            f"第 {undecodable[0] + 1} 行等 {len(undecodable)} 行不是 {encoding.upper()} 编码,"
            f"超过 {most_undecodable:.2%}(STREET_READ_UNDECODABLE),请按约定编码重新导出"
        )
    return Text(lines, frozenset(undecodable), problem)


def _headings(contract: Contract, lines: Sequence[str]) -> Sequence[str | None] | None:
    """Return the heading row, found line by line and, because a heading may hold a line break, as `csv` reads them."""
    leading = [quotes.plain(line) for line in lines[:HEADING_ROWS_SEARCHED]]
    try:
        believed = list(csv.reader(lines[: 2 * HEADING_ROWS_SEARCHED]))[:HEADING_ROWS_SEARCHED]
    except csv.Error:
        believed = []
    found = [(rows, at) for rows in (leading, believed) if (at := find(contract, rows)) is not None]
    if not found:
        return None
    rows, at = max(found, key=lambda each: len(names_of(contract, each[0][each[1]])[0]))
    return rows[at]


def _other_encoding(contract: Contract, content: bytes, encoding: str) -> str | None:
    """Return the encoding in which the file's headings can be read, if that isn't the agreed one."""
    start = content[:CHUNK]
    for other, called in ENCODINGS.items():
        if other != encoding and not (other == "utf-16" and start[:2] not in (b"\xff\xfe", b"\xfe\xff")):
            text = start.decode(other, "ignore").removeprefix("\ufeff")
            if not text.isascii() and _headings(contract, text.splitlines()[: 2 * HEADING_ROWS_SEARCHED]) is not None:
                return called
    return None


def _unfinished(
    contract: Contract, lines: Sequence[str], records: quotes.Records, headings: Sequence[str | None]
) -> str | None:
    """Return what shows that the last line was cut, if anything does (R-FILE-4)."""
    last = records.rows[-1]
    if lines[-1].endswith(("\n", "\r")):
        return None
    if records.open_end:
        return f"第 {len(lines)} 行的引号没有结束,文件可能被截断,请重新发送"
    known, _ = names_of(contract, headings)
    if 0 < len(last) < len(headings) and not is_total(contract, known, None, last):
        return f"最后一行(第 {len(lines)} 行)不完整,文件可能被截断,请重新发送"
    return None


def _undecodable_fields(records: quotes.Records, lines: frozenset[int]) -> dict[int, list[int]]:
    if not lines:
        return {}
    ends = [*records.starts[1:], max(*lines, records.starts[-1]) + 1]
    found: dict[int, list[int]] = {}
    for number, (row, start, end) in enumerate(zip(records.rows, records.starts, ends, strict=False)):
        if any(line in lines for line in range(start, end)):
            found[number] = [i for i, text in enumerate(row) if "\ufffd" in text]
    return found
