"""The site explains the warehouse and shows no value of any row."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from expectations.checks import Arrived, checks
from expectations.marts import STRUCTURE, person_checks
from expectations.words import words
from runtime import site
from scenarios import register
from sources import registry
from sources.contract import all_contracts
from street import dbt
from street.settings import ROOT, as_of_at, settings

from .conftest import MONDAY

if TYPE_CHECKING:
    from pathlib import Path

    from sources.contract import Contract

    from .conftest import Deliveries


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deliveries: Deliveries) -> Path:
    monkeypatch.setenv("STREET_VAR", str(tmp_path))
    settings.cache_clear()
    return tmp_path / "docs"


def test_the_page_of_checks_counts_what_the_newest_batches_broke(folder: Path, deliveries: Deliveries) -> None:
    deliveries.deliver(0, 100)
    deliveries.deliver(1, 100, quarantined=2)
    deliveries.conn.commit()
    page = site.checks()
    tuesday = MONDAY + dt.timedelta(days=1)
    assert f"| {tuesday} | 100 | 2 | 1 | 1 |" in page
    assert "| 隔离 | 2 | `key_missing` |" in page
    assert str(MONDAY) not in page


@pytest.mark.parametrize("contract", all_contracts(), ids=lambda contract: contract.feed)
def test_each_check_of_a_feed_is_said_in_chinese(contract: Contract) -> None:
    arrived = Arrived(MONDAY, as_of_at(MONDAY))
    for check in checks(contract, arrived):
        assert not re.search("[a-z_]{3}", words(check.rule, contract)), check.rule


def test_each_check_of_the_build_is_said_in_chinese() -> None:
    for rule in (*person_checks(), *(check.name for check in STRUCTURE)):
        assert not re.search("[a-z_]{3}", words(rule, None)), rule


@pytest.fixture
def made(folder: Path, deliveries: Deliveries) -> Path:
    """The folder of the whole site."""
    registry.sync(deliveries.conn)
    register.sync(deliveries.conn)
    deliveries.conn.commit()
    dbt.invoke(["build", "--select", "+int_tag"])  # models read the scenarios and the tags while they are compiled
    folder.mkdir()
    (folder / "of_yesterday.html").touch()
    assert site.write() == folder / "index.html"
    return folder


def test_the_site_has_each_page_the_models_beside_it_chinese_search_and_nothing_of_the_internet(made: Path) -> None:
    pages = {path.name: path.read_text(encoding="utf-8") for path in made.glob("*.html")}
    written = {path.stem for path in (ROOT / "docs").glob("*.md")}
    assert {f"{name}.html" for name in (*written, "checks", "dbt")} <= pages.keys()
    assert "of_yesterday.html" not in pages
    assert "小区总览" in pages["dbt.html"] or "\\u5c0f\\u533a\\u603b\\u89c8" in pages["dbt.html"]
    assert 'src="dbt.html"' in pages["lineage.html"]
    assert "path.svg" in pages["architecture.html"]
    for name in pages.keys() - {"dbt.html"}:
        assert not re.search(r'<(script|link|img|iframe)[^>]+(src|href)="(https?:)?//', pages[name]), name
    text = (made / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))
    for asked, page in {"户籍": "glossary", "household_registry": "runbook"}.items():
        found = index["terms"][asked]
        assert index["docnames"].index(page) in (found if isinstance(found, list) else [found])
    assert any("个人信息" in term for term in index["terms"])  # a longer word is looked for within the terms


def test_a_broken_page_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    shutil.copy(ROOT / "docs" / "conf.py", tmp_path / "source")
    (tmp_path / "source" / "index.md").write_text("# Page\n\n[nowhere](nowhere.md)\n", encoding="utf-8")
    with pytest.raises(site.SiteError, match=r"docs/index\.md.*nowhere"):
        site.build(tmp_path / "source", tmp_path / "made")
