"""The sample street, published, with the board over it as a process of its own; a browser where there is a Chromium."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from board import accounts
from runtime.processes import free_port
from street import database, publish
from street.settings import as_of_at
from tests.building import office
from tests.dbt_project.truth import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

OURS, THEIRS = "310115016027", "street"


@dataclass
class Server:
    """The board at `url`, as a process that a test may kill and start again, and the warehouse beside it."""

    port: int
    database_url: str
    warehouse_url: str
    log: Path
    passwords: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        environment = {**os.environ, "STREET_BOARD_DATABASE_URL": self.database_url}
        with self.log.open("ab") as log:
            command = [sys.executable, "-m", "board", "--port", str(self.port)]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 120  # a busy machine imports slowly
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/alive", timeout=2).status_code == 200:
                    return
            time.sleep(0.1)
        raise AssertionError(f"The board doesn't answer: {self.log.read_text('utf-8')}")

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the warehouse as its owner."""
        with psycopg.connect(self.warehouse_url, row_factory=psycopg.rows.dict_row) as conn:
            return conn.execute(query.encode(), values).fetchall()

    def do(self, statement: str, *values: object) -> None:
        with psycopg.connect(self.warehouse_url, autocommit=True) as conn:
            conn.execute(statement.encode(), values)

    @contextlib.contextmanager
    def client(self, account: str) -> Iterator[httpx.Client]:
        """A browser's requests of somebody who is logged in, as far as HTTP shows them."""
        with httpx.Client(base_url=self.url, headers={"sec-fetch-site": "same-origin"}, timeout=30) as client:
            answer = client.post("/login", data={"account": account, "password": self.passwords[account]})
            assert answer.status_code == 303, answer.text
            yield client


@pytest.fixture(scope="session")
def server(
    sample_street: tuple[Path, Callable[[str], str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The board over the sample street, published, with an account of each kind."""
    folder, copy = sample_street
    url = copy("board")
    with office(url, folder), contextlib.closing(database.connect()) as conn:
        version = publish.start_version(conn, DAY, as_of_at(DAY))
        conn.commit()
        publish.publish(conn, version)
        board_url = make_conninfo(url, user=accounts.COMMITTEES, password="synthetic password of a test")
        accounts.provide(conn, board_url)
        made = Server(free_port(18100), board_url, url, tmp_path_factory.mktemp("board") / "board.log")
        for account, reader in {
            "street": "street", "ours": OURS, "counts": "dashboard", "audit": "auditor", "leaver": OURS,
        }.items():  # fmt: skip
            made.passwords[account] = accounts.add(conn, account, f"测试{account}", reader, "test")
        conn.commit()
    made.start()
    yield made
    made.kill()
    with contextlib.closing(database.connect(url)) as conn:  # roles belong to the whole server
        for role in ("street_board", "street_board_desk", "board_street", "board_dashboard", "board_auditor",
                     f"board_{OURS}"):  # fmt: skip
            conn.execute(f"drop role {role}")
        conn.commit()


@pytest.fixture
def street(server: Server) -> Iterator[httpx.Client]:
    """The street office's browser."""
    with server.client("street") as client:
        yield client


@pytest.fixture
def ours(server: Server) -> Iterator[httpx.Client]:
    """The browser of a committee's worker."""
    with server.client("ours") as client:
        yield client


def chromium() -> str | None:
    """Return where a Chromium is, or None."""
    return os.environ.get("STREET_CHROMIUM") or shutil.which("chromium")


def numbers(text: str) -> list[int]:
    """Return the figures of a page, in order."""
    return [int(found.replace(",", "")) for found in re.findall(r"<b>([\d,]+)</b>", text)]
