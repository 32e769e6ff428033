"""Keep what was received as it was received: `STREET_VAR/archive/<feed>/<date>/<sha256><suffix>`."""

import datetime as dt
import os
from hashlib import sha256
from pathlib import Path

from street.settings import settings

CHUNK = 1024 * 1024


def folder(feed: str, business_date: dt.date) -> Path:
    """Where the deliveries of one feed and date are kept; only the pipeline's user can look into it."""
    path = settings().street_var / "archive" / feed / business_date.isoformat()
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def keep(path: Path, feed: str, business_date: dt.date) -> tuple[Path, str]:
    """Copy a file into the archive; returns the copy and its SHA-256. The same bytes are kept once a date.

    Raises:
        OSError: the file can't be read, or the archive can't be written, just now.
    """
    target_folder = folder(feed, business_date)
    partial = target_folder / f".{os.getpid()}.part"
    digest = sha256()
    with path.open("rb") as source, partial.open("wb") as copy:
        while chunk := source.read(CHUNK):
            digest.update(chunk)
            copy.write(chunk)
        copy.flush()
        os.fsync(copy.fileno())
    target = target_folder / f"{digest.hexdigest()}{''.join(path.suffixes[-2:]).lower()}"
    partial.chmod(0o600)
    partial.replace(target)
    return target, digest.hexdigest()


def write(path: Path, content: bytes) -> None:
    """Write one file of the archive in one step: a reader, and a rerun after a kill, sees all of it or nothing.

    Raises:
        OSError: the archive can't be written just now.
    """
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.chmod(0o600)
    partial.replace(path)
