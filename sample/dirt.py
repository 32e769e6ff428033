"""Defects of single cells, as departments' systems and clerks make them."""

import numpy as np
import polars as pl

from sample.documents import Texts, legacy, wrong_check
from sample.rows import spread

FULL_WIDTH: dict[str, str | int | None] = dict(zip("0123456789Xx", "０１２３４５６７８９Ｘｘ", strict=True))


_DRESSED = ("“{0}”", "{1}\u2011{2}\u2011{3}", "{1}—{2}—{3}", "身份证{0}", '="{0}"', "'{0}")


def dirty_ids(rng: np.random.Generator, numbers: pl.Series, birth_year: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return resident IDs as typed, and whether each is still good (an identity after cleaning).

    Lower-case x, the legacy 15 digits, full-width digits, stray spaces, quotes, hyphens of any kind, a word before it
    and a spreadsheet's formula leave a number good; a wrong check digit, a masked or a forgotten number don't.
    """
    n = len(numbers)
    typed: Texts = np.array(numbers.to_list(), dtype=object)
    good = np.ones(n, dtype=bool)
    year = birth_year.to_numpy()
    draw = rng.random(n)
    resident = np.array([len(number) == 18 for number in typed], dtype=bool)
    for i in np.flatnonzero(resident & (draw < 0.013)):
        number, kind = str(typed[i]), draw[i]
        if kind < 0.0025:
            typed[i], good[i] = wrong_check(number), False
        elif kind < 0.0032:
            typed[i], good[i] = f"{number[:6]}********{number[-4:]}", False
        elif kind < 0.0036:
            typed[i], good[i] = ["", "-", "无"][i % 3], False
        elif kind < 0.0044:
            # Residence permits (8...) and foreign permits (9...) are too young to have had one.
            typed[i] = legacy(number) if 1931 <= year[i] < 1985 and number[0] not in "89" else number
        elif kind < 0.0050:
            typed[i] = number.translate(str.maketrans(FULL_WIDTH))
        elif kind < 0.0070:
            typed[i] = f" {number}\u3000"
        elif kind >= 0.012:
            typed[i] = _DRESSED[i % len(_DRESSED)].format(number, number[:6], number[6:14], number[14:])
        else:
            typed[i] = number.lower()
    return pl.Series(typed.astype(str)), pl.Series(good)


def dirty_phones(rng: np.random.Generator, column: str, n: int) -> pl.Expr:
    """Return the column with phones as spreadsheets mangle them; `1.3916e+10` has lost its digits."""
    phone = pl.col(column)
    return (
        pl.when(phone == "")
        .then(phone)
        .when(spread(rng, n, 0.01))
        .then(phone + ".0")
        .when(spread(rng, n, 0.0005))
        .then(pl.format("{}.{}e10", phone.str.slice(0, 1), phone.str.slice(1, 4)))
        .when(spread(rng, n, 0.0005))
        .then(pl.format("{}.{}E+10", phone.str.slice(0, 1), phone.str.slice(1, 10)))
        .when(spread(rng, n, 0.008))
        .then(pl.format("{} {} {}", phone.str.slice(0, 3), phone.str.slice(3, 4), phone.str.slice(7, 4)))
        .when(spread(rng, n, 0.004))
        .then("+86 " + phone)
        .when(spread(rng, n, 0.002))
        .then(phone.str.slice(0, 10))
        .when(spread(rng, n, 0.02))
        .then(pl.lit(""))
        .otherwise(phone)
    )


def dirty_birth_dates(rng: np.random.Generator, column: str, n: int) -> pl.Expr:
    """Return YYYYMMDD text with dates in the future, before 1900, as Excel serials, with day 00, or forgotten."""
    birth = pl.col(column)
    text = birth.dt.strftime("%Y%m%d")
    serial = (birth - pl.date(1899, 12, 30)).dt.total_days().cast(pl.String)
    return (
        pl.when(spread(rng, n, 0.0003))
        .then(pl.lit("20291301"))
        .when(spread(rng, n, 0.0003))
        .then(pl.lit("18881111"))
        .when(spread(rng, n, 0.0005) & (birth > pl.date(1930, 1, 1)))
        .then(serial)
        .when(spread(rng, n, 0.0008))
        .then(birth.dt.strftime("%Y-%m-%d"))
        .when(spread(rng, n, 0.0004))
        .then(birth.dt.strftime("%Y%m00"))
        .when(spread(rng, n, 0.0010))
        .then((birth + pl.duration(days=31)).dt.strftime("%Y%m%d"))
        .when(spread(rng, n, 0.0008))
        .then(pl.lit(""))
        .otherwise(text)
    )


def slip(name: str) -> str:
    """Return the name with one slip of the pen: its last character replaced by a homophone."""
    homophones = {
        "伟": "炜",
        "华": "花",
        "明": "铭",
        "英": "瑛",
        "芳": "方",
        "静": "净",
        "丽": "莉",
        "国": "帼",
        "平": "萍",
        "军": "均",
    }
    for right, wrong in homophones.items():
        if right in name[1:]:
            return name[0] + name[1:].replace(right, wrong, 1)
    return name


def unwritable(name: str) -> str:
    """Return the name with a mark for the dot or the rare character that a department's system can't write."""
    rare = next((character for character in name[1:] if ord(character) > 0xFFFF), None)
    if "·" in name:
        return name.replace("·", "?●-、*"[len(name) % 5])
    return name.replace(rare, "?") if rare else name
