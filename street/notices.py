"""Notices of failures: people are told of the same failure once a day (R-DAY-9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from street.database import scrubbed

if TYPE_CHECKING:
    import datetime as dt

    import psycopg


def claim(conn: psycopg.Connection, subject: str, business_date: dt.date, reason: str) -> bool:
    """Return whether nobody has been told yet (R-DAY-9); the caller commits once people have been.

    Waits while another is about to tell the same. `reason` must hold no value of a row. Raises DatabaseError.
    """
    with scrubbed():
        claimed = conn.execute(
            "insert into ops.notice (subject, business_date, reason) values (%s, %s, %s)"
            " on conflict do nothing returning 1",
            (subject, business_date, reason),
        ).fetchone()
    return claimed is not None
