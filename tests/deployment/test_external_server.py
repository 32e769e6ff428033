"""The warehouse on a PostgreSQL of one's own, of the oldest version that will do (docs/runbook.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from runtime import postgres
from sample.generate import generate
from street import access, database, publish
from street.settings import as_of_at
from tests.building import build
from tests.dbt_project.truth import DAY, entries_known

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMITTEE = "310115016001"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Postgres]:
    """A running server of MINIMUM_VERSION, which the package brings beside the newest, set up as the runbook says."""
    folder = postgres.binaries().parents[1] / "pginstall" / "bin"
    home = tmp_path_factory.mktemp("external")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "binaries", lambda: folder)
        # The builtin provider is younger; this is what such a server is usually made with.
        patch.setattr(postgres, "POSTGRES_INITDB", ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8"))
        made = postgres.Postgres(home / "server", home / "secrets", preferred_port=55100, durable=False)
        made.start()
        yield made
        made.stop()


def test_a_street_is_built_and_published_and_a_committee_reads_its_own_rows(
    server: postgres.Postgres, tmp_path: Path
) -> None:
    url = server.url()
    database.migrate(url)
    generate(tmp_path, DAY, 1000, seed=1)
    build(url, tmp_path, entries_known(tmp_path), DAY)
    with database.connect(url) as conn:
        assert conn.info.server_version // 10_000 == database.MINIMUM_VERSION
        version = publish.start_version(conn, DAY, as_of_at(DAY))
        publish.publish(conn, version)
        role, password = access.grant(conn, COMMITTEE)
        conn.commit()
        everybody = conn.execute("select committee_code, count(*) from marts.building_view group by 1").fetchall()
    with psycopg.connect(make_conninfo(url, user=role, password=password)) as reader:
        seen = reader.execute("select committee_code, count(*) from marts.building_view group by 1").fetchall()
    assert len(everybody) > 1
    assert seen == [row for row in everybody if row[0] == COMMITTEE]


def test_an_older_server_is_refused_with_a_sentence(server: postgres.Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "MINIMUM_VERSION", 99)
    with pytest.raises(database.ServerTooOldError, match=r"needs PostgreSQL 99 or newer; .* is 16\.\d+"):
        database.migrate(server.url())
