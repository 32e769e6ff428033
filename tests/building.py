"""A street's files built to the models inside this process, for tests that only read what came of it."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest

from expectations.gate import validate
from linkage.run import link
from scenarios import register
from sources import archive, landing
from sources.connectors import pulls
from sources.contract import all_contracts
from sources.registry import sync
from street import batch, database, dbt
from street.settings import as_of_at, settings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import psycopg


def build(url: str, folder: Path, entries: Sequence[object], day: dt.date) -> None:
    """Build, in the empty warehouse at `url`, every list in `folder`'s inbox up to `day` and the port's `entries`."""
    share_what_dbt_has_read(folder / "var")
    with office(url, folder):
        with database.connect() as conn:
            stage(conn, entries, day)
        link(day, all_contracts())
        dbt.build(dbt.MARTS, day, as_of_at(day))


@contextlib.contextmanager
def office(url: str, folder: Path) -> Iterator[None]:
    """The settings of an office whose warehouse is at `url`, with its inbox in `folder`."""
    with pytest.MonkeyPatch.context() as environment:
        for key, value in {
            "WAREHOUSE_URL": url,
            "STREET_VAR": str(folder / "var"),
            "STREET_INBOX": str(folder / "inbox"),
            "STREET_BORDER_API_URL": "http://127.0.0.1:9",
            "STREET_BORDER_API_TOKEN": "unused: the pull is complete",
            "STREET_HMAC_KEY": "synthetic key of a test, 32 bytes",
        }.items():
            environment.setenv(key, value)
        settings.cache_clear()
        yield
    settings.cache_clear()


def share_what_dbt_has_read(var: Path) -> None:
    """Let dbt read the project once for all offices whose folders stand side by side: it takes longer than a build."""
    (common := var.parent.parent / "dbt").mkdir(exist_ok=True)
    var.mkdir(exist_ok=True)
    (var / "dbt").symlink_to(common)


def stage(conn: psycopg.Connection, entries: Sequence[object], day: dt.date) -> None:
    """Take in and stage every list of the inbox up to `day`, and the port's `entries`."""
    take_in(conn, entries, day)
    dbt.build(dbt.STAGING, day, as_of_at(day))


def take_in(conn: psycopg.Connection, entries: Sequence[object], day: dt.date) -> None:
    """Land, check and promote every list of the inbox up to `day`, and the port's `entries`."""
    sync(conn)
    conn.commit()
    pull = pulls.begin("border_entries", day, as_of_at(day), None)
    page = {"data": entries, "next_cursor": None}
    archive.write(pull.folder / "page-000001.json", json.dumps(page).encode())
    for contract in all_contracts():
        for batch_id in landing.land(contract.feed, day):
            validate(batch_id)
            batch.promote(conn, batch_id, contract.load_mode)
            conn.commit()
    register.sync(conn)
    conn.commit()
