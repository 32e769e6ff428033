"""A second HTTP feed is a contract and two settings: no code knows of it, of its path, its token or its pages."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

ROOT = Path(__file__).parents[2]
FEED = "clinic_visits"
TOKEN = "a token of the clinic"
LAND = f"import datetime as dt; from sources.landing import land; print(land('{FEED}', dt.date(2020, 3, 28)))"

CONTRACT = """\
# 发热门诊 | Visits to the fever clinic
version: 1.0.0
kind: DataContract
apiVersion: v3.2.0
id: clinic_visits
name: 发热门诊
status: active
domain: epidemic
description:
  purpose: 及时上门随访发热门诊的就诊居民。
  usage: 每小时拉取增量。
  limitations: 仅用于随访。
team:
  name: 社区卫生服务中心
servers:
  - server: fever_clinic
    type: api
    location: https://clinic.invalid/fever/visits
    customProperties: [{property: pageSize, value: 3}]
slaProperties:
  - {property: retention, value: 60, unit: d, description: 保留 60 日}
customProperties:
  - {property: legalBasis, value: ["《中华人民共和国个人信息保护法》第十三条第一款第四项(应对突发公共卫生事件所必需)"]}
  - {property: loadMode, value: events}
  - {property: cadence, value: hourly}
  - {property: dueAt, value: "00:00"}
  - {property: aboutPerson, value: true}
schema:
  - name: clinic_visits
    businessName: 发热门诊
    logicalType: object
    dataGranularityDescription: 一行一次就诊
    properties:
      - name: visit_no
        businessName: 就诊编号
        description: The clinic's own number
        logicalType: string
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: internal
      - name: full_name
        businessName: 姓名
        description: The name
        logicalType: string
        classification: personal
        customProperties: [{property: role, value: person_name}]
"""


class Clinic(ThreadingHTTPServer):
    """Serves seven visits below `/gateway`, as many a page as it is asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/gateway"


class Handler(BaseHTTPRequestHandler):
    server: Clinic

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(address.query).items()}
        self.server.asked.append((address.path, asked))
        known = self.headers["Authorization"] == f"Bearer {TOKEN}"
        start, size = int(asked.get("cursor", 0)), int(asked["limit"])
        data = [{"visit_no": f"V{number}", "full_name": "测一"} for number in range(7)][start : start + size]
        following = str(start + size) if start + size < 7 else None
        body = json.dumps({"data": data, "next_cursor": following}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def clinic() -> Iterator[Clinic]:
    server = Clinic()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def project(tmp_path: Path, warehouse_url: str) -> Path:
    """A copy of the project with one contract more."""
    for part in ("sources", "street"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / f"sources/contracts/{FEED}.yaml").write_text(CONTRACT, encoding="utf-8")
    return tmp_path


def _land(project: Path) -> subprocess.CompletedProcess[str]:
    """Land the feed as its task does, with the copy's code and the settings that the copy's folder gives."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("STREET_")}
    return subprocess.run(
        [sys.executable, "-c", LAND],
        cwd=project, env={**kept, "PYTHONPATH": str(project)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_second_api_is_landed_by_its_contract_and_two_settings(
    project: Path, clinic: Clinic, warehouse: psycopg.Connection
) -> None:
    settings = f'STREET_FEVER_CLINIC_URL={clinic.url}\nSTREET_FEVER_CLINIC_TOKEN="{TOKEN}"\n'
    (project / ".env").write_text(settings, encoding="utf-8")
    done = _land(project)
    assert done.stdout.strip() == "[1]", done.stderr
    assert clinic.asked == [
        ("/gateway/fever/visits", {"limit": "3"}),
        ("/gateway/fever/visits", {"limit": "3", "cursor": "3"}),
        ("/gateway/fever/visits", {"limit": "3", "cursor": "6"}),
    ]
    received = warehouse.execute(f"select visit_no from raw.{FEED} order by _row_no").fetchall()
    assert received == [(f"V{number}",) for number in range(7)]
    told = warehouse.execute("select feed, status, rows_received from ops.batch").fetchall()
    assert told == [(FEED, "landed", 7)]


def test_a_second_api_whose_settings_are_missing_names_them(project: Path) -> None:
    done = _land(project)
    assert done.returncode != 0
    assert "没有设置接口地址或令牌：请设置 STREET_FEVER_CLINIC_URL 与 STREET_FEVER_CLINIC_TOKEN" in done.stderr
