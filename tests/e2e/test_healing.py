"""Killed processes come back, and a broken-off day is ended by the next run."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_up_leaves_what_runs_alone(office: Office, day: str) -> None:
    before = {name: office.process(name).pid for name in _services(office.var)}
    office.street("up")
    assert {name: office.process(name).pid for name in _services(office.var)} == before


@pytest.mark.parametrize("victim", ["triggerer", "smtp-sink"])
def test_a_killed_service_comes_back(office: Office, day: str, victim: str) -> None:
    killed = office.kill(victim)
    office.street("up")
    assert office.process(victim).pid != killed
    assert _leftovers(killed) == []


def test_a_run_whose_scheduler_and_database_are_killed_is_healed_by_the_next(office: Office, day: str) -> None:
    office.street("sql", "select 1")
    with _changed_inbox(office):
        run = office.start("run")
        _wait_for_a_task(office)
        office.kill("scheduler")
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


def _services(var: Path) -> list[str]:
    return [path.stem for path in (var / "run").glob("*.json") if path.stem != "settings"]


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
    file = min((office.var / "sample" / "inbox" / "housing_registry").glob("*/*.csv"))
    original = file.read_bytes()
    file.write_bytes(original[: original.rstrip().rfind(b"\n") + 1])
    yield
    file.write_bytes(original)


def _wait_for_a_task(office: Office) -> None:
    batches = office.ask("select count(*) from ops.batch")
    deadline = time.monotonic() + 120
    while office.ask("select count(*) from ops.batch") == batches:
        assert time.monotonic() < deadline, "no ingest began"
