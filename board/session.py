"""Who is looking: logging in, the session behind a request, and the line written down for each look at persons.

A session is a row of the database (ops.board_session), asked for with every page: one that is ended is out at once.
The cookie holds its token, the database the token's hash (docs/rules.md, R-BOARD-2).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.to_thread
from psycopg import errors

from board.accounts import hashed

if TYPE_CHECKING:
    from starlette.requests import Request

    from board.database import Database

COOKIE = "street_session"
COOKIE_DAYS = 30
"""How long a browser keeps the cookie; how long the session lasts is the database's to say."""

# Each hash takes 16 MB and a core: guessing must not take the machine.
_HASHING = anyio.CapacityLimiter(2)


@dataclass(frozen=True)
class Viewer:
    """The person who looks: the account, by which role it reads, of which committee (None: the street's)."""

    account: str
    full_name: str
    role_name: str
    committee_code: str | None
    token: str

    @property
    def is_auditor(self) -> bool:
        """Whether the account reads who has looked, and no mart."""
        return self.role_name == "board_auditor"

    @property
    def sees_persons(self) -> bool:
        """Whether the role may read names at all; a page that it can't open has no link."""
        return self.role_name not in ("board_dashboard", "board_auditor")

    @property
    def sees_all_persons(self) -> bool:
        """Whether the role reads the persons of every committee."""
        return self.sees_persons and self.committee_code is None


class LookRefusedError(RuntimeError):
    """A look at persons without a reason, or by a session that has just ended: nothing may be shown."""


async def log_in(database: Database, account: str, password: str) -> tuple[Literal["open", "refused", "locked"], str]:
    """Return whether the password opened a session, and its token."""
    token = secrets.token_urlsafe(32)
    async with database.as_board() as connection:
        found = await (await connection.execute("select ops.board_salt(%s) as salt", (account,))).fetchone()
    salt = found["salt"] if found and found["salt"] else secrets.token_bytes(16)
    # Hashed for an unknown account too: how long it takes tells nothing.
    given = await anyio.to_thread.run_sync(hashed, password[:200], bytes(salt), limiter=_HASHING)
    async with database.as_board() as connection:
        result = await connection.execute("select ops.open_board_session(%s, %s, %s) as said", (account, given, token))
        row = await result.fetchone()
    said: Literal["open", "refused", "locked"] = row["said"] if row else "refused"
    return said, token


async def log_out(database: Database, token: str) -> None:
    """End a session; one that isn't there is none."""
    async with database.as_board() as connection:
        await connection.execute("select ops.end_board_session(%s)", (token,))


async def viewer_of(database: Database, request: Request) -> Viewer | None:
    """Return who asks, or None without an open session."""
    token = request.cookies.get(COOKIE)
    if not token:
        return None
    async with database.as_board() as connection:
        row = await (await connection.execute("select * from ops.board_session_of(%s)", (token,))).fetchone()
    return Viewer(**row, token=token) if row else None


@dataclass(frozen=True)
class Look:
    """What is looked at: the page, the keys it was asked for, how many persons it shows, and why where one must say."""

    what: str
    keys: tuple[str, ...]
    persons: int
    reason: str | None = None


async def look(database: Database, viewer: Viewer, at: Look) -> int:
    """Write down a look at persons, committed when this returns, and return its number. Raises LookRefusedError."""
    try:
        async with database.as_board() as connection:
            result = await connection.execute(
                "select audit.look(%s, %s, %s, %s, %s) as number",
                (viewer.token, at.what, list(at.keys), at.persons, at.reason),
            )
            row = await result.fetchone()
    except (errors.CheckViolation, errors.InsufficientPrivilege):
        raise LookRefusedError from None
    return int(row["number"]) if row else 0
