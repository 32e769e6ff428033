"""Logging in and out, who I am, and by what right things are shown."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from starlette.responses import RedirectResponse, Response

from board import session
from board.pages.base import Asked, Board, rows, signed_in
from board.rendering import framed, part
from street.settings import ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

_SAID = {"refused": "账户或口令不对。", "locked": "口令连续输错五次：十五分钟后再试。"}

#: What a look is called (audit.access.what).
LOOKS = {
    "dwelling": "一房一图", "today": "今日上门", "search": "查找人员", "worklist": "任务清单", "ledger": "台账",
    "review": "待核实", "trace": "追溯来源",
}  # fmt: skip


async def login(request: Request) -> Response:
    """Show the login, or open a session."""
    board: Board = request.app.state.board
    after = _inside(request.query_params.get("next"))
    if request.method == "GET":
        return framed(request, None, "登录", part("login.html", said="", after=after, account=""))
    form = await request.form()
    account, password = str(form.get("account", "")).strip().lower()[:32], str(form.get("password", ""))
    said, token = await session.log_in(board.database, account, password)
    if said != "open":
        main = part("login.html", said=_SAID[said], after=after, account=account)
        return framed(request, None, "登录", main, status=429 if said == "locked" else 401)
    answer = RedirectResponse(after, 303)
    answer.set_cookie(
        session.COOKIE, token, max_age=session.COOKIE_DAYS * 86400, httponly=True, samesite="lax",
        secure=request.url.scheme == "https",
    )  # fmt: skip
    return answer


async def logout(request: Request) -> Response:
    """End the session. What waits in the phone's queue stays there: the page asks before it leaves."""
    board: Board = request.app.state.board
    if token := request.cookies.get(session.COOKIE):
        await session.log_out(board.database, token)
    answer = RedirectResponse("/login", 303)
    answer.delete_cookie(session.COOKIE)
    answer.headers["clear-site-data"] = '"cache"'  # not "storage": a visit may wait in it
    return answer


@signed_in
async def me(asked: Asked) -> Response:
    """Return who I am, what I may see, my last looks."""
    async with asked.board.database.as_board() as connection:
        looks = await rows(connection, "select * from audit.own_looks(%s, 100)", asked.viewer.token)
    return asked.page("我", part("me.html", viewer=asked.viewer, looks=looks, names=LOOKS))


@signed_in
async def about(asked: Asked) -> Response:
    """Return by what right each thing is shown."""
    scenarios: Sequence[dict[str, Any]] = ()
    if not asked.viewer.is_auditor:
        async with asked.board.database.as_role(asked.viewer.role_name) as connection:
            scenarios = await rows(
                connection, "select * from marts.scenario where refused_zh is null order by scenario"
            )
    return asked.page("依据", part("about.html", scenarios=scenarios, privacy=_privacy()))


@cache
def _privacy() -> str:
    """Return the page that is rendered from the contracts, one level below this page's own heading."""
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    lower = re.sub("^#", "##", text, flags=re.MULTILINE)
    return str(MarkdownIt("commonmark", {"html": True}).enable("table").render(lower))


def _inside(address: str | None) -> str:
    """Return where to go after the login: a path of ours, or the map."""
    parts = urlsplit(address or "/")
    # A browser takes \\ for /, and // for another host.
    if (
        parts.scheme
        or parts.netloc
        or not parts.path.startswith("/")
        or parts.path.startswith("//")
        or "\\" in parts.path
    ):
        return "/"
    return parts.path + (f"?{parts.query}" if parts.query else "")
