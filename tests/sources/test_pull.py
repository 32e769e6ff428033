"""Pulling from a real HTTP server that has bad days: nothing lost, nothing doubled."""

import datetime as dt
import json
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sources import landing
from sources.connectors import paged_api
from sources.failures import PassingError, PermanentError
from street.settings import as_of_at, settings

FEED = "border_entries"
DAY = dt.date(2020, 3, 28)
TOKEN = "sesame"
SAID = '{"error": "璟琮珏 19973315577"}'  # an answer that blames a person


class Port(ThreadingHTTPServer):
    """Serves `entries` in pages of 2; `faults` are answered first, one a request."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.entries = []
        self.faults = []
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    server: Port

    def do_GET(self):
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(asked)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, b"{}")
        fault = self.server.faults.pop(0) if self.server.faults else None
        start = int(asked.get("cursor", 0))
        data = self.server.entries[start : start + 2]
        following = str(start + 2) if start + 2 < len(self.server.entries) else None
        body = json.dumps({"data": data, "next_cursor": following}).encode()
        if fault == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return None
        if fault == 429:
            return self._answer(429, b"{}", {"Retry-After": "1"})
        return self._answer(fault, SAID.encode()) if fault else self._answer(200, body)

    def _answer(self, status, body, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def port(warehouse_url, monkeypatch, tmp_path):
    server = Port()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("STREET_BORDER_API_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("STREET_BORDER_API_TOKEN", TOKEN)
    settings.cache_clear()
    server.entries = [{"entry_id": f"E{number}", "revision": 1} for number in range(5)]
    yield server
    server.shutdown()
    server.server_close()


def _patience(monkeypatch, seconds):
    monkeypatch.setenv("STREET_PULL_PATIENCE_SECONDS", str(seconds))
    settings.cache_clear()


def _ids(warehouse):
    rows = warehouse.execute(f"select entry_id from raw.{FEED} order by _batch_id, _row_no").fetchall()
    warehouse.rollback()
    return [entry_id for (entry_id,) in rows]


def test_busy_failing_and_cut_answers_are_retried_with_the_servers_patience(port, warehouse):
    port.faults = [429, 503, None, "cut", "cut", 500]
    started = dt.datetime.now(dt.UTC)
    assert len(landing.land(FEED, DAY)) == 1
    assert dt.datetime.now(dt.UTC) - started > dt.timedelta(seconds=1)
    assert _ids(warehouse) == ["E0", "E1", "E2", "E3", "E4"]
    assert "since" not in port.asked[0]


@pytest.mark.parametrize("fault", [400, 404, 500])
def test_what_a_failing_server_says_of_a_person_is_in_no_error(port, monkeypatch, caplog, fault):
    _patience(monkeypatch, 0)
    port.faults = [fault] * 50
    with pytest.raises(Exception, match=str(fault)) as caught:
        landing.land(FEED, DAY)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert "璟琮珏" not in told
    assert "19973315577" not in told


def test_a_pull_that_was_cut_off_goes_on_at_the_last_cursor_it_has_stored(port, warehouse, monkeypatch):
    _patience(monkeypatch, 0)
    port.faults = [None, *[500] * 50]
    with pytest.raises(PassingError, match="HTTP 500"):
        landing.land(FEED, DAY)
    port.faults.clear()
    port.asked.clear()
    landing.land(FEED, DAY)
    assert port.asked[0]["cursor"] == "2"
    assert len(port.asked) == 2
    assert _ids(warehouse) == ["E0", "E1", "E2", "E3", "E4"]


def test_a_complete_pull_that_was_not_registered_is_landed_without_asking_again(port, warehouse):
    pull = paged_api.begin(FEED, DAY, as_of_at(DAY), None)
    paged_api.complete(pull, f"http://127.0.0.1:{port.server_port}", TOKEN)
    port.asked.clear()
    assert len(landing.land(FEED, DAY)) == 1
    assert port.asked == []
    assert _ids(warehouse) == ["E0", "E1", "E2", "E3", "E4"]


def test_the_next_pull_asks_from_the_start_of_the_last_and_a_known_page_is_not_received_again(port, warehouse):
    landing.land(FEED, DAY)
    port.asked.clear()
    assert landing.land(FEED, DAY) == []
    port.entries[4]["revision"] = 2
    assert len(landing.land(FEED, DAY + dt.timedelta(days=1))) == 1
    assert {asked["since"] for asked in port.asked} == {as_of_at(DAY).isoformat()}
    assert _ids(warehouse) == ["E0", "E1", "E2", "E3", "E4", "E4"]


def test_a_past_day_is_not_pulled_again_once_a_later_one_was(port, warehouse):
    landing.land(FEED, DAY)
    port.asked.clear()
    assert landing.land(FEED, DAY - dt.timedelta(days=1)) == []
    assert port.asked == []


def test_a_refused_token_is_no_passing_failure_and_is_not_told(port, monkeypatch):
    monkeypatch.setenv("STREET_BORDER_API_TOKEN", "wrong-secret")
    settings.cache_clear()
    with pytest.raises(PermanentError, match="HTTP 401") as caught:
        landing.land(FEED, DAY)
    assert "wrong-secret" not in str(caught.value)
    assert len(port.asked) == 1


def test_an_answer_that_is_not_agreed_is_no_passing_failure(port):
    port.faults = [204]
    with pytest.raises(PermanentError, match="HTTP 204"):
        landing.land(FEED, DAY)
