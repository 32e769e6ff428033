"""A source that nobody answers for: the day goes on without it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_schedules import TODAY

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_a6_street_run_ends_with_a_report_while_the_ports_address_refuses_connections(office: Office) -> None:
    began = time.monotonic()
    told = office.street(
        "run",
        "--date",
        TODAY.isoformat(),
        STREET_INBOX=str(office.var / "sample" / "inbox"),
        STREET_BORDER_API_URL="http://127.0.0.1:9",
        STREET_BORDER_API_TOKEN="nobody-asks",
        STREET_PULL_PATIENCE_SECONDS="5",
    )
    assert "未完成：入境人员" in told
    assert time.monotonic() - began < 360
    assert (office.var / "reports" / TODAY.isoformat() / "report.html").is_file()
