"""`make stop`. Comes last: nothing runs after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_stopping_leaves_no_process_of_the_office(office: Office, day: str) -> None:
    assert _of(office)
    office.street("down")
    assert _of(office) == []


def _of(office: Office) -> list[str]:
    """The programs that run with this office's folder in their command or their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            told = [*process.cmdline(), *process.environ().values()]
        except psutil.Error:
            continue
        if process.pid != psutil.Process().pid and any(str(office.var) in text for text in told):
            found.append(process.name())
    return found
