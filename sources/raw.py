"""What was received: `raw.<feed>`, one partition a batch, and `quarantine.<feed>`; both follow from the contract.

Every column of the contract is text: what was sent is kept as it was sent, and reading it is staging's business.
"""

import io

import polars as pl
import psycopg
from psycopg import sql

from sources.contract import Contract
from street.database import lock

COPY_ROWS = 50_000


def ensure(conn: psycopg.Connection, contract: Contract) -> None:
    """Create the feed's two tables, or add the columns that a newer contract has; columns are never dropped."""
    # Two landings at once would both find no table.
    lock(conn, f"raw {contract.feed}")
    columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(c.name)) for c in contract.columns)
    raw_table, quarantine = sql.Identifier("raw", contract.feed), sql.Identifier("quarantine", contract.feed)
    conn.execute(
        sql.SQL(
            "create table if not exists {} (_batch_id bigint not null, _row_no integer not null,"
            " _row_hash text not null, _extra jsonb, {}) partition by list (_batch_id)"
        ).format(raw_table, columns)
    )
    conn.execute(
        sql.SQL(
            "create table if not exists {} (batch_id bigint not null, row_no integer not null, rules text[] not null,"
            " {}, quarantined_at timestamptz not null default clock_timestamp(), primary key (batch_id, row_no))"
        ).format(quarantine, columns)
    )
    for table, schema in ((raw_table, "raw"), (quarantine, "quarantine")):
        present = conn.execute(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
            (schema, contract.feed),
        ).fetchall()
        missing = [c.name for c in contract.columns if (c.name,) not in present]
        for name in missing:
            conn.execute(sql.SQL("alter table {} add column {} text").format(table, sql.Identifier(name)))
        label = f"{contract.title_zh} | {'As received' if schema == 'raw' else 'Rows that cannot be used, and why'}"
        if conn.execute("select obj_description(%s::regclass)", (f"{schema}.{contract.feed}",)).fetchone() != (label,):
            conn.execute(sql.SQL("comment on table {} is {}").format(table, sql.Literal(label)))


def partition(feed: str, batch_id: int) -> str:
    """Return the name (in schema `raw`) of the table that holds one batch."""
    return f"{feed}__{batch_id}"


def holds(conn: psycopg.Connection, feed: str, batch_id: int) -> bool:
    """Return whether the rows of a batch have been loaded."""
    found = conn.execute("select to_regclass(format('raw.%%I', %s::text))", (partition(feed, batch_id),)).fetchone()
    return found is not None and found[0] is not None


def drop(conn: psycopg.Connection, feed: str, batch_id: int) -> None:
    """Drop the rows of one batch, if it has any, in the transaction open on the connection."""
    conn.execute(sql.SQL("drop table if exists {}").format(sql.Identifier("raw", partition(feed, batch_id))))


def load(conn: psycopg.Connection, contract: Contract, batch_id: int, frame: pl.DataFrame) -> None:
    """Load the records of a batch by COPY into a partition of its own, in the transaction open on the connection.

    `frame` has `_row_no`, `_row_hash`, `_extra` and the contract's columns.
    """
    table = sql.Identifier("raw", partition(contract.feed, batch_id))
    parent = sql.Identifier("raw", contract.feed)
    # Filled before it is attached: readers of other batches are never blocked, and the check spares a scan.
    conn.execute(sql.SQL("create table {} (like {} including all)").format(table, parent))
    within = sql.SQL("_batch_id is not null and _batch_id = {}").format(sql.Literal(batch_id))
    conn.execute(sql.SQL("alter table {} add constraint within check ({})").format(table, within))
    names = ["_batch_id", "_row_no", "_row_hash", "_extra", *(column.name for column in contract.columns)]
    rows = frame.with_columns(pl.lit(batch_id, dtype=pl.Int64).alias("_batch_id")).select(names)
    target = sql.SQL("copy {} ({}) from stdin (format csv)").format(
        table, sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with conn.cursor() as cursor, cursor.copy(target) as copy:
        for part in rows.iter_slices(COPY_ROWS):
            buffer = io.BytesIO()
            part.write_csv(buffer, include_header=False)
            copy.write(buffer.getbuffer())
    conn.execute(sql.SQL("alter table {} add primary key (_row_no)").format(table))
    conn.execute(
        sql.SQL("alter table {} attach partition {} for values in ({})").format(parent, table, sql.Literal(batch_id))
    )
    conn.execute(sql.SQL("alter table {} drop constraint within").format(table))
    conn.execute(sql.SQL("analyze {}").format(table))
