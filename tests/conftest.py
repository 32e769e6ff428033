"""One embedded PostgreSQL a test process, one freshly migrated database a test."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from runtime.postgres import Postgres
from sample.generate import generate
from street import database
from street.settings import settings
from tests.building import build
from tests.dbt_project.truth import DAY, PERSONS, SEED, entries_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from xdist.remote import Producer


#: Folder -> the street that its tests share, built once: they are one worker's work. The longest first.
_STREETS = {
    "tests/e2e": "office",
    "tests/dbt_project": "sample_street",
    "tests/board": "sample_street",
    "tests/scenarios": "sample_street",
}


def _street(nodeid: str) -> str | None:
    return _STREETS.get("/".join(nodeid.split("/")[:2]))


class _ByStreet(LoadScopeScheduling):
    """Elsewhere a file's tests are one worker's work: short pieces, so that all workers end together."""

    def _split_scope(self, nodeid: str) -> str:
        return _street(nodeid) or nodeid.partition("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _ByStreet(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest come first, and beside them what waits for a clock most of its time: others work meanwhile."""
    streets = [*dict.fromkeys(_STREETS.values()), None]
    items.sort(key=lambda item: (streets.index(_street(item.nodeid)), item.path.stem != "test_pull"))


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("e2e") is None:
        _give_way()


@functools.cache
def _give_way() -> None:
    """Let this process, and all that it starts, wait for the worker of the whole stack: its tests take the longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.nice(15)  # more than a task of the whole stack does (street.priority)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A running embedded server; each xdist worker has its own, for roles belong to the whole server."""
    folder = tmp_path_factory.mktemp("postgres")
    server = Postgres(folder / "server", folder / "secrets", preferred_port=54700, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def _template(postgres: Postgres) -> str:
    database.migrate(postgres.url("warehouse"))
    return "warehouse"


@pytest.fixture(scope="session")
def new_warehouse(postgres: Postgres, _template: str) -> Callable[..., str]:
    """Makes a migrated, empty warehouse of this name, or a copy of one kept, in place of the last; gives its URL."""

    def make(name: str, template: str = _template) -> str:
        with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
            admin.execute(f"drop database if exists {name} with (force)")
            admin.execute(f"create database {name} template {template} owner warehouse")
        return postgres.url("warehouse").removesuffix("/warehouse") + f"/{name}"

    return make


@pytest.fixture(scope="session")
def keep_warehouse(postgres: Postgres) -> Callable[[str], str]:
    """Gives the warehouse `test` a name of its own, so that no test comes after it in its place; gives its new URL.

    A street that several tests read is built under the name that all have: dbt reads its project anew for another one.
    """

    def keep(name: str) -> str:
        with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
            admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'test'")
            admin.execute(f"alter database test rename to {name}")
        return postgres.url("warehouse").removesuffix("/warehouse") + f"/{name}"

    return keep


@pytest.fixture(scope="session")
def sample_street(
    new_warehouse: Callable[..., str], keep_warehouse: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, Callable[[str], str]]:
    """The sample street, built once and not published: its files, and what makes a copy of its warehouse, by name."""
    folder = tmp_path_factory.mktemp("street")
    generate(folder, DAY, PERSONS, SEED)
    build(new_warehouse("test"), folder, entries_known(folder), DAY)
    keep_warehouse("sample")
    return folder, functools.partial(new_warehouse, template="sample")


@pytest.fixture
def warehouse_url(new_warehouse: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """URL of a migrated, empty warehouse of this test alone; the settings point to it."""
    url = new_warehouse("test")
    monkeypatch.setenv("WAREHOUSE_URL", url)
    settings.cache_clear()
    yield url
    settings.cache_clear()


@pytest.fixture
def warehouse(warehouse_url: str) -> Iterator[psycopg.Connection]:
    """A connection to `warehouse_url` as the pipeline, not in autocommit mode."""
    with database.connect(warehouse_url) as connection:
        yield connection
        connection.rollback()
