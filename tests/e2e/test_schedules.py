"""With clock schedules on, assets wake the warehouse. Comes last: the clocks run days of their own."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import socket
import time
from typing import TYPE_CHECKING

import pytest

from sources.contract import all_contracts
from tests.e2e.conftest import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from street.airflow_api import AirflowApi
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e

REPORT = "report__daily_governance"
DAY_WITHOUT_THE_API = DAY + dt.timedelta(days=1)
DAY_OF_A_HANG = DAY + dt.timedelta(days=2)


@pytest.fixture(scope="module")
def scheduled(office: Office, day: str) -> Iterator[AirflowApi]:
    """The API of an office whose schedules are on, once the day that its clocks began with is over."""
    office.street("up", STREET_SCHEDULES="on", STREET_PULL_PATIENCE_SECONDS="20")
    with office.airflow() as api:
        _wait(120, lambda: "warehouse__clock" in api.dag_ids(), "the clocks are known")
        time.sleep(5)  # each clock strikes once when it is first known
        dag_ids = [f"ingest__{contract.feed}" for contract in all_contracts()] + ["warehouse", REPORT]
        _wait(
            300,
            lambda: all(run.ended for dag_id in dag_ids for run in api.runs(dag_id, "")),
            "the clocks' first day is over",
        )
        yield api


def test_with_schedules_a_feeds_asset_wakes_the_warehouse_for_the_same_date(scheduled: AirflowApi) -> None:
    known = {run.run_id for run in scheduled.runs("warehouse", "asset_triggered__")}
    scheduled.trigger("ingest__housing_registry", DAY, "by_hand")
    _wait(
        120,
        lambda: any(
            run.state == "success" and run.run_id not in known
            for run in scheduled.runs("warehouse", "asset_triggered__")
        ),
        "a warehouse run was woken by raw.housing_registry",
    )


def test_a5_while_the_borders_api_is_down_the_other_feeds_are_published_and_on_the_report(
    office: Office, scheduled: AirflowApi
) -> None:
    office.kill("border-api")  # nobody listens
    _deliver(office, DAY_WITHOUT_THE_API)
    for feed in ("border_entries", "housing_registry"):
        scheduled.trigger(f"ingest__{feed}", DAY_WITHOUT_THE_API, "api_down")
    _wait(180, lambda: _is_published(office, DAY_WITHOUT_THE_API), "the day was published without the border's entries")
    assert scheduled.run("ingest__border_entries", "api_down").state == "failed"
    assert scheduled.run("ingest__housing_registry", "api_down").state == "success"
    scheduled.trigger(REPORT, DAY_WITHOUT_THE_API, "at_its_hour")
    _wait(60, lambda: scheduled.run(REPORT, "at_its_hour").state == "success", "the report was made")
    assert (office.var / "reports" / DAY_WITHOUT_THE_API.isoformat() / "report.html").is_file()


def test_a5_the_clock_builds_while_an_ingest_hangs(office: Office, scheduled: AirflowApi) -> None:
    _deliver(office, DAY_OF_A_HANG)
    with _nobody_answers(office):
        scheduled.trigger("ingest__border_entries", DAY_OF_A_HANG, "api_hangs")
        scheduled.trigger("ingest__housing_registry", DAY_OF_A_HANG, "api_hangs")
        _wait(60, lambda: scheduled.run("ingest__housing_registry", "api_hangs").state == "success", "the list landed")
        scheduled.trigger("warehouse__clock", DAY_OF_A_HANG, "at_its_hour")
        _wait(120, lambda: _is_published(office, DAY_OF_A_HANG), "the clock's run published the day")


def _wait(seconds: float, is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not after {seconds} s: {what}"
        time.sleep(1)


def _deliver(office: Office, on: dt.date) -> None:
    """Send the housing list of another day: the newest one with a row less."""
    folder = office.var / "sample" / "inbox" / "housing_registry"
    newest = max(folder.glob("*/*.csv"))
    target = folder / on.isoformat() / newest.name
    target.parent.mkdir()
    shutil.copyfile(newest, target)
    content = target.read_bytes()
    target.write_bytes(content[: content.rstrip().rfind(b"\n") + 1])


def _is_published(office: Office, on: dt.date) -> bool:
    return office.ask(
        f"select count(*) > 0 from ops.version where as_of = '{on}' and status in ('published', 'retired')"
        " and batches -> 'housing_registry' = (select jsonb_agg(batch_id order by batch_id)"
        f" from ops.batch_in_force('{on}') where feed = 'housing_registry')"
    ) == [["True"]]


@contextlib.contextmanager
def _nobody_answers(office: Office) -> Iterator[None]:
    """Take the border API's place and take connections that nobody reads."""
    noted = (office.var / "run" / "border-api.json").read_text(encoding="utf-8")
    port = int(noted.split('"port": ')[1].split(",")[0])
    with socket.create_server(("127.0.0.1", port), backlog=64):
        yield
