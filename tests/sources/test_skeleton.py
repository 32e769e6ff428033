"""A new feed begins as a contract and a model that nobody can use before people have filled them in."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest
import xlsxwriter

from sources import contract, skeleton
from sources.contract import UNFINISHED, ContractError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "名册.csv.gz"
    path.write_bytes(gzip.compress("姓名,身份证号,出生日期,学校\r\n甲,1,2010,一中\r\n".encode("gb18030")))
    return path


def _filled(text: str) -> str:
    """What a person would make of the skeleton."""
    return text.replace(UNFINISHED, "学籍").replace("column_4", "school")


def test_headings_known_elsewhere_get_their_names_and_roles_and_the_others_a_number(sample: Path) -> None:
    text = skeleton.files("school_roll", sample)[skeleton.CONTRACTS / "school_roll.yaml"]
    made = contract.parse(_filled(text), name="school_roll.yaml")
    assert [(each.name, each.header) for each in made.columns] == [
        ("full_name", "姓名"), ("id_number", "身份证号"), ("birth_date", "出生日期"), ("school", "学校"),
    ]  # fmt: skip
    assert [each.role for each in made.columns] == ["person_name", "document_number", "birth_date", None]
    assert (made.server.format, made.server.encoding, made.server.is_packed) == ("csv", "gb18030", True)
    assert made.about_person


def test_a_skeleton_is_refused_until_nothing_in_it_is_open(sample: Path) -> None:
    text = skeleton.files("school_roll", sample)[skeleton.CONTRACTS / "school_roll.yaml"]
    with pytest.raises(ContractError, match=r"\$\.name: still to be filled in"):
        contract.parse(text, name="school_roll.yaml")
    with pytest.raises(ContractError, match=r"properties\[3\]\.name: still to be filled in"):
        contract.parse(text.replace(UNFINISHED, "学籍"), name="school_roll.yaml")


def test_the_model_never_shows_a_document_in_clear(sample: Path) -> None:
    model = skeleton.files("school_roll", sample)[skeleton.STAGING / "stg_school_roll.sql"]
    assert "rules.mask(null, id_number) as id_number_masked" in model
    assert "rules.read_birth_date(birth_date) as birth_date" in model
    assert " id_number,\n" not in model


def test_the_headings_of_a_workbook_are_found_below_its_title(tmp_path: Path) -> None:
    path = tmp_path / "名册.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["花木街道学籍名册"])
        sheet.write_row(1, 0, ["姓名", "联系电话"])
    text = skeleton.files("school_roll", path)[skeleton.CONTRACTS / "school_roll.yaml"]
    made = contract.parse(_filled(text), name="school_roll.yaml")
    assert [each.name for each in made.columns] == ["full_name", "phone"]


def test_nothing_that_exists_is_overwritten(sample: Path, tmp_path: Path) -> None:
    written = skeleton.begin("school_roll", sample, tmp_path)
    assert all(path.is_file() for path in written)
    with pytest.raises(ContractError, match="exists already"):
        skeleton.begin("school_roll", sample, tmp_path)
    with pytest.raises(ContractError, match="identifier"):
        skeleton.begin("学籍", sample, tmp_path)
