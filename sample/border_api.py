"""The port's API as a real HTTP server: pages of entries, a bearer token, and on demand its bad days.

`python -m sample.border_api --data DIR --port N [--host ADDRESS] [--faults]` serves `DIR/entries.jsonl`; DIR is the
folder `border` of a sample, whose clock says which of them are known already. The token that clients must show is
STREET_BORDER_API_TOKEN of the environment, or `--token`.
"""

import argparse
import base64
import binascii
import hmac
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sample import clock

_MOST = 500


@dataclass(frozen=True)
class Entries:
    """All entries in the order they were recorded, each with the time of its record."""

    entries: list[dict[str, Any]]
    recorded_at: list[datetime]

    @classmethod
    def read(cls, data: Path) -> "Entries":
        """Read the entries of a sample; raises FileNotFoundError when the folder has none."""
        with (data / "entries.jsonl").open(encoding="utf-8") as lines:
            entries = [json.loads(line) for line in lines]
        return cls(entries, [datetime.fromisoformat(entry["recorded_at"]) for entry in entries])

    def page(
        self, since: datetime | None, now: datetime, start: int, limit: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Return at most `limit` entries recorded from `since` to `now`, and the position to go on from."""
        found: list[dict[str, Any]] = []
        for position in range(start, len(self.entries)):
            at = self.recorded_at[position]
            if at > now or (since is not None and at < since):
                continue
            if len(found) == limit:
                return found, position
            found.append(self.entries[position])
        return found, None


@dataclass
class Faults:
    """The server's bad days, by the number of the request: no client gets through without retrying."""

    active: bool
    requests: int = 0
    seen: list[str] = field(default_factory=list)

    def next(self) -> str:
        """Return what goes wrong with this request: `429`, `500`, `503`, `cut` or nothing."""
        self.requests += 1
        kind = {3: "429", 5: "503", 7: "cut", 8: "500"}.get(self.requests % 11, "") if self.active else ""
        self.seen.append(kind)
        return kind


def make_app(entries: Entries, token: str, now: Callable[[], datetime], *, faults: bool = False) -> Starlette:
    """Return the application; only entries recorded at or before `now` exist for it, which each request asks anew."""
    trouble = Faults(faults)

    async def list_entries(request: Request) -> Response:
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), f"Bearer {token}".encode()):
            return _error(401, "a valid bearer token is required", {"WWW-Authenticate": "Bearer"})
        kind = trouble.next()
        if kind == "429":
            return _error(429, "too many requests", {"Retry-After": "1"})
        if kind in ("500", "503"):
            return _error(int(kind), "the server is busy")
        try:
            page = _Query.read(request).answer(entries, now())
        except ValueError as wrong:
            return _error(400, str(wrong))
        return _CutResponse(page) if kind == "cut" else JSONResponse(page)

    return Starlette(
        routes=[Route("/v1/entries", list_entries, methods=["GET"]), Route("/healthz", _healthy, methods=["GET"])]
    )


async def _healthy(_: Request) -> Response:
    return JSONResponse({"status": "ok"})


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"error": message}, status_code=status, headers=headers)


class _CutResponse(JSONResponse):
    """A response whose connection breaks in the middle of the body."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body[: len(self.body) // 2], "more_body": True})
        # Returning now, before the promised length, makes the server close the connection.


@dataclass(frozen=True)
class _Query:
    """The parameters of one request; a cursor carries the `since` it began with."""

    since: datetime | None
    start: int
    limit: int

    @classmethod
    def read(cls, request: Request) -> "_Query":
        """Parse the query string; raises ValueError with a sentence for the client."""
        since, start = request.query_params.get("since"), 0
        if cursor := request.query_params.get("cursor"):
            start, since = _open_cursor(cursor)
        limit = request.query_params.get("limit", "100")
        if not limit.isdecimal() or not 1 <= int(limit) <= _MOST:
            raise ValueError(f"limit must be a whole number from 1 to {_MOST}")
        return cls(_time(since) if since else None, start, int(limit))

    def answer(self, entries: Entries, now: datetime) -> dict[str, Any]:
        """Return the page as the API answers it."""
        page, following = entries.page(self.since, now, self.start, self.limit)
        return {"data": page, "next_cursor": None if following is None else _cursor(following, self.since)}


def _time(text: str) -> datetime:
    try:
        # In a query string an unescaped + of an offset arrives as a blank.
        at = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise ValueError("since must be an ISO 8601 time") from None
    if at.tzinfo is None:
        raise ValueError("since must have an offset")
    return at


def _cursor(position: int, since: datetime | None) -> str:
    plain = json.dumps([position, since.isoformat() if since else None])
    return base64.urlsafe_b64encode(plain.encode()).decode()


def _open_cursor(cursor: str) -> tuple[int, str | None]:
    try:
        position, since = json.loads(base64.urlsafe_b64decode(cursor))
        return int(position), since if since is None else str(since)
    except (binascii.Error, ValueError, TypeError):
        raise ValueError("the cursor is not one of this server's") from None


def serve(data: Path, port: int, token: str, *, host: str = "127.0.0.1", faults: bool = False) -> None:
    """Serve until stopped."""
    app = make_app(Entries.read(data), token, lambda: clock.now(data.parent), faults=faults)
    # With faults uvicorn would call each connection that is cut on purpose an error.
    uvicorn.run(app, host=host, port=port, log_level="critical" if faults else "warning", access_log=False)


def main() -> None:
    """Read the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m sample.border_api", description="Serve a sample's border entries.")
    parser.add_argument("--data", type=Path, required=True, help="folder with entries.jsonl")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument("--token", default=os.environ.get("STREET_BORDER_API_TOKEN"))
    parser.add_argument("--faults", action="store_true", help="answer some requests with 429, 5xx or a cut connection")
    arguments = parser.parse_args()
    if not arguments.token:
        parser.error("set STREET_BORDER_API_TOKEN or give --token")
    serve(arguments.data, arguments.port, arguments.token, host=arguments.host, faults=arguments.faults)


if __name__ == "__main__":
    main()
