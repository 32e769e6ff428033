"""Accounts of persons, and the database roles by which the board reads for them (docs/rules.md, R-BOARD-1).

The board logs in as COMMITTEES or as DESK, which themselves read nothing: they may become the role of a reader and no
other. A committee's roles and the street's belong to different logins, so that a fault in the committees' path can't
reach the whole street.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from street.access import DASHBOARD, STREET, AccessError
from street.database import scrubbed
from street.vocabulary import seed

if TYPE_CHECKING:
    import datetime as dt

COMMITTEES = "street_board"
"""The login that becomes the roles of committees."""
DESK = "street_board_desk"
"""The login that becomes the roles that see the whole street."""

AUDITOR = "auditor"
"""The reader who sees who has looked, and nobody looked at."""

_WHOLE = {STREET: "street_reader", DASHBOARD: "dashboard_reader", AUDITOR: "auditor"}
_LIMITS = {
    "timezone": "Asia/Shanghai",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
    # A page asks by a key or a committee: the plan is the same for each, and making it costs as much as its answer.
    "plan_cache_mode": "force_generic_plan",
}


@dataclass(frozen=True)
class Account:
    """A person's account: by which role it reads, since when, and until when (None: it is open)."""

    account: str
    full_name: str
    role_name: str
    added_at: dt.datetime
    ended_at: dt.datetime | None


def hashed(password: str, salt: bytes) -> bytes:
    """Return the hash that is kept of a password: scrypt, 16 MB and some 50 ms of one core."""
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def provide(conn: psycopg.Connection, url: str) -> None:
    """Let the board log in with the password of `url`, its own address of the database. May be repeated.

    Raises DatabaseError.
    """
    password = str(conninfo_to_dict(url).get("password") or "")
    with scrubbed(), conn.transaction():
        for login in (COMMITTEES, DESK):
            name = sql.Identifier(login)
            if conn.execute("select from pg_roles where rolname = %s", (login,)).fetchone() is None:
                conn.execute(sql.SQL("create role {} login noinherit").format(name))
            # Hashed here, so that the server never sees the password.
            kept = conn.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
            conn.execute(sql.SQL("alter role {} login noinherit password {}").format(name, sql.Literal(kept)))
            for setting, value in _LIMITS.items():
                conn.execute(
                    sql.SQL("alter role {} set {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
                )
            conn.execute(sql.SQL("grant board to {} with inherit true, set false").format(name))
            # Who inherits from it may end its sessions (street.readers).
            conn.execute(sql.SQL("grant {} to current_user with inherit true, set false").format(name))


def add(conn: psycopg.Connection, account: str, full_name: str, reader: str, by: str) -> str:
    """Give a person an account and return its new password, which is stored nowhere.

    `reader` is the code of a committee, `street`, `dashboard` or `auditor`. Repeating it renews password and role and
    ends the person's sessions. Raises AccessError, DatabaseError.
    """
    if not (account.isascii() and account[:1].isalpha() and account == account.lower() and 2 <= len(account) <= 32):
        raise AccessError("账户名须为 2 至 32 个小写字母、数字、点、下划线或连字符，以字母开头。")
    password, salt = secrets.token_urlsafe(12), secrets.token_bytes(16)
    with scrubbed(), conn.transaction():
        role, committee = _role(conn, reader)
        conn.execute(
            "insert into ops.board_account"
            " (account, full_name, role_name, committee_code, salt, password_hash, added_by)"
            " values (%s, %s, %s, %s, %s, %s, %s) on conflict (account) do update set full_name = excluded.full_name,"
            " role_name = excluded.role_name, committee_code = excluded.committee_code, salt = excluded.salt,"
            " password_hash = excluded.password_hash, added_by = excluded.added_by, ended_at = null, failures = 0,"
            " locked_until = null",
            (account, full_name, role, committee, salt, hashed(password, salt), by),
        )
        _end_sessions(conn, account)
    return password


def end(conn: psycopg.Connection, account: str) -> None:
    """End an account and its sessions: the next page it asks for is the login. Raises AccessError, DatabaseError."""
    with scrubbed(), conn.transaction():
        found = conn.execute(
            "update ops.board_account set ended_at = coalesce(ended_at, clock_timestamp()) where account = %s"
            " returning account",
            (account,),
        ).fetchone()
        if found is None:
            raise AccessError(f"没有账户 {account}：`street access person list` 列出全部。")
        _end_sessions(conn, account)


def listed(conn: psycopg.Connection) -> list[Account]:
    """Return every account, also those that have ended. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        rows = conn.execute(
            "select account, full_name, role_name, added_at, ended_at from ops.board_account order by account"
        ).fetchall()
    return [Account(*row) for row in rows]


def _end_sessions(conn: psycopg.Connection, account: str) -> None:
    conn.execute(
        "update ops.board_session set ended_at = clock_timestamp() where account = %s and ended_at is null", (account,)
    )


def _role(conn: psycopg.Connection, reader: str) -> tuple[str, str | None]:
    """Return the role of the board's that reads for `reader`, made where it is missing, and the committee's code."""
    committee = reader if reader in {row["committee_code"] for row in seed("committees")} else None
    if committee is None and reader not in _WHOLE:
        raise AccessError(f"“{reader}”不是本街道任何居委会的代码（12 位数字）：见 dbt_project/seeds/committees.csv。")
    role, login = f"board_{reader}", COMMITTEES if committee else DESK
    name = sql.Identifier(role)
    if conn.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is None:
        conn.execute(sql.SQL("create role {} nologin").format(name))
    group = _WHOLE.get(reader, "committee_reader")
    conn.execute(sql.SQL("grant {} to {}").format(sql.Identifier(group), name))
    if conn.execute("select from pg_roles where rolname = %s", (login,)).fetchone() is None:
        raise AccessError(
            "看板还没有数据库登录：先运行 `street up`，或设置 STREET_BOARD_DATABASE_URL 后 `street migrate`。"
        )
    conn.execute(sql.SQL("grant {} to {} with inherit false, set true").format(name, sql.Identifier(login)))
    # Its rows by its name, which no setting of a session can change (R-PRIV-5).
    conn.execute(
        "insert into ops.access_grant (role_name, committee_code) values (%s, %s) on conflict do nothing",
        (role, committee),
    )
    return role, committee
