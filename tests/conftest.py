"""One embedded PostgreSQL a test process, one freshly migrated database a test."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

import psycopg
import pytest
from xdist.scheduler import LoadScopeScheduling

from runtime.postgres import Postgres
from street import database
from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer


#: Folders whose tests share a street that is built once, the longest first: each is one worker's work.
_OF_ONE_STREET = ("tests/e2e", "tests/dbt_project")


class _ByStreet(LoadScopeScheduling):
    """Elsewhere a file's tests are one worker's work: short pieces, so that all workers end together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return next((folder for folder in _OF_ONE_STREET if file.startswith(f"{folder}/")), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return _ByStreet(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest come first."""
    items.sort(key=lambda item: [not item.nodeid.startswith(f"{folder}/") for folder in _OF_ONE_STREET])


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("e2e") is None:
        _give_way()


@functools.cache
def _give_way() -> None:
    """Let this process, and all that it starts, wait for the worker of the whole stack: its tests take the longest."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        os.nice(5)


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
