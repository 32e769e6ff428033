"""The reports are read over HTTP as people's browsers do, and nothing else of the folder is."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from runtime.processes import HOST, answers, free_port
from runtime.services import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def reports(tmp_path: Path) -> Iterator[httpx.Client]:
    for day in ("2020-03-27", "2020-03-28"):
        (tmp_path / "reports" / day).mkdir(parents=True)
        (tmp_path / "reports" / day / "report.html").write_text(f"<p>日报 {day}</p>", encoding="utf-8")
    (tmp_path / "reports" / "2020-03-28" / "report.eml").write_text("To: duty@localhost")
    (tmp_path / "secret").write_text("hidden")
    port = free_port(18090)
    words = {"python": sys.executable, "var": tmp_path, "listen": HOST, "port": port}
    server = subprocess.Popen([word.format(**words) for word in REPORTS.command])
    deadline = time.monotonic() + 60
    while not answers(port) and time.monotonic() < deadline:
        time.sleep(0.1)
    with httpx.Client(base_url=f"http://{HOST}:{port}", trust_env=False) as client:
        yield client
    server.terminate()
    server.wait()


def test_the_days_are_listed_the_newest_first_and_each_is_opened(reports: httpx.Client) -> None:
    index = reports.get("/").text
    assert index.index("2020-03-28/report.html") < index.index("2020-03-27/report.html")
    page = reports.get("/2020-03-27/report.html")
    assert page.text == "<p>日报 2020-03-27</p>"
    assert page.headers["content-type"].startswith("text/html")


def test_nothing_is_written_and_nothing_but_reports_is_read(reports: httpx.Client) -> None:
    for method in ("PUT", "POST", "DELETE"):
        assert reports.request(method, "/2020-03-27/report.html").status_code == 405
    for path in ("/2020-03-28/report.eml", "/2020-03-28/report.xlsx", "/../secret", "/%2e%2e/secret", "/20200327/x"):
        assert reports.get(path).status_code == 404, path
