"""The ground of the sample street: plots fill it and touch only at their edges; buildings stand back from the road."""

from __future__ import annotations

import random

from sample.ground import Plot, kerb, plots, stand

GROUND = Plot(121.516, 31.189, 121.574, 31.231)


def _wishes(count: int) -> list[tuple[tuple[float, float], float]]:
    draw = random.Random(count)
    return [((draw.uniform(121.5, 121.6), draw.uniform(31.1, 31.3)), draw.uniform(1, 40)) for _ in range(count)]


def test_plots_fill_the_ground_in_the_shares_asked_for_and_none_lies_on_another() -> None:
    wishes = _wishes(60)
    given = plots(wishes, GROUND)
    whole, asked = GROUND.width * GROUND.depth, sum(share for _, share in wishes)
    for plot, (_, share) in zip(given, wishes, strict=True):
        assert abs(plot.width * plot.depth / whole - share / asked) < 0.002
    for at, one in enumerate(given):
        for other in given[at + 1 :]:
            apart = one.east <= other.west or other.east <= one.west or one.north <= other.south
            assert apart or other.north <= one.south


def test_buildings_stand_back_from_the_road_and_houses_of_the_road_on_it() -> None:
    for plot, (_, share) in zip(plots(_wishes(30), GROUND), _wishes(30), strict=True):
        count = round(share)
        places = [stand(plot, count, at, (0.0, 0.0)) for at in range(count)]
        assert len(set(places)) == count
        assert all(plot.west < x < plot.east and plot.south < y < plot.north for x, y in places)
        x, y = kerb(plot, 0.3)
        assert x == plot.west or y == plot.south
