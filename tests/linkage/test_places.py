"""A record's place is the finest level of its address that is certain; the rest goes to review."""

import pytest

from .conftest import Office

#: Address -> (level, the door's code or the committee).
PLACES = [
    ("梅花路1099弄30号502室", "dwelling", "D01"),
    ("浦东梅花路１０９９弄银泰小区三十号楼502", "dwelling", "D01"),
    ("银泰30-502", "dwelling", "D01"),
    ("花木镇梅花路1099弄30号五〇二", "dwelling", "D01"),
    ("1099弄30号502", "dwelling", "D01"),
    ("银泰小区(梅花路1099弄)30号502室", "dwelling", "D01"),
    ("梅花路88号201室", "dwelling", "D04"),
    ("云山路60弄5支弄1号101", "dwelling", "D18"),
    # a room that does not exist; no room; a lane alone
    ("银泰小区30号503", "building", "310115016001"),
    ("梅花路1099弄30号", "building", "310115016001"),
    ("梅花路1099弄", "compound", "310115016001"),
    ("梅花路1099弄99号101", "compound", "310115016001"),
    # an unknown name beside good numbers is ignored; a name known to be another compound's is not
    ("梅花路1099弄无名苑30号502", "dwelling", "D01"),
    ("梅花路1099弄锦绣苑一期30号502", "building", "310115016001"),
    ("兰花路7弄东园2号101", "building", "310115016003"),
    # a short name that fits two phases stays open unless building and room exist in one only
    ("锦绣苑1号101", "street", None),
    ("锦绣苑2号101", "dwelling", "D07"),
    ("锦绣苑", "street", None),
    ("锦绣苑二期", "compound", "310115016002"),
    # units
    ("兰花路5弄1号502", "building", "310115016002"),
    ("兰花路5弄1号2单元502", "dwelling", "D08"),
    ("兰馨园1-2-502", "dwelling", "D08"),
    ("兰花路5弄1号503", "dwelling", "D10"),
    ("兰花路5弄1号9单元503", "dwelling", "D10"),
    ("兰花路5弄1号2单元503", "building", "310115016002"),
    # a lane of two compounds; two lanes of one compound with the same number
    ("兰花路7弄", "street", None),
    ("兰花路7弄1号101", "dwelling", "D11"),
    ("双弄苑1号102", "compound", "310115016003"),
    ("兰花路23弄双弄苑1号102", "dwelling", "D14"),
    # a compound of two committees
    ("云山路40弄", "compound", None),
    ("跨界苑2号101", "dwelling", "D16"),
    # roads, the street, and beyond
    ("梅花路", "street", None),
    ("海棠路1弄2号", "unparsed", None),
    ("花木街道海棠路1弄2号", "street", None),
    ("上海市浦东新区", "unparsed", None),
    ("上海市徐汇区天钥桥路30弄30号502室", "outside", None),
    ("安徽合肥", "outside", None),
    ("", "unparsed", None),
]


@pytest.fixture(scope="module")
def places(shared_office: Office) -> dict[str, tuple[str, str | None]]:
    """What one run made of all the addresses, each of a person of its own."""
    batch = shared_office.receive(
        "household_registry",
        *(
            {"person_no": str(number), "full_name": "张三", "living_address": text}
            for number, (text, *_) in enumerate(PLACES)
        ),
    )
    links = shared_office.link()
    doors: dict[str, str] = dict(
        shared_office.conn.execute("select dwelling_key, dwelling_code from build.dwelling").fetchall()
    )
    found = {}
    for row_no, (text, *_) in enumerate(PLACES, start=1):
        row = links["household_registry", batch, row_no]
        found[text] = row["place_level"], doors.get(row["dwelling_key"], row["committee_code"])
    return found


@pytest.mark.parametrize(("text", "level", "where"), PLACES)
def test_an_address_is_resolved_to_the_finest_certain_level(places, text, level, where) -> None:
    assert places[text] == (level, where)


def test_ditto_is_the_registered_address_and_both_places_are_kept(office) -> None:
    row = office.link_one(
        "household_registry",
        {
            "person_no": "1",
            "full_name": "张三",
            "living_address": "同上",
            "registered_address": "梅花路1099弄30号502室",
        },
    )
    assert row["place_level"] == row["registered_place_level"] == "dwelling"
    assert row["dwelling_key"] == row["registered_dwelling_key"] is not None


def test_a_contradiction_lists_its_door_for_review(office) -> None:
    row = office.link_one(
        "household_registry", {"person_no": "1", "full_name": "张三", "living_address": "梅花路1099弄锦绣苑一期30号502"}
    )
    door = office.conn.execute("select dwelling_key from build.dwelling where dwelling_code = 'D01'").fetchone()
    assert row["dwelling_key"] is None
    assert row["candidates"] == [door[0]]


def test_compound_building_and_room_in_columns_of_their_own_are_one_address(office) -> None:
    rows = [
        {"full_name": "张三", "compound": "银泰", "building": building, "room": room}
        for building, room in [("30", "502"), ("30号", "502室"), ("30号楼", "５０２"), ("三十号", "五〇二")]
    ]
    batch = office.receive("returnees", *rows)
    links = office.link()
    assert {links["returnees", batch, n]["dwelling_key"] for n in (1, 2, 3, 4)} == {
        office.conn.execute("select dwelling_key from build.dwelling where dwelling_code = 'D01'").fetchone()[0]
    }


def test_an_empty_flat_is_a_place_without_a_person(office) -> None:
    batch = office.receive(
        "property_occupancy",
        {"compound": "银泰", "building": "30", "room": "502"},
        {"compound": "银泰", "building": "30", "room": "501", "occupant_name": "李四"},
    )
    links = office.link()
    empty, lived_in = links["property_occupancy", batch, 1], links["property_occupancy", batch, 2]
    assert empty["place_level"] == "dwelling"
    assert empty["person_key"] is None
    assert lived_in["person_method"] == "provisional"


def compounds(office) -> dict[str, str]:
    rows = office.conn.execute("select dwelling_code, compound_key from build.dwelling").fetchall()
    office.conn.commit()
    return dict(rows)


def test_one_name_is_one_compound_where_a_lane_is_common_and_no_compound_is_one_a_committee(office) -> None:
    office.link()
    key = compounds(office)
    assert key["D15"] == key["D16"]
    assert key["D13"] == key["D14"]
    assert key["D05"] != key["D06"]
    assert key["D04"] != key["D17"]


def test_keys_of_doors_and_compounds_stay_when_the_list_changes(office) -> None:
    office.link()
    before = compounds(office)
    doors = dict(office.conn.execute("select dwelling_code, dwelling_key from build.dwelling").fetchall())
    office.housing(
        ("D03", "310115016001", "银泰小区", "梅花路", "1099", "31", "502"),
        ("D99", "310115016009", "银泰小区", "梅花路", "1099", "32", "101"),
        ("D06", "310115016002", "锦绣花园", "锦绣路", "12", "1", "101"),
    )
    office.link()
    after = compounds(office)
    assert after["D03"] == after["D99"] == before["D03"]
    assert after["D06"] == before["D06"], "a renamed compound keeps its key"
    now = dict(office.conn.execute("select dwelling_code, dwelling_key from build.dwelling").fetchall())
    assert now["D03"] == doors["D03"]
