"""Pulling from a real HTTP server that has bad days: nothing lost, nothing doubled."""

import contextlib
import datetime as dt
import gzip
import json
import random
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sources import contract, landing
from sources.connectors import client, pulls
from sources.failures import PassingError, PermanentError, SourceAwayError
from street.settings import SHANGHAI, as_of_at, settings

FEED = "border_entries"
DAY = dt.date(2020, 3, 28)
TOKEN = "sesame"
SAID = '{"error": "璟琮珏 19973315577"}'  # an answer that blames a person


class Port(ThreadingHTTPServer):
    """Serves `entries` in pages of `size`; `faults` are answered first, one a request."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.entries = []
        self.faults = []
        self.asked = []
        self.size = 2


class Handler(BaseHTTPRequestHandler):
    server: Port

    def do_GET(self):
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(asked)
        if self.headers["Authorization"] != f"Bearer {TOKEN}":
            return self._answer(401, b"{}")
        fault = self.server.faults.pop(0) if self.server.faults else None
        start = int(asked.get("cursor", 0))
        data = self.server.entries[start : start + self.server.size]
        end = start + self.server.size
        following = str(end) if end < len(self.server.entries) else None
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
    port.faults = [429, 503, None, "cut", None, 500]
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
    pull = pulls.begin(FEED, DAY, as_of_at(DAY), None)
    client.complete(pull, client.Api.of(contract.load(FEED).server))
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


class Liar(ThreadingHTTPServer):
    """Answers with what `says` makes of a request's parameters: a page, or status, headers and body."""

    def __init__(self, says):
        super().__init__(("127.0.0.1", 0), LyingHandler)
        self.says = says
        self.asked = []


class LyingHandler(BaseHTTPRequestHandler):
    server: Liar
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        asked = {key: values[0] for key, values in parse_qs(urlsplit(self.path).query).items()}
        self.server.asked.append(asked)
        said = self.server.says(asked)
        status, headers, body = said if isinstance(said, tuple) else (200, {}, said)
        body = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def liar(warehouse_url, monkeypatch, tmp_path):
    servers = []

    def start(says):
        server = Liar(says)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
        monkeypatch.setenv("STREET_BORDER_API_URL", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setenv("STREET_BORDER_API_TOKEN", TOKEN)
        settings.cache_clear()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def _entries(*numbers):
    return [{"entry_id": f"E{number}", "revision": 1} for number in numbers]


def _page(numbers, following):
    return {"data": _entries(*numbers), "next_cursor": following}


def _batches(warehouse):
    rows = warehouse.execute("select status, rows_received, reason from ops.batch order by batch_id").fetchall()
    warehouse.rollback()
    return rows


# ---------------------------------------------------------------- A1: a cursor that the server doesn't know any more


@pytest.mark.parametrize("status", [400, 404, 410])
@pytest.mark.parametrize("cut", [2, 3, 5], ids=["cut-alike", "cut-wider", "in-one"])
def test_a1_a_refused_cursor_begins_anew_and_doubles_nothing(port, warehouse, monkeypatch, status, cut):
    _patience(monkeypatch, 0)
    port.faults = [None, None, 500]
    with pytest.raises(SourceAwayError):
        landing.land(FEED, DAY)
    port.faults, port.size = [status], cut
    port.entries.append({"entry_id": "E5", "revision": 1})
    port.entries[1] = {"entry_id": "E1", "revision": 2}
    assert len(landing.land(FEED, DAY)) == 1
    assert _ids(warehouse) == ["E0", "E1", "E2", "E3", "E1", "E4", "E5"]
    assert _batches(warehouse) == [("landed", 7, None)], "one pull, one batch"
    told = warehouse.execute("select sum((page ->> 'rows')::int) from ops.batch, jsonb_array_elements(sources) as page")
    assert told.fetchone() == (7,)


def test_a1_what_was_begun_anew_and_broke_off_again_goes_on_where_it_was(port, warehouse, monkeypatch):
    _patience(monkeypatch, 0)
    for faults in ([None, 500], [410, None, None, 500]):
        port.faults = faults
        with pytest.raises(SourceAwayError):
            landing.land(FEED, DAY)
    port.asked.clear()
    landing.land(FEED, DAY)
    assert [asked.get("cursor") for asked in port.asked] == ["4"]
    assert _ids(warehouse) == ["E0", "E1", "E2", "E3", "E4"]


@pytest.mark.parametrize("seed", range(6))
def test_a1_however_a_pull_breaks_off_each_entry_is_received_once(port, warehouse, monkeypatch, seed):
    """Runs that break off anywhere, forgotten cursors, pages cut anew: the server's own list holds."""
    _patience(monkeypatch, 0)
    chance = random.Random(seed)
    port.entries = [{"entry_id": f"E{number}", "revision": 1} for number in range(20)]
    for _ in range(30):
        port.size = chance.randint(1, 6)
        port.faults = [chance.choice([None, None, None, 410, 500, "cut"]) for _ in range(30)]
        with contextlib.suppress(SourceAwayError, PermanentError):
            landing.land(FEED, DAY)
        if _batches(warehouse):
            break
    ((status, received, reason),) = _batches(warehouse)
    ids = _ids(warehouse)
    assert received == len(ids) == len(set(ids)), "nothing doubled"
    if status == "landed":
        assert sorted(ids) == sorted(entry["entry_id"] for entry in port.entries), "nothing lost"
    else:
        assert "cursor" in reason, "given up in so many words"


def test_a1_an_entry_that_one_page_says_twice_is_received_twice(liar, warehouse):
    liar(lambda _: _page([1, 1, 2], None))
    landing.land(FEED, DAY)
    assert _ids(warehouse) == ["E1", "E1", "E2"], "the gate supersedes it: nothing is dropped unseen"


def test_a1_a_server_that_never_knows_its_own_cursors_is_left_after_one_new_beginning(liar):
    server = liar(lambda asked: (410, {}, b"{}") if "cursor" in asked else _page([1], "next"))
    with pytest.raises(PermanentError, match="cursor"):
        landing.land(FEED, DAY)
    assert len(server.asked) == 4


def test_a1_a_server_that_never_knows_its_own_cursors_is_stopped_in_the_end_and_its_entries_listed(liar, warehouse):
    liar(lambda asked: (410, {}, b"{}") if "cursor" in asked else _page([1], "next"))
    for _ in range(client.MOST_ATTEMPTS + 1):
        with pytest.raises(PermanentError, match="cursor"):
            landing.land(FEED, DAY)
    ((status, received, reason),) = _batches(warehouse)
    assert (status, received) == ("rejected", 1)
    assert "cursor" in reason


# ---------------------------------------------------------------- A2: servers that never come to an end


def _cycle(length):
    def says(asked):
        at = int(asked.get("cursor", 0))
        return _page([at], str(at + 1 if at < length else 1))

    return says


def _endlessly(data):
    return lambda asked: {"data": data, "next_cursor": str(int(asked.get("cursor", 0)) + 1)}


def _growing(asked):
    at = int(asked.get("cursor", 0))
    return _page([at], str(at + 1))


@pytest.mark.parametrize(
    ("says", "reason", "most"),
    [
        pytest.param(_cycle(1), "回到已取过", 3, id="A2-cycle-of-1"),
        pytest.param(_cycle(2), "回到已取过", 4, id="A2-cycle-of-2"),
        pytest.param(_cycle(7), "回到已取过", 9, id="A2-cycle-of-7"),
        pytest.param(_endlessly([]), "没有新的记录", 20, id="A2-empty"),
        pytest.param(_endlessly(_entries(1, 2)), "没有新的记录", 21, id="A2-the-same-data"),
        pytest.param(_growing, "STREET_PULL_MAX_PAGES", 40, id="A2-never-ending"),
    ],
)
def test_a2_a_pull_that_would_never_end_is_stopped_and_what_it_brought_is_listed(  # noqa: PLR0913, PLR0917
    liar, warehouse, monkeypatch, says, reason, most
):
    monkeypatch.setenv("STREET_PULL_MAX_BARREN_PAGES", "20")
    monkeypatch.setenv("STREET_PULL_MAX_PAGES", "40")
    server = liar(says)
    with pytest.raises(PermanentError, match=reason):
        landing.land(FEED, DAY)
    assert len(server.asked) <= most
    ((status, received, told),) = _batches(warehouse)
    assert status == "rejected"
    assert reason in told
    distinct = {json.dumps(entry) for asked in server.asked for entry in says(asked)["data"]}
    assert len(set(_ids(warehouse))) == len(distinct)
    assert received <= len(server.asked) * 2
    kept = len(list((settings().street_var / "archive").rglob("pull-*")))
    with pytest.raises(PermanentError, match=reason):
        landing.land(FEED, DAY)
    assert len(_batches(warehouse)) == 1, "the same lie isn't listed twice"
    assert len(list((settings().street_var / "archive").rglob("pull-*"))) == kept


def test_a2_a_cap_on_bytes_stops_a_pull(liar, monkeypatch):
    monkeypatch.setenv("STREET_PULL_MAX_BYTES", "2000")
    server = liar(_growing)
    with pytest.raises(PermanentError, match="STREET_PULL_MAX_BYTES"):
        landing.land(FEED, DAY)
    assert len(server.asked) < 40


def test_a2_what_a_stopped_pull_brought_is_received_once_the_server_is_mended(liar, warehouse):
    server = liar(_cycle(2))
    with pytest.raises(PermanentError):
        landing.land(FEED, DAY)
    server.says = lambda asked: _page([1, 2], None) if asked.get("cursor") else _page([0], "1")
    server.asked.clear()
    assert len(landing.land(FEED, DAY)) == 1
    assert "since" not in server.asked[0], "a stopped pull is none to go on from"
    assert [status for status, _, _ in _batches(warehouse)] == ["rejected", "landed"]
    found = warehouse.execute(f"select entry_id from raw.{FEED} where _batch_id = 2 order by _row_no").fetchall()
    assert [entry_id for (entry_id,) in found] == ["E0", "E1", "E2"]


def test_a2_a_pull_killed_after_it_was_stopped_is_landed_by_the_next(port, warehouse):
    pull = pulls.begin(FEED, DAY - dt.timedelta(days=1), as_of_at(DAY - dt.timedelta(days=1)), None)
    (pull.folder / "page-000001.json").write_bytes(json.dumps(_page([7], "1")).encode())
    (pull.folder / "stopped.txt").write_text("不会结束", encoding="utf-8")
    with pytest.raises(PermanentError, match="不会结束"):
        landing.land(FEED, DAY)
    assert [status for status, _, _ in _batches(warehouse)] == ["rejected", "landed"]
    assert _ids(warehouse) == ["E7", "E0", "E1", "E2", "E3", "E4"]


@pytest.mark.parametrize("poison", [500, 204], ids=["page-that-breaks-the-server", "page-of-another-form"])
def test_a2_pages_that_wait_for_one_that_never_comes_are_listed_the_next_day(port, warehouse, monkeypatch, poison):
    _patience(monkeypatch, 0)
    for day in (DAY, DAY, DAY + dt.timedelta(days=1)):
        assert _batches(warehouse) == [], "the same day it goes on where it was"
        port.faults = [None, poison] if not port.asked else [poison]
        with pytest.raises((SourceAwayError, PermanentError)):
            landing.land(FEED, day)
    ((status, received, reason),) = _batches(warehouse)
    assert (status, received) == ("rejected", 2)
    assert f"{DAY} 起没有取完" in reason
    port.faults.clear()
    landing.land(FEED, DAY + dt.timedelta(days=1))
    found = warehouse.execute(f"select entry_id from raw.{FEED} where _batch_id = 2 order by _row_no").fetchall()
    assert [entry_id for (entry_id,) in found] == ["E0", "E1", "E2", "E3", "E4"]


def test_a_damaged_page_in_the_archive_ends_its_pull_and_holds_no_other(port, warehouse):
    pull = pulls.begin(FEED, DAY - dt.timedelta(days=1), as_of_at(DAY - dt.timedelta(days=1)), None)
    for number, content in ((1, json.dumps(_page([7], "1")).encode()), (2, b'{"data": [{')):
        (pull.folder / f"page-{number:06d}.json").write_bytes(content)
    with pytest.raises(PermanentError, match=r"page-000002\.json 已损坏"):
        landing.land(FEED, DAY)
    assert _ids(warehouse) == ["E7", "E0", "E1", "E2", "E3", "E4"]


# ---------------------------------------------------------------- A3, A6: servers that are busy or away


def test_a3_a_wait_beyond_the_patience_is_left_to_the_next_run_at_once(liar):
    server = liar(lambda _: (429, {"Retry-After": "86400"}, b"{}"))
    began = time.monotonic()
    with pytest.raises(SourceAwayError, match=r"86400 秒.*60 秒的耐心"):
        landing.land(FEED, DAY)
    assert time.monotonic() - began < 20
    assert len(server.asked) == 1


@pytest.mark.parametrize("asks", ["0", "-5", "nan", "0.001", "soon", "Wed, 21 Oct 2015 07:28:00 GMT", "²"])
def test_a3_a_wait_of_nothing_is_at_least_a_second(liar, monkeypatch, asks):
    _patience(monkeypatch, 2.5)
    server = liar(lambda _: (429, {"Retry-After": asks.encode().decode("latin-1")}, b"{}"))
    with pytest.raises(SourceAwayError):
        landing.land(FEED, DAY)
    assert 1 < len(server.asked) <= 3


@pytest.mark.parametrize("asks", ["9" * 300, "inf", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_a3_a_wait_for_ever_is_not_waited_for(asks):
    waits = client._retry_after(asks)
    assert waits is not None
    assert 3600 < waits <= client.LONGEST_ASKED_SECONDS


def test_a3_the_patience_is_the_whole_pulls(liar, monkeypatch):
    _patience(monkeypatch, 3.5)
    count = iter(range(1000))
    server = liar(lambda asked: (503, {}, b"") if next(count) % 2 else _growing(asked))
    with pytest.raises(SourceAwayError, match="HTTP 503"):
        landing.land(FEED, DAY)
    assert len(server.asked) <= 8, "a second of waiting a page, three in all"


def test_a6_a_refused_connection_is_named_within_the_patience(liar, monkeypatch):
    server = liar(_growing)
    server.shutdown()
    server.server_close()
    _patience(monkeypatch, 2)
    began = time.monotonic()
    with pytest.raises(SourceAwayError, match=rf"{FEED}.*接口无人应答.*2 秒的耐心"):
        landing.land(FEED, DAY)
    assert time.monotonic() - began < 15


def test_a6_what_came_while_the_server_was_away_does_not_lie_in_the_future(port, warehouse, monkeypatch):
    """A pull begun in the morning and ended later: its "now" is when its last page came."""
    _patience(monkeypatch, 0)
    today = dt.datetime.now(SHANGHAI).date()
    port.faults = [503]
    with pytest.raises(SourceAwayError):
        landing.land(FEED, today)
    (note,) = (settings().street_var / "archive").rglob("pull.json")
    morning = dt.datetime.now(SHANGHAI) - dt.timedelta(hours=5)
    note.write_text(json.dumps({"started_at": morning.isoformat(), "since": None}))
    landing.land(FEED, today)
    (received_at,) = warehouse.execute("select received_at from ops.batch").fetchone()
    assert received_at > morning + dt.timedelta(hours=4)


def test_an_answer_that_drips_is_cut_off(liar, monkeypatch):
    monkeypatch.setattr(client, "ANSWER_SECONDS", 1.5)
    _patience(monkeypatch, 1)

    def drip(asked):
        raise AssertionError

    server = liar(drip)

    class Dripping(LyingHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(100):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.1)
            except OSError:
                self.close_connection = True

    server.RequestHandlerClass = Dripping
    began = time.monotonic()
    with pytest.raises(SourceAwayError, match="太慢"):
        landing.land(FEED, DAY)
    assert time.monotonic() - began < 8


# ---------------------------------------------------------------- A4: answers of another form


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b'{"data": [' + b"[" * 200_000 + b"]" * 200_000 + b'], "next_cursor": null}', id="A4-nested"),
        pytest.param(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, id="A4-nested-objects"),
        pytest.param(b'{"data": [' + b"[" * 200 + b"]" * 200 + b'], "next_cursor": null}', id="A4-nested-a-little"),
        pytest.param(b"<html><body>\xe7\xbb\xb4\xe6\x8a\xa4</body></html>", id="A4-html"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"data": {}, "next_cursor": null}', id="data-an-object"),
        pytest.param(b'{"data": []}', id="no-cursor"),
        pytest.param(b'{"data": [], "next_cursor": ["1"]}', id="cursor-a-list"),
        pytest.param(b'{"data": [], "next_cursor": "\\ud800"}', id="cursor-half-a-character"),
        pytest.param(json.dumps({"data": [], "next_cursor": "x" * 100_000}).encode(), id="cursor-without-end"),
        pytest.param((302, {"Location": "http://127.0.0.1:9/v1/entries"}, b""), id="redirect"),
        pytest.param((200, {"Content-Encoding": "br"}, b"x"), id="unknown-coding"),
    ],
)
def test_a4_an_answer_of_another_form_is_a_failed_pull_with_a_sentence(liar, warehouse, answer):
    server = liar(lambda _: answer)
    with pytest.raises(PermanentError, match="接口"):
        landing.land(FEED, DAY)
    assert len(server.asked) == 1
    assert _batches(warehouse) == []


@pytest.mark.parametrize("coding", ["gzip", None])
def test_an_answer_too_large_is_cut_off_before_it_is_held(liar, monkeypatch, coding):
    monkeypatch.setenv("STREET_PULL_MAX_ANSWER_BYTES", "100000")
    body = b'{"data": [], "next_cursor": null}' + b" " * 50_000_000
    packed = gzip.compress(body) if coding else body
    liar(lambda _: (200, {"Content-Encoding": coding} if coding else {}, packed))
    with pytest.raises(PermanentError, match="STREET_PULL_MAX_ANSWER_BYTES"):
        landing.land(FEED, DAY)


def test_an_answer_packed_unasked_is_read(liar, warehouse):
    body = gzip.compress(json.dumps(_page([1], None)).encode())
    liar(lambda _: (200, {"Content-Encoding": "gzip"}, body))
    landing.land(FEED, DAY)
    assert _ids(warehouse) == ["E1"]


@pytest.mark.parametrize(("end", "asked"), [("", 1), (None, 1)])
def test_an_empty_cursor_is_the_end(liar, warehouse, end, asked):
    server = liar(lambda _: _page([1], end))
    landing.land(FEED, DAY)
    assert _ids(warehouse) == ["E1"]
    assert len(server.asked) == asked


def test_a_cursor_that_is_a_number_is_asked_for_as_written(liar, warehouse):
    server = liar(lambda asked: _page([2], None) if "cursor" in asked else _page([1], 17))
    landing.land(FEED, DAY)
    assert server.asked[1]["cursor"] == "17"
    assert _ids(warehouse) == ["E1", "E2"]


def test_a_cursor_with_a_nul_neither_stops_the_pull_nor_its_landing(liar, warehouse):
    liar(lambda asked: _page([2], None) if "cursor" in asked else _page([1], "a\0b"))
    landing.land(FEED, DAY)
    assert _ids(warehouse) == ["E1", "E2"]


def test_entries_that_are_no_objects_are_received_all_the_same(liar, warehouse):
    liar(lambda _: {"data": ["E1", 7, None, [1], *_entries(2)], "next_cursor": None})
    landing.land(FEED, DAY)
    assert _ids(warehouse) == [None, None, None, None, "E2"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STREET_BORDER_API_URL", "ftp://port"),
        ("STREET_BORDER_API_URL", "port.invalid/api"),
        ("STREET_BORDER_API_TOKEN", "芝麻"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named_and_not_quoted(port, monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    settings.cache_clear()
    with pytest.raises(PermanentError, match=name) as told:
        landing.land(FEED, DAY)
    assert "芝麻" not in str(told.value)
