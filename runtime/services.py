"""The one list of services: what `street up` starts, `street status` prints and docker-compose.yml is rendered from.

A service is the same program with the same settings on this machine and in a container; what differs between the two
is a `Place`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

AIRFLOW_LOGIN = "admin"
"""The login of Airflow that is there from the beginning."""

AIRFLOW_MIGRATION = ("-m", "airflow", "db", "migrate")
"""The arguments of Python that bring Airflow's database to its newest form, before any of AIRFLOW starts."""

# What the tasks of a day import, the dear ones first (runtime/preload.py).
_PRELOADED = (
    "airflow.sdk.execution_time.task_runner",
    "airflow.providers.standard.decorators.python",
    "airflow.providers.smtp.hooks.smtp",
    "great_expectations",
    "dbt.cli.main",
    "dbt.task.build",
    "dbt.adapters.postgres",
    "polars",
    "pandas",
    "pyarrow.parquet",
    "open_data_contract_standard.model",
    "psycopg",
    "alembic.command",
    "matplotlib.backends.backend_agg",
    "pypinyin",
    "jinja2",
)

POSTGRES_SETTINGS: Mapping[str, str] = {
    "max_connections": "200",
    "reserved_connections": "60",  # for the office's own: readers never hold them all
    "timezone": "UTC",
    "log_timezone": "UTC",
    # No value of a row may reach the log: not by DETAIL or CONTEXT (terse), not by the statement (panic),
    # not by an error's own sentence ("invalid input syntax ... "), which ranks below `log`.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_messages": "log",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    # Two cores, whole-table work, two models at a time (dbt's threads): workers beside them win nothing, and stand
    # in the way of those who look at the board (docs/benchmarks_board.md). No compilation of short queries.
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "jit": "off",
    "random_page_cost": "1.1",
}
"""What the server is told wherever it runs; what depends on the machine is in runtime/postgres.py."""

POSTGRES_INITDB = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
"""How the server's data directory is made."""

POSTGRES_RIGHTS = (
    # The warehouse makes the reader roles and gives each committee its own (street/access.py).
    "alter role warehouse createrole",
    # Readers have no business in the other databases, and the warehouse's own doors are street.database's.
    "revoke all on database airflow, postgres, template1 from public",
    "grant pg_use_reserved_connections to airflow",
    # Airflow commits all the time; what it forgets in a power cut it does again, and each task may be repeated.
    "alter role airflow set synchronous_commit = off",
)
"""What a superuser settles once the roles and databases `airflow` and `warehouse` are there."""


@dataclass(frozen=True)
class Limits:
    """What a container of a service may take at most, as compose writes it.

    A bound on what goes wrong, with room above what was seen at the most on a street of 3,000 persons: the scheduler
    with its tasks 1,134 MB and 57 threads, the API server 267 MB, PostgreSQL 189 MB, each other one under 200 MB.
    """

    memory: str
    pids: int


@dataclass(frozen=True)
class Service:
    """One service.

    `command` may name fields of a `Place`, and its own `{port}`, in braces. `port` is where it listens; on this machine
    the first free port from there. It is well when Airflow's health calls the `component` healthy, or when it answers
    at the path `answers`. `settings` are the settings it is told; None: all of them, and Airflow's. People open the
    `pages` of a service in a browser.
    """

    name: str
    command: tuple[str, ...]
    limits: Limits
    port: int | None = None
    component: str | None = None
    answers: str | None = None
    settings: tuple[str, ...] | None = ()
    pages: bool = False

    def started(self, place: Place, port: int | None = None) -> list[str]:
        """Return the command with which it is started there, on `port` where that isn't its own."""
        named = {**vars(place), "port": port or self.port}
        return [word.format(**named) for word in self.command]


POSTGRES = Service(
    name="postgres",
    command=("postgres", *(word for name, value in POSTGRES_SETTINGS.items() for word in ("-c", f"{name}={value}"))),
    port=5432,
    limits=Limits("4g", 300),
)
"""On this machine it is runtime/postgres.py that starts it, on a port further up: the machine may have one already."""

API_SERVER = Service(
    name="api-server",
    command=("{python}", "-m", "airflow", "api-server"),
    port=8080,
    component="metadatabase",
    pages=True,
    settings=None,
    limits=Limits("2g", 200),
)
SCHEDULER = Service(
    # The tasks are its children: the heaviest reads a list (STREET_READ_MEMORY_MB), several at a time.
    name="scheduler",
    command=("{python}", "-m", "runtime.preload", *_PRELOADED, "--", "airflow", "scheduler", "--skip-serve-logs"),
    component="scheduler",
    settings=None,
    limits=Limits("8g", 500),
)
DAG_PROCESSOR = Service(
    name="dag-processor",
    command=("{python}", "-m", "airflow", "dag-processor"),
    component="dag_processor",
    settings=None,
    limits=Limits("1g", 100),
)
TRIGGERER = Service(
    name="triggerer",
    command=("{python}", "-m", "airflow", "triggerer", "--skip-serve-logs"),
    component="triggerer",
    settings=None,
    limits=Limits("1g", 100),
)
AIRFLOW = (API_SERVER, SCHEDULER, DAG_PROCESSOR, TRIGGERER)

SMTP_SINK = Service(
    name="smtp-sink",
    command=("{python}", "-m", "runtime.smtp_sink", "--dir", "{var}/mail", "--port", "{port}"),
    port=2525,
    limits=Limits("256m", 50),
)
"""Keeps every message where no mail server is given; with Docker it is Mailpit that does."""

BORDER_API = Service(
    name="border-api",
    command=(
        "{python}", "-m", "sample.border_api", "--data", "{sample}/border", "--host", "{listen}", "--port", "{port}",
        "--faults",
    ),
    port=8765,
    answers="/healthz",
    settings=("street_border_api_token",),
    limits=Limits("512m", 50),
)  # fmt: skip
"""The port of the synthetic street."""

REPORTS = Service(
    name="reports",
    command=(
        "{python}", "-m", "runtime.report_server", "--dir", "{var}/reports", "--host", "{listen}", "--port", "{port}",
    ),
    port=8090,
    answers="/",
    pages=True,
    limits=Limits("256m", 50),
)  # fmt: skip
"""Shows the reports to people who don't get at a container's files; on this machine they are files in STREET_VAR."""

BOARD = Service(
    name="board",
    command=("{python}", "-m", "board", "--host", "{listen}", "--port", "{port}"),
    port=8081,
    answers="/alive",
    settings=(
        "street_board_database_url", "street_board_tls_certificate", "street_board_tls_key", "street_board_proxy",
    ),
    pages=True,
    limits=Limits("512m", 100),
)  # fmt: skip
"""The picture people work with; it knows no other way into the database than its own logins."""

SERVICES = (POSTGRES, *AIRFLOW, SMTP_SINK, BORDER_API, REPORTS, BOARD)
"""All of them, in the order in which they start."""


@dataclass(frozen=True)
class Place:
    """Where the services run: this machine, or containers, where a value may name variables of compose."""

    python: str
    code: str
    """The folder of this project."""
    var: str
    sample: str
    """The folder of the synthetic street."""
    listen: str
    """The address that a service listens at."""
    api_server: str
    """Address of the API server for the other services."""
    pages: str
    """Its address for people."""
    api_port: str
    database: str
    """URL of Airflow's database, `postgresql://`."""
    schedules: str
    """STREET_SCHEDULES: whether Airflow's clocks and assets start runs."""
    fernet_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    jwt_secret: str = field(repr=False)
    logins: Mapping[str, str]
    """Settings of the authentication manager."""


def airflow_environment(place: Place) -> dict[str, str]:
    """Return Airflow's settings there as environment variables, and those of the packages that its tasks use.

    AIRFLOW_TUNING comes to it.
    """
    database = place.database.replace("postgresql://", "postgresql+psycopg://", 1)
    return {
        "AIRFLOW_HOME": f"{place.var}/airflow",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__DAGS_FOLDER": f"{place.code}/dags",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{place.api_server}/execution/",
        "AIRFLOW__CORE__FERNET_KEY": place.fernet_key,
        **place.logins,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": database,
        "AIRFLOW__API__HOST": place.listen,
        "AIRFLOW__API__PORT": place.api_port,
        "AIRFLOW__API__BASE_URL": place.pages,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__INSTANCE_NAME": "街道治理数据仓库",
        "AIRFLOW__API__SECRET_KEY": place.secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": place.jwt_secret,
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        # Each DAG has its schedule, for people to see; whether it fires is the office's to say.
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": place.schedules,
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "MPLCONFIGDIR": f"{place.var}/cache/matplotlib",
        "PYTHONUNBUFFERED": "1",
    }


AIRFLOW_TUNING: Mapping[str, str] = {
    # Two cores: few workers, one parser; a short idle sleep because a task waits for it between two others.
    "AIRFLOW__CORE__PARALLELISM": "4",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
    "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "10",
    # A scheduler that misses beats on a busy machine lives; that one was killed `up` says itself (_bury_scheduler).
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "120",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "60",
    "AIRFLOW__CORE__DEFAULT_TIMEZONE": "Asia/Shanghai",
    "AIRFLOW__LOGGING__NAMESPACE_LEVELS": "great_expectations=WARNING httpx=WARNING",
}
"""What a small machine needs of Airflow; on this machine the environment may say otherwise."""
