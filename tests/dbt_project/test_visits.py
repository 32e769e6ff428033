"""A small street's visits, one of each kind, from raw to the marts: who, where, what they close and what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linkage.run import link
from sources.contract import all_contracts
from street import dbt

from .conftest import AS_OF, AS_OF_AT, DWELLING, ENTRY, PERSON, land

if TYPE_CHECKING:
    import psycopg

HOME = {"compound_name": "银泰小区", "building_no": "30号"}
VISIT = {"committee_code": "310115016001", "kind": "测温", "result": "正常", "visited_at": "2020-03-27 09:30"}
#: person_no -> name, phone, room of the registry; each lives alone but for the two sisters in 506.
PEOPLE = {
    "PHONE": ("测一甲", "13900000001", "501"),
    "SLIP": ("测二佳", "13900000002", "502"),
    "ELDER": ("测三甲", "13900000003", "503"),
    "GONE": ("测四甲", "13900000004", "504"),
    "BACK": ("测五甲", "13900000005", "505"),
    "SISTER": ("测六甲", "13900000006", "506"),
    "YOUNGER": ("测七乙", "13900000006", "506"),
    "FOUND": ("测八甲", "13900000008", "507"),
    "BOARD": ("测九甲", "13900000009", "508"),
    "LEFT": ("测十甲", "13900000010", "507"),
    "STAYS": ("测十乙", "13900000011", "507"),
}
#: Of whom the register of the population says the building alone, and another list the door in it.
ONLY_BUILDING = ("LEFT", "STAYS")
ELDERS = ("ELDER", "BOARD")


def visits() -> list[dict[str, str]]:
    rows: dict[str, dict[str, str]] = {
        "by phone": {"full_name": "测一甲", "document_or_phone": "139 0000 0001", "temperature": "三十六度五"},
        "by name, one slip": HOME | {"room_no": "502", "full_name": "测二加", "temperature": "36.8℃"},
        "of the door alone": HOME | {"room_no": "503", "kind": "独居探访"},
        "an attempt": HOME | {"room_no": "503", "kind": "独居探访", "result": "无人应门",
                              "visited_at": "2020-03-26 10:00"},
        "moved": HOME | {"room_no": "504", "full_name": "测四甲", "document_or_phone": "13900000004", "kind": "其他",
                         "result": "已搬走"},
        "moved before the registry's record": HOME | {
            "room_no": "505", "full_name": "测五甲", "document_or_phone": "13900000005", "kind": "其他",
            "result": "搬离", "visited_at": "2020-02-01 10:00"},
        "a phone that two have": HOME | {"room_no": "506", "full_name": "测七乙", "document_or_phone": "13900000006",
                                         "kind": "送菜"},
        "met at another door": HOME | {"room_no": "502", "full_name": "测八甲", "document_or_phone": "13900000008",
                                       "kind": "送药"},
        "moved from a door that one list has": {"full_name": "测十甲", "document_or_phone": "13900000010",
                                                "kind": "其他", "result": "搬离"},
        "nobody's": {"full_name": "谁也不是", "kind": "送菜"},
        "a fever": {"full_name": "测一甲", "document_or_phone": "13900000001", "temperature": "38.1",
                    "visited_at": "2020-03-27 18:00"},
    }  # fmt: skip
    return [VISIT | row | {"visit_no": number} for number, row in rows.items()]


@pytest.fixture
def street(street_in_raw: psycopg.Connection) -> psycopg.Connection:
    conn = street_in_raw
    land(conn, "housing_registry", [
        DWELLING | {"dwelling_code": f"D{room}", "room_no": str(room), "tenure": "1"} for room in range(501, 510)
    ])  # fmt: skip
    land(conn, "household_registry", [
        PERSON | {
            "person_no": number, "full_name": name, "phone": phone, "household_no": number, "residence_type": "1",
            "living_address": f"梅花路1099弄30号{'' if number in ONLY_BUILDING else f'{room}室'}",
            "registered_address": f"梅花路1099弄30号{room}室" if number in ONLY_BUILDING else "",
            "birth_date": "19400101" if number in ELDERS else "19800101",
        }
        for number, (name, phone, room) in PEOPLE.items()
    ])  # fmt: skip
    # Let out on the sixth day, by the phone that the port was told.
    land(conn, "border_entries", [
        ENTRY | {"entry_id": "OUT", "document_no": "E90000001", "name_latin": "CE OUT", "phone": "13900000090",
                 "destination_address": "梅花路1099弄30号509室"},
    ])  # fmt: skip
    land(conn, "visit_log", [
        *visits(),
        VISIT | {"visit_no": "let out", "document_or_phone": "13900000090", "kind": "解除隔离",
                 "visited_at": "2020-03-26 15:00"},
    ])  # fmt: skip
    # Who is known by a key can only be told once there is one.
    stage_and_link(conn)
    [(key, door)] = conn.execute(
        "select person_key, dwelling_key from build.record_link"
        " inner join raw.household_registry on batch_id = _batch_id and row_no = _row_no"
        " where feed = 'household_registry' and full_name = '测九甲'"
    ).fetchall()
    board = {"dwelling_key": door, "person_key": key, "kind": "独居探访", "visited_at": "2020-03-27T11:00:00+08:00"}
    land(conn, "visit_log", [VISIT | board | {"visit_no": "from the board"}], "board")
    build(conn)
    return conn


def stage_and_link(conn: psycopg.Connection) -> None:
    conn.commit()  # an open look would be in the build's way
    dbt.build(dbt.STAGING, AS_OF, AS_OF_AT)
    link(AS_OF, all_contracts())


def build(conn: psycopg.Connection) -> None:
    stage_and_link(conn)
    dbt.build(dbt.MARTS, AS_OF, AS_OF_AT)


def rows(conn: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return conn.execute(query.encode()).fetchall()


def test_visits_close_what_they_name_and_tell_who_lives_where(street: psycopg.Connection) -> None:
    assert {number: (name, room) for number, name, room in rows(
        street,
        "select told.visit_no, visit.full_name, dwelling.room_no from staging.int_visit as told"
        " inner join build.visit using (visit_key) left join build.dim_dwelling as dwelling"
        " on visit.dwelling_key = dwelling.dwelling_key",
    )} == {
        "by phone": ("测一甲", "501"),
        "by name, one slip": ("测二佳", "502"),
        "of the door alone": (None, "503"),
        "an attempt": (None, "503"),
        "moved": ("测四甲", "504"),
        "moved before the registry's record": ("测五甲", "505"),
        "a phone that two have": ("测七乙", "506"),
        "met at another door": ("测八甲", "502"),
        "moved from a door that one list has": ("测十甲", "507"),
        "nobody's": (None, None),
        "a fever": ("测一甲", "501"),
        "let out": ("CE OUT", "509"),
        "from the board": ("测九甲", "508"),
    }  # fmt: skip
    assert rows(street, "select feed, kind, reason from build.unresolved where kind = 'visit'") == [
        ("visit_log", "visit", "visit_unplaced")
    ]
    # Who has moved lives nowhere, unless the registry says so later; who was met elsewhere lives there.
    homes = dict(rows(street, "select full_name, room_no || ' ' || sources[1] from build.household_view"))
    assert not {"测四甲", "测十甲"} & homes.keys()
    assert (homes["测十乙"], homes["测五甲"], homes["测八甲"]) == (
        "507 household_registry", "505 household_registry", "502 visit_log",
    )  # fmt: skip
    assert rows(street, "select status, release_on::text from build.isolation_episode"
                " inner join build.dim_person using (person_key) where full_name = 'CE OUT'") == [
        ("released_early", "2020-03-26")
    ]  # fmt: skip
    done = rows(
        street,
        "select full_name, done_at is not null, attempts from staging.int_duty_due where duty = 'living_alone_visit'"
        " and due_on <= '2020-03-30' order by 1",
    )
    assert set(done) <= {("测三甲", True, 1), ("测九甲", True, 0), ("测三甲", False, 1), ("测九甲", False, 0)}
    assert rows(street, "select full_name, status, priority, due_at = '2020-03-27 19:00+08' from build.worklist"
                " where duty = 'fever_followup'") == [("测一甲", "overdue", 1, True)]  # fmt: skip

    # A rerun gives the same rows.
    before = published(street)
    build(street)
    assert published(street) == before


def published(conn: psycopg.Connection) -> dict[str, list[tuple[Any, ...]]]:
    tables = ("visit", "trip", "worklist", "governance_daily")
    return {table: rows(conn, f"select * from build.{table} order by 1, 2") for table in tables}
