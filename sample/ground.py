"""The ground of the street: it is cut into plots that touch only at roads, one for each compound, and built upon."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_METRES_A_DEGREE = 111_320.0
_ROAD_METRES = 9.0
_SETBACK_METRES = 16.0

Point = tuple[float, float]
"""(longitude, latitude) in degrees."""


@dataclass(frozen=True)
class Plot:
    """A piece of ground between roads, in degrees."""

    west: float
    south: float
    east: float
    north: float

    @property
    def width(self) -> float:
        """From west to east in metres."""
        return (self.east - self.west) * _METRES_A_DEGREE * math.cos(math.radians((self.south + self.north) / 2))

    @property
    def depth(self) -> float:
        """From south to north in metres."""
        return (self.north - self.south) * _METRES_A_DEGREE

    def at(self, across: float, up: float) -> Point:
        """Return the point at these shares of the width and the depth."""
        return self.west + across * (self.east - self.west), self.south + up * (self.north - self.south)

    def cut(self, share: float) -> tuple["Plot", "Plot"]:
        """Cut it across its longer side: the western or southern part has this share of the ground."""
        if self.width > self.depth:
            line = self.west + share * (self.east - self.west)
            return Plot(self.west, self.south, line, self.north), Plot(line, self.south, self.east, self.north)
        line = self.south + share * (self.north - self.south)
        return Plot(self.west, self.south, self.east, line), Plot(self.west, line, self.east, self.north)


def plots(wishes: Sequence[tuple[Point, float]], ground: Plot) -> list[Plot]:
    """Return a plot for each wish, a point with the share of the ground it asks for; together they are all of it.

    Cut in two again and again, so that who wishes to be near each other is: who lies further west or south gets the
    western or southern part.
    """
    given: dict[int, Plot] = {}

    def share_out(those: list[int], part: Plot) -> None:
        if len(those) == 1:
            given[those[0]] = part
            return
        axis = 0 if part.width > part.depth else 1
        ordered = sorted(those, key=lambda one: (wishes[one][0][axis], one))
        whole = sum(wishes[one][1] for one in ordered)
        first, taken = 1, wishes[ordered[0]][1]
        while first < len(ordered) - 1 and taken + wishes[ordered[first]][1] / 2 < whole / 2:
            taken += wishes[ordered[first]][1]
            first += 1
        one, other = part.cut(taken / whole)
        share_out(ordered[:first], one)
        share_out(ordered[first:], other)

    share_out(list(range(len(wishes))), ground)
    return [given[at] for at in range(len(wishes))]


def stand(plot: Plot, count: int, at: int, moved: Point) -> Point:
    """Return where the building `at` of `count` stands: in rows, back from the road, moved by some metres."""
    columns = max(1, math.ceil(math.sqrt(count * plot.width / plot.depth)))
    rows = math.ceil(count / columns)
    row, column = divmod(at, columns)
    in_row = min(columns, count - row * columns)
    column = column if row % 2 == 0 else in_row - 1 - column  # the numbers run on round the corner
    back = [min(0.3, (_ROAD_METRES + _SETBACK_METRES) / side) for side in (plot.width, plot.depth)]
    step = [(1 - 2 * edge) / max(1, places - 1) for edge, places in zip(back, (in_row, rows), strict=True)]
    across = back[0] + column * step[0] if in_row > 1 else 0.5
    up = 1 - back[1] - row * step[1] if rows > 1 else 0.5
    return plot.at(across + moved[0] / plot.width, up + moved[1] / plot.depth)


def kerb(plot: Plot, along: float) -> Point:
    """Return where a house of the road stands: outside the plots, at the southern or the western side of this one."""
    share = along % 1
    return plot.at(share * 2, 0) if share < 0.5 else plot.at(0, share * 2 - 1)
