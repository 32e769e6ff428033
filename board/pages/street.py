"""The street as a map: each compound coloured by a layer, a figure in each; nobody's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from board.drawing.street_map import Area, street_map
from board.pages.base import Asked, Published, rows, signed_in, without_persons
from board.pages.places import COMPOUNDS, headlines, name_of
from board.rendering import part
from board.wording import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import DictRow
    from starlette.responses import Response

    from board.pages.places import Row


@dataclass(frozen=True)
class Layer:
    """What the map can be coloured by: a column of its compounds' rows, by levels or by shades."""

    column: str
    title: str
    unit: str
    by_level: bool = False


_ISOLATING = Layer("isolating", "居家隔离", "人", by_level=True)
_COUNTS = (
    Layer("living_alone_elderly", "独居老人", "人"), Layer("elderly", "老人", "人"),
    Layer("open_duties", "待办事项", "项"), Layer("vacant", "空置户", "户"),
)  # fmt: skip
_UNRESOLVED = Layer("unresolved", "待核实", "条")


@signed_in
async def street(asked: Asked) -> Response:
    """Return the map; `?layer=` colours it by another figure or a running scenario, `?wall=1` is the wall screen."""
    if asked.viewer.is_auditor:
        return RedirectResponse("/looks", 303)
    wall = asked.request.query_params.get("wall") == "1"

    async def draw(connection: AsyncConnection[DictRow], now: Published) -> str:
        layers = await _layers(connection, sees_persons=asked.viewer.sees_persons)
        named = asked.request.query_params.get("layer")
        layer = next((each for each in layers if each.column == named), layers[0])
        compounds = await _compounds(connection, layer)
        steps = [] if layer.by_level else _steps([row[layer.column] for row in compounds])
        ranked = sorted(compounds, key=lambda row: (-(row[layer.column] or 0), row["compound_name"] or ""))
        return "街道总览\n" + part(
            "street.html", now=now, layers=layers, layer=layer, steps=steps, wall=wall,
            ranked=ranked[: 8 if wall else 14],
            picture=street_map(_areas(compounds, await _buildings(connection), layer, steps)),
            levels=await rows(connection, "select * from marts.dim_level order by sort_order"),
            headlines=await headlines(connection, asked),
            health=await rows(
                connection,
                "select title_zh, status, status_zh from marts.feed_health where business_date = as_of order by feed",
            ),
            committees=await rows(
                connection, "select committee_code, committee_name from marts.dim_committee where committee_code in"
                " (select committee_code from marts.compound_overview) order by sort_order",
            ),
        )  # fmt: skip

    return await without_persons(asked, draw, wall=wall)


async def _layers(connection: AsyncConnection[DictRow], *, sees_persons: bool) -> list[Layer]:
    """Return what the map can be coloured by today: the epidemic's own, each other running scenario's, counts."""
    running = await rows(
        connection,
        "select scenario, title_zh from marts.scenario where state = 'running' and scenario <> 'epidemic'"
        " order by scenario",
    )
    scenarios = [Layer(row["scenario"], row["title_zh"], "人", by_level=True) for row in running]
    return [_ISOLATING, *scenarios, *_COUNTS, *([_UNRESOLVED] if sees_persons else [])]


async def _compounds(connection: AsyncConnection[DictRow], layer: Layer) -> list[Row]:
    """Return the compounds, each with the layer's figure under its name, and the level where it has levels."""
    compounds = await rows(connection, COMPOUNDS)
    if layer in (_ISOLATING, *_COUNTS):
        return list(compounds)
    if layer is _UNRESOLVED:
        told = await rows(
            connection,
            "select compound_key, committee_code, count(*) as unresolved from marts.unresolved"
            " where compound_key is not null group by compound_key, committee_code",
        )
    else:
        told = await rows(
            connection,
            "select compound_key, committee_code, population, level, level_zh from marts.scenario_compound"
            " where scenario = %s",
            layer.column,
        )
    of = {(row["compound_key"], row["committee_code"]): row for row in told}
    nothing = {"unresolved": 0, "population": 0, "level": "none", "level_zh": ""}
    found: list[Row] = []
    for row in compounds:
        here = {**nothing, **of.get((row["compound_key"], row["committee_code"]), {})}
        figure = here["unresolved"] if layer is _UNRESOLVED else here["population"]
        found.append({**row, layer.column: figure, "level": here["level"], "level_zh": here["level_zh"]})
    return found


async def _buildings(connection: AsyncConnection[DictRow]) -> Sequence[Row]:
    return await rows(
        connection,
        "select compound_key, committee_code, lane, longitude, latitude from marts.building_overview"
        " where longitude is not null and latitude is not null",
    )


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
        if which not in stand:
            continue
        count = row[layer.column]
        if layer.by_level:
            level, word = row["level"], f"，{row['level_zh']}"
        else:
            level, word = f"shade{sum(1 for step in steps if count and count > step) + 1 if count else 0}", ""
        said = f"{name_of(row)} {layer.title}{plain(count)}{layer.unit if count is not None else ''}{word}"
        along = which in outside
        areas.append(Area(which[0], name_of(row), stand[which], count or None, level, said, along_roads=along))
    return areas
