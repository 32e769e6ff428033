"""Addresses that went wrong somewhere, each with the place that is right; `door` is a code, `level` alone is open."""

from collections.abc import Callable

import polars as pl
import pytest

from linkage import address, places
from linkage.register import Register

_DOORS = [
    ("Y5-101", "1", "樱园小区", "樱花路", "64", "5", "101"),
    ("Y5-102", "1", "樱园小区", "樱花路", "64", "5", "102"),
    ("Y6-102", "1", "樱园小区", "樱花路", "64", "6", "102"),
    ("WA-401", "1", "望鹤苑", "望鹤路", "1510弄", "A", "401"),
    ("W3A-401", "1", "望鹤苑", "望鹤路", "1510弄", "3A号楼", "401"),
    ("W3A-B01", "1", "望鹤苑", "望鹤路", "1510弄", "3A号楼", "B01"),
    ("W12B-401", "1", "望鹤苑", "望鹤路", "1510弄", "12B", "401室"),
    ("W4-401", "1", "望鹤苑", "望鹤路", "1510弄", "4", "401"),
    ("H2-401", "2", "都市华庭", "银霄路", "300", "2", "401"),
    ("J-202", "2", "都市家园", "碧桐路", "", "3746", "202"),
    ("C1-101", "2", "城市花园", "花木路", "20", "1", "101"),
    ("G1-101", "2", "金镇名苑", "花木路", "22", "1", "101"),
    ("S7-101", "3", "盛源家园", "含笑路", "30.0", "7.0", "101.0"),
    ("S7-102", "3", "盛源家园", "含笑路", "30弄", "七号", "一〇二"),
    ("F1-101", "3", "芳畔花苑一期", "含笑路", "40", "1", "101"),
    ("F2-101", "3", "芳畔花苑二期", "含笑路", "50", "2", "101"),
    ("F2-102", "3", "芳畔花苑二期", "含笑路", "50", "2", "102"),
    ("F1-201", "3", "芳畔花苑一期", "含笑路", "40", "2", "201"),
    ("R8-甲302", "4", "兰庭", "三林路", "8", "8", "甲302"),
    ("R8-302", "4", "兰庭", "三林路", "8", "8", "302"),
    ("R8-302甲", "4", "兰庭", "三林路", "8", "8", "302室甲"),
    ("R8-2-B01", "4", "兰庭", "三林路", "8", "8", "2-B01"),
    ("R8-A403", "4", "兰庭", "三林路", "8", "8", "A-403"),
    ("R8-12B", "4", "兰庭", "三林路", "8", "8", "12B"),
    ("R8-101/102", "4", "兰庭", "三林路", "8", "8", "101/102"),
    ("R8-B1-03", "4", "兰庭", "三林路", "8", "8", "B1-03"),
    ("R8-地下", "4", "兰庭", "三林路", "8", "8", "地下室-1层01"),
    ("R8-101", "4", "兰庭", "三林路", "8", "8", "101"),
    ("R8--101", "4", "兰庭", "三林路", "8", "8", "-101"),
    ("R9-2-502", "4", "兰庭", "三林路", "8", "9", "2单元502室"),
    ("R9-B-502", "4", "兰庭", "三林路", "8", "9", "B单元503"),
    ("L5-101", "4", "", "上海路", "", "5", "101"),
    ("Z2-602", "4", "周浦苑", "三林路", "18", "2", "602"),
]

_DOOR = [
    ("L2-doubled-city", "上海市上海市浦东新区樱花路64弄5号101室", "Y5-101"),
    ("L2-city-district", "上海市市辖区浦东新区花木街道樱花路64弄5号101室", "Y5-101"),
    ("L2-city-short", "上海市浦东樱花路64弄5号101室", "Y5-101"),
    ("L2-label", "地址:樱花路64弄5号101室", "Y5-101"),
    ("L2-label-living", "现住：樱花路64弄5号101室", "Y5-101"),
    ("L2-label-twice", "家庭住址：住址 樱花路64弄5号101室", "Y5-101"),
    ("L2-postcode", "200135 樱花路64弄5号101室", "Y5-101"),
    ("L2-postcode-glued", "200135樱花路64弄5号101室", "Y5-101"),
    ("L2-postcode-behind", "樱花路64弄5号101室 邮编200135", "Y5-101"),
    ("L2-area-code", "310115樱花路64弄5号101室", "Y5-101"),
    ("L2-slash", "上海市/浦东新区/樱花路/64弄/5号/101室", "Y5-101"),
    ("L2-bar", "樱花路|64弄|5号|101室", "Y5-101"),
    ("L2-hyphen", "上海市-浦东新区-樱花路-64弄-5号-101室", "Y5-101"),
    ("L2-comma", "樱花路，64弄，5号，101室", "Y5-101"),
    ("L2-enumeration", "樱花路、64弄、5号、101室", "Y5-101"),
    ("L2-underscore", "樱花路_64弄_5号_101室", "Y5-101"),
    ("L2-blanks", "樱花路 64弄 5号 101", "Y5-101"),
    ("L2-number-words", "樱花路64弄门牌5号房屋101室", "Y5-101"),
    ("L2-english", "Shanghai Pudong 樱花路64弄5号101室", "Y5-101"),
    ("L2-english-new-area", "China, Shanghai, Pudong New Area 樱花路64弄5号101室", "Y5-101"),
    ("L2-country", "中国上海樱花路64弄5号101室", "Y5-101"),
    ("L2-committee", "花木街道牡丹第二居委会樱花路64弄5号101室", "Y5-101"),
    ("L2-label-lives", "家住樱花路64弄5号101室", "Y5-101"),
    ("L2-label-equals", "详细地址=樱花路64弄5号101室", "Y5-101"),
    ("L2-street-code", "310115016001樱花路64弄5号101室", "Y5-101"),
    ("L2-ordinals", "樱花路第64弄第5号第101室", "Y5-101"),
    ("L2-number-sign", "樱花路64弄No.5-101", "Y5-101"),
    ("L2-traditional", "櫻花路64弄5號101室", "Y5-101"),
    ("L3-with-street", "花木都市华庭2号楼401室", "H2-401"),
    ("L3-alone", "都市华庭2号楼401室", "H2-401"),
    ("L3-by-road", "碧桐路都市家园3746号202室", "J-202"),
    ("L3-city", "城市花园1号101", "C1-101"),
    ("L3-city-with-city", "上海城市花园1号101", "C1-101"),
    ("L3-town", "花木镇金镇名苑1-101", "G1-101"),
    ("L3-road-like-a-city", "上海路5号101室", "L5-101"),
    ("L3-road-like-a-city-in-the-city", "上海市上海路5号101室", "L5-101"),
    ("L3-compound-like-a-town", "周浦苑2号602室", "Z2-602"),
    ("L4-3A", "望鹤路1510弄三A号楼四〇一室", "W3A-401"),
    ("L4-3-A", "望鹤路1510弄3-A号楼401室", "W3A-401"),
    ("L4-A", "望鹤路1510弄A座401", "WA-401"),
    ("L4-12B", "望鹤路1510弄一二B号楼401", "W12B-401"),
    ("L4-12B-said", "望鹤路1510弄十二B号楼401", "W12B-401"),
    ("L4-basement", "望鹤苑三A幢B01", "W3A-B01"),
    ("L5-room-甲302", "三林路8弄8号甲302", "R8-甲302"),
    ("L5-room-302甲", "三林路8弄8号302室甲", "R8-302甲"),
    ("L5-room-302", "三林路8弄8号302室", "R8-302"),
    ("L5-room-2-B01", "三林路8弄8号2-B01", "R8-2-B01"),
    ("L5-room-unit-B01", "三林路8弄8号2单元B01室", "R8-2-B01"),
    ("L5-room-A-403", "三林路8弄8号A-403", "R8-A403"),
    ("L5-room-A403", "兰庭8号A403室", "R8-A403"),
    ("L5-room-unit-A", "兰庭8号A单元403", "R8-A403"),
    ("L5-room-12B", "兰庭8-12B", "R8-12B"),
    ("L5-room-two-in-one", "三林路8弄8号101/102", "R8-101/102"),
    ("L5-room-B1-03", "三林路8弄8号B1-03", "R8-B1-03"),
    ("L5-room-basement", "三林路8弄8号地下室-1层01", "R8-地下"),
    ("L5-unit", "三林路8弄9号2单元502", "R9-2-502"),
    ("L5-one-unit-has-it", "三林路8弄9号502", "R9-2-502"),
    ("L5-letter-unit", "三林路8弄9号B503", "R9-B-502"),
    ("L5-phase", "芳畔二期2号101室", "F2-101"),
    ("L5-phase-digit", "芳畔2期2-101", "F2-101"),
    ("L5-phase-full-digit", "芳畔花苑2期2-102", "F2-102"),
    ("L5-no-phase-numbers-in-one", "芳畔花苑1号101", "F1-101"),
    ("L5-company", "安居盛源家园7号102", "S7-102"),
    ("L5-company-dot", "绿城·盛源家园7号102室", "S7-102"),
    ("L5-no-kind", "盛源7-102", "S7-102"),
    ("L5-generic-behind", "都市华庭小区2-401", "H2-401"),
    ("L5-phase-in-brackets", "芳畔花苑(二期)2号101", "F2-101"),
    ("L5-phase-ordinal", "芳畔花苑第二期2号101", "F2-101"),
    ("register-floats", "含笑路30弄7号101室", "S7-101"),
    ("register-numerals", "含笑路30弄7号102室", "S7-102"),
    ("text-floats", "含笑路30.0弄7.0号102.0室", "S7-102"),
    ("basement-of-columns", "兰庭,8号,-101室", "R8--101"),
    ("note-courier", "樱花路64弄5号101室 放快递柜 李某收", "Y5-101"),
    ("note-phone", "樱花路64弄5号101室电话13900000000", "Y5-101"),
    ("note-recipient", "樱花路64弄5号101室，李某，13900000000", "Y5-101"),
    ("note-recipient-glued", "樱花路64弄5号101室收件人李某13900000000", "Y5-101"),
    ("note-come", "樱花路64弄5号101室，到了打电话，谢谢", "Y5-101"),
    ("note-let", "樱花路64弄5号101室已出租", "Y5-101"),
    ("note-gate", "樱花路64弄5号101东门进", "Y5-101"),
    ("note-directions", "樱花路64弄5号101室（电梯口进门左转）", "Y5-101"),
    ("note-near", "樱花路64弄5号101室（近含笑路口）", "Y5-101"),
    ("note-quotes", "“樱花路64弄5号101室”", "Y5-101"),
]  # fmt: skip

_LEVEL = [
    ("L1-suzhou", "苏州樱花路64弄5号102室", "outside"),
    ("L1-suzhou-city", "江苏省苏州市樱花路64弄5号102室", "outside"),
    ("L1-js-suzhou", "JS苏州樱花路64弄5号102室", "outside"),
    ("L1-songjiang", "松江樱花路64弄5号102室", "outside"),
    ("L1-city-songjiang", "上海市松江樱花路64弄5号102室", "outside"),
    ("L1-taipei", "台北樱花路64弄5号102室", "outside"),
    ("L1-beicai", "北蔡樱花路64弄5号102室", "outside"),
    ("L1-beicai-in-pudong", "上海市浦东新区北蔡镇樱花路64弄5号102室", "outside"),
    ("L1-kunshan", "昆山樱花路64弄5号102室", "outside"),
    ("L1-kowloon", "香港九龙樱花路64弄5号102室", "outside"),
    ("L1-tokyo", "东京樱花路64弄5号102室", "outside"),
    ("L1-town-by-shape", "甪直镇樱花路64弄5号102室", "outside"),
    ("L1-street-by-shape", "某某街道樱花路64弄5号102室", "outside"),
    ("L1-province", "浙江省樱花路64弄5号102室", "outside"),
    ("L1-city-of-a-province", "浙江杭州樱花路64弄5号102室", "outside"),
    ("L1-country", "日本樱花路64弄5号102室", "outside"),
    ("L1-sanlin-is-also-a-road", "三林樱花路64弄5号102室", "outside"),
    ("L1-place-alone", "松江区", "outside"),
    ("L1-letters-alone", "JS樱花路64弄5号102室", "unparsed"),
    ("L1-compound-elsewhere", "苏州都市华庭2号401", "outside"),
    ("L1-road-elsewhere", "松江人民北路100号", "outside"),
    ("L1-behind", "樱花路64弄5号102室（苏州）", "unparsed"),
    ("L1-two-towns", "花木街道北蔡镇樱花路64弄5号102室", "unparsed"),
    ("L1-letter-of-a-province", "苏樱花路64弄5号102室", "unparsed"),
    ("L1-former", "原樱花路64弄5号102室", "unparsed"),
    ("L1-old-site", "旧址樱花路64弄5号102室", "unparsed"),
    ("L1-old-home", "老家樱花路64弄5号102室", "unparsed"),
    ("L1-moved", "已搬离樱花路64弄5号102室", "unparsed"),
    ("L1-moved-behind", "樱花路64弄5号102室（已搬离）", "unparsed"),
    ("L1-not-living", "不住樱花路64弄5号102室", "unparsed"),
    ("L1-registered-only", "户籍在樱花路64弄5号102室", "unparsed"),
    ("L1-parents", "樱花路64弄5号102室父母家", "unparsed"),
    ("L1-landlord", "樱花路64弄5号102室房东住", "unparsed"),
    ("L1-son", "儿子住樱花路64弄5号102室", "unparsed"),
    ("L1-parents-in-law", "岳父岳母家樱花路64弄5号102室", "unparsed"),
    ("L1-former-in-brackets", "(原)樱花路64弄5号102室", "unparsed"),
    ("L1-relatives", "亲戚家樱花路64弄5号102室", "unparsed"),
    ("L1-work", "单位：樱花路64弄5号101室", "unparsed"),
    ("L1-school", "学校:樱花路64弄5号101室", "unparsed"),
    ("L1-town-beside-its-compound", "周浦樱花路64弄5号102室", "outside"),
    ("L3-town-or-compound-in-short", "周浦,2号602室", "unparsed"),
    ("L5-phase-of-no-compound", "上海路三期5号101室", "street"),
    ("L5-phase-behind-the-lane", "樱花路64弄二期5号101室", "street"),
    ("L3-unknown-road-like-a-city", "苏州路64弄5号102室", "unparsed"),
    ("L3-unknown-road-in-nanjing", "南京东路100号", "unparsed"),
    ("L3-unknown-compound-like-a-city", "北京新村5号102室", "unparsed"),
    ("L3-unknown-compound-beside-a-road", "樱花路北京新村64弄5号102室", "dwelling"),
    ("L4-not-understood", "望鹤路1510弄某A号楼401", "compound"),
    ("L4-two-letters", "望鹤路1510弄XA号楼401", "compound"),
    ("L4-3-A-401", "望鹤苑3-A-401", "compound"),
    ("L5-phase-without-numbers", "芳畔二期", "street"),
    ("L5-company-without-numbers", "安居盛源家园", "street"),
    ("L5-company-no-such-room", "安居盛源家园7号901", "street"),
    ("L5-both-phases", "芳畔2号", "street"),
    ("L5-full-name", "芳畔花苑二期", "compound"),
    ("L5-room-403", "三林路8弄8号403", "building"),
    ("rest-somebody", "樱花路64弄5号101室东侧第二个门", "building"),
    ("rest-range", "樱花路64弄5号101室至104室", "building"),
    ("rest-half-a-building", "樱花路64弄5、6号", "compound"),
    ("rest-building-in-words", "樱花路64弄北楼5-101", "compound"),
    ("rest-direction", "樱花路64弄东5号101室", "compound"),
    ("rest-two-rooms", "樱花路64弄5号101、102室", "building"),
    ("rest-or", "樱花路64弄5号101室或102室", "building"),
    ("rest-opposite", "樱花路64弄5号101室对面", "building"),
    ("rest-next-door", "樱花路64弄5号隔壁", "compound"),
    ("rest-two-buildings", "樱花路64弄5号和6号102室", "compound"),
    ("rest-attic", "樱花路64弄5号101室阁楼", "building"),
    ("rest-storey-or-building", "芳畔花苑二期2楼201室", "compound"),
    ("rest-storey", "樱花路64弄5号3楼101室", "building"),
    ("rest-lost-digit", "樱花路64弄5?号101室", "compound"),
    ("rest-second-road", "樱花路64弄5号101室，含笑路30弄", "street"),
    ("rest-numbers-without-words", "樱花路64-5-101", "street"),
]  # fmt: skip


@pytest.fixture(scope="module")
def street(street_of: Callable[..., Register]) -> Register:
    return street_of(_DOORS)


def placed(street: Register, text: str) -> dict[str, object]:
    return places.resolve(address.parse(pl.Series([text]), street.lexicon), street).row(0, named=True)


@pytest.mark.parametrize(("text", "door"), [case[1:] for case in _DOOR], ids=[case[0] for case in _DOOR])
def test_this_text_is_that_door(street, text, door) -> None:
    assert placed(street, text)["dwelling_key"] == door


@pytest.mark.parametrize(("text", "level"), [case[1:] for case in _LEVEL], ids=[case[0] for case in _LEVEL])
def test_this_text_is_certain_to_that_level_alone(street, text, level) -> None:
    assert placed(street, text)["place_level"] == level


@pytest.mark.parametrize(
    ("text", "candidates"),
    [
        ("原樱花路64弄5号102室", ["Y5-102"]),
        ("樱花路64弄5号102室（苏州）", ["Y5-102"]),
        ("樱花路64弄5号101室对面", ["Y5-101"]),
        ("安居盛源家园", ["盛源家园"]),
        ("芳畔2号", ["芳畔花苑一期", "芳畔花苑二期"]),
    ],
)
def test_what_is_open_shows_what_it_could_be(street, text, candidates) -> None:
    assert placed(street, text)["candidates"] == candidates


def test_a_short_name_proved_by_its_numbers_is_an_alias(street) -> None:
    assert placed(street, "安居盛源家园7号102")["place_method"] == "alias"
    assert placed(street, "芳畔二期2号")["place_method"] == "alias"
    assert placed(street, "盛源家园7号102")["place_method"] == "exact"


def test_of_two_rows_of_one_door_the_later_one_is_found(street_of) -> None:
    twice = street_of(
        [("OLD", "1", "樱园", "樱花路", "64", "5", "101"), ("NEW", "1", "樱园", "樱花路", "64弄", "5.0", "101室")]
    )
    assert placed(twice, "樱花路64弄5号101室")["dwelling_key"] == "NEW"
    assert twice.doors.height == 2


_BUILDINGS = [
    "1", "2", "11", "1A", "A1", "A", "甲", "3", "3-5", "21", "1-1", "01", "5.0", "十七", "裙楼", "北楼", "S1",
]  # fmt: skip
_ROOMS = [
    "101", "102", "-101", "0101", "101A", "A101", "101-1", "1F-3", "商铺1", "底层东", "-1-05", "302", "302东",
    "东302", "302甲", "甲302", "12B", "B12", "B1-03", "B103", "B1", "1B", "2-101", "3单元101", "A单元101",
    "阁楼", "401阁", "101/102", "地下室-1层01", "负一层02", "一层01", "10", "1", "东", "15A", "1501", "15-01",
    "1-501", "501室", "五〇三", "504.0", "GF", "G01", "三楼东", "301-3", "301北",
]  # fmt: skip


def test_a_building_or_room_of_any_kind_is_found_or_left_open_and_never_taken_for_another(street_of) -> None:
    doors = [
        (f"{building}|{room}", "1", "盛源家园", "含笑路", "30", building, room)
        for building in _BUILDINGS
        for room in _ROOMS
    ]
    street = street_of(doors)
    cases = pl.DataFrame(
        [
            (code, text)
            for code, _, compound, road, lane, building, room in doors
            for text in (
                f"{road}{lane}弄{building}号{room}",
                f"{road}{lane}弄{building}号{room}室",
                f"{road}{lane}弄{building}号楼,{room}",
                f"{compound}{building}-{room}",
                f"{compound}{building}幢{room}室",
            )
        ],
        orient="row",
        schema=["code", "text"],
    )
    found = pl.concat([cases, places.resolve(address.parse(cases["text"], street.lexicon), street)], how="horizontal")
    wrong = found.filter(pl.col("dwelling_key") != pl.col("code"))
    assert wrong.is_empty(), wrong.select("text", "code", "dwelling_key").rows()
    assert found["dwelling_key"].count() > 0.6 * found.height
