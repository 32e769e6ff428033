from __future__ import annotations

import csv
import email
import json
import re
import time
from email import policy
from typing import TYPE_CHECKING

import httpx
import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e


def test_the_day_ends_well_and_says_where_to_look(office: Office, day: str) -> None:
    assert "失败" not in day
    for word in ("居家隔离中", "report.html", "Airflow", "street sql"):
        assert word in day


def test_the_board_shows_the_day_to_the_logins_that_it_prints(office: Office, day: str) -> None:
    port = json.loads((office.var / "run" / "board.json").read_text("utf-8"))["port"]
    assert f"看板：http://127.0.0.1:{port}" in day
    [[isolating]] = office.ask(
        "select isolating from marts.governance_daily where row_kind = 'street' and business_date = as_of"
    )
    for account, password in re.findall(r"用户 (jiedao|penhua9|shenji)  口令 (\S+)", day):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"sec-fetch-site": "same-origin"}) as client:
            assert client.post("/login", data={"account": account, "password": password}).status_code == 303
            page = client.get("/", follow_redirects=True).text
        assert ("查阅记录" if account == "shenji" else "街道总览") in page
        assert account != "jiedao" or f"<b>{isolating}</b>" in page


def test_while_schedules_are_off_each_is_shown_and_no_run_begins_by_itself(office: Office, day: str) -> None:
    with office.airflow() as api:
        for dag_id in api.dag_ids():
            assert all(run.run_id.startswith("day__") for run in api.runs(dag_id, "")), dag_id
        shown = {dag["dag_id"]: dag["next_dagrun_run_after"] for dag in api._call("GET", "/dags")["dags"]}
    assert {dag_id for dag_id, following in shown.items() if following is None} == {"warehouse"}  # its assets wake it


def test_airflows_own_command_line_knows_the_office(office: Office, day: str) -> None:
    told = office.street("airflow", "dags", "list", "--output", "json")
    for dag_id in ("warehouse", "ingest__household_registry", "report__daily_governance"):
        assert f'"dag_id": "{dag_id}"' in told


def test_every_accepted_batch_balances(office: Office, day: str) -> None:
    query = (
        "select feed, rows_received, rows_accepted, rows_quarantined, rows_superseded from ops.batch"
        " where status = 'accepted'"
    )
    rows = list(csv.reader(office.street("sql", query, "--csv").splitlines()))[1:]
    assert rows == office.ask(query)
    assert {feed for feed, *_ in rows} >= {"household_registry", "housing_registry", "border_entries"}
    for _, received, *parts in rows:
        assert int(received) == sum(map(int, parts)) > 0


def test_a_day_that_is_done_is_quick_builds_no_new_version_and_mails_nothing_twice(office: Office, day: str) -> None:
    versions, reports = office.ask("select count(*) from ops.version"), _reports(office.var)
    assert len(reports) == 2
    began = time.monotonic()
    office.street("run")
    assert time.monotonic() - began < 120
    assert office.ask("select count(*) from ops.version") == versions
    assert _reports(office.var) == reports


def test_no_service_prints_a_password(office: Office, day: str) -> None:
    secrets = [path.read_text("utf-8") for path in (office.var / "secrets").iterdir() if path.suffix != ".json"]
    for log in (office.var / "logs").glob("*.log"):
        text = log.read_text(encoding="utf-8", errors="replace")
        assert not [secret for secret in secrets if secret in text], log.name


def _reports(var: Path) -> list[tuple[str, str]]:
    """(recipient, message id) of each report in the sink."""
    found = []
    for path in sorted((var / "mail").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        if "日报" in str(message["Subject"]):
            found.append((str(message["X-Envelope-To"]), str(message["Message-ID"])))
    return found
