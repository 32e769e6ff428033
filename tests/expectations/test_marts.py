"""The reconciliations on a real build of a small sample street, whole and with something taken away."""

import datetime as dt
import json

import pytest

from expectations.gate import validate
from expectations.marts import STRUCTURE, CheckFailed, check, person_checks
from linkage.run import link
from sample.generate import generate
from scenarios import register
from sources import archive, landing
from sources.connectors import pulls
from sources.contract import all_contracts
from sources.registry import sync
from street import batch, dbt, publish
from street.settings import as_of_at, settings

DAY = dt.date(2020, 3, 28)
FEEDS = ("household_registry", "housing_registry", "border_entries")


def _build(connection) -> int:
    sync(connection)
    for feed in FEEDS:
        for batch_id in landing.land(feed, DAY):
            validate(batch_id)
            batch.promote(connection, batch_id, next(c.load_mode for c in all_contracts() if c.feed == feed))
            connection.commit()
    register.sync(connection)
    version = publish.start_version(connection, DAY, as_of_at(DAY))
    connection.commit()
    dbt.build(dbt.STAGING, DAY, as_of_at(DAY), version)
    link(DAY, all_contracts())
    dbt.build(dbt.MARTS, DAY, as_of_at(DAY), version)
    return version


def test_a_sound_street_passes_and_sums_that_do_not_hold_stop_the_publication(
    warehouse, warehouse_url, tmp_path, monkeypatch
):
    sample = tmp_path / "sample"
    generate(sample, DAY, 1_000, 7)
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("STREET_INBOX", str(sample / "inbox"))
    monkeypatch.setenv("STREET_BORDER_API_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("STREET_BORDER_API_TOKEN", "unused: the pull is complete")
    monkeypatch.setenv("STREET_HMAC_KEY", "test")
    settings.cache_clear()
    entries = [json.loads(line) for line in (sample / "border" / "entries.jsonl").read_text("utf-8").splitlines()]
    pull = pulls.begin("border_entries", DAY, as_of_at(DAY), None)
    archive.write(pull.folder / "page-000001.json", json.dumps({"data": entries, "next_cursor": None}).encode())

    version = _build(warehouse)
    check(version)
    passed = warehouse.execute(
        "select bool_and(passed), array_agg(distinct rule order by rule) from ops.check_result where version = %s",
        (version,),
    )
    assert passed.fetchone() == (True, sorted([*person_checks(), *(each.name for each in STRUCTURE)]))

    warehouse.execute("update build.governance_daily set residents = residents + 1 where committee_code = '310115016'")
    warehouse.execute("update build.governance_daily set isolating_corrected = 1 where business_date = %s", (DAY,))
    warehouse.execute("delete from build.unresolved where feed = 'border_entries'")
    warehouse.commit()
    with pytest.raises(CheckFailed, match="各居委会与未落实之和不等于街道数") as caught:
        check(version)
    assert "居家隔离人数与前一日加新增" in str(caught.value)
    assert "待核实记录数与治理日报不符" in str(caught.value)
    assert "居民" not in str(caught.value), "what holds isn't named"
