from __future__ import annotations

import contextlib
import datetime as dt
import email
import json
import os
import re
import signal
import time
from email import policy
from typing import TYPE_CHECKING

import psutil
import pytest

from street.airflow_api import AirflowApi

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from street.airflow_api import DagRun
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_the_day_ends_well_and_says_where_to_look(office: Office, day: str) -> None:
    assert "失败" not in day
    for word in ("居家隔离中", "report.html", "Airflow", "street sql"):
        assert word in day


def test_every_accepted_batch_balances(office: Office, day: str) -> None:
    rows = office.ask(
        "select feed, rows_received, rows_accepted, rows_quarantined, rows_superseded from ops.batch"
        " where status = 'accepted'"
    )
    assert {feed for feed, *_ in rows} >= {"household_registry", "housing_registry", "border_entries"}
    for _, received, *parts in rows:
        assert int(received) == sum(map(int, parts)) > 0


def test_the_counts_are_those_the_sample_was_made_with(office: Office, day: str) -> None:
    made = json.loads((office.var / "sample" / "manifest.json").read_text(encoding="utf-8"))
    for feed, received, quarantined in office.ask(
        "select feed, sum(rows_received), sum(rows_quarantined) from ops.batch where status = 'accepted' group by feed"
    ):
        assert (int(received), int(quarantined)) == (made["rows"][feed], made["quarantined"][feed]), feed
    [[isolating]] = office.ask("select count(*) from marts.isolation_episode where status = 'isolating'")
    assert int(isolating) > 0


def test_each_recipient_has_one_report_however_often_the_day_is_run(office: Office, day: str) -> None:
    before = _reports(office.var)
    assert len(before) == 2
    office.street("run")
    assert _reports(office.var) == before


def test_a_day_that_is_done_is_quick_and_builds_no_new_version(office: Office, day: str) -> None:
    versions = office.ask("select count(*) from ops.version")
    began = time.monotonic()
    office.street("run")
    assert time.monotonic() - began < 60
    assert office.ask("select count(*) from ops.version") == versions


def test_up_leaves_what_runs_alone(office: Office, day: str) -> None:
    before = {name: _process(office.var, name).pid for name in _services(office.var)}
    office.street("up")
    assert {name: _process(office.var, name).pid for name in _services(office.var)} == before


@pytest.mark.parametrize("victim", ["scheduler", "api-server", "dag-processor", "triggerer", "smtp-sink", "border-api"])
def test_a_killed_service_comes_back(office: Office, day: str, victim: str) -> None:
    killed = _process(office.var, victim)
    killed.kill()
    office.street("up")
    assert _process(office.var, victim).pid != killed.pid
    assert _leftovers(killed.pid) == []


def test_a_run_whose_scheduler_and_database_are_killed_is_healed_by_the_next(office: Office, day: str) -> None:
    office.street("sql", "select 1")
    with _changed_inbox(office):
        run = office.start("run")
        _wait_for_a_task(office)
        _process(office.var, "scheduler").kill()
        os.kill(int((office.var / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        run.wait(timeout=300)
        told = office.street("run")
        assert "失败" not in told
    [[balanced]] = office.ask(
        "select bool_and(rows_received = rows_accepted + rows_quarantined + rows_superseded)"
        " from ops.batch where status = 'accepted'"
    )
    assert balanced == "True"
    assert office.ask("select count(*) from ops.batch where status = 'landed'") == [["0"]]


def test_no_service_prints_a_password(office: Office, day: str) -> None:
    secrets = [path.read_text("utf-8") for path in (office.var / "secrets").iterdir() if path.suffix != ".json"]
    for log in (office.var / "logs").glob("*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not [secret for secret in secrets if secret in text], log.name


def test_with_schedules_a_feeds_asset_wakes_the_warehouse_for_the_same_date(office: Office, day: str) -> None:
    office.street("up", STREET_SCHEDULES="on")
    told = re.search(r"(http://\S+)\s+用户 (\S+)\s+密码 (\S+)", office.street("status"))
    assert told is not None
    with AirflowApi(*told.groups()) as api:
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
    office.street("up")


def _reports(var: Path) -> list[tuple[str, str]]:
    """(recipient, message id) of each report in the sink."""
    found = []
    for path in sorted((var / "mail").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        if "日报" in str(message["Subject"]):
            found.append((str(message["X-Envelope-To"]), str(message["Message-ID"])))
    return found


def _services(var: Path) -> list[str]:
    return [path.stem for path in (var / "run").glob("*.json") if path.stem != "settings"]


def _process(var: Path, name: str) -> psutil.Process:
    return psutil.Process(json.loads((var / "run" / f"{name}.json").read_text(encoding="utf-8"))["pid"])


def _leftovers(session: int) -> list[int]:
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


@contextlib.contextmanager
def _changed_inbox(office: Office) -> Iterator[None]:
    """Send the housing list again with one row less: a day with work to do."""
    [file] = (office.var / "sample" / "inbox" / "housing_registry").glob("*/*.csv")
    original = file.read_bytes()
    file.write_bytes(original[: original.rstrip().rfind(b"\n") + 1])
    yield
    file.write_bytes(original)


def _wait_for_a_task(office: Office) -> None:
    batches = office.ask("select count(*) from ops.batch")
    deadline = time.monotonic() + 120
    while office.ask("select count(*) from ops.batch") == batches:
        assert time.monotonic() < deadline, "no ingest began"
