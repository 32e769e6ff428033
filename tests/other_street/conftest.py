"""The other street, drawn and built once; its tests only read it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import psycopg
import pytest

from street import database
from street.settings import settings

from .compare import Comparison
from .draw import DAY, draw
from .oracle import Oracle
from .street import Built, build

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.postgres import Postgres

PERSONS = int(os.environ.get("OTHER_PERSONS", "3000"))
SEED = int(os.environ.get("OTHER_SEED", "1"))


@pytest.fixture(scope="session")
def compared(postgres: Postgres, _template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Comparison]:
    folder = tmp_path_factory.mktemp("other_street")
    drawn = draw(folder, SEED, PERSONS)
    url = postgres.url("warehouse").removesuffix("/warehouse") + "/other_street"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("drop database if exists other_street with (force)")
        admin.execute(f"create database other_street template {_template} owner warehouse")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "WAREHOUSE_URL": url,
            "STREET_VAR": str(folder / "var"),
            "STREET_INBOX": str(folder / "inbox"),
            "STREET_BORDER_API_URL": "http://127.0.0.1:9",
            "STREET_BORDER_API_TOKEN": "unused: the pull is complete",
            "STREET_HMAC_KEY": "synthetic key of a test, 32 bytes",
        }.items():
            environment.setenv(name, value)
        settings.cache_clear()
        conn = database.connect()
        build(conn, folder, DAY)
    # The settings are again those of the other tests: what was built is read over the connection alone.
    settings.cache_clear()
    yield Comparison(Oracle(drawn), Built(conn, drawn))
    conn.close()
