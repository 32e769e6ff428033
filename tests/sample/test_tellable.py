"""What the fields as sent could tell: hand-made records whose answer anybody sees, and a street's."""

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from sample.dirt import could_be_mistyped, is_one_slip, mistyped
from sample.documents import check_character
from sample.generate import generate
from sample.tellable import tellable
from sample.truth import SAID

FATHER, SON = "31011519500101001", "31011519800202003"
FATHER, SON = FATHER + check_character(FATHER), SON + check_character(SON)
MASKED = f"{SON[:6]}********{SON[14:]}"


def told(tmp_path: Path, *records: dict[str, str]) -> list[int]:
    """Which of the records can be told to be one person's, by number; each says who it is (`who`) and what was sent."""
    who = sorted({record["who"] for record in records})
    persons = pl.DataFrame(
        {
            "true_person_id": who, "full_name": "王建国", "family_latin": "wang", "given_latin": "jianguo",
            "resident_id": [{"father": FATHER, "son": SON}[person] for person in who], "phone": "13900000000",
            "nationality": "CHN",
        }
    )  # fmt: skip
    text = ("said_name", "said_name_latin", "said_number", "said_second_number", "said_phone", "said_birth_date",
            "true_dwelling_code")  # fmt: skip
    rows = pl.DataFrame(
        [
            {
                "feed": "welfare_list", "business_date": dt.date(2020, 3, 1), "file": "a", "row_no": row_no,
                "true_person_id": record["who"], "is_quarantined": False, "is_superseded": False,
                "expected_level": "dwelling", "true_building_id": None,
                **{name: record.get(name.removeprefix("said_")) for name in text},
            }
            for row_no, record in enumerate(records, start=1)
        ],
        schema_overrides=dict.fromkeys(text, pl.String) | {"true_building_id": pl.Int64},
        infer_schema_length=None,
    )  # fmt: skip
    persons.write_parquet(tmp_path / "persons.parquet")
    rows.write_parquet(tmp_path / "records.parquet")
    return tellable(tmp_path)["told"].to_list()


def record(who: str, **said: str) -> dict[str, str]:
    return {"who": who, "name": "王建国", **said}


def test_one_number_tells_whatever_the_name(tmp_path: Path) -> None:
    assert told(tmp_path, record("son", number=SON), record("son", name="李四", number=SON)) == [0, 0]


def test_a_name_alone_tells_nothing(tmp_path: Path) -> None:
    assert told(tmp_path, record("son"), record("son")) == [0, 1]


def test_a_phone_that_father_and_son_of_one_name_share_tells_neither(tmp_path: Path) -> None:
    shared = {"phone": "13900000000"}
    both = told(tmp_path, record("son", number=SON, **shared), record("son", **shared),
                record("father", number=FATHER, **shared))  # fmt: skip
    assert both == [0, 1, 2]
    assert told(tmp_path, record("son", number=SON, **shared), record("son", **shared)) == [0, 0]


def test_a_mask_tells_what_a_shared_phone_does_not(tmp_path: Path) -> None:
    shared = {"phone": "13900000000"}
    records = (record("son", number=SON, **shared), record("son", number=MASKED, **shared),
               record("father", number=FATHER, **shared))  # fmt: skip
    assert told(tmp_path, *records) == [0, 0, 2]


def test_a_third_record_tells_two_that_have_nothing_in_common(tmp_path: Path) -> None:
    middle = record("son", phone="13900000000", true_dwelling_code="1")
    assert told(tmp_path, record("son", phone="13900000000"), record("son", true_dwelling_code="1"), middle) == [
        0,
        0,
        0,
    ]


def test_a_name_romanised_in_another_order_is_the_name(tmp_path: Path) -> None:
    abroad = {"who": "son", "name_latin": "JIANGUO WANG", "birth_date": "1980-02-02"}
    assert told(tmp_path, record("son", number=SON), abroad) == [0, 0]


def test_a_surname_with_a_title_is_not_the_name_in_letters(tmp_path: Path) -> None:
    abroad = {"who": "son", "name_latin": "JIANGUO WANG", "phone": "13900000000"}
    assert told(tmp_path, abroad, record("son", phone="13900000000")) == [0, 0]
    assert told(tmp_path, abroad, record("son", name="王先生", phone="13900000000")) == [0, 1]
    assert told(tmp_path, abroad, {"who": "son", "phone": "13900000000"}) == [0, 1]


@pytest.mark.parametrize(("one", "other", "could"), [
    ("王建国", "王健国", True), ("王建国", "王国建", True), ("王建国", "王国", True), ("王芳", "王芬", True),
    ("王建国", "李建国", False), ("王建国", "王志强", False), ("王伟", "王芳", False),
])  # fmt: skip
def test_a_name_could_be_mistyped_as_clerks_do_it_only(one: str, other: str, could: bool) -> None:
    assert could_be_mistyped(one, other) == could_be_mistyped(other, one) == could


def test_every_mistyped_name_is_one_that_could_be() -> None:
    generator = np.random.default_rng(5)
    typed = [
        (name, mistyped(generator, name)) for name in ("王建国", "李芳", "欧阳明华", "SMITH JOHN") for _ in range(60)
    ]
    assert all(name == wrong or could_be_mistyped(name, wrong) for name, wrong in typed)
    assert sum(name != wrong for name, wrong in typed) > 100
    assert all(name == wrong for name, wrong in typed if name.isascii())
    assert not is_one_slip("王建国", "王国建")


def test_in_a_street_almost_all_can_be_told_and_a_clean_record_best(tmp_path: Path) -> None:
    generate(tmp_path, dt.date(2020, 3, 28), 2000, seed=5, dirt="heavy")
    found = tellable(tmp_path / "truth")
    records = pl.read_parquet(tmp_path / "truth" / "records.parquet")
    in_force = records.filter(
        ~pl.col("is_quarantined"), ~pl.col("is_superseded"), pl.col("true_person_id").is_not_null()
    )
    assert found.height == in_force.height
    assert set(found["feed"].unique()) == set(SAID)
    several = found.filter(pl.len().over("true_person_id") > 1)
    alone = several.filter(pl.len().over("true_person_id", "told") == 1)
    assert 0 < alone.height < several.height / 20
    kinds = set(found["dirt"].explode().drop_nulls())
    assert kinds >= {"masked number", "no number", "mistyped name", "strange phone", "no door"}
