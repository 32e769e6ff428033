"""Batches: one delivery of one feed, from its arrival to its verdict (docs/rules.md, Rows and batches).

Each function works in one transaction: the caller's if one is open on the connection, else its own, committed with
`synchronous_commit = on`. Each may be repeated: a task that was killed after its commit does the same thing once.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from psycopg import sql
from psycopg.types.json import Jsonb

from street.database import lock, scrubbed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence

    import psycopg

Status = Literal["landed", "accepted", "rejected", "repeated", "failed"]
LoadMode = Literal["snapshot", "increment", "events"]

AWAITS_LANDING = "等待按现行契约重新入库"
_WITHDRAWN = "人工撤回"


class BatchError(ValueError):
    """What was asked of a batch can't be done; the sentence says why."""


class ClosedDayError(ValueError):
    """A day, or what came for it, can't be taken up again: retention has removed its data (R-RET-4)."""


@dataclass(frozen=True)
class Counts:
    """What became of a batch's rows; in an accepted batch `received` is the sum of the others (R-BATCH-5)."""

    received: int
    accepted: int
    quarantined: int
    superseded: int


def register(  # noqa: PLR0913 -- the facts of a delivery
    conn: psycopg.Connection,
    *,
    feed: str,
    source: str,
    business_date: dt.date,
    received_at: dt.datetime,
    sources: Sequence[Mapping[str, Any]],
    sha256: str,
    contract_version: str,
    unknown_columns: Sequence[str] = (),
) -> int:
    """Write a delivery down and return its batch_id; `status` tells whether it is to be landed.

    - The same bytes for the same date: the batch they already are (a retry), a failed one set back to `landed`.
    - The same bytes as an accepted batch of another date: a new batch, `repeated`, all its rows superseded.
    - Else a new batch, `landed`. A delivery without rows never repeats another one.
    """
    with _transaction(conn):
        _lock_feed(conn, feed)
        same = conn.execute(
            "select batch_id, business_date, status, rows_received from ops.batch"
            " where feed = %s and source = %s and sha256 = %s and removed_on is null order by batch_id",
            (feed, source, sha256),
        ).fetchall()
        for batch_id, on, known_as, rows in same:
            if on == business_date and not (known_as == "accepted" and rows == 0):
                # Read anew, under the contract as it is now.
                conn.execute(
                    "update ops.batch set status = 'landed', reason = null, sources = %s, contract_version = %s,"
                    " unknown_columns = %s where batch_id = %s and status = 'failed'",
                    (Jsonb(list(sources)), contract_version, list(unknown_columns), batch_id),
                )
                return int(batch_id)
        original = next((row for row in same if row[2] == "accepted" and row[3] > 0), None)
        row = conn.execute(
            "insert into ops.batch (feed, source, business_date, received_at, sources, sha256, contract_version,"
            " unknown_columns, status, reason, rows_received, rows_superseded)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) returning batch_id",
            (
                feed, source, business_date, received_at, Jsonb(list(sources)), sha256, contract_version,
                list(unknown_columns), "repeated" if original else "landed",
                _repetition(*original[:2]) if original else None,
                original[3] if original else 0, original[3] if original else 0,
            ),
        ).fetchone()  # fmt: skip
        assert row is not None  # noqa: S101 -- `returning` returns
        return int(row[0])


def status(conn: psycopg.Connection, batch_id: int) -> Status:
    """Return the status of a batch. Raises BatchError when there is none of this number."""
    return _read(conn, batch_id)[2]


def unjudged(conn: psycopg.Connection, feed: str) -> list[int]:
    """Return the batches of a feed that are landed and wait for their verdict, the oldest first."""
    with scrubbed(), conn.transaction():
        rows = conn.execute(
            "select batch_id from ops.batch where feed = %s and status = 'landed' and removed_on is null"
            " order by business_date, batch_id",
            (feed,),
        ).fetchall()
    return [int(batch_id) for (batch_id,) in rows]


def in_force(conn: psycopg.Connection, as_of: dt.date) -> dict[str, list[int]]:
    """Return, by feed, the batches that describe the business date `as_of` (SQL: `ops.batch_in_force`; R-BATCH-4)."""
    with scrubbed(), conn.transaction():
        rows = conn.execute(
            "select feed, array_agg(batch_id order by batch_id) from ops.batch_in_force(%s)"
            " group by feed order by feed",
            (as_of,),
        ).fetchall()
    return dict(rows)


def refuse_closed(conn: psycopg.Connection, as_of: dt.date) -> None:
    """Raise ClosedDayError when a day lacks data that retention has removed (SQL: `ops.closed_on`; R-RET-4)."""
    with scrubbed(), conn.transaction():
        row = conn.execute("select ops.closed_on(%s)", (as_of,)).fetchone()
    if row is not None and row[0] is not None:
        raise ClosedDayError(
            f"{as_of} 已关闭，不能重跑：当日所依据的数据已于 {row[0]} 到期删除（R-RET-4）。"
            "当日的历史数字保持不变，见 marts.governance_daily。"
        )


def removed_through(conn: psycopg.Connection, feed: str) -> dt.date | None:
    """Return the newest business date of a feed that retention has removed something of; what comes for it is over."""
    with scrubbed(), conn.transaction():
        row = conn.execute(
            "select max(business_date) from ops.batch where feed = %s and removed_on is not null", (feed,)
        ).fetchone()
    return row[0] if row else None


def newest_date(conn: psycopg.Connection) -> dt.date | None:
    """Return the newest business date with an accepted batch."""
    with scrubbed():
        row = conn.execute("select max(business_date) from ops.batch where status = 'accepted'").fetchone()
    return row[0] if row else None


def promote(conn: psycopg.Connection, batch_id: int, load_mode: LoadMode) -> Status:
    """Judge a landed and validated batch, freeze its counts, and return its status.

    A snapshot is rejected with too many of its rows quarantined (SQL: `rules.is_over_quarantine_limit`), with fewer
    rows than the feed's floor of the last accepted snapshot of its source, or with no row at all (R-BATCH-2).
    Increments and events are accepted at any rate (R-BATCH-3). The same bytes as an accepted batch are `repeated`: of
    two equal folders that were landed in one go neither was accepted when they were registered. A batch that has its
    verdict keeps it.

    Raises BatchError when the rows of the batch don't balance.
    """
    if load_mode not in get_args(LoadMode):
        raise BatchError(f"批次 {batch_id}：没有 {load_mode} 这种装载方式。")
    with _transaction(conn):
        feed, source, current = _locked(conn, batch_id)
        if current != "landed":
            return current
        original = _equal(conn, batch_id)
        if original is not None:
            _repeat(conn, batch_id, feed, original)
            return "repeated"
        counts = _count(conn, batch_id, feed)
        objection = _objection(conn, batch_id, feed, source, counts) if load_mode == "snapshot" else None
        if objection is None:
            _accept(conn, batch_id, counts, by=None)
            return "accepted"
        _name_rule(conn, batch_id, feed, objection.rule)
        _refuse(conn, batch_id, "rejected", objection.reason, counts.received)
        return "rejected"


def accept(conn: psycopg.Connection, batch_id: int, by: str) -> None:
    """Put a rejected batch in force on an operator's word; `by` is kept with it.

    Raises BatchError when the batch isn't rejected, has no row that could be used, or was rejected unread: its rows
    have never been validated, so nobody knows which of them could be used.
    """
    with _transaction(conn):
        feed, _, current = _locked(conn, batch_id)
        if current != "rejected":
            raise BatchError(f"批次 {batch_id} 的状态是 {current}：只有被拒绝（rejected）的批次可以人工接受。")
        validated = conn.execute(
            "select from ops.check_result where batch_id = %s and severity = 'quarantine' limit 1", (batch_id,)
        ).fetchone()
        if validated is None:
            raise BatchError(f"批次 {batch_id}（{feed}）读不到底或缺列，未经逐行校验，不能接受：请部门重新报送。")
        counts = _count(conn, batch_id, feed)
        if counts.accepted == 0:
            raise BatchError(f"批次 {batch_id}（{feed}）没有可用的行，不能接受：请部门重新报送。")
        _accept(conn, batch_id, counts, by=by)


def withdraw(conn: psycopg.Connection, batch_id: int, by: str, reason: str) -> None:
    """Take an accepted batch out of force again on an operator's word: it is rejected, `by` and `reason` kept with it.

    The one before it is in force again; `accept` undoes it, and whoever had accepted it by hand stays on record.
    Repeating it changes nothing. `reason` must hold no value of a row. Raises BatchError when the batch is neither
    accepted nor withdrawn, or no reason is given.
    """
    if not reason.strip():
        raise BatchError(f"批次 {batch_id}：撤回需要写明原因。")
    with _transaction(conn):
        _, _, current = _locked(conn, batch_id)
        known = conn.execute("select reason, rows_received from ops.batch where batch_id = %s", (batch_id,)).fetchone()
        assert known is not None  # noqa: S101 -- `_locked` has read it
        if current == "rejected" and (known[0] or "").startswith(_WITHDRAWN):
            return
        if current != "accepted":
            raise BatchError(f"批次 {batch_id} 的状态是 {current}：只有已接受（accepted）的批次可以撤回。")
        _refuse(conn, batch_id, "rejected", f"{_WITHDRAWN}（{by}）：{reason.strip()}", known[1])


def reject(conn: psycopg.Connection, batch_id: int, reason: str) -> None:
    """Refuse a delivery that can't be read to its end or lacks a required column; `reason` must hold no value of a row.

    The rows that could be read stay in raw and are counted as received.
    Raises BatchError when the batch has another verdict already.
    """
    _set_aside(conn, batch_id, "rejected", reason)


def fail(conn: psycopg.Connection, batch_id: int, reason: str) -> None:
    """Record that a file can't be read, or that our own work on it broke off; registering it again takes it up anew.

    Raises BatchError when the batch has another verdict already.
    """
    _set_aside(conn, batch_id, "failed", reason)


def reopen(conn: psycopg.Connection, batch_id: int) -> str:
    """Let the next landing take up a rejected delivery anew, once our contract has been mended; return its feed.

    The caller drops the rows it had landed as (sources.relanding). What is known of its files is forgotten, so that
    they are looked at anew. Raises BatchError when the batch is in force, repeated, or not yet judged.
    """
    with _transaction(conn):
        feed, _, current = _locked(conn, batch_id)
        if current not in ("rejected", "failed"):
            raise BatchError(
                f"批次 {batch_id} 的状态是 {current}：只有被拒绝（rejected）或失败（failed）的批次可以重新入库。"
            )
        _refuse(conn, batch_id, "failed", AWAITS_LANDING, 0)
        conn.execute(
            "update ops.batch set sources = (select coalesce(jsonb_agg(file - 'sha256' - 'rows'), '[]')"
            " from jsonb_array_elements(sources) as file) where batch_id = %s",
            (batch_id,),
        )
    return feed


def replaces_failed(conn: psycopg.Connection, batch_id: int) -> None:
    """Note on the failed batches of this batch's files that it has taken their place."""
    with _transaction(conn):
        conn.execute(
            "update ops.batch as failed set reason = %s from ops.batch as this"
            " where this.batch_id = %s and failed.status = 'failed' and failed.batch_id <> this.batch_id"
            " and failed.feed = this.feed and failed.source = this.source"
            " and failed.business_date = this.business_date and exists ("
            "  select from jsonb_array_elements(failed.sources) as one"
            "  inner join jsonb_array_elements(this.sources) as other on one ->> 'name' = other ->> 'name')",
            (f"已由批次 {batch_id} 取代", batch_id),
        )


def add_sources(conn: psycopg.Connection, batch_id: int, sources: Sequence[Mapping[str, Any]]) -> None:
    """Add files whose bytes are a batch's already, under other names or times; they bring it no rows (R-BATCH-9)."""
    with _transaction(conn):
        row = conn.execute("select sources from ops.batch where batch_id = %s for update", (batch_id,)).fetchone()
        assert row is not None  # noqa: S101 -- it has just been registered
        known = {(file["name"], file.get("sha256")): at for at, file in enumerate(row[0])}
        for file in sources:
            at = known.get((file["name"], file.get("sha256")))
            if at is None:
                row[0].append({**file, "rows": 0})
            else:
                row[0][at] |= {key: value for key, value in file.items() if key != "rows"}
        conn.execute("update ops.batch set sources = %s where batch_id = %s", (Jsonb(row[0]), batch_id))


def _set_aside(conn: psycopg.Connection, batch_id: int, verdict: Literal["rejected", "failed"], reason: str) -> None:
    with _transaction(conn):
        feed, _, current = _locked(conn, batch_id)
        if current == verdict:
            return
        if current not in ("landed", "failed"):
            raise BatchError(f"批次 {batch_id} 的状态已是 {current}，不能改为 {verdict}。")
        _refuse(conn, batch_id, verdict, reason, _received(conn, batch_id, feed))


def _equal(conn: psycopg.Connection, batch_id: int) -> tuple[int, dt.date] | None:
    """Return an accepted batch of the same content, and its business date."""
    return conn.execute(
        "select other.batch_id, other.business_date from ops.batch as this"
        " inner join ops.batch as other on this.feed = other.feed and this.source = other.source"
        "  and this.sha256 = other.sha256 and this.batch_id <> other.batch_id"
        " where this.batch_id = %s and other.status = 'accepted' and other.rows_received > 0"
        "  and other.removed_on is null"
        " order by other.batch_id limit 1",
        (batch_id,),
    ).fetchone()


def _repeat(conn: psycopg.Connection, batch_id: int, feed: str, original: tuple[int, dt.date]) -> None:
    conn.execute(sql.SQL("delete from {} where batch_id = %s").format(sql.Identifier("quarantine", feed)), (batch_id,))
    conn.execute("delete from ops.superseded_row where batch_id = %s", (batch_id,))
    received = _received(conn, batch_id, feed)
    conn.execute(
        "update ops.batch set status = 'repeated', reason = %s, flags = '{}', rows_received = %s, rows_accepted = 0,"
        " rows_quarantined = 0, rows_superseded = %s where batch_id = %s",
        (_repetition(*original), received, received, batch_id),
    )


def _repetition(batch_id: int, business_date: dt.date) -> str:
    return f"与批次 {batch_id}（{business_date}）内容完全相同"


def _name_rule(conn: psycopg.Connection, batch_id: int, feed: str, rule: str) -> None:
    """Write down the rule by which a delivery is out of force, as `feed_health.failed_checks` names it (R-BATCH-6)."""
    conn.execute(
        "insert into ops.check_result (batch_id, subject, rule, severity, passed) values (%s, %s, %s, 'batch', false)",
        (batch_id, feed, rule),
    )


class _Objection(NamedTuple):
    """Why a snapshot is rejected: the rule as feed_health names it, and the sentence."""

    rule: Literal["no_rows", "quarantine_rate", "row_floor"]
    reason: str


def _objection(conn: psycopg.Connection, batch_id: int, feed: str, source: str, counts: Counts) -> _Objection | None:
    """Say why a snapshot can't be put in force (R-BATCH-2), or return None."""
    if counts.received == 0:
        return _Objection("no_rows", "名单没有一行数据")
    limit = conn.execute(
        "select rules.quarantine_share() where rules.is_over_quarantine_limit(%s, %s)",
        (counts.received, counts.quarantined),
    ).fetchone()
    if limit is not None:
        share = counts.quarantined / counts.received
        reason = f"{counts.received} 行中有 {counts.quarantined} 行不可用（{share:.1%}），超过 {limit[0]:.0%}"
        return _Objection("quarantine_rate", reason)
    last = conn.execute(
        "select earlier.batch_id, earlier.rows_received, feed.row_floor from ops.batch as earlier"
        " inner join ops.feed on earlier.feed = feed.feed"
        " inner join ops.batch as this on this.batch_id = %s"
        " where earlier.feed = %s and earlier.source = %s and earlier.status = 'accepted'"
        " and earlier.business_date <= this.business_date"
        " order by earlier.business_date desc, earlier.batch_id desc limit 1",
        (batch_id, feed, source),
    ).fetchone()
    if last is not None and counts.received < last[2] * last[1]:
        reason = f"只有 {counts.received} 行，不足上次接受的批次 {last[0]}（{last[1]} 行）的 {last[2]:.0%}"
        return _Objection("row_floor", reason)
    return None


def _count(conn: psycopg.Connection, batch_id: int, feed: str) -> Counts:
    # Accepted rows are counted by themselves, not as a difference, so that the balance is a check.
    row = conn.execute(
        sql.SQL(
            "select"
            " (select count(*) from {raw} where _batch_id = %(id)s),"
            " (select count(*) from {raw} as raw where raw._batch_id = %(id)s"
            "  and not exists (select from {quarantine} as q where q.batch_id = %(id)s and q.row_no = raw._row_no)"
            "  and not exists (select from ops.superseded_row as s"
            "                  where s.batch_id = %(id)s and s.row_no = raw._row_no)),"
            " (select count(*) from {quarantine} where batch_id = %(id)s),"
            " (select count(*) from ops.superseded_row where batch_id = %(id)s)"
        ).format(raw=sql.Identifier("raw", feed), quarantine=sql.Identifier("quarantine", feed)),
        {"id": batch_id},
    ).fetchone()
    assert row is not None  # noqa: S101 -- an aggregate returns a row
    counts = Counts(*row)
    if counts.received != counts.accepted + counts.quarantined + counts.superseded:
        raise BatchError(
            f"批次 {batch_id}（{feed}）不平：收到 {counts.received}，接受 {counts.accepted}，"
            f"隔离 {counts.quarantined}，被取代 {counts.superseded}。请重新校验该批次。"
        )
    return counts


def _received(conn: psycopg.Connection, batch_id: int, feed: str) -> int:
    # A delivery can be refused before its feed ever had a raw table.
    found = conn.execute("select to_regclass(format('raw.%%I', %s::text))", (feed,)).fetchone()
    if found is None or found[0] is None:
        return 0
    query = sql.SQL("select count(*) from {} where _batch_id = %s").format(sql.Identifier("raw", feed))
    row = conn.execute(query, (batch_id,)).fetchone()
    return int(row[0]) if row else 0


def _accept(conn: psycopg.Connection, batch_id: int, counts: Counts, by: str | None) -> None:
    conn.execute(
        "update ops.batch set status = 'accepted', promoted_at = clock_timestamp(), accepted_by = %s,"
        " reason = case when %s::text is null then null else reason end,"
        " rows_received = %s, rows_accepted = %s, rows_quarantined = %s, rows_superseded = %s where batch_id = %s",
        (by, by, counts.received, counts.accepted, counts.quarantined, counts.superseded, batch_id),
    )


def _refuse(
    conn: psycopg.Connection, batch_id: int, verdict: Literal["rejected", "failed"], reason: str, received: int
) -> None:
    conn.execute(
        "update ops.batch set status = %s, reason = %s, rows_received = %s, rows_accepted = 0, rows_quarantined = 0,"
        " rows_superseded = 0 where batch_id = %s",
        (verdict, reason, received, batch_id),
    )


def _locked(conn: psycopg.Connection, batch_id: int) -> tuple[str, str, Status]:
    """Return feed, source and status of a batch, read after every other verdict on its feed has been committed."""
    feed, _, _ = _read(conn, batch_id)
    _lock_feed(conn, feed)
    removed = conn.execute("select removed_on from ops.batch where batch_id = %s", (batch_id,)).fetchone()
    if removed is not None and removed[0] is not None:
        raise BatchError(f"批次 {batch_id}（{feed}）已于 {removed[0]} 到期删除，不能再处理（R-RET-4）。")
    return _read(conn, batch_id)


def _read(conn: psycopg.Connection, batch_id: int) -> tuple[str, str, Status]:
    with scrubbed(), conn.transaction():
        row = conn.execute("select feed, source, status from ops.batch where batch_id = %s", (batch_id,)).fetchone()
    if row is None:
        raise BatchError(f"没有批次 {batch_id}：`street batches` 列出所有批次。")
    return row[0], row[1], row[2]


def _lock_feed(conn: psycopg.Connection, feed: str) -> None:
    # Two verdicts on one feed at once would both compare with the same "last accepted" batch.
    lock(conn, f"batch {feed}")


@contextlib.contextmanager
def _transaction(conn: psycopg.Connection) -> Iterator[None]:
    with scrubbed(), conn.transaction():
        conn.execute("set local synchronous_commit = on")
        yield
