from pathlib import Path
from typing import get_args

from runtime import render
from runtime.compose import compose
from sources.contract import (
    Classification,
    DocumentKind,
    Format,
    LoadMode,
    LogicalType,
    Role,
    ServerType,
    Severity,
    all_contracts,
)
from street import retention

ROOT = Path(__file__).parents[2]


def test_the_committed_dbt_sources_are_what_the_contracts_say():
    committed = (ROOT / render.SOURCES_FILE).read_text(encoding="utf-8")
    assert committed == render.dbt_sources(all_contracts()), "run `python -m runtime.render` and commit"


def test_the_committed_macro_is_what_the_contracts_say():
    committed = (ROOT / render.MACRO_FILE).read_text(encoding="utf-8")
    assert committed == render.dbt_macro(all_contracts()), "run `make render` and commit"


def test_the_committed_privacy_pages_are_what_the_contracts_say():
    committed = (ROOT / render.PRIVACY_FILE).read_text(encoding="utf-8")
    assert committed == render.privacy(all_contracts()), "run `make render` and commit"
    pages = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / render.PRIVACY_FOLDER).iterdir()}
    assert pages == render.privacy_pages(all_contracts()), "run `make render` and commit"


def test_a_feeds_page_states_right_purpose_time_and_every_field():
    overview, pages = render.privacy(all_contracts()), render.privacy_pages(all_contracts())
    for contract in all_contracts():
        assert f"](privacy/{contract.feed}.md)" in overview
        said = (contract.department, contract.purpose, contract.limits, f"{contract.retention_days} 天")
        wanted = (*said, *contract.legal_basis, *(column.header for column in contract.columns))
        assert [each for each in wanted if each not in pages[contract.feed]] == []


def test_the_privacy_page_says_of_every_place_when_what_is_there_ends():
    page = render.privacy(all_contracts())
    assert all(place.title_zh in page and place.ends_zh in page for place in retention.PLACES)


def test_the_committed_data_dictionary_is_what_contracts_and_models_say():
    committed = (ROOT / render.DICTIONARY_FILE).read_text(encoding="utf-8")
    assert committed == render.data_dictionary(all_contracts(), ROOT / render.MODELS), "run `make render` and commit"


def test_the_committed_compose_file_is_what_the_list_of_services_says():
    committed = (ROOT / render.COMPOSE_FILE).read_text(encoding="utf-8")
    assert committed == compose(), "run `make render` and commit"


def test_the_committed_superset_bundle_is_what_the_marts_say():
    committed = {
        file.relative_to(ROOT / render.SUPERSET_FOLDER).as_posix(): file.read_text(encoding="utf-8")
        for file in (ROOT / render.SUPERSET_FOLDER).rglob("*.yaml")
    }
    assert committed == render.superset_bundle(ROOT / render.MODELS), "run `make render` and commit"


def test_the_data_dictionary_explains_every_column_of_every_published_table_in_both_languages():
    page = render.data_dictionary(all_contracts(), ROOT / render.MODELS)
    leaving = page.partition("## What leaves")[2]
    rows = [line for line in leaving.splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert [row for row in rows if not all(cell.strip() for cell in row.strip("|").split(" | "))] == []


def test_the_data_dictionary_lists_every_word_that_a_contract_may_use():
    page = render.data_dictionary(all_contracts(), ROOT / render.MODELS)
    words = page.partition("## What a contract may say")[2].partition("## What leaves")[0]
    for closed in (ServerType, Format, LoadMode, Role, DocumentKind, Classification, LogicalType, Severity):
        assert ", ".join(f"`{word}`" for word in get_args(closed)) in words
