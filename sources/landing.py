"""Land what has arrived: fetch, keep, decode, load; one batch a folder, company or pull, each in one transaction.

A kill at any instant, then a rerun, loses and doubles nothing: what was received is in the archive before the batch is
registered, and registering and loading commit together. What can't be read is a batch of its own, failed or rejected,
and holds nothing else (docs/rules.md, R-BATCH-8): everything that can be landed is, then one error names the rest.
"""

import datetime as dt
import logging
import os
import traceback
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from sources import archive, contract, raw, readers, registry
from sources.connectors import inbox, paged_api
from sources.connectors.inbox import Arrival
from sources.contract import Contract
from sources.deliveries import Known
from sources.failures import PassingError, PermanentError, SourceAwayError, UnreadableError
from sources.readers import pages
from sources.readers.limits import MEGABYTE
from sources.readers.reading import Reading, row_hashes, together
from street import batch, database
from street.database import DatabaseError
from street.settings import SHANGHAI, as_of_at, settings

_log = logging.getLogger(__name__)
_NAMED = 5
"""How many ignored files a line of the log names."""


def land(feed: str, business_date: dt.date) -> list[int]:
    """Land everything of a feed that has arrived at or before a date and isn't landed yet, oldest first.

    Returns the new batches, also the rejected, the failed and the repeated ones. Nothing new: an empty list.

    Raises:
        ContractError: the feed's contract can't be used.
        SourceAwayError: the source didn't answer within the patience of a pull; its next run asks again.
        PassingError: something can't be fetched just now; whatever else could be landed is.
        PermanentError: the source refuses us or isn't configured, or a delivery can't be landed as it is; whatever
            else could be landed is.
        DatabaseError: the warehouse refused a statement.
    """
    terms = contract.load(feed)
    # Two landings of one feed at once would both find the same folder not landed.
    with database.locked(f"landing {feed}"), closing(database.connect()) as conn:
        registry.sync(conn, [terms])
        troubles = _Troubles(terms.feed)
        landed: list[int] = []
        if terms.transport == "http":
            with troubles.within(conn, "拉取"):
                _land_pulls(conn, terms, business_date, troubles, landed)
        else:
            _land_folders(conn, terms, business_date, troubles, landed)
        troubles.tell()
        return landed


def received_at(business_date: dt.date) -> dt.datetime:
    """The "now" of a delivery: the wall clock when its date is today, else 07:30 of that date (docs/rules.md)."""
    now = dt.datetime.now(SHANGHAI)
    return now if now.date() == business_date else as_of_at(business_date)


@dataclass
class _Troubles:
    """What couldn't be landed; the rest goes on, and the end tells all of it in one error."""

    feed: str
    found: list[Exception] = field(default_factory=list)

    def add(self, kind: type[Exception], where: str, why: str) -> None:
        self.found.append(kind(f"{where}：{why}"))

    @contextmanager
    def within(self, conn: psycopg.Connection, where: str) -> Iterator[None]:
        """Keep the trouble of one delivery to itself; a database that is away is everybody's."""
        try:
            with database.scrubbed():
                yield
        except OSError as error:
            self.add(PassingError, where, archive.trouble(error))
        except (PassingError, PermanentError) as error:
            self.add(type(error), where, str(error))
        except DatabaseError as error:
            if not _blames_the_delivery(error):
                raise
            self.add(PermanentError, where, f"数据库不接受其内容（SQLSTATE {error.sqlstate}），请联系数据管理员")
        except Exception as error:  # noqa: BLE001 -- a fault of ours with one delivery mustn't hold the others
            self.add(PermanentError, where, f"程序出错（{_place(error)}），请联系数据管理员")
        if conn.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
            conn.rollback()

    def tell(self) -> None:
        """Raise what was collected, if anything, as one error: it may pass if anything in it may."""
        if not self.found:
            return
        kinds = {type(each) for each in self.found}
        away = kinds - {PermanentError} == {SourceAwayError}
        kind = SourceAwayError if away else PassingError if kinds - {PermanentError} else PermanentError
        raise kind(f"{self.feed}：{'；'.join(str(each) for each in self.found)}")


def _place(error: Exception) -> str:
    """The kind of an error and where it happened: its text may quote a value."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}，{Path(at.filename).name}:{at.lineno}"


def _blames_the_delivery(error: DatabaseError) -> bool:
    """Whether it was the values that the database refused (PostgreSQL, appendix A: data, integrity, program limit)."""
    return error.sqlstate is not None and error.sqlstate.startswith(("22", "23", "54"))


# ---------------------------------------------------------------- files


@dataclass(frozen=True)
class _Kept:
    """A list of a folder, its copy in the archive (if it could be read at all) and what reading it gave."""

    file: Arrival
    sha256: str | None
    copy: Path | None
    reading: Reading | None = None
    why: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it was read to its end and lacks nothing."""
        return self.reading is not None and self.reading.readable and self.reading.problem is None

    def fact(self) -> dict[str, Any]:
        """What `ops.batch.sources` says of it."""
        rows = self.reading.rows if self.reading is not None and self.reading.readable else 0
        return {**self.file.facts(), "sha256": self.sha256, "rows": rows}


def _land_folders(
    conn: psycopg.Connection, terms: Contract, up_to: dt.date, troubles: _Troubles, landed: list[int]
) -> None:
    place = settings().street_inbox
    if place is None:
        raise PermanentError("没有设置收件箱：请设置 STREET_INBOX")
    found = inbox.look(place, terms, up_to)
    _tell_ignored(terms, found)
    with database.scrubbed():
        work = _Files(conn, terms, place, Known.of(conn, terms.feed), troubles, landed)
    for folder in found.folders:
        if folder.trouble is not None:
            troubles.add(PassingError, f"文件夹 {folder.business_date}", folder.trouble)
        for source, files in inbox.by_source(terms, folder).items():
            where = "/".join(filter(None, (str(folder.business_date), source)))
            with troubles.within(conn, where):
                work.land(_Delivery(folder.business_date, source, received_at(folder.business_date)), files)


def _tell_ignored(terms: Contract, found: inbox.Inbox) -> None:
    ignored = [*found.astray, *(each for folder in found.folders for each in folder.ignored)]
    if ignored:
        named = "、".join(f"{each.name}（{each.why}）" for each in ignored[:_NAMED])
        _log.info("%s：收件箱里有 %d 个不是名单，已忽略：%s", terms.feed, len(ignored), named)


@dataclass(frozen=True)
class _Files:
    """Lands the lists of one feed, a source of a folder at a time (docs/rules.md, R-BATCH-1, R-BATCH-8)."""

    conn: psycopg.Connection
    terms: Contract
    place: Path
    known: Known
    troubles: _Troubles
    landed: list[int]

    def land(self, delivery: "_Delivery", files: Sequence[Arrival]) -> None:
        """Land what is new or changed of a source's files in a folder."""
        day, is_snapshot = delivery.business_date, self.terms.load_mode == "snapshot"
        is_today = day == dt.datetime.now(SHANGHAI).date()
        # Closed days are compared by size and times: hashing 35 days of snapshots on every run would cost minutes.
        looked_at = [file for file in files if is_today or not self.known.is_unchanged(day, file)]
        kept = {file: each for file in looked_at if (each := self._keep(day, file)) is not None}
        if is_snapshot and len(kept) < len(looked_at):
            return  # a list that is still being written belongs to the folder's batch
        same = [each for each in kept.values() if self.known.holds(day, each.file.name, each.sha256)]
        self.known.remember_times(self.conn, day, [each.fact() for each in same])
        fresh = [self._read(each) for each in kept.values() if each not in same]
        whole = [each for each in fresh if each.is_whole]
        if whole and is_snapshot:
            new = {each.file for each in fresh}
            others = (kept.get(file) or self._keep(day, file) for file in files if file not in new)
            whole += [each for each in (self._read(other) for other in others if other is not None) if each.is_whole]
            whole.sort(key=lambda each: files.index(each.file))
        if whole:
            self._land_together(delivery, whole)
        # Those that failed come last: the newest verdict is what the feed's health tells.
        for each in fresh:
            if not each.is_whole:
                self._land_alone(delivery, each)

    def _keep(self, business_date: dt.date, file: Arrival) -> _Kept | None:
        """Copy a list into the archive; None while somebody still writes it."""
        most = settings().street_read_file_mb
        if file.size > most * MEGABYTE:
            return _Kept(file, None, None, why=f"文件超过 {most} MB（STREET_READ_FILE_MB），请核对后拆分重发")
        try:
            with inbox.opened(self.place, file) as source:
                before = os.fstat(source.fileno())
                copy, digest = archive.keep(source, self.terms.feed, business_date, inbox.ending(self.terms))
                after = os.fstat(source.fileno())
        except UnreadableError as error:
            return _Kept(file, None, None, why=str(error))
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            self.troubles.add(PassingError, f"{business_date}/{file.name}", "还在写入，稍后再读")
            return None
        return _Kept(file, digest, copy)

    def _read(self, kept: _Kept) -> _Kept:
        return kept if kept.copy is None else replace(kept, reading=readers.read(kept.copy, self.terms))

    def _land_together(self, delivery: "_Delivery", kept: Sequence[_Kept]) -> None:
        readings = [(each.file.name, each.reading) for each in kept if each.reading is not None]
        digests = [each.sha256 or "" for each in kept]
        content = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
        reading = readings[0][1] if len(readings) == 1 else together(self.terms, readings)
        told = replace(delivery, facts=[each.fact() for each in kept], sha256=content)
        batch.replaces_failed(self.conn, self._register(told, reading))

    def _land_alone(self, delivery: "_Delivery", kept: _Kept) -> None:
        """Land a file that isn't whole as a batch of its own: rejected with what could be decoded, or failed."""
        reading = kept.reading
        if reading is not None and reading.readable:
            told = replace(delivery, facts=[kept.fact()], sha256=kept.sha256 or "")
            self._register(told, replace(reading, problem=f"{kept.file.name}：{reading.problem}"))
            return
        why = reading.problem if reading is not None else kept.why
        # Two broken files of equal content are two files to be sent anew.
        content = sha256(f"{kept.file.name}\0{kept.sha256 or ''}".encode()).hexdigest()
        with self.conn.transaction():
            batch_id = _write_down(self.conn, self.terms, replace(delivery, facts=[kept.fact()], sha256=content))
            batch.fail(self.conn, batch_id, f"{kept.file.name}：{why}")
        self.landed.append(batch_id)

    def _register(self, delivery: "_Delivery", reading: Reading) -> int:
        batch_id, is_new = _register(self.conn, self.terms, delivery, reading)
        if is_new:
            self.landed.append(batch_id)
        else:
            batch.add_sources(self.conn, batch_id, delivery.facts)  # the same bytes under another name
        return batch_id


# ---------------------------------------------------------------- pulls


def _land_pulls(
    conn: psycopg.Connection, terms: Contract, business_date: dt.date, troubles: _Troubles, landed: list[int]
) -> None:
    current = settings()
    url, token = current.street_border_api_url, current.street_border_api_token
    if url is None or token is None:
        raise PermanentError("没有设置接口地址或令牌：请设置 STREET_BORDER_API_URL 与 STREET_BORDER_API_TOKEN")

    def finish(pull: paged_api.Pull) -> bool:
        """Fetch what is missing and land it; whether the pull came to its end."""
        try:
            paged_api.complete(pull, url, token.get_secret_value())
        except paged_api.StoppedError as error:
            troubles.add(PermanentError, _pull_name(pull), str(error))
        except (SourceAwayError, PermanentError) as error:
            # Its pages have waited for a day: whoever stands in them is listed rather than waited for longer.
            if pull.business_date < business_date and pull.stored():
                paged_api.stop(pull, f"{pull.business_date} 起没有取完：{error}")
                landed.extend(_land_pull(conn, terms, pull))
            raise
        landed.extend(_land_pull(conn, terms, pull))
        return pull.stopped is None

    known = _known_pulls(conn, terms.feed)
    pulls = paged_api.pulls(current.street_var, terms.feed)
    done = [pull for pull in pulls if _pull_name(pull) in known and pull.stopped is None]
    finished = [pull for pull in pulls if _pull_name(pull) not in known and finish(pull)]
    is_today = business_date == dt.datetime.now(SHANGHAI).date()
    # A past day that a later pull has covered already is in the warehouse: asking again would date it back.
    covered = not is_today and any(pull.business_date > business_date for pull in [*done, *finished])
    if not covered and all(pull.business_date != business_date for pull in finished):
        since = max((pull.started_at for pull in [*done, *finished]), default=None)
        finish(paged_api.begin(terms.feed, business_date, received_at(business_date), since))


def _known_pulls(conn: psycopg.Connection, feed: str) -> set[str]:
    rows = conn.execute(
        "select distinct page ->> 'pull' from ops.batch cross join lateral jsonb_array_elements(sources) as page"
        " where feed = %s and status <> 'failed'",
        (feed,),
    ).fetchall()
    conn.commit()
    return {name for (name,) in rows}


def _known_pages(conn: psycopg.Connection, feed: str) -> set[str]:
    """The digests of the pages that were received; what stands in a rejected batch isn't in force, so it isn't."""
    rows = conn.execute(
        "select distinct page ->> 'sha256' from ops.batch cross join lateral jsonb_array_elements(sources) as page"
        " where feed = %s and status not in ('failed', 'rejected')",
        (feed,),
    ).fetchall()
    conn.commit()
    return {digest for (digest,) in rows}


def _pull_name(pull: paged_api.Pull) -> str:
    return f"{pull.business_date.isoformat()}/{pull.name}"


def _land_pull(conn: psycopg.Connection, terms: Contract, pull: paged_api.Pull) -> list[int]:
    """Land the pages of a pull; what an earlier page brought already isn't received again (docs/rules.md, R-PULL-2)."""
    known = _known_pages(conn, terms.feed)
    before: set[str] = set()
    facts: list[dict[str, Any]] = []
    paths: list[Path] = []
    received: list[bool] = []
    for attempt in pull.attempts():
        during: set[str] = set()
        for path, answer in attempt:
            digest = sha256(repr(answer["data"]).encode("utf-8", "surrogatepass")).hexdigest()
            entries = [sha256(repr(entry).encode("utf-8", "surrogatepass")).hexdigest() for entry in answer["data"]]
            is_new = [digest not in known and entry not in before for entry in entries]
            known.add(digest)
            during.update(entries)
            if any(is_new):
                paths.append(path)
                received += is_new
            facts.append(
                {
                    "name": path.name,
                    "pull": _pull_name(pull),
                    "since": pull.since.isoformat() if pull.since else None,
                    "sha256": digest,
                    "rows": sum(is_new),
                    "next_cursor": (answer["next_cursor"] or "").replace("\0", "") or None,
                }
            )
        before |= during
    is_today = pull.business_date == dt.datetime.now(SHANGHAI).date()
    if not paths and not is_today and pull.stopped is None and _has_batch(conn, terms.feed, pull.business_date):
        paged_api.discard(pull)  # a rerun of a closed day that brought nothing: the day stays as it is
        return []
    # A pull that was stopped and brings what the last one brought isn't listed twice.
    name = _pull_name(pull) if pull.stopped is None else ""
    content = sha256("".join([name, *(fact["sha256"] for fact in facts)]).encode()).hexdigest()
    reading = pages.read(paths, terms)
    if paths:
        reading = replace(reading, frame=reading.frame.filter(pl.Series(received, dtype=pl.Boolean)))
    delivery = _Delivery(pull.business_date, "", pull.received_at(), facts, content)
    batch_id, is_first = _register(conn, terms, delivery, replace(reading, problem=pull.stopped))
    if pull.stopped is not None and not is_first:
        paged_api.discard(pull)
    return [batch_id] if is_first else []


def _has_batch(conn: psycopg.Connection, feed: str, business_date: dt.date) -> bool:
    row = conn.execute(
        "select exists (select from ops.batch where feed = %s and business_date = %s)", (feed, business_date)
    ).fetchone()
    conn.commit()
    return bool(row and row[0])


# ---------------------------------------------------------------- both


@dataclass(frozen=True)
class _Delivery:
    """What `ops.batch` says of a delivery before its rows are looked at."""

    business_date: dt.date
    source: str
    received_at: dt.datetime
    facts: Sequence[dict[str, Any]] = ()
    sha256: str = ""


def _register(conn: psycopg.Connection, terms: Contract, delivery: _Delivery, reading: Reading) -> tuple[int, bool]:
    """Load a delivery as a batch; returns it, and whether it is new (else these bytes are that batch already)."""
    with database.scrubbed(), conn.transaction():
        batch_id = _write_down(conn, terms, delivery, reading.unknown_columns)
        if batch.status(conn, batch_id) == "repeated":
            return batch_id, True
        if raw.holds(conn, terms.feed, batch_id):
            return batch_id, False
        raw.load(conn, terms, batch_id, _numbered(terms, reading.frame))
        conn.execute("update ops.batch set rows_received = %s where batch_id = %s", (reading.rows, batch_id))
        if reading.problem is not None:
            batch.reject(conn, batch_id, reading.problem)
        return batch_id, True


def _write_down(
    conn: psycopg.Connection, terms: Contract, delivery: _Delivery, unknown_columns: Sequence[str] = ()
) -> int:
    return batch.register(
        conn,
        feed=terms.feed,
        source=delivery.source,
        business_date=delivery.business_date,
        received_at=delivery.received_at,
        sources=delivery.facts,
        sha256=delivery.sha256,
        contract_version=terms.version,
        unknown_columns=unknown_columns,
    )


def _numbered(terms: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        row_hashes(terms, frame), pl.Series("_row_no", range(1, frame.height + 1), dtype=pl.Int32)
    )
