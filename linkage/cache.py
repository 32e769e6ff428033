"""What the last run read and placed: a day's run reads and places what is new, and takes the rest from here.

Tables of Polars, as Arrow files in `staging.linkage_cache`. No fact stands here alone: what is missing, or was made by
other code, the run makes anew. It holds what is in force and nothing else (docs/rules.md, R-RET-3).
"""

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Final

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


def load(conn: psycopg.Connection, name: str, made_by: str) -> pl.DataFrame | None:
    """Return the table of that name, or None where there is none by this mark. Raises psycopg.Error."""
    query = "select rows from staging.linkage_cache where name = %s and made_by = %s"
    row = conn.execute(query, [name, made_by], binary=True).fetchone()
    return None if row is None else pl.read_ipc(io.BytesIO(row[0]))


def keep(conn: psycopg.Connection, name: str, made_by: str, rows: pl.DataFrame) -> None:
    """Let the table be found by the next run, in the place of the one before. Raises psycopg.Error."""
    file = io.BytesIO()
    rows.write_ipc(file, compression="lz4")
    conn.execute(
        "insert into staging.linkage_cache (name, made_by, rows) values (%s, %s, %s)"
        " on conflict (name) do update set made_by = excluded.made_by, rows = excluded.rows",
        [name, made_by, file.getbuffer()],
    )
