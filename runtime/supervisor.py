"""Starts, stops and heals the embedded set-up: PostgreSQL, Airflow's four processes, the mail sink, the sample's API.

Everything lives below STREET_VAR, so clones run side by side. `up` may be called at any time: it starts what doesn't
run and leaves the rest alone. The clients of a database that had to be restarted are restarted with it.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import importlib.metadata
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import SecretStr

from board.accounts import COMMITTEES
from runtime.airflow_api import AirflowApi, AirflowError
from runtime.postgres import Postgres
from runtime.processes import HOST, Managed, ProcessError, answers, free_port, stop_all
from runtime.services import (
    AIRFLOW,
    AIRFLOW_LOGIN,
    AIRFLOW_MIGRATION,
    AIRFLOW_TUNING,
    API_SERVER,
    BOARD,
    BORDER_API,
    POSTGRES,
    SCHEDULER,
    SERVICES,
    SMTP_SINK,
    Place,
    Service,
    airflow_environment,
)
from street.database import scrubbed
from street.settings import ROOT, Settings, remember, settings, write_private

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

_READY_SECONDS = 300.0
_GRACE_SECONDS = 8.0
_ATTEMPTS = 4
#: The first look ends within four minutes of a bare machine, with two days run; the whole street would take five.
_SAMPLE_PERSONS = 100_000
_PORT_SPREAD = 100


@dataclass(frozen=True)
class ServiceStatus:
    """One service for people: its name, whether it runs, its process id and its address."""

    name: str
    running: bool
    pid: int | None
    address: str


class Supervisor:
    """The embedded set-up of one STREET_VAR. `say` gets a sentence for each step that takes time."""

    def __init__(self, say: Callable[[str], None] = lambda _: None) -> None:
        self._say = say
        self._given = Settings()
        self.var = self._given.street_var.resolve()
        self.postgres = Postgres(self.var / "postgres", self.var / "secrets")

    @property
    def airflow_url(self) -> str:
        """The address of Airflow's pages and REST API."""
        return f"http://{HOST}:{self._managed(API_SERVER).port() or API_SERVER.port}"

    @cached_property
    def airflow_password(self) -> str:
        """The password of AIRFLOW_LOGIN, generated once per STREET_VAR."""
        return self._secret("airflow_password", lambda: secrets.token_urlsafe(12))

    @property
    def _border_token(self) -> str:
        return self._secret("street_border_api_token", lambda: secrets.token_hex(16))

    @property
    def makes_sample(self) -> bool:
        """Whether the set-up works on a synthetic street: neither an inbox nor the border API is given."""
        return self._given.street_inbox is None and self._given.access("border_api").url is None

    @property
    def sample_dir(self) -> Path:
        """Where the synthetic street is."""
        return self.var / "sample"

    @property
    def board_url(self) -> str:
        """The address of the board's pages."""
        secure = self._given.street_board_tls_certificate is not None
        return f"{'https' if secure else 'http'}://{HOST}:{self._managed(BOARD).port() or BOARD.port}"

    def airflow(self) -> AirflowApi:
        """Return a client of this Airflow."""
        return AirflowApi(self.airflow_url, AIRFLOW_LOGIN, self.airflow_password)

    def up(self, prepare_warehouse: Callable[[], None]) -> None:
        """Bring everything up and wait until it is healthy; what runs is left alone.

        `prepare_warehouse` is called once the warehouse can be reached. Raises ProcessError and PostgresError.
        """
        with self._locked():
            if not self.postgres.answers():
                # Their connections died with the server: a clean start is quicker than waiting for each to notice.
                stop_all(map(self._managed, AIRFLOW), grace_seconds=0)
                self._say("Starting PostgreSQL")
                self.postgres.start()
            sample = self._make_sample()
            for attempt in range(1, _ATTEMPTS + 1):
                ports = {each.name: self._port(each, attempt) for each in self._services() if each.port}
                self._remember(ports)
                if attempt == 1:
                    self._say("Bringing the databases to their newest form")
                    prepare_warehouse()
                    self._migrate_airflow(self._place(ports[API_SERVER.name]))
                try:
                    self._start(ports, sample)
                except ProcessError:
                    # Another clone may have taken a port between our look and the server's: take other ones.
                    if attempt == _ATTEMPTS:
                        raise
                    stop_all(map(self._managed, self._services()), grace_seconds=0)
                else:
                    return

    def down(self) -> None:
        """Stop everything, the database last."""
        if not self.var.is_dir():
            return
        with self._locked():
            stop_all((self._managed(each) for each in SERVICES if each is not POSTGRES), _GRACE_SECONDS)
            self.postgres.stop()

    def status(self) -> list[ServiceStatus]:
        """Return what runs where."""
        pid = self.postgres.pid()
        address = f"{HOST}:{self.postgres.port()}" if pid else ""
        found = [ServiceStatus(POSTGRES.name, pid is not None, pid, address)]
        for service in self._services():
            managed = self._managed(service)
            pid, port = managed.pid(), managed.port()
            found.append(ServiceStatus(service.name, pid is not None, pid, f"{HOST}:{port}" if pid and port else ""))
        return found

    def environment(self) -> dict[str, str]:
        """Return the environment of the services, for a command of Airflow's; a container's has it already.

        Raises PostgresError when the database doesn't run.
        """
        if "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" in os.environ:
            return dict(os.environ)
        return self._environment(self._place(self._managed(API_SERVER).port() or API_SERVER.port or 0))

    def dead(self) -> list[str]:
        """Return those of the services without which no run ends whose processes have ended."""
        database = [] if self.postgres.pid() else [POSTGRES.name]
        return database + [each.name for each in (API_SERVER, SCHEDULER) if self._managed(each).pid() is None]

    def _services(self) -> tuple[Service, ...]:
        """Return those of SERVICES that run here besides the database; what the office hasn't given is stood in for."""
        sink = () if self._given.smtp_host else (SMTP_SINK,)
        sample = (BORDER_API,) if self.makes_sample else ()
        return (*AIRFLOW, *sink, *sample, BOARD)

    def _managed(self, service: Service) -> Managed:
        return Managed(service.name, self.var / "run", self._logs)

    @property
    def _logs(self) -> Path:
        return self.var / "logs"

    def _port(self, service: Service, attempt: int) -> int:
        """Return the port of a running service, else a free one, the one it had before if possible."""
        managed = self._managed(service)
        port = managed.port()
        if port is not None and managed.pid() is not None:
            return port
        if port is not None and not answers(port):
            return port
        preferred = self._given.street_board_port if service is BOARD else service.port or 0
        # Clones that start at the same time and have collided would collide again: they part at random.
        return free_port(preferred + (secrets.randbelow(_PORT_SPREAD) if attempt > 1 else 0))

    def _secret(self, name: str, make: Callable[[], str]) -> str:
        path = self.var / "secrets" / name
        if not path.is_file():
            write_private(path, make())
        return path.read_text(encoding="utf-8")

    def _remember(self, ports: Mapping[str, int]) -> None:
        """Let this and later commands find the set-up (street.settings)."""
        plain: dict[str, object] = {}
        hidden: dict[str, str] = {}
        if self._given.warehouse_url is None:
            hidden["warehouse_url"] = self.postgres.url("warehouse")
        if self._given.street_board_database_url is None:
            hidden["street_board_database_url"] = make_conninfo(
                self._given.warehouse_url or self.postgres.url("warehouse"),
                user=COMMITTEES,
                password=self._secret("board_password", lambda: secrets.token_urlsafe(24)),
            )
        if self._given.street_hmac_key is None:
            hidden["street_hmac_key"] = self._secret("street_hmac_key", lambda: secrets.token_hex(32))
        if self._given.smtp_host is None:
            plain |= {"smtp_host": HOST, "smtp_port": ports[SMTP_SINK.name]}
        if not self._given.report_recipients:
            plain["report_recipients"] = ["director@localhost", "duty@localhost"]
        if not self._given.alert_recipients and self._given.smtp_host is None:
            plain["alert_recipients"] = ["duty@localhost"]
        if self.makes_sample:
            plain["street_inbox"] = str(self.sample_dir / "inbox")
            plain["street_scenario_runs"] = str(self.sample_dir / "scenario_runs.json")
            plain["street_border_api_url"] = f"http://{HOST}:{ports[BORDER_API.name]}"
            hidden["street_border_api_token"] = self._border_token
        remember(plain, hidden)

    def _migrate_airflow(self, place: Place) -> None:
        # The command takes some 8 s, also when there is nothing to do: a note of what it has done is quicker.
        note = self.var / "airflow" / "migrated.json"
        version = importlib.metadata.version("apache-airflow")
        with scrubbed(), psycopg.connect(self.postgres.url("airflow")) as connection:
            table = connection.execute("select to_regclass('public.alembic_version')").fetchone()
            exists = table is not None and table[0] is not None
            revision = connection.execute("select version_num from alembic_version").fetchone() if exists else None
        if revision and note.is_file() and json.loads(note.read_text("utf-8")) == [version, *revision]:
            return
        self._say("Making Airflow's database")
        command = [sys.executable, *AIRFLOW_MIGRATION]
        log = self._log("airflow-migrate")
        with log.open("ab") as file:
            done = subprocess.run(
                command, env=self._environment(place), cwd=ROOT, stdout=file, stderr=file, check=False
            )
        if done.returncode:
            raise ProcessError(f"Airflow's database can't be migrated: see {log}.")
        with scrubbed(), psycopg.connect(self.postgres.url("airflow")) as connection:
            revision = connection.execute("select version_num from alembic_version").fetchone()
        write_private(note, json.dumps([version, *(revision or ())]))

    def _make_sample(self) -> subprocess.Popen[bytes] | None:
        """Start making the synthetic street if it is needed and missing: it takes as long as Airflow's start."""
        if not self.makes_sample or (self.sample_dir / "manifest.json").is_file():
            return None
        self._say("Making the sample street")
        partial = self.var / "sample.part"
        shutil.rmtree(partial, ignore_errors=True)
        log = self._log("sample")
        with log.open("ab") as file:
            command = [sys.executable, "-m", "runtime.cli", "sample", "--day-before", "--out", str(partial)]
            command += ["--persons", str(_SAMPLE_PERSONS)]
            return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file)

    def _finish_sample(self, sample: subprocess.Popen[bytes] | None) -> None:
        if sample is None or sample.returncode == 0:
            return
        if sample.wait() != 0:
            raise ProcessError(f"The sample street can't be made: see {self._log('sample')}.")
        shutil.rmtree(self.sample_dir, ignore_errors=True)
        (self.var / "sample.part").rename(self.sample_dir)

    def _log(self, name: str) -> Path:
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self._logs / f"{name}.log"

    def _start(self, ports: Mapping[str, int], sample: subprocess.Popen[bytes] | None) -> None:
        services = self._services()
        place = self._place(ports[API_SERVER.name])
        environment = self._environment(place)
        starts = [
            (
                each,
                each.started(place, ports.get(each.name)),
                environment if each.settings is None else {**os.environ, **as_environment(each.settings)},
            )
            for each in services
        ]
        # Each may take all of its grace: they end together.
        changed = [
            self._managed(each) for each, command, told in starts if self._managed(each).runs_otherwise(command, told)
        ]
        stop_all(changed, _GRACE_SECONDS)
        if not all(self._managed(each).pid() for each in services):
            self._say("Starting Airflow")
        if self._managed(SCHEDULER).pid() is None:
            self._bury_scheduler()
        for service, command, told in starts:
            if service is BORDER_API:
                self._finish_sample(sample)
            self._managed(service).start(command, told, ROOT, ports.get(service.name))
        deadline = time.monotonic() + _READY_SECONDS
        while not self._is_healthy():
            for service in services:
                managed = self._managed(service)
                if managed.pid() is None:
                    raise ProcessError(f"{service.name} ended while it started: see {managed.log}.")
            if time.monotonic() > deadline:
                raise ProcessError(f"Airflow isn't healthy after {_READY_SECONDS:.0f} s: see {self._logs}.")
            time.sleep(0.25)

    def _bury_scheduler(self) -> None:
        """Tell Airflow that its scheduler is dead, so that the next one takes over its tasks at once."""
        with scrubbed(), psycopg.connect(self.postgres.url("airflow")) as connection:
            connection.execute("update job set state = 'failed' where job_type = 'SchedulerJob' and state = 'running'")

    def _is_healthy(self) -> bool:
        if not all(self._managed(each).is_ready() for each in self._services()):
            return False
        with self.airflow() as api:
            health = api.health()
            if any(health.get(each.component) != "healthy" for each in AIRFLOW if each.component):
                return False
            try:
                api.log_in()  # another clone's Airflow on this port would not let us in
            except AirflowError:
                return False
            return api.warm()

    def _place(self, port: int) -> Place:
        """Return this machine as a place for services, Airflow's API server on `port`."""
        logins = self.var / "secrets" / "airflow_logins.json"
        write_private(logins, json.dumps({AIRFLOW_LOGIN: self.airflow_password}))
        url = f"http://{HOST}:{port}"
        return Place(
            python=sys.executable,
            code=str(ROOT),
            var=str(self.var),
            sample=str(self.sample_dir),
            listen=HOST,
            api_server=url,
            pages=url,
            api_port=str(port),
            database=self.postgres.url("airflow"),
            schedules=str(settings().street_schedules),
            fernet_key=self._secret("airflow_fernet_key", _fernet_key),
            secret_key=self._secret("airflow_secret_key", lambda: secrets.token_hex(32)),
            jwt_secret=self._secret("airflow_jwt_secret", lambda: secrets.token_hex(64)),
            logins={
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{AIRFLOW_LOGIN}:admin",
                "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(logins),
            },
        )

    def _environment(self, place: Place) -> dict[str, str]:
        """Return the environment of Airflow and its tasks: all settings, then Airflow's own."""
        own = {
            "STREET_VAR": str(self.var),
            "AIRFLOW_CONN_SMTP_DEFAULT": _smtp_connection(settings()),
            # The services talk to each other: a proxy of the environment has no part in it.
            "NO_PROXY": ",".join(filter(None, [os.environ.get("NO_PROXY"), HOST, "localhost"])),
        }
        return {**AIRFLOW_TUNING, **os.environ, **as_environment(), **airflow_environment(place), **own}

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.var.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (self.var / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def as_environment(names: Iterable[str] = tuple(Settings.model_fields)) -> dict[str, str]:
    """Return settings as the environment variables that give them; what isn't set is left out."""
    told: dict[str, str] = {}
    for name in names:
        value = _value(name)
        if value is None or value == ():
            continue
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        elif isinstance(value, tuple):
            value = ",".join(value)
        told[name.upper()] = str(value)
    return told


def _value(name: str) -> object:
    """Return a setting of the office, or of a server that a contract names."""
    if name in Settings.model_fields:
        return getattr(settings(), name)
    server, _, what = name.removeprefix("street_").rpartition("_")
    return getattr(settings().access(server), what)


def _fernet_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode("ascii")


def _smtp_connection(values: Settings) -> str:
    # By the port's meaning: 465 TLS from the start, 587 STARTTLS, others plain.
    extra = {
        "from_email": values.smtp_from,
        "disable_ssl": values.smtp_port != 465,
        "disable_tls": values.smtp_port != 587,
    }
    connection: dict[str, object] = {"conn_type": "smtp", "host": values.smtp_host, "port": values.smtp_port}
    if values.smtp_user:
        password = values.smtp_password.get_secret_value() if values.smtp_password else ""
        connection |= {"login": values.smtp_user, "password": password}
    return json.dumps({**connection, "extra": extra})
