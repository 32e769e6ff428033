"""What every answer carries, and which requests are let in: nothing of another origin runs, frames or posts here."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY = "; ".join((
    "default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'",
    "manifest-src 'self'", "worker-src 'self'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
))  # fmt: skip
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_SAFE = frozenset({"GET", "HEAD"})


class Guard:
    """ASGI middleware around the whole application."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what another site sends, else pass it on and dress the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                # A page with persons is kept by nobody; one without says so itself.
                headers.setdefault("cache-control", "no-store")
                # What the server took, as browsers and the benchmark show it: a page is made before it is sent.
                headers.setdefault("server-timing", f"total;dur={(time.perf_counter() - began) * 1000:.1f}")
            await send(message)

        if scope["method"] not in _SAFE and not _is_ours(Headers(scope=scope)):
            await PlainTextResponse("这个请求不是从看板的页面发出的，已拒绝。", 403)(scope, receive, dressed)
            return
        await self._app(scope, receive, dressed)


def _is_ours(headers: Headers) -> bool:
    """Return whether the browser says that a page of this very site sends it; a request that doesn't say is not let in.

    Instead of a token: the phone's queue sends hours after its page was made.
    """
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return site == "same-origin"
    return urlsplit(origin).netloc == headers.get("host")
