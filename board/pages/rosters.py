"""一键整理: a ledger on the screen or as a workbook, and a department's own form filled (R-BOARD-6)."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio.to_thread
from psycopg.rows import tuple_row
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from board.pages.base import Asked, published, rows, signed_in
from board.rendering import part
from reports import ledger_book
from reports.ledger import Ledger, LedgerError, ledger, ledgers
from street.settings import SHANGHAI

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHOWN = 200
_MOST = 100_000
_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@signed_in
async def catalogue(asked: Asked) -> Response:
    """Return every ledger, by what it is about."""
    _may(asked)
    groups: dict[str, list[Ledger]] = {}
    for each in ledgers().values():
        groups.setdefault(each.subject.title_zh, []).append(each)
    return asked.page("台账", part("rosters.html", groups=groups))


@signed_in
async def roster(asked: Asked) -> Response:
    """Ask for a ledger; what is asked travels in the request's body, not in its address."""
    _may(asked)
    try:
        chosen = ledger(asked.key("name"))
    except LedgerError:
        raise HTTPException(404) from None
    if asked.request.method == "GET":
        return await _page(asked, chosen, {}, status=200)
    form = await asked.request.form(max_files=1, max_part_size=6 * 2**20)
    told = {name: str(form.get(name, "")).strip()[:500] for name in ("narrower", "committee", "reason", "do")}
    needs_reason = asked.viewer.committee_code is None
    if needs_reason and len(told["reason"]) < 2:
        return await _page(asked, chosen, told, said="请写明用途：会与查阅记录一起留存。", status=422)
    sent = form.get("form")
    try:
        filled = None
        if told["do"] == "form":
            content = await sent.read() if isinstance(sent, UploadFile) else b""
            filled = await anyio.to_thread.run_sync(ledger_book.read_form, content, chosen.subject)
        columns = tuple(dict.fromkeys(filled.columns.values())) if filled else ()
        query = chosen.query(columns, told["narrower"], told["committee"] or None)
    except LedgerError as error:
        return await _page(asked, chosen, told, said=str(error), status=422)
    async with asked.board.database.as_role(asked.viewer.role_name) as connection:
        now = await published(connection)
        cursor = connection.cursor(row_factory=tuple_row)
        found: Sequence[tuple[Any, ...]] = await (await cursor.execute(query.encode())).fetchmany(_MOST)
        names = [column.name for column in cursor.description or ()]
    keys = [key for key in (chosen.name, told["committee"], told["narrower"]) if key]
    persons = len({row[-1] for row in found} - {None}) if chosen.subject.person else len(found)
    number = await asked.look("ledger", keys, persons, told["reason"])
    origin = ledger_book.Origin(asked.viewer.account, dt.datetime.now(SHANGHAI), told["reason"], number, now.as_of)
    if filled is not None:
        dicts = [dict(zip(names, row, strict=True)) for row in found]
        content = await anyio.to_thread.run_sync(ledger_book.fill, filled, dicts, origin)
        return _file(content, f"{chosen.title_zh}-已填写")
    if told["do"] == "workbook":
        content = await anyio.to_thread.run_sync(
            ledger_book.workbook, chosen.title_zh, chosen.columns, [row[:-1] for row in found], origin
        )
        return _file(content, f"{chosen.title_zh}-{now.as_of:%Y%m%d}")
    return await _page(asked, chosen, told, found=found, status=200)


async def _page(
    asked: Asked,
    chosen: Ledger,
    told: Mapping[str, str],
    *,
    status: int,
    **shown: Any,  # noqa: ANN401
) -> Response:
    """Answer the page of a ledger; `shown` may hold its rows (`found`) or what is wrong (`said`)."""
    found: Sequence[tuple[Any, ...]] | None = shown.get("found")
    committees: Sequence[Mapping[str, Any]] = ()
    if asked.viewer.committee_code is None:
        async with asked.board.database.as_role(asked.viewer.role_name) as connection:
            committees = await rows(
                connection, "select committee_code, committee_name from marts.dim_committee"
                " where row_kind = 'committee' order by sort_order",
            )  # fmt: skip
    main = part(
        "roster.html", ledger=chosen, told={"narrower": "", "committee": "", "reason": "", **told},
        said=shown.get("said", ""), committees=committees, found=None if found is None else found[:_SHOWN],
        count=len(found or ()), needs_reason=asked.viewer.committee_code is None, shown=_SHOWN,
    )  # fmt: skip
    return asked.page(chosen.title_zh, main, status=status)


def _may(asked: Asked) -> None:
    if not asked.viewer.sees_persons:
        raise HTTPException(403, "您的角色不能查看台账。")


def _file(content: bytes, name: str) -> Response:
    disposition = f"attachment; filename=ledger.xlsx; filename*=UTF-8''{quote(name)}.xlsx"
    return Response(content, media_type=_WORKBOOK, headers={"content-disposition": disposition})
