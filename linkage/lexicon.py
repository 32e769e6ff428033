"""The words an address is read by: the street's own roads and compounds, other places, and what is no place at all.

The street's own words win: 上海路, 苏州路 or 花木都市华庭 are what the register says before they begin like a city.
Other places and the words around an address are data (`linkage/data`, the dbt seeds of regions and countries), each
file with its source in its head. Source of the rules: docs/rules.md, R-PLACE-5, R-PLACE-14, R-PLACE-15.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Final

from linkage.numbers import NUMERALS, chinese_number
from street.dbt import PROJECT

HOME_STREET: Final = "花木"
#: In a form (see `linkage.address`) the sign of a number of one or two digits.
FEW: Final = chr(0xE000)

_DATA: Final = Path(__file__).with_name("data")
_HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
#: What follows a word that is no place or compound but the beginning of a road's name: 上海路, 南京东路, 西藏中路.
ROAD_BEHIND: Final = re.compile("[东西南北中]?[东西南北中]?[一二三四五六]?(?:公路|大道|大街|路|街(?!道))")
#: A road's name that the register needn't know: the shortest that ends like one.
ROAD_SHAPE: Final = re.compile(f"[{_HAN}A-Z]{{1,9}}?(?:公路|大道|大街|路(?![口边旁])|街(?![道坊]))")
#: A town, county or city by its shape: 九里亭街道, 瑞安市. What 城市, 小区, 古镇 and their kin are is no place.
_ADMINISTRATIVE: Final = re.compile(
    f"[{_HAN}]{{2,7}}?(?:省|自治区|自治州|自治县|地区|盟|街道|(?<![都城超门夜花米菜集股鱼])市|县"
    f"|(?<![小社园街校厂库片景矿灾东西南北中新老一二三四五六七八九十])区|(?<![金古小新老集村城])镇|(?<![水故家老梦])乡)"
)
_PHASE_NUMBER: Final = re.compile(f"第?([{NUMERALS}]+)(?=期|村|区|街坊|号院)")
_PHASE: Final = re.compile(r"(?:第?\d+(?:期|区|村|街坊)|[东南西北中](?:区|苑|园|村|块)|[A-Z甲乙丙丁]区)$")
_NEAR: Final = re.compile(f"(?:靠近|临近|邻近|毗邻|紧邻|近|临)[{_HAN}]{{2,10}}")
_BESIDE_A_LANDMARK: Final = re.compile(
    f"([{_HAN}]{{2,10}}?)(?:的?斜?对面|的?旁边?|的?附近|的?隔壁|的?后面|的?前面|的?边上)"
)
_GENERIC: Final = ("小区", "住宅小区", "住宅区", "社区")  # said of any compound: 银泰花园小区 is 银泰花园
_LONE_PHASE: Final = re.compile(f"[东西南北中](?:区|苑|园|块)|第?[{NUMERALS}](?:期|村|区|街坊)")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


@cache
def words(kind: str) -> frozenset[str]:
    """Return the words of one kind in words.csv."""
    return frozenset(row["word"] for row in _rows(_DATA / "words.csv") if row["kind"] == kind)


@cache
def _other_places() -> tuple[frozenset[str], frozenset[str]]:
    """Other places in full and in short."""
    full: set[str] = set()
    short: set[str] = set()
    for row in _rows(_DATA / "places.csv"):
        full.add(row["name"])
        short.add(row["short"])
    for row in _rows(PROJECT / "seeds" / "regions.csv"):
        full.add(row["region_name"])
        short.add(row["short_name"])
    for row in _rows(PROJECT / "seeds" / "countries.csv"):
        short |= {row["country_name"], row["short_name"]}
    abroad_or_home = {"", "中国", "上海", "上海市"}
    return frozenset(full - abroad_or_home - short), frozenset(short - abroad_or_home)


@cache
def _committees() -> frozenset[str]:
    """Return this street's committees as people write them: 牡丹第二居委会, 牡丹第二居委."""
    names = {row["committee_name"] for row in _rows(PROJECT / "seeds" / "committees.csv")}
    return frozenset(name.removesuffix("居委会") + word for name in names for word in ("居委会", "居委", "居民区"))


class _Words:
    """Words to be found at a spot of a text, the longest first."""

    def __init__(self, all_words: Iterable[str]) -> None:
        self.all = frozenset(word for word in all_words if word)
        by_first: dict[str, set[int]] = {}
        for word in self.all:
            by_first.setdefault(word[0], set()).add(len(word))
        self._lengths = {first: sorted(lengths, reverse=True) for first, lengths in by_first.items()}

    def at(self, text: str, start: int) -> str | None:
        """Return the longest word that stands at `start`."""
        for length in self._lengths.get(text[start : start + 1], ()):
            if text[start : start + length] in self.all:
                return text[start : start + length]
        return None

    def are_all_of(self, text: str) -> bool:
        """Return whether the text is made of these words and nothing else."""
        reached = {0}
        for start in range(len(text)):
            if start in reached:
                for length in self._lengths.get(text[start], ()):
                    if text[start : start + length] in self.all:
                        reached.add(start + length)
        return len(text) in reached

    def within(self, text: str) -> bool:
        return any(self.at(text, start) for start in range(len(text)))


@cache
def _class_words(kind: str, shortest: int = 1) -> _Words:
    return _Words(word for word in words(kind) if len(word) >= shortest)


@cache
def _kinds_longest_first() -> tuple[str, ...]:
    return tuple(sorted(words("kind"), key=len, reverse=True))


@cache
def _companies_longest_first() -> tuple[str, ...]:
    return tuple(sorted(words("company"), key=len, reverse=True))


def same_name(name: str) -> str:
    """Return a compound's name with its phase in digits: 锦绣苑二期 and 锦绣苑2期 are one name."""
    return _PHASE_NUMBER.sub(lambda match: chinese_number(match[1]), name)


def _core(name: str) -> tuple[str, str, str]:
    """Return (what is left without kind and phase, the kind, the phase): 芳畔花苑2期 -> 芳畔, 花苑, 2期."""
    phase = _PHASE.search(name, 2)
    bare = name[: phase.start()] if phase else name
    kind = ""
    while True:
        found = next((word for word in _kinds_longest_first() if bare.endswith(word) and len(bare) > len(word) + 1), "")
        if not found:
            return bare, kind, phase[0] if phase else ""
        bare, kind = bare.removesuffix(found), "" if found in _GENERIC else found + kind


class Lexicon:
    """What the register calls its roads, compounds and committees, and what else may stand in an address."""

    def __init__(self, roads: Iterable[str], compounds: Iterable[str]) -> None:
        written = frozenset(compounds)
        self.roads = frozenset(roads)
        self.compounds = frozenset(map(same_name, written))
        in_forms = (re.sub(r"\d{1,2}", FEW, name) for name in self.compounds)
        self._own = _Words({*self.roads, *self.compounds, *written, *in_forms})
        self._roads = _Words(self.roads)
        self._committees = _Words(_committees())
        self._full, self._short = (_Words(names) for names in _other_places())
        self._home = _Words(words("home"))
        self._labels = _Words(words("label"))

    # --- the street's own words
    def own_at(self, text: str, start: int) -> str | None:
        """Return a road or a compound's full name that stands here and goes on no further: 东园路 is not 东园."""
        word = self._own.at(text, start)
        if word is None:
            return None
        rest = text[start + len(word) :]
        if word in self.roads:
            return word
        return None if ROAD_BEHIND.match(rest) else word

    def road_in(self, text: str) -> tuple[int, str] | None:
        """Return the first known road in a text, the longest at its spot, unless it only tells what lies near
        (樱花路口).
        """
        for start in range(len(text)):
            word = self._roads.at(text, start)
            if word and not re.match("[口边旁]", text[start + len(word) :]):
                return start, word
        return None

    def committee_at(self, text: str, start: int) -> str | None:
        """Return a committee of this street."""
        return self._committees.at(text, start)

    # --- words that say nothing, and words of this street
    def label_at(self, text: str, start: int) -> str | None:
        """Return a word that stands before an address or a number and says nothing: 地址, 现住, 门牌."""
        return self._labels.at(text, start)

    def home_at(self, text: str, start: int) -> str | None:
        """Return this country, city, district or street: 上海市, 浦东, Pudong; not the 上海 of 上海路 or 上海花园."""
        word = self._home.at(text, start)
        if word:
            return word
        for short in ("上海", "浦东", HOME_STREET):
            if text.startswith(short, start):
                return None if self._goes_on_as_a_name(text[start + len(short) :]) else short
        # 沪太路 is a road.
        behind = text[start + 1 :]
        if text.startswith("沪", start) and (
            behind.startswith(("浦东", "上海", HOME_STREET)) or self.own_at(behind, 0)
        ):
            return "沪"
        return None

    def _goes_on_as_a_name(self, rest: str) -> bool:
        """上海路, 苏州花园; but 松江 before the street's own 城市花园 is a place."""
        if self.own_at(rest, 0):
            return False
        return bool(ROAD_BEHIND.match(rest)) or any(rest.startswith(kind) for kind in words("kind"))

    # --- other places
    def other_place_at(self, text: str, start: int) -> tuple[str, bool] | None:
        """Another town, district, city, province or country that is named here: (the word, whether that is certain).

        Not certain where the text could as well be the name of a road or a compound that the register doesn't know.
        """
        full = self._full.at(text, start)
        company = _class_words("company").at(text, start)
        if company and len(company) > len(full or self._short.at(text, start) or ""):
            return None  # 陆家嘴集团
        if full:
            rest = text[start + len(full) :]
            return None if ROAD_BEHIND.match(rest) and not rest.startswith("街道") else (full, True)
        short = self._short.at(text, start)
        if short:
            rest = text[start + len(short) :]
            return None if self._goes_on_as_a_name(rest) else (short, self._is_certain(short, rest))
        shape = _ADMINISTRATIVE.match(text, start)
        if shape and not shape[0].startswith(HOME_STREET):
            rest = text[shape.end() :]
            if self._goes_on_as_a_name(rest):
                return None
            return shape[0], self._is_certain(shape[0], rest)
        return None

    def _is_certain(self, place: str, rest: str) -> bool:
        """Return whether what follows a place's name is a place, a road or nothing, not the second half of a name."""
        if not re.match(f"[{_HAN}]", rest):
            return not re.match(r"[^,\-]", rest)
        if self.own_at(rest, 0) or self._full.at(rest, 0) or self._short.at(rest, 0) or _ADMINISTRATIVE.match(rest):
            return True
        begun = any(word.startswith(place) for word in self._own.all)
        return bool(ROAD_SHAPE.match(rest)) and not begun

    def is_place(self, text: str) -> bool:
        """Return whether a piece names another place: somewhere, or in front where it ends like a compound's name."""
        return any(self.other_place_at(text, start) for start in range(1 if self.is_name(text) else len(text)))

    def is_of_another_place(self, name: str) -> bool:
        """Return whether a name that is not the full name of a compound here begins with another place."""
        return not self.compounds_meant(name)[1] and self.other_place_at(name, 0) is not None

    # --- pieces that are no part of the door
    @staticmethod
    def former_at(text: str, start: int) -> str | None:
        """Return a word that says so in front of an address."""
        return _class_words("former").at(text, start)

    def doubt(self, text: str) -> str | None:
        """Return what a piece that is no part of the door puts in doubt, or None.

        former: a home of another time or of somebody else. town: another place. compound: a phase without its name.
        beside: not what was named, or more than that (对面, 隔壁, 和). inner: a part of a house that may be a door of
        its own (阁楼, 东间).
        """
        if _class_words("former", 2).within(text) or text.startswith("原"):
            return "former"
        if self.is_place(text):
            return "town"
        if _LONE_PHASE.fullmatch(text):
            return "compound"
        if self.is_name(text):
            return None
        if _class_words("beside", 2).within(text) or _class_words("beside").at(text, 0):
            return "beside"
        return "inner" if text in words("inner") or _class_words("inner", 2).within(text) else None

    @staticmethod
    def is_note(text: str) -> bool:
        """Harmless: made of words of delivery and household, or of a road that is only near."""
        near = re.sub(
            f"(?:靠近|临近|近|临)[{_HAN}]{{1,8}}?(?:路|街|大道)口?|[{_HAN}]{{1,8}}?(?:路|街|大道)口", "", text
        )
        near = re.sub(f"^(?:收件人|收货人|联系人|户主|业主|房主)[{_HAN}]{{2,3}}$", "", near)
        recipient = re.search(f"(?<=[{_HAN}])(?:收|收件|先生|女士|小姐|阿姨|师傅|老师)$", near)
        lengths = range(1, 4) if recipient else ()
        spoken = [near, *(near[: max(recipient.start() - length, 0)] for length in lengths if recipient)]
        return any(_class_words(kind).are_all_of(text) for text in spoken for kind in ("note", "label"))

    @staticmethod
    def tells_the_surroundings(text: str, is_own_piece: bool) -> bool:
        """Behind a door: what lies near it (近地铁站); in brackets also where it lies: 菜场对面."""
        if _NEAR.fullmatch(text):
            return True
        place = _BESIDE_A_LANDMARK.fullmatch(text)
        return is_own_piece and place is not None and place[1].endswith(tuple(words("landmark")))

    @staticmethod
    def is_name(text: str) -> bool:
        """Return whether a piece ends like the name of a compound."""
        return len(text) > 1 and (text.endswith(_kinds_longest_first()) or bool(_PHASE.search(text, 2)))

    # --- what a written name can mean
    @cached_property
    def _cores(self) -> Mapping[str, tuple[str, str, str]]:
        return {name: _core(name) for name in self.compounds}

    def compounds_meant(self, written: str) -> tuple[frozenset[str], bool]:
        """Return (names of compounds that a written name can mean, whether it is one's full name): R-PLACE-8.

        Short: without the kind word, with or without the phase (芳畔2期 for 芳畔花苑2期), the beginning of a name, or a
        full name behind a company's (绿城盛源家园).
        """
        written = same_name(written)
        bare = written.removeprefix(HOME_STREET)
        for name in (written, bare):
            if name in self.compounds:
                return frozenset([name]), True
        return self._meant_in_short(bare), False

    @cached_property
    def _meanings(self) -> dict[str, frozenset[str]]:
        return {}

    def _meant_in_short(self, written: str) -> frozenset[str]:
        if len(written) < 2:
            return frozenset()
        if written not in self._meanings:
            core, kind, phase = _core(written)
            self._meanings[written] = frozenset(
                name
                for name, (its_core, its_kind, its_phase) in self._cores.items()
                if written.endswith(name)
                or name.startswith(written)
                or (core == its_core and phase in ("", its_phase) and its_kind.endswith(kind))
            )
            company = next((word for word in _companies_longest_first() if written.startswith(word)), "")
            if company and not self._meanings[written]:
                self._meanings[written] = self._meant_in_short(written.removeprefix(company))
        return self._meanings[written]
