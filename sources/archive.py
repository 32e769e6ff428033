"""Keep what was received as it was received: `STREET_VAR/archive/<feed>/<date>/<sha256><ending>`.

Nothing half stays: what couldn't be written to its end is removed at once, or after a kill by the next landing. Each
feed has one landing at a time, so whatever is unfinished in its folders is a leftover (docs/rules.md, R-BATCH-11).
"""

import datetime as dt
import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from sources.failures import UnreadableError
from street.settings import settings

CHUNK = 1024 * 1024


def folder(feed: str, business_date: dt.date) -> Path:
    """Return where the deliveries of one feed and date are kept; only the pipeline's user can look into it.

    Raises:
        OSError: the archive can't be written just now.
    """
    path = settings().street_var / "archive" / feed / business_date.isoformat()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    sweep(path)
    return path


def sweep(path: Path) -> None:
    """Remove what a killed landing left half written in a folder of the archive."""
    for leftover in path.glob(".*.part"):
        leftover.unlink(missing_ok=True)


def keep(source: BinaryIO, feed: str, business_date: dt.date, ending: str) -> tuple[Path, str]:
    """Copy an open file into the archive; returns the copy and its SHA-256. The same bytes are kept once a date.

    Raises:
        UnreadableError: the file can't be read.
        OSError: the archive can't be written just now.
    """
    target_folder = folder(feed, business_date)
    digest = sha256()
    with _unfinished(target_folder / f".{os.getpid()}.part") as partial:
        with partial.open("wb") as copy:
            while chunk := _read(source):
                digest.update(chunk)
                copy.write(chunk)
            _settle(copy)
        target = target_folder / f"{digest.hexdigest()}{ending}"
        partial.replace(target)
    return target, digest.hexdigest()


def write(path: Path, content: bytes) -> None:
    """Write one file of the archive in one step: a reader, and a rerun after a kill, sees all of it or nothing.

    Raises:
        OSError: the archive can't be written just now.
    """
    with _unfinished(path.with_name(f".{path.name}.part")) as partial:
        with partial.open("wb") as file:
            file.write(content)
            _settle(file)
        partial.replace(path)


def trouble(error: OSError) -> str:
    """Say in Chinese why the archive can't be used just now, and who does what (docs/rules.md, R-BATCH-11)."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "归档所在的磁盘已满：请清出 STREET_VAR 所在磁盘的空间，之后的运行会自动接着入库"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "归档不可写：请核对 STREET_VAR 的所有者、权限和挂载方式，之后的运行会自动接着入库"
    return f"归档暂时无法读写（{_reason(error)}），之后的运行会自动接着入库"


def _read(source: BinaryIO) -> bytes:
    try:
        return source.read(CHUNK)
    except OSError as error:
        raise UnreadableError(f"读取中断（{_reason(error)}），请重新放入") from None


def _reason(error: OSError) -> str:
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def _settle(file: BinaryIO) -> None:
    os.fchmod(file.fileno(), 0o600)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _unfinished(partial: Path) -> Iterator[Path]:
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)
