"""A business day through Airflow's scheduler: all ingests, then one warehouse run, then the report.

A day may be run again at any time: runs that a killed command left behind are followed to their end, and each step
does nothing when there is nothing new.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from street.airflow_api import AirflowApi, AirflowError, DagRun
from street.database import connect, scrubbed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WAREHOUSE = "warehouse"
REPORT = "report__daily_governance"

_POLL_SECONDS = 0.4
_KNOWN_SECONDS = 90.0


class DayError(RuntimeError):
    """The day can't be run; the sentence says what to do."""


@dataclass
class Step:
    """One DAG of the day as people follow it."""

    dag_id: str
    title: str
    state: str = "waiting"
    run_id: str | None = None
    task: str = ""
    started: float | None = None
    seconds: float = 0.0
    rows: str = ""

    @property
    def ended(self) -> bool:
        """Whether it has ended, well or badly."""
        return self.state in ("success", "failed")


@dataclass
class Day:
    """The steps of a business date: the feeds in parallel, then the warehouse, then the report."""

    as_of: dt.date
    feeds: list[Step]
    warehouse: Step = field(default_factory=lambda: Step(WAREHOUSE, "建仓"))
    report: Step = field(default_factory=lambda: Step(REPORT, "日报"))

    @property
    def steps(self) -> list[Step]:
        """All steps in order."""
        return [*self.feeds, self.warehouse, self.report]

    @property
    def succeeded(self) -> bool:
        """Whether the marts and the report are there; a feed that ended badly is named in both."""
        return self.warehouse.state == self.report.state == "success"


def run(api: AirflowApi, as_of: dt.date, feeds: Mapping[str, str], show: Callable[[Day], None]) -> Day:
    """Run the day and return how it ended.

    `feeds` gives the title of each feed, `show` is called whenever something has changed.
    Raises DayError and AirflowError.
    """
    day = Day(as_of, [Step(f"ingest__{feed}", title) for feed, title in feeds.items()])
    _wait_until_known(api, {step.dag_id for step in day.steps})
    for stage in (day.feeds, [day.warehouse], [day.report]):
        for step in stage:
            _begin(api, step, as_of)
        _follow(api, stage, lambda: show(day))
        if stage is day.feeds:
            _tell_rows(day)
            show(day)
    return day


def _wait_until_known(api: AirflowApi, wanted: set[str]) -> None:
    deadline = time.monotonic() + _KNOWN_SECONDS
    while missing := wanted - api.dag_ids():
        broken = api.import_errors()
        if broken:
            raise DayError(f"Airflow can't read {', '.join(sorted(broken))}: its page 'Import Errors' says why.")
        if time.monotonic() > deadline:
            raise DayError(f"Airflow doesn't know {', '.join(sorted(missing))} yet: see the log of dag-processor.")
        time.sleep(_POLL_SECONDS)


def _begin(api: AirflowApi, step: Step, as_of: dt.date) -> None:
    prefix = f"day__{as_of}__"
    step.started = time.monotonic()
    # A command that was killed leaves its run going: it is followed, not doubled.
    unfinished = next((each for each in api.runs(step.dag_id, prefix) if not each.ended), None)
    found = unfinished or api.trigger(step.dag_id, as_of, f"{prefix}{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}")
    step.run_id, step.state = found.run_id, found.state


def _follow(api: AirflowApi, stage: Sequence[Step], changed: Callable[[], None]) -> None:
    changed()
    while not all(step.ended for step in stage):
        time.sleep(_POLL_SECONDS)
        for step in stage:
            if not step.ended:
                _look(api, step)
        changed()


def _look(api: AirflowApi, step: Step) -> None:
    if step.run_id is None or step.started is None:
        return
    try:
        found: DagRun = api.run(step.dag_id, step.run_id)
        running = [task.task_id for task in api.tasks(step.dag_id, step.run_id) if task.state == "running"]
    except AirflowError:
        # One unanswered question in a busy minute is no reason to give the day up; a dead server is.
        if not api.health():
            raise
        return
    step.state, step.task = found.state, ", ".join(running)
    step.seconds = time.monotonic() - step.started


def _tell_rows(day: Day) -> None:
    """Tell what became of the newest delivery of each feed (ops.batch)."""
    with scrubbed(), connect() as connection:
        found = connection.execute(
            "select distinct on (feed) feed, status, rows_received, rows_accepted, rows_quarantined, rows_superseded"
            " from ops.batch where business_date <= %s order by feed, business_date desc, batch_id desc",
            (day.as_of,),
        ).fetchall()
    told = {
        feed: f"{status}: {received:,} = {accepted:,} + {quarantined:,} + {superseded:,}"
        if status == "accepted"
        else f"{status}: {received:,}"
        for feed, status, received, accepted, quarantined, superseded in found
    }
    for step in day.feeds:
        step.rows = told.get(step.dag_id.removeprefix("ingest__"), "无批次")
