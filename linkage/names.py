"""Whether two written names are one person's: characters, traditional or simplified, or romanised in any order.

Source of the rules: docs/rules.md, R-PERSON-4. Middle dots, blanks, notes, titles and a leading `=` do not count. A
slip keeps the surname and is a homophone, a look-alike, or one character of three or more: 王伟 and 王芳 are two.

There are three answers: two names `agree`, they `contradict` each other, or it can't be told, and then neither holds.
A mark for what couldn't be written (王?, 刘YAN, 张**) and a surname with a title (张先生) contradict nothing they could
stand for and prove nothing; a name in letters that are not pinyin (MEMET TURSUN) can't be held against characters of a
minority's or foreign name.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import product
from typing import Final, Literal, NamedTuple

import polars as pl
from pypinyin import Style, pinyin
from pypinyin.constants import PINYIN_DICT
from pypinyin.contrib.tone_convert import to_normal

from linkage.characters import SIMPLIFIED

_LOOK_ALIKE: Final = (
    "己已巳", "未末", "士土", "日曰", "人入", "天夫", "大太犬", "木本术", "王玉", "田由甲申", "千干于", "贝见",
    "午牛", "今令", "鸟乌", "免兔", "析折", "住往佳", "侯候", "晴睛清情", "青责", "辛幸", "宇字", "晨震", "栗粟",
    "恬括", "娟绢", "淑椒", "萍苹", "莹萤", "茵菌", "蓉容", "婷停", "琳淋", "玲铃", "珍诊", "杨扬", "汪江", "涛铸",
    "波坡", "海悔梅", "峰锋蜂", "辉挥晖", "伟讳", "俊竣", "凤风", "成戌戍", "志忘忠", "永水", "民氏", "良艮", "佩珮",
    "颖颍", "瑜谕", "翔翊", "霖霜", "泽择", "浩皓", "妍研", "怡治", "斌赋", "洁浩",
)  # fmt: skip
_ALIKE: Final = frozenset((a, b) for group in _LOOK_ALIKE for a, b in product(group, group) if a != b)

# Readings as surnames: pypinyin has no surname mode.
_SURNAMES: Final = {
    "曾": "zeng", "单": "shan", "解": "xie", "仇": "qiu", "区": "ou", "查": "zha", "翟": "zhai", "缪": "miao",
    "任": "ren", "朴": "piao", "盖": "ge gai", "乐": "yue le", "谌": "chen shen", "覃": "qin tan", "种": "chong",
    "冼": "xian", "洗": "xian", "黑": "he hei", "员": "yun", "折": "she", "秘": "bi", "召": "shao", "繁": "po",
    "隗": "wei kui", "重": "chong", "逄": "pang", "牟": "mou mu", "郇": "xun huan", "句": "gou", "柏": "bai bo",
    "薄": "bo", "祭": "zhai", "宓": "mi fu", "过": "guo", "相": "xiang", "颉": "xie", "幺": "yao", "那": "na",
    "长": "zhang", "尉": "wei yu", "万": "wan", "石": "shi", "车": "che", "纪": "ji", "葛": "ge", "燕": "yan",
    "沈": "shen", "曲": "qu", "宁": "ning", "应": "ying", "吕": "lv", "华": "hua", "叶": "ye", "余": "yu",
    "贾": "jia", "强": "qiang", "卜": "bu", "阚": "kan", "撒": "sa", "哈": "ha", "晁": "chao", "藏": "zang",
    "尉迟": "yuchi", "万俟": "moqi", "长孙": "zhangsun", "澹台": "tantai", "单于": "chanyu", "欧阳": "ouyang",
    "司马": "sima", "上官": "shangguan", "诸葛": "zhuge", "东方": "dongfang", "皇甫": "huangfu", "令狐": "linghu",
    "慕容": "murong", "司徒": "situ", "夏侯": "xiahou", "公孙": "gongsun", "轩辕": "xuanyuan", "宇文": "yuwen",
    "南宫": "nangong", "端木": "duanmu", "闻人": "wenren", "钟离": "zhongli", "申屠": "shentu", "太史": "taishi",
}  # fmt: skip

_MARK: Final = "?"
_DOT: Final = "·"
_LONGEST: Final = 200  # what is longer is no name: compared as it stands

_UNSEEN: Final = re.compile(
    r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]"
)
_DRESS: Final = "=+-@'\"‘’“” \t"
_DOTS: Final = re.compile(r"[·•・‧∙⋅.。,`´'’|/~^:]+")
# What stands for what couldn't be written; radicals are what a font without the character leaves of it.
_MARKS: Final = re.compile(r"[?*●○◯□■▢◻◇〓_、#×\-—–\ufffd\u2e80-\u2eff\ue000-\uf8ff\U000f0000-\U0010ffff]+|某+")
_NOTE: Final = re.compile(r"[(\[{【〔「][^)\]}】〕」]*[)\]}】〕」]?")
_NUMBER: Final = re.compile(r"(?:电话|手机号?|联系电话|TEL)?[:+]*\d[\d*-]{3,}")
_TITLE: Final = re.compile(r"(先生|女士|小姐|师傅|老师|医生|大夫|爷爷|大爷|叔叔|伯伯|老伯|同志)$")
_LATIN_TITLE: Final = re.compile(r"\b(MR|MRS|MS|MISS|MSTR|DR)\b\.?")
# Named by somebody else: whose child or wife this is, not who.
_RELATIVE: Final = re.compile(
    r"(之子|之女|之妻|之夫|之母|之父|的?(儿子|女儿|孩子|小孩|妻子|老婆|丈夫|老公|母亲|父亲|妈妈|爸爸|外公|外婆|孙子|孙女))$"
    r"|^(大|小|长|次|幼)?(子|女|婴儿?|男婴|女婴|新生儿|宝宝|未(取|命|起)名|家属|保姆)$"
    r"|(太太|奶奶|阿婆|大妈|阿姨|嫂)$"
)
_CHARACTER: Final = r"\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"


class _Name(NamedTuple):
    """A name as it is compared: `text` without dots, a mark as `?`; `dotted` with them; `words` of a Latin name."""

    text: str
    dotted: str
    words: tuple[str, ...]
    is_relative: bool

    @property
    def is_latin(self) -> bool:
        return bool(self.words)

    @property
    def is_long(self) -> bool:
        """Whether it is a minority's or foreign name in characters: it has a dot, or five characters and more."""
        return _DOT in self.dotted or len(self.text) >= 5

    @property
    def has_marks(self) -> bool:
        return _MARK in self.text


def plain(name: str) -> str:
    """Return a name as it is compared: NFKC, simplified, capitals, without blanks, dots, notes, titles; `?` for a
    mark.
    """
    return _read(name).text


def key(name: str) -> str | None:
    """Return what all writings of a full name in one script have in common, the order of a Latin name's words too.

    None for one that doesn't tell who somebody is: with a mark, of one character, or another's (李娜之子).
    """
    read = _read(name)
    if read.has_marks or read.is_relative or len(read.text) < 2:
        return None
    return min(_orders(read.words)) if read.is_latin else read.text


def keys(written: pl.Series) -> pl.Series:
    """Return `key` of a column of names. Plain ones of two to four characters, nearly all, are their own key."""
    others = written.filter(~is_plain(written)).drop_nulls().unique()
    if others.is_empty():
        return written
    read = pl.Series([key(name) for name in others], dtype=pl.String)
    return written.replace_strict(others, read, default=written)


def is_plain(written: pl.Series) -> pl.Series:
    """Return whether each name is two to four simplified characters and nothing that is read in a way of its own."""
    return (
        written.str.contains("^[\u4e00-\u9fa5]{2,4}$")
        & ~written.str.contains(f"[某{''.join(map(chr, SIMPLIFIED))}]")
        & ~written.str.contains(_TITLE.pattern)
        & ~written.str.contains(_RELATIVE.pattern)
        & ~written.str.contains("^[小老].$")
    )


def initials(written: pl.Series) -> pl.DataFrame:
    """Return (first, second): a bit for each letter with which the surname and the given name can begin in pinyin.

    Of a plain name in characters (`is_plain`), whose given name tells nothing (0) behind a surname of two characters;
    of one in letters twice those of its words.
    """
    is_latin = ~written.str.contains(r"\p{Han}")
    latin = written.filter(is_latin).unique()
    words = [_bits(word[0] for word in _read(name).words) for name in latin]
    of_word = written.replace_strict(latin, pl.Series(words, dtype=pl.Int32), default=None, return_dtype=pl.Int32)

    def of_character(at: int) -> pl.Series:
        character = written.str.slice(at, 1)
        distinct = character.filter(~is_latin & (character != "")).drop_nulls().unique()
        bits = [_bits(r[0] for r in (*_SURNAMES.get(c, "").upper().split(), *_readings(c)) if r) for c in distinct]
        return character.replace_strict(distinct, pl.Series(bits, dtype=pl.Int32), default=0, return_dtype=pl.Int32)

    is_long = written.str.slice(0, 2).is_in([surname for surname in _SURNAMES if len(surname) == 2])
    return pl.select(
        first=pl.when(is_latin).then(of_word).otherwise(of_character(0)),
        second=pl.when(is_latin).then(of_word).when(is_long).then(0).otherwise(of_character(1)),
    )


def _bits(letters: Iterable[str]) -> int:
    return sum(1 << ord(letter) - ord("A") for letter in set(letters) if "A" <= letter <= "Z")


def agree(one: str, other: str) -> bool:
    """Return whether two names are the same name, in characters or romanised, surname first or last."""
    a, b = _read(one), _read(other)
    if not a.text or not b.text:
        return False
    if a.is_latin and b.is_latin:
        return not (a.has_marks or b.has_marks) and bool(_orders(a.words) & _orders(b.words))
    if a.is_latin or b.is_latin:
        latin, written = (a, b) if a.is_latin else (b, a)
        return not latin.has_marks and all(map(_unit, written.text)) and _spells(written, latin)
    if not a.has_marks and not b.has_marks:
        return a.text == b.text
    # A mark between two characters is the dot of a long name, if nothing else is amiss.
    bare = a.text.strip(_MARK).replace(_MARK, "")
    is_inside = not any(n.text.startswith(_MARK) or n.text.endswith(_MARK) for n in (a, b))
    return is_inside and bare == b.text.replace(_MARK, "") and (len(bare) >= 5 or _DOT in a.dotted + b.dotted)


Slip = Literal["near", "slip", "order", "part"]


def slip(one: str, other: str) -> Slip | None:
    """Return how one of two names in characters can be the other by one mistake, the surname kept; None where it can't.

    `near`: one character for another that is heard or seen alike. `slip`: for any other, of three or more. `order`: the
    given name's two changed about. `part`: one of them left out. The last two are no slip to R-PERSON-4.
    """
    first, second = _read(one), _read(other)
    a, b = first.text, second.text
    if min(len(a), len(b)) < 2 or a[0] != b[0] or first.is_latin or second.is_latin or _MARK in a + b:
        return None
    if len(a) != len(b):
        shorter, longer = sorted((a, b), key=len)
        return "part" if len(longer) == 3 and shorter[1] in longer else None
    different = [(x, y) for x, y in zip(a, b, strict=True) if x != y]
    if len(different) == 2 and len(a) == 3 and different[0] == different[1][::-1]:
        return "order"
    if len(different) != 1:
        return None
    if _are_alike(*different[0]):
        return "near"
    return "slip" if len(a) >= 3 else None


def one_slip(one: str, other: str) -> bool:
    """Return whether two names in characters differ by one slip of the pen, the ear or the eye, the surname kept."""
    return slip(one, other) in {"near", "slip"}


def mistaken(one: str, other: str) -> bool:
    """Return whether one of two names in characters can be the other for a clerk who has the right number before him.

    By one mistake (`slip`), or with each of its characters heard or seen alike: 张香慧, 张祥辉.
    """
    a, b = _read(one).text, _read(other).text
    if slip(one, other) is not None:
        return True
    is_plain = all(re.fullmatch(f"[{_CHARACTER}]{{2,4}}", text) for text in (a, b))
    return is_plain and len(a) == len(b) and a[0] == b[0] and all(map(_are_alike, a, b))


def _are_alike(one: str, other: str) -> bool:
    """Return whether two characters are one, or heard or seen alike."""
    return one == other or (one, other) in _ALIKE or not _readings(one).isdisjoint(_readings(other))


def same(one: str, other: str) -> bool:
    """Return whether two names can be taken for one person's: they agree, or differ by one slip."""
    return agree(one, other) or one_slip(one, other)


def contradict(one: str, other: str) -> bool:
    """Return whether two names can't be one person's. Neither this nor `same` holds where it can't be told."""
    a, b = _read(one), _read(other)
    if not a.text or not b.text or same(one, other):
        return False
    if a.is_relative or b.is_relative:
        return a.text != b.text
    if a.is_latin and b.is_latin:
        return not any(_fit(x, y) for x in _orders(a.words) for y in _orders(b.words))
    if a.is_latin or b.is_latin:
        latin, written = (a, b) if a.is_latin else (b, a)
        is_untold = latin.has_marks or (written.is_long and not _is_pinyin("".join(latin.words)))
        return not (is_untold or _spells(written, latin))
    return not _fit(a.text, b.text)


@lru_cache(maxsize=200_000)
def _read(name: str) -> _Name:
    text = unicodedata.normalize("NFKC", name).strip().lstrip(_DRESS).rstrip("\"'“”‘’ \t").upper()
    if len(text) > _LONGEST:
        text = _UNSEEN.sub("", text)
        return _Name(text, text, (), is_relative=False)
    text = _LATIN_TITLE.sub(" ", _NUMBER.sub("", _NOTE.sub("", text) or text.strip("()[]{}【】〔〕「」")))
    if re.search("[A-Z]", text) and not re.search(f"[{_CHARACTER}]", text):
        words = tuple(filter(None, re.split(r"[^A-Z?]+", _unaccented(re.sub(r"[*\ufffd]+", _MARK, text)))))
        return _Name("".join(words), "", words, is_relative=False)
    text = _UNSEEN.sub("", text).translate(SIMPLIFIED)
    is_relative = bool(_RELATIVE.search(text))
    text = _MARKS.sub(_MARK, _undescribed(text))
    text = _without_latin(_DOTS.sub(_DOT, text).strip(_DOT))
    title = _TITLE.search(text, 1)
    if title:
        text = text[: title.start()]
    text = re.sub(rf"\{_MARK}[{_DOT}{_MARK}]+|{_DOT}\{_MARK}[{_DOT}{_MARK}]*", _MARK, text)
    if re.fullmatch(f"[{_CHARACTER}]", text) or (title and text in _SURNAMES):
        text += _MARK  # a surname alone
    elif re.fullmatch("[小老][^小老?]", text) and not is_relative:
        text = _MARK + text[1] + _MARK  # what friends say: of the surname or the given name
    return _Name(text.replace(_DOT, ""), text, (), is_relative)


def _undescribed(text: str) -> str:
    """Return the text with each ideographic description (⿱龙天) as the mark that it is."""
    out, position = [], 0
    while position < len(text):
        if not "\u2ff0" <= text[position] <= "\u2fff":
            out.append(text[position])
            position += 1
            continue
        operands = 1
        while operands and position < len(text):
            if "\u2ff0" <= text[position] <= "\u2fff":
                operands += {"⿲": 2, "⿳": 2, "⿾": 0, "⿿": 0}.get(text[position], 1)
            else:
                operands -= 1
            position += 1
        out.append(_MARK)
    return "".join(out)


def _without_latin(text: str) -> str:
    """Letters within characters: the same name once more (张三ZHANG SAN), else a mark for a character (刘YAN)."""
    letters = "".join(re.findall("[A-Z]", text))
    if not letters:
        return text
    rest = re.sub("[A-Z]+", "", text).strip(_DOT)
    written = _Name(rest.replace(_DOT, ""), rest, (), is_relative=False)
    if rest and _spells(written, _Name(letters, "", (letters,), is_relative=False)):
        return rest
    return re.sub("[A-Z]+", _MARK, text)


def _fit(one: str, other: str) -> bool:
    """Return whether some writing of the marks, each for any number of characters, makes the two the same."""
    if _MARK not in one + other:
        return one == other
    # reachable[j]: what is read of `one` fits the first j characters of `other`.
    reachable = [True]
    for character in other:
        reachable.append(reachable[-1] and character == _MARK)
    for character in one:
        step = [reachable[0] and character == _MARK]
        for j, across in enumerate(other, start=1):
            if _MARK in (character, across):
                step.append(step[-1] or reachable[j] or reachable[j - 1])
            else:
                step.append(reachable[j - 1] and character == across)
        reachable = step
    return reachable[-1]


def _unaccented(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.replace("Ü", "V"))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


@lru_cache(maxsize=200_000)
def _orders(words: tuple[str, ...]) -> frozenset[str]:
    """Return the letters of a romanised name, begun at each of its words."""
    return frozenset("".join(words[i:] + words[:i]) for i in range(len(words)))


@lru_cache(maxsize=20_000)
def _readings(character: str) -> frozenset[str]:
    readings = pinyin(character, style=Style.NORMAL, heteronym=True, v_to_u=False)[0]
    return frozenset(spelling for reading in readings for spelling in _spellings(reading))


def _spellings(reading: str) -> set[str]:
    """Passports write ü as YU, V or U: LYU, LV, LU."""
    letters = reading.upper()
    if letters.startswith(("LV", "NV")):
        return {letters, letters.replace("V", "YU"), letters.replace("V", "U")}
    return {letters}


def _spells(written: _Name, latin: _Name) -> bool:
    """Return whether the letters, in some order of their words, can be the pinyin of the characters; a mark is any
    letters.
    """
    return any(_walk(units, letters) for units in _arrangements(written) for letters in _orders(latin.words))


def _arrangements(written: _Name) -> Iterator[list[frozenset[str]]]:
    """Yield the readings of each character in turn: a long name's parts in any rotation, else the surname first or
    last.
    """
    text = written.text
    if written.is_long:
        parts = written.dotted.split(_DOT)
        for i in range(len(parts)):
            yield [_unit(character) for part in parts[i:] + parts[:i] for character in part]
        return
    for length in (1, 2):
        surname, given = text[:length], [_unit(character) for character in text[length:]]
        if not given or (length == 2 and surname not in _SURNAMES):
            continue
        head = _unit(surname)
        if surname in _SURNAMES:
            head = frozenset(s for reading in _SURNAMES[surname].split() for s in _spellings(reading))
        yield [head, *given]
        yield [*given, head]


def _unit(character: str) -> frozenset[str]:
    """Return the readings of a character; none is known of a mark, nor of a character without a reading."""
    return frozenset(reading for reading in _readings(character) if reading.isascii() and reading.isalpha())


def _walk(units: list[frozenset[str]], letters: str) -> bool:
    """Return whether the letters can be divided among the units. All divisions at once: a long name has too many to
    spell.
    """
    reached = {0}
    for readings in units:
        if readings:
            reached = {at + len(r) for at in reached for r in readings if letters.startswith(r, at)}
        elif reached:
            reached = set(range(min(reached), len(letters) + 1))
    return len(letters) in reached


@lru_cache(maxsize=20_000)
def _is_pinyin(letters: str) -> bool:
    """Return whether the letters are wholly syllables of Mandarin."""
    reached = {0}
    for at in range(len(letters)):
        if at in reached:
            reached |= {end for end in range(at + 1, at + 7) if letters[at:end] in _syllables()}
    return len(letters) in reached


@cache
def _syllables() -> frozenset[str]:
    readings = {reading for several in PINYIN_DICT.values() for reading in several.split(",")}
    spelled = {spelling for reading in readings for spelling in _spellings(to_normal(reading))}
    return frozenset(letters for letters in spelled if re.search("[AEIOUV]", letters))
