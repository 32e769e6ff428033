"""Link one day's records: records -> places and persons -> what the models read.

One transaction: all of it or nothing, and a second run over the same records changes no key. Which columns of a feed
say what, its contract tells: no feed is named here. Source of the rules: docs/rules.md, Place and Person.
"""

import gc
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import polars as pl
import psycopg

from linkage import candidates, evidence, links, memory, mentions, persons, record_places, records, register
from linkage.records import PersonFeed
from street.database import connect, lock, scrubbed
from street.settings import settings

log = logging.getLogger(__name__)


def link(as_of: date, feeds: Sequence[PersonFeed]) -> None:
    """Write what the models read of the records in staging (linkage.links), and keep the new keys.

    Raises DatabaseError (no values in it), RuntimeError when STREET_HMAC_KEY is not set.
    """
    secret = settings().street_hmac_key
    if secret is None:
        raise RuntimeError("STREET_HMAC_KEY is not set: without it no document can be matched.")
    with connect() as conn, scrubbed(), _uncollected():
        lock(conn, "linkage")
        conn.execute("set local work_mem = '64MB'")
        # Neither needs the other: the memory is read beside the records, and addresses beside documents.
        with ThreadPoolExecutor(1) as beside:
            remembering = beside.submit(_remembered)
            with _timed("register"):
                doors = register.load(conn, as_of)
            with _timed("records"):
                key = secret.get_secret_value().encode()
                makers = [feed for feed in feeds if not feed.mentions_persons]
                said = records.load(conn, makers, key)
            at = record_places.remembered(conn, doors)
            placing = beside.submit(_placed, said, at)
            documented = _documented(said, *remembering.result())
            placed = placing.result()
        record_places.remember(conn, at)
        with _timed("aliases"):
            placed, at = record_places.with_aliases_learned(conn, placed, at, as_of)
        arrivals = [feed.feed for feed in makers if "event_time" in feed.roles]
        linked = _tied(conn, record_places.decided(conn, placed, at.register), documented, arrivals, as_of)
        with _timed("mentions"):
            mentioned = mentions.load(conn, feeds, key, at)
            mentions.write(conn, mentioned, linked)
        with _timed("written"):
            places = links.Placed(mentioned, record_places.not_in_force(conn, feeds, at, as_of))
            links.write(conn, linked, places, at.register, as_of)
    log.info(
        "linkage: %s records, %s persons, %s doors",
        linked.height, linked["person_key"].drop_nulls().n_unique(), at.register.doors.height,
    )  # fmt: skip


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the collector of cycles: it looks through millions of records over and over, and there are none."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _timed(step: str) -> Iterator[None]:
    """Log a step's seconds."""
    started = time.perf_counter()
    yield
    log.info("linkage %s: %.2f s", step, time.perf_counter() - started)


@_timed("memory")
def _remembered() -> tuple[memory.Memory, list[memory.Decision]]:
    """Return what is remembered and decided. By a connection of its own: nobody else adds to it (`lock`)."""
    with connect() as conn:
        return memory.load(conn), memory.decisions(conn)


@_timed("places")
def _placed(said: pl.DataFrame, at: record_places.Places) -> pl.DataFrame:
    return record_places.placed(said, at)


class _Documented(NamedTuple):
    """Whose the records are by documents, decisions and memory: `records` is each once, in the order of `links`."""

    memory: memory.Memory
    decisions: list[memory.Decision]
    records: pl.DataFrame
    links: persons.Links


@_timed("documents")
def _documented(said: pl.DataFrame, known: memory.Memory, decided: list[memory.Decision]) -> _Documented:
    """Return the records about persons; one told twice (in two companies' lists) is linked once (R-PERSON-12)."""
    about = said.filter("is_about_person")
    once = about.select(list(persons.RECORD_SCHEMA)).unique(["feed", "record"], keep="first", maintain_order=True)
    return _Documented(known, decided, once, persons.resolve(once, known, decided))


@_timed("evidence")
def _tied(
    conn: psycopg.Connection, placed: pl.DataFrame, by: _Documented, arrivals: Collection[str], as_of: date
) -> pl.DataFrame:
    """Return the placed records with the person of each that is about one, and whose its documents are.

    What is new goes into the memory, and what is for people to tell (first what concerns `arrivals`) into the queue.
    """
    told = evidence.said(placed, persons.to_tell(by.records, by.links, by.decisions, by.memory))
    apart = persons.apart(by.decisions, by.records, by.links, by.memory)
    found = persons.tie(by.records, by.links, evidence.find(told, apart), told, by.memory)
    memory.keep(conn, found.learned, as_of)
    person = pl.concat([by.records.select("feed", "record"), found.links], how="horizontal").with_columns(
        is_about_person=pl.lit(value=True)
    )
    linked = placed.join(person, on=["feed", "record", "is_about_person"], how="left", maintain_order="left")
    candidates.keep(conn, found.candidates, linked.filter("is_about_person"), arrivals, as_of)
    owner = pl.concat([by.memory.documents, found.learned.documents], how="diagonal").select(
        "document_hash", owner=pl.col("person_key").replace(found.learned.merged)
    )
    return (
        linked
        .join(owner.rename({"document_hash": "document"}), on="document", how="left", maintain_order="left")
        .join(
            owner.rename({"document_hash": "second_document", "owner": "second_owner"}),
            on="second_document", how="left", maintain_order="left",
        )
    )  # fmt: skip
