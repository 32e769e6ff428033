"""Deliveries that are pulled page by page: `GET {base}/v1/entries?since=&limit=&cursor=` with a bearer token.

Each answer is stored before the next is asked for, in a folder of its pull, so that a pull that was cut off or killed
goes on at the last cursor it has stored, and neither loses nor doubles an entry.
"""

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from sources import archive
from sources.failures import PassingError, PermanentError
from sources.readers import pages

PAGE_SIZE = 500
PATIENCE_SECONDS = 300.0
"""How long one page is asked for before the pull is left for the next run."""
FIRST_WAIT_SECONDS = 0.2
LONGEST_WAIT_SECONDS = 30.0
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class Pull:
    """One pull: its folder in the archive, the run's "now" when it began, and from when on it asked."""

    folder: Path
    business_date: dt.date
    started_at: dt.datetime
    since: dt.datetime | None

    @property
    def name(self) -> str:
        """What `ops.batch.sources` calls the pull."""
        return self.folder.name

    def stored(self) -> list[Path]:
        """The pages stored so far, in the order served."""
        return sorted(self.folder.glob("page-*.json"))

    def cursors(self) -> tuple[str | None, bool]:
        """The cursor to go on at (none: from the beginning), and whether the last page has been stored."""
        stored = self.stored()
        if not stored:
            return None, False
        following = pages.page(stored[-1].read_bytes())["next_cursor"]
        return following, following is None


class BusyError(PassingError):
    """The server asks for patience (429, 5xx) or the connection broke; `retry_after` in seconds if it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


def begin(feed: str, business_date: dt.date, started_at: dt.datetime, since: dt.datetime | None) -> Pull:
    """Open the folder of a new pull in the archive.

    Raises:
        OSError: the archive can't be written just now.
    """
    day = archive.folder(feed, business_date)
    number = 1 + len(list(day.glob("pull-*")))
    folder = day / f"pull-{number:04d}"
    folder.mkdir(mode=0o700)
    facts = {"started_at": started_at.isoformat(), "since": since.isoformat() if since else None}
    archive.write(folder / "pull.json", json.dumps(facts).encode())
    return Pull(folder, business_date, started_at, since)


def pulls(var: Path, feed: str) -> list[Pull]:
    """Every pull that was ever begun for a feed, oldest first."""
    found = []
    for file in sorted((var / "archive" / feed).glob("*/pull-*/pull.json")):
        facts = json.loads(file.read_bytes())
        since = facts["since"]
        found.append(
            Pull(
                file.parent,
                dt.date.fromisoformat(file.parent.parent.name),
                dt.datetime.fromisoformat(facts["started_at"]),
                dt.datetime.fromisoformat(since) if since else None,
            )
        )
    return found


def discard(pull: Pull) -> None:
    """Remove a pull that brought nothing new."""
    shutil.rmtree(pull.folder)


def complete(pull: Pull, base_url: str, token: str, *, patience: float = PATIENCE_SECONDS) -> None:
    """Fetch the pages that are still missing, each stored before the next is asked for.

    Raises:
        PassingError: the server is busy or away for longer than `patience` seconds a page; call again later.
        PermanentError: the server refuses the request, or answers in another form than agreed.
    """
    cursor, done = pull.cursors()
    with httpx.Client(
        base_url=base_url, headers={"Authorization": f"Bearer {token}"}, timeout=TIMEOUT_SECONDS, trust_env=False
    ) as client:
        while not done:
            retrying = Retrying(
                retry=retry_if_exception_type(BusyError), stop=stop_after_delay(patience), wait=_wait, reraise=True
            )
            content = retrying(_fetch, client, pull.since, cursor)
            number = len(pull.stored()) + 1
            following = pages.page(content)["next_cursor"]
            if following is not None and following == cursor:
                raise PermanentError("接口返回的 next_cursor 不再前进,请联系对方")
            archive.write(pull.folder / f"page-{number:06d}.json", content)
            cursor, done = following, following is None


def _fetch(client: httpx.Client, since: dt.datetime | None, cursor: str | None) -> bytes:
    asked = {"since": since.isoformat() if since else None, "limit": str(PAGE_SIZE), "cursor": cursor}
    try:
        answer = client.get("v1/entries", params={key: value for key, value in asked.items() if value is not None})
    except httpx.TransportError as error:
        raise BusyError(f"接口连接中断({type(error).__name__})") from None
    except httpx.DecodingError:
        raise BusyError("接口应答无法解压") from None
    status = answer.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise BusyError(f"接口暂时不可用(HTTP {status})", _retry_after(answer.headers.get("Retry-After")))
    if status != httpx.codes.OK:
        raise PermanentError(f"接口拒绝了请求(HTTP {status}),请核对地址与令牌")
    try:
        pages.page(answer.content)
    except ValueError:
        raise PermanentError("接口应答的格式与约定不符(应为 data 与 next_cursor)") from None
    return answer.content


def _retry_after(header: str | None) -> float | None:
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        wait = parsedate_to_datetime(header) - dt.datetime.now(dt.UTC)
    except (TypeError, ValueError):
        return None
    return max(0.0, wait.total_seconds())


_backing_off = wait_exponential_jitter(
    multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS, jitter=FIRST_WAIT_SECONDS
)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, BusyError) and error.retry_after is not None:
        return error.retry_after
    return _backing_off(state)
