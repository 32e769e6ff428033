"""One small street through the whole stack, as a user runs it: the command line, in a STREET_VAR of its own."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import psycopg
import pytest

from runtime.airflow_api import AirflowApi
from sample.generate import FEEDS, generate
from sources.contract import all_contracts
from street.settings import SHANGHAI
from tests.e2e import marks, ninth_feed

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
STREET = Path(sys.executable).with_name("street")
#: `make truth` asks for a whole street, and for other streets than this one.
PERSONS = int(os.environ.get("TRUTH_PERSONS", "12000"))
SEED = int(os.environ.get("TRUTH_SEED", "1"))
DAY = dt.date(2020, 3, 28)
A_LATER_DAY = "2020-03-31"
#: The port is asked for today alone: what a later pull has covered isn't asked for again.
TODAY = dt.datetime.now(SHANGHAI).date()
#: The settings of an office whose port refuses connections.
PORT_AWAY = {
    "STREET_BORDER_API_URL": "http://127.0.0.1:9",
    "STREET_BORDER_API_TOKEN": "nobody-asks",
    "STREET_PULL_PATIENCE_SECONDS": "5",
}
# One street serves all: what changes it comes after what looks at it.
ORDER = (
    "test_broken_off", "test_day", "test_truth", "test_roles", "test_login", "test_healing", "test_marked_people",
    "test_ninth_feed", "test_visits", "test_schedules", "test_stop",
)  # fmt: skip


@dataclass(frozen=True)
class Office:
    """A running set-up below `var`; `street` runs the command line of the project in this folder."""

    var: Path
    project: Path = ROOT

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of its programs: nothing of another office, the project's code before what is installed."""
        foreign = ("AIRFLOW", "STREET")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        return {**inherited, "STREET_VAR": str(self.var), "PYTHONPATH": str(self.project), **settings}

    def street(self, *arguments: str, **settings: str) -> str:
        return self.run(STREET, *arguments, **settings)

    def run(self, *command: str | Path, **settings: str) -> str:
        """What a program printed that ran in the project's folder with this office's environment."""
        done = subprocess.run(
            command,
            env=self.environment(**settings),
            cwd=self.project,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def start(self, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
        """The command line, not waited for."""
        return subprocess.Popen(
            [STREET, *arguments],
            env=self.environment(**settings),
            cwd=self.project,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def airflow(self) -> AirflowApi:
        """Its Airflow's API, with the login that `street status` tells."""
        login = re.search(r"(http://\S+)\s+用户 (\S+)\s+密码 (\S+)", self.street("status"))
        assert login is not None
        return AirflowApi(*login.groups())

    def process(self, name: str) -> psutil.Process:
        """The running process of a service."""
        noted = json.loads((self.var / "run" / f"{name}.json").read_text(encoding="utf-8"))
        return psutil.Process(noted["pid"])

    @property
    def inbox(self) -> Path:
        return self.var / "sample" / "inbox"

    def send_housing(self, *, lacking: int) -> None:
        """Send a housing list of today that nobody has sent before: the first one with some rows less."""
        folder = self.inbox / "housing_registry"
        lines = min(folder.glob("*/*.csv")).read_bytes().splitlines(keepends=True)
        target = folder / TODAY.isoformat() / "housing.csv"
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(b"".join(lines[:-lacking]))

    def kill(self, name: str) -> int:
        """Kill a service as `kill -9` would and return the process id it had."""
        process = self.process(name)
        process.kill()
        return process.pid

    def ask(self, query: str) -> list[list[str]]:
        """The rows of a query as `street sql --csv` prints them, which takes a second to start."""
        url = (self.var / "secrets" / "warehouse_url").read_text(encoding="utf-8").strip()
        with psycopg.connect(url) as connection:
            connection.read_only = True
            rows = connection.execute(query.encode()).fetchall()
        return [["" if value is None else str(value) for value in row] for row in rows]


@dataclass(frozen=True)
class SecondDay:
    """What `street run` printed for a later day, the office whose project ran it, the keys before it, and whom a visit
    that was recorded on the board before it was made to, and where."""

    told: str
    office: Office
    keys_before: dict[str, list[tuple[object, ...]]]
    visited: tuple[str, str]


RECORDED = "6f3b7f0e-8c5d-4d8e-9a10-2b7f3c6f0a11"
"""The number of the visit that a phone sent twice before the later day."""


def record_visit(url: str) -> tuple[str, str]:
    """Record a visit as the board does, and once more; returns to whom and at which door it was made."""
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "select person_key, dwelling_key, committee_code from marts.worklist where duty = 'living_alone_visit'"
            " and dwelling_key is not null and status = 'open' order by due_on, duty_key limit 1"
        ).fetchone()
        assert found is not None
        person, door, committee = found
        said = (RECORDED, "worker", committee, "2020-03-30 09:15+08", door, person, "独居探访", None, "情况良好")
        call = f"select ops.record_visit({', '.join(['%s'] * len(said))})"
        answers = [connection.execute(call, said).fetchone() for _ in range(2)]
        assert answers == [("recorded",), ("repeated",)]
    return str(person), str(door)


def keys(url: str) -> dict[str, list[tuple[object, ...]]]:
    """What must stay as it is from day to day: whose each record and document is, the key of each door."""
    with psycopg.connect(url) as connection:
        return {
            table: connection.execute(query.encode()).fetchall()
            for table, query in {
                "person": "select person_key, origin_feed, origin_record, merged_into from linkage.person",
                "document": "select document_hash, person_key from linkage.person_document",
                "dwelling": "select dwelling_code, dwelling_key from core.dim_dwelling",
                "household record": "select raw.person_no, link.person_key from raw.household_registry as raw"
                " inner join linkage.record_link as link on link.feed = 'household_registry'"
                " and raw._batch_id = link.batch_id and raw._row_no = link.row_no",
                "border record": "select raw.entry_id, link.person_key from raw.border_entries as raw"
                " inner join linkage.record_link as link on link.feed = 'border_entries'"
                " and raw._batch_id = link.batch_id and raw._row_no = link.row_no",
            }.items()
        }


def unfinished(told: str) -> set[str]:
    """The titles of what `street run` says wasn't done."""
    found = re.search(r"未完成：(.+?)。", told)
    return set(found.group(1).split("、")) if found else set()


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
    """What `street run` printed for the first day: the command that healed one whose scheduler and database were killed
    when the first lists had come.
    """
    broken_off = office.start("run")
    deadline = time.monotonic() + 300
    while office.ask("select count(*) from ops.batch where status = 'landed'") == [["0"]]:
        assert time.monotonic() < deadline, "no list was taken"
        time.sleep(0.2)
    office.kill("scheduler")
    os.kill(int((office.var / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    assert broken_off.wait(timeout=300) != 0
    return office.street("run")


@pytest.fixture(scope="session")
def warehouse_of_the_day(office: Office, day: str) -> str:
    """URL of the warehouse after the first run of the day, as its owner."""
    return office.street("url").strip()


@pytest.fixture(scope="session")
def second_day(office: Office, warehouse_of_the_day: str, tmp_path_factory: pytest.TempPathFactory) -> SecondDay:
    """A later day, run by a copy of the project that knows a ninth feed, with marked people in what is delivered."""
    keys_before = keys(warehouse_of_the_day)
    copy = dataclasses.replace(office, project=ninth_feed.project_with_it(tmp_path_factory.mktemp("ninth")))
    copy.run(sys.executable, "-m", "runtime.render")
    ninth_feed.deliver(office.inbox, A_LATER_DAY)
    marks.deliver(office.var / "sample")
    visited = record_visit(warehouse_of_the_day)
    office.kill("border-api")  # it has read the entries when it started
    return SecondDay(copy.street("run", "--date", A_LATER_DAY), copy, keys_before, visited)
