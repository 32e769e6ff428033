"""A day that was broken off: the next run heals it, though nobody answers for one of the sources by then."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from sources.contract import load
from tests.e2e.conftest import PORT_AWAY, TODAY, unfinished

if TYPE_CHECKING:
    from tests.e2e.conftest import Office, SecondDay

pytestmark = pytest.mark.e2e

TODAYS_HOUSING = f"select status from ops.batch where feed = 'housing_registry' and business_date = '{TODAY}'"


@pytest.fixture(scope="module")
def healed(office: Office, second_day: SecondDay) -> str:
    """What a run printed, without its port, after one whose scheduler and database were killed.

    The second day came before, whose project and settings are others: the killed run brings all up anew.
    """
    office.send_housing(lacking=5)
    command, away = ("run", "--date", TODAY.isoformat()), {**PORT_AWAY, "STREET_INBOX": str(office.inbox)}
    broken_off = office.start(*command, **away)
    _wait_for_housing(office)
    office.kill("scheduler")
    os.kill(int((office.var / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    assert broken_off.wait(timeout=300) != 0
    return office.street(*command, **away)


def test_a_run_whose_scheduler_and_database_are_killed_is_healed_by_the_next(office: Office, healed: str) -> None:
    assert unfinished(healed) == {load("border_entries").title_zh}
    [[balanced]] = office.ask(
        "select bool_and(rows_received = rows_accepted + rows_quarantined + rows_superseded)"
        " from ops.batch where status = 'accepted'"
    )
    assert balanced == "True"
    assert office.ask("select count(*) from ops.batch where status = 'landed'") == [["0"]]
    assert office.ask(TODAYS_HOUSING) == [["accepted"]]


def test_a6_street_run_ends_with_a_report_while_the_ports_address_refuses_connections(
    office: Office, healed: str
) -> None:
    assert "未完成：入境人员" in healed
    assert (office.var / "reports" / TODAY.isoformat() / "report.html").is_file()


def _wait_for_housing(office: Office) -> None:
    deadline = time.monotonic() + 300
    while not office.ask(TODAYS_HOUSING):
        assert time.monotonic() < deadline, "no list was taken"
        time.sleep(0.2)
