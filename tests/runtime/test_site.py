"""The site explains the warehouse and shows no value of any row."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runtime import site
from street import dbt
from street.settings import settings

from .conftest import MONDAY

if TYPE_CHECKING:
    from pathlib import Path

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
    page = site.write_checks().read_text(encoding="utf-8")
    assert page.count("<tr class=bad>") == 1
    assert f"<td>{MONDAY.replace(day=MONDAY.day + 1)}</td>" in page
    assert "<td>key_missing</td><td>隔离</td><td>未通过</td><td>2</td>" in page
    assert f"<td>{MONDAY}</td>" not in page


def test_the_whole_site_has_the_models_with_chinese_labels_and_every_page_it_names(
    folder: Path, deliveries: Deliveries
) -> None:
    deliveries.conn.commit()
    dbt.invoke(["seed"])  # some models read the seeds while they are compiled
    index = site.write()
    named = {part.partition('"')[0] for part in index.read_text(encoding="utf-8").split('href="')[1:]}
    assert named == {path.name for path in folder.iterdir()}
    models = (folder / "dbt.html").read_text(encoding="utf-8")
    assert "小区总览" in models or "\\u5c0f\\u533a\\u603b\\u89c8" in models
    assert "<table>" in (folder / "data_dictionary.html").read_text(encoding="utf-8")
    assert "<svg" in (folder / "architecture.html").read_text(encoding="utf-8")
