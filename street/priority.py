"""Readers first: while a task works, its processes and its share of the database server wait for those of the board.

PostgreSQL knows no priority of a query, the machine's scheduler does: what a task does through its login is done by
processes of the server, and whoever runs the server may lower theirs. Where the server runs elsewhere, or as somebody
else, they stay as they are (measured: docs/benchmarks_board.md).
"""

from __future__ import annotations

import contextlib
import os
import threading
from functools import cache
from typing import TYPE_CHECKING

import psutil

from street.database import connect, scrubbed

if TYPE_CHECKING:
    from collections.abc import Iterator

#: So much lower than that of others: a tenth of a core where both want all of it.
_LOWER = 10
#: Most tasks are over by then, and need no second connection.
_FIRST_LOOK_SECONDS = 0.3
#: dbt opens a connection a node: those that live shorter than this ask for little.
_LOOK_SECONDS = 0.1
#: A database that doesn't answer keeps no task from ending.
_PATIENCE_SECONDS = 1

_OF_THIS_LOGIN = """
    select pid from pg_stat_activity
    where usename = current_user and datname = current_database() and pid <> pg_backend_pid()
"""


@contextlib.contextmanager
def giving_way() -> Iterator[None]:
    """Let this process, and the server's processes that work for the pipeline's login, wait for all others.

    This process stays so: it is a task's own, and ends with it. Raises nothing of its own.
    """
    _lower_this_process()
    over = threading.Event()
    watching = threading.Thread(target=_watch, args=(over,), daemon=True, name="giving way")
    watching.start()
    try:
        yield
    finally:
        over.set()
        watching.join(_PATIENCE_SECONDS)


@cache
def _lower_this_process() -> None:
    os.nice(_LOWER)


def _watch(over: threading.Event) -> None:
    if over.wait(_FIRST_LOOK_SECONDS):
        return
    # Whatever goes wrong with it here goes wrong with the task itself, which says so.
    with contextlib.suppress(RuntimeError), scrubbed(), connect() as connection:
        connection.autocommit = True
        lowered: set[int] = set()
        while not over.wait(_LOOK_SECONDS):
            lowered = _lower({pid for (pid,) in connection.execute(_OF_THIS_LOGIN)}, lowered)


def _lower(pids: set[int], lowered: set[int]) -> set[int]:
    """Lower those of the server's processes that run on this machine; returns which of them needn't be looked at."""
    for pid in pids - lowered:
        with contextlib.suppress(psutil.Error, PermissionError):
            process = psutil.Process(pid)
            server = process.parent()
            # On a server elsewhere the number is another process's here.
            if process.name() == "postgres" and server is not None and process.nice() == server.nice():
                process.nice(server.nice() + _LOWER)
    return pids
