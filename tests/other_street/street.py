"""What the warehouse made of a drawn street."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    from .lists import Draw


class Built:
    """Queries on what was built, and the batches matched with those that were sent."""

    def __init__(self, conn: psycopg.Connection, drawn: Draw) -> None:
        self.conn, self.drawn = conn, drawn
        self.batches = self.rows(
            "select batch_id, feed, business_date, coalesce(source, '') as source, status, rows_received,"
            " rows_accepted,"
            " rows_quarantined, rows_superseded from ops.batch order by batch_id"
        )
        self.of_batch = {row["batch_id"]: row for row in self.batches}
        self.ids = {(r["feed"], r["business_date"], r["source"]): r["batch_id"] for r in self.batches}

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query on the build, each a mapping."""
        cursor = self.conn.execute(query.encode())
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
