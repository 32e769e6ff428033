"""A client of Airflow's REST API: trigger a run for a business date, follow it (a CLI call would cost 4-5 s each)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import httpx

if TYPE_CHECKING:
    import datetime as dt
    from types import TracebackType

ENDED = frozenset({"success", "failed"})
"""The states in which a run stays."""

_TRANSPORT_RETRIES = 3
_TIMEOUT_SECONDS = 30.0
_TRIGGER_SECONDS = 120.0  # not asked twice, so a busy machine is given its time


class AirflowError(RuntimeError):
    """Airflow can't be reached or refuses; the sentence says what was asked."""


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG, as Airflow tells it."""

    dag_id: str
    run_id: str
    state: str

    @property
    def ended(self) -> bool:
        """Whether the run has ended, well or badly."""
        return self.state in ENDED


@dataclass(frozen=True)
class TaskState:
    """One task of a run: its state (None: not yet scheduled) and its seconds so far."""

    task_id: str
    state: str | None
    seconds: float


class AirflowApi:
    """A session on one Airflow, logged in lazily; use it as a context manager."""

    def __init__(self, base_url: str, user: str, password: str) -> None:
        self._credentials = {"username": user, "password": password}
        self._client = httpx.Client(
            base_url=base_url,
            timeout=_TIMEOUT_SECONDS,
            # The server is on this machine or inside the office: a proxy of the environment has no part in it.
            transport=httpx.HTTPTransport(retries=_TRANSPORT_RETRIES),
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._client.close()

    def health(self) -> dict[str, str | None]:
        """Return the state of each component (`metadatabase`, `scheduler`, ...); empty when nobody answers."""
        try:
            response = self._client.get("/api/v2/monitor/health", timeout=5.0)
            response.raise_for_status()
            return {name: part.get("status") for name, part in response.json().items()}
        except (httpx.HTTPError, ValueError, AttributeError):
            return {}

    def warm(self) -> bool:
        """Let Airflow load the API that its tasks talk to, which takes seconds; return whether it answers."""
        try:
            return self._client.get("/execution/health").is_success
        except httpx.HTTPError:
            return False

    def log_in(self) -> None:
        """Get a token. Raises AirflowError, also when another Airflow answers at this address."""
        try:
            response = self._client.post("/auth/token", json=self._credentials)
            response.raise_for_status()
            self._client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
        except (httpx.HTTPError, ValueError, KeyError):
            raise AirflowError(f"Airflow at {self._client.base_url} does not let us log in.") from None

    def dag_ids(self) -> set[str]:
        """Return the ids of the DAGs that Airflow knows. Raises AirflowError."""
        return {dag["dag_id"] for dag in self._call("GET", "/dags", params={"limit": 100})["dags"]}

    def paused(self) -> set[str]:
        """Return the ids of the DAGs that somebody has paused: their runs don't begin. Raises AirflowError."""
        return {dag["dag_id"] for dag in self._call("GET", "/dags", params={"limit": 100, "paused": True})["dags"]}

    def import_errors(self) -> list[str]:
        """Return the files of DAGs that can't be read. Raises AirflowError."""
        return [error["filename"] for error in self._call("GET", "/importErrors")["import_errors"]]

    def trigger(self, dag_id: str, business_date: dt.date, run_id: str) -> DagRun:
        """Start a run for a business date (its partition key). Raises AirflowError."""
        body = {"dag_run_id": run_id, "logical_date": None, "partition_key": business_date.isoformat()}
        return _run(self._call("POST", f"/dags/{dag_id}/dagRuns", json=body, timeout=_TRIGGER_SECONDS))

    def runs(self, dag_id: str, run_id_prefix: str) -> list[DagRun]:
        """Return the runs of a DAG (`~`: of all) whose id begins with the prefix, the newest first.

        At most 100. Raises AirflowError.
        """
        query = {"run_id_prefix_pattern": run_id_prefix, "order_by": "-id", "limit": 100}
        return [_run(each) for each in self._call("GET", f"/dags/{dag_id}/dagRuns", params=query)["dag_runs"]]

    def run(self, dag_id: str, run_id: str) -> DagRun:
        """Return a run as it stands. Raises AirflowError."""
        return _run(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))

    def running(self) -> dict[tuple[str, str], list[str]]:
        """Return the tasks that run now, by the ids of their DAG and run. Raises AirflowError."""
        found: dict[tuple[str, str], list[str]] = {}
        query = {"state": "running", "limit": 100}
        for each in self._call("GET", "/dags/~/dagRuns/~/taskInstances", params=query)["task_instances"]:
            found.setdefault((each["dag_id"], each["dag_run_id"]), []).append(each["task_id"])
        return found

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        """Return the tasks of a run. Raises AirflowError."""
        found = self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
        return [TaskState(each["task_id"], each["state"], each["duration"] or 0.0) for each in found]

    def _call(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 - any JSON
        if "Authorization" not in self._client.headers:
            self.log_in()
        try:
            response = self._client.request(method, f"/api/v2{path}", **request)
            if response.status_code == httpx.codes.UNAUTHORIZED:  # the token has run out
                self.log_in()
                response = self._client.request(method, f"/api/v2{path}", **request)
            response.raise_for_status()
            return response.json()
        except httpx.HTTPStatusError as error:
            raise AirflowError(f"Airflow answers {error.response.status_code} to {method} {path}.") from None
        except (httpx.HTTPError, ValueError):
            raise AirflowError(f"Airflow does not answer {method} {path}; `street up` heals it.") from None


def _run(told: dict[str, Any]) -> DagRun:
    return DagRun(told["dag_id"], told["dag_run_id"], told["state"])
