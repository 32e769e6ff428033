"""The grammar of addresses: written forms and the parts they must come back to."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage import address
from linkage.lexicon import Lexicon

LEXICON = Lexicon(
    [
        "梅花路",
        "三林路",
        "五莲路",
        "杨高南路",
        "世纪大道",
        "花木路",
        "山东路",
        "浦东大道",
        "上海路",
        "樱花路",
        "碧桐路",
    ],
    [
        "银泰小区",
        "由由一村",
        "东城新村",
        "都市华庭",
        "都市家园",
        "盛源家园",
        "芳畔花苑一期",
        "芳畔花苑二期",
        "城市花园",
    ],
)
_DIGITS = "〇一二三四五六七八九"


def parts(text: str) -> dict[str, object]:
    return address.parse(pl.Series([text]), LEXICON).row(0, named=True)


def spelled(number: int) -> str:
    """三十, 一百零五, as people say numbers."""
    words, zero = "", False
    for unit, word in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            words += ("零" if zero and words else "") + _DIGITS[digit] + word
        zero = not digit
    return words[1:] if 10 <= number < 20 else words


def named(number: str) -> str:
    return "".join(_DIGITS[int(digit)] for digit in number)


def full_width(text: str) -> str:
    return text.translate(str.maketrans("0123456789-", "０１２３４５６７８９－"))


prefixes = st.sampled_from(
    [
        "",
        "上海市",
        "上海",
        "浦东",
        "浦东新区",
        "上海市浦东新区",
        "花木街道",
        "花木镇",
        "上海市浦东新区花木街道",
        "上海浦东花木镇",
    ]
)
roads = st.sampled_from(
    ["梅花路", "三林路", "五莲路", "杨高南路", "世纪大道", "花木路", "山东路", "浦东大道", "上海路"]
)
names = st.sampled_from(["", "银泰小区", "由由一村", "东城新村", "锦绣2期", "银泰小区三期"])
writings = st.sampled_from([str, full_width, lambda text: f" {text}\u3000", "\u200b".join])


@settings(deadline=None, max_examples=60)
@given(
    prefixes, roads, st.integers(1, 2999), st.none() | st.integers(1, 30), names, st.integers(1, 199),
    st.none() | st.integers(1, 9), st.integers(101, 3299), st.sampled_from(["号", "号楼", "幢", "栋"]),
    st.sampled_from(["arabic", "chinese"]), st.sampled_from(["室", ""]), writings,
)  # fmt: skip
def test_an_address_comes_back_to_its_parts_however_it_is_written(  # noqa: PLR0913, PLR0917
    prefix, road, lane, sub_lane, name, building, unit, room, mark, numerals, room_mark, writing
) -> None:
    number = spelled if numerals == "chinese" else str
    door = named(str(room)) if numerals == "chinese" else str(room)
    text = (
        f"{prefix}{road}{number(lane)}弄"
        + (f"{sub_lane}支弄" if sub_lane else "")
        + f"{name}{number(building)}{mark}"
        + (f"{unit}单元" if unit else "")
        + f"{door}{room_mark}"
    )
    found = parts(writing(text))
    assert found["road"] == road
    assert found["lane"] == (f"{lane}弄{sub_lane}支弄" if sub_lane else str(lane))
    assert found["name"] == (name or None)
    assert found["building_no"] == str(building)
    assert found["unit_no"] == (str(unit) if unit else None)
    assert found["room_no"] == str(room)
    assert not found["is_outside"]
    assert found["is_home"] == ("花木街道" in prefix or "花木镇" in prefix)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["银泰", "银泰小区", "由由一村"]), st.integers(1, 199), st.integers(101, 3299), st.integers(1, 9)
)
def test_compound_building_and_room_may_be_joined_by_dashes(name, building, room, unit) -> None:
    assert [parts(f"{name}{building}-{room}")[c] for c in ("name", "building_no", "unit_no", "room_no")] == [
        name, str(building), None, str(room),
    ]  # fmt: skip
    assert [parts(f"{name}{building}-{unit}-{room}")[c] for c in ("name", "building_no", "unit_no", "room_no")] == [
        name, str(building), str(unit), str(room),
    ]  # fmt: skip


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=60))
def test_no_text_stops_the_grammar(text) -> None:
    assert address.parse(pl.Series([text], dtype=pl.String), LEXICON).height == 1


_SIGNS = st.sampled_from(
    [
        *"梅花路弄号室幢栋座楼层单元支甲东南北区期村苑园上海浦东苏州原和另弃负地下第共人天密码",
        *"0123456789ABFlOI一二十百〇",
        *" ,，、-~/()（）【】#?*.·\u200b\n",
    ]
)


@settings(deadline=None, max_examples=100)
@given(st.lists(_SIGNS, max_size=30).map("".join))
def test_no_run_of_an_address_s_own_signs_stops_the_grammar(text) -> None:
    assert address.parse(pl.Series([text], dtype=pl.String), LEXICON).height == 1


@settings(deadline=None, max_examples=100)
@given(st.lists(_SIGNS | st.characters(exclude_categories=["Cn", "Cs"]), max_size=20).map("".join))
def test_a_column_is_normalised_as_each_of_its_texts_alone(text) -> None:
    alone = address.normalise(pl.Series([text], dtype=pl.String))[0]
    assert alone in (text, address.rewritten(text))
    assert address.normalise(pl.Series([None, "梅花路", text, "?"], dtype=pl.String))[2] == alone
    assert address.normalise(pl.Series([alone], dtype=pl.String))[0] is not None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("梅花路88号502室", {"road": "梅花路", "lane": None, "building_no": "88", "room_no": "502"}),
        ("梅花路1O99弄3O号lO2室", {"lane": "1099", "building_no": "30", "room_no": "102"}),
        ("梅花路1099弄l号", {"lane": "1099", "building_no": "1", "room_no": None}),
        ("梅花路1099弄30号五楼502室", {"building_no": "30", "room_no": "502"}),
        ("梅花路1099弄30号502室(银泰小区)", {"name": "银泰小区", "building_no": "30", "room_no": "502"}),
        ("梅花路1099號30號樓502", {"gate_no": "1099", "building_no": "30", "room_no": "502"}),
        ("梅花路1099弄5弄30号", {"lane": "1099弄5支弄", "building_no": "30"}),
        ("银泰小区30-2单元502", {"name": "银泰小区", "building_no": "30", "unit_no": "2", "room_no": "502"}),
        ("梅花路1099弄30号301、302室", {"building_no": "30", "room_no": "301", "rest": "door"}),
        ("梅花路1099弄30号对面", {"lane": "1099", "building_no": "30", "rest": "building"}),
        ("梅花路1099弄对面", {"lane": "1099", "building_no": None, "rest": "compound"}),
        ("梅花路1099弄30号502室13900000000", {"building_no": "30", "room_no": "502", "rest": None}),
        ("502室，30号，梅花路1099弄", {"road": "梅花路", "lane": "1099", "rest": "building"}),
    ],
)
def test_each_written_form_has_its_parts(text, expected) -> None:
    found = parts(text)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.parametrize(
    "text",
    ["上海市黄浦区南京东路100号", "安徽省合肥市包河区1号", "湖北武汉", "昆山市人民路3号", "张江镇紫薇路1号",
     "唐镇唐丰路1号", "浦东新区陆家嘴街道东昌路1弄2号301",
     "南码头路街道浦三路1弄1号", "上海市徐汇区天钥桥路1弄2号3室", "北京朝阳区1号"],
)  # fmt: skip
def test_an_address_that_names_another_place_is_outside(text) -> None:
    assert parts(text)["is_outside"]


@pytest.mark.parametrize(
    "text",
    ["上海市浦东新区", "浦东大道100号301", "山东路100弄3号201", "上海市梅花路1099弄", "唐镇路12弄3号",
     "上海市金山路1号", "浦东新区花木街道", "湖北路5号", "梅花路1099弄银泰小区30号"],
)  # fmt: skip
def test_a_road_that_is_called_like_a_place_is_not_outside(text) -> None:
    assert not parts(text)["is_outside"]


def test_what_says_nothing_is_empty_and_ditto_is_the_registered_address() -> None:
    assert address.parse(pl.Series(["", None, "-", "无", "不详", "  "]), LEXICON)["is_empty"].all()
    assert address.parse(pl.Series(["同上", " 同户籍地址 "]), LEXICON)["is_same_as_registered"].all()


def test_columns_that_hold_one_part_are_cleaned_like_addresses() -> None:
    assert address.building_of(pl.Series(["30", "30号", "３０号楼", "三十号", "三十", "30幢", "", None])).to_list() == [
        *["30"] * 6, None, None,
    ]  # fmt: skip
    assert address.lane_of(pl.Series(["1099", "1099弄", "１０９９弄", "1099弄5支弄", "1099弄5弄", None])).to_list() == [
        "1099", "1099", "1099", "1099弄5支弄", "1099弄5支弄", None,
    ]  # fmt: skip
    rooms = address.room_of(pl.Series(["502", "五〇二室", "2单元502", "2-502", "5O2", None]))
    assert list(rooms.iter_rows()) == [
        (None, "502"), (None, "502"), ("2", "502"), ("2", "502"), (None, "502"), (None, None),
    ]  # fmt: skip
