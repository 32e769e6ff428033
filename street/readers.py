"""The readers' sessions: what a reader may hold, and for how long (docs/rules.md, R-PRIV-8).

A login's own time-outs are a courtesy that whoever logs in can lift; what holds up the office is ended here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from street.database import READERS, scrubbed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import psycopg
    from psycopg import sql

LONGEST_TRANSACTION = "15 minutes"

# Sessions that we may end: readers of this database, by membership of their role or by pg_signal_backend.
_END = """
select pg_terminate_backend(session.pid)
from pg_stat_activity as session
inner join pg_roles as login on session.usesysid = login.oid
where session.datname = current_database()
    and login.rolname <> current_user
    and not login.rolsuper
    and not pg_has_role(login.oid, 'pipeline', 'member')
    and exists (
        select from pg_roles as reading
        where reading.rolname = any(%(groups)s) and pg_has_role(login.oid, reading.oid, 'member')
    )
    and (pg_has_role(login.oid, 'usage') or pg_has_role('pg_signal_backend', 'usage'))
    and """


def end_overdue(conn: psycopg.Connection) -> None:
    """End the readers whose transaction is open for longer than LONGEST_TRANSACTION.

    They would keep old versions and dead rows from being removed, until the disk is full. Raises DatabaseError.
    """
    with scrubbed(), conn.transaction():
        conn.execute(
            _END + "session.xact_start < clock_timestamp() - %(longest)s::interval",
            {"groups": list(READERS), "longest": LONGEST_TRANSACTION},
        )


def end_holding(conn: psycopg.Connection, relations: Sequence[sql.Identifier]) -> None:
    """End the readers who hold a lock on one of the relations or their partitions. Raises DatabaseError."""
    names = [relation.as_string(conn) for relation in relations]
    with scrubbed(), conn.transaction():
        conn.execute(
            _END + "session.pid in ("
            " select pid from pg_locks where granted and relation in ("
            "  select to_regclass(name)::oid from unnest(%(names)s::text[]) as name"
            "  union select inhrelid from pg_inherits, unnest(%(names)s::text[]) as name"
            "   where inhparent = to_regclass(name)))",
            {"groups": list(READERS), "names": names},
        )


def end_sessions(conn: psycopg.Connection, login: str) -> None:
    """End every session of a reader's login. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        conn.execute(_END + "login.rolname = %(login)s", {"groups": [*READERS, login], "login": login})
