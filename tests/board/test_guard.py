"""What is let in and what every answer carries, without a database."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from board.guard import Guard
from board.pages.entrance import _inside


def asked(method: str, headers: dict[str, str]) -> httpx.Response:
    async def answer(_: object) -> PlainTextResponse:
        return PlainTextResponse("done")

    async def ask() -> httpx.Response:
        app = Guard(Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://testserver") as client:
            return await client.request(method, "/", headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize(("headers", "status"), [
    ({}, 403),
    ({"sec-fetch-site": "cross-site", "origin": "http://testserver"}, 403),
    ({"sec-fetch-site": "same-site", "origin": "http://testserver"}, 403),
    ({"origin": "https://evil.example"}, 403),
    ({"origin": "null"}, 403),
    ({"sec-fetch-site": "same-origin", "origin": "https://evil.example"}, 403),
    ({"sec-fetch-site": "same-origin"}, 200),
    ({"origin": "http://testserver"}, 200),
    ({"sec-fetch-site": "same-origin", "origin": "http://testserver"}, 200),
])  # fmt: skip
def test_only_our_own_pages_may_send(headers: dict[str, str], status: int) -> None:
    assert asked("POST", headers).status_code == status


def test_every_answer_lets_nothing_foreign_in_and_is_kept_by_nobody() -> None:
    headers = asked("GET", {}).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(("address", "after"), [
    (None, "/"), ("/today", "/today"), ("/?layer=vacant", "/?layer=vacant"), ("https://evil.example/", "/"),
    ("//evil.example", "/"), ("javascript:alert(1)", "/"), ("///evil.example", "/evil.example"), ("today", "/"),
    ("/\\evil.example", "/"),
])  # fmt: skip
def test_the_login_leads_to_pages_of_ours_alone(address: str | None, after: str) -> None:
    assert _inside(address) == after
