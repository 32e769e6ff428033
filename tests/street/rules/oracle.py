"""What the rules say, written a second time in Python and by other means than the SQL functions."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
EPOCH = dt.date(1899, 12, 30)
# Format characters that are printed: Arabic, Syriac and Kaithi number signs, Egyptian joiners.
PRINTED_FORMATS = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x13430, 0x13440)}


def check_character(seventeen: str) -> str:
    """GB 11643: the sum of weighted digits modulo 11, looked up."""
    return "10X98765432"[sum(int(digit) * weight for digit, weight in zip(seventeen, WEIGHTS, strict=True)) % 11]


def identity(area: str, born: dt.date, sequence: int) -> str:
    """A valid 18-character number."""
    seventeen = f"{area}{born:%Y%m%d}{sequence:03d}"
    return seventeen + check_character(seventeen)


def is_real_identity(text: str) -> bool:
    """Whether 18 characters prove themselves: check character (ISO 7064 as a recurrence) and a real day."""
    if not re.fullmatch(r"[0-9]{17}[0-9X]", text):
        return False
    remainder = 0
    for character in text:
        remainder = (remainder * 2 + (10 if character == "X" else int(character))) % 11
    try:
        born = dt.datetime.strptime(text[6:14], "%Y%m%d").replace(tzinfo=dt.UTC)
    except ValueError:
        return False
    return remainder == 1 and born.year >= 1900


def clean(text: str) -> str | None:
    """NFKC without what cannot be seen, by character category rather than by code point."""
    if len(text) > 10_000:
        return None
    ignorable = {0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFFA0, 0xFFFC, *range(0x180B, 0x1810),
                 *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)}  # fmt: skip

    def visible(character: str) -> bool:
        if character.isspace() or ord(character) in PRINTED_FORMATS:
            return True
        return unicodedata.category(character) not in {"Cc", "Cf"} and ord(character) not in ignorable

    kept = "".join(filter(visible, text))
    return undressed(" ".join(unicodedata.normalize("NFKC", kept).replace("\u2800", " ").split())) or None


def undressed(text: str) -> str:
    """The text in quotes, a spreadsheet's formula of a text, or behind its apostrophe; peeled off one by one."""
    body = text[1:].removeprefix(" ") if text.startswith("=") else text
    if len(body) > 1 and (body[0], body[-1]) in {('"', '"'), ("“", "”"), ("‘", "’"), ("'", "'")}:
        inner = body[1:-1]
        if body[0] == '"' and '"' not in inner.replace('""', ""):
            return undressed(inner.replace('""', '"').strip(" "))
        if body[0] in "“‘" and not set(inner) & {body[0], body[-1]}:
            return undressed(inner.strip(" "))
        if body[0] == "'" and body is text and "'" not in inner:
            return undressed(inner.strip(" "))
    if text[:1] in {"'", "‘", "’"}:
        return undressed(text.lstrip("'‘’ "))
    return text


def day_without_year(month: int, day: int, reference: dt.date) -> dt.date | None:
    """The latest such day not after the reference, this year's where that is over 60 days back."""
    for back in range(61):
        candidate = reference - dt.timedelta(days=back)
        if (candidate.month, candidate.day) == (month, day):
            return candidate
    try:
        return dt.date(reference.year, month, day)
    except ValueError:
        return None


def age(born: dt.date, on_day: dt.date) -> int | None:
    """Birthdays counted one by one; 29 February is kept on 1 March in a common year."""
    if on_day < born:
        return None
    years = 0
    while True:
        try:
            birthday = born.replace(year=born.year + years + 1)
        except ValueError:
            birthday = dt.date(born.year + years + 1, 3, 1)
        if birthday > on_day:
            return years
        years += 1
