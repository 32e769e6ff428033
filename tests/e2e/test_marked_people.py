"""A second day that brings marked people: nothing of theirs leaves the inbox, the archive and the database.

The marks stand in good and in broken rows of every feed and in a list that must be rejected.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from runtime.postgres import binaries
from sources.contract import load
from tests.e2e.conftest import A_LATER_DAY, keys, unfinished
from tests.e2e.marks import ID_NUMBER, LEGACY_ID, MARKS, NAME, NEXT_DAY, PASSPORT, is_in, is_in_file
from tests.e2e.ninth_feed import FEED

if TYPE_CHECKING:
    from tests.e2e.conftest import Office, SecondDay

pytestmark = pytest.mark.e2e

# What may hold them: the departments' files, their copies, and the database's own files.
HOLDERS = ("sample", "archive", "postgres/data")


def test_the_marked_rows_came_in_and_the_broken_list_was_rejected(office: Office, second_day: SecondDay) -> None:
    # What is pulled is of the day of the run, which is later than the lists; so is the ninth feed's.
    rows = office.ask(
        "select feed, status, rows_quarantined > 0 from ops.batch"
        f" where business_date between '{NEXT_DAY}' and '{A_LATER_DAY}' and feed <> '{FEED}' order by 1, 2"
    )
    assert rows == [
        ["border_entries", "accepted", "True"],
        ["household_registry", "accepted", "True"],
        ["housing_registry", "accepted", "True"],
        ["housing_registry", "rejected", "False"],
        ["property_occupancy", "accepted", "True"],
        ["returnees", "accepted", "True"],
        ["visit_log", "accepted", "False"],
        ["welfare_list", "rejected", "False"],
    ]
    assert unfinished(second_day.told) == {load(feed).title_zh for feed in ("housing_registry", "welfare_list")}
    assert office.ask(f"select count(*) from core.dim_person where full_name = '{NAME}'") != [["0"]]


def test_no_mark_is_in_any_file_of_the_office(office: Office, second_day: SecondDay) -> None:
    assert not [mark for mark in MARKS if mark in second_day.told]
    searched, found = 0, []
    for path in sorted(office.var.rglob("*")):
        name = path.relative_to(office.var).as_posix()
        if path.is_file() and not name.startswith(HOLDERS):
            searched += 1
            found += [(name, MARKS.index(mark)) for mark in MARKS if is_in_file(mark, path)]
    assert found == []
    assert searched > 50


def test_no_mark_is_in_airflows_database_or_the_tables_of_the_runs(office: Office, second_day: SecondDay) -> None:
    warehouse = office.street("url").strip()
    password = (office.var / "secrets" / "postgres_airflow").read_text(encoding="utf-8").strip()
    airflow = psycopg.conninfo.make_conninfo(warehouse, dbname="airflow", user="airflow", password=password)
    for url, options in ((airflow, ()), (warehouse, ("--schema=ops", "--schema=versions"))):
        dump = _dump(url, *options)
        assert len(dump) > 10_000
        lines = [line for line in dump.splitlines() if any(is_in(mark, line) for mark in MARKS)]
        if options:
            # The marts hold names, phones and addresses; whole numbers never.
            lines = [line for line in lines if any(is_in(mark, line) for mark in (ID_NUMBER, LEGACY_ID, PASSPORT))]
        assert len(lines) == 0
    assert not [mark for mark in MARKS if is_in(mark, _dump(warehouse, "--schema=ops"))]


def test_a_second_day_changes_no_key(warehouse_of_the_day: str, second_day: SecondDay) -> None:
    after = keys(warehouse_of_the_day)
    for table, before in second_day.keys_before.items():
        assert len(before) > 50, table
        assert set(before) <= set(after[table]), table


def _dump(url: str, *options: str) -> str:
    command = [str(binaries() / "pg_dump"), "--data-only", *options, url]
    return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout
