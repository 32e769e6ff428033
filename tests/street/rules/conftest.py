"""One connection for a whole module: the functions are immutable, so no test needs a database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from runtime.postgres import Postgres


@pytest.fixture(scope="session")
def rules_connection(postgres: Postgres, _template: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("drop database if exists rules_test with (force)")
        admin.execute(f"create database rules_test template {_template}")
    url = postgres.url("warehouse").removesuffix("/warehouse") + "/rules_test"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("set timezone = 'America/New_York'")  # no reading may depend on the session's zone
        connection.execute("set datestyle = 'German, DMY'")
        yield connection


@pytest.fixture(scope="session")
def ask(rules_connection: psycopg.Connection) -> Callable[[str, Sequence[tuple[Any, ...]]], list[Any]]:
    """`ask('rules.read_date({}, ({})::date)', [(written, reference), ...])` -> each tuple's answer, in order."""

    def run(expression: str, arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        width = len(arguments[0])
        columns = [f"v{number}" for number in range(width)]
        query = (
            f"select {expression.format(*columns)} from unnest({', '.join(['%s::text[]'] * width)}) "
            f"with ordinality as given ({', '.join(columns)}, ordinal) order by ordinal"
        )
        arrays = [[None if row[number] is None else str(row[number]) for row in arguments] for number in range(width)]
        return [row[0] for row in rules_connection.execute(query.encode(), arrays).fetchall()]

    return run
