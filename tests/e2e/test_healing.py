"""Killed processes come back, and `up` leaves alone what runs."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
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


def _services(var: Path) -> list[str]:
    return [path.stem for path in (var / "run").glob("*.json") if path.stem != "settings"]


def _leftovers(session: int) -> list[int]:
    found = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if os.getsid(pid) == session and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found
