"""The design's promise: one more feed of a known kind is a contract and a staging model, and nothing else.

A copy of the project that has both ran the second day on the street that was running.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.conftest import A_LATER_DAY
from tests.e2e.ninth_feed import FEED

if TYPE_CHECKING:
    from tests.e2e.conftest import Office, SecondDay

pytestmark = pytest.mark.e2e


def test_airflow_ran_it(office: Office, second_day: SecondDay) -> None:
    with office.airflow() as api:
        assert [run.state for run in api.runs(f"ingest__{FEED}", "day__")] == ["success"]


def test_its_rows_are_in_raw_and_the_broken_ones_in_quarantine(office: Office, second_day: SecondDay) -> None:
    assert office.ask(f"select count(*) from raw.{FEED}") == [["3"]]
    assert office.ask(f"select row_no from quarantine.{FEED} order by 1") == [["3"]]
    assert office.ask(f"select row_no, meals from staging.stg_{FEED} order by 1") == [["1", "2"], ["2", "1"]]


def test_its_health_is_published(office: Office, second_day: SecondDay) -> None:
    assert office.ask(
        "select title_zh, status, rows_received, rows_accepted, rows_quarantined from marts.feed_health"
        f" where feed = '{FEED}' and business_date = '{A_LATER_DAY}'"
    ) == [["助餐订户", "fresh", "3", "2", "1"]]


def test_its_people_are_linked(office: Office, second_day: SecondDay) -> None:
    assert office.ask(f"select count(*) from linkage.record_link where feed = '{FEED}' and person_key is not null") == [
        ["2"]
    ]


def test_its_people_have_names_phones_birth_dates_and_masks(office: Office, second_day: SecondDay) -> None:
    """No model restates its columns: also what its staging model leaves out is known by the contract's roles."""
    assert office.ask(
        "select full_name, phone, sex, birth_date, id_masked from core.dim_person join linkage.record_link"
        f" using (person_key) where feed = '{FEED}' order by 1"
    ) == [
        ["测一", "13900000001", "2", "1940-02-29", "310115********0023"],
        ["测二", "13900000002", "", "", ""],
    ]


def test_the_dictionary_and_the_privacy_page_name_it(second_day: SecondDay) -> None:
    for page in ("data_dictionary", "privacy"):
        assert "助餐订户" in (second_day.office.project / f"docs/{page}.md").read_text(encoding="utf-8"), page
