"""The warehouse run of a business date: decide -> staging -> link -> models -> check -> publish.

One run for one morning, though each raw asset of the date and the clock wake it: it ends at once when the batches in
force are those of the published version, or when an ingest of that date is still under way (the last to end does it,
well or badly). The clock's run, and one that somebody asked for, builds whatever is under way (docs/rules.md, R-DAY-8).
A failure anywhere leaves the published marts as they were.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, PartitionedAssetTimetable, PartitionedAtRuntime, get_parsing_context
from office import DEFAULTS, START, business_date, by_clock, notify, step

from sources.contract import all_contracts
from street.settings import as_of_at

if TYPE_CHECKING:
    import datetime as dt

    from airflow.sdk.bases.timetable import BaseTimetable
    from airflow.sdk.definitions.asset import BaseAsset

log = logging.getLogger(__name__)

DAG_ID = "warehouse"
CLOCK_ID = "warehouse__clock"
CLOCK = Asset("clock_day")


def _schedule() -> BaseTimetable:
    # Each asset by itself, never all of them: a monthly list must not hold back the day.
    if get_parsing_context().dag_id is not None:  # a task has no need of it, and reads no contract for it
        return PartitionedAtRuntime()
    woken_by: BaseAsset = CLOCK
    for contract in all_contracts():
        woken_by |= Asset(f"raw.{contract.feed}")
    return PartitionedAssetTimetable(assets=woken_by)


with DAG(
    dag_id=DAG_ID,
    dag_display_name="建仓 · 清洗、关联、建模、发布",
    description="由在用批次重建并一次性发布全部数据集市。",
    doc_md=(
        "分区键为业务日期。在用批次与已发布版本相同时立即结束；同一日期还有入库在运行时让最后结束的一个来做；"
        "每日时钟到点时不等任何来源。"
        "任何一步失败，已发布的数据保持不变。重跑过去的日期只订正那一天的历史，不回退当前数据。\n\n"
        "各模型耗时见 `ops.node_run`，版本见 `ops.version`。"
    ),
    schedule=_schedule(),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    tags=["建仓"],
    default_args=DEFAULTS,
):

    @step(kind="short_circuit", task_display_name="判断")
    def decide(dag_run: Any = None, ti: Any = None) -> int | None:
        from scenarios import register
        from street import batch, ingests, publish
        from street.database import connect

        as_of = business_date(dag_run)
        with connect() as connection:
            waited_for = [
                feed
                for feed, run_id in (ingests.under_way(connection, as_of) if _is_woken_by_a_feed(dag_run) else [])
                # A run that was killed or stopped by hand has not said that it ended.
                if ti.get_dr_count(f"ingest__{feed}", run_ids=[run_id], states=["queued", "running"])
            ]
            if waited_for:
                log.info("%s：等待 %s 入库结束，由它唤醒。", as_of, "、".join(waited_for))
                return None
            if not batch.in_force(connection, as_of):
                log.info("%s：还没有任何在用批次，无可建。", as_of)
                return None
            for refused in register.sync(connection):
                log.warning(refused)
            if publish.is_current(connection, as_of):
                log.info("%s：已发布的版本就是最新的。", as_of)
                return None
            version: int = publish.start_version(connection, as_of, as_of_at(as_of))
            return version

    def fail(context: Any) -> None:
        """Record that the version being built won't be published; the report tells it."""
        from street import publish
        from street.database import connect

        version = context["ti"].xcom_pull(task_ids="decide")
        try:
            if version is not None:
                with connect() as connection:
                    publish.fail_version(connection, version, context["ti"].task_id)
        finally:
            notify(context)

    @step(on_failure_callback=fail, task_display_name="清洗")
    def staging(version: int, dag_run: Any = None) -> None:
        _build("STAGING", business_date(dag_run), version)

    @step(on_failure_callback=fail, task_display_name="关联")
    def link(dag_run: Any = None) -> None:
        from linkage.run import link as link_records

        link_records(business_date(dag_run), all_contracts())

    @step(on_failure_callback=fail, task_display_name="建模")
    def models(version: int, dag_run: Any = None) -> None:
        _build("MARTS", business_date(dag_run), version)

    @step(on_failure_callback=fail, task_display_name="核对")
    def check(version: int) -> None:
        from expectations.marts import check as check_marts

        check_marts(version)

    @step(on_failure_callback=fail, task_display_name="发布", outlets=[Asset("marts")])
    def publish(version: int) -> None:
        from street import publish as publication
        from street.database import connect

        with connect() as connection:
            publication.publish(connection, version)

    _version = decide()
    staging(_version) >> link() >> models(_version) >> check(_version) >> publish(_version)


def _is_woken_by_a_feed(run: Any) -> bool:
    """Return whether nothing but feeds has woken a run: neither the clock nor a person."""
    woken_by = {event.asset.name for event in run.consumed_asset_events}
    return run.run_type == "asset_triggered" and CLOCK.name not in woken_by


def _build(part: str, as_of: dt.date, version: int) -> None:
    from street import dbt

    dbt.build(getattr(dbt, part), as_of, as_of_at(as_of), version)


with DAG(
    dag_id=CLOCK_ID,
    dag_display_name="建仓 · 每日时钟",
    description="每天 07:00 唤醒建仓，名单没有到齐也照常建仓。",
    schedule=by_clock("0 7 * * *"),
    start_date=START,
    catchup=False,
    tags=["建仓"],
    default_args=DEFAULTS,
):

    @step(task_display_name="到点", outlets=[CLOCK])
    def strike() -> None:
        """Emit the asset alone."""

    strike()
