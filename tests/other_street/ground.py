"""The street's ground: compounds, buildings and doors, and the ways in which people write a door down."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random

ROAD_HOUSES = "沿街散户"

# Committees of the street by their real codes.
COMMITTEES = {
    "310115016002": "牡丹第四居委会",
    "310115016007": "由由一居委会",
    "310115016015": "锦绣居委会",
    "310115016023": "明月居委会",
    "310115016030": "蓝天居委会",
    "310115016038": "联洋第二居委会",
    "310115016046": "梧桐居委会",
    "310115016055": "龙沟居委会",
    "310115016059": "海桐居委会",
}
CODES = list(COMMITTEES)


@dataclasses.dataclass(frozen=True)
class Door:
    """One dwelling as the master knows it; `lane` is without 弄 unless it has a sub-lane, `unit` stands in `room`."""

    code: str
    committee: str
    compound: str
    road: str
    lane: str
    building: str
    room: str
    floor: int
    usage: str = "1"

    @property
    def house(self) -> tuple[str, str, str, str]:
        """The building: two lanes of one compound may number theirs alike."""
        return (self.compound or self.committee, self.road, self.lane, self.building)

    @property
    def estate(self) -> tuple[str, str]:
        """The compound; homes of no compound have one a committee, and two compounds may share a name."""
        if not self.compound:
            return (ROAD_HOUSES, self.committee)
        return (self.compound, self.road + self.lane if self.compound in TWO_OF_A_NAME else "")


@dataclasses.dataclass(frozen=True)
class Plan:
    """How a compound is built: in each lane these buildings, in each building these rooms."""

    name: str
    road: str
    lanes: tuple[str, ...]
    buildings: tuple[str, ...]
    rooms: tuple[str, ...]
    committees: tuple[str, ...]
    kind: str = "plain"


def _floors(count: int, flats: int = 2, units: tuple[str, ...] = ("",)) -> tuple[str, ...]:
    return tuple(
        f"{unit}{floor}{flat:02}" for unit in units for floor in range(1, count + 1) for flat in range(1, flats + 1)
    )


def _numbers(first: int, last: int) -> tuple[str, ...]:
    return tuple(str(number) for number in range(first, last + 1))


TWO_OF_A_NAME = {"锦园"}

#: Each plan is there for a trap of its own, told by its kind.
PLANS = (
    Plan("青枫苑", "青枫路", ("118",), _numbers(1, 8), _floors(6), (CODES[0],)),
    Plan("罗马小镇", "鹭洲路", ("55",), _numbers(11, 17), _floors(6), (CODES[0],), "town"),
    Plan("东方都市苑", "合肥路", ("200",), _numbers(1, 6), _floors(6), (CODES[1],), "city"),
    Plan("城市之光花园一期", "棠梨路", ("30",), _numbers(1, 4), _floors(6), (CODES[1],), "phase"),
    Plan("城市之光花园二期", "棠梨路", ("60",), _numbers(3, 7), _floors(6), (CODES[1],), "phase"),
    Plan("三泉新村", "三泉路", ("400", "420"), _numbers(1, 4), _floors(5), (CODES[2],), "twin"),
    Plan("白蘋家园", "白蘋路", ("9",), _numbers(1, 6), _floors(6), (CODES[2], CODES[3]), "shared"),
    Plan("云锦公寓", "云锦西路", ("777",), ("A", "B", "3", "3A", "3B", "12B"), _floors(6, 3), (CODES[3],), "letter"),
    Plan("听雨轩", "听雨路", ("",), ("21", "23", "25", "27"), _floors(6), (CODES[4],), "lane-less"),
    Plan("", "三泉路", ("",), ("512", "514", "516"), ("101", "201", "202", "301"), (CODES[2],), "road"),
    Plan("", "徐州南路", ("",), ("88", "90"), ("101", "201", "202", "301"), (CODES[5],), "road"),
    Plan("九曲里", "九曲路", ("86弄3支弄", "86弄5支弄"), _numbers(1, 3), ("1", "2", "3", "4"), (CODES[4],), "sub-lane"),
    Plan("海悦名邸", "徐州南路", ("15",), _numbers(1, 3), _floors(5, 2, ("1单元", "2单元")), (CODES[5],), "unit"),
    Plan(
        "香樟国际公寓",
        "百合路",
        ("301",),
        _numbers(1, 2),
        ("甲302", "乙302", "甲402", "2-B01", "2-B02", "地下1", "A-403", "B-403", "1101", "1102"),
        (CODES[5],),
        "room",
    ),
    Plan("苏河湾雅苑", "徐州南路", ("35",), _numbers(10, 15), _floors(6), (CODES[6],), "city"),
    Plan("周浦苑", "百合路", ("77",), _numbers(1, 5), _floors(6), (CODES[6],), "town"),
    Plan("锦园", "百合路", ("5",), _numbers(1, 4), _floors(5), (CODES[7],), "namesake"),
    Plan("锦园", "鹭洲路", ("70",), _numbers(3, 6), _floors(5), (CODES[8],), "namesake"),
    Plan("武夷新村", "二里桥路", ("180",), _numbers(101, 106), _floors(6), (CODES[7],), "city"),
    Plan("听泉湾畔家园", "听雨路", ("99",), _numbers(30, 36), _floors(6), (CODES[8],)),
)
MORE_WORDS = (
    "松风",
    "柳浪",
    "梅坞",
    "兰汀",
    "竹溪",
    "荷塘",
    "菊园",
    "桂影",
    "枫丹",
    "橘洲",
    "杏坛",
    "桃源",
    "榆荫",
    "槐序",
)
MORE_KINDS = ("苑", "花园", "小区", "公寓", "新村", "佳苑")


class Ground:
    """All doors of the street, with what can be asked of the master by hand."""

    def __init__(self, homes: int) -> None:
        plans, made = list(PLANS), 0
        size = sum(len(p.lanes) * len(p.buildings) * len(p.rooms) for p in plans)
        while size < homes:
            word, kind = MORE_WORDS[made % len(MORE_WORDS)], MORE_KINDS[made // len(MORE_WORDS) % len(MORE_KINDS)]
            plan = Plan(
                f"{word}{kind}",
                f"{word}路",
                (str(20 + 10 * made),),
                _numbers(1, 9),
                _floors(6, 4),
                (CODES[made % len(CODES)],),
            )
            plans.append(plan)
            size += len(plan.buildings) * len(plan.rooms)
            made += 1
        self.plans = plans
        self.kind: dict[str, str] = {}
        self.doors: list[Door] = []
        for plan in plans:
            for lane in plan.lanes:
                for place, building in enumerate(plan.buildings):
                    committee = plan.committees[place * len(plan.committees) // len(plan.buildings)]
                    for room in plan.rooms:
                        digits = "".join(c for c in room.partition("单元")[2] or room if c.isdigit())
                        code = f"HM{len(self.doors) + 1:06}"
                        door = Door(
                            code,
                            committee,
                            plan.name,
                            plan.road,
                            lane,
                            building,
                            room,
                            -1 if room.startswith("地下") else int(digits) // 100 or 1,
                        )
                        self.doors.append(door)
                        self.kind[code] = plan.kind
        self.named: dict[tuple[str, str, str], int] = {}
        self.houses: dict[tuple[str, ...], frozenset[str]] = {}
        self.estates: dict[tuple[str, ...], frozenset[str]] = {}
        for door in self.doors:
            name = (door.compound, door.building, door.room)
            self.named[name] = self.named.get(name, 0) + 1
            self.houses[door.house] = self.houses.get(door.house, frozenset()) | {door.code}
        for estate in {door.estate for door in self.doors}:
            self.estates[estate] = frozenset(door.code for door in self.doors if door.estate == estate)


DIGITS = "零一二三四五六七八九"
#: Other towns, districts, cities and countries, by full and short names.
ELSEWHERE = (
    "温州",
    "昆山",
    "宁波市",
    "徐汇",
    "静安区",
    "闵行",
    "嘉定",
    "川沙",
    "三林镇",
    "张江",
    "陆家嘴街道",
    "上海市浦东新区潍坊新村街道",
    "成都市",
    "东京",
    "首尔",
    "浙江湖州",
    "上海宝山",
    "浦东新区高行镇",
    "香港",
    "青浦区",
    "广西南宁",
    "合肥市",
    "徐州",
    "加拿大",
    "南汇惠南镇",
)


def counted(number: str) -> str:
    """118 as 一百十八, 1030 never: lanes up to 999."""
    hundreds, rest = divmod(int(number), 100)
    if not hundreds:
        return spoken(number)
    tail = "" if not rest else f"零{DIGITS[rest]}" if rest < 10 else ("一" if rest < 20 else "") + spoken(str(rest))
    return f"{DIGITS[hundreds]}百{tail}"


WIDE = str.maketrans(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "０１２３４５６７８９ＡＢＣＤＥＦＧＨＩＪＫＬＭＮＯＰＱＲＳＴＵＶＷＸＹＺ"
)


def spoken(number: str) -> str:
    """30 as 三十, up to 99."""
    value = int(number)
    tens, ones = divmod(value, 10)
    return (("" if tens == 1 else DIGITS[tens]) + "十" if tens else "") + (DIGITS[ones] if ones or not tens else "")


def spelled(number: str) -> str:
    """502 as 五〇二."""
    return "".join("〇" if digit == "0" else DIGITS[int(digit)] for digit in number)


@dataclasses.dataclass(frozen=True)
class Place:
    """What a text makes certain: `level`, and the doors that it leaves possible at that level.

    `level` None: no door at all is certain, how far the text reaches is left open. `consistent`: a way of writing that
    the rules don't name; it may be read or not, but never as another door or another town.
    """

    level: str | None
    codes: frozenset[str] = frozenset()
    kind: str = ""

    @property
    def code(self) -> str:
        """The door's, empty where none is certain."""
        return next(iter(self.codes)) if self.level == "dwelling" else ""


#: A record whose place says nothing here: that of a role is where the person serves.
UNSAID = Place("unsaid")


def at(door: Door, kind: str) -> Place:
    return Place("dwelling", frozenset([door.code]), kind)


def _lane(door: Door) -> str:
    return "" if not door.lane else door.lane if door.lane.endswith("弄") else f"{door.lane}弄"


def _room(door: Door, suffix: str = "室") -> str:
    return door.room + suffix


def street_part(door: Door) -> str:
    return f"{door.road}{_lane(door)}{door.building}号"


class Scribe:
    """Writes a door as free text or as parts, clean or in one of the people's ways, and says what is certain then."""

    def __init__(self, ground: Ground, rng: random.Random, dirt: float) -> None:
        self.ground, self.rng, self.dirt = ground, rng, dirt

    def named_alone(self, door: Door) -> bool:
        """Whether compound, building and room fix the door."""
        return bool(door.compound) and self.ground.named[door.compound, door.building, door.room] == 1

    def clean(self, door: Door) -> tuple[str, Place]:
        return f"{street_part(door)}{_room(door)}", at(door, "clean")

    def text(self, door: Door) -> tuple[str, Place]:
        """A door in a way that still fixes it."""
        if self.rng.random() > 0.75 * self.dirt:
            return self.clean(door)
        ways = {
            "full": f"上海市浦东新区花木街道{street_part(door)}{_room(door)}",
            "old-town": f"花木镇{street_part(door)}{_room(door)}",
            "wide": f"浦东{street_part(door)}{_room(door)}".translate(WIDE),
            "twice": f"上海市上海市浦东新区{street_part(door)}{_room(door)}",
            "city-district": f"上海市市辖区浦东新区花木街道{street_part(door)}{_room(door)}",
            "label": f"地址：{street_part(door)}{_room(door)}",
            "label-now": f"现住址:上海浦东{street_part(door)}{_room(door)}",
            "postcode": f"200135 {street_part(door)}{_room(door)}",
            "area-code": f"310115{street_part(door)}{_room(door)}",
            "slashes": f"上海市/浦东新区/花木街道/{door.road}/"
            + (f"{_lane(door)}/" if door.lane else "")
            + f"{door.building}号/{_room(door)}",
            "bars": f"上海市|浦东新区|{street_part(door)}|{_room(door)}",
            "spaces": f" {door.road} {_lane(door)} {door.building} 号 {_room(door)}\u3000",
            "invisible": f"\u200b{street_part(door)}\ufeff{_room(door)}",
            "no-suffix": f"{street_part(door)}{door.room}",
            "full-stop": f"{street_part(door)}{_room(door)}。",
            "province": f"中国上海市浦东新区{street_part(door)}{_room(door)}",
        }
        if door.lane.isdigit():
            ways["lane-numeral"] = f"{door.road}{counted(door.lane)}弄{door.building}号{_room(door)}"
            ways["lane-digits"] = f"{door.road}{spelled(door.lane)}弄{door.building}号{_room(door)}"
        if door.compound and door.lane:
            ways["name-bracketed"] = f"{door.road}{_lane(door)}({door.compound}){door.building}号{_room(door)}"
        if door.building.isdigit() and int(door.building) < 100:
            ways["numeral"] = f"{door.road}{_lane(door)}{spoken(door.building)}号{_room(door)}"
            ways["block"] = f"{door.road}{_lane(door)}{door.building}号楼{_room(door)}"
        if door.room.isdigit() and len(door.room) >= 3:
            ways["room-spelled"] = f"{street_part(door)}{spelled(door.room)}室"
            ways["dash"] = f"{street_part(door)}-{door.room}"
            ways["letter-o"] = f"{street_part(door)}{door.room.replace('0', 'O')}室"
        if door.compound and door.lane:
            ways["with-name"] = f"{door.road}{_lane(door)}{door.compound}{door.building}号{_room(door)}"
            ways["name-before-road"] = f"{door.compound}{street_part(door)}{_room(door)}"
            ways["name-in-brackets"] = f"{street_part(door)}{_room(door)}（{door.compound}）"
            ways["unknown-name"] = f"{door.road}{_lane(door)}丽景华都{door.building}号{_room(door)}"
        if self.named_alone(door):
            ways["name"] = f"{door.compound}{door.building}号{_room(door)}"
            ways["name-in-street"] = f"花木{door.compound}{door.building}号楼{_room(door)}"
            ways["name-city"] = f"上海{door.compound}{door.building}号{_room(door)}"
            ways["name-block"] = f"浦东新区花木街道{door.compound}{door.building}幢{_room(door)}"
            if door.room.isdigit():
                ways["name-dash"] = f"{door.compound}{door.building}-{door.room}"
            if door.building.isdigit() and int(door.building) < 100 and door.room.isdigit():
                ways["name-numeral"] = f"{door.compound}{spoken(door.building)}号楼{spelled(door.room)}室"
        if self.ground.kind[door.code] == "letter" and door.building[0].isdigit() and len(door.building) > 1:
            number, letter = door.building[:-1], door.building[-1]
            ways["letter-numeral"] = f"{door.road}{_lane(door)}{self._digits(number)}{letter}号楼{_room(door)}"
            ways["letter-small"] = f"{door.road}{_lane(door)}{number}{letter.lower()}号{_room(door)}"
        if self.ground.kind[door.code] == "unit":
            unit, room = door.room.split("单元")
            ways["unit-dashes"] = f"{door.compound}{door.building}-{unit}-{room}"
            ways["unit-spoken"] = f"{door.road}{_lane(door)}{door.building}号{spoken(unit)}单元{room}室"
        way = self.rng.choice(sorted(ways))
        return ways[way], at(door, way)

    def odd(self, door: Door) -> tuple[str, Place]:
        """A door in a way that no rule names: read or not, but never as another one."""
        floor = f"{door.floor}层"
        ways = {
            "hash": f"{door.road}{_lane(door)}{door.building}#{door.room}",
            "floor-too": f"{street_part(door)}{floor}{_room(door)}",
            "note": f"{street_part(door)}{_room(door)}（靠近菜场）",
            "note-phone": f"{street_part(door)}{_room(door)} 电话13800001111",
            "traditional": f"{door.road}{_lane(door)}{door.building}號{_room(door)}",
            "rented": f"租住{street_part(door)}{_room(door)}",
            "staying": f"暂住{street_part(door)}{_room(door)}",
            "near": f"{door.road}近公园路{_lane(door)}{door.building}号{_room(door)}",
            "circled": f"{street_part(door)}{_room(door)}①",
            "name-lane": f"{door.compound}{_lane(door)}{door.building}号{_room(door)}",
            "estate-word": f"{door.compound}小区{door.building}号{_room(door)}",
            "semicolon": f"{street_part(door)};{_room(door)}",
            "commas": f"{door.road}，{_lane(door)}，{door.building}号，{_room(door)}",
            "newline": f"{street_part(door)}\n{_room(door)}",
            "pudong-twice": f"浦东新区浦东{street_part(door)}{_room(door)}",
            "pinyin-city": f"Shanghai {street_part(door)}{_room(door)}",
        }
        way = self.rng.choice(sorted(ways))
        return ways[way], Place("consistent", frozenset([door.code]), way)

    def _digits(self, number: str) -> str:
        return spelled(number) if len(number) > 1 else DIGITS[int(number)]

    def vague(self, door: Door) -> tuple[str, Place]:
        """A text about the neighbourhood of a door that doesn't fix it, with the level that it does fix."""
        ground = self.ground
        house, estate = ground.houses[door.house], ground.estates[door.estate]
        ways: dict[str, tuple[str, Place]] = {
            "no-room": (street_part(door), Place("building", house)),
            "no-such-room": (f"{street_part(door)}9909室", Place("building", house)),
            "former": (f"原{street_part(door)}{_room(door)}", Place(None)),
            "moved-away": (f"已搬离{street_part(door)}{_room(door)}", Place(None)),
            "not-here": (f"不住{street_part(door)}{_room(door)}", Place(None)),
            "old-home": (f"老家{street_part(door)}{_room(door)}", Place(None)),
            "old-site": (f"旧址：{street_part(door)}{_room(door)}", Place(None)),
            "used-to-live": (f"以前住在{street_part(door)}{_room(door)}", Place(None)),
            "parents": (f"父母住{street_part(door)}{_room(door)}", Place(None)),
            "two-doors": (f"{street_part(door)}{_room(door)}或9908室", Place(None)),
            "neighbour": (f"{street_part(door)}{_room(door)}隔壁", Place(None)),
            "opposite": (f"{street_part(door)}{_room(door)}对面", Place(None)),
            "workplace": (f"单位：{street_part(door)}{_room(door)}", Place(None)),
            "registered-there": (f"户口在{street_part(door)}{_room(door)}", Place(None)),
            "moved-after": (f"{street_part(door)}{_room(door)}（已搬离）", Place(None)),
            "sold-after": (f"{street_part(door)}{_room(door)}(已售)", Place(None)),
            "gone-after": (f"{street_part(door)}{_room(door)}，现不住此处", Place(None)),
            "two-rooms": (f"{street_part(door)}{door.room}、9908室", Place(None)),
            "two-houses": (f"{door.road}{_lane(door)}{door.building}-909号{_room(door)}", Place(None)),
            "sub-room": (f"{street_part(door)}{door.room}-7室", Place(None)),
            "lettered-room": (f"{street_part(door)}{door.room}F室", Place(None)),
            "south-part": (f"{door.road}{_lane(door)}南区{door.building}号{_room(door)}", Place(None)),
            "east-part": (f"{door.compound or door.road}东区{door.building}号{_room(door)}", Place(None)),
            "third-phase": (f"{door.compound or door.road}三期{door.building}号{_room(door)}", Place(None)),
            "road-typo": (f"{door.road[:-1]}支路{_lane(door)}{door.building}号{_room(door)}", Place(None)),
            "other-lane": (f"{door.road}9{_lane(door) or '弄'}{door.building}号{_room(door)}", Place(None)),
            "roommate": (f"{street_part(door)}{_room(door)}的邻居家", Place(None)),
            "elsewhere": (f"{self.rng.choice(ELSEWHERE)}{street_part(door)}{_room(door)}", Place("outside")),
            "elsewhere-name": (
                f"{self.rng.choice(ELSEWHERE)}{door.compound or door.road}{door.building}号{_room(door)}",
                Place("outside"),
            ),
            "suzhou": (f"苏州{street_part(door)}{_room(door)}", Place("outside")),
            "songjiang": (f"松江{street_part(door)}{_room(door)}", Place("outside")),
            "nanjing": (f"江苏南京{street_part(door)}{_room(door)}", Place("outside")),
            "beicai": (f"北蔡{street_part(door)}{_room(door)}", Place("outside")),
            "kaohsiung": (f"高雄{street_part(door)}{_room(door)}", Place("outside")),
            "minhang": (f"上海市闵行区{street_part(door)}{_room(door)}", Place("outside")),
            "js-wuxi": (f"JS无锡{street_part(door)}{_room(door)}", Place("outside")),
            "osaka": (f"日本大阪{street_part(door)}{_room(door)}", Place("outside")),
            "tangqiao": ("上海市浦东新区塘桥街道浦建路76号502室", Place("outside")),
            "other-province": ("安徽省合肥市蜀山区长江西路1号2幢303室", Place("outside")),
            "district-alone": ("上海市浦东新区", Place("unparsed")),
            "unknown-road": ("上海市浦东新区莫须有路12弄3号401室", Place("unparsed")),
            "unknown-road-here": ("浦东新区花木街道莫须有路12弄3号401室", Place("street")),
            "street-alone": ("上海市浦东新区花木街道", Place("street")),
            "road-alone": (door.road, Place("street")),
            "nothing": ("不详", Place("unparsed")),
            "empty": ("", Place("unparsed")),
        }
        if door.compound and self.ground.kind[door.code] != "namesake":
            ways["name-only"] = (door.compound, Place("compound", estate))
            ways["no-such-house"] = (f"{door.compound}909号101室", Place("compound", estate))
        if self.ground.kind[door.code] == "namesake" and not self.named_alone(door):
            ways["namesake"] = (f"{door.compound}{door.building}号{_room(door)}", Place("street"))
        if self.ground.kind[door.code] == "sub-lane":
            ways["sub-lane-missing"] = (f"{door.road}86弄{door.building}号{_room(door)}", Place(None))
        if self.ground.kind[door.code] in ("twin", "sub-lane"):
            ways["twin-houses"] = (f"{door.compound}{door.building}号{_room(door)}", Place("compound", estate))
        way = self.rng.choice(sorted(ways))
        text, place = ways[way]
        return text, dataclasses.replace(place, kind=way)

    def parts(self, door: Door) -> tuple[str, str, str, Place]:
        """A door as compound, building and room of a form, in a way that still fixes it."""
        rng, kind = self.rng, self.ground.kind[door.code]
        compound, way = door.compound, "parts"
        if not self.named_alone(door):
            compound, way = f"{door.road}{_lane(door)}", "lane-for-name"
        elif rng.random() < 0.25 * self.dirt:
            ways = {
                "company": f"绿城·{compound}",
                "wide-space": f"{compound[:2]}\u3000{compound[2:]}",
                "road-too": f"{door.road}{_lane(door)}{compound}",
            }
            bare = next(
                (compound.removesuffix(k) for k in ("花园", "家园", "新村", "公寓", "苑") if compound.endswith(k)), ""
            )
            if len(bare) >= 2 and sum(bare in plan.name for plan in self.ground.plans) == 1:
                ways["short"] = bare
            if kind == "phase":
                ways["short-phase"] = compound.replace("花园", "")
            way = rng.choice(sorted(ways))
            compound = ways[way]
        building = door.building
        if rng.random() < 0.5 * self.dirt:
            ways = {
                "号": f"{building}号",
                "号楼": f"{building}号楼",
                "栋": f"{building}栋",
                "wide": building.translate(WIDE),
                "space": f" {building} ",
            }
            if building.isdigit():
                ways["float"] = f"{building}.0"
                if int(building) < 100:
                    ways["numeral"] = f"{spoken(building)}号"
            building = ways[rng.choice(sorted(ways))]
        room = door.room
        if rng.random() < 0.4 * self.dirt:
            ways = {"室": f"{room}室", "wide": room.translate(WIDE)}
            if room.isdigit():
                ways["float"] = f"{room}.0"
                if len(room) >= 3:
                    ways["spelled"] = spelled(room)
            room = ways[rng.choice(sorted(ways))]
        place = at(door, f"{way}/{kind}")
        if way == "short" and kind == "town":  # 周浦 for 周浦苑 is also a neighbouring town: it may stay open
            place = dataclasses.replace(place, level="consistent")
        return compound, building, room, place
