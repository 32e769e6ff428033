"""A street whose departments send their first lists one after the other: each morning is built from what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scenarios import register
from sources.registry import sync
from street import database
from tests.building import office

from .conftest import AS_OF, DWELLING, PERSON, land, publish_day

if TYPE_CHECKING:
    from pathlib import Path


def test_a_street_without_arrivals_is_published_and_says_what_does_not_run(warehouse_url: str, var: Path) -> None:
    with office(warehouse_url, var.parent), database.connect() as conn:
        sync(conn)
        land(conn, "housing_registry", [DWELLING | {"dwelling_code": "D1", "room_no": "501", "tenure": "1"}])
        land(conn, "household_registry", [PERSON | {"person_no": "P1", "full_name": "测甲", "birth_date": "19400101"}])
        untold = register.sync(conn)
        conn.commit()
        assert [sentence.partition("：")[0] for sentence in untold] == [
            "epidemic.yaml",
            "heatwave.yaml",
            "typhoon.yaml",
        ]
        publish_day(AS_OF)
        states = conn.execute("select scenario, state from marts.scenario").fetchall()
        assert dict(states) == dict.fromkeys(("epidemic", "heatwave", "typhoon"), "refused")
        assert conn.execute("select full_name from marts.household_view").fetchall() == [("测甲",)]
        # The levels are known, though nobody isolates; of how many nobody says 0 (R-DAY-5).
        assert conn.execute("select from_persons from marts.dim_level where level = 'red'").fetchone() == (20,)
        told = conn.execute(
            "select distinct isolating, newly_isolating, isolating_corrected from marts.governance_daily"
        )
        assert told.fetchall() == [(None, None, None)]
        assert "无数据" in (var / "reports" / AS_OF.isoformat() / "report.html").read_text(encoding="utf-8")
