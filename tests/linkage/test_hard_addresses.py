"""Addresses as clerks, couriers and scanners leave them, each with the place that is right and why.

hard_addresses.csv: `level` and, where one is certain, `place`: compound, compound/building, or the door as in _PLANS.
"""

import csv
import itertools
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from linkage import address, places
from linkage.record_places import Places, is_concerned
from linkage.register import NO_COMPOUND, Register

_CASES = list(csv.DictReader(Path(__file__).with_name("hard_addresses.csv").open(encoding="utf-8", newline="")))
_SIX_FLOORS = [f"{floor}{flat:02}" for floor in range(1, 7) for flat in (1, 2)]


def _to(last: int, first: int = 1) -> list[str]:
    return [str(number) for number in range(first, last + 1)]


# (compound, committee, road, lane, buildings, rooms)
_PLANS = [
    ("银泰小区", "1", "梅花路", "1099", [*_to(12), "30", "31"], _SIX_FLOORS),
    ("芳畔花苑一期", "3", "含笑路", "40", ["1", "2", "3"], ["101", "102", "201"]),
    ("芳畔花苑二期", "3", "含笑路", "50", ["2", "3", "4"], ["101", "102", "301"]),
    ("东城新村南区", "2", "由由路", "12", _to(5), ["101", "201", "301"]),
    ("东城新村北区", "2", "由由路", "14", _to(8, 4), ["101", "201", "301"]),
    ("望鹤苑", "1", "望鹤路", "1510", ["A", "3A", "3B", "12B", "4"], ["401", "402", "B01"]),
    ("兰庭", "4", "三林路", "8", ["8"], ["甲302", "302", "302甲", "乙302", "2-B01", "12B", "A403", "403", "101"]),
    ("兰庭", "4", "三林路", "8", ["9"], ["2单元502", "1单元502", "1单元503"]),
    ("九曲里", "4", "杨高南路", "1099弄5支弄", ["1", "2", "3"], ["1", "2", "3"]),
    ("九曲里", "4", "杨高南路", "1099弄7支弄", ["1", "2", "3"], ["1", "2", "3"]),
    ("明月苑", "4", "云山路", "60弄5支弄", ["1", "2"], ["101", "102"]),
    ("双弄苑", "3", "兰花路", "21", ["1", "2"], ["101", "102"]),
    ("双弄苑", "3", "兰花路", "23", ["3", "4"], ["101", "102"]),
    ("东园", "3", "兰花路", "7", ["1"], ["101", "102"]),
    ("西园", "3", "兰花路", "7", ["2"], ["101", "102"]),
    ("", "4", "樱花路", "", ["88", "90"], ["101", "201", "202"]),
    ("由由二村", "1", "浦三路", "30", _to(10), _SIX_FLOORS),
    ("由由三村", "1", "浦三路", "31", _to(10), _SIX_FLOORS),
    ("大唐国际公寓", "5", "锦绣路", "300", ["1", "2", "3"], ["101", "1201", "2001", "2002"]),
    ("联洋花园", "5", "芳甸路", "200", _to(6), ["101", "201", "202"]),
    ("联洋年华", "5", "丁香路", "100", ["11", "12", "13"], ["101", "201", "202"]),
    ("金桂苑", "6", "海桐路", "15", ["1", "2", "3"], ["1单元101", "2单元101", "2单元102", "1单元201"]),
    ("香樟公馆", "6", "海桐路", "25", ["5"], ["101", "102", "-101", "-1层01", "-1层02"]),
    ("城市花园", "7", "苏州路", "64", ["5", "6", "15"], ["101", "102"]),
    ("盛源家园", "8", "樱花路", "64", ["5", "7", "50"], ["101", "102", "502"]),
    ("花木大厦", "8", "花木路", "", ["1888"], ["301", "302"]),
]
_OF_SEVERAL_LANES = {"九曲里"}


@pytest.fixture(scope="module")
def street(street_of: Callable[..., Register]) -> Register:
    return street_of(
        (
            "/".join([compound or road, *([lane] if compound in _OF_SEVERAL_LANES else []), building, room]),
            committee, compound, road, lane, building, room,
        )
        for compound, committee, road, lane, buildings, rooms in _PLANS
        for building, room in itertools.product(buildings, rooms)
    )  # fmt: skip


def _placed(street: Register, written: list[str]) -> list[tuple[str, str]]:
    """(level, place) of every text."""
    texts = pl.Series(written)
    compound = pl.when(pl.col("compound_name") == NO_COMPOUND).then("road").otherwise("compound_name")
    buildings = street.doors.select("building_key", building=compound + "/" + pl.col("building_no")).unique()
    placed = places.resolve(address.parse(texts, street.lexicon), street).join(
        buildings, on="building_key", how="left", maintain_order="left"
    )
    finest = {"dwelling": "dwelling_key", "building": "building", "compound": "compound_key"}
    return [
        (row["place_level"], row[finest[row["place_level"]]] if row["place_level"] in finest else "")
        for row in placed.iter_rows(named=True)
    ]


@pytest.fixture(scope="module")
def found(street: Register) -> list[tuple[str, str]]:
    return _placed(street, [case["text"] for case in _CASES])


def _canonical(road: str, lane: str | None, building: str, room: str) -> str:
    lane_words = "" if lane is None else lane if lane.endswith("弄") else f"{lane}弄"
    return f"{road}{lane_words}{building}号{room}室"


def test_every_door_written_plainly_is_that_door(street) -> None:
    doors = street.doors.select("road", "lane", "building_no", "room_no", "dwelling_key").rows()
    # A room -101 behind a building's number is written like a hyphen and a room 101.
    plain = [(_canonical(*parts), code) for *parts, code in doors if not parts[3].startswith("-1")]
    assert _placed(street, [text for text, _ in plain]) == [("dwelling", code) for _, code in plain]


_WIDE = str.maketrans("0123456789ABF-", "０１２３４５６７８９ＡＢＦ－")
_NOISE = {
    "full width": lambda text: text.translate(_WIDE),
    "invisible signs": "\u200b".join,
    "blanks around": lambda text: f" {text}\u3000",
    "quotation marks": lambda text: f"“{text}”",
    "a full stop": lambda text: f"{text}。",
    "other brackets": lambda text: text.replace("（", "【").replace("）", "】"),
    "a line's end": lambda text: f"{text}\r\n",
}
_BEFORE_A_DOOR = ["上海市浦东新区", "花木街道", "地址：", "现住", "花木镇", "中国上海市浦东新区花木街道", "上海 浦东 "]
_BEHIND_A_DOOR = ["（请放门口）", "，谢谢", "，电话13900000000", "（东门进）", "，邮编200135", "(近地铁站)", "；"]


@pytest.mark.parametrize("noise", _NOISE.values(), ids=_NOISE)
def test_noise_that_changes_no_meaning_changes_no_place(street, found, noise) -> None:
    assert _placed(street, [noise(case["text"]) for case in _CASES]) == found


@pytest.mark.parametrize(
    ("before", "behind"),
    [*itertools.product(_BEFORE_A_DOOR, [""]), *itertools.product([""], _BEHIND_A_DOOR), ("上海市", "（请放门口）")],
)
def test_what_stands_around_a_door_changes_no_door(street, before, behind) -> None:
    doors = [case for case in _CASES if case["level"] == "dwelling"]
    around = _placed(street, [before + case["text"] + behind for case in doors])
    moved = {case["text"]: place for case, place in zip(doors, around, strict=True) if place[1] != case["place"]}
    assert not moved


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("梅华路1099弄30号502室", ["银泰小区/30/502"]),
        ("梅路1099弄30号502室", ["银泰小区/30/502"]),
        ("梅花花路1099弄30号502室", ["银泰小区/30/502"]),
        ("梅花东路1099弄30号909室", ["银泰小区"]),
        ("盛园家园7号102室", ["盛源家园/7/102"]),
        ("盛源家园二期7号102室", ["盛源家园/7/102"]),
        ("海棠路1099弄30号502室", []),
        ("梅华路1099弄99号502室", []),
    ],
)
def test_a_near_miss_goes_to_review_with_what_it_could_be_and_is_no_place(street, text, candidates) -> None:
    found = places.resolve(address.parse(pl.Series([text]), street.lexicon), street).row(0, named=True)
    assert found["candidates"] == candidates
    assert found["place_level"] == "unparsed"
    assert found["compound_key"] is None


@pytest.mark.parametrize("number", range(len(_CASES)), ids=[f"{case['why']}: {case['text']}" for case in _CASES])
def test_this_address_is_that_place_and_no_finer(found, number) -> None:
    case = _CASES[number]
    assert found[number] == (case["level"], case["place"]), case["why"]


# A name that the register learns can concern what holds its beginning; of every other address it changes nothing.
_LEARNED = ["银泰家园", "绿城盛源", "东城名苑", "望鹤", "由由公寓", "兰庭雅苑", "花木新苑", "陆新2号院", "云山", "二村"]


@pytest.mark.parametrize("alias", _LEARNED)
def test_a_new_name_concerns_no_address_without_its_beginning(alias: str, street: Register) -> None:
    texts = pl.Series("text", [case["text"] for case in _CASES], pl.String).unique(maintain_order=True)
    before = Places(street)
    before.of(texts.to_frame())
    knowing = before.with_aliases({alias: street.compounds["compound_key"][0]})
    anew = Places(knowing.register)
    assert knowing.of(texts.to_frame()).sort("text").equals(anew.of(texts.to_frame()).sort("text"))
    # Else all of them would be sought again, and nothing were shown.
    assert not is_concerned(texts, {alias}).all() or alias == "二村"
