"""A business day through Airflow's scheduler: all ingests, then one warehouse run, then the report.

A day may be run again at any time: runs that a killed command left behind are followed to their end, and each step
does nothing when there is nothing new.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runtime.airflow_api import AirflowApi, AirflowError, DagRun
from street.database import connect, scrubbed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

INGEST = "ingest__"
WAREHOUSE = "warehouse"
REPORT = "report__daily_governance"

_POLL_SECONDS = 0.4
_KNOWN_SECONDS = 300.0
_HEALTH_SECONDS = 5.0
_SILENT_SECONDS = 300.0  # a process that lives on a busy machine may miss many a beat
_FEEDS_SECONDS = 900.0
_STAGE_SECONDS = 7200.0
_NEEDED = ("metadatabase", "scheduler")


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


def run(
    api: AirflowApi,
    as_of: dt.date,
    feeds: Mapping[str, str],
    show: Callable[[Day], None],
    dead: Callable[[], Sequence[str]],
) -> Day:
    """Run the day and return how it ended.

    `feeds` gives the title of each feed, `show` is called whenever something has changed, `dead` names the services
    whose processes have ended. The day goes on without a feed that hasn't ended after a quarter of an hour
    (docs/rules.md, R-DAY-8): its step stays `running`. Raises DayError and AirflowError.
    """
    day = Day(as_of, [Step(f"{INGEST}{feed}", title) for feed, title in feeds.items()])
    _wait_until_known(api, {step.dag_id for step in day.steps})
    watch = _Watch(api, dead)
    for stage in (day.feeds, [day.warehouse], [day.report]):
        for step in stage:
            _begin(api, step, as_of)
        show(day)
        until = time.monotonic() + (_FEEDS_SECONDS if stage is day.feeds else _STAGE_SECONDS)
        while not all(step.ended for step in stage) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            for step in day.steps:
                if not step.ended:
                    _look(api, step, as_of)
            show(day)
            watch.look()
        if stage is not day.feeds and not stage[0].ended:
            raise DayError(
                f"{stage[0].title} hasn't ended after two hours: Airflow shows its task; then run this again."
            )
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


class _Watch:
    """Notices that Airflow is dead, whose runs would never end; one that is only slow is waited for."""

    def __init__(self, api: AirflowApi, dead: Callable[[], Sequence[str]]) -> None:
        self._api, self._dead = api, dead
        self._looked = self._well = time.monotonic()

    def look(self) -> None:
        """Look now and then. Raises AirflowError."""
        now = time.monotonic()
        if now - self._looked < _HEALTH_SECONDS:
            return
        self._looked = now
        lost = list(self._dead())
        health = {} if lost else self._api.health()
        sick = [part for part in _NEEDED if health.get(part) != "healthy"]
        if not sick:
            self._well = now
        elif lost or now - self._well > _SILENT_SECONDS:
            raise AirflowError(f"Airflow has lost its {' and its '.join(lost or sick)}; run this again: it heals.")


def _look(api: AirflowApi, step: Step, as_of: dt.date) -> None:
    if step.run_id is None or step.started is None:
        return
    try:
        found: DagRun = api.run(step.dag_id, step.run_id)
        running = [task.task_id for task in api.tasks(step.dag_id, step.run_id) if task.state == "running"]
    except AirflowError:
        return  # unanswered questions in a busy minute are no reason to give the day up; the watch knows one
    step.state, step.task = found.state, ", ".join(running)
    step.seconds = time.monotonic() - step.started
    if step.ended and step.dag_id.startswith(INGEST):
        step.rows = _rows(step.dag_id.removeprefix(INGEST), as_of)


def _rows(feed: str, as_of: dt.date) -> str:
    """Tell what became of the newest delivery of a feed (ops.batch)."""
    with scrubbed(), connect() as connection:
        newest = connection.execute(
            "select status, rows_received, rows_accepted, rows_quarantined, rows_superseded from ops.batch"
            " where feed = %s and business_date <= %s order by business_date desc, batch_id desc limit 1",
            (feed, as_of),
        ).fetchone()
    if newest is None:
        return "无批次"
    status, received, *parts = newest
    whole = f"{status}: {received:,}"
    return whole + (" = " + " + ".join(f"{part:,}" for part in parts) if status == "accepted" else "")
