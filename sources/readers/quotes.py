"""Split delimited lines into records by what the format promises: as many fields as there are headings.

A parser that believes every quote loses what stands between a stray one and the next (docs/decisions/0005). Here a
quoted field that runs over a line end must prove itself, and what can't be told is said (docs/rules.md, R-FILE-3).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

MOST_LINES = 10_000
"""A quoted field of more lines than this isn't believed."""
MOST_QUOTES = 200
"""In a line of more quotes than this nobody looks for the one reading that fits."""


@dataclass
class Records:
    """The records of a text, each beside the line (from 0) where it starts.

    `stray` tells for a record in which fields (from 0) a quote was read as the character it is; `doubtful` the lines
    (from 1) where a quote opens and nobody can tell where the record ends; `open_end` that the last line stands inside
    a quoted field.
    """

    rows: list[list[str]] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    stray: dict[int, list[int]] = field(default_factory=dict)
    doubtful: list[int] = field(default_factory=list)
    open_end: bool = False


def split(lines: Sequence[str], width: int) -> Records:
    """Split physical lines (with their ends) into records of `width` fields; every line is in exactly one record."""
    found = Records()
    at = 0
    while at < len(lines):
        line = lines[at]
        found.starts.append(at)
        if '"' in line:
            at = _quoted(lines, at, width, found)
        else:
            found.rows.append(line.rstrip("\r\n").split(","))
            at += 1
    return found


def plain(line: str) -> list[str]:
    """Return the fields of one line by itself: quoted where all quotes close, else with the quotes as characters."""
    body = line.rstrip("\r\n")
    fields, opened = _fields(body)
    return body.split(",") if fields is None or opened is not None else fields


def _quoted(lines: Sequence[str], at: int, width: int, found: Records) -> int:
    """Read the record that starts at a line with quotes; returns the line after it."""
    body = lines[at].rstrip("\r\n")
    fields, opened = _fields(body)
    closed = fields is not None and opened is None
    if closed and fields is not None and len(fields) == width:
        found.rows.append(fields)
        return at + 1
    literal = _fitting(body, width)
    if fields is not None and opened is not None:
        joined = _joined(lines, at, [*fields, opened], width, fits_alone=literal is not None)
        if joined is not None:
            found.rows.append(joined[0])
            return joined[1]
        found.open_end = at + 1 == len(lines) and body == lines[at]
    if literal is not None:
        found.stray[len(found.rows)] = literal[1]
        found.rows.append(literal[0])
    elif closed and fields is not None:
        found.rows.append(fields)
    else:
        split_plainly = body.split(",")
        found.stray[len(found.rows)] = [i for i, text in enumerate(split_plainly) if '"' in text]
        found.rows.append(split_plainly)
        ends_here = at + 1 == len(lines) or _count(lines[at + 1]) >= width
        if opened is not None and not ends_here:
            found.doubtful.append(at + 1)
    return at + 1


def _fields(body: str) -> tuple[list[str] | None, str | None]:
    """Return the fields of a text by the letter of RFC 4180, and what a last field holds that never closes.

    None instead of fields: something follows a closing quote.
    """
    fields: list[str] = []
    at = 0
    while True:
        if body.startswith('"', at):
            end = _closing(body, at + 1)
            if end < 0:
                return fields, body[at + 1 :].replace('""', '"')
            if end + 1 < len(body) and body[end + 1] != ",":
                return None, None
            fields.append(body[at + 1 : end].replace('""', '"'))
            after = end + 1
        else:
            comma = body.find(",", at)
            after = comma if comma >= 0 else len(body)
            fields.append(body[at:after])
        if after >= len(body):
            return fields, None
        at = after + 1


def _closing(body: str, at: int) -> int:
    """Return where the quoted text that holds at `at` closes, or -1."""
    while (quote := body.find('"', at)) >= 0:
        if not body.startswith('"', quote + 1):
            return quote
        at = quote + 2
    return -1


def _joined(
    lines: Sequence[str], at: int, fields: list[str], width: int, *, fits_alone: bool
) -> tuple[list[str], int] | None:
    """Return the record from line `at` on, its last field still open, if what it swallows are no records themselves."""
    *done, pending = fields
    text = [pending, lines[at][len(lines[at].rstrip("\r\n")) :]]
    # A record that lacks a field is one too; of a narrow table that can't be told.
    like_record = width - 1 if width > 3 else width
    for number in range(at + 1, min(len(lines), at + MOST_LINES)):
        line = lines[number]
        body = line.rstrip("\r\n")
        end = _closing(body, 0)
        is_like = _count(line) >= like_record
        if end < 0:
            if is_like:
                return None
            text += [body.replace('""', '"'), line[len(body) :]]
            continue
        # Where the first line is no record by itself, a quote closes that stands behind text or before everything;
        # one that could open a field doesn't.
        could_open = end > 0 and body[end - 1] == ","
        if is_like and (fits_alone or could_open):
            return None
        rest, opened = _fields('""' + body[end + 1 :])
        if rest is None:
            return None
        done += ["".join(text) + body[:end].replace('""', '"'), *rest[1:]]
        if opened is None:
            return (done, number + 1) if len(done) == width else None
        text = [opened, line[len(body) :]]
    return None


def _count(line: str) -> int:
    return line.count(",") + 1


def _fitting(body: str, width: int) -> tuple[list[str], list[int]] | None:
    """Return the reading of one line that has `width` fields with the fewest stray quotes, and in which fields they
    stand.
    """
    if body.count('"') > MOST_QUOTES or _count(body) > 4 * width + MOST_QUOTES:
        fields = body.split(",")
        return (fields, [i for i, text in enumerate(fields) if '"' in text]) if len(fields) == width else None
    end = len(body) + 1
    # For each place where a field may start: how many strays so far, and the fields up to it.
    ways: dict[int, tuple[int, list[str], list[int]]] = {0: (0, [], [])}
    for position in range(width):
        further: dict[int, tuple[int, list[str], list[int]]] = {}
        for start, (strays, fields, where) in ways.items():
            if start == end:
                continue
            for text, after, is_stray in _options(body, start):
                if after not in further or strays + is_stray < further[after][0]:
                    marked = [*where, position] if is_stray else where
                    further[after] = (strays + is_stray, [*fields, text], marked)
        ways = further
    return ways[end][1:] if end in ways else None


def _options(body: str, start: int) -> list[tuple[str, int, bool]]:
    """Return each way to read the field that starts here: its text, where the next starts, whether a quote is stray
    in it.
    """
    comma = body.find(",", start)
    after = (comma if comma >= 0 else len(body)) + 1
    is_quoted = body.startswith('"', start)
    options = [(body[start : after - 1], after, is_quoted)]
    if is_quoted:
        quote = body.find('"', start + 1)
        while quote >= 0:
            if quote + 1 == len(body) or body[quote + 1] == ",":
                inner = body[start + 1 : quote]
                options.append((inner.replace('""', '"'), quote + 2, '"' in inner.replace('""', "")))
            quote = body.find('"', quote + 1)
    return options
