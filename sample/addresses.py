"""How people write the address of a door: the plain forms, and what clerks make of them.

A form is a name; `FORMS` says how often it is used and what an address in it can fix at best. `plain` is the only form
the truth calls a plain address: road, lane, building and room in ASCII digits, with or without city, district, street
and compound. `lettered` is the plain form of a door that has a letter in its number.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from sample.documents import Ints, Texts
from sample.places import KIND_WORDS


@dataclass(frozen=True)
class Form:
    """A way to write an address: its share among all, and the finest level it can be resolved to."""

    share: float
    level: str


FORMS: dict[str, Form] = {
    "plain": Form(0.89, "dwelling"),
    "full_width": Form(0.02, "dwelling"),
    "chinese_numerals": Form(0.012, "dwelling"),
    "stray_spaces": Form(0.014, "dwelling"),
    "block_words": Form(0.012, "dwelling"),
    "no_room_word": Form(0.008, "dwelling"),
    "town_name": Form(0.008, "dwelling"),
    "short_compound": Form(0.004, "dwelling"),
    "letter_for_digit": Form(0.001, "dwelling"),
    "said_twice": Form(0.002, "dwelling"),
    "labelled": Form(0.002, "dwelling"),
    "numbered": Form(0.001, "dwelling"),
    "divided": Form(0.002, "dwelling"),
    "note_behind": Form(0.002, "dwelling"),
    "line_break": Form(0.0006, "dwelling"),
    "lettered": Form(0.0, "dwelling"),
    "developer": Form(0.004, "dwelling"),
    "developer_short": Form(0.003, "dwelling"),
    "no_kind": Form(0.003, "dwelling"),
    "phase": Form(0.004, "dwelling"),
    "no_room": Form(0.008, "building"),
    "no_such_room": Form(0.003, "building"),
    "lane_only": Form(0.003, "compound"),
    "other_street": Form(0.002, "outside"),
    "other_town": Form(0.001, "outside"),
    "former": Form(0.001, "unparsed"),
    "unknown_road": Form(0.0015, "unparsed"),
    "empty": Form(0.001, "unparsed"),
}
#: What a property developer puts before the name of a compound it has built.
DEVELOPERS = ("绿城", "绿城·", "安居", "万科", "保利", "中海·", "上实")
# Forms that only a compound has, and those that play with the whole number, which one with a letter in it hasn't.
_BY_COMPOUND = ["short_compound", "developer", "developer_short", "no_kind", "phase"]
_BY_NUMBER = ["no_such_room", *(name for name, form in FORMS.items() if form.level == "dwelling")]
_BY_NUMBER = [name for name in _BY_NUMBER if name not in _BY_COMPOUND]
_PHASE = re.compile("[一二三]期$|[东南西北]区$")
_KIND = re.compile(f"(?<=..)({'|'.join(KIND_WORDS)})$")
_PREFIXES = ["", "上海市", "浦东新区", "上海市浦东新区", "上海市浦东新区花木街道", "花木街道"]
_DIGITS = "〇一二三四五六七八九"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def draw_forms(
    rng: np.random.Generator,
    dwellings: pl.DataFrame,
    dwelling_ids: Ints,
    dirt: float,
    unusual: float = 1 - FORMS["plain"].share,
) -> Texts:
    """Draw a form for each address; `unusual` is the share of those that aren't plain, which keep their proportions.

    A house by the road has neither a compound nor a lane to be named by alone: its address is plain then.
    """
    shares = np.array([form.share for form in FORMS.values()])
    shares[1:] *= unusual * dirt / shares[1:].sum()
    shares[0] = 1 - shares[1:].sum()
    forms = np.array(list(FORMS), dtype=object)[rng.choice(len(FORMS), len(dwelling_ids), p=shares)]
    doors = dwellings.select("lane", "compound_name", "building_no", "room")[dwelling_ids]
    kerb = (doors["lane"] == "").to_numpy()
    forms[kerb & np.isin(forms.astype(str), ["lane_only", *_BY_COMPOUND])] = "plain"
    named = np.array([name != "" and short_name(name) != name for name in doors["compound_name"]], dtype=bool)
    forms[~named & (forms == "no_kind")] = "plain"
    forms[~doors["compound_name"].str.contains(_PHASE.pattern).to_numpy() & (forms == "phase")] = "plain"
    forms[_lettered_doors(doors) & np.isin(forms.astype(str), _BY_NUMBER)] = "lettered"
    return forms


def plain_forms(dwellings: pl.DataFrame, dwelling_ids: Ints) -> Texts:
    """Return the plain form for each address."""
    return np.where(_lettered_doors(dwellings[dwelling_ids]), "lettered", "plain").astype(object)


def _lettered_doors(doors: pl.DataFrame) -> npt.NDArray[np.bool_]:
    return np.array([has_letter(*door) for door in doors.select("building_no", "room").iter_rows()], dtype=bool)


def has_letter(building: str, room: str) -> bool:
    """Return whether a door has a letter in its building's or room's number."""
    return not (building.isdigit() and room.isdigit())


def short_name(compound: str) -> str:
    """Return a compound's name without its kind word, as people shorten it, but with its phase (芳畔二期)."""
    phase = _PHASE.search(compound)
    bare = compound[: phase.start()] if phase else compound
    return _KIND.sub("", bare) + (phase.group() if phase else "")


def numeral(building: str) -> str:
    """Return a building's number in Chinese numerals, letters as they are: 12B is 十二B."""
    return re.sub("[0-9]+", lambda digits: chinese_number(int(digits.group())), building)


def numbered(building: str, word: str = "号") -> str:
    """Return a building's number with its word; one that is a letter alone is a 座."""
    return building + ("座" if building.isalpha() and building.isascii() else word)


def written(rng: np.random.Generator, dwellings: pl.DataFrame, dwelling_ids: Ints, forms: Texts) -> Texts:
    """Return the address of each dwelling, written in its form."""
    n = len(dwelling_ids)
    doors = dwellings.select("compound_name", "road", "lane", "building_no", "unit", "room")[dwelling_ids]
    prefix = np.array(_PREFIXES, dtype=object)[rng.integers(0, len(_PREFIXES), n)]
    lane = pl.when(pl.col("lane") == "").then(pl.lit("")).when(pl.col("lane").str.contains("弄")).then("lane")
    unit = pl.when(pl.col("unit") == "").then(pl.lit("")).otherwise(pl.format("{}单元", "unit"))
    doors = doors.with_columns(
        prefix=pl.Series(prefix.astype(str)),
        lane=lane.otherwise(pl.format("{}弄", "lane")),
        unit=unit,
        mention=pl.Series(rng.random(n) < 0.15),
        form=pl.Series(forms.astype(str)),
        draw=pl.Series(rng.integers(0, 1000, n)),
    )
    compound = pl.when("mention").then("compound_name").otherwise(pl.lit(""))
    whole = pl.format("{}{}{}{}{}号{}{}室", "prefix", "road", "lane", compound, "building_no", "unit", "room")
    result = np.array(doors.select(whole.alias("address"))["address"].to_list(), dtype=object)
    unusual = np.flatnonzero(forms != "plain")
    for i, door in zip(unusual, doors[unusual].iter_rows(named=True), strict=True):
        result[i] = _WRITERS[door["form"]](_Door(**door))
    return result


@dataclass(frozen=True)
class _Door:
    """The parts of one address, lane and unit with their words, and a number to choose variants by."""

    prefix: str
    road: str
    lane: str
    compound_name: str
    building_no: str
    unit: str
    room: str
    mention: bool
    form: str
    draw: int

    def whole(self) -> str:
        """Return road, lane, building and room alone, without what may stand before them."""
        return f"{self.road}{self.lane}{self.building_no}号{self.unit}{self.room}室"

    def text(self, building: str | None = None, room: str | None = None) -> str:
        """Return the address with another building or room part."""
        block = f"{self.building_no}号" if building is None else building
        door = f"{self.unit}{self.room}室" if room is None else room
        return f"{self.prefix}{self.road}{self.lane}{block}{door}"


# What clerks and forms put before an address that changes nothing, and what makes it another town's or a former one.
_TWICE = ("上海市上海市浦东新区", "上海市市辖区浦东新区花木街道", "浦东新区浦东新区花木街道")
_LABELS = ("地址:", "住址：", "现住址 ", "居住地址：")
_NOTES = ("(放门口)", "，请放快递柜", " 门口放下即可", "（电话联系）")
_OTHER_TOWNS = ("苏州", "松江", "北蔡镇", "台北", "江苏省昆山市")
_FORMER = ("原", "原住", "已搬离", "老家")


def chinese_number(number: int) -> str:
    """Return a whole number below 10,000 in Chinese numerals: 30 is 三十, 105 is 一百零五."""
    text, zero = "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            text += ("零" if zero and text else "") + _DIGITS[digit] + word
            zero = False
        else:
            zero = True
    return text[1:] if 10 <= number < 20 else text


def _chinese(door: _Door) -> str:
    room = "".join(_DIGITS[int(digit)] for digit in door.room)
    return door.text(f"{numeral(door.building_no)}号", f"{door.unit}{room}室")


def _lettered(door: _Door) -> str:
    room = re.sub("^([A-Z])", r"\1-", door.room) if door.draw % 4 == 0 else door.room
    return door.text(numbered(door.building_no, ["号", "号楼"][door.draw % 2]), f"{door.unit}{room}室")


def _named(door: _Door, name: str) -> str:
    """Return the compound by this name, with or without road and lane, building and room behind it."""
    before = f"{door.prefix}{door.road}{door.lane}" if door.draw % 2 else ""
    return f"{before}{name}{numbered(door.building_no)}{door.unit}{door.room}室"


def _spaces(door: _Door) -> str:
    stray = [" ", "\u3000", "\u200b", "\ufeff", "\u00a0"][door.draw % 5]
    return f"{stray}{door.road}{stray}{door.lane}{door.building_no}号{stray}{door.unit}{door.room}室{stray}"


def _short(door: _Door) -> str:
    """Name of the compound, building and room only."""
    return f"{door.compound_name}{door.building_no}-{door.unit}{door.room}"


def _letter(door: _Door) -> str:
    return door.text(room=f"{door.unit}{door.room.replace('0', 'O', 1).replace('1', 'l', 1)}室")


_WRITERS: dict[str, Callable[[_Door], str]] = {
    "full_width": lambda door: door.text().translate(_FULL_WIDTH),
    "chinese_numerals": _chinese,
    "stray_spaces": _spaces,
    "block_words": lambda door: door.text(door.building_no + ["号楼", "幢", "栋"][door.draw % 3]),
    "no_room_word": lambda door: door.text(room=f"{door.unit}{door.room}"),
    "town_name": lambda door: f"花木镇{door.road}{door.lane}{door.building_no}号{door.unit}{door.room}室",
    "short_compound": _short,
    "letter_for_digit": _letter,
    "line_break": lambda door: door.text(room=f"\n{door.unit}{door.room}室"),
    "lettered": _lettered,
    "developer": lambda door: _named(door, DEVELOPERS[door.draw % len(DEVELOPERS)] + door.compound_name),
    "developer_short": lambda door: DEVELOPERS[door.draw % len(DEVELOPERS)] + _short(door),
    "no_kind": lambda door: _named(door, short_name(door.compound_name)),
    "phase": lambda door: _named(door, short_name(door.compound_name)),
    "no_room": lambda door: door.text(room=""),
    "no_such_room": lambda door: door.text(room=f"{90 + door.draw % 9}{door.room[-2:]}室"),
    "lane_only": lambda door: door.text("", ""),
    "said_twice": lambda door: _TWICE[door.draw % 3] + door.whole(),
    "labelled": lambda door: _LABELS[door.draw % 4] + door.whole(),
    "numbered": lambda door: ["200135 ", "200135", "310115"][door.draw % 3] + door.whole(),
    "divided": lambda door: "/|-"[door.draw % 3].join(
        (f"{door.road}{door.lane}", f"{door.building_no}号", f"{door.unit}{door.room}室")
    ),
    "note_behind": lambda door: door.whole() + _NOTES[door.draw % 4],
    "other_town": lambda door: _OTHER_TOWNS[door.draw % 5] + door.whole(),
    "former": lambda door: _FORMER[door.draw % 4] + door.whole(),
    "other_street": lambda door: f"上海市徐汇区天钥桥路{door.draw + 1}弄{door.building_no}号{door.room}室",
    "unknown_road": lambda door: f"上海市浦东新区海棠花路{door.draw + 1}弄{door.building_no}号{door.room}室",
    "empty": lambda door: ["", "-", "不详"][door.draw % 3],
}
