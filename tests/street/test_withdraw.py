from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from street import batch
from street.batch import BatchError

from .conftest import MONDAY

if TYPE_CHECKING:
    from .conftest import Deliveries


def test_a_withdrawn_snapshot_gives_way_to_the_one_before_and_says_why(deliveries: Deliveries) -> None:
    good, _ = deliveries.deliver(0, 100)
    wrong, _ = deliveries.deliver(0, 100)
    assert batch.in_force(deliveries.conn, MONDAY) == {"snapshot_feed": [wrong]}
    batch.withdraw(deliveries.conn, wrong, by="duty", reason="送来的是邻街的名单")
    assert batch.in_force(deliveries.conn, MONDAY) == {"snapshot_feed": [good]}
    assert deliveries.row(wrong, "status", "reason", "rows_received", "rows_accepted") == (
        "rejected", "人工撤回（duty）：送来的是邻街的名单", 100, 0,
    )  # fmt: skip


def test_withdrawing_twice_is_withdrawing_once_and_accepting_undoes_it(deliveries: Deliveries) -> None:
    batch_id, _ = deliveries.deliver(0, 100, quarantined=2)
    batch.withdraw(deliveries.conn, batch_id, by="duty", reason="发错")
    before = deliveries.row(batch_id, "*")
    batch.withdraw(deliveries.conn, batch_id, by="other", reason="再发错")
    assert deliveries.row(batch_id, "*") == before
    batch.accept(deliveries.conn, batch_id, by="duty")
    assert deliveries.row(batch_id, "status", "rows_accepted", "accepted_by") == ("accepted", 98, "duty")
    batch.withdraw(deliveries.conn, batch_id, by="other", reason="确实错了")
    assert deliveries.row(batch_id, "status", "accepted_by") == ("rejected", "duty")


def test_a_batch_that_is_not_in_force_or_a_word_without_a_reason_withdraws_nothing(deliveries: Deliveries) -> None:
    refused, _ = deliveries.deliver(0, 20, quarantined=5)
    with pytest.raises(BatchError, match="只有已接受"):
        batch.withdraw(deliveries.conn, refused, by="duty", reason="发错")
    accepted, _ = deliveries.deliver(1, 100)
    with pytest.raises(BatchError, match="原因"):
        batch.withdraw(deliveries.conn, accepted, by="duty", reason=" ")
    assert batch.status(deliveries.conn, accepted) == "accepted"
