"""One small street through the whole stack, as a user runs it: the command line, in a STREET_VAR of its own."""

from __future__ import annotations

import csv
import datetime as dt
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from runtime.airflow_api import AirflowApi
from sample.generate import FEEDS, generate
from sources.contract import all_contracts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
STREET = Path(sys.executable).with_name("street")
#: `make truth` asks for a whole street, and for other streets than this one.
PERSONS = int(os.environ.get("TRUTH_PERSONS", "12000"))
SEED = int(os.environ.get("TRUTH_SEED", "1"))
DAY = dt.date(2020, 3, 28)
# One street serves all: what changes it comes after what looks at it.
ORDER = (
    "test_day", "test_truth", "test_roles", "test_marked_people", "test_healing", "test_ninth_feed", "test_away",
    "test_schedules", "test_stop",
)  # fmt: skip


@dataclass(frozen=True)
class Office:
    """A running set-up below `var`; `street` runs its command line."""

    var: Path

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of its programs: nothing of another office."""
        foreign = ("AIRFLOW", "STREET")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**inherited, "STREET_VAR": str(self.var), **settings}

    def street(self, *arguments: str, check: bool = True, **settings: str) -> str:
        return self.run([STREET, *arguments], ROOT, check=check, **settings)

    def run(self, command: Sequence[str | Path], folder: Path, *, check: bool = True, **settings: str) -> str:
        """What a program printed that ran in the folder with this office's environment."""
        done = subprocess.run(
            command,
            env=self.environment(**settings),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert not check or done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """The command line, not waited for."""
        silent = subprocess.DEVNULL
        return subprocess.Popen([STREET, *arguments], env=self.environment(), cwd=ROOT, stdout=silent, stderr=silent)

    def airflow(self) -> AirflowApi:
        """Its Airflow's API, with the login that `street status` tells."""
        login = re.search(r"(http://\S+)\s+用户 (\S+)\s+密码 (\S+)", self.street("status"))
        assert login is not None
        return AirflowApi(*login.groups())

    def process(self, name: str) -> psutil.Process:
        """The running process of a service."""
        noted = json.loads((self.var / "run" / f"{name}.json").read_text(encoding="utf-8"))
        return psutil.Process(noted["pid"])

    def kill(self, name: str) -> int:
        """Kill a service as `kill -9` would and return the process id it had."""
        process = self.process(name)
        process.kill()
        return process.pid

    def ask(self, query: str) -> list[list[str]]:
        """The rows of a query, without the headings."""
        return list(csv.reader(self.street("sql", query, "--csv").splitlines()))[1:]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.parent == Path(__file__).parent]
    places = [items.index(item) for item in here]
    in_order = sorted(here, key=lambda item: ORDER.index(item.path.stem))
    for place, item in zip(places, in_order, strict=True):
        items[place] = item


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office") / "var")
    connected = [contract.feed for contract in all_contracts() if contract.feed in FEEDS]
    generate(made.var / "sample", DAY, PERSONS, SEED, feeds=connected)
    try:
        made.street("up")
        yield made
    finally:
        made.street("down")


@pytest.fixture(scope="session")
def day(office: Office) -> str:
    """What `street run` printed for the first run of the day."""
    return office.street("run")


@pytest.fixture(scope="session")
def warehouse_of_the_day(office: Office, day: str) -> str:
    """URL of the warehouse after the first run of the day, as its owner."""
    return office.street("url").strip()
