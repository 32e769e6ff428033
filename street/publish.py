"""Publishing: a finished build becomes what everybody reads, as one, in one small transaction.

Behind each stable view stands a table that is list-partitioned by version. A build is attached as a new partition,
which rewrites nothing and waits for no reader; then the pointers of all views move in one transaction. A reader
sees all of the old day or all of the new one, within a statement and within a REPEATABLE READ transaction.
Views, and the grants and views that others put on them, are never dropped.

Who may read what is docs/rules.md, R-PRIV-4: rights and row security are set when a table is first published.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from psycopg import errors, pq, sql
from psycopg.types.json import Jsonb

from street.batch import in_force, refuse_closed
from street.catalogue import published
from street.database import DatabaseError, lock, scrubbed
from street.readers import end_holding, end_overdue

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterable, Iterator

    import psycopg

_RETIRE_LOCK_TIMEOUT = "100ms"
_RETIRE_ATTEMPTS = 3
_ALTER_LOCK_TIMEOUT = "5s"
_ALTER_ATTEMPTS = 3


class PublishError(RuntimeError):
    """A build can't be published; the last good version stays in place."""


def start_version(conn: psycopg.Connection, as_of: dt.date, as_of_at: dt.datetime) -> int:
    """Write down a new build of the business date `as_of`, with its batches and scenarios, and return its version.

    A build that was broken off before is marked `failed`: one build at a time. Raises ClosedDayError for a day whose
    data retention has removed.
    """
    with _transaction(conn):
        refuse_closed(conn, as_of)
        conn.execute(
            "update ops.version set status = 'failed', reason = '中断', ended_at = clock_timestamp()"
            " where status = 'building'"
        )
        row = conn.execute(
            "insert into ops.version (as_of, as_of_at, batches, verdicts, scenarios)"
            " values (%s, %s, %s, ops.verdicts(%s), ops.scenario_versions(%s)) returning version",
            (as_of, as_of_at, Jsonb(in_force(conn, as_of)), as_of, as_of),
        ).fetchone()
    assert row is not None  # noqa: S101 -- `returning` returns
    return int(row[0])


def is_current(conn: psycopg.Connection, as_of: dt.date) -> bool:
    """Return whether the last version published for `as_of` already tells everything that has come for it.

    That is: the same batches are in force, and no other delivery has been judged since (a rejected or repeated one
    changes feed_health and unresolved, not the batches in force), and the scenarios are those it was built with. What
    was made of rows that have been removed since is not current (R-RET-3).
    """
    with scrubbed(), conn.transaction():
        row = conn.execute(
            "select batches, verdicts = ops.verdicts(%s) and scenarios is not distinct from ops.scenario_versions(%s)"
            "  and not ops.holds_removed(version)"
            " from ops.version where as_of = %s and status in ('published', 'retired') order by version desc limit 1",
            (as_of, as_of, as_of),
        ).fetchone()
        return row is not None and row[0] == in_force(conn, as_of) and row[1]


def has_published(conn: psycopg.Connection) -> bool:
    """Return whether anything has ever been published. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        return conn.execute("select from ops.published limit 1").fetchone() is not None


def fail_version(conn: psycopg.Connection, version: int, reason: str) -> None:
    """Give a build up: the last good version stays published. `reason` must hold no value of a row."""
    with _transaction(conn):
        conn.execute(
            "update ops.version set status = 'failed', reason = %s, ended_at = clock_timestamp()"
            " where version = %s and status = 'building'",
            (reason, version),
        )


def publish(conn: psycopg.Connection, version: int) -> None:
    """Make the tables of schema `build` what everybody reads, as `version`.

    A version of a past business date moves the histories alone: the current tables are never rolled back (R-DAY-7). A
    retry after a kill at any instant goes on where it was; publishing a published version only retires old ones.

    `conn` must have no open transaction: publishing is several.
    Raises PublishError when the build isn't complete or doesn't fit, DatabaseError when a lock can't be had in time.
    """
    if conn.info.transaction_status != pq.TransactionStatus.IDLE:
        raise PublishError("发布需要没有未提交事务的连接：请先提交或回滚。")
    with _transaction(conn):
        row = conn.execute("select status, as_of from ops.version where version = %s", (version,)).fetchone()
        tables = _tables_to_move(conn, version, row[1]) if row and row[0] == "building" else []
    if row is None or row[0] not in ("building", "published"):
        raise PublishError(f"版本 {version} 不能发布：状态是 {row[0] if row else '不存在'}。请重新运行 warehouse。")
    end_overdue(conn)
    if row[0] == "building":
        for table in tables:
            _altering(conn, table, _attach, version)
        _move_pointers(conn, tables, version, row[1])
    retire(conn)


def _tables_to_move(conn: psycopg.Connection, version: int, as_of: dt.date) -> list[str]:
    pointers: dict[str, dt.date] = dict(conn.execute("select mart, as_of from ops.published").fetchall())
    is_past = any(as_of < on for on in pointers.values())
    wanted = [table for table, product in published().items() if product.keeps_every_day or not is_past]
    built = [
        table
        for table in wanted
        if _exists(conn, "build", table) or _exists(conn, "versions", _partition(table, version))
    ]
    missing = sorted(set(wanted) & pointers.keys() - set(built))
    if missing or not built:
        raise PublishError(f"版本 {version} 不完整，未发布：缺 {'、'.join(missing) or '所有表'}。上一版本保持不变。")
    return built


def _attach(conn: psycopg.Connection, table: str, version: int) -> None:
    """Move `build.<table>` behind its view as the partition of `version`; nothing is rewritten, nobody sees it yet."""
    partition = _partition(table, version)
    if _exists(conn, "versions", partition):
        return
    built, parent = sql.Identifier("build", table), sql.Identifier("versions", table)
    columns = _columns(conn, "build", table)
    if not _exists(conn, "versions", table):
        _create_parent(conn, table, columns)
    _reconcile(conn, table, columns)
    # A default that is a constant is kept once for the whole table: no row is touched.
    _do(conn, "alter table {} add column version bigint not null default {}", built, sql.Literal(version))
    for (index,) in conn.execute(
        "select indexname from pg_indexes where schemaname = 'build' and tablename = %s", (table,)
    ).fetchall():
        # Names of indexes are unique in a schema; yesterday's partition may have the same ones.
        renamed = sql.Identifier(f"{index[:45]}__{version}")
        _do(conn, "alter index {} rename to {}", sql.Identifier("build", index), renamed)
    _do(conn, "alter table {} rename to {}", built, sql.Identifier(partition))
    _do(conn, "alter table {} set schema versions", sql.Identifier("build", partition))
    _do(
        conn, "alter table {} attach partition {} for values in ({})",
        parent, sql.Identifier("versions", partition), sql.Literal(version),
    )  # fmt: skip
    for key in published()[table].indexes:
        names = sql.SQL(", ").join(map(sql.Identifier, key))
        name = sql.Identifier(f"{table}__{'__'.join(key)}"[:63])
        _do(conn, "create index if not exists {} on {} ({})", name, parent, names)
    # The build has been analysed; only of its new column the planner knows nothing.
    _do(conn, "analyze {} (version)", sql.Identifier("versions", partition))


def _create_parent(conn: psycopg.Connection, table: str, columns: dict[str, str]) -> None:
    parent = sql.Identifier("versions", table)
    fields = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in columns.items()]
    _do(
        conn, "create table {} ({}, version bigint not null) partition by list (version)",
        parent, sql.SQL(", ").join(fields),
    )  # fmt: skip
    _do(conn, "alter table {} enable row level security", parent)
    product = published()[table]
    for role in ("pipeline", *product.roles):
        own_rows_only = role in ("committee_reader", "committee_counts_reader") and product.by_committee
        condition = (
            # Never a session setting: anyone can SET one (R-PRIV-5).
            "committee_code = (select committee_code from ops.access_grant where role_name = current_user)"
            if own_rows_only
            else "true"
        )
        _do(
            conn, "create policy {} on {} for select to {} using (" + condition + ")",
            sql.Identifier(f"{role}_reads"), parent, sql.Identifier(role),
        )  # fmt: skip
        _do(conn, "grant select on {} to {}", parent, sql.Identifier(role))


def _reconcile(conn: psycopg.Connection, table: str, columns: dict[str, str]) -> None:
    """Let table and build have the same columns: a new one is null in older versions, a dropped one in newer ones."""
    known = _columns(conn, "versions", table)
    known.pop("version")
    changed = sorted(name for name in columns.keys() & known.keys() if columns[name] != known[name])
    if changed:
        raise PublishError(
            f"{table} 的列 {'、'.join(changed)} 改变了类型，未发布：请在迁移中修改 versions.{table}，或改用新列名。"
        )
    for target, missing in (("versions", columns.keys() - known.keys()), ("build", known.keys() - columns.keys())):
        kinds = {**known, **columns}
        for name in [each for each in kinds if each in missing]:
            _do(
                conn, "alter table {} add column {} {}",
                sql.Identifier(target, table), sql.Identifier(name), sql.SQL(kinds[name]),
            )  # fmt: skip


def _altering(
    conn: psycopg.Connection, table: str, work: Callable[[psycopg.Connection, str, int], None], version: int
) -> None:
    """Do work that may need a table or its view for itself: readers get some seconds, then they are ended."""
    for attempt in range(1, _ALTER_ATTEMPTS + 1):
        try:
            with _transaction(conn, lock_timeout=_ALTER_LOCK_TIMEOUT):
                work(conn, table, version)
        except DatabaseError as error:
            if error.sqlstate != errors.LockNotAvailable.sqlstate or attempt == _ALTER_ATTEMPTS:
                raise
            end_holding(conn, [sql.Identifier("versions", table), sql.Identifier(published()[table].schema, table)])
        else:
            return


def _move_pointers(conn: psycopg.Connection, tables: list[str], version: int, as_of: dt.date) -> None:
    # Columns that are new come first, by themselves: they may wait for a reader, the pointers never do.
    for table in tables:
        _altering(conn, table, _extend, version)
    with _transaction(conn):
        for table in tables:
            if not _exists(conn, published()[table].schema, table):
                _show(conn, table, version)
            conn.execute(
                "insert into ops.published (mart, version, as_of, published_at) values (%s, %s, %s, clock_timestamp())"
                " on conflict (mart) do update set version = excluded.version, published_at = excluded.published_at,"
                " as_of = greatest(published.as_of, excluded.as_of)",
                (table, version, as_of),
            )
        conn.execute(
            "update ops.version set status = 'published', ended_at = clock_timestamp() where version = %s", (version,)
        )


def _extend(conn: psycopg.Connection, table: str, version: int) -> None:
    if _exists(conn, published()[table].schema, table):
        _show(conn, table, version)


def _show(conn: psycopg.Connection, table: str, version: int) -> None:
    """Let the view of a table show all its columns, and their comments; a view that does is left alone."""
    product = published()[table]
    view = sql.Identifier(product.schema, table)
    exists = _exists(conn, product.schema, table)
    columns = [name for name in _columns(conn, "versions", table) if name != "version"]
    if not exists or list(_columns(conn, product.schema, table)) != columns:
        _do(
            conn,
            "create or replace view {} with (security_invoker = true) as select {} from {}"
            " where version = (select published.version from ops.published where published.mart = {})",
            view, sql.SQL(", ").join(map(sql.Identifier, columns)), sql.Identifier("versions", table),
            sql.Literal(table),
        )  # fmt: skip
    if not exists:
        for role in ("pipeline", *product.roles):
            _do(conn, "grant select on {} to {}", view, sql.Identifier(role))
    known = _comments(conn, product.schema, table)
    for name, comment in _comments(conn, "versions", _partition(table, version)).items():
        if known.get(name) != comment:
            kind = "column {}.{}" if name else "view {}"
            target = [view, sql.Identifier(name)] if name else [view]
            _do(conn, f"comment on {kind} is {{}}", *target, sql.Literal(comment))


class _Partition(NamedTuple):
    table: str
    version: int
    attached: bool


def retire(conn: psycopg.Connection) -> int:
    """Drop the versions that are neither current nor the one before; what a reader still holds waits for the next time.

    The one before goes too when it was made of rows that have been removed since (R-RET-3). Everybody who reads a mart
    holds a lock on ops.published until the end of the transaction, so nobody who may still follow an old pointer loses
    the version it points to. Returns how many tables were dropped. Raises DatabaseError.
    """
    for _ in range(_RETIRE_ATTEMPTS):
        try:
            with _transaction(conn, lock_timeout=_RETIRE_LOCK_TIMEOUT):
                stale = _stale(conn)
                _detach(conn, [partition for partition in stale if partition.attached])
            with _transaction(conn, lock_timeout=_RETIRE_LOCK_TIMEOUT):
                _drop(conn, stale)
        except DatabaseError as error:
            if error.sqlstate != errors.LockNotAvailable.sqlstate:
                raise
            time.sleep(0.05)
        else:
            return len(stale)
    return 0


def _detach(conn: psycopg.Connection, partitions: list[_Partition]) -> None:
    if not partitions:
        return
    # In the order in which a reader's statement takes its locks, so that the two never wait for each other.
    parents = sql.SQL(", ").join(
        sql.SQL("only {}").format(sql.Identifier("versions", table))
        for table in sorted({partition.table for partition in partitions})
    )
    _do(conn, "lock table {}, ops.published in access exclusive mode", parents)
    for table, version, _ in partitions:
        child = sql.Identifier("versions", _partition(table, version))
        _do(conn, "alter table {} detach partition {}", sql.Identifier("versions", table), child)


def _stale(conn: psycopg.Connection) -> list[_Partition]:
    pointers: dict[str, int] = dict(conn.execute("select mart, version from ops.published").fetchall())
    status: dict[int, str] = dict(conn.execute("select version, status from ops.version").fetchall())
    kept = {
        version
        for (version,) in conn.execute(
            "select version from ops.version where status = 'published' and not ops.holds_removed(version)"
        )
    }
    partitions: dict[str, list[_Partition]] = {}
    for name, attached in conn.execute(
        "select relname, relispartition from pg_class where relnamespace = 'versions'::regnamespace and relkind = 'r'"
    ).fetchall():
        table, _, version = name.rpartition("__")
        if table in published() and version.isdigit():
            partitions.setdefault(table, []).append(_Partition(table, int(version), attached))
    stale = []
    for table, found in partitions.items():
        current = pointers.get(table)
        before = max(
            (each.version for each in found if current and each.version < current and each.version in kept),
            default=None,
        )
        stale += [
            each for each in found if each.version not in (current, before) and status.get(each.version) != "building"
        ]
    return stale


def _drop(conn: psycopg.Connection, partitions: Iterable[_Partition]) -> None:
    for partition in partitions:
        _do(conn, "drop table {}", sql.Identifier("versions", _partition(partition.table, partition.version)))
    conn.execute(
        "update ops.version set status = 'retired' where status = 'published' and not exists ("
        " select from pg_class where relnamespace = 'versions'::regnamespace and relkind = 'r'"
        " and relname like '%\\_\\_' || version)"
    )


def _partition(table: str, version: int) -> str:
    return f"{table}__{version}"


def _exists(conn: psycopg.Connection, schema: str, name: str) -> bool:
    row = conn.execute(
        "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null", (schema, name)
    ).fetchone()
    return bool(row and row[0])


def _columns(conn: psycopg.Connection, schema: str, table: str) -> dict[str, str]:
    """Return the columns of a table or view in order, with their types as SQL writes them."""
    return dict(
        conn.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = format('%%I.%%I', %s::text, %s::text)::regclass and attnum > 0 and not attisdropped"
            " order by attnum",
            (schema, table),
        ).fetchall()
    )


def _comments(conn: psycopg.Connection, schema: str, table: str) -> dict[str, str]:
    """Return the comments of a table or view (under '') and of its columns (under their names)."""
    return dict(
        conn.execute(
            "select coalesce(a.attname, ''), d.description from pg_description as d"
            " left join pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0"
            " where d.objoid = format('%%I.%%I', %s::text, %s::text)::regclass and d.classoid = 'pg_class'::regclass",
            (schema, table),
        ).fetchall()
    )


def _do(conn: psycopg.Connection, statement: str, *parts: sql.Composable) -> None:
    conn.execute(sql.SQL(statement).format(*parts))


@contextlib.contextmanager
def _transaction(conn: psycopg.Connection, lock_timeout: str = "0") -> Iterator[None]:
    with scrubbed(), conn.transaction():
        conn.execute("set local synchronous_commit = on")
        conn.execute("select set_config('lock_timeout', %s, true)", (lock_timeout,))
        lock(conn, "publish")
        yield
