"""Link one day's records: records -> places and persons -> what the models read.

Who is who is remembered in one transaction: all of it or nothing, and a second run over the same records changes no
key. Which columns of a feed say what, its contract tells: no feed is named here. Source of the rules: docs/rules.md,
Place and Person.
"""

import gc
import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import NamedTuple

import polars as pl
import psycopg

from linkage import (
    aliases,
    candidates,
    evidence,
    links,
    memory,
    mentions,
    persons,
    record_places,
    records,
    register,
    standing,
)
from linkage.day import Day, begun
from linkage.records import PersonFeed
from linkage.standing import Parted
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
    key = secret.get_secret_value().encode()
    # What needs nothing of each other is done side by side, and what the models read is written by a connection of its
    # own as soon as it is known: PostgreSQL works for one thread while another reckons. Who is who is committed last:
    # whoever is interrupted makes the tables anew.
    with (
        connect() as conn, connect() as building, ThreadPoolExecutor(3) as beside, ThreadPoolExecutor(1) as writing,
        scrubbed(), _uncollected(),
    ):  # fmt: skip
        lock(conn, "linkage")
        conn.execute("set local work_mem = '64MB'")
        read_by = records.mark(conn, feeds, key)
        leaving, looking = beside.submit(_left, read_by), beside.submit(_in_force, feeds, read_by)
        with _timed("register"):
            at = record_places.Places(register.load(conn, as_of))
            made_by = standing.Mark(read_by, register.mark(at.register))
        others = beside.submit(_not_in_force, feeds, at.register, as_of)
        tables = links.Tables(building)
        written = [writing.submit(tables.begin, at.register)]
        left, in_force = leaving.result(), looking.result()
        with _timed("records"):
            said = records.load(conn, feeds, key, None if left is None or in_force is None else (left, in_force))
        with _timed("changes"):
            unplaced, day = begun(conn, said, at, made_by)
        written.append(writing.submit(tables.let_stand, day.stand))
        placing = beside.submit(_placed, unplaced, at)
        documented = _documented(pl.concat([unplaced, day.anew.select(unplaced.columns)]), day)
        day = day.with_placed(placing.result())
        with _timed("aliases"):
            makers = ~pl.col("feed").is_in([feed.feed for feed in feeds if feed.mentions_persons])
            told = pl.concat([day.anew.select(aliases.ASKED), day.stand.select(aliases.ASKED)])
            learned = aliases.learn(conn, told.filter(makers), as_of)
        if learned:
            at = at.with_aliases(learned)
            others = beside.submit(_not_in_force, feeds, at.register, as_of)
            before, day = day, day.placed_again(conn, at, learned)
            if day.stand.height < before.stand.height:
                documented = _documented(day.anew, day)
        day = day._replace(
            anew=record_places.decided(conn, mentions.at_named_doors(day.anew, at.register), at.register)
        )
        linked, made = _tied(conn, day, documented, as_of)
        written.append(writing.submit(tables.link_anew, linked))
        with _timed("remembered"):
            memory.keep(conn, made.learned, as_of)
        with _timed("written"):
            everybody = pl.concat(linked, how="diagonal")
            mentioned = everybody.filter(~makers)
            whom = links.Mentioned(mentioned, mentions.known(conn, mentioned))
            written.append(writing.submit(tables.finish, everybody, whom, others.result(), as_of))
            filing = beside.submit(standing.files, everybody, left)
            _ask(conn, made.candidates, everybody, feeds, as_of)
            standing.keep(conn, made_by, filing.result(), at.register.aliases)
            for step in written:
                step.result()
    log.info(
        "linkage: %s records, %s linked anew, %s persons, %s doors",
        everybody.height, linked.anew.height, everybody["person_key"].drop_nulls().n_unique(), at.register.doors.height,
    )  # fmt: skip


def _ask(
    conn: psycopg.Connection, found: pl.DataFrame, linked: pl.DataFrame, feeds: Sequence[PersonFeed], as_of: date
) -> None:
    """Let what can't be told wait for people: the pairs that were found, and addresses (linkage.candidates)."""
    arrivals = [feed.feed for feed in feeds if "event_time" in feed.roles and not feed.mentions_persons]
    about = linked.select("is_about_person", *candidates.ASKED).filter("is_about_person")
    candidates.keep(conn, found, about, arrivals, as_of)


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


@_timed("left")
def _left(made_by: str) -> records.Left | None:
    """Return what the last run left, by a connection of its own."""
    with connect() as conn:
        return standing.load(conn, made_by)


@_timed("in force")
def _in_force(feeds: Sequence[PersonFeed], made_by: str) -> pl.DataFrame | None:
    """Return which rows are in force, if something is left of them, by a connection of its own."""
    with connect() as conn:
        return records.in_force(conn, feeds) if standing.is_left(conn, made_by) else None


@_timed("not in force")
def _not_in_force(feeds: Sequence[PersonFeed], doors: register.Register, as_of: date) -> pl.DataFrame:
    """Return the places of arrivals that aren't in force, by a connection of its own."""
    with connect() as conn:
        return record_places.not_in_force(conn, feeds, record_places.Places(doors), as_of)


@_timed("places")
def _placed(said: pl.DataFrame, at: record_places.Places) -> pl.DataFrame:
    return record_places.placed(said, at)


class _Documented(NamedTuple):
    """Whose the records are by documents, decisions and memory: `records` is each once, in the order of `links`."""

    records: pl.DataFrame
    links: persons.Links


@_timed("documents")
def _documented(said: pl.DataFrame, day: Day) -> _Documented:
    """Return the records about persons; one told twice (in two companies' lists) is linked once (R-PERSON-12)."""
    about = said.filter("is_about_person")
    once = about.select(list(persons.RECORD_SCHEMA)).unique(["feed", "record"], keep="first", maintain_order=True)
    return _Documented(once, persons.resolve(once, day.memory, day.decisions))


@_timed("evidence")
def _found(day: Day, by: _Documented, told: pl.DataFrame) -> evidence.Found:
    """Return what evidence says of the day's persons; `told`: evidence.said of those that are linked anew."""
    apart = persons.apart(day.decisions, by.records, by.links, day.memory)
    return evidence.find(pl.concat([told.drop("said"), evidence.said_before(day.stand)]), apart)


def _told(day: Day, by: _Documented) -> pl.DataFrame:
    return evidence.said(day.anew, persons.to_tell(by.records, by.links, day.decisions, day.memory))


def _tied(conn: psycopg.Connection, day: Day, by: _Documented, as_of: date) -> tuple[Parted, persons.Links]:
    """Return the day's records with the person of each that is about one, and whose its documents are; and of these
    that are linked anew what is to be remembered, and the pairs that wait for people.
    """
    told = _told(day, by)
    found = _found(day, by, told)
    # Whoever is tied, or may be, to somebody of whom there is news, stands no more.
    named = pl.DataFrame({"person_key": found.named()}, schema={"person_key": pl.String})
    tied = day.without(conn, standing.parted(day.stand, named))
    if tied is not day:
        day, by = tied, _documented(tied.anew, tied)
        told = _told(day, by)
    made = persons.tie(by.records, by.links, found, told, day.memory)
    person = pl.concat([by.records.select("feed", "record"), made.links], how="horizontal").with_columns(
        is_about_person=pl.lit(value=True)
    )
    owner = pl.concat([day.memory.documents, made.learned.documents], how="diagonal").select(
        "document_hash", owner=pl.col("person_key").replace(made.learned.merged)
    )
    since = pl.concat([day.memory.persons.select("person_key", "first_seen_on"), made.learned.persons.select(
        "person_key", first_seen_on=pl.lit(as_of)
    )])  # fmt: skip
    # Of a street's records no join but of these columns: each would be one more copy of all.
    known_by = day.anew.select("feed", "record", "is_about_person", "document", "second_document")
    whose = (
        known_by
        .join(person, on=["feed", "record", "is_about_person"], how="left", maintain_order="left")
        .join(owner.rename({"document_hash": "document"}), on="document", how="left", maintain_order="left")
        .join(
            owner.rename({"document_hash": "second_document", "owner": "second_owner"}),
            on="second_document", how="left", maintain_order="left",
        )
        .join(since, on="person_key", how="left", maintain_order="left")
        .drop(known_by.columns)
    )  # fmt: skip
    return Parted(day.anew.hstack(whose), day.stand), made
