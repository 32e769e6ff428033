"""The grammar of a Shanghai address, from text as people write it to its parts, a whole column at a time.

Source of the rules: docs/rules.md, Place (the order of the parts and the written forms; Chinese numerals count only
before 弄, 号, 室 and their kin, for 三林路 is no number; O, I and l inside a number are 0 and 1).
Nothing here knows the street's register: whether a road or a compound exists is `linkage.places`' question.
"""

import re
from typing import Final

import polars as pl

HOME_STREET: Final = "花木"

PARTS: Final = ("road", "lane", "gate_no", "name", "building_no", "unit_no", "room_no")

_VARIANTS: Final = {
    "號": "号", "樓": "楼", "棟": "栋", "單": "单", "區": "区", "鎮": "镇", "衖": "弄", "東": "东", "灣": "湾",
    "蘭": "兰", "蓮": "莲", "馬": "马", "園": "园", "廣": "广", "銀": "银", "錦": "锦", "繡": "绣", "龍": "龙",
    "陽": "阳", "層": "层", "門": "门", "聯": "联", "紀": "纪", "華": "华", "麗": "丽", "間": "间", "臺": "台",
    "#": "号", "(": "", ")": "", "[": "", "]": "", "【": "", "】": "", "〔": "", "〕": "", "<": "", ">": "",
    "—": "-", "–": "-", "―": "-", "‐": "-", "−": "-", "~": "-", "_": "-", "/": "-", "\\": "-",
    "、": ",", ";": ",", ":": ",", "。": ",", "|": "1",
}  # fmt: skip

_NUMERALS: Final = "〇零○一二三四五六七八九十百千两廿卅"
_DIGITS: Final = {c: i for i, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "○": 0, "两": 2}
_NUMERAL_IN_PLACE: Final = re.compile(
    rf"[{_NUMERALS}]+(?=支弄|弄|号|室|幢|栋|座|单元|门|层|楼)|(?<=[号楼幢栋座元弄\-,])[{_NUMERALS}]+(?=$|[-,])"
)

_PROVINCES: Final = (
    "北京", "天津", "重庆", "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽", "福建", "江西", "山东",
    "河南", "湖北", "湖南", "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃", "青海", "内蒙古", "广西", "西藏",
    "宁夏", "新疆", "香港", "澳门", "台湾",
)  # fmt: skip
_DISTRICTS: Final = (
    "黄浦", "徐汇", "长宁", "静安", "普陀", "虹口", "杨浦", "闵行", "宝山", "嘉定", "金山", "松江", "青浦", "奉贤",
    "崇明", "卢湾", "闸北", "南汇", "南市",
)  # fmt: skip
_ANY_PROVINCE: Final = "|".join(_PROVINCES)
_ANY_DISTRICT: Final = "|".join(_DISTRICTS)

# 上海路, 浦东大道, 山东路 begin like a city or a province and are roads.
_ROAD_LIKE_A_PLACE: Final = rf"^(?:上海|浦东|{_ANY_PROVINCE}|{_ANY_DISTRICT})(?:[东西南北中]?[一二三]?路|大道|大街)"
_CITY: Final = (r"^(?:中国)?,?(?:上海市?)?,?", r"^(?:浦东(?:新区|新|区)?)?,?")
_HOME: Final = rf"^{HOME_STREET}(?:街道办事处|街道|镇|社区|地区),?"
_OTHER_TOWN: Final = r"^(\p{Han}{1,5}?)(?:街道|镇|乡)(?:$|[^路街])"
# Looked for behind 上海市 and 浦东新区, so 浦东 itself is never meant.
_OTHER_PLACE: Final = (
    rf"^(?:中国)?(?:{_ANY_PROVINCE})|^(?:{_ANY_DISTRICT})(?:区|县)"
    r"|^\p{Han}{2,4}市|^\p{Han}{2,7}?(?:自治州|地区|盟|县)\p{Han}"
)
_OTHER_DISTRICT: Final = rf"^上海市?,?(?:{_ANY_DISTRICT})"

_ROAD_AND_LANE: Final = (
    r"^,?(?P<road>[\p{Han}A-Z]{1,9}?(?:公路|大道|路|大街|街))?,?"
    r"(?:(?P<lane_no>\d+[A-Z甲乙丙丁]?)弄(?:,?(?P<sub_lane>\d+)支?弄)?)?,?(?P<tail>.*)$"
)
_NO: Final = r"\d+(?:-\d+)?[A-Z甲乙丙丁]?"
_BUILDING: Final = r"(?:号楼|号|幢|栋|座)"
_ROOM: Final = r"[A-Z]?\d+(?:-\d+)?[A-Z甲乙丙丁东西南北中]?"
_TAIL: Final = (
    r"^,?-?(?P<name>(?:[^\d,\-]|\d+(?:期|村|区|街坊))*?),?-?"
    r"(?:"
    rf"(?:(?P<gate_no>\d+)号,?(?P<b2>{_NO}){_BUILDING}|(?P<b1>{_NO}|[A-Z])(?:{_BUILDING}|楼)),?-?"
    r"(?:(?P<u1>\d{1,2}|[A-Z])(?:单元|门|梯),?-?)?"
    r"(?:(?:\d{1,2}|底|地下)(?:层|楼),?-?)?"
    rf"(?:(?P<u2>\d{{1,2}})-(?P<r2>\d{{3,4}}[A-Z]?)|(?P<r1>{_ROOM})|(?P<r6>[A-Z]|东|西|南|北|中)(?:室|户))?"
    r"|(?P<b3>\d+[A-Z]?)-(?:(?P<u3>\d{1,2})(?:-|单元-?))?(?P<r3>\d{3,4}[A-Z]?)"
    rf"|(?P<r4>{_ROOM})(?:室|户|房)"
    r"|(?P<b5>\d{1,3}[A-Z]?)$"
    r"|$"
    r")(?:室|户|房)?(?P<rest>.*)$"
)
# "opposite number 30" is not number 30, and 301、302室 is not one door; a telephone number behind the room is harmless.
_NEARBY: Final = r"对面|旁边|旁|附近|隔壁|对过"
_MORE_NUMBERS: Final = r"(?:^|\D)\d{1,6}(?:\D|$)"

_SAME_AS_REGISTERED: Final = ("同上", "同户籍地址", "同户籍", "同户口", "同户口地址", "同户籍地", "户籍地址")
_BLANK: Final = r"^[\p{P}\p{S}]*$|^(?:无|不详|未知|没有|空|N/A|NULL)$"


def _numeral(match: re.Match[str]) -> str:
    """A Chinese numeral in Arabic digits: 三十 -> 30, 五〇二 -> 502, 一千零九十九 -> 1099."""
    text = match[0].replace("廿", "二十").replace("卅", "三十")
    if not set(text) & set("十百千"):
        return "".join(str(_DIGITS[c]) for c in text)
    total, digit = 0, 0
    for c in text:
        if c in _DIGITS:
            digit = _DIGITS[c]
        else:
            total += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[c]
            digit = 0
    return str(total + digit)


def _arabic(text: str) -> str:
    return _NUMERAL_IN_PLACE.sub(_numeral, text)


def _as_digits(match: re.Match[str]) -> str:
    return match[0].translate(str.maketrans("OoIl", "0011"))


def _digits_for_letters(text: str) -> str:
    """O for 0 and I or l for 1 where a digit stands beside them, or where 弄 or 号 says that a number ends."""
    text = re.sub(r"(?<=\d)[OoIl]+|[OoIl]+(?=\d)", _as_digits, text)
    return re.sub(r"(?<![A-Za-z0-9])[OoIl]+(?=支?弄|号|室)", _as_digits, text)


def normalise(texts: pl.Series) -> pl.Series:
    """One way of writing: NFKC, no blanks or invisible characters, simplified marks, Arabic numbers, capitals."""
    frame = pl.DataFrame({"text": texts.cast(pl.String)}).select(
        pl.col("text").str.normalize("NFKC").str.replace_all(r"[\p{Z}\p{C}]+", "").str.replace_many(_VARIANTS)
    )
    text = frame["text"]
    # Few rows need these two, and what they look around for Polars' regular expressions cannot see.
    for pattern, rewrite in (("[OoIl]", _digits_for_letters), (f"[{_NUMERALS}]", _arabic)):
        rows = text.str.contains(pattern).fill_null(value=False).arg_true()
        if rows.len():
            text = text.scatter(rows, [rewrite(value) for value in text.gather(rows).to_list()])
    return text.str.to_uppercase()


def parse(texts: pl.Series) -> pl.DataFrame:
    """The parts of each address, one row a text, in the order given.

    Columns (text, null where the address doesn't say): `road`, `lane` (`1099`, `1099弄5支弄`), `gate_no` (a number
    on the road in front of a building number), `name` (of a compound, as written), `building_no`, `unit_no`,
    `room_no`; and Boolean: `is_outside` (another street, town, district, city or province is named), `is_home` (this
    street is named), `is_empty`, `is_same_as_registered` (同上, 同户籍地址).
    """
    text = normalise(texts)
    frame = pl.DataFrame({"text": text}).with_columns(
        is_empty=pl.col("text").is_null() | pl.col("text").str.contains(_BLANK),
        is_same_as_registered=pl.col("text").is_in(list(_SAME_AS_REGISTERED)).fill_null(value=False),
    )
    frame = _beyond_the_street(frame)
    frame = frame.with_columns(pl.col("text").str.extract_groups(_ROAD_AND_LANE).alias("head")).unnest("head")
    frame = frame.with_columns(pl.col("tail").str.extract_groups(_TAIL).alias("parts")).unnest("parts")
    vague = (pl.col("rest").str.contains(_NEARBY) | pl.col("name").str.contains(_NEARBY)).fill_null(value=False)
    two_buildings = (pl.col("gate_no").is_not_null() & pl.col("lane_no").is_not_null()).fill_null(value=False)
    several_doors = pl.col("rest").str.contains(_MORE_NUMBERS).fill_null(value=False)
    name_behind = pl.when(pl.col("rest").str.contains(r"^,?\p{Han}{2,}$")).then(pl.col("rest").str.strip_chars(","))
    nothing = pl.lit(None, dtype=pl.String)
    return frame.select(
        "road",
        lane=pl.when(pl.col("sub_lane").is_not_null())
        .then(pl.col("lane_no") + "弄" + pl.col("sub_lane") + "支弄")
        .otherwise("lane_no"),
        gate_no="gate_no",
        name=pl.when(~vague).then(pl.coalesce(pl.col("name").replace("", None), name_behind)),
        building_no=pl.when(vague | two_buildings).then(nothing).otherwise(pl.coalesce("b1", "b2", "b3", "b5")),
        unit_no=pl.when(~(vague | two_buildings)).then(pl.coalesce("u1", "u2", "u3")),
        room_no=pl.when(~(vague | two_buildings | several_doors)).then(pl.coalesce("r2", "r1", "r6", "r3", "r4")),
        is_outside="is_outside",
        is_home="is_home",
        is_empty="is_empty",
        is_same_as_registered="is_same_as_registered",
    )


def _beyond_the_street(frame: pl.DataFrame) -> pl.DataFrame:
    """Strip what stands before the road (column `text`); say whether it names this street or another place."""
    text = pl.col("text")
    is_road = text.str.contains(_ROAD_LIKE_A_PLACE)
    frame = frame.with_columns(whole="text")
    for prefix in _CITY:
        frame = frame.with_columns(text=pl.when(is_road).then(text).otherwise(text.str.replace(prefix, "")))
    town = text.str.extract(_OTHER_TOWN)
    is_home = text.str.contains(_HOME)
    other_town = (town != HOME_STREET) | text.str.contains(rf"[^{HOME_STREET[0]}]\p{{Han}}街道")
    # `is_road` now looks behind the city: 上海市静安路 is a road as 静安路 is.
    other_place = ~is_road & (text.str.contains(_OTHER_PLACE) | pl.col("whole").str.contains(_OTHER_DISTRICT))
    return frame.select(
        pl.exclude("text", "whole"),
        text=text.str.replace(_HOME, ""),
        is_home=is_home.fill_null(value=False),
        is_outside=(~is_home & (other_town | other_place)).fill_null(value=False),
    )


def lane_of(texts: pl.Series) -> pl.Series:
    """The lane of a column that holds nothing else: `1099`, `１０９９弄` -> `1099`; `1099弄5弄` -> `1099弄5支弄`."""
    text = normalise(_marked(texts, "弄"))
    parts = text.str.extract_groups(r"^(?P<lane>.+?)弄(?:(?P<sub>\d+)支?弄)?$").struct.unnest()
    return parts.select(
        lane=pl.when(pl.col("sub").is_null()).then("lane").otherwise(pl.col("lane") + "弄" + pl.col("sub") + "支弄")
    )["lane"]


def building_of(texts: pl.Series) -> pl.Series:
    """The building number of a column that holds nothing else: `30`, `30号楼`, `三十号`, `30幢` -> `30`."""
    return normalise(_marked(texts, "号", "号楼|号|幢|栋|座|楼|室|#")).str.replace(r"(?:号楼|号|幢|栋|座|楼)$", "")


def room_of(texts: pl.Series) -> pl.DataFrame:
    """Columns `unit_no`, `room_no` of a column of rooms: `502`, `五〇二室`, `2单元502`, `2-502`."""
    text = normalise(_marked(texts, "室", "室|户|房"))
    parts = text.str.extract_groups(
        r"^(?:(?P<u1>\d{1,2}|[A-Z])(?:单元|门|梯),?-?(?P<r1>.+?)|(?P<u2>\d{1,2})-(?P<r2>\d{3,4}[A-Z]?)|(?P<r3>.+?))(?:室|户|房)$"
    ).struct.unnest()
    return parts.select(unit_no=pl.coalesce("u1", "u2"), room_no=pl.coalesce("r1", "r2", "r3"))


def _marked(texts: pl.Series, mark: str, marks: str | None = None) -> pl.Series:
    """Blank is null; a bare number gets its mark, so that the grammar sees 三十 as a number."""
    text = texts.cast(pl.String).str.normalize("NFKC").str.replace_all(r"[\p{Z}\p{C}]+", "")
    return pl.DataFrame({"text": text}).select(
        text=pl.when(pl.col("text").str.contains(_BLANK))
        .then(None)
        .when(pl.col("text").str.contains(f"(?:{marks or mark})$"))
        .then("text")
        .otherwise(pl.col("text") + mark)
    )["text"]
