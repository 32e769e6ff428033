"""What `ops.batch` knows of the files in the inbox: which were landed, as which batch, and what became of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from sources.connectors import inbox
from sources.connectors.inbox import Arrival
from sources.contract import Contract
from sources.failures import PassingError
from street import batch
from street.database import scrubbed
from street.settings import settings

STATES = {
    "landed": "已入库，待校验",
    "accepted": "已接受",
    "rejected": "被拒绝",
    "repeated": "与以前的完全相同",
    "failed": "读不了",
}
_SIGNATURE = ("bytes", "mtime_ns", "ctime_ns")


@dataclass(frozen=True)
class Landed:
    """A file as it stands in `ops.batch.sources` of one batch."""

    batch_id: int
    status: str
    reason: str | None
    facts: Mapping[str, Any]

    @property
    def is_forgotten(self) -> bool:
        """Whether the batch was reopened, so that its files are looked at anew."""
        return "sha256" not in self.facts


@dataclass(frozen=True)
class Known:
    """Every file of a feed that was ever landed or failed, by business date and name, the oldest batch first."""

    files: Mapping[tuple[dt.date, str], Sequence[Landed]]

    @classmethod
    def of(cls, conn: psycopg.Connection, feed: str) -> "Known":
        """Read what the warehouse knows of a feed's files. Raises psycopg.Error."""
        rows = conn.execute(
            "select business_date, file, batch_id, status, reason"
            " from ops.batch cross join lateral jsonb_array_elements(sources) as file where feed = %s"
            " order by batch_id",
            (feed,),
        ).fetchall()
        conn.commit()
        files: dict[tuple[dt.date, str], list[Landed]] = defaultdict(list)
        for day, facts, batch_id, status, reason in rows:
            files[day, facts["name"]].append(Landed(batch_id, status, reason, facts))
        return cls(files)

    def newest(self, day: dt.date, name: str) -> Landed | None:
        """What became of the file of this name last."""
        found = self.files.get((day, name), ())
        return found[-1] if found else None

    def is_unchanged(self, day: dt.date, file: Arrival) -> bool:
        """Whether a file of this size and these times was read before; one that couldn't be opened never was."""
        facts = file.facts()
        return any(
            landed.facts.get("sha256") is not None and all(landed.facts.get(key) == facts[key] for key in _SIGNATURE)
            for landed in self.files.get((day, file.name), ())
        )

    def holds(self, day: dt.date, name: str, sha256: str | None) -> bool:
        """Whether a file of this name and content was landed or failed; without content: whether it failed unread."""
        return any(
            not landed.is_forgotten and landed.facts["sha256"] == sha256 for landed in self.files.get((day, name), ())
        )

    def remember_times(self, conn: psycopg.Connection, day: dt.date, files: Sequence[Mapping[str, Any]]) -> None:
        """Take down the times of files that were only touched, so that they aren't read again."""
        for facts in files:
            for landed in self.files.get((day, facts["name"]), ()):
                is_same = not landed.is_forgotten and landed.facts["sha256"] == facts["sha256"]
                if is_same and any(landed.facts.get(key) != facts[key] for key in _SIGNATURE):
                    batch.add_sources(conn, landed.batch_id, [facts])


@dataclass(frozen=True)
class Lying:
    """Something that lies in the inbox, and what became of it; `day` and `size` are None for what isn't a list."""

    feed: str
    day: dt.date | None
    name: str
    size: int | None
    state: str


def lying(conn: psycopg.Connection, terms: Contract, day: dt.date | None = None) -> list[Lying]:
    """What lies in the inbox for a feed (and a date), and what became of each file; reads no file's content.

    Raises DatabaseError.
    """
    place = settings().street_inbox
    if place is None or terms.transport != "file":
        return []
    try:
        found = inbox.look(place, terms)
    except PassingError as error:
        return [Lying(terms.feed, None, "", None, str(error))]
    with scrubbed():
        known = Known.of(conn, terms.feed)
    told = [Lying(terms.feed, None, each.name, None, f"忽略：{each.why}") for each in found.astray if day is None]
    for folder in found.folders:
        if day is not None and folder.business_date != day:
            continue
        on = folder.business_date
        if folder.trouble is not None:
            told.append(Lying(terms.feed, on, "", None, f"文件夹打不开：{folder.trouble}"))
        told += [Lying(terms.feed, on, file.name, file.size, _became(known, on, file)) for file in folder.files]
        told += [Lying(terms.feed, on, each.name, None, f"忽略：{each.why}") for each in folder.ignored]
    return told


def _became(known: Known, day: dt.date, file: Arrival) -> str:
    landed = known.newest(day, file.name)
    if landed is None:
        return "待入库"
    if landed.is_forgotten:
        return f"待重新入库（批次 {landed.batch_id}）"
    if landed.facts["sha256"] is not None and not known.is_unchanged(day, file):
        return f"已改动，待核对后入库（上次为批次 {landed.batch_id}）"
    state = f"批次 {landed.batch_id}：{STATES[landed.status]}"
    return f"{state}（{landed.reason}）" if landed.reason else state
