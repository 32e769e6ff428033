"""What the gate does with each row: docs/rules.md, Rows and batches."""

import datetime as dt
import logging
import random

import pytest

from expectations.gate import validate
from sources import contract, landing
from street import batch


def _quarantined(warehouse, feed, batch_id):
    rows = warehouse.execute(
        f"select row_no, rules from quarantine.{feed} where batch_id = %s order by row_no", (batch_id,)
    ).fetchall()
    warehouse.rollback()
    return dict(rows)


def _superseded(warehouse, batch_id):
    rows = warehouse.execute(
        "select row_no from ops.superseded_row where batch_id = %s order by row_no", (batch_id,)
    ).fetchall()
    warehouse.rollback()
    return [row_no for (row_no,) in rows]


def _flags(warehouse, batch_id):
    row = warehouse.execute("select flags from ops.batch where batch_id = %s", (batch_id,)).fetchone()
    warehouse.rollback()
    return row[0]


def test_a_row_without_key_or_without_name_and_document_is_quarantined_and_all_else_is_flagged(
    landed_household, household, warehouse
):
    batch_id = landed_household(
        [
            household,
            {**household, "person_no": " "},
            {**household, "person_no": "P3", "full_name": "不详", "id_number": "-", "phone": "123"},
            {**household, "person_no": "P4", "full_name": "", "id_number": "110105********0021"},
            {**household, "person_no": "P5", "id_number": "110105194912310021", "sex": "7", "status": "x"},
            {**household, "person_no": "P6", "birth_date": "20200329", "phone": "1.39e10", "ethnic_group": "77"},
            {**household, "person_no": "P7", "sex": "1", "birth_date": "19500101", "updated_at": "gestern"},
            {**household, "person_no": "P8", "registered_address": "长" * 10_001, "updated_at": "2020-03-29 00:00:00"},
        ]
    )
    validate(batch_id)
    quarantined = _quarantined(warehouse, "household_registry", batch_id)
    assert quarantined.keys() == {2, 3}
    assert quarantined[2] == ["business_key__missing"]
    assert set(quarantined[3]) == {
        "person__without_name_and_document", "full_name__blank", "phone__unreadable",
    }  # fmt: skip
    assert _flags(warehouse, batch_id) == {
        "full_name__blank": 1,
        "id_number__not_an_identity": 2,
        "sex__unknown_code": 1,
        "status__unknown_code": 1,
        "birth_date__in_future": 1,
        "birth_date__contradicts_id_number": 2,
        "phone__unreadable": 1,
        "ethnic_group__wrong_format": 1,
        "sex__contradicts_id_number": 1,
        "updated_at__unreadable": 1,
        "updated_at__in_future": 1,
        "registered_address__too_long": 1,
    }


def _notes(warehouse, batch_id):
    rows = warehouse.execute(
        "select rule, failed_rows from ops.check_result where batch_id = %s and severity = 'note' and failed_rows > 0"
        " and passed", (batch_id,)
    ).fetchall()  # fmt: skip
    warehouse.rollback()
    return dict(rows)


def test_each_value_that_cannot_be_read_is_a_flag_and_each_read_otherwise_is_counted(
    landed_household, household, warehouse
):
    batch_id = landed_household(
        [
            household,
            {**household, "person_no": "P2", "id_number": "1.1010519491231E+17"},
            {**household, "person_no": "P3", "id_number": "110105194912310020.0"},
            {**household, "person_no": "P4", "id_number": "11010519491231002X/310115194910010023"},
            {**household, "person_no": "P5", "id_number": "“110105‑19491231‑002X”", "phone": "021-58451234"},
            {**household, "person_no": "P6", "id_number": "11O10519491231002X", "full_name": '="张三"'},
            {**household, "person_no": "P7", "full_name": "王?", "birth_date": "1949年12月31日 上午9:30"},
            {**household, "person_no": "P8", "full_name": "刘\ufffd", "registered_address": "梅花路\ufffd弄"},
            {**household, "person_no": "P9", "updated_at": "2020/3/1 下午2:30", "birth_date": "49.12.31"},
        ]
    )
    validate(batch_id)
    assert _quarantined(warehouse, "household_registry", batch_id) == {}
    assert _flags(warehouse, batch_id) == {
        "id_number__not_an_identity": 3,
        "id_number__lost_digits": 2,
        "id_number__two_numbers": 1,
        "full_name__unwritten_characters": 2,
        "registered_address__undecodable": 1,
        "birth_date__unreadable": 1,
    }
    assert _notes(warehouse, batch_id) == {
        "id_number__read_otherwise": 2,
        "phone__read_otherwise": 1,
        "full_name__read_otherwise": 1,
        "birth_date__read_otherwise": 1,
        "updated_at__read_otherwise": 1,
    }


def test_a_note_is_no_reason_in_quarantine(landed_entries, entry, warehouse):
    batch_id = landed_entries(
        [{**entry, "entered_at": "2020/3/29 下午1:00", "document_no": "“E12345678”"}, {**entry, "entry_id": "E2"}]
    )
    validate(batch_id)
    assert _quarantined(warehouse, "border_entries", batch_id) == {1: ["entered_at__in_future"]}
    assert _notes(warehouse, batch_id) == {"entered_at__read_otherwise": 1, "document_no__read_otherwise": 1}


def test_of_one_key_the_newest_version_stays_and_ties_go_to_the_later_row(landed_household, household, warehouse):
    older = {**household, "updated_at": "2020-02-01 08:00:00"}
    batch_id = landed_household(
        [
            household,
            older,
            {**household, "person_no": " Ｐ0001 ", "updated_at": "unreadable"},
            {**household, "person_no": "P2"},
            {**household, "person_no": "P2"},
        ]
    )
    validate(batch_id)
    assert _superseded(warehouse, batch_id) == [2, 3, 4]
    assert batch.promote(warehouse, batch_id, "snapshot") == "accepted"
    counts = warehouse.execute(
        "select rows_received, rows_accepted, rows_quarantined, rows_superseded from ops.batch"
    ).fetchone()
    assert counts == (5, 2, 0, 3)


def test_an_arrival_whose_time_is_unreadable_or_in_the_future_is_quarantined(landed_entries, entry, warehouse):
    batch_id = landed_entries(
        [
            entry,
            {**entry, "entry_id": "E2", "entered_at": "2020-03-28T07:41:00+08:00"},
            {**entry, "entry_id": "E3", "entered_at": "2020-03-28T07:39:00+08:00"},
            {**entry, "entry_id": "E4", "entered_at": "soon"},
            {**entry, "entry_id": "E5", "entered_at": None},
            {**entry, "entry_id": "E6", "entered_at": "2019-03-01T00:00:00+08:00"},
            {**entry, "entry_id": "E7", "nationality": None},
        ]
    )
    validate(batch_id)
    assert _quarantined(warehouse, "border_entries", batch_id) == {
        2: ["entered_at__in_future"],
        4: ["entered_at__unreadable"],
        5: ["entered_at__unreadable", "entered_at__blank"],
        6: ["entered_at__unreadable"],
    }
    assert _flags(warehouse, batch_id) == {"document_no__not_an_identity": 1}


def test_a_broken_revision_of_an_entry_with_a_usable_one_is_quarantined_and_flagged(landed_entries, entry, warehouse):
    first = landed_entries([entry, {**entry, "entry_id": "E2"}, {**entry, "revision": "2", "entered_at": "bad"}])
    validate(first)
    assert _quarantined(warehouse, "border_entries", first).keys() == {3}
    assert _superseded(warehouse, first) == []
    assert _flags(warehouse, first) == {"broken_revision_of_a_usable_entry": 1}
    batch.promote(warehouse, first, "events")
    warehouse.commit()
    second = landed_entries(
        [
            {**entry, "entry_id": "E2", "revision": "2", "entered_at": "bad"},
            {**entry, "entry_id": "E3", "entered_at": "x"},
        ]
    )
    validate(second)
    assert _quarantined(warehouse, "border_entries", second).keys() == {1, 2}
    assert _flags(warehouse, second) == {"broken_revision_of_a_usable_entry": 1}


def test_the_highest_usable_revision_is_in_force_and_a_missing_one_is_the_first(landed_entries, entry, warehouse):
    batch_id = landed_entries(
        [
            {**entry, "revision": "10"},
            {**entry, "revision": None},
            {**entry, "revision": "9"},
            {**entry, "revision": "x"},
        ]
    )
    validate(batch_id)
    assert _superseded(warehouse, batch_id) == [2, 3, 4]


def test_validating_again_says_the_same_once(landed_household, household, warehouse):
    batch_id = landed_household([household, household, {**household, "person_no": ""}])
    validate(batch_id)

    def said():
        results = warehouse.execute("select rule, severity, passed, failed_rows from ops.check_result order by 1")
        return (
            results.fetchall(),
            _quarantined(warehouse, "household_registry", batch_id),
            _superseded(warehouse, batch_id),
        )

    before = said()
    validate(batch_id)
    assert said() == before
    assert before[1].keys() == {3}
    assert before[2] == [1]


def test_no_value_of_a_row_reaches_a_log_or_a_result(landed_household, household, warehouse, caplog, capfd):
    marker = f"标记{random.randrange(10**9)}"
    bad = dict.fromkeys(household, marker)
    with caplog.at_level(logging.DEBUG):
        batch_id = landed_household([bad, {**bad, "person_no": "", "id_number": "31011519800101" + "0011"}])
        validate(batch_id)
    seen = caplog.text + "".join(capfd.readouterr())
    results = str(warehouse.execute("select * from ops.check_result").fetchall())
    results += str(warehouse.execute("select flags, reason from ops.batch").fetchall())
    assert "check_result" not in results
    assert _flags(warehouse, batch_id)
    for text in (seen, results):
        assert marker not in text
        assert "31011519800101" not in text


@pytest.fixture
def landed_property(inbox):
    def land(rows):
        terms = contract.load("property_occupancy")
        folder = inbox / terms.feed / "2020-03-28"
        folder.mkdir(parents=True)
        lines = [",".join(column.header for column in terms.columns), *(",".join(row) for row in rows)]
        (folder / "甲公司.csv").write_text("\n".join(lines), encoding="utf-8")
        (batch_id,) = landing.land(terms.feed, dt.date(2020, 3, 28))
        return batch_id

    return land


def test_a_companys_rows_are_one_when_the_door_the_name_and_the_phone_are(landed_property, warehouse):
    rest = ("2020-01-01", "2020-03-01")
    batch_id = landed_property(
        [
            ("银泰小区", "30", "502", "自住", "测甲", "13916000000", *rest),
            ("银泰 小区", "30号楼", "502室", "自住", "测甲", "13916000000.0", *rest),
            ("银泰小区", "三十号", "五〇二", "出租", "测甲", "13916000000", *rest),
            ("银泰小区", "30号", "502", "自住", "测甲", "13916000001", *rest),
            ("", "30", "502", "自住", "测乙", "", *rest),
            ("银泰小区", "-", "", "自住", "测乙", "", *rest),
            ("银泰小区", "", "502", "空置", "", "", *rest),
        ]
    )
    validate(batch_id)
    assert _superseded(warehouse, batch_id) == [1, 2]
    quarantined = _quarantined(warehouse, "property_occupancy", batch_id)
    assert quarantined.keys() == {5, 6}
    assert "row_names_a_compound" in quarantined[5]
    assert "row_names_a_building_or_room" in quarantined[6]
    source = warehouse.execute("select source from ops.batch where batch_id = %s", (batch_id,)).fetchone()
    assert source == ("甲公司",)


@pytest.mark.parametrize("number", ["3.10115E+17", "310115********1234", "310115199001011235", "", "无"])
def test_a_number_that_tells_nobody_apart_makes_no_row_a_version_of_another(landed_rows, warehouse, number):
    benefit = {"benefit": "老年综合津贴", "started_on": "2020-01-01", "id_number": number}
    one, other = {"full_name": "测甲", **benefit}, {"full_name": "测乙", **benefit}
    batch_id = landed_rows("welfare_list", [one, other, one])
    validate(batch_id)
    assert _superseded(warehouse, batch_id) == [1]


def test_keys_whose_digits_a_spreadsheet_has_lost_make_no_row_a_version_of_another(landed_rows, warehouse):
    doors = [{"dwelling_code": "3.10115E+11", "room_no": room} for room in ("101", "102", "102")]
    batch_id = landed_rows("housing_registry", doors)
    validate(batch_id)
    assert _superseded(warehouse, batch_id) == [2]
