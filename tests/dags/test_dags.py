from __future__ import annotations

import datetime as dt
import json
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.standard.operators.python import PythonOperator, ShortCircuitOperator
from airflow.sdk import AssetAny, CronPartitionTimetable, PartitionedAssetTimetable
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from airflow.serialization.serialized_objects import DagSerialization

from sources import archive
from sources.connectors import pulls
from sources.contract import all_contracts
from sources.failures import PassingError, PermanentError, SourceAwayError
from sources.registry import sync
from street import ingests
from street.database import DatabaseError
from street.settings import as_of_at, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import DAG

    ReadDags = Callable[[], DagBag]

MONDAY = dt.date(2020, 3, 23)
FEEDS = {contract.feed: contract for contract in all_contracts()}
OF_THE_OFFICE = ("warehouse", "warehouse__clock", "report__daily_governance", "docs", "retain")


def test_every_dag_file_is_read_and_every_feed_has_its_dag(read_dags: ReadDags) -> None:
    bag = read_dags()
    assert bag.import_errors == {}
    assert {"household_registry", "housing_registry", "border_entries"} <= set(FEEDS)
    assert set(bag.dags) == {*(f"ingest__{feed}" for feed in FEEDS), *OF_THE_OFFICE}


def test_without_schedules_a_clock_shows_its_next_hour_and_has_struck_for_no_hour_before(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", "false")
    clocks = [dag for dag in read_dags().dags.values() if isinstance(dag.timetable, CronPartitionTimetable)]
    assert len(clocks) == len(FEEDS) + 4
    for dag in clocks:
        told = DagSerialization.from_dict(DagSerialization.to_dict(dag))
        following = told.next_dagrun_info(last_automated_run_info=None)
        assert following is not None
        assert following.run_after > dt.datetime.now(dt.UTC), dag.dag_id


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


@pytest.mark.parametrize("schedules", ["true", "false"])
def test_each_dag_shows_its_clock_and_any_asset_wakes_the_warehouse(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch, schedules: str
) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", schedules)
    bag = read_dags()
    assert bag.import_errors == {}
    for name in (
        *(f"ingest__{feed}" for feed in FEEDS),
        "report__daily_governance",
        "warehouse__clock",
        "docs",
        "retain",
    ):
        assert isinstance(bag.dags[name].timetable, CronPartitionTimetable), name
    timetable = bag.dags["warehouse"].timetable
    assert isinstance(timetable, PartitionedAssetTimetable)
    # Any of them alone: a monthly list must not hold back the day.
    assert isinstance(timetable.asset_condition, AssetAny)
    woken_by = {getattr(asset, "name", None) for asset in timetable.asset_condition.objects}
    assert woken_by == {*(f"raw.{feed}" for feed in FEEDS), "clock_day"}


def test_with_schedules_a_feed_that_failed_wakes_the_warehouse_too(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", "on")
    for feed in FEEDS:
        dag = read_dags().dags[f"ingest__{feed}"]
        assert _in_order(dag) == ["land", "validate", "promote", "wake"]
        wake = dag.get_task("wake")
        # A teardown runs whatever became of the others, and the run's state is that of the others.
        assert wake.is_teardown
        assert not wake.on_failure_fail_dagrun
        assert [outlet.name for outlet in wake.outlets] == [f"raw.{feed}"]
        assert dag.get_task("promote").outlets == []


def test_what_has_arrived_is_judged_although_its_source_is_away_now(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    for name, value in {
        "STREET_VAR": str(tmp_path),
        "STREET_BORDER_API_URL": "http://127.0.0.1:9",  # nobody listens
        "STREET_BORDER_API_TOKEN": "a token of a test",
        "STREET_PULL_PATIENCE_SECONDS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    dag = read_dags().dags["ingest__border_entries"]
    yesterday = MONDAY - dt.timedelta(days=1)
    pull = pulls.begin("border_entries", yesterday, as_of_at(yesterday), None)
    page = {"data": [{"entry_id": "E1", "document_no": "E1", "entered_at": "2020-03-20T10:00:00+08:00"}]}
    archive.write(pull.folder / "page-000001.json", json.dumps({**page, "next_cursor": None}).encode())
    landing = _function(dag, "land")(dag_run=SimpleNamespace(partition_key=MONDAY.isoformat(), run_id="r"))
    assert len(landing["batch_ids"]) == 1
    with pytest.raises(AirflowFailException, match="入境人员"):
        _function(dag, "promote")(_function(dag, "validate")(landing))
    assert warehouse.execute("select status, rows_accepted from ops.batch").fetchall() == [("accepted", 1)]
    warehouse.commit()
    with pytest.raises(Exception, match="SourceAwayError"):  # nothing is left beside it
        _function(dag, "land")(dag_run=SimpleNamespace(partition_key=MONDAY.isoformat(), run_id="r"))


def test_where_nothing_has_come_the_rest_of_an_ingest_is_skipped_and_the_warehouse_woken(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch, warehouse: psycopg.Connection, tmp_path: Path
) -> None:
    monkeypatch.setenv("STREET_VAR", str(tmp_path))
    monkeypatch.setenv("STREET_INBOX", str(tmp_path))
    monkeypatch.setenv("STREET_SCHEDULES", "on")
    dag = read_dags().dags["ingest__housing_registry"]
    land = dag.get_task("land")
    assert isinstance(land, ShortCircuitOperator)
    sync(warehouse)
    warehouse.commit()
    assert not _function(dag, "land")(dag_run=SimpleNamespace(partition_key=MONDAY.isoformat(), run_id="r"))
    assert dag.get_task("wake").is_teardown  # what a short circuit leaves alone


@pytest.fixture
def decide(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch, warehouse: psycopg.Connection
) -> Callable[..., int | None]:
    """The first task of the warehouse, on a warehouse with a batch in force that nobody has built."""
    warehouse.execute(
        "insert into ops.feed (feed, title_zh, department, load_mode, cadence, due_at, retention_days, about_person,"
        " about_arrival, contract_version)"
        " values ('x', 'x', '科室', 'snapshot', 'daily', '02:00', 35, true, false, '1')"
    )
    warehouse.execute(
        "insert into ops.batch (feed, business_date, received_at, sources, sha256, contract_version, status)"
        " values ('x', %s, now(), '[]', '', '1', 'accepted')",
        (MONDAY,),
    )
    warehouse.commit()
    monkeypatch.setenv("STREET_SCHEDULES", "on")
    function = _function(read_dags().dags["warehouse"], "decide")

    def call(*woken_by: str, on: dt.date = MONDAY, running: int = 1) -> int | None:
        run = SimpleNamespace(
            run_type="asset_triggered" if woken_by else "manual",
            partition_key=on.isoformat(),
            consumed_asset_events=[SimpleNamespace(asset=SimpleNamespace(name=name)) for name in woken_by],
        )
        version: int | None = function(dag_run=run, ti=SimpleNamespace(get_dr_count=lambda *_, **__: running))
        return version

    return call


def test_a5_a_build_that_a_feed_woke_waits_for_an_ingest_of_the_same_date(
    decide: Callable[..., int | None], warehouse: psycopg.Connection
) -> None:
    ingests.begin(warehouse, "border_entries", "hangs", MONDAY)
    warehouse.commit()
    assert decide("raw.returnees") is None
    ingests.end(warehouse, "border_entries", "hangs")
    warehouse.commit()
    assert decide("raw.border_entries") is not None


@pytest.mark.parametrize("woken_by", [("clock_day",), ("raw.returnees", "clock_day"), ()])
def test_a5_the_clock_and_a_person_wait_for_nobody(
    decide: Callable[..., int | None], warehouse: psycopg.Connection, woken_by: tuple[str, ...]
) -> None:
    ingests.begin(warehouse, "border_entries", "hangs", MONDAY)
    warehouse.commit()
    assert decide(*woken_by) is not None


def test_a5_an_ingest_of_another_date_or_a_killed_one_is_not_waited_for(
    decide: Callable[..., int | None], warehouse: psycopg.Connection
) -> None:
    ingests.begin(warehouse, "border_entries", "another", MONDAY - dt.timedelta(days=1))
    warehouse.commit()
    assert decide("raw.returnees") is not None
    ingests.begin(warehouse, "border_entries", "killed", MONDAY)
    warehouse.commit()
    assert decide("raw.returnees", running=0) is not None


def test_nothing_is_built_before_anything_is_in_force(decide: Callable[..., int | None]) -> None:
    assert decide("clock_day", on=MONDAY - dt.timedelta(days=1)) is None


@pytest.mark.parametrize(("dag_id", "task_id"), [("report__daily_governance", "render"), ("docs", "write")])
def test_before_the_first_publication_a_clock_that_strikes_is_skipped(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch, warehouse_url: str, dag_id: str, task_id: str
) -> None:
    monkeypatch.setenv("STREET_SCHEDULES", "on")
    function = _function(read_dags().dags[dag_id], task_id)
    arguments = {"dag_run": SimpleNamespace(partition_key=MONDAY.isoformat())} if task_id == "render" else {}
    with pytest.raises(AirflowSkipException, match="还没有发布过"):
        function(**arguments)


def test_those_on_duty_are_told_once_a_day_of_a_standing_failure(
    read_dags: ReadDags, monkeypatch: pytest.MonkeyPatch, warehouse_url: str
) -> None:
    monkeypatch.setenv("ALERT_RECIPIENTS", "duty@localhost")
    monkeypatch.setenv("REPORT_RECIPIENTS", "director@localhost")
    read_dags()
    office = sys.modules["office"]
    mails: list[tuple[str, ...]] = []
    monkeypatch.setattr(office, "_mail", lambda recipients, *_: mails.append(recipients))

    def fail(on: str, reason: str) -> None:
        office.notify(
            {
                "ti": SimpleNamespace(dag_id="ingest__border_entries", task_id="land"),
                "dag_run": SimpleNamespace(partition_key=on),
                "dag": SimpleNamespace(dag_display_name="入库"),
                "exception": PassingError(reason),
            }
        )

    for _ in range(3):
        fail("2020-03-23", "接口连接中断")
    assert mails == [("duty@localhost",)]
    fail("2020-03-23", "接口拒绝了请求")
    fail("2020-03-24", "接口连接中断")
    assert len(mails) == 3
    monkeypatch.setenv("ALERT_RECIPIENTS", "")
    settings.cache_clear()
    fail("2020-03-25", "接口连接中断")
    assert len(mails) == 3


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
        (DatabaseError("53300"), PassingError),
        (DatabaseError("53100"), PassingError),
        (DatabaseError("57P03"), PassingError),
        (SourceAwayError("asked for a minute"), AirflowFailException),
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


def test_a_full_disk_is_told_with_a_sentence(read_dags: ReadDags) -> None:
    read_dags()
    office = sys.modules["office"]
    assert "磁盘已满" in str(office._told(OSError(28, "No space left on device", "/secret/张三.csv")))
    assert "张三" not in str(office._told(OSError(28, "No space left on device", "/secret/张三.csv")))
    assert "磁盘已满" in str(office._told(DatabaseError("53100")))
    assert "连接已用完" in str(office._told(DatabaseError("53300")))


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


def _function(dag: DAG, task_id: str) -> Callable[..., Any]:
    task = dag.get_task(task_id)
    assert isinstance(task, PythonOperator)
    return task.python_callable


def _breaks() -> None:
    raise ValueError("张三 310115199001011234")
