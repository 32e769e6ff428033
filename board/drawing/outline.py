"""The outline of a compound: the hull of its buildings, each with some ground around it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Point = tuple[float, float]
_CORNERS = 8


def outline(buildings: Iterable[Point], ground: float) -> list[Point]:
    """Return the corners of the convex hull around buildings that each stand on a piece of ground of this radius.

    Counter-clockwise where y points up. A single building has an outline too.
    """
    turns = [(2 * corner + 1) * math.pi / _CORNERS for corner in range(_CORNERS)]
    around = [(x + ground * math.cos(turn), y + ground * math.sin(turn)) for x, y in buildings for turn in turns]
    return _hull(around)


def centre(corners: Sequence[Point]) -> Point:
    """Return the middle of an outline's bounding box, where its number is written."""
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return (min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2


def _hull(points: Iterable[Point]) -> list[Point]:
    """Andrew's monotone chain."""
    ordered = sorted(set(points))
    if len(ordered) < 3:
        return ordered

    def half(chain: Iterable[Point]) -> list[Point]:
        kept: list[Point] = []
        for point in chain:
            while len(kept) > 1 and _turn(kept[-2], kept[-1], point) <= 0:
                kept.pop()
            kept.append(point)
        return kept[:-1]

    return half(ordered) + half(reversed(ordered))


def _turn(one: Point, two: Point, three: Point) -> float:
    return (two[0] - one[0]) * (three[1] - one[1]) - (two[1] - one[1]) * (three[0] - one[0])
