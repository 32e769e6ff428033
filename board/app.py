"""The application: its addresses, what guards them, and what it says when something is not there."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

from psycopg import Error as DriverError
from psycopg import OperationalError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from board.database import BusyError, Database
from board.guard import Guard
from board.pages import entrance, homes, office, persons, places, rosters, street, today
from board.pages.base import Board, Newest
from board.rendering import STATIC, Drawings, framed, part
from board.session import LookRefusedError
from street.database import DatabaseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

_LOG = logging.getLogger("board")
_SAID = {
    401: "登录已结束，请重新登录。",
    403: "没有权限。",
    404: "没有这一页，或者您看不到它。",
    422: "缺少必填的内容。",
    500: "出错了，已记录。",
    503: "现在很忙，请稍后再试。",
}


def make_app(database_url: str) -> Starlette:
    """Return the application on the warehouse at `database_url`, the board's own address of it."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        database = Database(database_url)
        app.state.board = Board(database, Drawings(), Newest())
        yield
        await database.close()

    return Starlette(
        routes=[
            Route("/login", entrance.login, methods=["GET", "POST"]),
            Route("/logout", entrance.logout, methods=["POST"]),
            Route("/", street.street),
            Route("/committee/{code}", places.committee),
            Route("/compound/{key}", places.compound),
            Route("/building/{key}", places.building),
            Route("/dwelling/{key}", homes.dwelling),
            Route("/today", today.today),
            Route("/visits", today.visits, methods=["POST"]),
            Route("/sw.js", worker),
            Route("/search", persons.search, methods=["GET", "POST"]),
            Route("/rosters", rosters.catalogue),
            Route("/rosters/{name}", rosters.roster, methods=["GET", "POST"]),
            Route("/review", persons.review),
            Route("/review/{number:int}", persons.question, methods=["GET"]),
            Route("/review/{number:int}", persons.decide, methods=["POST"]),
            Route("/health", office.health),
            Route("/trace", office.trace),
            Route("/looks", office.looks),
            Route("/me", entrance.me),
            Route("/about", entrance.about),
            Route("/alive", alive),
            Mount("/static", _Static(directory=STATIC)),
        ],
        middleware=[Middleware(Guard), Middleware(GZipMiddleware, minimum_size=700, compresslevel=5)],
        exception_handlers={
            HTTPException: _told, LookRefusedError: _no_reason, BusyError: _busy, OperationalError: _busy,
            DriverError: _failed,
        },
        lifespan=lifespan,
    )  # fmt: skip


class _Static(StaticFiles):
    """Our own style and script, asked for with a mark of their content: they may be kept for good."""

    def file_response(self, *args: object, **options: object) -> Response:
        response = super().file_response(*args, **options)  # type: ignore[arg-type]
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response


async def worker(_: Request) -> Response:
    """Return the service worker from where it may serve every page."""
    return FileResponse(STATIC / "sw.js", headers={"cache-control": "no-cache"}, media_type="text/javascript")


async def alive(request: Request) -> Response:
    """Tell the supervisor that the board answers and reaches its database."""
    board: Board = request.app.state.board
    async with board.database.as_board() as connection:
        await connection.execute("select")
    return PlainTextResponse("ok")


async def _told(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    said = detail if any(character > "\u2e80" for character in detail) else _SAID.get(status, "出错了。")
    if request.headers.get("sec-fetch-dest") == "empty":  # a script asks
        return JSONResponse({"said": said}, status)
    answer = framed(request, None, "看板", part("said.html", status=status, said=said), status=status)
    if status == 503:
        answer.headers["retry-after"] = "5"
    return answer


async def _no_reason(request: Request, _: Exception) -> Response:
    return await _told(request, HTTPException(422, "请写明查阅理由。"))


async def _failed(request: Request, error: Exception) -> Response:
    """Tell the log where and what kind, and nobody a value of a row (R-PRIV-7)."""
    if isinstance(error, DriverError):
        _LOG.error("%s %s", request.scope["route"].path if "route" in request.scope else "", DatabaseError.of(error))
    return await _told(request, HTTPException(500))


async def _busy(request: Request, _: Exception) -> Response:
    return await _told(request, HTTPException(503))
