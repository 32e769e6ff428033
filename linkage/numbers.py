"""Numbers of lanes, buildings and rooms as people write them: the twin of `rules.place_number` in the database.

What stands in a column of its own is read by SQL where keys are compared and here where places are sought; a test holds
the two against each other on every kind of text. Source of the rules: docs/rules.md, R-PLACE-13.
"""

import re
from typing import Final

import polars as pl

NUMERALS: Final = "〇零○一二两三四五六七八九十百千廿卅"
LETTERS: Final = "A-Z甲乙丙丁"

_DIGITS: Final = str.maketrans("〇零○一二两三四五六七八九", "0001223456789")
_UNITS: Final = {"十": 10, "百": 100, "千": 1000}
_DIGIT: Final = "[一二两三四五六七八九]"
# 三十, 一百零五, 一千零九十九; not 三百五 (305 or 350?) and not 二三十 (two numbers).
_WELL_FORMED: Final = re.compile(
    rf"(?:{_DIGIT}千(?:$|[〇零○](?:{_DIGIT}?十{_DIGIT}?|{_DIGIT})$|(?={_DIGIT}百)))?"
    rf"(?:{_DIGIT}百(?:$|[〇零○]{_DIGIT}$|(?={_DIGIT}?十)))?(?:{_DIGIT}?十{_DIGIT}?)?"
)
_BESIDE_DIGITS: Final = re.compile("(?<=[0-9])[OoIl]+|[OoIl]+(?=[0-9])")
LOOK_ALIKES: Final = str.maketrans("OoIl", "0011")
_PRINTED_AS_FLOAT: Final = re.compile(r"([0-9])\.0+(?![0-9])")
_SIMPLIFIED: Final = str.maketrans("號樓棟單層門戶", "号楼栋单层门户")


def chinese_number(numerals: str) -> str:
    """Chinese numerals as digits: 三十 is 30, 五〇二 is 502; what is no number, or could be two, stays as it is."""
    text = numerals.replace("廿", "二十").replace("卅", "三十")
    if not any(unit in text for unit in _UNITS):
        return text.translate(_DIGITS)
    if not _WELL_FORMED.fullmatch(text):
        return numerals
    total, digit = 0, 0
    for sign in text:
        if sign in _UNITS:
            total += (digit or 1) * _UNITS[sign]
            digit = 0
        else:
            digit = int(sign.translate(_DIGITS))
    return str(total + digit)


def without_look_alikes(text: str) -> str:
    """O for 0 and I or l for 1 beside a digit are that digit."""
    return _BESIDE_DIGITS.sub(lambda match: match[0].translate(LOOK_ALIKES), text)


def without_floats(text: str) -> str:
    """30.0 is 30."""
    return _PRINTED_AS_FLOAT.sub(r"\1", text)


def place_number(text: str) -> str | None:
    """Return the number of a building or room from clean text (R-VAL-1), or None when nothing is left.

    `30`, `30号楼`, `三十号`, `30.0` and `3O` are 30; `三A号楼` and `3-A` are 3A; `2单元502室` is 2-502; `302室甲` is
    302甲.
    """
    if text.isascii() and text.isdigit():
        return text
    said = text.translate(_SIMPLIFIED)
    said = re.sub(f"(?<=[0-9A-Za-z{NUMERALS}]) (?=[0-9A-Za-z{NUMERALS}])", "-", said).replace(" ", "")
    said = re.sub("^(?:第|#|[Nn][Oo]\\.?)(?=[0-9])", "", without_floats(said)).replace("#", "号")
    said = re.sub(r"[-/\\_~–—―‐‑−,、;:|.。·()\[\]{}【】〔〕<>《》]+", "-", said)
    said = re.sub("-$", "", said) if re.match("-[0-9]", text) else re.sub("^-|-$", "", said)
    said = re.sub(
        f"[0-9{NUMERALS}]+", lambda run: run[0] if re.search("[0-9]", run[0]) else chinese_number(run[0]), said
    )
    said = without_look_alikes(said)
    said = re.sub("^(?:[OoIl]{2,}|l)(?=$|[号幢栋座楼室户房])", lambda match: match[0].translate(LOOK_ALIKES), said)
    said = re.sub("[a-z]", lambda letter: letter[0].upper(), said)
    said = re.sub(f"(?<=[0-9{LETTERS}])(?:单元|门|梯)-?(?=.)", "-", said)
    said = re.sub(f"[室户房]-?(?=[{LETTERS}]$)", "", said)
    said = re.sub("[号幢栋座楼室户房]+$", "", said)
    said = re.sub(f"^([{LETTERS}])-([0-9]+)$", r"\1\2", said)
    said = re.sub(f"^([0-9]+)-([{LETTERS}])$", r"\1\2", said)
    return said or None


def numbers(texts: pl.Series) -> pl.Series:
    """Return `place_number` of a column of clean texts; null stays null. Each writing is read once."""
    written = texts.cast(pl.String)
    odd = written.drop_nulls().unique()
    odd = odd.filter(~odd.str.contains("^[0-9]+$"))
    if odd.is_empty():
        return written
    return written.replace_strict(
        odd, pl.Series([place_number(text) for text in odd], dtype=pl.String), default=written
    )
