"""The board's way into the database: a pool a role, in which each connection becomes the role once and for good.

A connection is never lent to another role: `set role` survives a transaction and `reset all`, so one that served a
committee could serve the next one with the first one's eyes.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, TypeAlias

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import make_conninfo
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout, TooManyRequests

from board.accounts import COMMITTEES, DESK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

Pool: TypeAlias = AsyncConnectionPool[AsyncConnection[DictRow]]

_DESK_ROLES = frozenset({"board_street", "board_dashboard", "board_auditor"})
_COMMITTEE, _STREET, _OWN = 2, 8, 8
"""How many connections a committee's role, a role that sees the whole street, and the board itself may have."""
_WAITING = 200
_WAIT_SECONDS = 5.0
_IDLE_SECONDS = 60.0


class BusyError(RuntimeError):
    """No connection was free in time: the page is answered 503, to be asked for again."""


async def _alive(connection: AsyncConnection[DictRow]) -> None:
    """Notice that the server has hung up, without asking it: a question would cost as much as one of a page's own."""
    connection.pgconn.consume_input()


class Database:
    """Pools of connections to the warehouse at `url`, whose user is put in the place of each login."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pools: dict[tuple[str, str | None], Pool] = {}

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.close()

    @contextlib.asynccontextmanager
    async def as_board(self) -> AsyncIterator[AsyncConnection[DictRow]]:
        """Lend a connection of the board itself, which may call its functions and reads no table (autocommit).

        Raises BusyError.
        """
        async with self._lent(COMMITTEES, None) as connection:
            yield connection

    @contextlib.asynccontextmanager
    async def as_role(self, role: str) -> AsyncIterator[AsyncConnection[DictRow]]:
        """Lend a connection that is `role`, in a transaction that sees one moment. Raises BusyError."""
        login = DESK if role in _DESK_ROLES else COMMITTEES
        async with self._lent(login, role) as connection, connection.pipeline(), connection.transaction():
            yield connection  # its beginning travels with the first question

    @contextlib.asynccontextmanager
    async def _lent(self, login: str, role: str | None) -> AsyncIterator[AsyncConnection[DictRow]]:
        pool = self._pools.get((login, role))
        if pool is None:
            pool = self._pools[login, role] = self._pool(login, role)
        await pool.open()  # one that is open stays as it is
        try:
            async with pool.connection() as connection:
                yield connection
        except (PoolTimeout, TooManyRequests):
            raise BusyError from None

    def _pool(self, login: str, role: str | None) -> Pool:
        async def become(connection: AsyncConnection[DictRow]) -> None:
            await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ if role else None)
            if role:
                await connection.execute(sql.SQL("set role {}").format(sql.Identifier(role)))

        options: dict[str, Any] = {
            "autocommit": True,
            "row_factory": dict_row,
            "application_name": "board",
            "prepare_threshold": 1,  # the same few questions over and over: each is planned once (accounts.py)
        }
        return AsyncConnectionPool(
            make_conninfo(self._url, user=login),
            connection_class=AsyncConnection[DictRow],
            kwargs=options,
            min_size=0,
            max_size=_OWN if role is None else _COMMITTEE if login == COMMITTEES else _STREET,
            max_waiting=_WAITING,
            timeout=_WAIT_SECONDS,
            max_idle=_IDLE_SECONDS,
            check=_alive,
            configure=become,
            num_workers=1,
            open=False,
        )
