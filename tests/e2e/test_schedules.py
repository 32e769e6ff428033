"""With clock schedules on, assets wake the warehouse. Comes last: the clocks run days of their own."""

from __future__ import annotations

import datetime as dt
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from street.airflow_api import DagRun
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_with_schedules_a_feeds_asset_wakes_the_warehouse_for_the_same_date(office: Office, day: str) -> None:
    office.street("up", STREET_SCHEDULES="on")
    with office.airflow() as api:
        deadline = time.monotonic() + 120
        while "warehouse__clock" not in api.dag_ids():
            assert time.monotonic() < deadline
            time.sleep(1)
        api.trigger("ingest__housing_registry", dt.date(2020, 3, 28), "by_hand")
        woken: list[DagRun] = []
        while not woken:
            assert time.monotonic() < deadline + 120, "no warehouse run was woken by raw.housing_registry"
            time.sleep(1)
            woken = [run for run in api.runs("warehouse", "asset_triggered__") if run.ended]
        assert woken[0].state == "success"
