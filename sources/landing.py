"""Land what has arrived: fetch, keep, decode, load; one batch a folder, company or pull, each in one transaction.

A kill at any instant, then a rerun, loses and doubles nothing: what was received is in the archive before the batch is
registered, and registering and loading commit together. A delivery that can't be read to its end, or lacks a required
column, is landed as far as it could be decoded and rejected.
"""

import datetime as dt
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from sources import archive, contract, raw, readers, registry
from sources.connectors import inbox, paged_api
from sources.contract import Contract
from sources.failures import PassingError, PermanentError
from sources.readers import pages
from sources.readers.reading import Reading, row_hashes, together
from street import batch, database
from street.settings import SHANGHAI, as_of_at, settings


def land(feed: str, business_date: dt.date) -> list[int]:
    """Land everything of a feed that has arrived at or before a date and isn't landed yet, oldest first.

    Returns the new batches, also the rejected and the repeated ones. Nothing new: an empty list.

    Raises:
        ContractError: the feed's contract can't be used.
        PassingError: a delivery can't be fetched just now; what was landed before it stays.
        PermanentError: the source refuses us, or isn't configured.
        DatabaseError: the warehouse refused a statement.
    """
    terms = contract.load(feed)
    with closing(database.connect()) as conn:
        registry.sync(conn, [terms])
        with database.scrubbed():
            # Two landings of one feed at once would both find the same folder not landed.
            conn.execute("select pg_advisory_lock(hashtextextended(%s, 0))", (f"sources.landing {feed}",))
            conn.commit()
        if terms.transport == "http":
            return _land_pulls(conn, terms, business_date)
        try:
            return _land_folders(conn, terms, business_date)
        except OSError as error:
            raise PassingError(f"{feed}:收件箱或归档暂时无法读写({type(error).__name__})") from None


def received_at(business_date: dt.date) -> dt.datetime:
    """The "now" of a delivery: the wall clock when its date is today, else 07:30 of that date (docs/rules.md)."""
    now = dt.datetime.now(SHANGHAI)
    return now if now.date() == business_date else as_of_at(business_date)


# ---------------------------------------------------------------- files


@dataclass(frozen=True)
class _Kept:
    """A file of a folder and its copy in the archive."""

    name: str
    copy: Path
    sha256: str

    def fact(self, rows: int) -> dict[str, Any]:
        return {"name": self.name, "sha256": self.sha256, "bytes": self.copy.stat().st_size, "rows": rows}


def _land_folders(conn: psycopg.Connection, terms: Contract, up_to: dt.date) -> list[int]:
    place = settings().street_inbox
    if place is None:
        raise PermanentError("没有设置收件箱:请设置 STREET_INBOX")
    landed: list[int] = []
    for folder in inbox.folders(place, terms.feed, up_to):
        known = _known_files(conn, terms.feed, folder.business_date)
        for source, files in _deliveries(terms, folder, known).items():
            kept = [_keep(file, terms.feed, folder.business_date) for file in files]
            seen = {(name, digest) for name, _, digest in known}
            fresh = [file for file in kept if (file.name, file.sha256) not in seen]
            if not fresh:
                continue
            together_with = kept if terms.load_mode == "snapshot" else fresh
            landed += _land_files(conn, terms, folder.business_date, source, together_with)
    return landed


def _known_files(conn: psycopg.Connection, feed: str, business_date: dt.date) -> set[tuple[str, int, str]]:
    """Name, size and digest of every file landed from a folder (a failed batch is landed anew)."""
    rows = conn.execute(
        "select file ->> 'name', (file ->> 'bytes')::bigint, file ->> 'sha256'"
        " from ops.batch cross join lateral jsonb_array_elements(sources) as file"
        " where feed = %s and business_date = %s and status <> 'failed'",
        (feed, business_date),
    ).fetchall()
    conn.commit()
    return {(name, size, digest) for name, size, digest in rows}


def _deliveries(terms: Contract, folder: inbox.Folder, known: set[tuple[str, int, str]]) -> dict[str, tuple[Path, ...]]:
    """The files of a folder by source; sources without a new or changed file are left out."""
    by_source: dict[str, tuple[Path, ...]] = {}
    for file in folder.files:
        source = file.stem if terms.properties.sources == "file_name" else ""
        by_source[source] = (*by_source.get(source, ()), file)
    # Closed days are compared by name and size: hashing 35 days of snapshots on every run would cost minutes.
    today = dt.datetime.now(SHANGHAI).date()
    sizes = {(name, size) for name, size, _ in known}
    return {
        source: files
        for source, files in by_source.items()
        if folder.business_date == today or any((file.name, file.stat().st_size) not in sizes for file in files)
    }


def _keep(file: Path, feed: str, business_date: dt.date) -> _Kept:
    copy, digest = archive.keep(file, feed, business_date)
    return _Kept(file.name, copy, digest)


def _land_files(
    conn: psycopg.Connection, terms: Contract, business_date: dt.date, source: str, kept: Sequence[_Kept]
) -> list[int]:
    readings = [(file.name, readers.read(file.copy, terms)) for file in kept]
    facts = [file.fact(reading.rows) for file, (_, reading) in zip(kept, readings, strict=True)]
    content = kept[0].sha256 if len(kept) == 1 else sha256("".join(k.sha256 for k in kept).encode()).hexdigest()
    reading = readings[0][1] if len(readings) == 1 else together(terms, readings)
    delivery = _Delivery(business_date, source, received_at(business_date), facts, content)
    return _register(conn, terms, delivery, reading)


# ---------------------------------------------------------------- pulls


def _land_pulls(conn: psycopg.Connection, terms: Contract, business_date: dt.date) -> list[int]:
    current = settings()
    url, token = current.street_border_api_url, current.street_border_api_token
    if url is None or token is None:
        raise PermanentError("没有设置接口地址或令牌:请设置 STREET_BORDER_API_URL 与 STREET_BORDER_API_TOKEN")
    known = _known_pulls(conn, terms.feed)
    pulls = paged_api.pulls(current.street_var, terms.feed)
    unfinished = [pull for pull in pulls if _pull_name(pull) not in known]
    landed: list[int] = []
    for pull in unfinished:
        paged_api.complete(pull, url, token.get_secret_value())
        landed += _land_pull(conn, terms, pull)
    is_today = business_date == dt.datetime.now(SHANGHAI).date()
    done = [pull for pull in pulls if pull not in unfinished]
    # A past day that a later pull has covered already is in the warehouse: asking again would date it back.
    covered = not is_today and any(pull.business_date > business_date for pull in pulls)
    if covered or any(pull.business_date == business_date for pull in unfinished):
        return landed
    since = max((pull.started_at for pull in [*done, *unfinished]), default=None)
    pull = paged_api.begin(terms.feed, business_date, received_at(business_date), since)
    paged_api.complete(pull, url, token.get_secret_value())
    return landed + _land_pull(conn, terms, pull)


def _known_pulls(conn: psycopg.Connection, feed: str) -> set[str]:
    rows = conn.execute(
        "select distinct page ->> 'pull' from ops.batch cross join lateral jsonb_array_elements(sources) as page"
        " where feed = %s and status <> 'failed'",
        (feed,),
    ).fetchall()
    conn.commit()
    return {name for (name,) in rows}


def _known_pages(conn: psycopg.Connection, feed: str) -> set[str]:
    rows = conn.execute(
        "select distinct page ->> 'sha256' from ops.batch cross join lateral jsonb_array_elements(sources) as page"
        " where feed = %s and status <> 'failed' and (page ->> 'rows')::integer > 0",
        (feed,),
    ).fetchall()
    conn.commit()
    return {digest for (digest,) in rows}


def _pull_name(pull: paged_api.Pull) -> str:
    return f"{pull.business_date.isoformat()}/{pull.name}"


def _land_pull(conn: psycopg.Connection, terms: Contract, pull: paged_api.Pull) -> list[int]:
    """Land the pages of a complete pull; a page that an earlier pull stored already isn't received again."""
    known = _known_pages(conn, terms.feed)
    facts: list[dict[str, Any]] = []
    fresh: list[Path] = []
    for path in pull.stored():
        content = path.read_bytes()
        answer = pages.page(content)
        digest = sha256(repr(answer["data"]).encode("utf-8", "surrogatepass")).hexdigest()
        is_new = bool(answer["data"]) and digest not in known
        if is_new:
            fresh.append(path)
            known.add(digest)
        facts.append(
            {
                "name": path.name,
                "pull": _pull_name(pull),
                "since": pull.since.isoformat() if pull.since else None,
                "sha256": digest,
                "rows": len(answer["data"]) if is_new else 0,
                "next_cursor": answer["next_cursor"],
            }
        )
    is_today = pull.business_date == dt.datetime.now(SHANGHAI).date()
    if not fresh and not is_today and _has_batch(conn, terms.feed, pull.business_date):
        paged_api.discard(pull)  # a rerun of a closed day that brought nothing: the day stays as it is
        return []
    content_digest = sha256("".join([_pull_name(pull), *(fact["sha256"] for fact in facts)]).encode()).hexdigest()
    delivery = _Delivery(pull.business_date, "", pull.started_at, facts, content_digest)
    return _register(conn, terms, delivery, pages.read(fresh, terms))


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
    facts: Sequence[dict[str, Any]]
    sha256: str


def _register(conn: psycopg.Connection, terms: Contract, delivery: _Delivery, reading: Reading) -> list[int]:
    with database.scrubbed(), conn.transaction():
        batch_id = batch.register(
            conn,
            feed=terms.feed,
            source=delivery.source,
            business_date=delivery.business_date,
            received_at=delivery.received_at,
            sources=delivery.facts,
            sha256=delivery.sha256,
            contract_version=terms.version,
            unknown_columns=reading.unknown_columns,
        )
        if batch.status(conn, batch_id) == "repeated":
            return [batch_id]
        if raw.holds(conn, terms.feed, batch_id):
            return []
        raw.load(conn, terms, batch_id, _numbered(terms, reading.frame))
        conn.execute("update ops.batch set rows_received = %s where batch_id = %s", (reading.rows, batch_id))
        if reading.problem is not None:
            batch.reject(conn, batch_id, reading.problem)
        return [batch_id]


def _numbered(terms: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        row_hashes(terms, frame), pl.Series("_row_no", range(1, frame.height + 1), dtype=pl.Int32)
    )
