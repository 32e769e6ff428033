"""One small street through the whole stack, as a user runs it: the command line, in a STREET_VAR of its own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
STREET = Path(sys.executable).with_name("street")
PERSONS = 3000
DAY = "2020-03-28"


@dataclass(frozen=True)
class Office:
    """A running set-up below `var`; `street` runs its command line."""

    var: Path

    def street(self, *arguments: str, check: bool = True, **settings: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "STREET"))}
        done = subprocess.run(
            [STREET, *arguments], env={**environment, "STREET_VAR": str(self.var), **settings}, cwd=ROOT,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, f"street {' '.join(arguments)}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The command line, not waited for."""
        environment = {**os.environ, "STREET_VAR": str(self.var)}
        return subprocess.Popen(
            [STREET, *arguments], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def ask(self, query: str) -> list[list[str]]:
        """The rows of a query, without the headings."""
        return list(csv.reader(self.street("sql", query, "--csv").splitlines()))[1:]


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office") / "var")
    made.street("sample", "--out", str(made.var / "sample"), "--persons", str(PERSONS), "--date", DAY)
    try:
        made.street("up")
        yield made
    finally:
        made.street("down")


@pytest.fixture(scope="session")
def day(office: Office) -> str:
    """What `street run` printed for the first run of the day."""
    return office.street("run")
