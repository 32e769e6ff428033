"""A task waits for whoever looks at the board: on the machine's own scheduler, with real processes of a real server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import psycopg

from street import priority

if TYPE_CHECKING:
    from collections.abc import Callable

    from runtime.postgres import Postgres

#: A task: it gives way, then asks its server for something that takes long, and tells its own priority.
_TASK = """
import os, sys
from street.database import connect
from street.priority import giving_way
with giving_way():
    pass
with giving_way(), connect() as connection:
    print(connection.info.backend_pid, os.getpriority(os.PRIO_PROCESS, 0), flush=True)
    connection.execute("select pg_sleep(30)")
"""


def _wait(is_so: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.05)
    return is_so()


def _lower(niceness: int) -> int:
    return min(niceness + 10, 19)  # the lowest there is


def test_a_task_and_what_the_server_does_for_it_wait_for_others(warehouse_url: str, postgres: Postgres) -> None:
    command = [sys.executable, "-c", _TASK]
    reader = psycopg.connect(postgres.admin_url())
    with subprocess.Popen(
        command, env={**os.environ, "WAREHOUSE_URL": warehouse_url}, stdout=subprocess.PIPE, text=True
    ) as task:
        try:
            assert task.stdout is not None
            backend, own = map(int, task.stdout.readline().split())
            beside = psutil.Process(reader.info.backend_pid).nice()
            assert own == _lower(os.getpriority(os.PRIO_PROCESS, 0))
            assert _wait(lambda: psutil.Process(backend).nice() == _lower(beside))
            assert psutil.Process(reader.info.backend_pid).nice() == beside
        finally:
            task.kill()
            reader.close()


def test_a_number_that_is_another_processs_here_is_left_alone() -> None:
    """On a server elsewhere a backend's number means nothing on this machine."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as stranger:
        try:
            before = psutil.Process(stranger.pid).nice()
            assert priority._lower({stranger.pid, 2**22 + 1}, set()) == {stranger.pid, 2**22 + 1}
            assert psutil.Process(stranger.pid).nice() == before
        finally:
            stranger.kill()
