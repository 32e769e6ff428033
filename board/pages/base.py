"""What pages share: who asks, which version, and how a page is answered."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from psycopg import errors
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from board.rendering import Drawings, framed, keeping, kept
from board.session import Look, Viewer, look, viewer_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Awaitable, Callable, Sequence
    from typing import LiteralString

    from psycopg import AsyncConnection
    from psycopg.rows import DictRow
    from starlette.requests import Request

    from board.database import Database


_SECONDS = 1.0


class Newest:
    """The published version, looked up at most once a second: a page may be a second old, never half of two."""

    def __init__(self) -> None:
        self._version, self._until = 0, 0.0

    async def version(self, database: Database, role: str) -> int:
        """Return the version that is published, asked for as this role where it is time to ask."""
        if time.monotonic() >= self._until:
            async with database.as_role(role) as connection:
                self._version = (await published(connection)).version
            self._until = time.monotonic() + _SECONDS
        return self._version


@dataclass(frozen=True)
class Board:
    """What the application holds: its way into the database, the drawings it has made, the version it knows."""

    database: Database
    drawings: Drawings
    newest: Newest


@dataclass(frozen=True)
class Asked:
    """One request of somebody who is logged in."""

    request: Request
    viewer: Viewer
    board: Board

    def key(self, name: str = "key") -> str:
        """Return a key out of the address."""
        return str(self.request.path_params[name])

    async def look(self, what: str, keys: Sequence[str], persons: int, reason: str | None = None) -> int:
        """Write down that so many persons are shown, before the page is answered; return the line's number.

        Raises LookRefusedError.
        """
        return await look(self.board.database, self.viewer, Look(what, tuple(keys), persons, reason))

    def page(self, title: str, main: str, **options: Any) -> HTMLResponse:  # noqa: ANN401 - those of `framed`
        """Return the whole page."""
        return framed(self.request, self.viewer, title, main, **options)


@dataclass(frozen=True)
class Published:
    """The version that is published: its number, its business date, and when it was published."""

    version: int
    as_of: dt.date
    published_at: dt.datetime


def signed_in(page: Callable[[Asked], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Let a page be seen by whoever is logged in; anybody else is sent to the login, a program is told 401."""

    @wraps(page)
    async def answer(request: Request) -> Response:
        board: Board = request.app.state.board
        viewer = await viewer_of(board.database, request)
        if viewer is None:
            if request.method != "GET" or request.headers.get("sec-fetch-dest") == "empty":
                raise HTTPException(401, "登录已结束，请重新登录。")
            address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?next={quote(address)}", 303)
        try:
            return await page(Asked(request, viewer, board))
        except errors.InsufficientPrivilege:
            # The database's word: the role has no right to the table.
            raise HTTPException(403, "您的角色不能查看这一页。") from None
        except (errors.UndefinedTable, errors.UndefinedColumn):
            # A newer release asks for what only the next build publishes.
            raise HTTPException(503, "这一页要用的数据还没有发布过：下一次运行之后就有。") from None

    return answer


async def rows(connection: AsyncConnection[DictRow], query: LiteralString, *values: object) -> Sequence[dict[str, Any]]:
    """Return the rows of a constant query."""
    return await (await connection.execute(query, values)).fetchall()


async def published(connection: AsyncConnection[DictRow]) -> Published:
    """Return what is published in this transaction. Raises HTTPException 503 before the first publication."""
    found = await rows(
        connection, "select version, as_of, published_at from ops.published where mart = 'building_overview'"
    )
    if not found:
        raise HTTPException(503, "还没有发布过数据：先运行 street run。")
    return Published(**found[0])


async def several(
    connection: AsyncConnection[DictRow], *queries: tuple[LiteralString, *tuple[object, ...]]
) -> list[list[dict[str, Any]]]:
    """Return the rows of each constant query, with its values behind it: all are asked in one round trip."""
    async with connection.pipeline():
        cursors = [await connection.execute(query, values) for query, *values in queries]
        return [await cursor.fetchall() for cursor in cursors]


FEED_TITLES: LiteralString = "select distinct feed, title_zh from marts.feed_health where business_date = as_of"
"""What people call each feed."""


async def without_persons(
    asked: Asked,
    draw: Callable[[AsyncConnection[DictRow], Published], Awaitable[str]],
    **options: Any,  # noqa: ANN401 - those of `framed`
) -> Response:
    """Answer a page that shows no person: kept by the browser, its middle part drawn once a version and role.

    `draw` returns the title, a line by itself, and the middle part; it raises HTTPException 404 where row security
    leaves nothing to show.
    """
    role = asked.viewer.role_name
    version = await asked.board.newest.version(asked.board.database, role)
    etag, unchanged = kept(asked.request, asked.viewer, version)
    if unchanged is not None:
        return unchanged
    address = f"{asked.request.url.path}?{asked.request.url.query}"
    main = asked.board.drawings.get((version, role, address))
    if main is None:
        async with asked.board.database.as_role(role) as connection:
            now = await published(connection)
            main = await draw(connection, now)
        asked.board.drawings.keep((now.version, role, address), main)
    heading, _, main = main.partition("\n")
    answer = asked.page(heading, main, **options)
    answer.headers.update(keeping(etag))
    return answer
