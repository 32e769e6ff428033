"""Long-running processes of the embedded set-up: started once, found again by later commands, stopped whole.

A process is remembered in `<run>/<name>.json` by its id AND its start time, so a recycled id is never taken for it.
Each is the leader of a session of its own: what it forked is found by the session, also when the leader was killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psutil

from street.settings import write_private

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

HOST = "127.0.0.1"
LOG_BYTES = 10 * 2**20
_SAME_START_SECONDS = 2.0  # the boot time that start times count from may jitter by a second


class ProcessError(RuntimeError):
    """A process can't be started or doesn't get ready; the sentence says which and where its log is."""


@dataclass(frozen=True)
class Managed:
    """One process by name: `run_dir` remembers it, `log_dir` keeps what it prints."""

    name: str
    run_dir: Path
    log_dir: Path

    @property
    def log(self) -> Path:
        """Its log."""
        return self.log_dir / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.run_dir / f"{self.name}.json"

    def start(self, command: Sequence[str], environment: Mapping[str, str], cwd: Path, port: int | None = None) -> None:
        """Start it unless it runs; what a killed leader left is ended first."""
        if self.pid() is not None:
            return
        self.kill()
        self.log_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.log.is_file() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        started = _started(psutil.Process(process.pid))
        record = {"pid": process.pid, "started": started, "port": port, "asked": _fingerprint(command, environment)}
        write_private(self._record, json.dumps(record))

    def runs_otherwise(self, command: Sequence[str], environment: Mapping[str, str]) -> bool:
        """Return whether it runs, but was started by another command or with other settings than these."""
        return self.pid() is not None and self._read()["asked"] != _fingerprint(command, environment)

    def pid(self) -> int | None:
        """Return its process id, or None when it doesn't run."""
        record = self._read()
        if not record:
            return None
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(int(record["pid"]))
            if _is_same(process, record["started"]) and process.status() != psutil.STATUS_ZOMBIE:
                return int(process.pid)
        return None

    def port(self) -> int | None:
        """Return the port it was last started with."""
        port = self._read().get("port")
        return None if port is None else int(port)

    def is_ready(self) -> bool:
        """Return whether it runs and, if it has a port, is the one that listens there: it may be another clone's."""
        port = self.port()
        if self.pid() is None or port is None:
            return self.pid() is not None
        for process in self._members():
            with contextlib.suppress(psutil.Error):
                for socket_ in process.net_connections("tcp"):
                    if socket_.status == psutil.CONN_LISTEN and socket_.laddr.port == port:
                        return True
        return False

    def terminate(self) -> None:
        """Ask it to end."""
        pid = self.pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def kill(self) -> None:
        """End whatever of it still runs, its children too, and forget it."""
        for process in self._members():
            with contextlib.suppress(psutil.Error):
                process.kill()
        gone_by = time.monotonic() + 5
        while self._members() and time.monotonic() < gone_by:
            time.sleep(0.05)
        self._record.unlink(missing_ok=True)

    def _members(self) -> list[psutil.Process]:
        record = self._read()
        if not record:
            return []
        session = int(record["pid"])
        with contextlib.suppress(psutil.Error):
            # Another process has the leader's id by now: then its session is gone, and this one is a stranger's.
            if not _is_same(psutil.Process(session), record["started"]):
                return []
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if (
                    os.getsid(process.pid) == session
                    and process.status() != psutil.STATUS_ZOMBIE
                    and _started(process) >= record["started"] - _SAME_START_SECONDS
                ):
                    found.append(process)
        return found

    def _read(self) -> dict[str, Any]:
        try:
            record: dict[str, Any] = json.loads(self._record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return record


def stop_all(processes: Iterable[Managed], grace_seconds: float) -> None:
    """End processes together: ask, wait at most `grace_seconds`, then kill what is left."""
    processes = list(processes)
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace_seconds
    while any(process.pid() for process in processes) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in processes:
        process.kill()


def free_port(preferred: int) -> int:
    """Return the first port from `preferred` on that nobody holds on 127.0.0.1. Raises ProcessError."""
    for port in range(preferred, preferred + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
    raise ProcessError(f"No free port from {preferred} to {preferred + 199} on {HOST}.")


def answers(port: int) -> bool:
    """Return whether somebody accepts connections on a port of this machine."""
    with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
        return True
    return False


def _fingerprint(command: Sequence[str], environment: Mapping[str, str]) -> str:
    # Only what configures our processes: a shell's own variables differ from call to call.
    prefixes = ("AIRFLOW", "STREET_", "WAREHOUSE_", "SMTP_", "REPORT_", "ALERT_")
    told = sorted((name, value) for name, value in environment.items() if name.startswith(prefixes))
    return hashlib.sha256(json.dumps([list(command), told]).encode()).hexdigest()


def _started(process: psutil.Process) -> float:
    # Seconds since boot: a clock that is set doesn't change them.
    return float(process.create_time() - psutil.boot_time())


def _is_same(process: psutil.Process, started: float) -> bool:
    return abs(_started(process) - started) < _SAME_START_SECONDS
