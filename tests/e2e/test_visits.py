"""A visit recorded on the board is a visit of the next run, once, and closes what it was made for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import RECORDED

if TYPE_CHECKING:
    from tests.e2e.conftest import SecondDay

pytestmark = pytest.mark.e2e


def test_a_visit_recorded_twice_is_one_visit_of_the_next_run(second_day: SecondDay) -> None:
    ask, (person, door) = second_day.office.ask, second_day.visited
    assert ask(
        "select batch.source, batch.business_date::text, batch.status, batch.rows_accepted::text"
        f" from ops.visit_inbox inner join ops.batch using (batch_id) where visit_no = '{RECORDED}'"
    ) == [["board", "2020-03-31", "accepted", "1"]]
    assert ask("select person_key, dwelling_key, kind, outcome from marts.visit where source = 'board'") == [
        [person, door, "独居探访", "made"]
    ]
    assert ask(
        "select sources[1], (last_visit_at at time zone 'Asia/Shanghai')::text from marts.household_view"
        f" where person_key = '{person}'"
    ) == [["visit_log", "2020-03-30 09:15:00"]]
