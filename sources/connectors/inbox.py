"""Deliveries that arrive as files: `<inbox>/<feed>/<YYYY-MM-DD>/<any name>.<ext>` (docs/rules.md, Rows and batches)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

UNFINISHED = (".part", ".tmp")


@dataclass(frozen=True)
class Folder:
    """The files of one feed for one business date, in order of the code points of their names."""

    business_date: dt.date
    files: tuple[Path, ...]


def folders(inbox: Path, feed: str, up_to: dt.date) -> Iterator[Folder]:
    """The folders of a feed at or before a date that hold a finished file, oldest first.

    Raises:
        OSError: the inbox can't be read just now.
    """
    place = inbox / feed
    if not place.is_dir():
        return
    dated = sorted((day, path) for path in place.iterdir() if path.is_dir() and (day := _date(path.name)))
    for day, path in dated:
        files = tuple(sorted((file for file in path.iterdir() if _is_delivery(file)), key=lambda file: file.name))
        if day <= up_to and files:
            yield Folder(day, files)


def _date(name: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(name, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day, no point in time
    except ValueError:
        return None


def _is_delivery(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and not path.name.endswith(UNFINISHED)
