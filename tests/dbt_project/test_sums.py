"""The reconciliations on a real build of the sample street, whole and with something taken away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from expectations.marts import STRUCTURE, CheckFailed, check, person_checks
from street import database, publish
from street.settings import as_of_at, settings

from .truth import DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_sound_street_passes_and_sums_that_do_not_hold_stop_the_publication(
    sample_street: tuple[Path, Callable[[str], str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, copy = sample_street
    monkeypatch.setenv("WAREHOUSE_URL", copy("test"))
    settings.cache_clear()
    with database.connect() as conn:
        version = publish.start_version(conn, DAY, as_of_at(DAY))
        check(version)
        passed = conn.execute(
            "select bool_and(passed), array_agg(distinct rule order by rule) from ops.check_result where version = %s",
            (version,),
        )
        assert passed.fetchone() == (True, sorted([*person_checks(), *(each.name for each in STRUCTURE)]))

        street = "committee_code = '310115016'"
        conn.execute(f"update build.governance_daily set residents = residents + 1 where {street}")
        conn.execute("update build.governance_daily set isolating_corrected = 1 where business_date = %s", (DAY,))
        conn.execute("delete from build.unresolved where feed = 'border_entries'")
        conn.commit()
        with pytest.raises(CheckFailed, match="各居委会与未落实之和不等于街道数") as caught:
            check(version)
    assert "居家隔离人数与前一日加新增" in str(caught.value)
    assert "待核实记录数与治理日报不符" in str(caught.value)
    assert "居民" not in str(caught.value), "what holds isn't named"
