"""A new feed begins as a contract and a model that nobody can use before people have filled them in."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter

from sources import contract, skeleton
from sources.contract import UNFINISHED, ContractError, DraftError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "名册.csv.gz"
    path.write_bytes(gzip.compress("姓名,身份证号,出生日期,学校\r\n甲,1,2010,一中\r\n".encode("gb18030")))
    return path


def _filled(text: str) -> str:
    """What a person would make of the skeleton."""
    named = text.replace(UNFINISHED, "学籍").replace("column_4", "school").replace("第几项", "第三项")
    return named.replace("status: draft", "status: active")


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
    with pytest.raises(
        DraftError, match=r"still to be filled in \(\d+\): \$\.name, \$\.domain, .*properties\[3\]\.name"
    ):
        contract.parse(text, name="school_roll.yaml")
    assert contract.unfinished(text)[-2:] == [
        "$.schema[0].properties[3].name",
        "$.schema[0].properties[3].description",
    ]
    with pytest.raises(DraftError, match=r"still to be filled in \(1\): .*properties\[3\]\.name"):
        contract.parse(text.replace(UNFINISHED, "学籍"), name="school_roll.yaml")
    with pytest.raises(DraftError, match="with status active it is used"):
        contract.parse(_filled(text).replace("status: active", "status: draft"), name="school_roll.yaml")
    with pytest.raises(ContractError, match="still to be filled in") as told:
        contract.parse(text.replace("status: draft", "status: active"), name="school_roll.yaml")
    assert not isinstance(told.value, DraftError), "an active contract that isn't finished is a fault"


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (["2020-01-02", "2019/3/4", "20200105", "2020年3月4日"], "date"),
        (["2020-01-02 08:00:00", "2020-01-02T08:00+08:00"], "timestamp"),
        (["1", "-20", ""], "integer"),
        (["1", "20.5"], "number"),
        (["001", "2"], "string"),
        (["13900000001"], "string"),
        (["1", "无"], "string"),
        ([""], "string"),
    ],
)
def test_a_column_that_nobody_knows_gets_the_type_that_all_its_values_have(
    tmp_path: Path, values: list[str], wanted: str
) -> None:
    path = tmp_path / "名册.csv"
    path.write_text("姓名,备考\n" + "".join(f"测一,{value}\n" for value in values), encoding="utf-8")
    text = skeleton.files("school_roll", path)[skeleton.CONTRACTS / "school_roll.yaml"]
    made = contract.parse(_filled(text).replace("column_2", "note"), name="school_roll.yaml")
    assert made.column("note").logical_type == wanted
    assert not [value for value in values if len(value) > 3 and value in text], "a value of the sample stays in it"


def test_what_is_no_yaml_is_a_draft_if_it_says_so() -> None:
    with pytest.raises(ContractError, match=r"^x\.yaml: not YAML in UTF-8: (?!.*draft)(?s:.*line 2)") as told:
        contract.parse("status: active\nname: [", name="x.yaml")
    assert not isinstance(told.value, DraftError)
    with pytest.raises(DraftError, match=r"; it is a draft$"):
        contract.parse("status: 'draft'  # soon\nname: [", name="x.yaml")


def test_a_draft_is_skipped_with_a_word_and_stops_nobody(sample: Path, tmp_path: Path) -> None:
    """A copy of the project with drafts in it knows the other contracts, and their staging models wait."""
    shutil.copytree(ROOT / "sources", tmp_path / "sources", ignore=shutil.ignore_patterns("__pycache__"))
    skeleton.begin("school_roll", sample, tmp_path)
    whole = (tmp_path / skeleton.CONTRACTS / "school_roll.yaml").read_text(encoding="utf-8")
    broken = {"half": whole.replace("status: draft", "status: draft\nschema: [{name: school_roll").encode(),
              "by_notepad": whole.encode("gb18030")}  # fmt: skip
    for name, text in broken.items():
        (tmp_path / skeleton.CONTRACTS / f"{name}.yaml").write_bytes(text)
    ask = "from sources.contract import all_contracts; print(*(each.feed for each in all_contracts()))"
    done = subprocess.run(
        [sys.executable, "-c", ask],
        env={**os.environ, "PYTHONPATH": str(tmp_path)}, cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [each.feed for each in contract.all_contracts()]
    told = [line for line in done.stderr.splitlines() if line.endswith("; it is a draft; skipped")]
    assert len(told) == 3, done.stderr
    assert done.stderr.count("not YAML in UTF-8") == len(broken)
    assert all(f"{name}.yaml: " in done.stderr for name in ("school_roll", *broken))
    assert "enabled=false" in (tmp_path / skeleton.STAGING / "stg_school_roll.sql").read_text(encoding="utf-8")


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
