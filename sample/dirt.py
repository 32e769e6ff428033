"""Defects of single cells, as departments' systems and clerks make them.

Every share here is of a list as the feeds are specified; `dirt` multiplies it (LEVELS).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from sample.documents import Texts, legacy, wrong_check
from sample.names import homophones
from sample.rows import spread

#: How dirty a street's lists are: how much more often than specified something in them is written wrongly.
LEVELS = {"light": 0.3, "specified": 1.0, "heavy": 2.5}

FULL_WIDTH: dict[str, str | int | None] = dict(zip("0123456789Xx", "０１２３４５６７８９Ｘｘ", strict=True))


_DRESSED = ("“{0}”", "{1}\u2011{2}\u2011{3}", "{1}—{2}—{3}", "身份证{0}", '="{0}"', "'{0}")


def dirty_ids(
    rng: np.random.Generator, numbers: pl.Series, birth_year: pl.Series, dirt: float
) -> tuple[pl.Series, pl.Series]:
    """Return resident IDs as typed, and whether each is still good (an identity after cleaning).

    Lower-case x, the legacy 15 digits, full-width digits, stray spaces, quotes, hyphens of any kind, a word before it
    and a spreadsheet's formula leave a number good; a wrong check digit, a masked or a forgotten number don't.
    """
    n = len(numbers)
    typed: Texts = np.array(numbers.to_list(), dtype=object)
    good = np.ones(n, dtype=bool)
    year = birth_year.to_numpy()
    draw = rng.random(n) / dirt
    resident = np.array([len(number) == 18 for number in typed], dtype=bool)
    for i in np.flatnonzero(resident & (draw < 0.013)):
        number, kind = str(typed[i]), draw[i]
        if kind < 0.0025:
            typed[i], good[i] = wrong_check(number), False
        elif kind < 0.0032:
            typed[i], good[i] = masked(number), False
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


@dataclass(frozen=True)
class Withheld:
    """Which shares of a list show a resident ID masked, and no document at all."""

    masked: float
    nothing: float


def masked(number: str, draw: float = 1.0) -> str:
    """Return a resident ID as lists show it that don't need all of it; below 0.15 three digits are left in front."""
    head = 3 if draw < 0.15 else 6
    return f"{number[:head]}{'*' * (14 - head)}{number[14:]}"


def withhold(
    rng: np.random.Generator, typed: pl.Series, good: pl.Series, shares: Withheld, dirt: float
) -> tuple[pl.Series, pl.Series]:
    """Return resident IDs as typed, some of them withheld, and which still identify."""
    draw, how = rng.random(len(typed)) / dirt, rng.random(len(typed))
    written, still = np.array(typed.to_list(), dtype=object), good.to_numpy().copy()
    for i in np.flatnonzero((typed.str.len_chars() == 18).to_numpy() & (draw < shares.masked + shares.nothing)):
        if draw[i] < shares.masked:
            written[i] = masked(str(written[i]), how[i])
        else:
            written[i] = ["", "-", "无"][i % 3]
        still[i] = False
    return pl.Series(written.astype(str)), pl.Series(still)


def strange_phones(rng: np.random.Generator, phones: pl.Series, others: pl.Series, share: float) -> pl.Series:
    """Return the phones, this share of them an old number or that of somebody else (`others`, of the household)."""
    n = len(phones)
    old = pl.Series(rng.integers(13_000_000_000, 20_000_000_000, n)).cast(pl.String)
    draw = pl.Series(rng.random(n))
    given = pl.DataFrame({"phone": phones, "other": others, "old": old, "draw": draw})
    return given.select(
        pl.when((pl.col("phone") == "") | (pl.col("draw") >= share))
        .then("phone")
        .when((pl.col("draw") < share / 2) & (pl.col("other") != ""))
        .then("other")
        .otherwise("old")
    ).to_series()


def former_homes(rng: np.random.Generator, homes: pl.Series, share: float) -> pl.Series:
    """Return the homes, this share of them where somebody else of the list lives: people moved, the list didn't."""
    others = homes.gather(rng.permutation(len(homes)))
    return others.zip_with(pl.Series(rng.random(len(homes)) < share), homes)


def dirty_phones(rng: np.random.Generator, column: str, n: int, dirt: float) -> pl.Expr:
    """Return the column with phones as spreadsheets mangle them; `1.3916e+10` has lost its digits."""
    phone = pl.col(column)
    return (
        pl.when(phone == "")
        .then(phone)
        .when(spread(rng, n, 0.01 * dirt))
        .then(phone + ".0")
        .when(spread(rng, n, 0.0005 * dirt))
        .then(pl.format("{}.{}e10", phone.str.slice(0, 1), phone.str.slice(1, 4)))
        .when(spread(rng, n, 0.0005 * dirt))
        .then(pl.format("{}.{}E+10", phone.str.slice(0, 1), phone.str.slice(1, 10)))
        .when(spread(rng, n, 0.008 * dirt))
        .then(pl.format("{} {} {}", phone.str.slice(0, 3), phone.str.slice(3, 4), phone.str.slice(7, 4)))
        .when(spread(rng, n, 0.004 * dirt))
        .then("+86 " + phone)
        .when(spread(rng, n, 0.002 * dirt))
        .then(phone.str.slice(0, 10))
        .when(spread(rng, n, 0.02 * dirt))
        .then(pl.lit(""))
        .otherwise(phone)
    )


def dirty_birth_dates(rng: np.random.Generator, column: str, n: int, dirt: float) -> pl.Expr:
    """Return YYYYMMDD text with dates in the future, before 1900, as Excel serials, with day 00, mistyped, or none."""
    birth = pl.col(column)
    text = birth.dt.strftime("%Y%m%d")
    serial = (birth - pl.date(1899, 12, 30)).dt.total_days().cast(pl.String)
    return (
        pl.when(spread(rng, n, 0.0003 * dirt))
        .then(pl.lit("20291301"))
        .when(spread(rng, n, 0.0003 * dirt))
        .then(pl.lit("18881111"))
        .when(spread(rng, n, 0.0005 * dirt) & (birth > pl.date(1930, 1, 1)))
        .then(serial)
        .when(spread(rng, n, 0.0008 * dirt))
        .then(birth.dt.strftime("%Y-%m-%d"))
        .when(spread(rng, n, 0.0004 * dirt))
        .then(birth.dt.strftime("%Y%m00"))
        .when(spread(rng, n, 0.0010 * dirt))
        .then((birth + pl.duration(days=31)).dt.strftime("%Y%m%d"))
        .when(spread(rng, n, 0.0006 * dirt) & (birth.dt.day() <= 12))
        .then(birth.dt.strftime("%Y%d%m"))
        .when(spread(rng, n, 0.0006 * dirt) & (birth > pl.date(1920, 1, 1)))
        .then(birth.dt.offset_by("-10y").dt.strftime("%Y%m%d"))
        .when(spread(rng, n, 0.005 * dirt))
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


#: Characters that the eye takes for each other.
LOOK_ALIKE = (
    "大太", "天夫", "永水", "宇字", "林材", "明朋", "志忘", "元无", "正止", "成戌", "良艮", "信倍", "柏怕", "品晶",
    "平乎", "军车", "浩洁", "晨震", "博搏", "阳阴", "凡几", "远运", "婷停", "雯雪", "芬芳", "怡治", "君尹", "可司",
    "语话", "晴睛", "珍诊", "凤风", "美姜", "梅悔", "云去", "月用", "素紊", "瑞端", "杰木", "俊悛", "海悔", "康唐",
    "彤丹", "心必", "建健",
)  # fmt: skip
_TAKEN_FOR = {one: other for pair in LOOK_ALIKE for one, other in (tuple(pair), tuple(pair[::-1]))}


def mistyped(rng: np.random.Generator, name: str) -> str:
    """Return a name of Chinese characters as somebody mistypes it who hears, copies or hurries; any other as it is.

    A character of the given name by a homophone or a look-alike, the two changed about, or one of them left out.
    """
    kind, at = rng.random(), int(rng.integers(1, max(len(name), 2)))
    if not 2 <= len(name) <= 4 or not all("\u4e00" <= character <= "\u9fff" for character in name):
        return name
    if kind < 0.12 and len(name) == 3:
        return name[0] + name[2] + name[1]
    if kind < 0.24 and len(name) == 3:
        return name[:at] + name[at + 1 :]
    alike = _TAKEN_FOR.get(name[at]) if kind < 0.5 else None
    heard = homophones(name[at])
    if alike is None and heard:
        alike = heard[int(rng.integers(0, len(heard)))]
    return name[:at] + (alike or name[at]) + name[at + 1 :]


def is_one_slip(name: str, typed: str) -> bool:
    """Return whether a name is taken for another by one slip: the surname kept, a homophone, or one character of
    three.
    """
    if name == typed:
        return True
    wrong = [(a, b) for a, b in zip(name, typed, strict=False) if a != b]
    if len(name) != len(typed) or len(wrong) != 1 or name[0] != typed[0]:
        return False
    return len(name) >= 3 or wrong[0][1] in homophones(wrong[0][0])


def slips(names: pl.Series, typed: pl.Series, kept: pl.Series) -> pl.Series:
    """Return how far each name is from its own: 0 as it is, 1 taken for the same by one slip, 2 another."""
    return (typed != names).cast(pl.Int64) + (~kept).cast(pl.Int64)


def mistype(rng: np.random.Generator, names: pl.Series, share: float) -> tuple[pl.Series, pl.Series]:
    """Return the names, this share of them mistyped, and which are still taken for the same name (by one slip).

    Of eight one is mistyped twice.
    """
    typed, kept = names.to_list(), np.ones(len(names), dtype=bool)
    draw = rng.random(len(names))
    for i in np.flatnonzero(draw < share):
        wrong = mistyped(rng, typed[i])
        wrong = mistyped(rng, wrong) if draw[i] < share / 8 else wrong
        typed[i], kept[i] = wrong, is_one_slip(typed[i], wrong)
    return pl.Series(typed, dtype=pl.String), pl.Series(kept)


def titled(rng: np.random.Generator, names: pl.Series, kept: pl.Series, share: float) -> tuple[pl.Series, pl.Series]:
    """Return the names, this share of them a surname with a title, and which still tell whose they are."""
    is_chinese = names.str.contains("^[\u4e00-\u9fff]{2,4}$")
    title = pl.Series(rng.choice(["先生", "女士", "阿姨"], len(names), p=[0.5, 0.4, 0.1]))
    chosen = pl.Series(rng.random(len(names)) < share) & is_chinese
    return (names.str.slice(0, 1) + title).zip_with(chosen, names), kept & ~chosen


def could_be_mistyped(one: str, other: str) -> bool:
    """Return whether one of two names could be the other as `mistyped` and `slip` write it."""
    if slip(one) == other or slip(other) == one:
        return True
    if one[:1] != other[:1] or abs(len(one) - len(other)) > 1:
        return False
    if len(one) != len(other):
        longer, shorter = sorted((one, other), key=len, reverse=True)
        return len(longer) == 3 and shorter in {longer[:at] + longer[at + 1 :] for at in (1, 2)}
    wrong = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    if len(wrong) == 2 and len(one) == 3:
        return wrong[0] == wrong[1][::-1]
    return len(wrong) == 1 and (wrong[0][1] in homophones(wrong[0][0]) or _TAKEN_FOR.get(wrong[0][0]) == wrong[0][1])
