"""What the last run found out, as tables of Polars that the next one may find: files in `staging.linkage_cache`.

No fact stands here alone: what is missing, or was made by other code, a run makes anew (linkage.standing).
"""

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl
import psycopg

from street import database
from street.dbt import PROJECT

# What the reading of a value or an address follows from, beside the value and what a mark says.
_READ_BY: Final = (
    *Path(__file__).parent.glob("*.py"),
    *Path(__file__).parent.glob("data/*.csv"),
    *Path(database.__file__).parent.glob("rules/*.sql"),
    *PROJECT.glob("seeds/*.csv"),
)


def mark(*parts: bytes) -> str:
    """Return what a table in the cache was made by: this code and the parts. No part can be told from it."""
    digest = hashlib.sha256(_code())
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


@cache
def _code() -> bytes:
    digest = hashlib.sha256(pl.__version__.encode())
    for path in sorted(_READ_BY):
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.digest()


def is_kept(conn: psycopg.Connection, name: str, made_by: str) -> bool:
    """Return whether there is a table of that name by this mark. Raises psycopg.Error."""
    query = "select from staging.linkage_cache where name = %s and made_by = %s"
    return conn.execute(query, [name, made_by]).fetchone() is not None


def load(conn: psycopg.Connection, name: str, made_by: str) -> pl.DataFrame | None:
    """Return the table of that name, or None where there is none by this mark. Raises psycopg.Error."""
    query = "select rows from staging.linkage_cache where name = %s and made_by = %s"
    row = conn.execute(query, [name, made_by], binary=True).fetchone()
    return None if row is None else pl.read_parquet(io.BytesIO(row[0]))


class File(NamedTuple):
    """A table as it is kept, and the batches whose rows it holds: it ends with the first of them (R-RET-3)."""

    content: memoryview
    batches: list[int]


def file(rows: pl.DataFrame, batches: pl.Series | None = None) -> File:
    """Return the file of a table."""
    made = io.BytesIO()
    rows.write_parquet(made, compression="lz4", statistics=False)
    return File(made.getbuffer(), [] if batches is None else batches.unique().sort().to_list())


def keep(conn: psycopg.Connection, name: str, made_by: str, table: File) -> None:
    """Let the table be found by the next run, in the place of the one before. Raises psycopg.Error."""
    conn.execute(
        "insert into staging.linkage_cache (name, made_by, rows, batches) values (%s, %s, %s, %s)"
        " on conflict (name) do update"
        " set made_by = excluded.made_by, rows = excluded.rows, batches = excluded.batches",
        [name, made_by, table.content, table.batches],
    )
