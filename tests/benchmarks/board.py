"""The board under load: `python -m tests.benchmarks.board URL ACCOUNT PASSWORD [READERS SECONDS]`.

First each page alone, a request after the other: its time and its bytes on the wire. Then READERS people who each open
a page every 5 s for SECONDS: 5 % the map, 15 % a compound, 40 % a building, 20 % a home, 20 % the doors. A reader is
a browser: it keeps what it may and asks with the ETag. The account is the street's: it sees every door.
"""

from __future__ import annotations

import asyncio
import random
import re
import statistics
import sys
import time
from collections import Counter

import httpx

EVERY_SECONDS = 5.0
MIX = {"map": 5, "compound": 15, "building": 40, "dwelling": 20, "today": 20}
WARM, TIMES = 5, 60


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def addresses(client: httpx.Client) -> dict[str, list[str]]:
    """Addresses of each kind, found as a reader finds them: by the links of the pages."""
    street = client.get("/").text
    found = {
        "map": ["/"],
        "compound": sorted(set(re.findall(r"/compound/\w+", street))),
        "building": [],
        "dwelling": [],
    }
    draw = random.Random(1)
    for compound in draw.sample(found["compound"], min(40, len(found["compound"]))):
        found["building"] += sorted(set(re.findall(r"/building/\w+", client.get(compound).text)))
    for building in draw.sample(found["building"], min(60, len(found["building"]))):
        found["dwelling"] += sorted(set(re.findall(r"/dwelling/\w+", client.get(building).text)))
    committees = sorted(set(re.findall(r"/committee/(\d+)", street)))
    return {**found, "today": [f"/today?committee={code}" for code in committees]}


def alone(client: httpx.Client, known: dict[str, list[str]]) -> None:
    """Print p50 and p95 of each page asked for by one reader, new addresses each time, and its bytes."""
    _say("page        p50 ms   p95 ms   bytes gz (median)")
    draw = random.Random(2)
    for kind, choices in known.items():
        for _ in range(WARM):
            client.get(draw.choice(choices))
        took, size = [], []
        for _ in range(TIMES):
            began = time.perf_counter()
            with client.stream("GET", draw.choice(choices)) as answer:
                size.append(sum(len(part) for part in answer.iter_raw()))
            took.append((time.perf_counter() - began) * 1000)
        cut = statistics.quantiles(took, n=20)
        _say(f"{kind:10} {cut[9]:7.1f}  {cut[18]:7.1f}   {statistics.median(size):8.0f}")


async def together(
    url: str, cookies: dict[str, str], known: dict[str, list[str]], readers: int, seconds: float
) -> None:
    """Print what so many readers met."""
    took: dict[str, list[float]] = {kind: [] for kind in MIX}
    answers: Counter[int | str] = Counter()
    until = time.monotonic() + seconds

    async def reader(client: httpx.AsyncClient, number: int) -> None:
        draw = random.Random(number)
        kept: dict[str, str] = {}
        await asyncio.sleep(draw.random() * EVERY_SECONDS)
        while time.monotonic() < until:
            began = time.monotonic()
            kind = draw.choices(list(MIX), list(MIX.values()))[0]
            address = draw.choice(known[kind])
            headers = {"if-none-match": kept[address]} if address in kept else {}
            try:
                answer = await client.get(address, headers=headers)
            except httpx.HTTPError as error:
                answers[type(error).__name__] += 1
            else:
                took[kind].append((time.monotonic() - began) * 1000)
                answers[answer.status_code] += 1
                if etag := answer.headers.get("etag"):
                    kept[address] = etag
            await asyncio.sleep(max(0.0, began + EVERY_SECONDS - time.monotonic()))

    many = httpx.Limits(max_connections=readers, max_keepalive_connections=readers)
    async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=30, limits=many) as client:
        await asyncio.gather(*(reader(client, number) for number in range(readers)))
    everything = [value for values in took.values() for value in values]
    cut = statistics.quantiles(everything, n=100)
    _say(f"{readers} readers, {seconds:.0f} s: {len(everything)} pages, {dict(answers)}")
    _say(f"all         p50 {cut[49]:.1f} ms  p95 {cut[94]:.1f} ms  p99 {cut[98]:.1f} ms")
    for kind, values in took.items():
        if len(values) > 20:
            cut = statistics.quantiles(values, n=100)
            _say(f"{kind:10}  p50 {cut[49]:.1f} ms  p95 {cut[94]:.1f} ms  p99 {cut[98]:.1f} ms  ({len(values)})")


def main() -> None:
    """Log in once, then measure."""
    url, account, password, *sizes = sys.argv[1:]
    readers, seconds = [*map(int, sizes), 500, 60][:2] if len(sizes) == 2 else (500, 60)
    with httpx.Client(base_url=url, timeout=60, headers={"sec-fetch-site": "same-origin"}) as client:
        answer = client.post("/login", data={"account": account, "password": password})
        if answer.status_code != 303:
            raise SystemExit(f"The login is refused: {answer.status_code}.")
        known = addresses(client)
        alone(client, known)
        asyncio.run(together(url, dict(client.cookies), known, readers, seconds))


if __name__ == "__main__":
    main()
