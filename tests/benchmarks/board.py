"""The board under load: `python -m tests.benchmarks.board URL [READERS SECONDS]`, beside the warehouse that it shows.

Each committee gets an account for the while. First each page alone, a request after the other: its time and its bytes
on the wire. Then READERS people, shared out among the committees, who each open a page every 5 s for SECONDS: 5 % the
map, 15 % a compound, 40 % a building, 20 % a home, 20 % the day's doors. A reader is a browser: it keeps its connection
and what it may, and asks with the ETag.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from board import accounts
from street.database import connect

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EVERY_SECONDS = 5.0
MIX = {"map": 5, "compound": 15, "building": 40, "dwelling": 20, "today": 20}
WARM, TIMES = 5, 200


@dataclass(frozen=True)
class Seat:
    """Somebody who has logged in: the session's cookie, and the addresses of each kind that a reader finds by links."""

    cookie: str
    addresses: dict[str, list[str]]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def seats(url: str) -> Iterator[list[Seat]]:
    """An account of each committee that has doors, logged in; all are ended afterwards."""
    with connect() as connection:
        codes = [
            code
            for (code,) in connection.execute(
                "select committee_code from marts.building_overview where committee_code is not null"
                " group by committee_code order by committee_code"
            ).fetchall()
        ]
        passwords = {code: accounts.add(connection, f"bench.{code}", "压测", code, "benchmark") for code in codes}
    try:
        yield [_seated(url, f"bench.{code}", password) for code, password in passwords.items()]
    finally:
        with connect() as connection:
            for code in codes:
                accounts.end(connection, f"bench.{code}")


def _seated(url: str, account: str, password: str) -> Seat:
    with httpx.Client(base_url=url, timeout=60, headers={"sec-fetch-site": "same-origin"}) as client:
        client.post("/login", data={"account": account, "password": password})
        compounds = sorted(set(re.findall(r"/compound/\w+", client.get("/").text)))
        draw = random.Random(account)
        buildings: list[str] = []
        for compound in draw.sample(compounds, min(4, len(compounds))):
            buildings += sorted(set(re.findall(r"/building/\w+", client.get(compound).text)))
        homes: list[str] = []
        for building in draw.sample(buildings, min(4, len(buildings))):
            homes += sorted(set(re.findall(r"/dwelling/\w+", client.get(building).text)))
        found = {"map": ["/"], "compound": compounds, "building": buildings, "dwelling": homes, "today": ["/today"]}
        return Seat(f"street_session={client.cookies['street_session']}", found)


def alone(url: str, everybody: Sequence[Seat]) -> None:
    """Print p50 and p95 of each page, one reader at a time, as the reader and as the server see it, and its bytes."""
    _say("page        p50 ms   p95 ms   server p50   server p95   bytes gz (median)")
    draw = random.Random(2)
    with httpx.Client(base_url=url, timeout=60) as client:
        for kind in MIX:
            took, server, size = [], [], []
            for number in range(WARM + TIMES):
                seat = draw.choice(everybody)
                address = draw.choice(seat.addresses[kind])
                began = time.perf_counter()
                with client.stream("GET", address, headers={"cookie": seat.cookie}) as answer:
                    read = sum(len(part) for part in answer.iter_raw())
                if number >= WARM:
                    took.append((time.perf_counter() - began) * 1000)
                    server.append(float(answer.headers["server-timing"].partition("dur=")[2]))
                    size.append(read)
            cut, own = statistics.quantiles(took, n=20), statistics.quantiles(server, n=20)
            _say(
                f"{kind:10} {cut[9]:7.1f}  {cut[18]:7.1f}   {own[9]:10.1f}   {own[18]:10.1f}"
                f"   {statistics.median(size):8.0f}"
            )


async def together(url: str, everybody: Sequence[Seat], readers: int, seconds: float) -> None:
    """Print what so many readers met."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    took: dict[str, list[float]] = {kind: [] for kind in MIX}
    answers: Counter[str] = Counter()
    until = time.monotonic() + seconds

    async def read(number: int) -> None:
        draw, seat = random.Random(number), everybody[number % len(everybody)]
        kept: dict[str, str] = {}
        await asyncio.sleep(draw.random() * EVERY_SECONDS)
        incoming, outgoing = await asyncio.open_connection(host, port)
        while time.monotonic() < until:
            began = time.monotonic()
            kind = draw.choices(list(MIX), list(MIX.values()))[0]
            address = draw.choice(seat.addresses[kind])
            known = f"if-none-match: {kept[address]}\r\n" if address in kept else ""
            outgoing.write(
                f"GET {address} HTTP/1.1\r\nhost: {host}:{port}\r\naccept-encoding: gzip\r\ncookie: {seat.cookie}\r\n"
                f"{known}\r\n".encode()
            )
            try:
                head = (await asyncio.wait_for(incoming.readuntil(b"\r\n\r\n"), 30)).decode()
                length = re.search(r"content-length: (\d+)", head)
                await incoming.readexactly(int(length.group(1)) if length else 0)
            except (OSError, asyncio.IncompleteReadError, TimeoutError) as error:
                answers[type(error).__name__] += 1
                return
            took[kind].append((time.monotonic() - began) * 1000)
            answers[head[9:12]] += 1
            if etag := re.search(r"etag: (\S+)", head):
                kept[address] = etag.group(1)
            await asyncio.sleep(max(0.0, began + EVERY_SECONDS - time.monotonic()))
        outgoing.close()

    await asyncio.gather(*(read(number) for number in range(readers)))
    everything = [value for values in took.values() for value in values]
    _say(f"{readers} readers of {len(everybody)} committees, {seconds:.0f} s: {len(everything)} pages, {dict(answers)}")
    for kind, values in {"all": everything, **took}.items():
        if len(values) > 20:
            cut = statistics.quantiles(values, n=100)
            _say(f"{kind:10}  p50 {cut[49]:.1f} ms  p95 {cut[94]:.1f} ms  p99 {cut[98]:.1f} ms  ({len(values)})")


def main() -> None:
    """Measure the board at the address that is given."""
    url, *sizes = sys.argv[1:]
    readers, seconds = (int(sizes[0]), float(sizes[1])) if len(sizes) == 2 else (500, 60.0)
    with seats(url) as everybody:
        alone(url, everybody)
        asyncio.run(together(url, everybody, readers, seconds))


if __name__ == "__main__":
    main()
