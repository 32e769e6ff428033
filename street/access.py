"""Access for people: each committee logs in as a role of its own and sees its own rows (docs/rules.md, Privacy)."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from psycopg import sql

from street.database import scrubbed

if TYPE_CHECKING:
    import psycopg


class AccessError(ValueError):
    """Access can't be given; the sentence says why."""


def role_of(committee_code: str) -> str:
    """Return the login role of a neighbourhood committee (12 digits, GB/T 10114). Raises AccessError."""
    if not re.fullmatch(r"\d{12}", committee_code):
        raise AccessError(f"居委会代码应为 12 位数字，不是“{committee_code}”。")
    return f"committee_{committee_code}"


def grant(conn: psycopg.Connection, committee_code: str) -> tuple[str, str]:
    """Give a committee its login role and return (role, new password); the password is stored nowhere.

    Repeating it renews the password. The role sees the rows of its committee alone: through `committee_reader`, and by
    its name in ops.access_grant, which no setting of a session can change. Raises AccessError, DatabaseError.
    """
    role, password = role_of(committee_code), secrets.token_urlsafe(18)
    name = sql.Identifier(role)
    with scrubbed(), conn.transaction():
        if conn.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is None:
            conn.execute(sql.SQL("create role {} login").format(name))
        # Hashed here, so that the server never sees the password (its log and statistics hold statements).
        hashed = conn.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
        conn.execute(sql.SQL("alter role {} login password {}").format(name, sql.Literal(hashed)))
        conn.execute(sql.SQL("grant committee_reader to {}").format(name))
        conn.execute(
            "insert into ops.access_grant (role_name, committee_code) values (%s, %s) on conflict do nothing",
            (role, committee_code),
        )
    return role, password


def revoke(conn: psycopg.Connection, committee_code: str) -> None:
    """Take a committee's access away: its role can't log in and sees no row. Raises AccessError, DatabaseError."""
    role = role_of(committee_code)
    with scrubbed(), conn.transaction():
        conn.execute("delete from ops.access_grant where role_name = %s", (role,))
        if conn.execute("select from pg_roles where rolname = %s", (role,)).fetchone() is not None:
            conn.execute(sql.SQL("alter role {} nologin password null").format(sql.Identifier(role)))
