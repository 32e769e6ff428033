"""One DAG a feed, `ingest__<feed>`, from its contract: land -> validate -> promote, and with schedules -> wake.

However a run ends, `wake` tells the warehouse: a feed that failed holds up nobody (docs/rules.md, R-DAY-8).
A run takes every delivery for its business date or an earlier one that has not been landed, each as its own batch, and
may be repeated at any time ("now", not a data interval): what was landed is recognised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, Asset, get_parsing_context
from airflow.sdk.exceptions import AirflowFailException
from office import DEFAULTS, START, business_date, by_clock, step

from sources.contract import Contract, all_contracts, load
from sources.failures import PassingError, PermanentError
from street.settings import settings

if TYPE_CHECKING:
    import datetime as dt

    from airflow.sdk import CronPartitionTimetable

PREFIX = "ingest__"

_DOC = """
**{title}**，{department}报送。{purpose}

{limits}

- 业务主键：{key}；装载方式：{load_mode}；频次：{cadence}，应于 {due_at} 前到达。
- 依据：{legal_basis}
- 分区键为业务日期（YYYY-MM-DD，上海时间）。重跑安全：已入库的批次会被识别，不会重复。
- 批次被拒绝时本次运行为失败，仍使用上一批；`street batches` 查看原因，`street batch accept 批次号` 人工接受。
"""


def ingest(contract: Contract) -> DAG:
    """Return the DAG of one feed."""
    asset = Asset(f"raw.{contract.feed}")
    is_scheduled = settings().street_schedules
    with DAG(
        dag_id=f"{PREFIX}{contract.feed}",
        dag_display_name=f"入库 · {contract.title_zh}",
        description=contract.purpose,
        doc_md=_DOC.format(
            title=contract.title_zh,
            department=contract.department,
            purpose=contract.purpose,
            limits=contract.limits,
            key="、".join(contract.column(name).header for name in contract.business_key) or "无",
            load_mode=contract.load_mode,
            cadence=contract.cadence,
            due_at=contract.due_at,
            legal_basis="；".join(contract.legal_basis),
        ),
        schedule=_schedule(contract),
        start_date=START,
        catchup=False,
        max_active_runs=1,  # a feed's batches are judged one after the other
        tags=["入库", contract.department],
        # Before the warehouse: an ingest that is queued has begun when a build asks who is under way.
        default_args={**DEFAULTS, "owner": contract.department, "priority_weight": 10},
    ) as dag:
        # Mostly nothing has come: what would follow is skipped, for each task takes a second of the machine.
        @step(kind="short_circuit", task_display_name="接收入库")
        def land(dag_run: Any = None) -> dict[str, Any] | None:
            from street import ingests
            from street.database import connect

            if is_scheduled:
                with connect() as connection:
                    ingests.begin(connection, contract.feed, dag_run.run_id, business_date(dag_run))
            return _landed(contract.feed, business_date(dag_run))

        @step(task_display_name="校验")
        def validate(landing: dict[str, Any]) -> dict[str, Any]:
            from street import batch
            from street.database import connect

            with connect() as connection:
                landed = [each for each in landing["batch_ids"] if batch.status(connection, each) == "landed"]
            if landed:
                from expectations.gate import validate as validate_batch  # heavy

                for batch_id in landed:
                    validate_batch(batch_id)
            return landing

        @step(task_display_name="生效", outlets=[] if is_scheduled else [asset])
        def promote(landing: dict[str, Any]) -> None:
            _promote(contract, landing)

        promoted = promote(validate(land()))
        if is_scheduled:
            # Without a new batch too: the warehouse run that waited for this one is woken by the asset.
            @step(task_display_name="唤醒建仓", outlets=[asset])
            def wake(dag_run: Any = None) -> None:
                from street import ingests
                from street.database import connect

                with connect() as connection:
                    ingests.end(connection, contract.feed, dag_run.run_id)

            # A teardown runs whatever happened before it, and leaves the run failed that has failed.
            promoted >> wake().as_teardown()
    return dag


def _landed(feed: str, on: dt.date) -> dict[str, Any] | None:
    """Return the batches to be judged, and the sentence about what couldn't be landed, if there was anything.

    None: nothing has come and nothing is left to be judged. What lies beside the trouble isn't held up by it: it is
    judged, and the run then fails with the sentence. With nothing beside it the error is raised, and what may pass is
    tried again.
    """
    from sources.landing import land
    from street.batch import unjudged
    from street.database import connect

    fresh: list[int] = []
    trouble = None
    try:
        fresh = land(feed, on)
    except (PassingError, PermanentError) as error:
        trouble = error
    with connect() as connection:
        left = unjudged(connection, feed)  # also what a killed run has landed and never judged
    if trouble is not None and not left:
        raise trouble
    batch_ids = [*(each for each in fresh if each not in left), *left]
    return {"batch_ids": batch_ids, "trouble": trouble and str(trouble)} if batch_ids else None


def _promote(contract: Contract, landing: dict[str, Any]) -> None:
    """Give each batch its verdict; fails for what was refused and for what couldn't be landed (R-BATCH-10)."""
    from street import batch
    from street.database import connect

    with connect() as connection:
        verdicts = {each: batch.promote(connection, each, contract.load_mode) for each in landing["batch_ids"]}
    refused = [str(each) for each, verdict in verdicts.items() if verdict in ("rejected", "failed")]
    told = [landing["trouble"]] if landing["trouble"] else []
    if refused:
        told.append(f"批次 {'、'.join(refused)} 未被接受，沿用上一批。")
    if told:
        raise AirflowFailException(f"{contract.title_zh}：{' '.join(told)}")


def _schedule(contract: Contract) -> CronPartitionTimetable:
    hour, minute = contract.due_at.split(":")
    # From the hour it is due a file is looked for every hour: a late one is taken the same day, an early look is cheap.
    hours = "*" if contract.cadence == "hourly" else f"{int(hour)}-23"
    return by_clock(f"{int(minute)} {hours} * * *")


# A task reads this file again: it needs its own feed's contract only.
_asked = get_parsing_context().dag_id
if _asked is None:
    _contracts = all_contracts()
elif _asked.startswith(PREFIX):
    _contracts = [load(_asked.removeprefix(PREFIX))]
else:
    _contracts = []
for _contract in _contracts:
    ingest(_contract)
