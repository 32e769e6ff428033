"""Follow a row or a figure of a published table back to the feed, the batch, the file and the row it comes from.

For those who run the warehouse alone (docs/rules.md, Privacy): it reads `ops` and `linkage` as the pipeline's role. It
tells where something stands, never what stands there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg import sql

from street.catalogue import published
from street.database import scrubbed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg


class TraceError(ValueError):
    """What was asked for can't be followed; the sentence says what can."""


@dataclass(frozen=True)
class Origin:
    """One received record: `row_no` counts the records of its batch, `row_in_file` those of its file, both from 1.

    A figure about deliveries as a whole (feed_health, governance_daily) has origins without rows.
    """

    feed: str
    batch_id: int
    business_date: dt.date
    file: str
    row_no: int | None
    row_in_file: int | None


# Which records stand behind a key, the finest key first.
_RECORDS: Mapping[str, str] = {
    "episode_key": (
        "select arrival.feed, arrival.batch_id, arrival.row_no from core.fct_arrival as arrival"
        " inner join core.fct_isolation_episode as episode on arrival.person_key = episode.person_key"
        " where episode.episode_key = %(key)s"
    ),
    **{
        column: f"select feed, batch_id, row_no from ops.records_behind('{column}', %(key)s)"
        for column in ("person_key", "dwelling_key", "building_key", "compound_key", "committee_code")
    },
    "feed": "select feed, batch_id, null from marts.feed_health where feed = %(key)s and batch_id is not null",
    "business_date": "select feed, batch_id, null from ops.batch_in_force(%(key)s::text::date)",
}


def trace(conn: psycopg.Connection, table: str, key: str) -> list[Origin]:
    """Return where the row or figure of a published table comes from, in order of feed, batch and row.

    `key` is a value of one of the table's key columns (`person_key`, `dwelling_key`, ..., for the histories `feed` and
    `business_date`), or `<feed>/<batch_id>/<row_no>` where the table names its record.
    Raises TraceError when the table or the key isn't there, DatabaseError.
    """
    if table not in published():
        raise TraceError(f"没有已发布的表 {table}；可以追溯：{'、'.join(sorted(published()))}。")
    with scrubbed(), conn.transaction():
        found = _records(conn, sql.Identifier(published()[table].schema, table), table, key)
        facts = {
            batch_id: (business_date, files)
            for batch_id, business_date, files in conn.execute(
                "select batch_id, business_date, sources from ops.batch where batch_id = any(%s)",
                ([batch_id for _, batch_id, _ in found],),
            ).fetchall()
        }
    return [
        Origin(feed, batch_id, facts[batch_id][0], *in_file(facts[batch_id][1], row_no))
        for feed, batch_id, row_no in found
    ]


def _records(
    conn: psycopg.Connection, view: sql.Identifier, table: str, key: str
) -> Sequence[tuple[str, int, int | None]]:
    columns = _columns(conn, table)
    if not columns:
        raise TraceError(f"{table} 还没有发布过：先运行 `street run`。")
    if {"feed", "batch_id", "row_no"} <= columns and key.count("/") == 2:
        query = sql.SQL(
            "select distinct feed, batch_id, row_no from {} where concat_ws('/', feed, batch_id, row_no) = %(key)s"
        ).format(view)
        if rows := conn.execute(query, {"key": key}).fetchall():
            return rows
    keys = [column for column in _RECORDS if column in columns]
    for column in keys:
        holds = sql.SQL("select from {} where {}::text = %(key)s limit 1").format(view, sql.Identifier(column))
        if conn.execute(holds, {"key": key}).fetchone() is not None:
            query = sql.SQL("select * from ({}) as record (feed, batch_id, row_no) order by 1, 2, 3").format(
                sql.SQL(_RECORDS[column])
            )
            return conn.execute(query, {"key": key}).fetchall()
    raise TraceError(f"{table} 中没有这个键；可用的键列：{'、'.join(keys)}。")


def _columns(conn: psycopg.Connection, table: str) -> set[str]:
    rows = conn.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
        (published()[table].schema, table),
    ).fetchall()
    return {name for (name,) in rows}


def in_file(files: Iterable[Mapping[str, Any]], row_no: int | None) -> tuple[str, int | None, int | None]:
    """Return the name of the file, the row in the batch and in the file: rows count through the files in order.

    `files`: `sources` of the batch (ops.batch).
    """
    names: list[str] = []
    before = 0
    for file in files:
        name = "/".join(filter(None, (file.get("pull"), file["name"])))
        rows = int(file.get("rows", 0))
        if row_no is not None and row_no <= before + rows:
            return name, row_no, row_no - before
        names.append(name)
        before += rows
    return "、".join(names), row_no, None
