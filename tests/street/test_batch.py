from __future__ import annotations

import datetime as dt
import threading
from fractions import Fraction
from typing import TYPE_CHECKING

import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from street import batch, database
from street.batch import BatchError
from street.database import DatabaseError

if TYPE_CHECKING:
    from .conftest import Deliveries

MONDAY = dt.date(2020, 3, 23)
COUNTS = ("rows_received", "rows_accepted", "rows_quarantined", "rows_superseded")


def test_an_accepted_batch_balances_and_keeps_its_frozen_counts(deliveries: Deliveries) -> None:
    batch_id = deliveries.land(deliveries.register("snapshot_feed", 0), rows=100, quarantined=2, superseded=3)
    assert batch.promote(deliveries.conn, batch_id, "snapshot") == "accepted"
    assert deliveries.row(batch_id, *COUNTS) == (100, 95, 2, 3)
    deliveries.conn.execute("insert into quarantine.snapshot_feed values (%s, 99, '{late}')", (batch_id,))
    assert batch.promote(deliveries.conn, batch_id, "snapshot") == "accepted"
    assert deliveries.row(batch_id, *COUNTS) == (100, 95, 2, 3)


def test_promoting_twice_is_promoting_once(deliveries: Deliveries) -> None:
    batch_id, _ = deliveries.deliver(0, 10)
    before = deliveries.row(batch_id, "*")
    assert batch.promote(deliveries.conn, batch_id, "snapshot") == "accepted"
    assert deliveries.row(batch_id, "*") == before


def test_a_batch_whose_rows_do_not_balance_is_not_promoted(deliveries: Deliveries) -> None:
    batch_id = deliveries.land(deliveries.register("snapshot_feed", 0), rows=10, quarantined=1)
    deliveries.conn.execute("insert into ops.superseded_row values ('snapshot_feed', %s, 1)", (batch_id,))
    with pytest.raises(BatchError, match=f"批次 {batch_id}"):
        batch.promote(deliveries.conn, batch_id, "snapshot")
    assert batch.status(deliveries.conn, batch_id) == "landed"


@pytest.mark.parametrize(
    ("rows", "quarantined", "verdict"),
    [(20, 1, "accepted"), (20, 2, "accepted"), (20, 3, "rejected"), (60, 3, "accepted"), (59, 3, "rejected"),
     (140, 7, "accepted"), (139, 7, "rejected"), (2, 2, "accepted")],
)  # fmt: skip
def test_a_snapshot_stops_over_five_percent_and_from_three_rows(
    deliveries: Deliveries, rows: int, quarantined: int, verdict: str
) -> None:
    batch_id, status = deliveries.deliver(0, rows, quarantined)
    assert status == verdict
    accepted = rows - quarantined if verdict == "accepted" else 0
    assert deliveries.row(batch_id, *COUNTS)[:2] == (rows, accepted)


@given_settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    first=st.integers(1, 200), second=st.integers(0, 200), first_bad=st.integers(0, 12), second_bad=st.integers(0, 12)
)
def test_a_snapshot_is_judged_by_its_rate_and_by_the_last_accepted_one(
    deliveries: Deliveries, first: int, second: int, first_bad: int, second_bad: int
) -> None:
    source = f"company {deliveries.counter}"

    def expected(rows: int, bad: int, before: int) -> str:
        too_bad = bad >= 3 and Fraction(bad, rows) > Fraction(5, 100)
        return "rejected" if rows == 0 or too_bad or rows < before * Fraction(7, 10) else "accepted"

    first_bad, second_bad = min(first, first_bad), min(second, second_bad)
    _, status = deliveries.deliver(0, first, first_bad, source=source)
    assert status == expected(first, first_bad, before=0)
    before = first if status == "accepted" else 0
    _, status = deliveries.deliver(1, second, second_bad, source=source)
    assert status == expected(second, second_bad, before)


def test_half_a_list_does_not_empty_the_street(deliveries: Deliveries) -> None:
    whole, _ = deliveries.deliver(0, 100)
    half, status = deliveries.deliver(1, 69)
    assert status == "rejected"
    assert deliveries.row(half, "reason") == (f"只有 69 行，不足上次接受的批次 {whole}（100 行）的 70%",)
    assert batch.in_force(deliveries.conn, MONDAY + dt.timedelta(days=1)) == {"snapshot_feed": [whole]}
    assert deliveries.deliver(2, 70)[1] == "accepted"


@pytest.mark.parametrize(
    ("rows", "quarantined", "rule"), [(69, 0, "row_floor"), (100, 6, "quarantine_rate"), (0, 0, "no_rows")], ids=str
)
def test_p7_a_rejected_snapshot_names_the_rule_it_broke(
    deliveries: Deliveries, rows: int, quarantined: int, rule: str
) -> None:
    deliveries.deliver(0, 100)
    rejected, status = deliveries.deliver(1, rows, quarantined)
    assert status == "rejected"
    found = deliveries.conn.execute(
        "select rule, severity, passed from ops.check_result where batch_id = %s and severity = 'batch'", (rejected,)
    )
    assert found.fetchall() == [(rule, "batch", False)]


def test_the_floor_compares_with_the_last_accepted_batch_not_with_a_rejected_one(deliveries: Deliveries) -> None:
    deliveries.deliver(0, 100)
    assert deliveries.deliver(1, 60)[1] == "rejected"
    assert deliveries.deliver(2, 60)[1] == "rejected"


def test_a_list_without_rows_is_rejected_even_when_it_is_the_first(deliveries: Deliveries) -> None:
    assert deliveries.deliver(0, 0)[1] == "rejected"


def test_each_source_of_a_snapshot_is_judged_and_in_force_by_itself(deliveries: Deliveries) -> None:
    big, _ = deliveries.deliver(0, 100, source="甲物业")
    small, status = deliveries.deliver(0, 5, source="乙物业")
    assert status == "accepted"
    newer, _ = deliveries.deliver(7, 90, source="甲物业")
    assert batch.in_force(deliveries.conn, MONDAY) == {"snapshot_feed": [big, small]}
    assert batch.in_force(deliveries.conn, MONDAY + dt.timedelta(days=7)) == {"snapshot_feed": [small, newer]}


def test_events_are_never_rejected_for_a_rate_and_stay_in_force_together(deliveries: Deliveries) -> None:
    first, status = deliveries.deliver(0, 10, 9, feed="event_feed")
    assert status == "accepted"
    second, status = deliveries.deliver(1, 0, feed="event_feed")
    assert status == "accepted"
    assert batch.in_force(deliveries.conn, MONDAY) == {"event_feed": [first]}
    assert batch.in_force(deliveries.conn, MONDAY + dt.timedelta(days=1)) == {"event_feed": [first, second]}


def test_a_later_day_is_not_in_force_on_an_earlier_one(deliveries: Deliveries) -> None:
    tuesday, _ = deliveries.deliver(1, 10)
    monday, status = deliveries.deliver(0, 100)
    assert status == "accepted"
    assert batch.in_force(deliveries.conn, MONDAY) == {"snapshot_feed": [monday]}
    assert batch.in_force(deliveries.conn, MONDAY + dt.timedelta(days=1)) == {"snapshot_feed": [tuesday]}


def test_of_two_batches_of_one_day_the_later_is_in_force(deliveries: Deliveries) -> None:
    deliveries.deliver(0, 10)
    later, _ = deliveries.deliver(0, 11)
    assert batch.in_force(deliveries.conn, MONDAY) == {"snapshot_feed": [later]}


def test_the_same_bytes_of_the_same_day_are_the_same_batch(deliveries: Deliveries) -> None:
    batch_id = deliveries.register("snapshot_feed", 0, "bytes")
    assert deliveries.register("snapshot_feed", 0, "bytes") == batch_id
    deliveries.land(batch_id, 10)
    batch.promote(deliveries.conn, batch_id, "snapshot")
    assert deliveries.register("snapshot_feed", 0, "bytes") == batch_id
    assert batch.status(deliveries.conn, batch_id) == "accepted"


def test_yesterdays_file_sent_again_is_recognised_and_changes_nothing(deliveries: Deliveries) -> None:
    first = deliveries.land(deliveries.register("snapshot_feed", 0, "bytes"), 10, quarantined=1)
    batch.promote(deliveries.conn, first, "snapshot")
    again = deliveries.register("snapshot_feed", 1, "bytes")
    assert again != first
    assert deliveries.row(again, "status", *COUNTS) == ("repeated", 10, 0, 0, 10)
    assert batch.promote(deliveries.conn, again, "snapshot") == "repeated"
    assert batch.in_force(deliveries.conn, MONDAY + dt.timedelta(days=1)) == {"snapshot_feed": [first]}


def test_of_two_equal_folders_landed_together_the_second_is_a_repetition(deliveries: Deliveries) -> None:
    first, second = (deliveries.register("snapshot_feed", day, "bytes") for day in (0, 1))
    for batch_id in (first, second):
        deliveries.land(batch_id, 100, quarantined=1, superseded=2)
    assert batch.promote(deliveries.conn, first, "snapshot") == "accepted"
    assert batch.promote(deliveries.conn, second, "snapshot") == "repeated"
    assert batch.promote(deliveries.conn, second, "snapshot") == "repeated"
    assert deliveries.row(second, *COUNTS) == (100, 0, 0, 100)
    assert batch.in_force(deliveries.conn, MONDAY + dt.timedelta(days=1)) == {"snapshot_feed": [first]}
    left = deliveries.conn.execute(
        "select (select count(*) from quarantine.snapshot_feed where batch_id = %(id)s)"
        " + (select count(*) from ops.superseded_row where batch_id = %(id)s)", {"id": second}
    ).fetchone()  # fmt: skip
    assert left == (0,)


def test_a_rejected_file_sent_again_another_day_is_judged_again(deliveries: Deliveries) -> None:
    deliveries.deliver(0, 100)
    rejected = deliveries.land(deliveries.register("snapshot_feed", 1, "bytes"), 50)
    assert batch.promote(deliveries.conn, rejected, "snapshot") == "rejected"
    again = deliveries.register("snapshot_feed", 2, "bytes")
    assert batch.status(deliveries.conn, again) == "landed"


def test_two_empty_pulls_of_one_day_are_two_batches(deliveries: Deliveries) -> None:
    first = deliveries.register("event_feed", 0, "")
    assert deliveries.register("event_feed", 0, "") == first
    assert batch.promote(deliveries.conn, first, "events") == "accepted"
    second = deliveries.register("event_feed", 0, "")
    assert second != first
    assert batch.status(deliveries.conn, second) == "landed"


def test_an_operator_accepts_a_rejected_batch_by_name(deliveries: Deliveries) -> None:
    deliveries.deliver(0, 100)
    half, _ = deliveries.deliver(1, 50, 5)
    batch.accept(deliveries.conn, half, by="王主任")
    assert deliveries.row(half, "status", "accepted_by", *COUNTS) == ("accepted", "王主任", 50, 45, 5, 0)
    assert deliveries.row(half, "reason") != (None,)
    assert deliveries.deliver(2, 40)[1] == "accepted", "the accepted batch is the new measure"
    with pytest.raises(BatchError, match="accepted"):
        batch.accept(deliveries.conn, half, by="王主任")


def test_nothing_usable_cannot_be_accepted_by_anyone(deliveries: Deliveries) -> None:
    empty, _ = deliveries.deliver(0, 0)
    with pytest.raises(BatchError, match="没有可用的行"):
        batch.accept(deliveries.conn, empty, by="王主任")
    with pytest.raises(BatchError, match="没有批次 999"):
        batch.accept(deliveries.conn, 999, by="王主任")


def test_a_truncated_list_that_was_never_validated_cannot_be_accepted(deliveries: Deliveries) -> None:
    batch_id = deliveries.land(deliveries.register("snapshot_feed", 0), 7)
    deliveries.conn.execute("delete from ops.check_result")
    batch.reject(deliveries.conn, batch_id, "文件不完整")
    with pytest.raises(BatchError, match="未经逐行校验"):
        batch.accept(deliveries.conn, batch_id, by="王主任")
    assert batch.status(deliveries.conn, batch_id) == "rejected"


def test_an_unreadable_delivery_is_rejected_with_what_could_be_decoded(deliveries: Deliveries) -> None:
    batch_id = deliveries.land(deliveries.register("event_feed", 0), 7)
    batch.reject(deliveries.conn, batch_id, "文件不完整")
    batch.reject(deliveries.conn, batch_id, "文件不完整")
    assert deliveries.row(batch_id, "status", "reason", *COUNTS) == ("rejected", "文件不完整", 7, 0, 0, 0)
    assert batch.promote(deliveries.conn, batch_id, "events") == "rejected"


def test_a_failed_delivery_is_taken_up_again_and_an_accepted_one_cannot_fail(deliveries: Deliveries) -> None:
    batch_id = deliveries.register("event_feed", 0, "bytes")
    batch.fail(deliveries.conn, batch_id, "磁盘已满")
    assert deliveries.row(batch_id, "status", "reason") == ("failed", "磁盘已满")
    assert deliveries.register("event_feed", 0, "bytes") == batch_id
    assert deliveries.row(batch_id, "status", "reason") == ("landed", None)
    deliveries.land(batch_id, 1)
    batch.promote(deliveries.conn, batch_id, "events")
    with pytest.raises(BatchError, match="accepted"):
        batch.fail(deliveries.conn, batch_id, "磁盘已满")


def test_what_is_known_of_a_reopened_batchs_files_is_forgotten(deliveries: Deliveries) -> None:
    batch_id = deliveries.register("event_feed", 0, "bytes")
    batch.add_sources(deliveries.conn, batch_id, [{"name": "list.csv", "sha256": "a", "rows": 7}])
    batch.fail(deliveries.conn, batch_id, "没有读取权限")
    batch.reopen(deliveries.conn, batch_id)
    assert deliveries.row(batch_id, "sources") == ([{"name": "list.csv"}, {"name": "list.csv"}],)


def test_a_second_name_of_the_same_bytes_is_noted_once_and_brings_no_rows(deliveries: Deliveries) -> None:
    batch_id = deliveries.register("event_feed", 0, "bytes")
    for mtime in (1, 2):
        batch.add_sources(deliveries.conn, batch_id, [{"name": "b.csv", "sha256": "a", "mtime_ns": mtime, "rows": 9}])
    (sources,) = deliveries.row(batch_id, "sources")
    assert sources == [{"name": "list.csv"}, {"name": "b.csv", "sha256": "a", "mtime_ns": 2, "rows": 0}]


def test_a_failed_batch_names_the_one_that_took_its_files_place(deliveries: Deliveries) -> None:
    failed, of_another_day, of_another_company = (
        deliveries.register("snapshot_feed", day, source=source) for day, source in ((0, ""), (1, ""), (0, "甲"))
    )
    for each in (failed, of_another_day, of_another_company):
        batch.fail(deliveries.conn, each, "读不了")
    mended = deliveries.register("snapshot_feed", 0)
    batch.replaces_failed(deliveries.conn, mended)
    found = [deliveries.row(each, "status", "reason") for each in (failed, of_another_day, of_another_company)]
    assert found == [("failed", f"已由批次 {mended} 取代"), ("failed", "读不了"), ("failed", "读不了")]


def test_a_feed_without_contract_has_no_batches(deliveries: Deliveries) -> None:
    with pytest.raises(DatabaseError) as raised:
        deliveries.register("unknown_feed", 0)
    assert raised.value.table == "batch"


def test_a_connection_killed_while_promoting_leaves_the_batch_to_the_retry(
    deliveries: Deliveries, warehouse_url: str
) -> None:
    batch_id = deliveries.land(deliveries.register("snapshot_feed", 0), 10)
    deliveries.conn.commit()
    with database.connect(warehouse_url) as doomed:
        doomed.execute("select 1")  # opens the caller's transaction, which never commits
        assert batch.promote(doomed, batch_id, "snapshot") == "accepted"
        deliveries.conn.execute("select pg_terminate_backend(%s)", (doomed.info.backend_pid,))
        with pytest.raises(psycopg.OperationalError):
            doomed.execute("select 1")
        doomed.close()
    assert batch.status(deliveries.conn, batch_id) == "landed"
    assert batch.promote(deliveries.conn, batch_id, "snapshot") == "accepted"


def test_two_workers_that_promote_at_once_give_one_verdict(deliveries: Deliveries, warehouse_url: str) -> None:
    batch_id = deliveries.land(deliveries.register("snapshot_feed", 0), 10)
    deliveries.conn.commit()
    verdicts = []

    def work() -> None:
        with database.connect(warehouse_url) as conn:
            verdicts.append(batch.promote(conn, batch_id, "snapshot"))

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert verdicts == ["accepted"] * 3
    assert deliveries.row(batch_id, *COUNTS) == (10, 10, 0, 0)
