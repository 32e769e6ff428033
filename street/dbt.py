"""Run the dbt project inside this process and keep an account of it in `ops.node_run`."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import conninfo_to_dict

from street import batch
from street.database import connect, names, scrubbed
from street.messages import told as _scrub
from street.settings import as_of_at, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import date, datetime

    from dbt.cli.main import dbtRunner
    from dbt_common.events.base_types import EventMsg

PROJECT = Path(__file__).resolve().parent.parent / "dbt_project"

#: The two steps of a warehouse run; linkage works between them.
STAGING = ("resource_type:seed", "path:models/staging")
MARTS = ("path:models/core", "path:models/marts")

#: A warning comes from a test over persons: the build goes on, and a check lists whom it found (R-CHECK-1).
_PASSED = {"success", "pass", "no-op", "warn"}

#: Commands that fill tables or test what is in them.
_BUILDING = {"build", "run", "test", "snapshot"}
#: dbt's events of the level `error` that say which node failed, in dbt's own words.
_OWN_WORDS = {"LogModelResult", "LogTestResult", "LogSeedResult", "RunResultFailure", "EndOfRunSummary", "StatsLine"}
#: An error in the project's files: it was found before the database was asked.
_OF_THE_PROJECT = re.compile(r"\s*(Encountered an error:\s*|Runtime Error\s+)?(Compilation|Parsing) Error\b")


class BuildFailed(RuntimeError):  # noqa: N818 - reads as a sentence where it is caught
    """A dbt step did not succeed; the published marts stay as they were."""


@dataclass(frozen=True)
class NodeRun:
    """How one dbt node ended: `node` is its unique id, `rows` what its statement reported."""

    node: str
    status: str
    seconds: float
    rows: int | None
    message: str


def build(
    select: Sequence[str], as_of: date, as_of_at: datetime, version: int | None = None, *, url: str | None = None
) -> list[NodeRun]:
    """Build and test the selected part of the project for the business date `as_of`.

    `select` is `STAGING` or `MARTS` (or any dbt selection), `as_of_at` the moment that counts as now. Each node's
    end is written to `ops.node_run` under `version`. Raises `BuildFailed` naming the nodes that failed.
    """
    arguments = [
        "build", "--select", *select,
        "--exclude-resource-type", "unit_test",
        "--indirect-selection", "buildable",
    ]  # fmt: skip
    # In the environment, not as variables: those would have the whole project parsed again each day.
    with _environment({"WAREHOUSE_AS_OF": as_of.isoformat(), "WAREHOUSE_AS_OF_AT": as_of_at.isoformat()}):
        runs = invoke(arguments, url=url)
    _record(runs, version, url)
    failed = [run for run in runs if run.status not in _PASSED and run.status != "skipped"]
    if failed:
        named = "; ".join(f"{run.node} ({run.status}: {run.message})" for run in failed)
        skipped = sum(run.status == "skipped" for run in runs)
        raise BuildFailed(
            f"{len(failed)} of {len(runs)} dbt nodes failed for {as_of}, {skipped} were skipped, nothing is published: "
            f"{named}"
        )
    return runs


def command(
    arguments: Sequence[str],
    as_of: date | None,
    say: Callable[[str], None],
    link: Callable[[date], None],
    *,
    url: str | None = None,
) -> bool:
    """Run a dbt command that a developer gave, tell `say` what dbt prints, and return whether it succeeded.

    `as_of` None: the newest business date with an accepted batch. What the database says is told as everywhere
    (R-PRIV-7), and nothing is written to a log. A publication takes along what linkage hands to the models, or leaves
    that of another date: once there is one, a command that builds first builds staging and calls `link`. Raises
    BuildFailed when a command would build and no batch is in force for the date: its tables would be empty and its
    tests would pass over nothing.
    """
    from dbt.cli.exceptions import DbtUsageException  # noqa: PLC0415

    is_building = bool(_BUILDING & set(arguments))
    with scrubbed(), connect(url) as connection:
        as_of = as_of or batch.newest_date(connection)
        if is_building and not (as_of and batch.in_force(connection, as_of)):
            raise BuildFailed(
                f"No batch is in force for {as_of or 'any date'}, so there is nothing to build: see `street batches`, "
                "or give another --date."
            )
        is_published = connection.execute("select from ops.published limit 1").fetchone() is not None
    if is_building and as_of and is_published:
        build(STAGING, as_of, as_of_at(as_of), url=url)
        link(as_of)
    known = _known([], url)

    def tell(event: EventMsg) -> None:
        told: Any = event.info  # its fields are generated when dbt is loaded
        if told.level in ("info", "warn", "error") and (line := _told(told.level, told.name, told.msg, known)):
            say(line)

    var = folder()
    given = {
        "WAREHOUSE_AS_OF": as_of.isoformat() if as_of else None,
        "WAREHOUSE_AS_OF_AT": as_of_at(as_of).isoformat() if as_of else None,
        "DBT_PROJECT_DIR": str(PROJECT),
        "DBT_PROFILES_DIR": str(PROJECT),
        "DBT_TARGET_PATH": str(var / "target"),
        "DBT_LOG_PATH": str(var / "logs"),
        "DBT_LOG_LEVEL": "none",
        "DBT_LOG_LEVEL_FILE": "none",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    with _environment({**_connection(url), **given}):
        outcome = _runner([tell]).invoke(list(arguments))
    if isinstance(outcome.exception, DbtUsageException):
        say(str(outcome.exception))
    return bool(outcome.success)


def _told(level: str, event: str, message: str, known: Collection[str]) -> str:
    """Return what may be told of an event of dbt: its own words, of an error's only those that carry no value."""
    if level != "error" or event in _OWN_WORDS or _OF_THE_PROJECT.match(message):
        return message
    return _scrub(message, known)


def parse() -> None:
    """Have dbt read the whole project unless it has: a first build then doesn't begin with seconds of reading.

    Raises BuildFailed.
    """
    if not (folder() / "target" / "partial_parse.msgpack").is_file():
        invoke(["parse"])


def invoke(arguments: Sequence[str], *, url: str | None = None) -> list[NodeRun]:
    """Run one dbt command in this process, silently: a database message may carry a person's data.

    Nothing is logged and no artifact but the parser's cache is written. Raises `BuildFailed` when dbt itself fails.
    """
    var = folder()
    with _environment(_connection(url)):
        outcome = _runner([]).invoke(
            [
                *arguments,
                "--project-dir", str(PROJECT),
                "--profiles-dir", str(PROJECT),
                "--target-path", str(var / "target"),
                "--log-path", str(var / "logs"),
                "--log-level", "none",
                "--log-level-file", "none",
                "--no-write-json",
                "--no-send-anonymous-usage-stats",
            ]
        )  # fmt: skip
    if outcome.exception is not None:
        said = str(outcome.exception)
        told = said if _OF_THE_PROJECT.match(said) else f"{type(outcome.exception).__name__} {_scrub(said)}"
        raise BuildFailed(f"dbt {arguments[0]} could not run: {told}") from None
    results: Any = getattr(outcome.result, "results", [])
    known = _known(results, url) if any(str(result.status) not in _PASSED for result in results) else frozenset()
    return [
        NodeRun(
            node=result.node.unique_id,
            status=str(result.status),
            seconds=round(result.execution_time, 3),
            rows=(result.adapter_response or {}).get("rows_affected"),
            message=_scrub(result.message or "", known),
        )
        for result in results
    ]


def _runner(callbacks: list[Callable[[EventMsg], None]]) -> dbtRunner:
    from dbt.cli.main import dbtRunner  # noqa: PLC0415 - takes a second to import, and only a command of dbt needs it

    from street import dbt_connections  # noqa: PLC0415

    dbt_connections.keep()
    return dbtRunner(callbacks=callbacks)


def folder() -> Path:
    """Return where dbt keeps what it makes: `target` and `logs`."""
    return settings().street_var.resolve() / "dbt"


def _known(results: Sequence[Any], url: str | None) -> frozenset[str]:
    """Return the names that a message may carry: of models, and of what stands in the database's catalogue."""
    named = {name for result in results for name in (result.node.name, *getattr(result.node, "columns", ()))}
    return names(url) | named


def _connection(url: str | None) -> dict[str, str | None]:
    """Return the connection as the environment variables that dbt's profile reads."""
    address = url or settings().warehouse_url
    if address is None:
        raise BuildFailed("No warehouse is known: run `street up`, or set WAREHOUSE_URL.")
    parts = {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
    return {
        "WAREHOUSE_HOST": parts.get("host"),
        "WAREHOUSE_PORT": parts.get("port"),
        "WAREHOUSE_USER": parts.get("user"),
        "WAREHOUSE_PASSWORD": parts.get("password"),
        "WAREHOUSE_DBNAME": parts.get("dbname"),
        "WAREHOUSE_SSLMODE": parts.get("sslmode"),
        "DO_NOT_TRACK": "1",
    }


@contextlib.contextmanager
def _environment(given: Mapping[str, str | None]) -> Iterator[None]:
    """Set environment variables for as long as dbt runs; what is None is left as it is."""
    before = {name: os.environ.get(name) for name in given}
    os.environ.update({name: value for name, value in given.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _record(runs: Sequence[NodeRun], version: int | None, url: str | None) -> None:
    with scrubbed(), connect(url) as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into ops.node_run (version, node, status, seconds, rows_affected) values (%s, %s, %s, %s, %s)",
            [(version, run.node, run.status, run.seconds, run.rows) for run in runs],
        )
