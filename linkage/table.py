"""Whole tables of Polars: from and to PostgreSQL by COPY, and from rows."""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import polars as pl
import psycopg
from polars._typing import PolarsDataType

from street.database import scrubbed


def read(conn: psycopg.Connection, query: str, types: Mapping[str, PolarsDataType] | None = None) -> pl.DataFrame:
    """Return rows of a query, in its order; columns are text unless `types` says otherwise. Raises DatabaseError."""
    buffer = io.BytesIO()
    with scrubbed(), conn.cursor() as cursor, cursor.copy(f"copy ({query}) to stdout (format csv, header)") as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    header = next(csv.reader([buffer.readline().decode()]))
    buffer.seek(0)
    schema = {name: (types or {}).get(name, pl.String) for name in header}
    return pl.read_csv(buffer, schema=schema)


def read_at_once(conn: psycopg.Connection, query: str, columns: Mapping[str, PolarsDataType]) -> pl.DataFrame:
    """Return rows of a query whose `columns` are numbers and times, as one answer: by COPY each row is one, which other
    threads wait for. Raises DatabaseError.
    """
    values = ", ".join(f"coalesce({column}::text, '')" for column in columns)
    lines = f"select string_agg(concat_ws(',', {values}), chr(10)) from ({query}) as rows"
    with scrubbed():
        (text,) = conn.execute(lines).fetchone() or (None,)
    return pl.read_csv((text or "").encode(), schema=columns, has_header=False)


def of_rows(rows: Sequence[tuple[object, ...]], schema: Mapping[str, PolarsDataType]) -> pl.DataFrame:
    """Return the rows as a table, given by columns: row by row Polars takes several times as long."""
    return pl.DataFrame(dict(zip(schema, zip(*rows, strict=True), strict=True)) if rows else None, schema=schema)


_AT_ONCE: Final = 10_000  # rows that are made text: a whole table of it takes several times the table's memory
_QUOTED: Final = pl.concat_str(pl.lit('"'), pl.element().str.replace_all(r'(["\\\\])', r"\\$1"), pl.lit('"'))


def append(conn: psycopg.Connection, table: str, rows: pl.DataFrame) -> None:
    """Add rows to a table, columns by name; lists of text become arrays. Raises DatabaseError."""
    append_all(conn, {table: lambda: rows})


def append_all(
    conn: psycopg.Connection,
    tables: Mapping[str, Callable[[], pl.DataFrame]],
    meanwhile: Callable[[], object] | None = None,
) -> None:
    """Append to each table the rows that its function makes: those of one are made while PostgreSQL takes another's,
    and those of the first while it does something else.

    Raises DatabaseError.
    """
    with ThreadPoolExecutor(1) as ahead:
        made = {table: ahead.submit(_flat, rows) for table, rows in tables.items()}
        if meanwhile is not None:
            meanwhile()
        for table, flat in made.items():
            rows = flat.result()
            query = f"copy {table} ({', '.join(rows.columns)}) from stdin csv"
            with scrubbed(), conn.cursor() as cursor, cursor.copy(query) as copy:
                for part in rows.iter_slices(_AT_ONCE):
                    copy.write(part.write_csv(include_header=False))


def _flat(made: Callable[[], pl.DataFrame]) -> pl.DataFrame:
    """Return the rows with their lists as COPY reads arrays."""
    rows = made()
    lists = [name for name, kind in rows.schema.items() if isinstance(kind, pl.List)]
    return rows.with_columns(
        (pl.lit("{") + pl.col(name).list.eval(_QUOTED).list.join(",") + pl.lit("}")).alias(name) for name in lists
    )
