"""The published marts as the report reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    import datetime as dt

    import psycopg


class Marts:
    """The published marts in one transaction. Every method raises psycopg.Error when a mart or column isn't there."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self._conn = conn

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        with self._conn.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(SQL(query), values).fetchall()

    def date_of(self, mart: str) -> dt.date | None:
        """Return the business date that a current mart describes; None when it has no row."""
        with self._conn.cursor() as cursor:
            row = cursor.execute(SQL("select max(as_of) from marts.{}").format(Identifier(mart))).fetchone()
        return row[0] if row else None
