"""What the office itself asks: how the feeds stand, and who has looked at whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from board.pages.base import Asked, Published, rows, signed_in, without_persons
from board.pages.entrance import LOOKS
from board.rendering import part
from street.trace import in_file

if TYPE_CHECKING:
    from psycopg import AsyncConnection
    from psycopg.rows import DictRow
    from starlette.responses import Response

_PAGE = 200
_MANY = 100
_NEIGHBOURS = 4
_HOURS = (7, 21)


@signed_in
async def health(asked: Asked) -> Response:
    """Return the feeds of the day: when each came, how many rows, which rules rows broke; the street may trace a
    key.
    """

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        feeds = await rows(connection, "select * from marts.feed_health where business_date = as_of order by feed")
        checks = await rows(
            connection,
            "select * from marts.feed_check where severity <> 'note'"
            " order by feed, batch_id, severity = 'flag', failed_rows desc, rule",
        )
        return "数据来源\n" + part(
            "health.html", now=now, feeds=feeds, checks=checks, may_trace=asked.viewer.sees_all_persons
        )

    return await without_persons(asked, draw)


@signed_in
async def trace(asked: Asked) -> Response:
    """Return where the records behind a key stand: feed, batch, file and row, never what stands there (R-BOARD-7).

    For the street's accounts alone: 403 for any other, 404 where no record has the key.
    """
    key = asked.request.query_params.get("key", "").strip()[:64]
    if not asked.viewer.sees_all_persons:
        raise HTTPException(403, "只有街道账户可以追溯来源。")
    async with asked.board.database.as_board() as connection:
        found = await rows(connection, "select * from ops.trace_key(%s, %s)", asked.viewer.token, key)
    if not found:
        raise HTTPException(404)
    await asked.look("trace", [key], len({row["person_key"] for row in found} - {None}))
    records = [
        (row["title_zh"], row["batch_id"], row["business_date"], *in_file(row["sources"], row["row_no"]))
        for row in found
    ]
    return asked.page("追溯来源", part("trace.html", key=key, records=records))


@signed_in
async def looks(asked: Asked) -> Response:
    """Return every look at persons, newest first, what stands out of each day, and who needs no board (R-BOARD-4,
    R-PRIV-10).

    For the auditor.
    """
    account = asked.request.query_params.get("account") or None
    before = asked.request.query_params.get("before", "")
    async with asked.board.database.as_role(asked.viewer.role_name) as connection:
        found = await rows(
            connection,
            "select * from audit.access where (%s::text is null or account = %s) and access_id < %s"
            " order by access_id desc limit %s",
            account, account, int(before) if before.isdigit() else 2**62, _PAGE,
        )  # fmt: skip
        many = await rows(
            connection,
            "select date(looked_at) as day, account, count(*) as looks, cast(sum(persons) as integer) as persons"
            " from audit.access where looked_at > now() - interval '14 days' group by 1, 2"
            " having count(*) > %s order by 1 desc, 3 desc",
            _MANY,
        )  # fmt: skip
        outside = await rows(
            connection,
            "select date(looked_at) as day, account, count(*) as looks from audit.access"
            " where looked_at > now() - interval '14 days'"
            " and not extract(hour from looked_at) between %s and %s group by 1, 2 order by 1 desc, 3 desc",
            _HOURS[0], _HOURS[1] - 1,
        )  # fmt: skip
        one_door = await rows(
            connection,
            "select date(looked_at) as day, keys[1] as key, count(distinct account) as accounts from audit.access"
            " where what = 'dwelling' and looked_at > now() - interval '14 days' group by 1, 2"
            " having count(distinct account) >= %s order by 1 desc, 3 desc",
            _NEIGHBOURS,
        )  # fmt: skip
        direct = await rows(
            connection,
            "select role_name, persons_until, reason, granted_by,"
            " persons_until < date(now() at time zone 'Asia/Shanghai') as is_over from ops.access_grant"
            " where persons_until is not null order by persons_until, role_name",
        )
    main = part(
        "looks.html", looks=found, direct=direct, names=LOOKS, many=many, outside=outside, one_door=one_door,
        limit=_MANY, accounts=_NEIGHBOURS, hours=_HOURS, account=account,
        more=found[-1]["access_id"] if len(found) == _PAGE else None,
    )  # fmt: skip
    return asked.page("查阅记录", main)
