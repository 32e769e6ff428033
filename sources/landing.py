"""Land what has arrived: each delivery that a feed's connector hands over becomes one batch, in one transaction.

A kill at any instant, then a rerun, loses and doubles nothing: what was received is in the archive before the batch is
registered, and registering and loading commit together. What can't be read is a batch of its own, failed or rejected,
and holds nothing else (docs/rules.md, R-BATCH-8): everything that can be landed is, then one error names the rest.
"""

import datetime as dt
from contextlib import closing

import polars as pl
import psycopg

from sources import connectors, contract, raw, registry, troubles
from sources.contract import Contract
from sources.deliveries import Delivery
from sources.known import Known
from sources.readers.reading import row_hashes
from sources.troubles import Trouble
from street import batch, database


def land(feed: str, business_date: dt.date) -> list[int]:
    """Land everything of a feed that has arrived at or before a date and isn't landed yet, oldest first.

    Returns the new batches, also the rejected, the failed and the repeated ones. Nothing new: an empty list.

    Raises:
        ContractError: the feed's contract can't be used.
        ClosedDayError: retention has removed what came for this date (R-RET-4).
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
        known = Known(conn, feed)
        if known.removed_through is not None and business_date <= known.removed_through:
            raise batch.ClosedDayError(
                f"{terms.title_zh}：{known.removed_through} 及以前的数据已到期删除，"
                f"{business_date} 不能重跑（R-RET-4）。"
            )
        landed: list[int] = []
        found: list[Trouble] = []
        for each in connectors.deliveries(terms, known, business_date):
            outcome = each if isinstance(each, Trouble) else _land(conn, terms, each)
            if isinstance(outcome, Trouble):
                found.append(outcome)
            elif outcome is not None:
                landed.append(outcome)
        if found:
            raise troubles.told(feed, found)
        return landed


def _land(conn: psycopg.Connection, terms: Contract, delivery: Delivery) -> int | Trouble | None:
    """Land one delivery; returns the new batch, the trouble it had, or None when these bytes are a batch already."""
    try:
        with database.scrubbed():
            batch_id, is_new = _register(conn, terms, delivery)
            if not is_new:
                delivery.repeated(batch_id)
            if delivery.reading.problem is None:
                batch.replaces_failed(conn, batch_id)
    except Exception as error:  # noqa: BLE001 -- a fault of ours with one delivery mustn't hold the others
        return troubles.of(delivery.where, error)
    return batch_id if is_new else None


def _register(conn: psycopg.Connection, terms: Contract, delivery: Delivery) -> tuple[int, bool]:
    """Load a delivery as a batch; returns it, and whether it is new (else these bytes are that batch already)."""
    reading = delivery.reading
    with conn.transaction():
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
        if not reading.readable:
            batch.fail(conn, batch_id, str(reading.problem))
            return batch_id, True
        if batch.status(conn, batch_id) == "repeated":
            return batch_id, True
        if raw.holds(conn, terms.feed, batch_id):
            return batch_id, False
        raw.load(conn, terms, batch_id, _numbered(terms, reading.frame))
        conn.execute("update ops.batch set rows_received = %s where batch_id = %s", (reading.rows, batch_id))
        if reading.problem is not None:
            batch.reject(conn, batch_id, reading.problem)
        return batch_id, True


def _numbered(terms: Contract, frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(
        row_hashes(terms, frame), pl.Series("_row_no", range(1, frame.height + 1), dtype=pl.Int32)
    )
