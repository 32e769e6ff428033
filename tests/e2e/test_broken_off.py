"""A day that was broken off: the next run heals it. What is asked of the day elsewhere is asked of the healed one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import unfinished

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_a_run_whose_scheduler_and_database_are_killed_is_healed_by_the_next(office: Office, day: str) -> None:
    assert unfinished(day) == set()
    [[balanced]] = office.ask(
        "select bool_and(rows_received = rows_accepted + rows_quarantined + rows_superseded)"
        " from ops.batch where status = 'accepted'"
    )
    assert balanced == "True"
    assert office.ask("select count(*) from ops.batch where status = 'landed'") == [["0"]]
