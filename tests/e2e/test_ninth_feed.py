"""The design's promise: one more feed of a known kind is a contract and a staging model, and nothing else.

A copy of the project gets both, is started on the street that is running, and runs another day.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
PARTS = (
    "dags", "dbt_project", "docs", "expectations", "linkage", "reports", "runtime", "sample", "sources", "street",
)  # fmt: skip
FEED = "meal_subscribers"
A_LATER_DAY = "2020-03-31"

CONTRACT = """\
# 助餐订户 | Elders who have a daily meal brought
version: 1.0.0
kind: DataContract
apiVersion: v3.2.0
id: meal_subscribers
name: 助餐订户
status: active
domain: care
description:
  purpose: 为老年助餐点安排送餐。
  usage: 每日全量。
  limitations: 仅用于助餐服务。
team:
  name: 社区助餐服务点
servers:
  - {server: inbox, type: local, path: "meal_subscribers/{business_date}/*.csv", format: csv}
slaProperties:
  - {property: retention, value: 60, unit: d, description: 保留 60 日}
customProperties:
  - {property: legalBasis, value: ["《中华人民共和国个人信息保护法》第十三条第一款第一项(取得个人同意)"]}
  - {property: loadMode, value: snapshot}
  - {property: cadence, value: daily}
  - {property: dueAt, value: "06:00"}
  - {property: transport, value: file}
  - {property: format, value: csv}
  - {property: aboutPerson, value: true}
schema:
  - name: meal_subscribers
    businessName: 助餐订户
    logicalType: object
    dataGranularityDescription: 一行一名订户
    properties:
      - name: subscriber_no
        businessName: 订户编号
        description: The canteen's own number
        logicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: internal
      - name: full_name
        businessName: 姓名
        description: The name
        logicalType: string
        required: true
        classification: personal
        customProperties: [{property: role, value: person_name}]
      - name: phone
        businessName: 手机号
        description: The mobile phone
        logicalType: string
        classification: personal
        customProperties: [{property: role, value: phone}]
      - name: id_number
        businessName: 身份证号
        description: The resident ID
        logicalType: string
        classification: sensitive
        customProperties: [{property: role, value: resident_id}]
      - name: meals
        businessName: 份数
        description: Portions a day
        logicalType: integer
        classification: internal
"""

MODEL = """\
-- One row a subscriber of the canteen.
with received as ({{ rows_in_force('meal_subscribers') }})

select
    _batch_id as batch_id,
    _row_no as row_no,
    rules.mask_text(full_name) as full_name,
    rules.read_int(meals) as meals
from received
"""

ROWS = """\
订户编号,姓名,手机号,身份证号,份数
M1,测一,13900000001,310115194002290023,2
M2,测二,13900000002,,1
,测三,13900000003,,1
"""


@pytest.fixture(scope="module")
def told(office: Office, day: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What a day of the nine feeds printed, and the dictionary that was rendered for them."""
    project = tmp_path_factory.mktemp("ninth") / "project"
    for part in PARTS:
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__", "logs", "target"))
    (project / f"sources/contracts/{FEED}.yaml").write_text(CONTRACT, encoding="utf-8")
    (project / f"dbt_project/models/staging/stg_{FEED}.sql").write_text(MODEL, encoding="utf-8")
    delivered = office.var / "sample" / "inbox" / FEED / A_LATER_DAY / "订户.csv"
    delivered.parent.mkdir(parents=True)
    delivered.write_text(ROWS, encoding="utf-8-sig")
    # The copy's code: its folder comes before the installed project.
    copied = str(project)
    office.run([sys.executable, "-m", "runtime.render"], project, PYTHONPATH=copied)
    return {
        "day": office.run(
            [sys.executable, "-m", "runtime.cli", "run", "--date", A_LATER_DAY], project, PYTHONPATH=copied
        ),
        "dictionary": (project / "docs/data_dictionary.md").read_text(encoding="utf-8"),
        "privacy": (project / "docs/privacy.md").read_text(encoding="utf-8"),
    }


def test_airflow_ran_it(office: Office, told: dict[str, str]) -> None:
    assert "失败" not in told["day"]
    with office.airflow() as api:
        assert [run.state for run in api.runs(f"ingest__{FEED}", "day__")] == ["success"]


def test_its_rows_are_in_raw_and_the_broken_ones_in_quarantine(office: Office, told: dict[str, str]) -> None:
    assert office.ask(f"select count(*) from raw.{FEED}") == [["3"]]
    assert office.ask(f"select row_no from quarantine.{FEED} order by 1") == [["3"]]
    assert office.ask(f"select row_no, meals from staging.stg_{FEED} order by 1") == [["1", "2"], ["2", "1"]]


def test_its_health_is_published(office: Office, told: dict[str, str]) -> None:
    assert office.ask(
        "select title_zh, status, rows_received, rows_accepted, rows_quarantined from marts.feed_health"
        f" where feed = '{FEED}' and business_date = '{A_LATER_DAY}'"
    ) == [["助餐订户", "fresh", "3", "2", "1"]]


def test_its_people_are_linked(office: Office, told: dict[str, str]) -> None:
    assert office.ask(f"select count(*) from linkage.record_link where feed = '{FEED}' and person_key is not null") == [
        ["2"]
    ]


def test_its_people_have_names_phones_birth_dates_and_masks(office: Office, told: dict[str, str]) -> None:
    """No model restates its columns: also what its staging model leaves out is known by the contract's roles."""
    assert office.ask(
        "select full_name, phone, sex, birth_date, id_masked from core.dim_person join linkage.record_link"
        f" using (person_key) where feed = '{FEED}' order by 1"
    ) == [
        ["测一", "13900000001", "2", "1940-02-29", "310115********0023"],
        ["测二", "13900000002", "", "", ""],
    ]


def test_the_dictionary_and_the_privacy_page_name_it(told: dict[str, str]) -> None:
    for page in ("dictionary", "privacy"):
        assert "助餐订户" in told[page], page
