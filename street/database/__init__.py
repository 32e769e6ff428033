"""The warehouse database: connections, migrations, and errors that name no value."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy.exc import DBAPIError

from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parent
_MIGRATION_LOCK = 310115016
_SESSION_OPTIONS = "-c timezone=Asia/Shanghai"


class DatabaseError(RuntimeError):
    """A statement failed: SQLSTATE, table, constraint and row number alone, never a value of a row."""

    def __init__(
        self, sqlstate: str | None, table: str | None = None, constraint: str | None = None, row: int | None = None
    ) -> None:
        self.sqlstate, self.table, self.constraint, self.row = sqlstate, table, constraint, row
        facts = {"table": table, "constraint": constraint, "row": row}
        known = "".join(f", {name} {value}" for name, value in facts.items() if value is not None)
        state = sqlstate or "unknown (connection lost)"
        super().__init__(f"The database refused a statement: SQLSTATE {state}{known}.")

    @classmethod
    def of(cls, error: psycopg.Error) -> DatabaseError:
        """Return what may be told of a driver's error."""
        # COPY names the row in its context ("COPY raw.x, line 7, column y: "..."): the number alone is kept.
        line = re.search(r"^COPY [^,]+, line (\d+)", error.diag.context or "", re.MULTILINE)
        row = int(line.group(1)) if line else None
        return cls(error.sqlstate, error.diag.table_name, error.diag.constraint_name, row)


@contextlib.contextmanager
def scrubbed() -> Iterator[None]:
    """Turn errors of psycopg and SQLAlchemy into DatabaseError, without the original in the exception chain."""
    try:
        yield
    except (psycopg.Error, DBAPIError) as error:
        original = error.orig if isinstance(error, DBAPIError) else error
        told = DatabaseError.of(original) if isinstance(original, psycopg.Error) else DatabaseError(None)
        try:
            raise told from None
        finally:
            # `from None` only hides the original; loggers that walk the chain would still find its values.
            told.__context__ = None


def connect(url: str | None = None) -> psycopg.Connection:
    """Open a connection to the warehouse (`WAREHOUSE_URL` or the embedded one), not in autocommit mode.

    Raises DatabaseError when it can't be reached.
    """
    with scrubbed():
        return psycopg.connect(
            url or _warehouse_url(), application_name="street", options=_SESSION_OPTIONS, connect_timeout=10
        )


def engine(url: str | None = None) -> sqlalchemy.Engine:
    """Return a SQLAlchemy engine on the warehouse, with errors that hide parameters."""
    address = sqlalchemy.make_url(url or _warehouse_url()).set(drivername="postgresql+psycopg")
    arguments = {"application_name": "street", "options": _SESSION_OPTIONS, "connect_timeout": 10}
    return sqlalchemy.create_engine(address, connect_args=arguments, hide_parameters=True)


def migrate(url: str | None = None) -> None:
    """Bring the warehouse to the newest revision and re-apply the SQL functions of `rules/`.

    Safe to repeat and to run twice at once. Raises DatabaseError.
    """
    configuration = Config()
    configuration.set_main_option("script_location", str(_HERE))
    made = engine(url)
    with scrubbed(), made.begin() as connection:
        connection.exec_driver_sql(f"select pg_advisory_xact_lock({_MIGRATION_LOCK})")
        # Whatever tool works as the pipeline's role sees the office's hours.
        connection.exec_driver_sql("alter role current_user set timezone = 'Asia/Shanghai'")
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, "head")
        for path in sorted((_HERE / "rules").glob("*.sql")):
            run_script(connection, path)
    made.dispose()


def run_script(connection: sqlalchemy.Connection, path: Path) -> None:
    """Execute a file of SQL statements in the connection's transaction."""
    # Without parameters psycopg sends the text as it is: many statements, and % is a plain character.
    connection.execution_options(no_parameters=True).exec_driver_sql(path.read_text(encoding="utf-8"))


def _warehouse_url() -> str:
    url = settings().warehouse_url
    if url is None:
        raise RuntimeError("No warehouse is known: run `street up`, or set WAREHOUSE_URL.")
    return url
