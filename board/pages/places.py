"""A committee, a compound, a building: counts alone, nobody's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from board.drawing.elevation import BADGES, elevation, figure
from board.drawing.trend import trend
from board.pages.base import Asked, Published, rows, signed_in, without_persons
from board.rendering import part
from board.wording import plain

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import DictRow
    from starlette.responses import Response

    Row = Mapping[str, Any]

_TREND_DAYS = 14


#: Figures of governance_daily that head a page.
_HEADLINES = (
    ("isolating", "居家隔离中", "人"), ("newly_isolating", "今日新增隔离", "人"), ("released", "今日解除隔离", "人"),
    ("arrivals", "今日抵沪", "人"), ("duties_due", "今日应办", "项"), ("living_alone_elderly", "独居老人", "人"),
    ("residents", "在册居民", "人"), ("unresolved", "待核实", "条"),
)  # fmt: skip

COMPOUNDS = (
    "select overview.*, level.colour_hex, coalesce(duty.open_duties, 0) as open_duties"
    " from marts.compound_overview as overview"
    " left join marts.dim_level as level on overview.level = level.level"
    " left join (select compound_key, committee_code, cast(sum(open_duties) as integer) as open_duties"
    "  from marts.building_overview group by compound_key, committee_code) as duty"
    "  on overview.compound_key = duty.compound_key and overview.committee_code = duty.committee_code"
)


@signed_in
async def committee(asked: Asked) -> Response:
    """Return a committee: its figures, its compounds, the course of 14 days."""
    code = asked.key("code")

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        compounds = await rows(
            connection, COMPOUNDS + " where overview.committee_code = %s order by overview.isolating desc,"
            " overview.compound_name", code,
        )  # fmt: skip
        if not compounds:
            raise HTTPException(404)
        days = await rows(
            connection, "select business_date, isolating from marts.governance_daily where committee_code = %s"
            " and business_date > %s - %s order by business_date", code, now.as_of, _TREND_DAYS,
        )  # fmt: skip
        name = compounds[0]["committee_name"]
        return f"{name}\n" + part(
            "committee.html", now=now, name=name, compounds=compounds,
            headlines=await headlines(connection, asked, code),
            course=trend([(row["business_date"], row["isolating"]) for row in days], "近14天居家隔离人数"),
        )  # fmt: skip

    return await without_persons(asked, draw)


@signed_in
async def compound(asked: Asked) -> Response:
    """Return a compound: its figures, its buildings as tiles, the course of 14 days."""
    key = asked.key()

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        parts = await rows(connection, COMPOUNDS + " where overview.compound_key = %s order by committee_code", key)
        if not parts:
            raise HTTPException(404)
        buildings = await rows(connection, "select * from marts.building_overview where compound_key = %s", key)
        days = await rows(
            connection, "select business_date, cast(sum(isolating) as integer) as isolating from marts.compound_daily"
            " where compound_key = %s and business_date > %s - %s group by business_date order by business_date",
            key, now.as_of, _TREND_DAYS,
        )  # fmt: skip
        name = name_of(parts[0])
        return f"{name}\n" + part(
            "compound.html", now=now, name=name, parts=parts, badges=BADGES, colours=await _tag_colours(connection),
            buildings=sorted(buildings, key=lambda row: natural(row["building_no"])),
            course=trend([(row["business_date"], row["isolating"]) for row in days], "近14天居家隔离人数"),
        )  # fmt: skip

    return await without_persons(asked, draw)


@signed_in
async def building(asked: Asked) -> Response:
    """一楼一图: the elevation of a building."""
    key = asked.key()

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        dwellings = await rows(connection, "select * from marts.building_view where building_key = %s", key)
        found = await rows(connection, "select * from marts.building_overview where building_key = %s", key)
        if not dwellings or not found:
            raise HTTPException(404)
        colours = await _tag_colours(connection)
        kinds = await rows(
            connection,
            "select colour, colour_zh from marts.release_curve group by colour, colour_zh"
            " order by array_position(array['orange', 'yellow', 'blue'], colour)",
        )
        beside = await rows(
            connection,
            "select building_key, building_no from marts.building_overview where compound_key = %s",
            found[0]["compound_key"],
        )
        before, after = _neighbours(sorted(beside, key=lambda row: natural(row["building_no"])), key)
        return f"{found[0]['building_name']}\n" + part(
            "building.html", now=now, building=found[0], picture=elevation(dwellings, colours), badges=BADGES,
            colours=colours, figure=figure, before=before, after=after, kinds=kinds,
            has_inferred=any(row["floor"] is None for row in dwellings),
        )  # fmt: skip

    return await without_persons(asked, draw)


def natural(text: str | None) -> tuple[tuple[int, str], ...]:
    """Return a key that sorts 2, 10, 10A, A as people do."""
    return tuple(
        (int(digits or 0) if digits else 10**9, other) for digits, other in re.findall(r"(\d+)|(\D+)", text or "")
    )


def name_of(row: Row) -> str:
    """Return what people call a compound."""
    return str(row["compound_name"] or "沿街房屋")


def _neighbours(ordered: Sequence[Row], key: str) -> tuple[Row | None, Row | None]:
    at = next(at for at, row in enumerate(ordered) if row["building_key"] == key)
    return (ordered[at - 1] if at else None), (ordered[at + 1] if at + 1 < len(ordered) else None)


async def _tag_colours(connection: AsyncConnection[DictRow]) -> dict[str, str]:
    found = await rows(connection, "select tag, colour_hex from marts.dim_tag")
    return {row["tag"]: row["colour_hex"] for row in found}


async def headlines(
    connection: AsyncConnection[DictRow], asked: Asked, code: str | None = None
) -> list[tuple[str, str, str]]:
    """Return (title, figure, unit) of today: of a committee, else of the street, else of the viewer's own committee."""
    found = await rows(
        connection,
        "select * from marts.governance_daily where business_date = as_of and (committee_code = %s"
        " or (%s::text is null and row_kind = 'street'))",
        code or asked.viewer.committee_code, code or asked.viewer.committee_code,
    )  # fmt: skip
    return [(title, plain(found[0][column]), unit) for column, title, unit in _HEADLINES] if found else []
