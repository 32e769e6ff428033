"""Builds the warehouse from a drawn street, inside this process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from expectations.gate import validate
from linkage.run import link
from sources import archive, landing
from sources.connectors import paged_api
from sources.contract import all_contracts
from sources.registry import sync
from street import batch, dbt
from street.settings import as_of_at

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

    import psycopg

    from .lists import Draw


def build(conn: psycopg.Connection, folder: Path, day: dt.date) -> None:
    """Land every folder up to `day`, the port's pull too, and build `staging` and the build schema."""
    sync(conn)
    conn.commit()
    _store_the_pull(folder, day)
    for contract in all_contracts():
        for batch_id in landing.land(contract.feed, day):
            validate(batch_id)
            batch.promote(conn, batch_id, contract.load_mode)
            conn.commit()
    dbt.build(dbt.STAGING, day, as_of_at(day))
    link(day, all_contracts())
    dbt.build(dbt.MARTS, day, as_of_at(day))


def _store_the_pull(folder: Path, day: dt.date) -> None:
    lines = (folder / "border" / "entries.jsonl").read_text("utf-8").splitlines()
    pull = paged_api.begin("border_entries", day, as_of_at(day), None)
    page = {"data": [json.loads(line) for line in lines], "next_cursor": None}
    archive.write(pull.folder / "page-000001.json", json.dumps(page).encode())


class Built:
    """What the warehouse made of a drawn street: queries, and the batches matched with those that were sent."""

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
