"""The true street: compounds, buildings and dwellings, from which the housing registry is written."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from sample.committees import Committee, committees
from sample.ground import Plot, Point, kerb, plots, stand

# Zones of the street: which committees (by a part of their name), around which point, on which roads.
_ZONES: list[tuple[tuple[str, ...], tuple[float, float], list[str]]] = [
    (("牡丹",), (121.532, 31.216), ["牡丹路", "玉兰路", "樱花路", "含笑路", "丁香路"]),
    (("培花", "海桐"), (121.534, 31.206), ["梅花路", "白杨路", "海桐路", "兰花路", "杜鹃路"]),
    (("由由", "龙沟"), (121.524, 31.195), ["杨高南路", "龙阳路", "浦建路", "由由路", "严家桥路"]),
    (("东城", "锦绣"), (121.545, 31.198), ["花木路", "锦绣路", "银霄路", "东绣路", "成山路"]),
    (
        ("联洋", "御庭", "湖庭", "世茂", "兰庭", "梧桐"),
        (121.556, 31.222),
        ["芳甸路", "迎春路", "长柳路", "合欢路", "海枣路"],
    ),
    (("",), (121.566, 31.211), ["明月路", "蓝天路", "云山路", "白桦路", "紫槐路"]),
]
_NAME_FIRST = [
    "银",
    "金",
    "锦",
    "玉",
    "花",
    "梅",
    "兰",
    "桂",
    "竹",
    "樱",
    "丹",
    "芳",
    "绿",
    "碧",
    "明",
    "天",
    "东",
    "虹",
    "锦绣",
    "海桐",
    "联洋",
    "由由",
    "牡丹",
    "培花",
    "东城",
    "白杨",
    "玉兰",
    "世纪",
    "大唐",
    "仁恒",
    "浦江",
    "云间",
]
_NAME_SECOND = [
    "泰",
    "城",
    "华",
    "苑",
    "辉",
    "园",
    "馨",
    "韵",
    "景",
    "悦",
    "庭",
    "湖",
    "安",
    "和",
    "丰",
    "晖",
    "月",
    "桥",
    "源",
    "茂",
]
KIND_WORDS = ["小区", "新村", "花园", "公寓", "名苑", "雅苑", "家园", "佳苑", "新苑", "大厦"]
# Storeys, dwellings a storey, units (0: rooms aren't numbered by unit), share of buildings.
_BUILDING_KINDS = [
    (6, 3, 0, 0.34),
    (6, 4, 0, 0.26),
    (5, 4, 0, 0.12),
    (3, 1, 0, 0.06),
    (11, 2, 0, 0.08),
    (6, 2, 2, 0.05),
    (18, 3, 0, 0.04),
    (14, 4, 0, 0.03),
    (24, 4, 0, 0.02),
]
_PHASED = re.compile("期$|(?<!小)区$")
_LETTERS = list("ABCDEFGH")
_GROUND = Plot(121.516, 31.189, 121.574, 31.231)
_MIDDLE = (121.545, 31.21)


@dataclass(frozen=True)
class Compound:
    """A compound 小区, or with an empty name the houses of a committee that stand in none (沿街散户)."""

    compound_id: int
    name: str
    road: str
    lanes: tuple[str, ...]
    committees: tuple[Committee, ...]
    wish: Point
    """Where it would like to stand: near its committee's others."""
    shares_lane: bool = False
    building_numbers: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Places:
    """All compounds, and one row per building and a dwelling; dwelling_id is the row's position."""

    compounds: list[Compound]
    buildings: pl.DataFrame
    dwellings: pl.DataFrame


def make_places(rng: np.random.Generator, odd: np.random.Generator, scale: float) -> Places:
    """Lay out the street; `scale` 1.0 is the full street of 95,000 dwellings.

    `odd` draws what names and numbers have of their own: phases of one estate, buildings and rooms with letters.
    """
    compounds = _compounds(rng, max(8, round(330 * scale)))
    _number_buildings(rng, compounds, max(24, round(4500 * scale)))
    compounds = _phases(odd, compounds)
    _letter_buildings(odd, compounds)
    buildings = pl.DataFrame(list(_buildings(rng, compounds, scale)), orient="row", schema=_BUILDING_SCHEMA)
    dwellings = _letter_rooms(odd, _dwellings(rng, buildings, round(95_000 * scale)))
    return Places(compounds, buildings, dwellings)


def _zone(name: str) -> tuple[tuple[float, float], list[str]]:
    return next((centre, roads) for parts, centre, roads in _ZONES if any(part in name for part in parts))


def _compounds(rng: np.random.Generator, count: int) -> list[Compound]:
    everyone = committees()
    home = next(c for c in everyone if c.name == "培花新村第九居委会")
    # A small street has fewer compounds than committees: spread them, and keep the one 银泰小区 belongs to.
    slots = sorted((everyone[i * len(everyone) // count] for i in range(count - 1)), key=lambda c: c.code)
    centre = _near(rng, (121.537, 31.207), 0.001)
    compounds = [Compound(0, "银泰小区", "梅花路", ("1099",), (home,), centre)]
    names, lanes = {"银泰小区"}, {("梅花路", "1099")}
    for number, committee in enumerate(slots, start=1):
        zone, roads = _zone(committee.name)
        around = _near(rng, _committee_centre(committee, zone), 0.003)
        spans: tuple[Committee, ...] = (committee,)
        if rng.random() < 0.025 and committee is not everyone[-1]:
            spans = (committee, everyone[everyone.index(committee) + 1])
        road, lane = _free_lane(rng, roads, lanes)
        own_lanes: tuple[str, ...] = (lane,)
        if (kind := rng.random()) < 0.02:
            own_lanes = (f"{lane}弄5支弄",)
        elif kind < 0.027:
            own_lanes = (lane, _another_lane(road, lane, lanes))
        compounds.append(Compound(number, _name(rng, names), road, own_lanes, spans, around))
    compounds = _share_lanes(compounds, max(1, count // 80))
    kerbs = {c.code: c for compound in compounds for c in compound.committees}
    for committee in kerbs.values():
        zone, roads = _zone(committee.name)
        centre = _committee_centre(committee, zone)
        compounds.append(Compound(len(compounds), "", str(rng.choice(roads)), ("",), (committee,), centre))
    return compounds


def _share_lanes(compounds: list[Compound], pairs: int) -> list[Compound]:
    """Give some neighbours one lane: only the building tells which of the two an address is in."""
    shared = list(compounds)
    for left in range(2, len(compounds) - 1):
        one, two = shared[left], shared[left + 1]
        alike = one.committees == two.committees and len(one.lanes) == len(two.lanes) == 1 and not one.shares_lane
        if alike and "支弄" not in one.lanes[0] and pairs:
            shared[left] = Compound(one.compound_id, one.name, one.road, one.lanes, one.committees, one.wish, True)
            shared[left + 1] = Compound(two.compound_id, two.name, one.road, one.lanes, two.committees, two.wish, True)
            pairs -= 1
    return shared


def _name(rng: np.random.Generator, taken: set[str]) -> str:
    while True:
        name = f"{rng.choice(_NAME_FIRST)}{rng.choice(_NAME_SECOND)}{rng.choice(KIND_WORDS)}"
        if name in taken and rng.random() < 0.5:
            name = f"{name}{rng.choice(['一', '二', '三'])}期"
        if name not in taken:
            taken.add(name)
            return name


def _free_lane(rng: np.random.Generator, roads: list[str], taken: set[tuple[str, str]]) -> tuple[str, str]:
    while True:
        road, lane = str(rng.choice(roads)), str(rng.integers(20, 2400))
        if (road, lane) not in taken:
            taken.add((road, lane))
            return road, lane


def _another_lane(road: str, lane: str, taken: set[tuple[str, str]]) -> str:
    number = int(lane) + 2
    while (road, str(number)) in taken:
        number += 2
    taken.add((road, str(number)))
    return str(number)


def _committee_centre(committee: Committee, zone: tuple[float, float]) -> tuple[float, float]:
    turn = int(committee.code[-3:]) * 2.399963  # the golden angle: neighbours in number don't fall on one point
    reach = 0.0015 + (int(committee.code[-3:]) % 7) * 0.0009
    return zone[0] + reach * float(np.cos(turn)), zone[1] + reach * float(np.sin(turn))


def _near(rng: np.random.Generator, point: Point, spread: float) -> Point:
    longitude, latitude = (value + float(rng.normal(0, spread)) for value in point)
    return longitude, latitude


def _number_buildings(rng: np.random.Generator, compounds: list[Compound], total: int) -> None:
    """Share the buildings out: a tenth stand in no compound, 银泰小区 always has its building 30."""
    inside = [c for c in compounds if c.name]
    outside = [c for c in compounds if not c.name]
    weights = rng.lognormal(0, 0.6, len(inside))
    weights[0] = weights.max()
    sizes = 1 + np.floor(weights / weights.sum() * max(0, round(total * 0.92) - len(inside))).astype(int)
    shared_until: dict[tuple[str, str], int] = {}
    for compound, size in zip(inside, sizes.tolist(), strict=True):
        first = shared_until.get((compound.road, compound.lanes[0]), 0) if compound.shares_lane else 0
        numbers = [str(first + i) for i in range(1, size + 1)]
        if compound.compound_id == 0 and "30" not in numbers:
            numbers[-1] = "30"
        if compound.shares_lane:
            shared_until[compound.road, compound.lanes[0]] = first + size
        compound.building_numbers.extend(numbers)
    used: dict[str, set[str]] = {}
    for index in range(max(1, total - int(sizes.sum()))):
        compound = outside[index % len(outside)]
        number = str(rng.integers(2, 2999))
        if number not in used.setdefault(compound.road, set()):
            used[compound.road].add(number)
            compound.building_numbers.append(number)


def _phases(rng: np.random.Generator, compounds: list[Compound]) -> list[Compound]:
    """Let an eighth of the neighbours, one pair at least, be phases or halves of an estate, each with its own lane."""
    renamed, names = list(compounds), {compound.name for compound in compounds}
    apart = [compound.name != "" and not compound.shares_lane for compound in compounds]
    lefts = [left for left in range(2, len(compounds) - 1) if apart[left] and apart[left + 1]]
    for left in (lefts[at] for at in rng.permutation(len(lefts))[: max(1, len(lefts) // 8)]):
        one, two = renamed[left], renamed[left + 1]
        first, second = [("", "二期"), ("一期", "二期"), ("北区", "南区")][int(rng.integers(0, 3))]
        if _PHASED.search(one.name) or _PHASED.search(two.name) or not names.isdisjoint({one.name + second}):
            continue
        names.update((one.name + first, one.name + second))
        renamed[left] = replace(one, name=one.name + first)
        renamed[left + 1] = replace(two, name=one.name + second)
    return renamed


def _letter_buildings(rng: np.random.Generator, compounds: list[Compound]) -> None:
    """Give one building of some compounds a letter beside another's number (12, 12B); number a few by letters alone."""
    able = [c for c in compounds[1:] if c.name and not c.shares_lane and len(c.building_numbers) > 1]
    able = [able[at] for at in rng.permutation(len(able))]
    few = max(1, len(able) // 12)
    for compound in able[:few]:
        numbers = compound.building_numbers
        numbers[-1] = f"{numbers[int(rng.integers(0, len(numbers) - 1))]}{_LETTERS[int(rng.integers(0, 3))]}"
    small = [c.building_numbers for c in able[few:] if len(c.building_numbers) <= len(_LETTERS)]
    for numbers in small[: max(1, few // 2)]:
        numbers[:] = _LETTERS[: len(numbers)]


def _letter_rooms(rng: np.random.Generator, dwellings: pl.DataFrame) -> pl.DataFrame:
    """Give the rooms of some buildings letters: 甲302 beside 302, B302, 302A."""
    draw = pl.Series(rng.random(int(str(dwellings["building_id"].max())) + 1))
    room, number = pl.col("room"), pl.col("room").str.tail(2).cast(pl.Int64)
    floor = room.str.head(-2)
    letter = number.replace_strict(dict(enumerate(_LETTERS, start=1)), default=None, return_dtype=pl.String)
    kind = pl.lit(draw[dwellings["building_id"]])
    lettered = (
        pl.when((pl.col("unit") != "") | letter.is_null())
        .then(room)
        .when((kind < 0.008) & (number % 2 == 0))
        .then(pl.format("甲{}0{}", floor, number // 2))
        .when((kind < 0.008) & (number > 1))
        .then(pl.format("{}0{}", floor, number // 2 + 1))
        .when((kind >= 0.008) & (kind < 0.016))
        .then(pl.concat_str(letter, room))
        .when((kind >= 0.016) & (kind < 0.022))
        .then(pl.concat_str(room, letter))
        .otherwise(room)
    )
    return dwellings.with_columns(
        room=lettered, room_no=pl.when(pl.col("unit") == "").then(lettered).otherwise("room_no")
    )


_BUILDING_SCHEMA = {
    "building_id": pl.Int64,
    "compound_id": pl.Int64,
    "compound_name": pl.String,
    "committee_code": pl.String,
    "committee_name": pl.String,
    "road": pl.String,
    "lane": pl.String,
    "building_no": pl.String,
    "floors_total": pl.Int64,
    "per_floor": pl.Int64,
    "units": pl.Int64,
    "longitude": pl.Float64,
    "latitude": pl.Float64,
}


def _buildings(rng: np.random.Generator, compounds: list[Compound], scale: float) -> Iterator[tuple[object, ...]]:
    building_id = 0
    shares = np.array([kind[3] for kind in _BUILDING_KINDS])
    lie = _plots(compounds, scale)
    for compound in compounds:
        numbers = compound.building_numbers
        kinds = rng.choice(len(_BUILDING_KINDS), len(numbers), p=shares / shares.sum())
        parts = _parts(compound)
        for position, (number, kind) in enumerate(zip(numbers, kinds.tolist(), strict=True)):
            floors, per_floor, units, _ = _BUILDING_KINDS[kind]
            part = parts[position]
            committee = compound.committees[part]
            lane = compound.lanes[position % len(compound.lanes)]
            moved = float(rng.normal(0, 3)), float(rng.normal(0, 3))
            if compound.name:
                plot = lie[compound.compound_id, committee.code]
                first = parts.index(part)
                longitude, latitude = stand(plot, parts.count(part), position - first, moved)
            else:
                near = [plot for (_, code), plot in lie.items() if code == committee.code] or list(lie.values())
                longitude, latitude = kerb(near[position % len(near)], sum(moved))
            place = (committee.code, committee.name, compound.road, lane, number)
            shape = (floors, per_floor, units, round(longitude, 6), round(latitude, 6))
            yield (building_id, compound.compound_id, compound.name, *place, *shape)
            building_id += 1


def _parts(compound: Compound) -> list[int]:
    """Return which of the compound's committees each building belongs to: halves, in the order of the numbers."""
    half = len(compound.building_numbers) / len(compound.committees)
    return [
        min(int(position / half), len(compound.committees) - 1) for position in range(len(compound.building_numbers))
    ]


def _plots(compounds: list[Compound], scale: float) -> dict[tuple[int, str], Plot]:
    """Return the ground of each compound, or of each committee's part of it: a smaller street has less of it."""
    side = min(1.0, scale**0.5)
    ground = Plot(
        _MIDDLE[0] + (_GROUND.west - _MIDDLE[0]) * side, _MIDDLE[1] + (_GROUND.south - _MIDDLE[1]) * side,
        _MIDDLE[0] + (_GROUND.east - _MIDDLE[0]) * side, _MIDDLE[1] + (_GROUND.north - _MIDDLE[1]) * side,
    )  # fmt: skip
    asked = {
        (compound.compound_id, compound.committees[part].code): (compound.wish, _parts(compound).count(part) + 1.0)
        for compound in compounds
        if compound.name
        for part in dict.fromkeys(_parts(compound))
    }
    return dict(zip(asked, plots(list(asked.values()), ground), strict=True))


def _dwellings(rng: np.random.Generator, buildings: pl.DataFrame, total: int) -> pl.DataFrame:
    shape = buildings.select("floors_total", "per_floor", "units").to_numpy().astype(np.int64)
    floors, per_floor, units = shape[:, 0].copy(), shape[:, 1], np.maximum(shape[:, 2], 1)
    # Add storeys until there are a few more dwellings than needed; the surplus are flats knocked into one.
    while (floors * per_floor * units).sum() < total * 1.004:
        floors[rng.integers(0, len(floors), max(1, len(floors) // 20))] += 1
    each = floors * per_floor * units
    of = np.repeat(np.arange(len(each)), each)
    door = np.arange(len(of)) - np.repeat(np.cumsum(each) - each, each)
    per_unit = (floors * per_floor)[of]
    unit, in_unit = door // per_unit + 1, door % per_unit
    floor, number = in_unit // per_floor[of] + 1, in_unit % per_floor[of] + 1
    keep = np.sort(rng.permutation(len(of))[:total])
    keep_building = buildings.with_columns(pl.Series("floors_total", floors)).drop("per_floor", "units")
    has_units = shape[:, 2][of] > 0
    room = pl.Series("room", floor * 100 + number).cast(pl.String)
    doors = pl.DataFrame(
        {
            "building_id": of,
            "floor": floor,
            "room": room,
            "unit": pl.Series(unit).cast(pl.String),
            "has_units": has_units,
            "kerb": (buildings["compound_name"] == "").to_numpy()[of],
        }
    )[keep].with_columns(unit=pl.when("has_units").then("unit").otherwise(pl.lit("")))
    return (
        doors.join(keep_building, on="building_id", how="left", maintain_order="left")
        .with_row_index("dwelling_id")
        .with_columns(
            pl.col("dwelling_id").cast(pl.Int64),
            dwelling_code=pl.format("3101150161{}", (pl.col("dwelling_id") * 7 + 1).cast(pl.String).str.zfill(8)),
            room_no=pl.when(pl.col("unit") == "").then("room").otherwise(pl.format("{}单元{}", "unit", "room")),
            usage=_usage(rng, doors),
            area_sqm=np.round(rng.gamma(9, 9, len(doors)) + 22, 2),
        )
        .drop("has_units", "kerb")
    )


def _usage(rng: np.random.Generator, doors: pl.DataFrame) -> pl.Series:
    """1 dwelling, 2 shop, 3 office, 9 other: shops on the ground floor, most of all along the road."""
    ground, kerb = (doors["floor"] == 1).to_numpy(), doors["kerb"].to_numpy()
    draw = rng.random(len(doors))
    usage = np.where(ground & (draw < np.where(kerb, 0.8, 0.05)), "2", "1").astype(object)
    usage[(usage == "1") & (draw > 0.985)] = "3"
    usage[(usage == "1") & (draw > 0.98)] = "9"
    return pl.Series(usage, dtype=pl.String)
