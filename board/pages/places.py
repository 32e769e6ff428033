"""The street, a committee, a compound, a building: counts alone, nobody's name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from board.drawing.elevation import BADGES, elevation, figure
from board.drawing.street_map import Area, street_map
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


@dataclass(frozen=True)
class Layer:
    """What the map can be coloured by: a column of its compounds' rows."""

    column: str
    title: str
    unit: str


LAYERS = (
    Layer("isolating", "居家隔离", "人"),
    Layer("living_alone_elderly", "独居老人", "人"),
    Layer("elderly", "老人", "人"),
    Layer("open_duties", "待办事项", "项"),
    Layer("vacant", "空置户", "户"),
)

#: Figures of governance_daily that head a page.
_HEADLINES = (
    ("isolating", "居家隔离中", "人"), ("newly_isolating", "今日新增隔离", "人"), ("released", "今日解除隔离", "人"),
    ("arrivals", "今日抵沪", "人"), ("duties_due", "今日应办", "项"), ("living_alone_elderly", "独居老人", "人"),
    ("residents", "在册居民", "人"), ("unresolved", "待核实", "条"),
)  # fmt: skip

_COMPOUNDS = (
    "select overview.*, level.colour_hex, coalesce(duty.open_duties, 0) as open_duties"
    " from marts.compound_overview as overview"
    " left join marts.dim_level as level on overview.level = level.level"
    " left join (select compound_key, committee_code, cast(sum(open_duties) as integer) as open_duties"
    "  from marts.building_overview group by compound_key, committee_code) as duty"
    "  on overview.compound_key = duty.compound_key and overview.committee_code = duty.committee_code"
)


@signed_in
async def street(asked: Asked) -> Response:
    """The map; `?layer=` colours it by another figure, `?wall=1` is the wall screen."""
    if asked.viewer.is_auditor:
        return RedirectResponse("/looks", 303)
    named = asked.request.query_params.get("layer", "isolating")
    layer = next((each for each in LAYERS if each.column == named), LAYERS[0])
    wall = asked.request.query_params.get("wall") == "1"

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        compounds = await rows(connection, _COMPOUNDS)
        levels = await rows(connection, "select * from marts.dim_level order by sort_order")
        buildings = await rows(
            connection,
            "select compound_key, committee_code, lane, longitude, latitude from marts.building_overview"
            " where longitude is not null and latitude is not null",
        )
        steps = _steps([row[layer.column] for row in compounds]) if layer is not LAYERS[0] else []
        picture = street_map(_areas(compounds, buildings, layer, steps))
        ranked = sorted(compounds, key=lambda row: (-(row[layer.column] or 0), row["compound_name"] or ""))
        health = await rows(
            connection,
            "select title_zh, status, status_zh from marts.feed_health where business_date = as_of order by feed",
        )
        return "街道总览\n" + part(
            "street.html", now=now, picture=picture, layers=LAYERS, layer=layer, steps=steps, levels=levels,
            headlines=await _headlines(connection, asked), ranked=ranked[: 8 if wall else 14], health=health, wall=wall,
            committees=await rows(
                connection, "select committee_code, committee_name from marts.dim_committee where committee_code in"
                " (select committee_code from marts.compound_overview) order by sort_order",
            ),
        )  # fmt: skip

    return await without_persons(asked, draw, wall=wall)


@signed_in
async def committee(asked: Asked) -> Response:
    """A committee: its figures, its compounds, the course of 14 days."""
    code = asked.key("code")

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        compounds = await rows(
            connection, _COMPOUNDS + " where overview.committee_code = %s order by overview.isolating desc,"
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
            headlines=await _headlines(connection, asked, code),
            course=trend([(row["business_date"], row["isolating"]) for row in days], "近14天居家隔离人数"),
        )  # fmt: skip

    return await without_persons(asked, draw)


@signed_in
async def compound(asked: Asked) -> Response:
    """A compound: its figures, its buildings as tiles, the course of 14 days."""
    key = asked.key()

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        parts = await rows(connection, _COMPOUNDS + " where overview.compound_key = %s order by committee_code", key)
        if not parts:
            raise HTTPException(404)
        buildings = await rows(connection, "select * from marts.building_overview where compound_key = %s", key)
        days = await rows(
            connection, "select business_date, cast(sum(isolating) as integer) as isolating from marts.compound_daily"
            " where compound_key = %s and business_date > %s - %s group by business_date order by business_date",
            key, now.as_of, _TREND_DAYS,
        )  # fmt: skip
        name = _name(parts[0])
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


def _name(row: Row) -> str:
    return str(row["compound_name"] or "沿街房屋")


def _neighbours(ordered: Sequence[Row], key: str) -> tuple[Row | None, Row | None]:
    at = next(at for at, row in enumerate(ordered) if row["building_key"] == key)
    return (ordered[at - 1] if at else None), (ordered[at + 1] if at + 1 < len(ordered) else None)


async def _tag_colours(connection: AsyncConnection[DictRow]) -> dict[str, str]:
    found = await rows(connection, "select tag, colour_hex from marts.dim_tag")
    return {row["tag"]: row["colour_hex"] for row in found}


async def _headlines(
    connection: AsyncConnection[DictRow], asked: Asked, code: str | None = None
) -> list[tuple[str, str, str]]:
    """(title, figure, unit) of today: of a committee, else of the street, else of the viewer's own committee."""
    found = await rows(
        connection,
        "select * from marts.governance_daily where business_date = as_of and (committee_code = %s"
        " or (%s::text is null and row_kind = 'street'))",
        code or asked.viewer.committee_code, code or asked.viewer.committee_code,
    )  # fmt: skip
    return [(title, plain(found[0][column]), unit) for column, title, unit in _HEADLINES] if found else []


def _steps(figures: Sequence[int | None]) -> list[int]:
    """Return where the five shades of a layer end: a fifth of the compounds that have any in each, ties together."""
    known = sorted(figure for figure in figures if figure)
    return sorted({known[min(len(known) - 1, len(known) * fifth // 5)] for fifth in range(1, 6)}) if known else []


def _areas(compounds: Sequence[Row], buildings: Sequence[Row], layer: Layer, steps: Sequence[int]) -> list[Area]:
    stand: dict[tuple[str, str], list[tuple[float, float]]] = {}
    outside = set()
    for row in buildings:
        which = (row["compound_key"], row["committee_code"])
        stand.setdefault(which, []).append((row["longitude"], row["latitude"]))
        if row["lane"] is None:
            outside.add(which)
    areas = []
    for row in compounds:
        which = (row["compound_key"], row["committee_code"])
        points = stand.get(which)
        if not points:
            continue
        count = row[layer.column]
        if layer is LAYERS[0]:
            level, word = row["level"], f"，{row['level_zh']}"
        else:
            level, word = f"shade{sum(1 for step in steps if count and count > step) + 1 if count else 0}", ""
        said = f"{_name(row)} {layer.title}{plain(count)}{layer.unit if count is not None else ''}{word}"
        areas.append(
            Area(row["compound_key"], _name(row), points, count or None, level, said, along_roads=which in outside)
        )
    return areas
