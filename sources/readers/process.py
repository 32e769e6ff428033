"""Read files in a process of its own: whatever a file does to the parser, the task that landed it goes on.

One process serves a landing, file after file, and is started anew when it died. The records come back through its pipe:
nothing lies on disk, whoever is killed; when this process ends the other reads the end of its input and ends too.
"""

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO

import polars as pl

from sources.contract import Contract
from sources.readers.limits import MEGABYTE, Limits
from sources.readers.reading import Reading, unreadable

START_SECONDS = 120
_OUT_OF_MEMORY = (b"MemoryError", b"memory allocation", b"Cannot allocate", b"out of memory")


def read(path: Path, contract: Contract) -> Reading:
    """Read a file of the contract's format, within the office's limits (docs/rules.md, R-FILE-1, R-FILE-2).

    Bad content never raises: the reading's `problem` says what is wrong, and `readable` whether anything may be used.

    Raises:
        OSError: the file can't be read just now, or no process be started.
    """
    limits = Limits.of_office()
    with _lock:
        return _reader().read(path, contract, limits)


class _DiedError(Exception):
    """The reading process ended, or was ended, before it answered."""


class _Reader:
    """The process that reads, from this side."""

    def __init__(self, memory: int) -> None:
        self.owner = os.getpid()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sources.readers.worker", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            # Memory is limited as address space: threads that only wait must not claim it.
            env={**os.environ, "POLARS_MAX_THREADS": "2", "MALLOC_ARENA_MAX": "2"},
        )
        self._buffer = b""
        self._deadline = time.monotonic() + START_SECONDS
        try:
            self._line()
        except (_DiedError, TimeoutError):
            self.end()
            raise OSError("the reading process can't be started") from None

    @property
    def is_usable(self) -> bool:
        return self.owner == os.getpid() and self._process.poll() is None

    def read(self, path: Path, contract: Contract, limits: Limits) -> Reading:
        request = {
            "path": str(path.resolve()),
            "contract": contract.model_dump(mode="json", by_alias=True),
            "limits": asdict(limits),
        }
        self._deadline = time.monotonic() + limits.seconds
        try:
            self._send(json.dumps(request).encode() + b"\n")
            answer = json.loads(self._line())
            content = self._exactly(answer.pop("bytes", 0))
        except TimeoutError:
            self.end()
            return unreadable(contract, f"读取超过 {limits.seconds} 秒的上限(STREET_READ_SECONDS),请核对文件后重新发送")
        except _DiedError:
            self.end()
            return unreadable(contract, self._cause_of_death(limits))
        if "errno" in answer:
            raise OSError(answer["errno"], os.strerror(answer["errno"]))
        return Reading(pl.read_ipc(content), **answer)

    def end(self) -> None:
        """End the process, if it still lives, and wait until it has."""
        if self.owner == os.getpid():
            self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _cause_of_death(self, limits: Limits) -> str:
        self._errors.seek(0)
        told = self._errors.read()  # never shown: it might quote a cell
        if any(word in told for word in _OUT_OF_MEMORY):
            return f"读取所需内存超过 {limits.memory // MEGABYTE} MB 的上限(STREET_READ_MEMORY_MB),请核对文件后重新发送"
        return f"读取程序中断(代码 {self._process.returncode}),文件可能已损坏,请重新导出后发送;仍不行请联系运维人员"

    def _send(self, request: bytes) -> None:
        try:
            view = memoryview(request)
            while view:
                view = view[os.write(self._stdin, view) :]
        except OSError:
            raise _DiedError from None

    @property
    def _stdin(self) -> int:
        if self._process.stdin is None:
            raise _DiedError
        return self._process.stdin.fileno()

    def _line(self) -> bytes:
        while b"\n" not in self._buffer:
            self._buffer += self._some()
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line

    def _exactly(self, size: int) -> bytes:
        parts, got = [self._buffer], len(self._buffer)
        while got < size:
            parts.append(self._some())
            got += len(parts[-1])
        self._buffer = b""
        return b"".join(parts)

    def _some(self) -> bytes:
        """Return the next bytes of the answer.

        Raises:
            _DiedError: there are none, and there will be none.
            TimeoutError: none came in time.
        """
        if self._process.stdout is None:
            raise _DiedError
        pipe = self._process.stdout.fileno()
        ready, _, _ = select.select([pipe], [], [], max(0.0, self._deadline - time.monotonic()))
        if not ready:
            raise TimeoutError
        got = os.read(pipe, MEGABYTE)
        if not got:
            self._process.wait()
            raise _DiedError
        return got


_lock = threading.Lock()
_readers: list[_Reader] = []


def _reader() -> _Reader:
    """Return the process that reads for this one, started when there is none (also after a fork: it reads for its
    owner).
    """
    if not _readers or not _readers[-1].is_usable:
        _readers[:] = [_Reader(Limits.of_office().memory)]
        atexit.register(_readers[-1].end)
    return _readers[-1]
