"""Pages as text: the frame around each, and the answers that a browser may keep.

A page without persons is kept by the browser and asked for again with its ETag: the published version, the account, and
this code. Its middle part is drawn once a version for each role: the role is part of the key, so that what row
security hides from one is never taken from what another has seen.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from board.wording import date_zh, plain, time_zh

if TYPE_CHECKING:
    from starlette.requests import Request

    from board.session import Viewer

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_DRAWINGS = 4_000
_MEMORY = 64 * 2**20


def _code() -> str:
    """Return a mark of this package's files: another one, and no browser takes its old pages for new ones."""
    digest = hashlib.sha256()
    for file in sorted(_HERE.rglob("*")):
        if file.suffix in (".py", ".html", ".css", ".js", ".svg"):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:10]


CODE = _code()
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_ENVIRONMENT.filters.update(plain=plain, date_zh=date_zh, time_zh=time_zh)
_ENVIRONMENT.globals.update(code=CODE)


class Drawings:
    """The middle parts of pages without persons, by (version, role, address); the longest unused go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, str, str], str] = OrderedDict()
        self._size = 0

    def get(self, key: tuple[int, str, str]) -> str | None:
        """Return what is kept under the key."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: tuple[int, str, str], drawn: str) -> None:
        """Keep a drawing, and forget the longest unused for it."""
        self._size += len(drawn) - len(self._kept.get(key, ""))
        self._kept[key] = drawn
        while len(self._kept) > _DRAWINGS or self._size > _MEMORY:
            self._size -= len(self._kept.popitem(last=False)[1])


def part(template: str, **told: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """Return the middle part of a page."""
    return _ENVIRONMENT.get_template(template).render(**told)


def framed(  # noqa: PLR0913 - each is a word about one page
    request: Request, viewer: Viewer | None, title: str, main: str, *, status: int = 200, wall: bool = False
) -> HTMLResponse:
    """Return the whole page. `title` holds no value of a person: it stands in the browser's history."""
    text = _ENVIRONMENT.get_template("frame.html").render(
        title=title,
        main=Markup(main),  # noqa: S704 - a part of ours, escaped when it was made
        viewer=viewer,
        path=request.url.path,
        wall=wall,
    )
    return HTMLResponse(text, status)


def kept(request: Request, viewer: Viewer, version: int) -> tuple[str, Response | None]:
    """Return the ETag of a page without persons, and the answer 304 where the browser has that very page."""
    mark = hashlib.sha256(f"{version} {viewer.account} {viewer.role_name} {request.url} {CODE}".encode()).hexdigest()
    etag = f'W/"{mark[:20]}"'
    if etag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
        return etag, Response(status_code=304, headers=keeping(etag))
    return etag, None


def keeping(etag: str) -> dict[str, str]:
    """Return the headers of a page that a browser keeps for itself and asks about each time."""
    return {"etag": etag, "cache-control": "private, no-cache", "vary": "Cookie"}
