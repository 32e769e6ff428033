"""The ingests under way, so that a build waits for those of its own date alone (docs/rules.md, R-DAY-8)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from street.database import scrubbed

if TYPE_CHECKING:
    import psycopg

PATIENCE = dt.timedelta(minutes=15)
"""An ingest that began longer ago is waited for no more: its source hangs, and the others have arrived."""

_FORGOTTEN = dt.timedelta(days=2)  # left behind by a machine that was killed


def begin(conn: psycopg.Connection, feed: str, run_id: str, business_date: dt.date) -> None:
    """Write down that a run takes in a feed; a run that begins again keeps its first time. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        conn.execute("delete from ops.ingest where began_at < clock_timestamp() - %s", (_FORGOTTEN,))
        conn.execute(
            "insert into ops.ingest (feed, run_id, business_date) values (%s, %s, %s) on conflict do nothing",
            (feed, run_id, business_date),
        )


def end(conn: psycopg.Connection, feed: str, run_id: str) -> None:
    """Write down that a run has ended, well or badly; may be repeated. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        conn.execute("delete from ops.ingest where feed = %s and run_id = %s", (feed, run_id))


def under_way(conn: psycopg.Connection, business_date: dt.date) -> list[tuple[str, str]]:
    """Return feed and run id of the ingests of a date that have begun within PATIENCE and not ended.

    A run that was killed is among them; Airflow knows whether it still runs. Raises DatabaseError.
    """
    with scrubbed(), conn.transaction():
        return conn.execute(
            "select feed, run_id from ops.ingest where business_date = %s and began_at > clock_timestamp() - %s"
            " order by feed, run_id",
            (business_date, PATIENCE),
        ).fetchall()
