"""With clock schedules on, assets wake the warehouse, also while a source is away.

Comes last: the clocks run days of their own.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from sources.contract import all_contracts, load
from tests.e2e.conftest import PORT_AWAY, TODAY, unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runtime.airflow_api import AirflowApi
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e

REPORT = "report__daily_governance"
SCHEDULED = {"STREET_SCHEDULES": "on", **PORT_AWAY}


@pytest.fixture(scope="module")
def scheduled(office: Office, day: str) -> Iterator[AirflowApi]:
    """The API of an office whose schedules are on and whose port is away, once the first day of its clocks is over."""
    office.street("up", **SCHEDULED, STREET_INBOX=str(office.inbox))
    with office.airflow() as api:
        _wait(300, lambda: "warehouse__clock" in api.dag_ids(), "the clocks are known")
        time.sleep(5)  # each clock strikes once when it is first known
        dag_ids = {*(f"ingest__{contract.feed}" for contract in all_contracts()), "warehouse", REPORT}
        _wait(
            300,
            lambda: all(run.ended for run in api.runs("~", "") if run.dag_id in dag_ids),
            "the clocks' first day is over",
        )
        yield api


def test_with_schedules_a_feeds_asset_wakes_the_warehouse_for_the_same_date(scheduled: AirflowApi) -> None:
    known = {run.run_id for run in scheduled.runs("warehouse", "asset_triggered__")}
    # The clock of retention has struck as well: the days of the sample are over and closed.
    scheduled.trigger("ingest__housing_registry", TODAY, "by_hand")
    _wait(
        300,
        lambda: any(
            run.state == "success" and run.run_id not in known
            for run in scheduled.runs("warehouse", "asset_triggered__")
        ),
        "a warehouse run was woken by raw.housing_registry",
    )


def test_a5_while_the_borders_api_is_down_the_other_feeds_are_published_and_on_the_report(
    office: Office, scheduled: AirflowApi
) -> None:
    office.send_housing(lacking=9)
    for feed in ("border_entries", "housing_registry"):
        scheduled.trigger(f"ingest__{feed}", TODAY, "api_down")
    _wait(180, lambda: scheduled.run("ingest__housing_registry", "api_down").state == "success", "the list was taken")
    _wait(360, lambda: _is_published(office), "the day was published without the border's entries")
    _wait(180, lambda: scheduled.run("ingest__border_entries", "api_down").state == "failed", "the pull was given up")
    scheduled.trigger(REPORT, TODAY, "at_its_hour")
    _wait(180, lambda: scheduled.run(REPORT, "at_its_hour").state == "success", "the report was made")
    assert (office.var / "reports" / TODAY.isoformat() / "report.html").is_file()


def test_a6_street_run_ends_with_a_report_while_a_source_refuses_connections_and_another_is_paused(
    office: Office, scheduled: AirflowApi
) -> None:
    is_paused = {"json": {"is_paused": True}, "params": {"update_mask": "is_paused"}}
    scheduled._call("PATCH", "/dags/ingest__welfare_list", **is_paused)
    told = office.street("run", "--date", TODAY.isoformat(), STREET_INBOX=str(office.inbox), **SCHEDULED)
    assert load("border_entries").title_zh in unfinished(told)
    assert f"已暂停，未运行：{load('welfare_list').title_zh}。" in told
    assert f"{TODAY}/report.html" in told


def _wait(seconds: float, is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not after {seconds} s: {what}"
        time.sleep(2)  # each question takes the time of Airflow's tasks


def _is_published(office: Office) -> bool:
    """Whether the list of today is in what was published."""
    return office.ask(
        "select count(*) filter (where version.batches -> 'housing_registry' @> to_jsonb(newest.batch_id)) > 0"
        " from ops.version cross join ("
        "  select max(batch_id) as batch_id from ops.batch"
        f"  where feed = 'housing_registry' and business_date = '{TODAY}' and status = 'accepted'"
        f" ) as newest where version.as_of = '{TODAY}' and version.status in ('published', 'retired')"
    ) == [["True"]]
