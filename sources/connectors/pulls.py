"""A pull and its pages as the archive keeps them, so that one that was cut off goes on where it was (R-PULL-1).

`<archive>/<feed>/<date>/pull-NNNN/` holds `pull.json` (when it began and from when on it asked), `page-NNNNNN.json` in
the order served, an empty `anew-page-NNNNNN.json` for each page with which it began anew, and `stopped.txt` once it was
given up.
"""

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sources import archive
from sources.readers import pages
from street.settings import SHANGHAI, as_of_at, settings

LONGEST_CURSOR = 8192


@dataclass(frozen=True)
class Pull:
    """One pull: its folder in the archive, the run's "now" when it began, and from when on it asked."""

    folder: Path
    business_date: dt.date
    started_at: dt.datetime
    since: dt.datetime | None

    @property
    def name(self) -> str:
        """What `ops.batch.sources` and every sentence call the pull."""
        return f"{self.business_date.isoformat()}/{self.folder.name}"

    @property
    def stopped(self) -> str | None:
        """Why the pull was given up before its end, if it was."""
        file = self.folder / "stopped.txt"
        return file.read_text(encoding="utf-8") if file.exists() else None

    def stored(self) -> list[Path]:
        """Return the pages stored so far, in the order served."""
        return sorted(self.folder.glob("page-*.json"))

    def attempts(self) -> Iterator[list[tuple[Path, dict[str, Any]]]]:
        """Yield the pages stored so far and what they say, those of each beginning together; damaged ones are left
        out.
        """
        found: list[tuple[Path, dict[str, Any]]] = []
        anew = {file.name.removeprefix("anew-") for file in self.folder.glob("anew-*")}
        for path in self.stored():
            if path.name in anew and found:
                yield found
                found = []
            try:
                found.append((path, parsed(path.read_bytes())))
            except ValueError:
                continue
        yield found

    def received_at(self) -> dt.datetime:
        """Return the "now" of its entries: when its last page came; for a past day that day's (docs/rules.md,
        R-DAY-4).
        """
        if self.started_at == as_of_at(self.business_date):
            return self.started_at
        times = [path.stat().st_mtime for path in self.stored()]
        return max([self.started_at, *(dt.datetime.fromtimestamp(each, SHANGHAI) for each in times)])


def begin(feed: str, business_date: dt.date, started_at: dt.datetime, since: dt.datetime | None) -> Pull:
    """Open the folder of a new pull in the archive.

    Raises:
        OSError: the archive can't be written just now.
    """
    day = archive.folder(feed, business_date)
    number = 1 + max((int(each.name.removeprefix("pull-")) for each in day.glob("pull-*")), default=0)
    folder = day / f"pull-{number:04d}"
    folder.mkdir(mode=0o700)
    facts = {"started_at": started_at.isoformat(), "since": since.isoformat() if since else None}
    archive.write(folder / "pull.json", json.dumps(facts).encode())
    return Pull(folder, business_date, started_at, since)


def begun(feed: str) -> list[Pull]:
    """Return every pull that was ever begun for a feed, oldest first."""
    found = []
    for file in sorted((settings().street_var / "archive" / feed).glob("*/pull-*/pull.json")):
        try:
            facts = json.loads(file.read_bytes())
        except ValueError:
            continue  # a damaged note: the next pull asks from the end of the one before it, and misses nothing
        since = facts["since"]
        found.append(
            Pull(
                file.parent,
                dt.date.fromisoformat(file.parent.parent.name),
                dt.datetime.fromisoformat(facts["started_at"]),
                dt.datetime.fromisoformat(since) if since else None,
            )
        )
    return found


def discard(pull: Pull) -> None:
    """Remove a pull that brought nothing new."""
    shutil.rmtree(pull.folder)


def stop(pull: Pull, why: str) -> None:
    """Give a pull up before its end: nothing more is asked for it. Raises OSError."""
    archive.write(pull.folder / "stopped.txt", why.encode())


def parsed(content: bytes) -> dict[str, Any]:
    """Parse an answer. Raises ValueError when it isn't of the agreed form, or has a cursor no address could hold."""
    answer = pages.page(content)
    if len((answer["next_cursor"] or "").encode()) > LONGEST_CURSOR:
        raise ValueError("a cursor that no address could hold")
    return answer
