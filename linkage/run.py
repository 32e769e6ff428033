"""Link one day's records: records -> places and persons -> what the models read.

One transaction: all of it or nothing, and a second run over the same records changes no key. Which columns of a feed
say what, its contract tells: no feed is named here. Source of the rules: docs/rules.md, Place and Person.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date

import polars as pl
import psycopg

from linkage import links, memory, persons, record_places, records, register
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
    with connect() as conn, scrubbed():
        lock(conn, "linkage")
        conn.execute("set local work_mem = '64MB'")
        with _timed("register"):
            doors = register.load(conn, as_of)
        with _timed("records"):
            said = records.load(conn, feeds, secret.get_secret_value().encode())
        # Neither needs the other: Polars reads addresses while Python and PostgreSQL see to the persons.
        with ThreadPoolExecutor(1) as beside:
            placing = beside.submit(_placed, said, doors)
            told = _persons(conn, said, as_of)
            placed = placing.result()
        linked = placed.join(told, on=["feed", "batch_id", "row_no"], how="left", maintain_order="left")
        linked = record_places.decided(conn, linked, doors)
        with _timed("written"):
            links.write(conn, linked, record_places.not_in_force(conn, feeds, doors, as_of), doors, as_of)
    log.info(
        "linkage: %s records, %s persons, %s doors",
        linked.height, linked["person_key"].drop_nulls().n_unique(), doors.doors.height,
    )  # fmt: skip


@contextmanager
def _timed(step: str) -> Iterator[None]:
    """Log a step's seconds."""
    started = time.perf_counter()
    yield
    log.info("linkage %s: %.2f s", step, time.perf_counter() - started)


@_timed("places")
def _placed(said: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    return record_places.placed(said, doors)


@_timed("persons")
def _persons(conn: psycopg.Connection, said: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """(feed, batch_id, row_no), the person of each record that is about one, and whose its documents are.

    A record told twice (in two companies' lists) is linked once (R-PERSON-12). What is new goes into the memory.
    """
    about = said.filter("is_about_person")
    once = about.select(list(persons.RECORD_SCHEMA)).unique(["feed", "record"], keep="first", maintain_order=True)
    known = memory.load(conn)
    found = persons.resolve(once, known, memory.decisions(conn))
    memory.keep(conn, found.learned, as_of)
    told = pl.concat([once.select("feed", "record"), found.links], how="horizontal")
    owner = pl.concat([known.documents, found.learned.documents], how="diagonal").select(
        "document_hash", owner=pl.col("person_key").replace(found.learned.merged)
    )
    return (
        about.select("feed", "batch_id", "row_no", "record", "document", "second_document")
        .join(told, on=["feed", "record"], how="left", maintain_order="left")
        .join(owner.rename({"document_hash": "document"}), on="document", how="left", maintain_order="left")
        .join(
            owner.rename({"document_hash": "second_document", "owner": "second_owner"}),
            on="second_document", how="left", maintain_order="left",
        )
        .drop("record", "document", "second_document")
    )  # fmt: skip
