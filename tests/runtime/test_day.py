"""The day as `street run` follows it, on an Airflow that is only played."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import pytest

from runtime import day
from runtime.airflow_api import AirflowError, DagRun

ON, NEXT = dt.date(2020, 3, 28), dt.date(2020, 3, 29)
FEEDS = {"border_entries": "入境人员", "housing_registry": "房屋登记"}


@dataclass
class Played:
    """An Airflow whose runs end as told (None: never); it may fall silent."""

    ends: dict[str, str | None]
    begun: list[str] = field(default_factory=list)
    opened: list[dt.date] = field(default_factory=list)
    healthy: bool = True
    idle: set[str] = field(default_factory=set)
    _run_ids: dict[str, str] = field(default_factory=dict)

    def dag_ids(self) -> set[str]:
        return {*(f"ingest__{feed}" for feed in FEEDS), day.WAREHOUSE, day.REPORT}

    def paused(self) -> set[str]:
        return self.idle

    def runs(self, dag_id: str, prefix: str) -> list[DagRun]:
        if dag_id != "~":
            return []  # nothing that a killed command left
        return [
            DagRun(of, run_id, self.ends.get(of, "success") or "running")
            for run_id, of in self._run_ids.items()
            if run_id.startswith(prefix)
        ]

    def trigger(self, dag_id: str, _: dt.date, run_id: str) -> DagRun:
        self.begun.append(dag_id)
        self._run_ids[run_id] = dag_id
        return DagRun(dag_id, run_id, "queued")

    def running(self) -> dict[tuple[str, str], list[str]]:
        return {}

    def health(self) -> dict[str, str | None]:
        return dict.fromkeys(("metadatabase", "scheduler"), "healthy" if self.healthy else "unhealthy")


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLL_SECONDS", "_HEALTH_SECONDS"):
        monkeypatch.setattr(day, name, 0.01)
    monkeypatch.setattr(day, "_rows", lambda *_: "")


def _run(api: Played, dead: tuple[str, ...] = (), dates: tuple[dt.date, ...] = (ON,)) -> day.Day:
    days = [day.Day.of(on, FEEDS) for on in dates]
    return day.run(api, days, api.opened.append, lambda _: None, lambda: dead)  # type: ignore[arg-type]


def test_a6_a_feed_that_failed_is_named_and_the_report_goes_out() -> None:
    ended = _run(Played({"ingest__border_entries": "failed"}))
    assert ended.succeeded
    assert {step.dag_id: step.state for step in ended.feeds} == {
        "ingest__border_entries": "failed",
        "ingest__housing_registry": "success",
    }


def test_a6_a_feed_that_never_ends_is_waited_for_no_longer_than_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day, "_FEEDS_SECONDS", 0.1)
    api = Played({"ingest__border_entries": None})
    ended = _run(api)
    assert ended.succeeded
    assert [step.title for step in ended.feeds if not step.ended] == ["入境人员"]
    assert api.begun[-2:] == [day.WAREHOUSE, day.REPORT]


def test_a6_a_feed_that_somebody_has_paused_is_not_waited_for() -> None:
    api = Played({}, idle={"ingest__border_entries"})
    ended = _run(api)
    assert ended.succeeded
    assert [step.title for step in ended.steps if step.state == "paused"] == ["入境人员"]
    assert "ingest__border_entries" not in api.begun


def test_while_the_build_is_paused_the_day_ends_without_one() -> None:
    ended = _run(Played({}, idle={day.WAREHOUSE}))
    assert not ended.succeeded
    assert ended.warehouse.state == "paused"


def test_a_build_that_never_ends_is_given_up_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day, "_STAGE_SECONDS", 0.1)
    with pytest.raises(day.DayError, match="建仓"):
        _run(Played({day.WAREHOUSE: None}))


def test_a_dead_process_ends_the_day_at_once() -> None:
    with pytest.raises(AirflowError, match="scheduler"):
        _run(Played({day.WAREHOUSE: None}, healthy=False), dead=("scheduler",))


def test_a_silent_scheduler_whose_process_lives_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day, "_FEEDS_SECONDS", 0.3)
    assert _run(Played({"ingest__border_entries": None}, healthy=False)).succeeded


def test_a_scheduler_that_is_silent_for_minutes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(day, "_SILENT_SECONDS", 0.1)
    with pytest.raises(AirflowError, match="scheduler"):
        _run(Played({day.WAREHOUSE: None}, healthy=False))


def test_while_a_day_is_built_the_lists_of_the_next_are_taken_in() -> None:
    api = Played({})
    ended = _run(api, dates=(ON, NEXT))
    assert ended.as_of == NEXT
    assert ended.succeeded
    assert api.opened == [ON, NEXT]
    lists, builds = [f"ingest__{feed}" for feed in FEEDS], [day.WAREHOUSE, day.REPORT]
    assert api.begun == lists + lists + builds + builds


def test_a_day_that_failed_is_the_last() -> None:
    api = Played({day.WAREHOUSE: "failed"})
    assert _run(api, dates=(ON, NEXT)).as_of == ON
    assert api.begun.count(day.WAREHOUSE) == 1
