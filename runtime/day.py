"""Business days through Airflow's scheduler, each: all ingests, then one warehouse run, then the report.

A day may be run again at any time: runs that a killed command left behind are followed to their end, and each step
does nothing when there is nothing new. While one day is built the lists of the next are already taken in.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Self

from runtime.airflow_api import AirflowApi, AirflowError
from street.database import connect, scrubbed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

INGEST = "ingest__"
WAREHOUSE = "warehouse"
REPORT = "report__daily_governance"

_POLL_SECONDS = 1.0  # each question takes the time of a task
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
        """Whether it has ended, well or badly, or won't begin."""
        return self.state in ("success", "failed", "paused")


@dataclass
class Day:
    """The steps of a business date: the feeds in parallel, then the warehouse, then the report."""

    as_of: dt.date
    feeds: list[Step]
    warehouse: Step = field(default_factory=lambda: Step(WAREHOUSE, "建仓"))
    report: Step = field(default_factory=lambda: Step(REPORT, "日报"))

    @classmethod
    def of(cls, as_of: dt.date, feeds: Mapping[str, str]) -> Self:
        """Return the day before it has begun; `feeds` gives the title of each feed."""
        return cls(as_of, [Step(f"{INGEST}{feed}", title) for feed, title in feeds.items()])

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
    days: Sequence[Day],
    opens: Callable[[dt.date], None],
    show: Callable[[Day], None],
    dead: Callable[[], Sequence[str]],
) -> Day:
    """Run the days one after the other, up to the first that doesn't succeed, and return how the last one ended.

    `opens` is called before the first list of a day is taken in, `show` whenever something of a day has changed, `dead`
    names the services whose processes have ended. A day goes on without a feed that hasn't ended after a quarter of an
    hour (docs/rules.md, R-DAY-8): its step stays `running`; one that is paused in Airflow isn't begun. Raises DayError
    and AirflowError.
    """
    _wait_until_known(api, {step.dag_id for step in days[0].steps})
    follower = _Follower(api, show, _Watch(api, dead))
    opens(days[0].as_of)
    follower.begin(days[0], days[0].feeds)
    for day, following in zip_longest(days, days[1:]):
        follower.follow(day, day.feeds, _FEEDS_SECONDS)
        if following:
            opens(following.as_of)
            follower.begin(following, following.feeds)
        for step in (day.warehouse, day.report):
            follower.begin(day, [step])
            follower.follow(day, [step], _STAGE_SECONDS)
            if not step.ended:
                raise DayError(
                    f"{step.title} hasn't ended after two hours: Airflow shows its task; then run this again."
                )
        if not day.succeeded:
            break
    return day


class _Follower:
    """Begins steps and follows all that have begun, of one day and of the next."""

    def __init__(self, api: AirflowApi, show: Callable[[Day], None], watch: _Watch) -> None:
        self._api, self._show, self._watch = api, show, watch
        self._begun: list[tuple[Step, dt.date]] = []

    def begin(self, day: Day, steps: Sequence[Step]) -> None:
        """Begin steps of a day. Raises AirflowError."""
        paused = self._api.paused()
        for step in steps:
            if step.dag_id in paused:
                step.state = "paused"
                continue
            _begin(self._api, step, day.as_of)
            self._begun.append((step, day.as_of))

    def follow(self, day: Day, steps: Sequence[Step], seconds: float) -> None:
        """Wait until these steps of the day have ended, at most that many seconds. Raises AirflowError."""
        self._show(day)
        until = time.monotonic() + seconds
        while not all(step.ended for step in steps) and time.monotonic() < until:
            time.sleep(_POLL_SECONDS)
            self._look()
            self._show(day)
            self._watch.look()

    def _look(self) -> None:
        """See how all steps stand: in few questions, for Airflow's answers take the time of its tasks."""
        open_steps = [(step, as_of) for step, as_of in self._begun if not step.ended]
        try:
            states = {
                (run.dag_id, run.run_id): run.state
                for as_of in {as_of for _, as_of in open_steps}
                for run in self._api.runs("~", _prefix(as_of))
            }
            running = self._api.running()
        except AirflowError:
            return  # unanswered questions in a busy minute are no reason to give the day up; the watch knows one
        for step, as_of in open_steps:
            run = (step.dag_id, step.run_id or "")
            step.state, step.task = states.get(run, step.state), ", ".join(running.get(run, ()))
            step.seconds = time.monotonic() - (step.started or 0)
            if step.ended and step.dag_id.startswith(INGEST):
                step.rows = _rows(step.dag_id.removeprefix(INGEST), as_of)


def _wait_until_known(api: AirflowApi, wanted: set[str]) -> None:
    deadline = time.monotonic() + _KNOWN_SECONDS
    while missing := wanted - api.dag_ids():
        broken = api.import_errors()
        if broken:
            raise DayError(f"Airflow can't read {', '.join(sorted(broken))}: its page 'Import Errors' says why.")
        if time.monotonic() > deadline:
            raise DayError(f"Airflow doesn't know {', '.join(sorted(missing))} yet: see the log of dag-processor.")
        time.sleep(_POLL_SECONDS)


def _prefix(as_of: dt.date) -> str:
    """Return how the ids of a day's runs begin."""
    return f"day__{as_of}__"


def _begin(api: AirflowApi, step: Step, as_of: dt.date) -> None:
    prefix = _prefix(as_of)
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
