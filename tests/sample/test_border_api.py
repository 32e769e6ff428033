"""The sample's border API over real HTTP: every entry once, in order, whatever goes wrong on the way."""

import os
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sample import clock
from sample.generate import generate

TOKEN = "a-token-of-the-test"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("border")
    generate(out, date(2020, 3, 28), 24_000, seed=5, feeds=["border_entries"])
    return out / "border"


def _serve(data: Path, *options: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "sample.border_api", "--data", str(data), "--port", str(port), *options]
    server = subprocess.Popen(command, env={**os.environ, "STREET_BORDER_API_TOKEN": TOKEN})
    base = f"http://127.0.0.1:{port}"
    try:
        _wait(base)
        yield base
    finally:
        server.terminate()
        server.wait(10)


def _wait(base: str) -> None:
    for _ in range(300):
        try:
            httpx.get(f"{base}/healthz")
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the server did not start")


@pytest.fixture(scope="module")
def server(data: Path) -> Iterator[str]:
    yield from _serve(data)


@pytest.fixture(scope="module")
def troubled(data: Path) -> Iterator[str]:
    yield from _serve(data, "--faults")


def _pull(base: str, limit: int = 10, **query: str) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Pull all pages as a client that tries again and goes on from its last cursor."""
    found: list[dict[str, Any]] = []
    trouble: Counter[str] = Counter()
    cursor: str | None = None
    with httpx.Client(base_url=base, headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        while True:
            parameters = {"limit": str(limit), **query, **({"cursor": cursor} if cursor else {})}
            try:
                answer = client.get("/v1/entries", params=parameters)
            except httpx.TransportError:
                trouble["cut"] += 1
                continue
            if answer.status_code != 200:
                trouble[str(answer.status_code)] += 1
                assert answer.status_code != 429 or "Retry-After" in answer.headers
                continue
            page = answer.json()
            found += page["data"]
            assert len(page["data"]) <= limit
            if (cursor := page["next_cursor"]) is None:
                return found, trouble


def _file(data: Path) -> int:
    return len((data / "entries.jsonl").read_text(encoding="utf-8").splitlines())


def test_all_pages_together_are_all_entries_in_the_order_recorded(server: str, data: Path) -> None:
    found, trouble = _pull(server, limit=7)
    assert len(found) == _file(data) > 100
    assert not trouble
    assert [entry["recorded_at"] for entry in found] == sorted(entry["recorded_at"] for entry in found)


def test_nothing_is_lost_or_doubled_behind_429_5xx_and_cut_connections(troubled: str, data: Path) -> None:
    found, trouble = _pull(troubled, limit=7)
    assert len(found) == _file(data)
    assert trouble.keys() == {"429", "500", "503", "cut"}


def test_since_filters_on_the_time_of_the_record_and_holds_through_the_pages(server: str) -> None:
    everything, _ = _pull(server, limit=500)
    since = "2020-03-26T12:00:00+08:00"
    found, _ = _pull(server, limit=5, since=since)
    assert found == [entry for entry in everything if entry["recorded_at"] >= since]
    assert 5 < len(found) < len(everything)


def test_what_is_recorded_after_now_does_not_exist_yet(server: str, data: Path) -> None:
    latest = clock.now(data.parent)
    earlier = datetime.fromisoformat("2020-03-20T07:30:00+08:00")
    clock.set_now(data.parent, earlier)
    found, _ = _pull(server, limit=500)
    clock.set_now(data.parent, latest)
    assert found[-1]["recorded_at"] <= earlier.isoformat()
    assert 0 < len(found) < _file(data) == len(_pull(server, limit=500)[0])


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
def test_without_the_token_nothing_is_shown(server: str, header: dict[str, str]) -> None:
    answer = httpx.get(f"{server}/v1/entries", headers=header)
    assert answer.status_code == 401
    assert "data" not in answer.json()


@pytest.mark.parametrize("query", [
    {"limit": "501"}, {"limit": "0"}, {"limit": "many"}, {"since": "yesterday"}, {"since": "2020-03-26T12:00:00"},
    {"cursor": "not-a-cursor"},
])  # fmt: skip
def test_a_query_that_makes_no_sense_is_answered_400(server: str, query: dict[str, str]) -> None:
    answer = httpx.get(f"{server}/v1/entries", params=query, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 400
