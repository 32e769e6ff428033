"""How clerks write a name, a number, a phone and a date; each way with what it still says."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import TYPE_CHECKING

from .ground import WIDE
from .people import DOTTED, RARE, TRADITIONAL, Person

if TYPE_CHECKING:
    import random

EPOCH = dt.date(1899, 12, 30)


@dataclasses.dataclass(frozen=True)
class Serial:
    """A date cell of a worksheet."""

    on: dt.date


@dataclasses.dataclass(frozen=True)
class Written:
    """`text` as it stands in the file; `good`: it still says what it should; `kind` names the way."""

    text: object
    good: bool
    kind: str


class Clerk:
    """Writes values, at the rate `dirt` in one of the people's ways."""

    def __init__(self, rng: random.Random, dirt: float) -> None:
        self.rng, self.dirt = rng, dirt

    def _is_clean(self, rate: float) -> bool:
        return self.rng.random() >= rate * self.dirt

    def _pick(self, ways: dict[str, object], *, good: bool = True) -> Written:
        way = self.rng.choice(sorted(ways))
        return Written(ways[way], good, way)

    def name(self, person: Person) -> Written:
        """The name in a way that agrees with the true one."""
        name = person.name
        if self._is_clean(0.25):
            return Written(name, True, "name")
        ways: dict[str, object] = {
            "padded": f" {name}\u3000",
            "invisible": f"\u200b{name}",
            "equals": f"={name}",
            "formula": f'="{name}"',
        }
        if name.isascii():
            ways["lower"] = name.title()
            return self._pick(ways)
        if "·" not in name:
            ways["spaced"] = f"{name[0]} {name[1:]}"
            if name.translate(TRADITIONAL) != name:
                ways["traditional"] = name.translate(TRADITIONAL)
        if name[-1] in {rare[0] for rare in RARE}:
            ways["mark"] = f"{name[:-1]}?"
            ways["mark-star"] = f"{name[:-1]}*"
        if any(name == dotted[0] for dotted in DOTTED):
            ways |= {f"dot-{mark}": name.replace("·", mark) for mark in "?-、●*_•．"}
            ways["dot-gone"] = name.replace("·", "")
        return self._pick(ways)

    def slip(self, person: Person) -> Written:
        """One character of three or more written wrongly, the surname kept."""
        name = person.name
        return Written(name[:-1] + ("芯" if name[-1] != "芯" else "欣"), True, "slip")

    def resident_id(self, number: str) -> Written:
        if self._is_clean(0.3):
            return Written(number, True, "id")
        head, middle, tail = number[:6], number[6:14], number[14:]
        ways: dict[str, object] = {
            "wide": number.translate(WIDE),
            "padded": f" {number} ",
            "invisible": f"{number}\u200b",
            "formula": f'="{number}"',
            "quote": f"'{number}",
            "curly": f"“{number}”",
            "dashes": f"{head}-{middle}-{tail}",
            "hyphens": f"{head}\u2011{middle}\u2011{tail}",
            "spaces": f"{head} {middle} {tail}",
            "label": f"身份证{number}",
            "label-colon": f"身份证号：{number}",
        }
        if number.endswith("X"):
            ways = {
                "small-x": number.lower(),
                "times": number[:-1] + "×",
                "wide-x": number[:-1] + "Ｘ",
                "cyrillic": number[:-1] + "Х",
            }
        elif number[6:8] == "19" and not number.startswith(("81", "82", "83")) and self.rng.random() < 0.3:
            ways = {"fifteen": number[:6] + number[8:17]}
        return self._pick(ways)

    def broken_id(self, number: str) -> Written:
        """A number that says nothing certain any more."""
        digit = str((int(number[16]) + 1 + self.rng.randrange(8)) % 10)
        return self._pick(
            {
                "wrong-digit": number[:16] + digit + number[17],
                "cut": number[:17],
                "scientific": f"{int(number[:17]) / 1e16:.5f}E+17",
                "masked": f"{number[:6]}********{number[14:]}",
            },
            good=False,
        )

    def phone(self, phone: str | None) -> Written:
        if phone is None:
            return Written("", True, "no-phone")
        if self._is_clean(0.3):
            return Written(phone, True, "phone")
        if self.rng.random() < 0.05:
            return Written(f"{int(phone) / 1e10:.4f}E+10", False, "lost-digits")
        return self._pick(
            {
                "float": f"{phone}.0",
                "scientific": f"{phone[0]}.{phone[1:]}E+10",
                "spaced": f"{phone[:3]} {phone[3:7]} {phone[7:]}",
                "country": f"+86{phone}",
                "dashes": f"{phone[:3]}-{phone[3:7]}-{phone[7:]}",
                "wide": phone.translate(WIDE),
                "quote": f"'{phone}",
            }
        )

    def birth(self, born: dt.date) -> Written:
        """A date of birth in the registry."""
        if self._is_clean(0.15):
            return Written(f"{born:%Y%m%d}", True, "birth")
        return self._pick(
            {
                "dashes": f"{born:%Y-%m-%d}",
                "slashes": f"{born.year}/{born.month}/{born.day}",
                "words": f"{born.year}年{born.month}月{born.day}日",
                "dots": f"{born:%Y.%m.%d}",
                "serial": str((born - EPOCH).days),
                "wide": f"{born:%Y%m%d}".translate(WIDE),
                "midnight": f"{born.year}/{born.month}/{born.day} 0:00:00",
            }
        )

    def day(self, on: dt.date, batch: dt.date) -> Written:
        """A day on a worksheet: a date cell, or text in one of the written forms."""
        if self._is_clean(0.7):
            return Written(Serial(on), True, "cell")
        ways: dict[str, object] = {
            "slashes": f"{on.year}/{on.month}/{on.day}",
            "dashes": f"{on:%Y-%m-%d}",
            "dots": f"{on.year}.{on.month}.{on.day}",
            "eight": f"{on:%Y%m%d}",
            "words": f"{on.year}年{on.month}月{on.day}日",
            "serial": (on - EPOCH).days,
            "serial-text": str((on - EPOCH).days),
            "morning": f"{on.year}/{on.month}/{on.day} 上午9:30",
            "am": f"{on.year}/{on.month}/{on.day} 9:30:00 AM",
            "pm": f"{on:%Y-%m-%d} 03:15 PM",
            "hours": f"{on.year}年{on.month}月{on.day}日 9时30分",
            "zulu": f"{on:%Y-%m-%d}T00:00:00Z",
            "weekday": f"{on.year}/{on.month}/{on.day} 星期{'一二三四五六日'[on.weekday()]}",
            "weekday-brackets": f"{on.year}年{on.month}月{on.day}日（周{'一二三四五六日'[on.weekday()]}）",
            "quote": f"'{on:%Y-%m-%d}",
            "formula": f'="{on:%Y-%m-%d}"',
            "wide": f"{on.year}/{on.month}/{on.day}".translate(WIDE),
            "float-serial": f"{(on - EPOCH).days}.0",
            "time": f"{on:%Y-%m-%d} 14:05:33",
            "afternoon": f"{on.year}年{on.month}月{on.day}日下午3点",
            "millis": f"{on:%Y-%m-%d} 00:00:00.000",
        }
        if 0 <= (batch - on).days < 300:
            ways["month-day"] = f"{on.month}月{on.day}日"
            ways["month-slash-day"] = f"{on.month}/{on.day}"
        return self._pick(ways)
