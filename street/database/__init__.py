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

from street.messages import told
from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_HERE = Path(__file__).parent
#: What a superuser settles once in the warehouse's database; the office's own login could not.
SUPERUSER_SQL = _HERE / "superuser.sql"
#: The oldest PostgreSQL that has what the migrations and the rights ask for; tests/deployment tries it.
MINIMUM_VERSION = 16
_SESSION_OPTIONS = "-c timezone=Asia/Shanghai"

READERS = ("dashboard_reader", "committee_counts_reader", "committee_reader", "street_reader", "auditor")
"""The roles of readers; a login that is a member of one is a reader (R-PRIV-4)."""

# What passes or is mended without a change of code: what it is and who does what (PostgreSQL, appendix A).
_TOLD = {
    "53100": "数据库所在的磁盘已满：清出空间后会自动再试，已发布的数据保持不变。",
    "53200": "数据库内存不足：稍后会自动再试。",
    "53300": "数据库的连接已用完：关闭不用的连接后会自动再试；是谁占着，见 pg_stat_activity。",
    "53400": "超过了数据库的配置上限：请管理员核对配置。",
    "55P03": "等锁超时：另一个事务占着要改的表，稍后会自动再试。",
    "57014": "语句被取消或超时。",
    "57P01": "数据库正在停止或管理员断开了连接：稍后会自动再试。",
    "57P02": "数据库刚刚崩溃并在恢复：稍后会自动再试。",
    "57P03": "数据库正在启动、恢复或停止：稍后会自动再试。",
}
# A refused connection has no SQLSTATE, only the server's own words, which name no value of a row.
_REFUSALS = (
    ("too many clients", "53300"),
    ("remaining connection slots", "53300"),
    ("too many connections for", "53300"),
    ("the database system is", "57P03"),
)


class DatabaseError(RuntimeError):
    """A statement failed: SQLSTATE, table, constraint and row number alone, never a value of a row."""

    def __init__(
        self, sqlstate: str | None, table: str | None = None, constraint: str | None = None, row: int | None = None
    ) -> None:
        self.sqlstate, self.table, self.constraint, self.row = sqlstate, table, constraint, row
        facts = {"table": table, "constraint": constraint, "row": row}
        known = "".join(f", {name} {value}" for name, value in facts.items() if value is not None)
        state = sqlstate or "unknown (connection lost)"
        told = _TOLD.get(sqlstate or "", "")
        # In Chinese what the duty officer can mend, in English what only a developer can.
        super().__init__(
            f"{told}（SQLSTATE {state}{known}）"
            if told
            else f"The database refused a statement: SQLSTATE {state}{known}."
        )

    @classmethod
    def of(cls, error: psycopg.Error) -> DatabaseError:
        """Return what may be told of a driver's error."""
        # COPY names the row in its context ("COPY raw.x, line 7, column y: "..."): the number alone is kept.
        line = re.search(r"^COPY [^,]+, line (\d+)", error.diag.context or "", re.MULTILINE)
        row = int(line.group(1)) if line else None
        state = error.sqlstate or next((state for words, state in _REFUSALS if words in str(error)), None)
        return cls(state, error.diag.table_name, error.diag.constraint_name, row)


class QueryError(RuntimeError):
    """A query that a person wrote is wrong; the sentence says how and where."""

    @classmethod
    def of(cls, error: psycopg.Error, query: str, url: str | None = None) -> QueryError | DatabaseError:
        """Return what may be told of the error of this query: names of the catalogue, and what its writer has typed."""
        known = names(url) | set(re.findall(r"\w+", f"{query} {query.upper()}"))
        sentence = told("\n".join(filter(None, (error.diag.message_primary, error.diag.message_hint))), known)
        if not sentence:
            return DatabaseError.of(error)
        place = ""
        if error.diag.statement_position:
            before = query[: int(error.diag.statement_position) - 1]
            place = f"line {before.count(chr(10)) + 1}, column {len(before) - before.rfind(chr(10))}, "
        return cls(f"{sentence} ({place}SQLSTATE {error.sqlstate})")


class ServerTooOldError(RuntimeError):
    """The server of WAREHOUSE_URL is older than MINIMUM_VERSION."""


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


def answer(query: str, url: str | None = None) -> tuple[list[str], list[list[str | None]]]:
    """Return the headings and rows of a query that a person wrote, read-only, each value as PostgreSQL writes it.

    Raises QueryError for what its writer can mend, DatabaseError for anything else.
    """
    refused = None
    with connect(url) as connection:
        connection.read_only = True
        try:
            cursor = connection.execute(query.encode())
        except psycopg.Error as error:
            refused = QueryError.of(error, query, url)
        else:
            result = cursor.pgresult
            if result is None or not cursor.description:
                return [], []
            values = [[result.get_value(row, at) for at in range(result.nfields)] for row in range(result.ntuples)]
            rows = [[None if value is None else value.decode() for value in line] for line in values]
            return [column.name for column in cursor.description], rows
    raise refused  # here, so that the original, which may carry values, is not in the chain


def names(url: str | None = None) -> frozenset[str]:
    """Return the names in the database's catalogue: of schemas, tables, columns and constraints; none if it is away."""
    with contextlib.suppress(DatabaseError), scrubbed(), connect(url) as connection:
        found = connection.execute(
            "select relname from pg_class union select attname from pg_attribute union select conname from"
            " pg_constraint union select nspname from pg_namespace"
        ).fetchall()
        return frozenset(name for (name,) in found)
    return frozenset()


def engine(url: str | None = None) -> sqlalchemy.Engine:
    """Return a SQLAlchemy engine on the warehouse, with errors that hide parameters."""
    address = sqlalchemy.make_url(url or _warehouse_url()).set(drivername="postgresql+psycopg")
    arguments = {"application_name": "street", "options": _SESSION_OPTIONS, "connect_timeout": 10}
    return sqlalchemy.create_engine(address, connect_args=arguments, hide_parameters=True)


def lock(conn: psycopg.Connection, name: str) -> None:
    """Wait for the lock of this name and hold it until the transaction that is open on the connection ends.

    A row of ops.lock, which the pipeline alone may touch: an advisory lock could be taken by whoever may connect
    (docs/rules.md, R-PRIV-8). A process that dies lets go of it with its connection. Raises psycopg.Error.
    """
    conn.execute("insert into ops.lock (name) values (%s) on conflict do nothing", (name,))
    conn.execute("select from ops.lock where name = %s for update", (name,))


@contextlib.contextmanager
def locked(name: str, url: str | None = None) -> Iterator[None]:
    """Hold a lock over several transactions of the caller's, by a transaction on a connection of its own.

    Raises DatabaseError.
    """
    with contextlib.closing(connect(url)) as guard:
        with scrubbed():
            lock(guard, name)
        yield


def migrate(url: str | None = None) -> None:
    """Bring the warehouse to the newest revision and re-apply the SQL functions of `rules/`.

    Safe to repeat and to run twice at once. Raises DatabaseError, ServerTooOldError.
    """
    with contextlib.closing(connect(url)) as connection:
        version = connection.info.server_version
    if version < MINIMUM_VERSION * 10_000:
        raise ServerTooOldError(
            f"The warehouse needs PostgreSQL {MINIMUM_VERSION} or newer; the server of WAREHOUSE_URL is "
            f"{version // 10_000}.{version % 10_000}."
        )
    configuration = Config()
    configuration.set_main_option("script_location", str(_HERE))
    made = engine(url)
    with scrubbed():
        _provide_version_table(made)
        with made.begin() as connection:
            # Fail with a clear error rather than wait all night for a reader's open transaction.
            connection.exec_driver_sql("set local lock_timeout = '60s'")
            # Nobody but its owner may touch this table: the lock of those who migrate.
            connection.exec_driver_sql("lock table alembic_version in share row exclusive mode")
            # Every tool that works as the pipeline's role sees Shanghai's clock.
            connection.exec_driver_sql("alter role current_user set timezone = 'Asia/Shanghai'")
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")
            for path in sorted((_HERE / "rules").glob("*.sql")):
                run_script(connection, path)
            _admit_readers_alone(connection)
    made.dispose()


def _provide_version_table(made: sqlalchemy.Engine) -> None:
    """Create Alembic's table, in the form that Alembic gives it, unless it is there."""
    for attempt in (1, 2):
        try:
            with made.begin() as connection:
                connection.exec_driver_sql(
                    "create table if not exists alembic_version"
                    " (version_num varchar(32) not null constraint alembic_version_pkc primary key)"
                )
        except DBAPIError as error:
            # Two at once: the second finds the name taken once the first has committed.
            if attempt == 2 or getattr(error.orig, "sqlstate", None) not in ("23505", "42P07"):
                raise
        else:
            return


def _admit_readers_alone(connection: sqlalchemy.Connection) -> None:
    """Let nobody but the warehouse's roles connect, and no reader make temporary tables (docs/rules.md, R-PRIV-8).

    Only the owner of the database can; where the pipeline's role isn't, its administrator does (docs/runbook.md).
    """
    name, is_owner = connection.exec_driver_sql(
        "select quote_ident(datname), pg_has_role(datdba, 'member') from pg_database where datname = current_database()"
    ).one()
    if is_owner:
        connection.exec_driver_sql(f"revoke all on database {name} from public")
        connection.exec_driver_sql(f"grant connect on database {name} to pipeline, board, {', '.join(READERS)}")


def run_script(connection: sqlalchemy.Connection, path: Path) -> None:
    """Execute a file of SQL statements in the connection's transaction."""
    # Without parameters psycopg sends the text as it is: many statements, and % is a plain character.
    connection.execution_options(no_parameters=True).exec_driver_sql(path.read_text(encoding="utf-8"))


def _warehouse_url() -> str:
    url = settings().warehouse_url
    if url is None:
        raise RuntimeError("No warehouse is known: run `street up`, or set WAREHOUSE_URL.")
    return url
