"""A street of its own, whose addresses are written door by door: what each text says is known before it is read.

Nothing here is taken from the code that reads addresses; the forms are those that clerks, residents and companies use.
"""

import itertools
import random
from collections.abc import Callable

import polars as pl
import pytest

from linkage import address, places
from linkage.register import Register

# (compound, committee, road, lane, buildings, rooms). Names that begin or go on like places, phases, letters.
_STREET = [
    ("都市华庭", "1", "碧桐路", "120", ["1", "2", "3", "3A", "A", "12B"], ["101", "102", "401", "1102"]),
    ("花木都市家园", "1", "碧桐路", "88弄5支弄", ["1", "2", "11"], ["101", "102", "201"]),
    ("城市花园", "1", "苏州路", "64", ["5", "6", "15"], ["101", "102", "甲302", "302"]),
    ("金镇家园", "2", "上海路", "64", ["5", "6"], ["101", "102", "12B", "A403", "403"]),
    ("社区名苑", "2", "松江路", "30", ["5", "50"], ["1单元101", "2单元101", "2单元102", "1单元B01"]),
    ("芳畔花苑一期", "2", "花木路", "700", ["1", "2", "3"], ["101", "102"]),
    ("芳畔花苑二期", "2", "花木路", "710", ["3", "4", "5"], ["101", "102", "201"]),
    ("盛源家园", "3", "樱花路", "64", ["5", "50"], ["101", "102", "502"]),
    ("水乡苑", "3", "樱花路", "640", ["4", "5"], ["101", "601"]),
    ("东园", "3", "东园路", "7", ["1"], ["101", "102"]),
    ("西园", "3", "东园路", "7", ["2"], ["101", "102"]),
    ("新街道公寓", "4", "三林路", "21", ["1", "3"], ["101", "301"]),
    ("由由二村", "4", "浦东大道", "9", ["1", "10"], ["101", "110"]),
    ("", "4", "樱花路", "", ["88", "90"], ["101", "201"]),
]


def _rows() -> list[dict[str, str]]:
    return [
        {
            "dwelling_code": f"{compound or road}|{road}|{lane}|{building}|{room}", "committee_code": committee,
            "compound_name": compound, "road": road, "lane": lane, "building_no": building, "room_no": room,
        }
        for compound, committee, road, lane, buildings, rooms in _STREET
        for building, room in itertools.product(buildings, rooms)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def street(street_of: Callable[..., Register]) -> Register:
    return street_of(tuple(row.values()) for row in _rows())


_DIGITS = "〇一二三四五六七八九"
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


def _counted(number: str) -> str:
    """三十, 一百零五, 七百一十: a number as it is said; letters stay."""
    digits = "".join(itertools.takewhile(str.isdigit, number))
    if not digits or not number.startswith(digits):
        return number
    value, text, gap = int(digits), "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        text += ("零" if gap and text and digit else "") + (_DIGITS[digit] + word if digit else "")
        gap = not digit
    return (text.removeprefix("一") if 10 <= value < 20 else text) + number.removeprefix(digits)


def _spelled(number: str) -> str:
    return "".join(_DIGITS[int(sign)] if sign.isdigit() else sign for sign in number)


def _lane(lane: str, number=str) -> str:
    if not lane:
        return ""
    head, _, tail = lane.partition("弄")
    return f"{number(head)}弄" + (f"{number(tail.removesuffix('支弄'))}支弄" if tail else "")


def _forms(row: dict[str, str], rng: random.Random) -> list[str]:
    """Ways to write one door in full, without anything before or behind."""
    compound, road, lane, building, room = (row[c] for c in ("compound_name", "road", "lane", "building_no", "room_no"))
    unit, _, inner = room.rpartition("单元")
    block = rng.choice(["号", "号楼", "幢", "栋", "座"] if building != "88" else ["号"])
    in_unit = f"{unit}{rng.choice(['单元', '门'])}" if unit else ""
    in_words = "单元" if unit else ""
    forms = [
        f"{road}{_lane(lane)}{building}号{in_unit}{inner}室",
        f"{road}{_lane(lane)}{building}{block}{in_unit}{inner}",
        f"{road}{_lane(lane)}{compound}{building}{block}{in_unit}{inner}室",
        f"{road}{_lane(lane, _counted)}{_counted(building)}号{_counted(unit)}{in_words}{_spelled(inner)}室",
        f"{road}{_lane(lane)}{_spelled(building)}号楼{in_unit}{_spelled(inner)}室",
        f"{road} {_lane(lane)} {building}号 {in_unit}{inner}室".translate(_FULL_WIDTH),
        f"{road},{_lane(lane)},{building}号,{in_unit}{inner}室",
        f"{road}|{_lane(lane)}|{building}号|{in_unit}{inner}室",
        f"{road}/{_lane(lane)}/{building}号楼/{in_unit}{inner}",
        f"{road}-{_lane(lane)}-{building}号-{in_unit}{inner}室",
        "\u200b".join(f"{road}{_lane(lane)}{building}号{in_unit}{inner}室"),
    ]
    if len(inner) >= 3 and inner.isdigit():
        storey, one = inner[:-2], f"{road}{_lane(lane)}{building}号{in_unit}"
        forms += [
            f"{one}第{storey}层{inner}室",
            f"{one}{storey}F{inner}室",
            f"{one}室{inner}",
            f"{one}{inner}房间",
            f"{road}{_lane(lane)}{building}號{in_unit}{inner}室",
            f"{road}【{_lane(lane)}】{building}号({in_unit}{inner}室)",
            f"{one}{inner}室{one}{inner}室",
            f"{one}{inner}室，{one}{inner}室",
            f"{one}{inner}窒",
            f"{road}{_lane(lane).replace('弄', '弃', 1)}{building}号{in_unit}{inner}室",
        ]
        if lane and building.isdigit() and not unit:
            forms.append(f"{road}{_lane(lane)}{building}另{inner}室")
    if lane.endswith("支弄"):
        head, _, tail = lane.removesuffix("支弄").partition("弄")
        forms += [
            f"{road}{head}弄{way}{building}号{in_unit}{inner}室"
            for way in (f"第{tail}支弄", f"{tail}弄", f"({tail}支弄)")
        ]
    if compound in _SHORT:
        forms.append(f"{rng.choice(_COMPANIES)}{_SHORT[compound]}{building}号{in_unit}{inner}室")
    if compound:
        forms += [
            f"{rng.choice(_COMPANIES)}{compound}{building}号{in_unit}{inner}室",
            f"{compound}物业{building}号{in_unit}{inner}室",
            f"{compound}{building}号{in_unit}{inner}室",
            f"{compound}({road}{_lane(lane)}){building}{block}{in_unit}{inner}室",
            f"{road}{_lane(lane)}{building}号{in_unit}{inner}室({compound})",
            f"{compound}{building}-{unit + '-' if unit else ''}{inner}",
            f"绿城·{compound}{building}号{in_unit}{inner}室",
        ]
    if compound.startswith("芳畔"):
        forms += [
            f"芳畔{compound[-2:]}{building}号{inner}室",
            f"芳畔花苑{compound[-2:].translate(_TWO)}{building}-{inner}",
        ]
    if building[0].isdigit() and building.isdigit() and inner.isdigit():
        forms += [
            f"{road}{_lane(lane)}{building}.0号{in_unit}{inner}.0室",
            f"{road}{_lane(lane)}{building}号{in_unit}{inner.replace('0', 'O').replace('1', 'l')}室",
        ]
    return forms


_COMPANIES = ["绿城", "万科", "陆家嘴集团", "仁恒"]
_SHORT = {"盛源家园": "盛源", "水乡苑": "水乡", "都市华庭": "都市华庭小区", "由由二村": "由由2村"}
_NUMBER_SIGNS = "0123456789〇一二三四五六七八九十０１２３４５６７８９"
_TWO = str.maketrans("一二", "12")
_BEFORE = [
    "", "", "上海市", "上海", "浦东新区", "上海市浦东新区", "上海市浦东新区花木街道", "花木镇", "上海市上海市浦东新区",
    "上海市市辖区浦东新区花木街道", "中国上海市浦东", "地址:", "住址：", "现住", "200135 ", "200135", "310115",
    "Shanghai Pudong ",    "上海市/浦东新区/", "牡丹第二居委会", "门牌", "花木乡", "川沙县花木乡", "浦东新区严桥镇",
    "钦洋镇", "我住在", "沪浦东新区", "上海市辖区",
]  # fmt: skip
_BEHIND = [
    "", "", "", " 门口", "放快递柜", "(电梯口进门左转)", " 电话13900000000", "13900000000 李某收", ",200135",
    "(近碧桐路口)", "家里有人", "(南门进)", "（近地铁站）", "（靠近菜场）", "（菜场对面）", " 3口人",
    "居家隔离14天", "(两室一厅)",
    " 密码1234#", "（含地下室）", "(自有住房)", "（世纪公园旁）", "共4人", " 周末送货",
]  # fmt: skip
_ELSEWHERE = [
    "苏州", "苏州市", "江苏苏州", "JS苏州", "松江", "松江区", "上海市松江区", "台北", "台北市", "北蔡", "北蔡镇",
    "浦东新区北蔡镇",
    "上海市浦东新区张江镇", "香港", "昆山", "昆山市", "安徽合肥", "湖北省武汉市", "九亭镇", "潍坊新村街道", "东京",
    "重庆",
]  # fmt: skip
_SOMEBODY_ELSES = [
    "原", "原住", "旧址", "老家", "已搬离", "不住", "户籍在", "父母家", "曾住", "老家:", "原址 ", "亲戚家",
]  # fmt: skip
_MOVED = ["已搬离", "(不住)", ",户籍在此父母家", "(房东住)", " 原住", "(已搬走)", "(空挂户)"]
_OTHER_DOOR = [
    "或103",
    "、103室",
    "和103室",
    "至105室",
    "对面",
    "隔壁",
    "旁边",
    "(阁楼)",
    "B",
    "2",
    "(东间)",
    "/103",
    "楼上",
    " 3室",
    "-1",
    "和502",
    "（老王家隔壁）",
    "（群租房）",
]
_OTHER_TOWN = ["(苏州市)", " 松江区", ",苏州", "(北蔡镇)"]

Case = tuple[str, str, str]  # text, what was done, the door's code


def _cases(count: int) -> list[Case]:  # noqa: C901
    rng = random.Random(11)
    rows = _rows()
    cases: list[Case] = []
    while len(cases) < count:
        row = rng.choice(rows)
        text = rng.choice(_forms(row, rng))
        done = rng.choices(
            ["clean", "elsewhere", "former", "moved", "door", "town", "lost", "slip"], [8, 2, 1, 1, 2, 1, 2, 2]
        )[0]
        before, behind = rng.choice(_BEFORE), rng.choice(_BEHIND)
        if text[-1].isascii() and text[-1].isalnum() and behind[:1].isdigit():
            behind = f" {behind}"
        match done:
            case "clean":
                text = rng.choice(["", "", "", "户籍苏州路1弄2号3室，现住"]) + before + text + behind
            case "elsewhere":
                text = rng.choice(_ELSEWHERE) + text + behind
            case "former":
                text = rng.choice(_SOMEBODY_ELSES) + before + text + behind
            case "moved":
                text = before + text + rng.choice(_MOVED)
            case "door":
                text = before + text + rng.choice(_OTHER_DOOR)
            case "town":
                text = before + text + rng.choice(_OTHER_TOWN)
            case "lost":  # one sign of a number could not be written
                numbers = [at for at, sign in enumerate(text) if sign.isalnum() and sign in _NUMBER_SIGNS]
                at = rng.choice(numbers)
                text = before + text[:at] + rng.choice("?*□？") + text[at + 1 :] + behind
            case "slip":  # one character of a road or a name is another
                words = [
                    at for at, sign in enumerate(text) if sign not in _NUMBER_SIGNS and "\u4e00" <= sign <= "\u9fff"
                ]
                at = rng.choice(words)
                text = before + text[:at] + rng.choice("华园东木林") + text[at + 1 :] + behind
        cases.append((text, done, row["dwelling_code"]))
    return cases


@pytest.fixture(scope="module")
def found(street: Register) -> pl.DataFrame:
    cases = pl.DataFrame(_cases(24_000), orient="row", schema=["text", "done", "code"])
    parsed = address.parse(cases["text"], street.lexicon)
    building = street.doors.select(code="dwelling_code", true_building="building_key")
    return pl.concat([cases, places.resolve(parsed, street)], how="horizontal").join(building, on="code", how="left")


def _none(rows: pl.DataFrame) -> None:
    assert rows.is_empty(), rows.select("text", "done", "code", "dwelling_key", "place_level").head(20).rows()


def test_no_text_leads_to_a_wrong_door_or_building(found) -> None:
    _none(found.filter(pl.col("dwelling_key") != pl.col("code")))
    _none(found.filter(pl.col("building_key") != pl.col("true_building")))


def test_what_is_written_in_full_reaches_its_door(found) -> None:
    _none(found.filter(pl.col("done") == "clean", pl.col("dwelling_key").ne_missing(pl.col("code"))))


def test_another_town_is_outside_and_never_a_door(found) -> None:
    # A town before a company's or a short name could be half of a compound's name: open, but never a door.
    company = pl.col("text").str.contains("|".join([*_COMPANIES, "芳畔[一二]期"]))
    rows = found.filter(pl.col("done") == "elsewhere")
    _none(rows.filter(~pl.col("place_level").is_in(["outside", "unparsed"])))
    _none(rows.filter(~company, pl.col("place_level") != "outside"))
    _none(found.filter(pl.col("done") == "town", pl.col("place_level") != "unparsed"))


def test_a_former_or_somebody_elses_home_is_no_place_but_its_door_is_shown(found) -> None:
    rows = found.filter(pl.col("done").is_in(["former", "moved"]))
    _none(rows.filter(pl.col("place_level") != "unparsed"))
    _none(rows.filter(~pl.col("candidates").list.contains(pl.col("code"))))


def test_beside_what_could_be_another_door_no_door_is_certain(found) -> None:
    _none(found.filter(pl.col("done") == "door", pl.col("place_level") == "dwelling"))
