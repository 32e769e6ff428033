"""The outline of a compound and the map of the street."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree as ET

from board.drawing.outline import outline
from board.drawing.street_map import Area, street_map


def test_an_outline_has_every_building_inside_and_is_convex() -> None:
    buildings = [(0.0, 0.0), (10.0, 0.0), (10.0, 8.0), (0.0, 8.0), (5.0, 4.0)]
    corners = outline(buildings, 1.0)
    for (x1, y1), (x2, y2) in pairwise([*corners, corners[0]]):
        assert all((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1) > 0 for x, y in buildings)


def test_a_single_building_has_an_outline_too() -> None:
    assert len(outline([(3.0, 4.0)], 1.0)) == 8


def test_each_compound_is_a_link_with_its_number_and_what_it_says() -> None:
    picture = street_map([
        Area("c1", "银泰小区", [(121.54, 31.21), (121.541, 31.211)], 3, "yellow", "银泰<小区> 居家隔离3人，黄"),
        Area("c2", "", [(121.55, 31.22)], None, "none", "锦绣苑"),
        Area("c3", "沿街散户", [(121.545, 31.215), (121.546, 31.215)], 2, "blue", "沿街散户", along_roads=True),
    ])  # fmt: skip
    root = ET.fromstring(picture)
    links = {link.attrib["href"]: link for link in root.iter("a")}
    assert links["/compound/c1"].attrib["aria-label"] == "银泰<小区> 居家隔离3人，黄"
    assert "".join(links["/compound/c1"].find("text").itertext()) == "3"  # type: ignore[union-attr]
    assert links["/compound/c2"].find("text") is None
    assert "style=" not in picture


def test_north_is_up_and_a_degree_east_is_as_long_as_it_is() -> None:
    root = ET.fromstring(street_map([
        Area("south", "", [(121.54, 31.20)], 1, "none", ""), Area("north", "", [(121.54, 31.22)], 1, "none", ""),
        Area("east", "", [(121.56, 31.20)], 1, "none", ""),
    ]))  # fmt: skip
    at = {link.attrib["href"][10:]: link.find("text").attrib for link in root.iter("a")}  # type: ignore[union-attr]
    x = {key: float(told["x"]) for key, told in at.items()}
    y = {key: float(told["y"]) for key, told in at.items()}
    assert y["north"] < y["south"]
    assert 0.84 < (x["east"] - x["south"]) / (y["south"] - y["north"]) < 0.87  # cos 31.2°
