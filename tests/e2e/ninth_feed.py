"""A ninth feed of a known kind: a contract and a staging model, and a list of it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).parents[2]
FEED = "meal_subscribers"

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
-- One row per subscriber of the canteen.
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


def project_with_it(folder: Path) -> Path:
    """A copy of the project that has the contract and the model, and nothing else that this one hasn't."""
    project = folder / "project"
    for part in ROOT.iterdir():
        if part.is_dir() and part.name not in ("tests", "var") and not part.name.startswith("."):
            shutil.copytree(part, project / part.name, ignore=shutil.ignore_patterns("__pycache__", "logs", "target"))
    (project / f"sources/contracts/{FEED}.yaml").write_text(CONTRACT, encoding="utf-8")
    (project / f"dbt_project/models/staging/stg_{FEED}.sql").write_text(MODEL, encoding="utf-8")
    return project


def deliver(inbox: Path, day: str) -> None:
    """Send its first list."""
    delivered = inbox / FEED / day / "订户.csv"
    delivered.parent.mkdir(parents=True)
    delivered.write_text(ROWS, encoding="utf-8-sig")
