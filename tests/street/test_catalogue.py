"""What is published follows from the descriptions of the marts alone."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from street import catalogue, dbt
from street.catalogue import CatalogueError, Product

if TYPE_CHECKING:
    from pathlib import Path


META = {"readers": ["street_reader"], "indexes": [["person_key"], ["committee_code", "person_key"]]}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A project's models: one mart, `a_mart`."""
    folder = tmp_path / "dbt_project" / "models"
    (folder / "marts").mkdir(parents=True)
    (folder / "_ops.yml").write_text("sources: []\n", encoding="utf-8")
    (folder / "marts" / "a_mart.sql").write_text("select 1\n", encoding="utf-8")
    describe(folder, META)
    return folder


def describe(folder: Path, meta: object) -> None:
    columns = [{"name": "person_key"}, {"name": "committee_code"}]
    described = {"models": [{"name": "a_mart", "config": {"meta": meta}, "columns": columns}]}
    (folder / "marts" / "a_mart.yml").write_text(yaml.safe_dump(described), encoding="utf-8")


def test_a_mart_is_its_sql_and_its_yml(tmp_path: Path) -> None:
    folder = tmp_path / "dbt_project" / "models"
    shutil.copytree(dbt.PROJECT / "models", folder)
    describe(folder, META)
    more = catalogue.read(folder)
    assert more["a_mart"] == Product("marts", (("person_key",), ("committee_code", "person_key")), ("street_reader",))
    assert {name: product for name, product in more.items() if name != "a_mart"} == catalogue.published()


def test_a_view_stands_in_the_schema_of_its_models_folder_and_a_step_on_the_way_nowhere() -> None:
    schemas = {name: product.schema for name, product in catalogue.published().items()}
    assert (schemas["worklist"], schemas["dim_person"], schemas["record_link"]) == ("marts", "core", "linkage")
    assert not [name for name in schemas if name.startswith(("int_", "check_", "stg_"))]


@pytest.mark.parametrize(
    ("meta", "sentence"),
    [
        (None, "needs `indexes`"),
        ("readers", "is no list of keys"),
        ({"readers": ["street_reader"]}, "needs `indexes`, a list of lists of columns"),
        ({"readers": ["street_reader"], "indexes": "person_key"}, "needs `indexes`"),
        ({"readers": ["street_reader"], "indexes": ["person_key"]}, "needs `indexes`"),
        ({"readers": ["street_reader"], "indexes": [["dwelling"]]}, "an index over dwelling, which the table"),
        ({"indexes": [["person_key"]]}, "needs `readers`, a list of some of dashboard_reader"),
        ({"readers": ["everybody"], "indexes": [["person_key"]]}, "needs `readers`"),
        ({"readers": [], "indexes": [["person_key"]]}, "needs `readers`"),
        ({"reader": ["street_reader"], "indexes": [["person_key"]]}, "has reader, which means nothing; it may have"),
        (
            {"schema": "core", "readers": ["street_reader"], "indexes": [["person_key"]]},
            "says `schema`, but its",
        ),
        (
            {"readers": ["street_reader"], "indexes": [["person_key"]], "by_committee": "no"},
            "has a `by_committee` that is neither true nor false",
        ),
    ],
)
def test_a_wrong_or_missing_key_is_a_sentence_that_names_file_table_and_key(
    models: Path, meta: object, sentence: str
) -> None:
    describe(models, meta)
    with pytest.raises(CatalogueError, match=sentence) as caught:
        catalogue.read(models)
    assert str(caught.value).startswith("dbt_project/models/marts/a_mart.yml: config.meta of a_mart ")
    assert str(caught.value).endswith(".")


def test_a_mart_without_a_description_is_refused(models: Path) -> None:
    (models / "marts" / "a_mart.yml").unlink()
    with pytest.raises(CatalogueError, match="Mart a_mart has no description"):
        catalogue.read(models)


def test_a_second_table_of_a_published_name_is_refused(models: Path) -> None:
    (models / "core" / "days").mkdir(parents=True)
    (models / "core" / "days" / "a_mart.yml").write_text(
        "models: [{name: a_mart, config: {meta: {indexes: [[person_key]]}}}]", encoding="utf-8"
    )
    with pytest.raises(CatalogueError, match="a_mart: another table of this name is published already"):
        catalogue.read(models)
