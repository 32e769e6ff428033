"""Deliveries that are pulled page by page from an API: one pull is one batch (docs/rules.md, R-PULL-1)."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import polars as pl

from sources import troubles
from sources.connectors import client, pulls
from sources.connectors.pulls import Pull
from sources.contract import Contract
from sources.deliveries import Delivery, is_today, received_at
from sources.failures import PermanentError, SourceAwayError
from sources.known import Known
from sources.readers import pages
from sources.troubles import Trouble

if TYPE_CHECKING:
    from pathlib import Path


def deliveries(contract: Contract, known: Known, up_to: dt.date) -> Iterator[Delivery | Trouble]:
    """Finish the pulls that broke off, then pull what is new (`sources.deliveries.Connector`).

    The first pull that can't be finished is the last: the next would ask the same server.

    Raises:
        DatabaseError: the database is away.
    """
    return troubles.alone("拉取", _deliveries(contract, known, up_to))


def _deliveries(contract: Contract, known: Known, up_to: dt.date) -> Iterator[Delivery | Trouble]:
    work = _Pulling(contract, known, up_to, client.Api.of(contract.server))
    begun, landed = pulls.begun(contract.feed), known.pulls()
    done = [pull for pull in begun if pull.name in landed and pull.stopped is None]
    finished: list[Pull] = []
    for pull in begun:
        if pull.name not in landed:
            yield from work.finish(pull)
            if pull.stopped is None:
                finished.append(pull)
    # A past day that a later pull has covered already is in the warehouse: asking again would date it back.
    covered = not is_today(up_to) and any(pull.business_date > up_to for pull in [*done, *finished])
    if not covered and all(pull.business_date != up_to for pull in finished):
        since = max((pull.started_at for pull in [*done, *finished]), default=None)
        yield from work.finish(pulls.begin(contract.feed, up_to, received_at(up_to), since))


@dataclass(frozen=True)
class _Pulling:
    """Finishes the pulls of one feed; `up_to` is the business date of the run."""

    contract: Contract
    known: Known
    up_to: dt.date
    api: client.Api

    def finish(self, pull: Pull) -> Iterator[Delivery | Trouble]:
        """Fetch what a pull lacks and hand it over.

        Raises:
            SourceAwayError, PermanentError: it can't be finished now (`client.complete`).
            OSError: the archive can't be written just now.
        """
        try:
            client.complete(pull, self.api)
        except client.StoppedError as error:
            yield troubles.of(pull.name, error)
        except (SourceAwayError, PermanentError) as error:
            # R-PULL-3: its pages have waited for a day; whoever stands in them is listed rather than waited for longer.
            if pull.business_date < self.up_to and pull.stored():
                pulls.stop(pull, f"{pull.business_date} 起没有取完：{error}")
                yield from self._received(pull)
            raise
        yield from self._received(pull)

    def _received(self, pull: Pull) -> Iterator[Delivery]:
        """Hand over the pages of a pull; what an earlier page brought already isn't received again (R-PULL-2)."""
        known = self.known.pages()
        before: set[str] = set()
        facts: list[dict[str, Any]] = []
        paths: list[Path] = []
        received: list[bool] = []
        for attempt in pull.attempts():
            during: set[str] = set()
            for path, answer in attempt:
                digest, entries = _digest(answer["data"]), [_digest(entry) for entry in answer["data"]]
                is_new = [digest not in known and entry not in before for entry in entries]
                known.add(digest)
                during.update(entries)
                if any(is_new):
                    paths.append(path)
                    received += is_new
                facts.append(
                    {
                        "name": path.name,
                        "pull": pull.name,
                        "since": pull.since.isoformat() if pull.since else None,
                        "sha256": digest,
                        "rows": sum(is_new),
                        "next_cursor": (answer["next_cursor"] or "").replace("\0", "") or None,
                    }
                )
            before |= during
        day, stopped = pull.business_date, pull.stopped
        if not paths and not is_today(day) and stopped is None and self.known.has_batch(day):
            pulls.discard(pull)  # a rerun of a closed day that brought nothing: the day stays as it is
            return
        # A pull that was stopped and brings what the last one brought isn't listed twice (R-PULL-3).
        name = pull.name if stopped is None else ""
        reading = pages.read(paths, self.contract)
        if paths:
            reading = replace(reading, frame=reading.frame.filter(pl.Series(received, dtype=pl.Boolean)))
        yield Delivery(
            where=pull.name,
            business_date=day,
            source="",
            received_at=pull.received_at(),
            facts=facts,
            sha256=sha256("".join([name, *(fact["sha256"] for fact in facts)]).encode()).hexdigest(),
            reading=replace(reading, problem=stopped),
            repeated=partial(_repeated, pull),
        )


def _repeated(pull: Pull, _: int) -> None:
    if pull.stopped is not None:
        pulls.discard(pull)


def _digest(said: object) -> str:
    return sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()
