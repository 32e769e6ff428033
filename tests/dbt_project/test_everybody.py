"""Everybody whom any list knows has a name, a phone, a birth date, a mask, an age and tags, and lives at one door."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from linkage.run import link
from sources.contract import all_contracts
from street import dbt

from .conftest import AS_OF, AS_OF_AT, DWELLING, ENTRY, PERSON, land

if TYPE_CHECKING:
    import psycopg


def resident_id(seventeen: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return seventeen + "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, weights, strict=True)) % 11]


MOTHER = resident_id("31011519850301002")
ELDER, GRANDMOTHER, HOLDER, TRAVELLER = (
    resident_id(number)
    for number in ("31011519400101001", "31011519380505002", "31011519700707003", "31011519500909001")
)
HOME = {"compound_name": "银泰小区", "building_no": "30号"}
OCCUPANT = HOME | {"occupancy": "自住", "registered_on": "2020-03-01"}

#: full_name, sex, birth_date, age, id_masked, phone of whom, by the name.
KNOWN: dict[str, tuple[Any, ...]] = {
    "P2-two-companies": ("测一甲", None, None, None, None, "13900000001"),
    "P3-returnee": ("测二甲", 1, dt.date(1940, 1, 1), 80, f"310115********{ELDER[-4:]}", "13900000002"),
    "P3-benefit": ("测三甲", 2, dt.date(1938, 5, 5), 81, f"310115********{GRANDMOTHER[-4:]}", "13900000003"),
    "P3-certificate": ("测四甲", 1, dt.date(1970, 7, 7), 49, f"310115********{HOLDER[-4:]}", None),
    "P3-border": ("测五甲", 1, dt.date(1950, 9, 9), 69, f"310115********{TRAVELLER[-4:]}", "13900000005"),
    "P3-role": ("测六甲", None, None, None, "310115********0066", "13900000006"),
    "P4-child": ("测小宝", 1, dt.date(2017, 6, 1), 2, None, None),
    "P4-mother": ("测七甲", 2, dt.date(1985, 3, 1), 35, f"310115********{MOTHER[-4:]}", "13900000007"),
}


@pytest.fixture
def built(street_in_raw: psycopg.Connection) -> psycopg.Connection:
    conn = street_in_raw
    doors = [DWELLING | {"dwelling_code": f"D{room}", "room_no": str(room), "tenure": "1"} for room in range(501, 509)]
    land(conn, "housing_registry", doors)
    occupant = OCCUPANT | {"room_no": "501室", "occupant_name": "测一甲", "phone": "13900000001"}
    at_the_door = OCCUPANT | {"room_no": "508", "occupant_name": "测八甲", "phone": "13900000008"}
    land(conn, "property_occupancy", [occupant, at_the_door], "申花物业")
    land(conn, "property_occupancy", [occupant], "申花物业(1)")
    land(conn, "returnees", [HOME | {
        "full_name": "测二甲", "id_number": ELDER, "phone": "13900000002", "origin": "安徽合肥",
        "arrived_on": "2020-03-20", "room_no": "504", "isolation": "居家",
    }])  # fmt: skip
    land(conn, "welfare_list", [{
        "full_name": "测三甲", "id_number": GRANDMOTHER, "benefit": "老年综合津贴", "started_on": "2019-01-01",
        "phone": "13900000003", "living_address": "梅花路1099弄30号503室",
    }])  # fmt: skip
    land(conn, "disability_list", [{
        "certificate_no": f"{HOLDER}42", "full_name": "测四甲", "guardian_name": "测四乙",
        "guardian_phone": "13900000044",
    }])  # fmt: skip
    land(conn, "border_entries", [ENTRY | {
        "entry_id": "E7", "document_no": "E00000007", "name_latin": "CE WUJIA", "name_cn": "测五甲", "birth_date": "",
        "sex": "", "id_number": TRAVELLER, "phone": "13900000005", "destination_address": "梅花路1099弄30号505室",
    }])  # fmt: skip
    land(conn, "community_roles", [HOME | {
        "full_name": "测六甲", "id_number": "310115********0066", "phone": "13900000006", "role": "党员",
    }])  # fmt: skip
    family = PERSON | {"living_address": "梅花路1099弄30号507室", "id_type": "10", "id_number": MOTHER}
    land(conn, "household_registry", [
        family | {"person_no": "P7", "full_name": "测小宝", "birth_date": "20170601", "sex": "1"},
        family | {"person_no": "P8", "full_name": "测七甲", "birth_date": "19850301", "sex": "2",
                  "phone": "13900000007"},
        PERSON | {"person_no": "P9", "full_name": "测八甲", "birth_date": "19390101", "sex": "2",
                  "phone": "13900000008", "living_address": "梅花路1099弄30号",
                  "registered_address": "梅花路1099弄30号508室"},
    ])  # fmt: skip
    conn.commit()
    dbt.build(dbt.STAGING, AS_OF, AS_OF_AT)
    link(AS_OF, all_contracts())
    dbt.build(dbt.MARTS, AS_OF, AS_OF_AT)
    return conn


def rows(conn: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return conn.execute(query).fetchall()


def test_everybody_whom_a_list_knows_is_known_and_lives_at_one_door(built: psycopg.Connection) -> None:
    facts = {
        row[0]: row
        for row in rows(
            built, "select full_name, sex, birth_date, age, id_masked, phone from build.dim_person"
                   " where full_name like '测__' and full_name <> '测八甲'"
        )
    }  # fmt: skip
    assert facts == {row[0]: row for row in KNOWN.values()}
    residents = rows(
        built,
        "select dwelling.room_no, full_name, phone, tags from build.household_view"
        " join build.dwelling_view as dwelling using (dwelling_key) where full_name like '测%' order by 1, 3, 2",
    )
    assert residents == [
        ("501", "测一甲", "13900000001", []),
        ("504", "测二甲", "13900000002",
         ["elderly", "elderly_only_household", "isolating", "living_alone_elderly", "oldest_old"]),
        ("505", "测五甲", "13900000005", ["elderly", "elderly_only_household", "isolating", "living_alone_elderly"]),
        ("507", "测七甲", "13900000007", []),
        ("507", "测小宝", None, ["infant", "minor"]),
        ("508", "测八甲", "13900000008", ["elderly", "elderly_only_household", "living_alone_elderly", "oldest_old"]),
    ]  # fmt: skip
    assert rows(built, "select full_name, id_masked from build.service_roster") == [
        ("测三甲", f"310115********{GRANDMOTHER[-4:]}")
    ]
    duties = rows(
        built,
        "select full_name, phone from build.worklist where duty = 'temperature_check' and full_name like '测%'",
    )
    assert sorted(duties) == [("测二甲", "13900000002"), ("测五甲", "13900000005")]
    assert rows(built, "select feed, reason from build.unresolved where reason = 'document_of_another'") == [
        ("household_registry", "document_of_another")
    ]
