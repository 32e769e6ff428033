"""The map of the street: each compound an outline that is a link, coloured by a level, with its number written in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from board.drawing.outline import Point, centre, outline

if TYPE_CHECKING:
    from collections.abc import Sequence

_WIDTH = 1200.0
_MARGIN = 24.0
_GROUND_METRES = 14.0
_NAME_SIZE = 19.0
_METRES_A_DEGREE = 111_320.0


@dataclass(frozen=True)
class Area:
    """A compound, or a committee's part of one: where its buildings stand, what is written in it, its colour."""

    key: str
    name: str
    buildings: Sequence[Point]
    """(longitude, latitude) in degrees."""
    figure: int | None
    level: str
    """A word that the style sheet knows, as `level-orange`."""
    said: str
    """What a screen reader says and a pointer shows: 银泰小区 居家隔离中 3 橙."""
    along_roads: bool = False
    """Houses along the roads that stand in no compound: they have no outline."""


def street_map(areas: Sequence[Area]) -> str:
    """Return the map as SVG; 1,200 wide, as high as the street is; north is up."""
    everything = [point for area in areas for point in area.buildings]
    if not everything:
        return ""
    place = _Projection(everything)
    height = place.height
    lines = [
        f'<svg class="map" viewBox="0 0 {_WIDTH:.0f} {height:.0f}" role="group" aria-label="街道地图">',
        *(_houses(area, place) if area.along_roads else _area(area, place) for area in areas),
        "</svg>",
    ]
    return "\n".join(lines)


class _Projection:
    """Degrees to the picture's units; a street is small enough for a plane."""

    def __init__(self, points: Sequence[Point]) -> None:
        west, east = min(x for x, _ in points), max(x for x, _ in points)
        south, north = min(y for _, y in points), max(y for _, y in points)
        narrowing = math.cos(math.radians((south + north) / 2))
        metres = max((east - west) * narrowing, (north - south), 0.002) * _METRES_A_DEGREE + 2 * _GROUND_METRES
        self.unit = (_WIDTH - 2 * _MARGIN) / metres
        self._x = self.unit * _METRES_A_DEGREE * narrowing
        self._y = self.unit * _METRES_A_DEGREE
        self._west, self._north = west, north
        self._left = (_WIDTH - (east - west) * self._x) / 2
        self._top = _MARGIN + _GROUND_METRES * self.unit
        self.height = (north - south) * self._y + 2 * self._top

    def __call__(self, point: Point) -> Point:
        return self._left + (point[0] - self._west) * self._x, self._top + (self._north - point[1]) * self._y


def _area(area: Area, place: _Projection) -> str:
    corners = outline([place(point) for point in area.buildings], _GROUND_METRES * place.unit)
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"
    x, y = centre(corners)
    width = max(x for x, _ in corners) - min(x for x, _ in corners)
    size = max(9.0, min(26.0, width / 3.2))
    number = f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:.0f}">{area.figure}</text>'
    written = "" if area.figure is None else number
    # A name that fits is written below the number.
    if len(area.name) * _NAME_SIZE < width - 8 and max(y for _, y in corners) - y > size / 2 + _NAME_SIZE + 4:
        written += f'<text class="name" x="{x:.1f}" y="{y + size / 2 + _NAME_SIZE:.1f}">{escape(area.name)}</text>'
    return (
        f'<a href="/compound/{quote(area.key)}" class="area level-{escape(area.level)}"'
        f' aria-label="{escape(area.said)}"><title>{escape(area.said)}</title><path d="{path}"/>'
        f"{written}</a>"
    )


def _houses(area: Area, place: _Projection) -> str:
    """Return the houses of a committee that stand along the roads, in no compound: dots, and one link for all of
    them.
    """
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in map(place, area.buildings))
    return (
        f'<a href="/compound/{quote(area.key)}" class="houses" aria-label="{escape(area.said)}">'
        f'<title>{escape(area.said)}</title><path d="{dots}"/></a>'
    )
