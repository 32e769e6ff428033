"""Whom only lists know beside somebody of the same name at the same door."""

from __future__ import annotations

import polars as pl
import pytest

from linkage.namesakes import namesakes

RECORD: dict[str, str | bool | None] = {
    "is_list": True, "person_key": "listed", "person_method": "provisional", "name": "测甲乙",
    "phone": None, "dwelling_key": "d1", "registered_dwelling_key": None,
}  # fmt: skip
RESIDENT = RECORD | {"is_list": False, "person_key": "resident", "person_method": "document"}


def pairs(*records: dict[str, str | bool | None]) -> list[tuple[str, ...]]:
    return namesakes(
        pl.DataFrame(list(records), schema=dict.fromkeys(RECORD, pl.String) | {"is_list": pl.Boolean})
    ).rows()


def test_the_same_name_or_one_slip_at_the_same_door_is_a_namesake() -> None:
    expected = [("listed", "d1", "resident")]
    assert pairs(RECORD, RESIDENT) == expected
    assert pairs(RECORD, RESIDENT | {"name": "测甲丙"}) == expected
    assert pairs(RECORD, RESIDENT | {"dwelling_key": None, "registered_dwelling_key": "d1"}) == expected


def test_the_same_phone_needs_the_same_surname() -> None:
    phone: dict[str, str | bool | None] = {"phone": "13916000000"}
    assert pairs(RECORD | phone, RESIDENT | phone | {"name": "测丁"}) == [("listed", "d1", "resident")]
    assert pairs(RECORD | phone, RESIDENT | phone | {"name": "试丁"}) == []


@pytest.mark.parametrize(
    ("name", "other", "by_name", "by_phone"),
    [
        ("王?", "王伟", False, True),
        ("王?", "王?", False, True),
        ("?伟", "王伟", False, True),
        ("刘YAN", "刘䶮", False, True),
        ("?伟", "?芳", False, False),
        ("?", "?", False, False),
        ("王伟", "王伟", True, True),
    ],
)
def test_a_mark_in_a_name_proves_nothing_and_contradicts_nothing(name, other, by_name, by_phone) -> None:
    phone: dict[str, str | bool | None] = {"phone": "13916000000"}
    assert bool(pairs(RECORD | {"name": name}, RESIDENT | {"name": other})) == by_name
    assert bool(pairs(RECORD | phone | {"name": name}, RESIDENT | phone | {"name": other})) == by_phone


def test_another_name_another_door_or_a_record_that_tells_more_is_none() -> None:
    assert pairs(RECORD, RESIDENT | {"name": "试丁"}) == []
    assert pairs(RECORD, RESIDENT | {"dwelling_key": "d2"}) == []
    assert pairs(RECORD | {"person_method": "document"}, RESIDENT) == []
    assert pairs(RECORD, RECORD | {"is_list": False, "dwelling_key": None}, RESIDENT) == []


def test_of_two_that_only_lists_know_one_stays() -> None:
    assert pairs(RECORD, RECORD | {"person_key": "other"}) == [("other", "d1", "listed")]
