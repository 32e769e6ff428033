"""What `ops.batch` knows of the deliveries of one feed: which were landed, as which batch, and what became of them."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from street import batch
from street.database import scrubbed

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


class Known:
    """What a landing, or whoever looks on, asks of a feed's deliveries; each method raises DatabaseError."""

    def __init__(self, conn: psycopg.Connection, feed: str) -> None:
        self._conn = conn
        self._feed = feed

    @cached_property
    def removed_through(self) -> dt.date | None:
        """The newest business date that retention has removed something of: what lies there is over (R-RET-4)."""
        return batch.removed_through(self._conn, self._feed)

    # ---- files

    @cached_property
    def _files(self) -> Mapping[tuple[dt.date, str], Sequence[Landed]]:
        """Every file that was ever landed or failed, by business date and name, the oldest batch first; read once."""
        files: dict[tuple[dt.date, str], list[Landed]] = defaultdict(list)
        for day, facts, batch_id, status, reason in self._ask(
            "select business_date, file, batch_id, status, reason"
            " from ops.batch cross join lateral jsonb_array_elements(sources) as file where feed = %s"
            " order by batch_id",
        ):
            files[day, facts["name"]].append(Landed(batch_id, status, reason, facts))
        return files

    def newest(self, day: dt.date, name: str) -> Landed | None:
        """Return what became of the file of this name last."""
        found = self._files.get((day, name), ())
        return found[-1] if found else None

    def is_unchanged(self, day: dt.date, file: Mapping[str, Any]) -> bool:
        """Return whether a file of this size and these times was read before; one that couldn't be opened never was."""
        return any(
            landed.facts.get("sha256") is not None and all(landed.facts.get(key) == file[key] for key in _SIGNATURE)
            for landed in self._files.get((day, file["name"]), ())
        )

    def holds(self, day: dt.date, name: str, sha256: str | None) -> bool:
        """Return whether a file of this name and content was landed or failed; without content: whether it failed
        unread.
        """
        return any(
            not landed.is_forgotten and landed.facts["sha256"] == sha256 for landed in self._files.get((day, name), ())
        )

    def remember_times(self, day: dt.date, files: Sequence[Mapping[str, Any]]) -> None:
        """Take down the times of files that were only touched, so that they aren't read again (R-BATCH-9)."""
        for facts in files:
            for landed in self._files.get((day, facts["name"]), ()):
                is_same = not landed.is_forgotten and landed.facts["sha256"] == facts["sha256"]
                if is_same and any(landed.facts.get(key) != facts[key] for key in _SIGNATURE):
                    self.add_names(landed.batch_id, [facts])

    def add_names(self, batch_id: int, files: Sequence[Mapping[str, Any]]) -> None:
        """Take down files whose bytes are that batch already, under other names or times."""
        batch.add_sources(self._conn, batch_id, files)

    # ---- pulls

    def pulls(self) -> set[str]:
        """Return the pulls that stand in batches."""
        return {
            name
            for (name,) in self._ask(
                "select distinct page ->> 'pull' from ops.batch cross join lateral jsonb_array_elements(sources)"
                " as page where feed = %s and status <> 'failed'"
            )
        }

    def pages(self) -> set[str]:
        """Return the digests of the pages that were received; a rejected batch isn't in force, so its pages aren't."""
        return {
            digest
            for (digest,) in self._ask(
                "select distinct page ->> 'sha256' from ops.batch cross join lateral jsonb_array_elements(sources)"
                " as page where feed = %s and status not in ('failed', 'rejected')"
            )
        }

    def has_batch(self, business_date: dt.date) -> bool:
        """Return whether anything was delivered for a business date."""
        return bool(self._ask("select from ops.batch where feed = %s and business_date = %s limit 1", business_date))

    # ---- visits recorded on the board

    def waiting_visits(self, now: dt.datetime) -> list[dict[str, str | None]]:
        """Return the recorded visits that no batch has taken in yet, made by `now`, in the words of the contract."""
        with scrubbed(), self._conn.transaction(), self._conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(
                "select visit_no, committee_code, account as visitor, dwelling_key, person_key, kind, temperature,"
                """ result, to_char(visited_at, 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM') as visited_at, note"""
                " from ops.visit_inbox where batch_id is null and visited_at <= %s order by recorded_at, visit_no",
                [now],
            ).fetchall()

    def note_drained_visits(self, source: str) -> None:
        """Note at each recorded visit the batch that took it in."""
        raw = sql.Identifier("raw", self._feed)
        query = sql.SQL(
            "update ops.visit_inbox as inbox set batch_id = taken._batch_id from {} as taken"
            " inner join ops.batch on batch.batch_id = taken._batch_id and batch.source = %s"
            " where inbox.batch_id is null and inbox.visit_no = taken.visit_no"
        ).format(raw)
        with scrubbed(), self._conn.transaction():
            # Nearly always nothing waits: the visits of years needn't be read for that.
            waiting = self._conn.execute("select from ops.visit_inbox where batch_id is null limit 1").fetchall()
            if waiting:
                self._conn.execute(query, [source])

    def _ask(self, query: LiteralString, *more: object) -> list[tuple[Any, ...]]:
        """Return the rows of a query on this feed's batches, in a transaction that ends with it."""
        with scrubbed(), self._conn.transaction():
            return self._conn.execute(query, (self._feed, *more)).fetchall()
