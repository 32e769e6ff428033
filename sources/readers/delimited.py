"""Read delimited text, packed or not, in the encoding that the contract declares.

Python's `csv` reads it rather than Polars': departments mix line ends (also lone carriage returns) and quote line
breaks, and a row with too few or too many fields must be seen, not repaired.
"""

import csv
import io
import zlib
from pathlib import Path

from sources.contract import Contract
from sources.readers.reading import Reading, empty, tabulate

LARGEST_FIELD = 16 * 1024 * 1024
CHUNK = 1024 * 1024


def read(path: Path, contract: Contract) -> Reading:
    """Read a `.csv` or `.csv.gz` file; what can't be decoded is told in the reading's `problem`.

    Raises:
        OSError: the file itself can't be read just now.
    """
    packed = path.read_bytes()
    if not packed:
        return empty(contract, "文件为空(0 字节)")
    content, problem = unpack(packed) if contract.properties.container == "gzip" else (packed, None)
    text, undecodable = decode(content, contract.properties.encoding)
    problem = problem or undecodable
    rows, unfinished = parse(text)
    return tabulate(contract, rows, problem or unfinished)


def unpack(packed: bytes) -> tuple[bytes, str | None]:
    """Unpack gzip members as far as they go; the second part tells what broke, if anything."""
    parts: list[bytes] = []
    rest = packed
    while rest:
        stream = zlib.decompressobj(wbits=31)
        try:
            for start in range(0, len(rest), CHUNK):
                parts.append(stream.decompress(rest[start : start + CHUNK]))
                if stream.eof:
                    rest = stream.unused_data + rest[start + CHUNK :]
                    break
            else:
                return b"".join(parts), "压缩文件不完整(传输中断),请重新发送"
        except zlib.error:
            return b"".join(parts), "压缩文件已损坏,请重新发送"
        rest = rest.lstrip(b"\x00")  # tape-style padding after the last member is no damage
    return b"".join(parts), None


def decode(content: bytes, encoding: str) -> tuple[str, str | None]:
    """Decode as far as it goes; the second part tells where it stopped, if it did."""
    codec = "utf-8-sig" if encoding == "utf-8" else encoding
    try:
        return content.decode(codec), None
    except UnicodeDecodeError as error:
        start = error.start
    # An error of the codec carries the bytes around it: it is dropped here, only the place is told.
    whole_lines = content[:start].rpartition(b"\n")[0]
    line = content.count(b"\n", 0, start) + 1
    return whole_lines.decode(codec, "replace"), f"第 {line} 行不是 {encoding.upper()} 编码,请按约定编码重新导出"


def parse(text: str) -> tuple[list[list[str]], str | None]:
    """Split into rows of fields; the second part tells of a quoted field or a last row that never ends."""
    csv.field_size_limit(LARGEST_FIELD)
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        rows.extend(reader)
    except csv.Error:
        return rows, f"第 {reader.line_num} 行引号不成对,其后无法读取"
    # Only an odd number of quotes can leave a field open; a stray one inside a field (5"管) leaves none.
    if text.count('"') % 2 and _is_open(_last_record(text)):
        return rows[:-1], f"第 {reader.line_num} 行引号不成对,文件没有结束"
    if len(rows) > 1 and rows[-1] and not text.endswith(("\n", "\r")) and len(rows[-1]) < len(rows[-2]):
        return rows[:-1], f"最后一行(第 {reader.line_num} 行)不完整,文件可能被截断"
    return rows, None


def _is_open(record: str) -> bool:
    """Whether a quoted field of the record never ends."""
    try:
        list(csv.reader(io.StringIO(record, newline=""), strict=True))
    except csv.Error as error:
        return "unexpected end of data" in str(error)
    return False


def _last_record(text: str) -> str:
    """The raw text of the last record, as the reader splits them."""
    lines = io.StringIO(text, newline="").readlines()
    reader = csv.reader(iter(lines))
    start, end = 0, 0
    for _ in reader:
        start, end = end, reader.line_num
    return "".join(lines[start:end])
