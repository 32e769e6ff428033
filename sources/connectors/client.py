"""Ask a paged API for what a pull still lacks: `GET <url><path>?since=&limit=&cursor=` with a bearer token.

Each answer is stored before the next is asked for, in the folder of its pull, so that a pull that was cut off or killed
goes on at the last cursor it has stored, and neither loses nor doubles an entry (docs/rules.md, R-PULL).
"""

import asyncio
import datetime as dt
import time
import zlib
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from hashlib import sha256
from urllib.parse import urlsplit

import httpx

from sources import archive
from sources.connectors import pulls
from sources.connectors.pulls import Pull
from sources.contract import Server
from sources.failures import PermanentError, SourceAwayError
from street.settings import settings

LEAST_WAIT_SECONDS = 1.0
"""Between two tries, whatever the server says."""
LONGEST_WAIT_SECONDS = 30.0
LONGEST_ASKED_SECONDS = 1e9
ANSWER_SECONDS = 30.0
"""How long one answer may take to its last byte."""
MOST_ATTEMPTS = 5
"""How often a pull is begun anew because the server doesn't know its cursor any more."""

# Not the request, the cursor in it is refused: it has expired or the server has forgotten it.
_CURSOR_REFUSED = (400, 404, 409, 410, 412, 416, 422)
_BUSY = (408, 425, 429)


class StoppedError(PermanentError):
    """The server would never come to an end, or what was stored of the pull is damaged: it ends here."""


class _BusyError(Exception):
    """The server asks for patience or the connection broke; `retry_after` in seconds if it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class _CursorRefusedError(Exception):
    """The server doesn't know the cursor."""


@dataclass(frozen=True)
class Api:
    """Where and how to ask: address and token by settings, path and page size by the contract (R-PULL-6)."""

    url: str
    token: str
    path: str
    page_size: int
    url_setting: str
    token_setting: str

    @classmethod
    def of(cls, server: Server) -> "Api":
        """Return the API that a contract names. Raises PermanentError when its settings aren't set."""
        access = settings().access(server.name)
        if access.url is None or access.token is None:
            raise PermanentError(f"没有设置接口地址或令牌：请设置 {access.url_setting} 与 {access.token_setting}")
        token = access.token.get_secret_value()
        path = urlsplit(server.location or "").path.lstrip("/")
        return cls(access.url, token, path, server.page_size, access.url_setting, access.token_setting)


def complete(pull: Pull, api: Api) -> None:
    """Fetch the pages that are still missing, each stored before the next is asked for; nothing if it was stopped.

    Raises:
        SourceAwayError: the server is busy or away for longer than the patience of a pull; its next run goes on.
        StoppedError: the server would never come to an end (R-PULL-3); what was stored stays.
        PermanentError: the server refuses the request, or answers in another form than agreed.
        OSError: the archive can't be written just now.
    """
    if pull.stopped is not None:
        raise StoppedError(pull.stopped)
    if not (api.token.isascii() and api.token.isprintable()):
        raise PermanentError(f"接口令牌含有不能发送的字符：请核对 {api.token_setting}")
    archive.sweep(pull.folder)
    try:
        trail = _Trail.of(pull)
        if not trail.is_done:
            asyncio.run(_go_on(pull, trail, api))
    except StoppedError as error:
        pulls.stop(pull, str(error))
        raise


async def _go_on(pull: Pull, trail: "_Trail", api: Api) -> None:
    patience = _Patience(settings().street_pull_patience_seconds)
    headers = {"Authorization": f"Bearer {api.token}", "Accept-Encoding": "identity"}
    try:
        # A redirect is never followed: it would take the token elsewhere.
        client = httpx.AsyncClient(
            base_url=api.url, headers=headers, timeout=ANSWER_SECONDS, trust_env=False, follow_redirects=False
        )
    except httpx.InvalidURL:
        raise PermanentError(f"接口地址写得不对：请核对 {api.url_setting}") from None
    may_begin_anew = True
    async with client:
        while not trail.is_done:
            trail.check()
            try:
                content = await _patiently(_Asking(client, api, pull.since), trail.cursor, patience)
            except _CursorRefusedError:
                if not may_begin_anew:
                    raise PermanentError("接口两次不认自己给出的 cursor，请联系对方") from None
                may_begin_anew = False
                trail.begin_anew()
                archive.write(pull.folder / f"anew-{_page_name(trail)}", b"")
                continue
            archive.write(pull.folder / _page_name(trail), content)
            trail.add(content)


@dataclass
class _Patience:
    """What is left of the time that one pull may spend waiting for its server."""

    seconds: float
    spent: float = 0.0

    @property
    def left(self) -> float:
        return self.seconds - self.spent


@dataclass
class _Trail:
    """What the pages of a pull have said so far, and by what a server is known that never comes to an end."""

    cursor: str | None = None
    is_done: bool = False
    pages: int = 0
    size: int = 0
    attempts: int = 1
    barren: int = 0
    """Pages since the last that brought something new."""
    asked: set[str] = field(default_factory=set)
    brought: set[bytes] = field(default_factory=set)

    @classmethod
    def of(cls, pull: Pull) -> "_Trail":
        """Follow the stored pages. Raises StoppedError when one of them is damaged."""
        trail = cls()
        anew = {file.name.removeprefix("anew-") for file in pull.folder.glob("anew-*")}
        for path in pull.stored():
            if path.name in anew:
                trail.begin_anew()
            try:
                trail.add(path.read_bytes())
            except ValueError:
                raise StoppedError(f"归档中的 {path.name} 已损坏，本次拉取到此为止") from None
        if _page_name(trail) in anew:
            trail.begin_anew()
        return trail

    def add(self, content: bytes) -> None:
        answer = pulls.parsed(content)
        if self.cursor is not None:
            self.asked.add(self.cursor)
        data = sha256(repr(answer["data"]).encode("utf-8", "surrogatepass")).digest()
        self.barren = 0 if answer["data"] and data not in self.brought else self.barren + 1
        self.brought.add(data)
        self.pages, self.size = self.pages + 1, self.size + len(content)
        # An empty cursor can't be asked for: it is the end.
        self.cursor = answer["next_cursor"] or None
        self.is_done = self.cursor is None

    def begin_anew(self) -> None:
        self.cursor, self.is_done, self.attempts, self.barren = None, False, self.attempts + 1, 0
        self.asked.clear()
        self.brought.clear()

    def check(self) -> None:
        """Raise StoppedError when the server can be seen to never come to an end (docs/rules.md, R-PULL-3)."""
        limits = settings()
        if self.cursor in self.asked:
            raise StoppedError(f"接口的 next_cursor 在第 {self.pages} 页后回到已取过的一页，不会结束，请联系对方")
        if self.barren >= limits.street_pull_max_barren_pages:
            raise StoppedError(f"接口连续 {self.barren} 页没有新的记录却仍说还有，请联系对方")
        if self.pages >= limits.street_pull_max_pages:
            raise StoppedError(
                f"接口已给出 {self.pages} 页仍未结束：若确有这么多，请调大 STREET_PULL_MAX_PAGES，否则联系对方"
            )
        if self.size >= limits.street_pull_max_bytes:
            raise StoppedError(
                f"接口已给出 {self.size} 字节仍未结束：若确有这么多，请调大 STREET_PULL_MAX_BYTES，否则联系对方"
            )
        if self.attempts > MOST_ATTEMPTS:
            raise StoppedError(f"接口 {self.attempts} 次不认自己给出的 cursor，请联系对方")


def _page_name(trail: _Trail) -> str:
    """Return the name of the page that comes next."""
    return f"page-{trail.pages + 1:06d}.json"


@dataclass(frozen=True)
class _Asking:
    """What is the same in each question of a pull."""

    client: httpx.AsyncClient
    api: Api
    since: dt.datetime | None


async def _patiently(asking: _Asking, cursor: str | None, left: _Patience) -> bytes:
    """Fetch one page, as often as the patience allows; only what is spent in vain counts (R-PULL-4)."""
    backing_off = LEAST_WAIT_SECONDS
    while True:
        began = time.monotonic()
        try:
            async with asyncio.timeout(max(min(ANSWER_SECONDS, left.left), LEAST_WAIT_SECONDS)):
                return await _fetch(asking, cursor)
        except TimeoutError:
            busy = _BusyError("接口应答太慢")
        except _BusyError as error:
            busy = error
        wait = max(LEAST_WAIT_SECONDS, backing_off if busy.retry_after is None else busy.retry_after)
        left.spent += time.monotonic() - began + wait
        if left.left <= 0:
            asked = f"，对方要求等待 {busy.retry_after:.0f} 秒" if busy.retry_after else ""
            raise SourceAwayError(f"{busy}{asked}；已超过 {left.seconds:.0f} 秒的耐心，下次运行再试") from None
        await asyncio.sleep(wait)
        backing_off = min(2 * backing_off, LONGEST_WAIT_SECONDS)


async def _fetch(asking: _Asking, cursor: str | None) -> bytes:
    api, since = asking.api, asking.since
    asked = {"since": since.isoformat() if since else None, "limit": str(api.page_size), "cursor": cursor}
    params = {key: value for key, value in asked.items() if value is not None}
    try:
        async with asking.client.stream("GET", api.path, params=params) as answer:
            _check_status(answer, cursor, api)
            content = await _body(answer)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        raise PermanentError(f"接口地址写得不对：请核对 {api.url_setting}") from None
    except httpx.ConnectError:
        raise _BusyError("接口无人应答（连接不上）") from None
    except httpx.TransportError as error:
        raise _BusyError(f"接口连接中断（{type(error).__name__}）") from None
    try:
        pulls.parsed(content)
    except ValueError:
        raise PermanentError("接口应答的格式与约定不符（应为 JSON 的 data 与 next_cursor），请联系对方") from None
    return content


def _check_status(answer: httpx.Response, cursor: str | None, api: Api) -> None:
    """Raise what another status than 200 means: come again, begin anew (R-PULL-2), or give up (R-PULL-5)."""
    status = answer.status_code
    if status == httpx.codes.OK:
        return
    if status in _BUSY or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise _BusyError(f"接口暂时不可用（HTTP {status}）", _retry_after(answer.headers.get("Retry-After")))
    if cursor is not None and status in _CURSOR_REFUSED:
        raise _CursorRefusedError
    if answer.is_redirect:
        raise PermanentError(f"接口要求转到别处（HTTP {status}），不跟随：请核对 {api.url_setting}")
    raise PermanentError(f"接口拒绝了请求（HTTP {status}），请核对地址与令牌")


async def _body(answer: httpx.Response) -> bytes:
    """Return the answer's bytes, unpacked as they come and never more of them than one answer may have (R-PULL-5)."""
    most = settings().street_pull_max_answer_bytes
    coding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if coding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise PermanentError("接口应答的压缩方式与约定不符，请联系对方")
    unpacking = zlib.decompressobj(wbits=47) if coding not in ("identity", "") else None
    content = bytearray()
    try:
        async for chunk in answer.aiter_raw():
            content += unpacking.decompress(chunk, most + 1 - len(content)) if unpacking else chunk
            if len(content) > most:
                raise PermanentError(f"接口的一个应答超过 {most} 字节（STREET_PULL_MAX_ANSWER_BYTES），请联系对方")
    except zlib.error:
        raise _BusyError("接口应答无法解压") from None
    if unpacking and not unpacking.eof:
        raise _BusyError("接口应答的压缩数据不完整")
    return bytes(content)


def _retry_after(header: str | None) -> float | None:
    """Return the seconds that the server asks for, if it does so in a way that can be read."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - dt.datetime.now(dt.UTC)).total_seconds()
        except (TypeError, ValueError):
            return None
    return min(max(0.0, seconds), LONGEST_ASKED_SECONDS)
