from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from airflow.sdk import AssetAny, CronPartitionTimetable, PartitionedAssetTimetable, PartitionedAtRuntime
from airflow.sdk.exceptions import AirflowFailException

from sources.contract import all_contracts
from sources.failures import PassingError, PermanentError
from street.database import DatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import DAG

    ReadDags = Callable[[], DagBag]

FEEDS = {contract.feed: contract for contract in all_contracts()}


def test_every_dag_file_is_read_and_every_feed_has_its_dag(read_dags: ReadDags) -> None:
    bag = read_dags()
    assert bag.import_errors == {}
    assert {"household_registry", "housing_registry", "border_entries"} <= set(FEEDS)
    assert set(bag.dags) == {*(f"ingest__{feed}" for feed in FEEDS), "warehouse", "report__daily_governance"}


def test_without_schedules_a_dag_runs_only_when_asked_for_a_date(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", "off")
    for dag in read_dags().dags.values():
        assert isinstance(dag.timetable, PartitionedAtRuntime), dag.dag_id


def test_a_feeds_dag_says_in_chinese_what_its_contract_says(read_dags: ReadDags) -> None:
    dags = read_dags().dags
    for feed, contract in FEEDS.items():
        dag = dags[f"ingest__{feed}"]
        assert contract.title_zh in dag.dag_display_name
        assert contract.department in str(dag.doc_md)
        assert contract.legal_basis[0] in str(dag.doc_md)
        assert {task.owner for task in dag.tasks} == {contract.department}
        assert dag.max_active_runs == 1


def test_a_feed_is_landed_then_validated_then_promoted_and_tells_its_asset(read_dags: ReadDags) -> None:
    for feed in FEEDS:
        dag = read_dags().dags[f"ingest__{feed}"]
        assert _in_order(dag) == ["land", "validate", "promote"]
        assert [outlet.name for outlet in dag.get_task("promote").outlets] == [f"raw.{feed}"]


def test_the_warehouse_publishes_only_what_was_checked(read_dags: ReadDags) -> None:
    dag = read_dags().dags["warehouse"]
    assert _in_order(dag) == [
        "decide", "staging", "link", "models", "check", "publish",
    ]  # fmt: skip
    assert dag.max_active_runs == 1
    assert [outlet.name for outlet in dag.get_task("publish").outlets] == ["marts"]


def test_every_task_is_retried_with_back_off_and_its_failure_is_mailed(read_dags: ReadDags) -> None:
    for dag in read_dags().dags.values():
        for task in dag.tasks:
            assert task.retries
            assert task.retry_exponential_backoff
            assert task.on_failure_callback, f"{dag.dag_id}.{task.task_id}"


def test_with_schedules_each_dag_has_its_clock_and_any_asset_wakes_the_warehouse(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", "on")
    bag = read_dags()
    assert bag.import_errors == {}
    for name in (*(f"ingest__{feed}" for feed in FEEDS), "report__daily_governance", "warehouse__clock", "docs"):
        assert isinstance(bag.dags[name].timetable, CronPartitionTimetable), name
    timetable = bag.dags["warehouse"].timetable
    assert isinstance(timetable, PartitionedAssetTimetable)
    # Any of them alone: a monthly list must not hold back the day.
    assert isinstance(timetable.asset_condition, AssetAny)
    woken_by = {getattr(asset, "name", None) for asset in timetable.asset_condition.objects}
    assert woken_by == {*(f"raw.{feed}" for feed in FEEDS), "clock_day"}


def test_the_clocks_keys_are_business_dates_of_shanghai(read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch) -> None:
    from airflow.serialization.decoders import decode_timetable
    from airflow.serialization.encoders import encode_timetable

    monkeypatch.setenv("STREET_SCHEDULES", "on")
    timetable = decode_timetable(encode_timetable(read_dags().dags["report__daily_governance"].timetable))
    # 07:30 in Shanghai is still the day before in UTC: the key must not be.
    found = list(
        timetable.iter_partition_dagrun_infos(
            earliest=dt.datetime(2020, 3, 28, tzinfo=dt.UTC), latest=dt.datetime(2020, 3, 28, 23, tzinfo=dt.UTC)
        )
    )
    assert [each.partition_key for each in found] == ["2020-03-28"]
    assert found[0].run_after == dt.datetime(2020, 3, 27, 23, 30, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (PassingError("busy"), PassingError),
        (OSError("disk"), PassingError),
        (DatabaseError("57P01"), PassingError),
        (DatabaseError(None), PassingError),
        (DatabaseError("23505", table="x"), AirflowFailException),
        (PermanentError("broken"), AirflowFailException),
        (KeyError("a name"), AirflowFailException),
    ],
)
def test_only_failures_that_may_pass_are_tried_again(
    read_dags: ReadDags, error: Exception, kind: type[Exception]
) -> None:
    read_dags()
    import office

    assert type(office._told(error)) is kind


def test_an_unknown_error_reaches_airflow_without_its_values(read_dags: ReadDags) -> None:
    read_dags()
    import office

    with pytest.raises(AirflowFailException) as caught:
        office.step()(_breaks).function()
    shown = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__context__!r}"
    assert "ValueError" in shown
    assert "张三" not in shown


def _in_order(dag: DAG) -> list[str]:
    return [task.task_id for task in dag.topological_sort()]


def _breaks() -> None:
    raise ValueError("张三 310115199001011234")
