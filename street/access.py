"""Access for people: every reader has a login of its own, and a committee sees its own rows (R-PRIV-4, R-PRIV-5).

A login reads counts: persons are read through the board, which writes each look down. One that reads persons is an
exception with a reason and an end (R-PRIV-10). A login is a member of one of the readers' roles, and may do what that
role may. Its limits (connections, time, what it may keep open) are set here; limits that a login can lift by itself are
enforced by street.readers.
"""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import errors, sql

from street import readers
from street.database import READERS, DatabaseError, scrubbed
from street.settings import SHANGHAI
from street.vocabulary import seed

if TYPE_CHECKING:
    import psycopg

DASHBOARD = "dashboard"
"""The reader who sees the whole street's counts, and never a person: the dashboard."""
STREET = "street"
"""The reader who sees the whole street: the street office."""

LONGEST_EXCEPTION = dt.timedelta(days=366)
"""So long may a login read persons before somebody says anew why."""

CONNECTIONS = 10
"""How many sessions one login may have at once."""

_LIMITS = {
    "timezone": "Asia/Shanghai",
    "statement_timeout": "5min",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "2min",
    "idle_session_timeout": "1h",
}
_TEMPORARY_FILES = "1GB"


class AccessError(ValueError):
    """Access can't be given or taken; the sentence says why."""


@dataclass(frozen=True)
class Persons:
    """That a login reads persons: until when (that day included), why, and who says so."""

    until: dt.date
    reason: str
    by: str


@dataclass(frozen=True)
class Login:
    """A reader's login: what it reads by, of which committee, since when (None: not given by `grant`).

    `until` and `reason` are those of an exception that reads persons.
    """

    role: str
    group: str
    committee_code: str | None
    since: dt.date | None
    until: dt.date | None
    reason: str | None


def role_of(reader: str) -> str:
    """Return the login role of a reader: DASHBOARD, STREET, or the code of a committee. Raises AccessError."""
    if reader in (DASHBOARD, STREET):
        return f"{reader}_login"
    if reader in {row["committee_code"] for row in seed("committees")}:
        return f"committee_{reader}"
    raise AccessError(f"“{reader}”不是本街道任何居委会的代码（12 位数字）：见 dbt_project/seeds/committees.csv。")


def grant(conn: psycopg.Connection, reader: str, persons: Persons | None = None) -> tuple[str, str]:
    """Give a reader its login and return (role, new password); the password is stored nowhere.

    Repeating it renews the password (R-PRIV-9) and says anew what it reads: counts, or with `persons` the marts of
    persons too, until their end. A committee's role sees the rows of its committee alone: by its name in
    ops.access_grant, which no setting of a session can change. Works before anything is published. Raises AccessError,
    DatabaseError.
    """
    role, password = role_of(reader), secrets.token_urlsafe(18)
    committee = None if reader in (DASHBOARD, STREET) else reader
    if persons is not None:
        _refuse_without_right(reader, persons)
    counts, everything = (
        ("committee_counts_reader", "committee_reader") if committee else ("dashboard_reader", "street_reader")
    )
    group, other = (everything, counts) if persons else (counts, everything)
    name = sql.Identifier(role)
    with scrubbed(), conn.transaction():
        if conn.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is None:
            conn.execute(sql.SQL("create role {} login").format(name))
        # Hashed here, so that the server never sees the password (its log and statistics hold statements).
        hashed = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        over = f"{persons.until + dt.timedelta(days=1)} 00:00+08" if persons else "infinity"
        conn.execute(
            sql.SQL("alter role {} login connection limit {} password {} valid until {}").format(
                name, sql.Literal(CONNECTIONS), sql.Literal(hashed), sql.Literal(over)
            )
        )
        _limit(conn, name)
        conn.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), name))
        conn.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(other), name))
        # A role that inherits from this one may end its sessions (street.readers).
        conn.execute(sql.SQL("grant {} to current_user with inherit true, set false").format(name))
        conn.execute(
            "insert into ops.access_grant (role_name, committee_code, persons_until, reason, granted_by)"
            " values (%s, %s, %s, %s, %s) on conflict (role_name) do update set"
            " persons_until = excluded.persons_until, reason = excluded.reason, granted_by = excluded.granted_by",
            (role, committee, *((persons.until, persons.reason, persons.by) if persons else (None, None, None))),
        )
    return role, password


def _refuse_without_right(reader: str, persons: Persons) -> None:
    today = dt.datetime.now(SHANGHAI).date()
    if reader == DASHBOARD:
        raise AccessError("看板只看计数：要看人员数据，请开通居委会代码或 --street 的登录。")
    if not persons.reason.strip():
        raise AccessError("请写明理由（--reason）：为什么不能通过看板查看人员数据。")
    if not today <= persons.until <= today + LONGEST_EXCEPTION:
        raise AccessError(f"截止日期须在 {today} 与 {today + LONGEST_EXCEPTION} 之间：{persons.until} 不在其间。")


def end_overdue(conn: psycopg.Connection) -> list[str]:
    """Take away every login that read persons until a day that is past; returns them (R-PRIV-10).

    They can't log in since that day: this ends the sessions that were open. `conn` must have no open transaction.
    Raises DatabaseError.
    """
    with scrubbed(), conn.transaction():
        overdue = conn.execute(
            "select role_name from ops.access_grant where persons_until < %s order by role_name",
            (dt.datetime.now(SHANGHAI).date(),),
        ).fetchall()
    return [revoke(conn, role) for (role,) in overdue]


def revoke(conn: psycopg.Connection, reader: str) -> str:
    """Take a reader's access away and return its login: it can't log in, reads nothing, and its sessions end.

    `reader` is what `grant` takes, or the name of a login that `listed` tells. Repeating it changes nothing.
    `conn` must have no open transaction. Raises AccessError, DatabaseError.
    """
    role = reader if any(login.role == reader for login in listed(conn)) else role_of(reader)
    name = sql.Identifier(role)
    try:
        with scrubbed(), conn.transaction():
            conn.execute("delete from ops.access_grant where role_name = %s", (role,))
            if conn.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is None:
                return role
            conn.execute(sql.SQL("alter role {} nologin password null").format(name))
            for group in READERS:
                conn.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(group), name))
    except DatabaseError as error:
        if error.sqlstate != errors.InsufficientPrivilege.sqlstate:
            raise
        raise AccessError(f"登录 {role} 不是 `street access grant` 建的：请数据库管理员撤销。") from None
    readers.end_sessions(conn, role)
    return role


def listed(conn: psycopg.Connection) -> list[Login]:
    """Return the readers' logins that may log in, also those that somebody made by hand. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        rows = conn.execute(
            "select distinct on (login.rolname) login.rolname, reading.rolname, given.committee_code, given.granted_on,"
            " given.persons_until, given.reason"
            " from pg_auth_members as membership"
            " inner join pg_roles as reading on membership.roleid = reading.oid"
            " inner join pg_roles as login on membership.member = login.oid"
            " left join ops.access_grant as given on login.rolname = given.role_name"
            " where reading.rolname = any(%s) and login.rolcanlogin and membership.inherit_option"
            "  and not login.rolsuper and login.rolname <> current_user"
            " order by login.rolname, reading.rolname",
            (list(READERS),),
        ).fetchall()
    return [Login(*row) for row in rows]


def _limit(conn: psycopg.Connection, name: sql.Identifier) -> None:
    limits = dict(_LIMITS)
    # A superuser's to allow (street/database/superuser.sql).
    allowed = conn.execute("select has_parameter_privilege('temp_file_limit', 'set')").fetchone()
    if allowed and allowed[0]:
        limits["temp_file_limit"] = _TEMPORARY_FILES
    for setting, value in limits.items():
        statement = sql.SQL("alter role {} set {} = {}")
        conn.execute(statement.format(name, sql.Identifier(setting), sql.Literal(value)))
