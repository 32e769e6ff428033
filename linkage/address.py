"""The grammar of a Shanghai address, from text as people write it to its parts, a whole column at a time.

The grammar consumes the whole text: each piece is a part of the door, a harmless note, or a remainder, and `rest` says
what the remainder could change. Texts that differ in their numbers alone are read once: a form is read by Python, the
numbers are put back by Polars. Source of the rules: docs/rules.md, R-PLACE-3, R-PLACE-13, R-PLACE-14.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from linkage.characters import SIMPLIFIED
from linkage.lexicon import FEW, ROAD_SHAPE, Lexicon
from linkage.numbers import (
    LETTERS,
    LOOK_ALIKES,
    NUMERALS,
    chinese_number,
    numbers,
    without_floats,
    without_look_alikes,
)

PARTS: Final = ("road", "lane", "gate_no", "name", "building_no", "unit_no", "room_no")
#: What a remainder could change -> the finest level that stays certain beside it.
CERTAIN_BESIDE: Final = {
    "door": "building",  # 阁楼, a second room, 隔壁 of a room
    "building": "compound",  # a second number, 对面 of a building
    "compound": "street",  # another compound's name, another road, 附近 of a lane
    "town": "unparsed",  # another town or city somewhere in the text
    "former": "unparsed",  # a home of another time or of somebody else
}
_WORSE: Final = {kind: rank for rank, kind in enumerate(CERTAIN_BESIDE)}

# A lane's old character is no traditional form of it.
_OLD_LANE: Final = "衖"
_TRADITIONAL: Final = [*map(chr, SIMPLIFIED), _OLD_LANE]
_VARIANTS: Final = SIMPLIFIED | str.maketrans({
    _OLD_LANE: "弄",
    "#": "号", "=": ",",
    "(": ",", ")": ",", "[": ",", "]": ",", "{": ",", "}": ",", "【": ",", "】": ",", "〔": ",", "〕": ",",
    "<": ",", ">": ",", "《": ",", "》": ",", "「": ",", "」": ",", '"': ",", "'": ",", "“": ",", "”": ",",
    "—": "-", "–": "-", "―": "-", "‐": "-", "‑": "-", "−": "-", "~": "-", "_": "-", "/": "-", "\\": "-",
    "、": ",", ";": ",", ":": ",", "。": ",", "|": ",", "·": ",", "•": ",", "!": ",", "+": ",",
    "*": "?", "●": "?", "□": "?", "■": "?", "\ufffd": "?", "○": "〇",
})  # fmt: skip
_BLANK_RUN: Final = re.compile(r"\s+")
_BLANK_IN_NUMBERS: Final = re.compile(f"(?<=[0-9A-Za-z{NUMERALS}]) (?=[0-9A-Za-z{NUMERALS}])")
_COUNTRY_IN_LETTERS: Final = re.compile(r"\bP\.? ?R\.? ?(?:OF )?CHINA\b|\bPRC\b", re.IGNORECASE)
_UNITS: Final = frozenset("十百千廿卅")
_DIGIT: Final = re.compile("[0-9]")
# A mark for what couldn't be written may have been a digit beside a number; elsewhere it divides.
_LOST_WORD: Final = re.compile(f"(?<![0-9A-Za-z{NUMERALS}?])[?]+(?![0-9A-Za-z{NUMERALS}?])")
_ALIKE_ALONE: Final = re.compile("(?<![A-Za-z0-9])(?:[OoIl]{2,}|l)(?=支?弄|号|室)")
# A mark in brackets' stead: 【1099】弄.
_DIVIDED_FROM_ITS_WORD: Final = re.compile("(?<=[0-9A-Z]),+(?=支?弄|号(?!楼|码)|室|幢|栋)")
_ROMAN_PHASE: Final = re.compile("(?<![A-Z])(I{1,3}|IV|V)(?=期)")
_ROMAN: Final = {"I": "1", "II": "2", "III": "3", "IV": "4", "V": "5"}
# What a scanner makes of 弄, 室 and 号, where nothing else can stand.
_SCANNED: Final = "弃窒另"
_SCANNED_LANE: Final = re.compile("(?<=[0-9])弃(?=[0-9A-Z甲乙丙丁])")
_SCANNED_ROOM: Final = re.compile("(?<=[0-9])窒")
_SCANNED_BUILDING: Final = re.compile("^([^号]*[弄苑园村区寓厦][0-9]{1,3})另(?=[0-9]{3,4}(?:室|$|[^0-9号弄]))")
_BASEMENT: Final = re.compile("(?<![0-9A-Z])(?:地下室?-?|负|地下室?B|B|-)([1-5一二三四五])(?:层|楼|F)-?(?=[0-9])")
# One piece written twice; a short number of a lane behind itself is a sub-lane, of a building perhaps a second one.
_SAID_TWICE: Final = re.compile(
    "([^0-9A-Z,-][^,-]{5,})[,-]*\\1(?:(?![0-9A-Z])|(?<![0-9A-Z]))|((?<![0-9A-Z])(?:[0-9]{3,}弄|[0-9]{2,}号|[0-9]{3,}室))[,-]*\\2"
)
# 户籍 one door, 现住 another: the second is where the person lives.
_LIVES_ELSEWHERE: Final = re.compile(
    "^.*?(?:户籍|户口|原|老家|以前|曾).{5,}?(?:现在?住|现居住?|实际居住|实际住|实住|目前住|目前居住)(?:地址|址|地|在|于)?[:,]*(?=.*[0-9])"
)
_MARK: Final = "支弄|弄|号(?!院|线|沟)|室|幢|栋|座|单元|门(?=[0-9])|层|楼|户"
_NUMERAL_IN_PLACE: Final = re.compile(
    rf"[{NUMERALS}0-9]+(?=[A-Za-z]?(?:{_MARK}))"
    rf"|(?<=[号楼幢栋座元弄\-,甲乙丙丁])[{NUMERALS}0-9]+(?=$|[-,A-Za-z甲乙丙丁])"
)
# Few texts are odd: what is written in ideographs, digits and capitals alone, without numerals, is as it should be.
_NEEDS_THOUGHT: Final = (
    rf"[{NUMERALS}{_SCANNED}负]|地下|[B\-][1-5](?:层|楼|F)|[0-9]F[0-9]"
    "|[0-9]{3}弄.*[0-9]{3}弄|号.*室.*号.*室|[0-9]{2}号,*[0-9]{2}号|[0-9]{3}室,*[0-9]{3}室|.{6}(?:现|实|目前)"
)
_ODD: Final = rf"[^\u3400-\u4dbf\u4e00-\u9fff0-9A-HJ-NP-Z,\-]|{_NEEDS_THOUGHT}"
#: What of the odd ones isn't put right sign by sign.
_HARD: Final = rf"[OoIl.?]|,(?:支?弄|号|室|幢|栋)|[A-Za-z]期|{_NEEDS_THOUGHT}"
# What NFKC makes a character of.
_COMPATIBLE: Final = "[\u2e80-\u2fdf\u3038-\u303a\u3200-\u33ff\uf900-\ufaff\U0001f200-\U0001f2ff\U0002f800-\U0002fa1f]"
_VARIANT_SIGNS: Final = [chr(sign) for sign in _VARIANTS]
_VARIANT_MEANINGS: Final = [str(meaning) for meaning in _VARIANTS.values()]

_SAME_AS_REGISTERED: Final = ("同上", "同户籍地址", "同户籍", "同户口", "同户口地址", "同户籍地", "户籍地址")
_BLANK: Final = r"^[\p{P}\p{S}]*$|^(?:无|不详|未知|没有|空|N/A|NULL)$"

# A form is a text whose numbers are one sign each: of one or two digits, of three or four, a telephone, a postcode, any
# other run. The signs are private characters, which no normalised text has.
_FEW = FEW
_MORE, _PHONE, _POSTCODE, _LONG = (chr(ord(FEW) + n) for n in range(1, 5))
_SIGNS: Final = (
    (r"\d{13,}", _LONG), (r"310\d{9}", _POSTCODE), (r"\d{12}", _LONG), (r"1[3-9]\d{9}", _PHONE), (r"\d{10,11}", _LONG),
    (r"310\d{6}", _POSTCODE), (r"\d{9}", _LONG), (r"[2-8]\d{7}", _PHONE), (r"\d{7,8}", _LONG),
    (r"20[0-2]\d{3}|3101\d\d|310000", _POSTCODE), (r"\d{5,6}", _LONG), (r"\d{3,4}", _MORE), (r"\d+", _FEW),
)  # fmt: skip
_ANY_SIGN: Final = f"{_FEW}-{_LONG}"
_ANY_SIGN_ONCE: Final = re.compile(f"[{_ANY_SIGN}]")
_HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff"
_N: Final = f"[{_FEW}{_MORE}]"
_ANY: Final = f"[{_ANY_SIGN}]"
_AT: Final = 0xE100  # chr(_AT + n) in a part: the text's number n


def _below_ground(text: str) -> str:
    """地下一层02, 负1楼02, B1层02 and -1F02 are -1层02."""
    return _BASEMENT.sub(lambda match: f"-{chinese_number(match[1])}层", text)


def _number_in_place(run: str) -> str:
    """Numerals as digits; beside digits only where each stands for one: 五0二 is 502, 3十 stays."""
    return chinese_number(run) if not _DIGIT.search(run) or not set(run) & _UNITS else run


def rewritten(text: str) -> str:
    """Return one odd text in the one way of writing.

    Blanks between two numbers divide them; floats, numerals and look-alikes become digits where a number stands.
    """
    text = _BLANK_RUN.sub(" ", unicodedata.normalize("NFKC", text))
    text = "".join(sign for sign in text if sign.isprintable()).strip(" ").translate(_VARIANTS)
    text = _COUNTRY_IN_LETTERS.sub("CHINA", text)
    text = _BLANK_IN_NUMBERS.sub(",", text).replace(" ", "")
    text = _ROMAN_PHASE.sub(lambda match: _ROMAN[match[0]], without_floats(text))
    text = _NUMERAL_IN_PLACE.sub(lambda run: _number_in_place(run[0]), text)
    text = without_look_alikes(text)
    text = _ALIKE_ALONE.sub(lambda match: match[0].translate(LOOK_ALIKES), text)
    text = _LOST_WORD.sub(",", text).replace(".", ",").upper()
    text = _LIVES_ELSEWHERE.sub("", text)
    text = _DIVIDED_FROM_ITS_WORD.sub("", text)
    text = _SCANNED_BUILDING.sub(r"\1号", _SCANNED_ROOM.sub("室", _SCANNED_LANE.sub("弄", text)))
    text = _below_ground(text)
    if any(text.count(word) > 1 for word in "弄号室"):
        text = _SAID_TWICE.sub(lambda match: match[1] or match[2], text)
    return text


def normalise(texts: pl.Series) -> pl.Series:
    """Return one way of writing: NFKC, no blanks or invisible characters, simplified marks, Arabic numbers, capitals.

    Every divider is a comma or a hyphen.
    """
    text = texts.cast(pl.String)
    odd = (text.str.contains(_ODD) | text.str.contains_any(_TRADITIONAL)).fill_null(value=False).arg_true()
    if odd.is_empty():
        return text
    written = text.gather(odd)
    plain = _written_plainly(written)
    is_hard = plain.str.contains(_HARD)
    thorough = [rewritten(value) for value in written.filter(is_hard).to_list()]
    return text.scatter(odd, plain.str.to_uppercase().scatter(is_hard.arg_true(), thorough))


def could_hold(texts: pl.Series, signs: Iterable[str]) -> pl.Series:
    """Return which texts could hold one of these signs in `normalise`; it takes a fraction of the time."""
    of_another = texts.str.contains_any(_TRADITIONAL) | texts.str.contains(_COMPATIBLE)
    return (texts.str.contains_any(sorted(signs)) | of_another).fill_null(value=False)


def _written_plainly(texts: pl.Series) -> pl.Series:
    """Return what `rewritten` makes of texts that hold nothing hard: width, blanks, marks and characters."""
    text = texts.str.normalize("NFKC").str.replace_all(r"\s+", " ").str.replace_all(r"\p{C}", "").str.strip_chars(" ")
    text = text.str.replace_many(_VARIANT_SIGNS, _VARIANT_MEANINGS)
    for _ in range(2):  # of 5 0 2 the second blank has no sign left to stand behind
        text = text.str.replace_all("([0-9A-Za-z]) ([0-9A-Za-z])", "$1,$2")
    return text.str.replace_all(" ", "", literal=True)


# --- one form
@dataclass
class _Form:
    """The parts of a form, a number in them as chr(_AT + its place in the text)."""

    road: str | None = None
    lane: str | None = None
    gate_no: str | None = None
    name: str | None = None
    building_no: str | None = None
    unit_no: str | None = None
    floor_no: str | None = None
    storey_no: str | None = None
    room_no: str | None = None
    behind: str | None = None
    rest: str | None = None
    is_outside: bool = False
    is_home: bool = False
    names: list[str] = field(default_factory=list)

    def could_change(self, kind: str) -> None:
        """Remember that a piece was not understood, and what the worst of them could change."""
        if self.rest is None or _WORSE[kind] > _WORSE[self.rest]:
            self.rest = kind

    def last_part(self) -> str:
        """Return what a word like 隔壁 or another number puts in doubt: the finest part that was read."""
        if self.room_no is not None:
            return "door"
        return "building" if self.building_no is not None else "compound"


_LABEL_OF_NUMBER: Final = "(?:(?:NO,?|门牌号?码?|楼号|幢号|栋号|室号|房号|房间号?码?|房间|房屋|室|房|第)[,-]?)?"
_NO_BUILDING: Final = f"(?![楼院-]|[{LETTERS}{_ANY_SIGN}])"  # 502号 of a room
_ROOM_WORD: Final = "(?:室号|房间|[室户房])"
_BUILDING_NO: Final = f"{_N}(?:-{_N})?(?:-?[{LETTERS}])?|[{LETTERS}](?:-?{_N})?"
_SIDE: Final = "[东西南北中](?=[室户房,]|$)"  # of 302东室, not of 302东门进
_ROOM_NO: Final = f"(?:[{LETTERS}]-?|-)?{_N}(?:[{LETTERS}]|{_SIDE})?(?:-[A-Z]?{_N}[{LETTERS}]?)?"
_UNIT: Final = f"(?:第?(?P<unit_no>{_FEW}|[A-Z])(?:单元|门(?![口卫前外牌岗铃])|梯(?!口))[,-]?)?"
_FLOOR: Final = f"(?:(?<!-)第?(?P<floor_no>{_FEW})(?:层|F(?={_N})|楼(?!下|上|道|梯|口))[,-]?)?"
_ROOM_BY_UNIT: Final = f"[{LETTERS}]?{_MORE}(?:[{LETTERS}]|{_SIDE})?|[{LETTERS}]{_FEW}|{_FEW}[{LETTERS}]"
_BASEMENT_ROOM: Final = f"-{_FEW}层{_N}"
_ROOM: Final = (
    f"(?:{_LABEL_OF_NUMBER}(?:(?P<u2>{_FEW})-(?P<r2>{_ROOM_BY_UNIT})|(?P<r7>{_BASEMENT_ROOM})|(?P<r1>{_ROOM_NO})"
    f"|(?P<r6>[{LETTERS}]|[东西南北中])(?=[室户]))(?:{_ROOM_WORD}|(?<={_MORE})(?:单元|号{_NO_BUILDING}))?-?(?P<after>[{LETTERS}](?![{LETTERS}{_ANY_SIGN}]))?)?"
)
_DOOR: Final = re.compile(
    f"{_LABEL_OF_NUMBER}(?:"
    # 30号2单元502室; 1099号30号楼502 (a number on the road before the building's).
    f"(?:(?:(?P<gate_no>{_N})号[,-]?(?!{_MORE}号{_NO_BUILDING})(?=(?:{_BUILDING_NO})(?:号楼|号|幢|栋|座)))?"
    f"(?P<b1>{_BUILDING_NO})(?:号楼|号|幢|栋|座|(?P<storey>楼))(?P<behind>(?:,|-(?!{_FEW}层{_N}))?{_UNIT}{_FLOOR}{_ROOM}))"
    # 30-502, 30-2-502, 30,502
    f"|(?P<b3>{_N}[A-Z]?|[{LETTERS}]{_FEW}?)[-,](?:(?P<u3>{_FEW})[-,]|(?P<u4>{_FEW})单元-?)?(?P<r3>{_ROOM_BY_UNIT})"
    f"(?:房间|[室户房])?(?![{LETTERS}{_ANY_SIGN}-])"
    # 502室, 5层502室
    f"|(?:第?(?P<f4>{_FEW})(?:层|F)[,-]?)?(?P<r4>{_BASEMENT_ROOM}|{_ROOM_NO}){_ROOM_WORD}"
    # 30
    f"|(?P<b5>{_N}[A-Z]?)(?=$|,)"
    ")"
)
# 21-23弄, 21弄、23弄: more than one lane; 1099弄, 1099弄5支弄. What stands behind a longer number is a sub-lane.
_LANE: Final = re.compile(
    f"(?P<first>{_FEW}|{_MORE}(?=弄?[,-]{_MORE}弄))弄?(?P<joint>[,-])(?P<last>{_N})弄"
    f"|第?(?P<lane>{_N}[A-Z甲乙丙丁]?)弄"
    f"(?:[,-]?第?(?P<s1>{_FEW})支弄|第?(?P<s2>{_FEW})(?:弄|支(?={_N}[号幢栋]))|(?<={_MORE}弄)[,-](?P<s3>{_FEW})弄)?"
)
# Words, up to what is a building's number: 盛源家园|甲幢.
_HAN_RUN: Final = re.compile(f"[{_HAN}](?:(?![甲乙丙丁](?:号楼|号|幢|栋|座))[{_HAN}])*")
_LATIN_RUN: Final = re.compile("[A-Z]{2,}")
_PHASE_RUN: Final = re.compile(f"{_N}(?:期|村|区|街坊|号院)[{_HAN}]*")
_BUILDING_IN_WORDS: Final = re.compile("[楼幢栋座号]$")
# Numbers that tell of the household, the flat or the way in: 3口人, 14天, 2室1厅, 密码1234#.
_COUNT: Final = re.compile(
    f"{_N}(?:个?人|口人?|天|日|周?岁|平方?米?)(?![室号])|{_FEW}[室房][{_FEW}一二三]厅(?:[{_FEW}一二三][卫厨])*"
    f"|(?:(?<=密码)|(?<=禁码)|(?<=锁码)){_ANY}[号#]?"
)
_DIVIDERS: Final = re.compile("[,-]*")


class _Reader:
    """Reads one form from front to end."""

    def __init__(self, text: str, lexicon: Lexicon) -> None:
        self.text, self.lexicon = text, lexicon
        self.at, self.form = 0, _Form()
        #: The text with each number's place instead of its sign: what a part is cut from.
        place = iter(range(_AT, _AT + len(text)))
        self.placed = _ANY_SIGN_ONCE.sub(lambda _: chr(next(place)), text)

    def read(self) -> _Form:
        self._before_the_address()
        while not self.form.is_outside:
            dividers = _DIVIDERS.match(self.text, self.at)
            self.at = dividers.end() if dividers else self.at
            if self.at >= len(self.text):
                break
            self._piece()
        form = self.form
        if len(form.names) > 1:
            self._settle_names()
        elif form.names:
            form.name = form.names[0]
        if form.rest is None and not (form.behind or "").startswith("-"):
            form.behind = None
        return form

    def _settle_names(self) -> None:
        """Take of several names the one that the register knows; two known ones leave the compound open."""
        form = self.form
        known = [name for name in dict.fromkeys(form.names) if self.lexicon.compounds_meant(name)[0]]
        full = [name for name in known if self.lexicon.compounds_meant(name)[1]]
        chosen = full or known
        form.name = chosen[0] if chosen else form.names[0]
        if len(full) > 1 or (not full and len(known) > 1):
            form.could_change("compound")

    # --- before the road
    def _before_the_address(self) -> None:
        named: list[bool] = []
        while self.at < len(self.text):
            dividers = _DIVIDERS.match(self.text, self.at)
            self.at = dividers.end() if dividers else self.at
            if self.at >= len(self.text) or self.lexicon.own_at(self.text, self.at):
                break
            if self.text[self.at] in {_POSTCODE, _PHONE}:
                self.at += 1
                continue
            former = self.lexicon.former_at(self.text, self.at)
            known = (
                self.lexicon.committee_at(self.text, self.at)
                or self.lexicon.home_at(self.text, self.at)
                or self.lexicon.label_at(self.text, self.at)
            )
            if former and len(former) >= len(known or ""):
                self.form.could_change("former")
                known = former
            if known:
                self.form.is_home |= known.startswith(("花木街道", "花木镇", "花木社区", "花木地区", "HUAMU"))
                self.at += len(known)
                continue
            # JS苏州: a province in letters is believed by the city behind it.
            letters = re.match("[A-Z]*", self.text[self.at :])
            start = self.at + (len(letters[0]) if letters else 0)
            other = self.lexicon.other_place_at(self.text, start)
            # 周浦 alone, where 周浦苑 stands, is a town or that compound in short: its piece is left open.
            alone = _HAN_RUN.match(self.text, start)
            if other is None or (alone and alone[0] == other[0] and self.lexicon.compounds_meant(alone[0])[0]):
                break
            self.at = start + len(other[0])
            named.append(other[1])
        if named:
            # Another place and this street, or a name that may be half of a road's: nobody is sent to another street.
            if any(named) and not self.form.is_home and self.form.rest is None:
                self.form.is_outside = True
            else:
                self.form.could_change("town")

    # --- piece by piece
    def _piece(self) -> None:
        lane = _LANE.match(self.text, self.at)
        if lane:
            self._lane(lane)
            return
        count = _COUNT.match(self.text, self.at)
        if count:
            self.at = count.end()
            return
        door = _DOOR.match(self.text, self.at)
        if door and door.end() > self.at:
            self._door(door)
            return
        han = _HAN_RUN.match(self.text, self.at)
        if han:
            self._words(han)
            return
        self._remainder()

    def _lane(self, lane: re.Match[str]) -> None:
        if self.form.lane is not None or self.form.gate_no is not None:
            self.form.could_change("compound")
        else:
            said = {name: self.placed[slice(*lane.span(name))] for name, found in lane.groupdict().items() if found}
            sub_lane = said.get("s1") or said.get("s2") or said.get("s3")
            if "first" in said:
                self.form.lane = said["first"] + said["joint"] + said["last"]
            else:
                self.form.lane = f"{said['lane']}弄{sub_lane}支弄" if sub_lane else said["lane"]
        self.at = lane.end()

    def _door(self, door: re.Match[str]) -> None:
        form = self.form
        pieces = {name: self.placed[slice(*door.span(name))] for name, said in door.groupdict().items() if said}
        building = pieces.get("b1") or pieces.get("b3") or pieces.get("b5")
        room = next((pieces[name] for name in ("r1", "r2", "r3", "r4", "r6", "r7") if name in pieces), None)
        if "r6" in pieces and "floor_no" in pieces:
            if room and room.isascii():
                room = pieces.pop("floor_no") + room  # 12楼B室 is 12B
            else:
                form.could_change("door")
        # Numbers joined by hyphens right behind a road may begin with a lane: 樱花路64-5-102.
        no_compound = form.lane is None and not form.names
        if "b3" in pieces and no_compound and ("u3" in pieces or form.road is None):
            form.could_change("compound")
        elif building and form.building_no is None and form.room_no is None:
            form.building_no = building
            form.gate_no = pieces.get("gate_no")
            if form.gate_no and (form.road is None or form.lane is not None):
                form.could_change("building")  # 望鹤苑3号A座: no number on a road
            form.unit_no = pieces.get("unit_no") or pieces.get("u2") or pieces.get("u3") or pieces.get("u4")
            form.floor_no = pieces.get("floor_no")
            form.room_no = room + pieces.get("after", "") if room else None
            if form.gate_no and form.lane:
                form.could_change("building")
            form.storey_no = building if door["storey"] else None
            if door["b1"] and form.rest is None:
                form.behind = self.placed[door.start("behind") :].strip(",").rstrip("-")
            if form.floor_no and room and not door["r2"] and _MORE not in (door["r1"] or ""):
                form.could_change("door")  # 3楼东, 1层01: a room of its storey, unless the register has it so
        elif room and not building and form.room_no is None:
            form.room_no, form.floor_no = room, pieces.get("f4")
        else:
            # Behind a room a bare number is another room: 501和502, 502室-1.
            is_room = "b5" in pieces and (_MORE in door[0] or self.text[: self.at].endswith("-"))
            form.could_change("door" if form.room_no is not None and is_room else "building" if building else "door")
        self.at = door.end()

    def _words(self, han: re.Match[str]) -> None:
        lexicon, start = self.lexicon, self.at
        text, end = han[0], han.end()
        own = lexicon.own_at(self.text, start)
        is_corner = self.form.road is not None and bool(re.match("[口边旁]", self.text[start + len(own or "") :]))
        if own and own in lexicon.roads and not is_corner:
            self._road(own, start + len(own))
            return
        phase = _PHASE_RUN.match(self.text, end)
        known = lexicon.road_in(text)
        if known and known[0] and self._is_no_part_of_a_road(text[: known[0]]):
            end, phase = start + known[0], None
        elif not lexicon.compounds_meant(text)[0] and not lexicon.is_note(text):
            road = ROAD_SHAPE.match(text)
            if road:
                self._road(road[0], start + road.end())
                return
        if phase and self.form.building_no is None:
            end = phase.end()
        self._named(self.placed[start:end])
        self.at = end

    def _is_no_part_of_a_road(self, text: str) -> bool:
        """银泰小区梅花路 is a compound and a road, 大梅花路 another road."""
        lexicon = self.lexicon
        return bool(lexicon.compounds_meant(text)[0] or lexicon.is_name(text) or lexicon.is_note(text)) or (
            lexicon.doubt(text) is not None
        )

    def _road(self, road: str, end: int) -> None:
        if self.form.road is None and (self.form.building_no is None or road in self.lexicon.roads):
            self.form.road = road
        elif self.form.road != road:
            self.form.could_change("compound")
        self.at = end

    def _named(self, text: str) -> None:
        """Read a piece of words: a name, a note, or what puts something in doubt."""
        lexicon, names = self.lexicon, self.form.names
        own = lexicon.own_at(text, 0)
        if own and lexicon.compounds_meant(text.removeprefix(own))[1] and not lexicon.compounds_meant(text)[1]:
            names += [own, text.removeprefix(own)]  # 银泰小区东城新村: two compounds
            return
        if self.form.room_no is not None and lexicon.tells_the_surroundings(text, self._is_a_piece_of_its_own(text)):
            return
        if names and lexicon.doubt(text) == "compound" and lexicon.compounds_meant(names[-1] + text)[0]:
            names[-1] += text  # 芳畔花苑(二期)
        elif lexicon.compounds_meant(text)[0] and not lexicon.is_of_another_place(text):
            self.form.names.append(text)
        elif own and (lexicon.is_note(text.removeprefix(own)) or _BUILDING_IN_WORDS.search(text)):
            self.form.names.append(own)
            if not lexicon.is_note(text.removeprefix(own)):
                self._unknown(text.removeprefix(own), "building")  # 盛源家园北楼
        elif not lexicon.is_note(text):
            self._unknown(text, lexicon.doubt(text))

    def _is_a_piece_of_its_own(self, text: str) -> bool:
        """Return whether a divider or a bracket stands before the words."""
        return self.placed[: self.at].endswith((",", "-")) and len(text) > 1

    def _unknown(self, text: str, doubt: str | None) -> None:
        """Words that are neither a compound of the register nor harmless."""
        form = self.form
        before_the_door = form.building_no is None and form.room_no is None
        if doubt == "beside":
            form.could_change(form.last_part())
        elif doubt == "inner" and not before_the_door:
            form.could_change("door")
        elif doubt == "inner":
            self._in_doubt_before_a_building()
        elif doubt:
            form.could_change(doubt)
        elif self.lexicon.is_name(text):
            form.names.append(text)
        elif before_the_door and (len(text) == 1 or _BUILDING_IN_WORDS.search(text)):
            self._in_doubt_before_a_building()  # 东5号楼 is not 5号楼, 北楼2-101 not 2-101
        elif before_the_door:
            form.names.append(text)
        elif form.room_no is None or _PHONE not in self.text or len(text) > 4:  # beside a telephone: somebody's name
            form.could_change("door")

    def _remainder(self) -> None:
        """Read a number or letters that no rule of the grammar takes."""
        latin = _LATIN_RUN.match(self.text, self.at)
        sign = self.text[self.at]
        self.at = latin.end() if latin else self.at + 1
        if sign in {_PHONE, _POSTCODE} or sign in "室户房号楼":
            return
        if self.form.building_no is not None:
            self.form.could_change("door" if self.form.room_no is not None else "building")
        elif latin and not self.form.road and not self.form.names:
            self.form.could_change("town")
        else:
            self._in_doubt_before_a_building()

    def _in_doubt_before_a_building(self) -> None:
        """Take what is not understood behind a lane or a name for a building there, elsewhere for anything."""
        self.form.could_change("building" if self.form.lane or self.form.names else "compound")


# --- a column
def parse(texts: pl.Series, lexicon: Lexicon) -> pl.DataFrame:
    """Return the parts of each address, one row per text, in the order given; distinct texts are asked for.

    Columns (text, null where the address doesn't say): `road`, `lane` (`1099`, `1099弄5支弄`; of more than one lane
    `21-23`, `21,23`), `gate_no` (a number on the road in front of a building number), `name` (of a compound, as
    written), `building_no`, `unit_no`, `room_no`, `behind` (all that stands behind a building's number, where not all
    of it was understood or a hyphen could be a minus: 5号-101室), `rest` (what the pieces that were not understood
    could change: a key of CERTAIN_BESIDE, null when nothing is left); and Boolean: `is_outside` (another street, town,
    district, city or province is named), `is_home` (this street is named), `is_empty`, `is_same_as_registered` (同上,
    同户籍地址).
    """
    text = normalise(texts)
    frame = pl.DataFrame({"text": text}).with_columns(
        is_empty=pl.col("text").is_null() | pl.col("text").str.contains(_BLANK),
        is_same_as_registered=pl.col("text").is_in(list(_SAME_AS_REGISTERED)).fill_null(value=False),
        numbers=pl.col("text").str.extract_all(r"\d+"),
        form=_form(text),
    )
    forms = frame["form"].drop_nulls().unique()
    read = pl.DataFrame(
        [_columns(_Reader(form, lexicon).read()) for form in forms], orient="row", schema=_FORM_SCHEMA
    ).with_columns(form=forms)
    frame = frame.join(read, on="form", how="left", maintain_order="left")
    frame = frame.with_columns(_filled(frame, part) for part in _NUMBERED)
    is_plain_room = pl.col("rest").is_null() & pl.col("room_no").str.contains(r"^\d{3,4}$")
    frame = frame.with_columns(
        # 30号5楼302室: a storey that the room contradicts. 银泰3楼302室: a building, or the storey of any.
        rest=pl.when(is_plain_room & ~pl.col("room_no").str.starts_with(pl.col("floor_no")))
        .then(pl.lit("door"))
        .when(is_plain_room & pl.col("room_no").str.starts_with(pl.col("storey_no")))
        .then(pl.lit("building"))
        .otherwise("rest")
    )
    return frame.select(
        "road", "lane", "gate_no",
        name="name",
        building_no=numbers(frame["building_no"]),
        unit_no="unit_no",
        room_no=numbers(frame["room_no"]),
        behind="behind",
        rest="rest",
        is_outside=pl.col("is_outside").fill_null(value=False),
        is_home=pl.col("is_home").fill_null(value=False),
        is_empty="is_empty",
        is_same_as_registered="is_same_as_registered",
    )  # fmt: skip


_NUMBERED: Final = (
    "lane",
    "gate_no",
    "name",
    "building_no",
    "unit_no",
    "floor_no",
    "storey_no",
    "room_no",
    "behind",
)
_FORM_SCHEMA: Final = {
    "road": pl.String, **dict.fromkeys(_NUMBERED, pl.String), "rest": pl.String, "is_outside": pl.Boolean,
    "is_home": pl.Boolean,
}  # fmt: skip


def _columns(form: _Form) -> tuple[object, ...]:
    return tuple(getattr(form, name) for name in _FORM_SCHEMA)


def _form(text: pl.Series) -> pl.Series:
    """Return each text with one sign for each of its numbers."""
    if text.str.contains(r"\d{5}").any():
        rows = text.str.contains(r"\d{5}").fill_null(value=False).arg_true()
        odd = text.gather(rows)
        for pattern, sign in _SIGNS:
            odd = odd.str.replace_all(pattern, sign)
        text = text.scatter(rows, odd)
    for pattern, sign in _SIGNS[-2:]:
        text = text.str.replace_all(pattern, sign)
    return text


def _filled(frame: pl.DataFrame, part: str) -> pl.Series:
    """Return a part of each row with its numbers in it."""
    templates = frame[part]
    place = {chr(_AT + n): n for n in range(12)}
    simple = templates.replace_strict(place, default=None, return_dtype=pl.Int64)
    filled = pl.DataFrame({"numbers": frame["numbers"], "place": simple}).select(
        pl.col("numbers").list.get(pl.col("place"), null_on_oob=True).alias(part)
    )[part]
    rest = (templates.is_not_null() & simple.is_null()).arg_true()
    if rest.len():
        said = zip(templates.gather(rest).to_list(), frame["numbers"].gather(rest).to_list(), strict=True)
        filled = filled.scatter(rest, [_with_numbers(template, found) for template, found in said])
    return filled


def _with_numbers(template: str, found: list[str]) -> str:
    if template.isascii() or max(template) < "\ue000":
        return template
    return "".join(found[ord(sign) - _AT] if "\ue100" <= sign <= "\ue1ff" else sign for sign in template)


# --- columns that hold one part
def lane_of(texts: pl.Series) -> pl.Series:
    """Return the lane of a column of its own: `1099`, `１０９９弄`, `1099.0` -> `1099`; `1099弄5弄` -> `…5支弄`."""
    text = normalise(_marked(texts, "弄"))
    parts = text.str.extract_groups(r"^(?P<lane>.+?)弄(?:(?P<sub>\d+)支?弄)?$").struct.unnest()
    return parts.select(
        lane=pl.when(pl.col("sub").is_null()).then("lane").otherwise(pl.col("lane") + "弄" + pl.col("sub") + "支弄")
    )["lane"]


def building_of(texts: pl.Series) -> pl.Series:
    """Return the building number of a column that holds nothing else: `30`, `30号楼`, `三十号`, `30.0` -> `30`."""
    return numbers(_blank_is_null(texts))


def room_of(texts: pl.Series) -> pl.DataFrame:
    """Return columns `unit_no`, `room_no` of a column of rooms: `502`, `五〇二室`, `2单元502`, `2-502`, `A单元502`."""
    text = _blank_is_null(texts)
    below = text.str.contains("地下|负|层|F|楼").fill_null(value=False).arg_true()
    text = text.scatter(below, [_below_ground(said) for said in text.gather(below).to_list()])
    unit = pl.DataFrame({"text": text, "number": numbers(text)})
    parts = unit.select(
        letter=pl.col("text").str.extract(r"^第?([A-Za-zＡ-Ｚ])(?:单元|單元|门|梯)"),
        parts=pl.col("number").str.extract_groups(
            r"^(?:(?P<u>\d{1,2})-)?(?P<r>[A-Z甲乙丙丁]?\d{3,4}[A-Z甲乙丙丁]?|[A-Z]\d{1,2}|\d{1,2}[A-Z])$"
        ),
        number="number",
    ).unnest("parts")
    is_unit = pl.col("u").is_not_null()
    letter = pl.col("letter").str.normalize("NFKC").str.to_uppercase()
    spelled = letter.is_not_null() & pl.col("number").str.starts_with(letter)
    return parts.select(
        unit_no=pl.when(is_unit).then("u").when(spelled).then(letter),
        room_no=pl.when(is_unit)
        .then("r")
        .when(spelled)
        .then(pl.col("number").str.slice(1).str.strip_chars_start("-"))
        .otherwise("number"),
    )


def of_parts(records: pl.DataFrame) -> pl.Series:
    """Return the address of a record that has compound, building and room in columns of their own, else null."""
    if records["compound"].is_null().all() and records["building"].is_null().all():
        return pl.Series("address", [None] * records.height, dtype=pl.String)
    room = room_of(records["room"])
    return pl.DataFrame(
        {
            "compound": normalise(records["compound"]),
            "building": building_of(records["building"]) + "号",
            "unit": room["unit_no"] + "单元",
            "room": room["room_no"] + "室",
        }
    ).select(
        address=pl.when(pl.any_horizontal(pl.col("compound", "building").is_not_null())).then(
            pl.concat_str("compound", pl.lit(","), "building", pl.lit(","), "unit", "room", ignore_nulls=True)
        )
    )["address"]


def _blank_is_null(texts: pl.Series) -> pl.Series:
    text = (
        texts.cast(pl.String).str.normalize("NFKC").str.replace_all(r"[\s\p{Z}]+", " ").str.replace_all(r"\p{C}+", "")
    )
    return pl.DataFrame({"text": text.str.strip_chars(" ")}).select(
        text=pl.when(~pl.col("text").str.contains(_BLANK)).then("text")
    )["text"]


def _marked(texts: pl.Series, mark: str) -> pl.Series:
    """Blank is null; a bare number gets its mark, so that the grammar sees 三十 as a number."""
    text = _blank_is_null(texts)
    text = pl.Series([None if t is None else without_floats(t) for t in text], dtype=pl.String)
    return pl.DataFrame({"text": text}).select(
        text=pl.when(pl.col("text").str.ends_with(mark)).then("text").otherwise(pl.col("text") + mark)
    )["text"]
