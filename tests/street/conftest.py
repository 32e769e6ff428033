"""A small feed and its deliveries, for tests of batches and publishing."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from street import batch
from street.settings import as_of_at

if TYPE_CHECKING:
    import psycopg

MONDAY = dt.date(2020, 3, 23)


@dataclass
class Deliveries:
    """Lands batches of feeds `snapshot_feed` and `event_feed` as the landing and the gate would."""

    conn: psycopg.Connection
    counter: int = field(default=0)

    def register(self, feed: str, day: int, content: str | None = None, source: str = "") -> int:
        self.counter += 1
        on = MONDAY + dt.timedelta(days=day)
        content = content if content is not None else f"content {self.counter}"
        return batch.register(
            self.conn,
            feed=feed,
            source=source,
            business_date=on,
            received_at=as_of_at(on),
            sources=[{"name": "list.csv"}],
            sha256=hashlib.sha256(content.encode()).hexdigest(),
            contract_version="1.0.0",
        )

    def land(self, batch_id: int, rows: int, quarantined: int = 0, superseded: int = 0) -> int:
        (feed,) = self.row(batch_id, "feed")
        self.conn.execute(
            f"insert into raw.{feed} select %s, n, md5(n::text) from generate_series(1, %s) n", (batch_id, rows)
        )
        self.conn.execute(
            f"insert into quarantine.{feed} select %s, n, '{{key_missing}}' from generate_series(1, %s) n",
            (batch_id, quarantined),
        )
        self.conn.execute(
            "insert into ops.superseded_row select %s, %s, n from generate_series(%s + 1, %s + %s) n",
            (feed, batch_id, quarantined, quarantined, superseded),
        )
        self.conn.execute(
            "insert into ops.check_result (batch_id, subject, rule, severity, passed, failed_rows)"
            " values (%s, %s, 'key_missing', 'quarantine', %s, %s)",
            (batch_id, feed, quarantined == 0, quarantined),
        )
        return batch_id

    def deliver(self, day: int, rows: int, quarantined: int = 0, *, feed: str = "snapshot_feed", source: str = ""):
        batch_id = self.land(self.register(feed, day, source=source), rows, quarantined)
        mode: batch.LoadMode = "snapshot" if feed == "snapshot_feed" else "events"
        return batch_id, batch.promote(self.conn, batch_id, mode)

    def row(self, batch_id: int, *columns: str) -> tuple[Any, ...]:
        found = self.conn.execute(
            f"select {', '.join(columns)} from ops.batch where batch_id = %s", (batch_id,)
        ).fetchone()
        assert found is not None
        return found


@pytest.fixture
def deliveries(warehouse: psycopg.Connection) -> Deliveries:
    for feed, mode in (("snapshot_feed", "snapshot"), ("event_feed", "events")):
        warehouse.execute(
            "insert into ops.feed (feed, title_zh, department, load_mode, cadence, due_at, retention_days,"
            " about_person, about_arrival, contract_version)"
            " values (%s, %s, '科室', %s, 'daily', '02:00', 35, true, false, '1.0.0')",
            (feed, feed, mode),
        )
        warehouse.execute(f"create table raw.{feed} (_batch_id bigint, _row_no int, _row_hash text)")
        warehouse.execute(f"create table quarantine.{feed} (batch_id bigint, row_no int, rules text[])")
    warehouse.commit()
    return Deliveries(warehouse)
