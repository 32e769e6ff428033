from pathlib import Path

from sources import render
from sources.contract import all_contracts

ROOT = Path(__file__).parents[2]


def test_the_committed_dbt_sources_are_what_the_contracts_say():
    committed = (ROOT / render.SOURCES_FILE).read_text(encoding="utf-8")
    assert committed == render.dbt_sources(all_contracts()), "run `python -m sources.render` and commit"
