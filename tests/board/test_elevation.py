"""The picture of a building: columns by rooms, floors inferred, shapes besides colours, everything escaped."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from board.drawing.elevation import cell_of, elevation, said


def row(room: str, floor: int | None = None, **told: Any) -> dict[str, Any]:
    base = dict.fromkeys((
        "living_alone_elderly", "infants", "disabled", "party_members", "volunteers", "building_leaders", "isolating",
        "completed_14d", "open_duties",
    ), 0)  # fmt: skip
    return {
        **base, "dwelling_key": f"d{room}", "room_no": room, "floor": floor, "usage": 1, "usage_zh": "居住",
        "occupancy": "owner_occupied", "occupancy_zh": "自住", "occupancy_flag": None, "occupancy_flag_zh": None,
        "residents": 2, "isolation_colour": None, "isolation_colour_zh": None, **told,
    }  # fmt: skip


def drawn(*rows: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Return where each room's cell is."""
    root = ET.fromstring(elevation(rows, {"infant": "#2e86c1"}))
    places = {}
    for link in root.iter("a"):
        x, y = link.attrib["transform"].removeprefix("translate(").removesuffix(")").split()
        places[unquote(link.attrib["href"].removeprefix("/dwelling/d"))] = (int(x), int(y))
    return places


def test_02_stands_above_02_and_a_missing_room_leaves_a_gap() -> None:
    at = drawn(row("201", 2), row("202", 2), row("203", 2), row("101", 1), row("103", 1))
    assert at["201"][0] == at["101"][0] < at["202"][0] < at["203"][0] == at["103"][0]
    assert at["201"][1] < at["101"][1]


def test_a_floor_that_nobody_wrote_is_inferred_from_the_room_and_marked_so() -> None:
    cell = cell_of(row("1802"))
    assert (cell.floor, cell.inferred) == (18, True)
    assert "楼层按室号推断" in said(cell)
    assert "推断" in elevation([row("1802")], {})
    assert "推断" not in elevation([row("1802", 18)], {})


def test_units_stand_side_by_side() -> None:
    at = drawn(row("1单元201", 2), row("1单元202", 2), row("2单元201", 2))
    assert at["1单元201"][0] < at["1单元202"][0] < at["2单元201"][0]
    assert at["1单元201"][1] == at["2单元201"][1]


def test_letters_are_columns_of_their_own_and_no_room_covers_another() -> None:
    at = drawn(row("302", 3), row("甲302", 3), row("302A", 3), row("B302", 3))
    assert len(set(at.values())) == 4


def test_a_floor_without_rooms_and_one_below_ground_keep_their_height() -> None:
    at = drawn(row("301", 3), row("101", 1), row("地下1", -1))
    assert at["101"][1] - at["301"][1] == 2 * (at["地下1"][1] - at["101"][1])


def test_figures_differ_by_shape_and_are_hollow_after_release() -> None:
    shapes = set()
    for colour in ("orange", "yellow", "blue"):
        picture = elevation([row("101", 1, isolating=2, isolation_colour=colour, isolation_colour_zh="x")], {})
        assert f'class="person {colour}"' in picture
        assert "×2" in picture
        shapes.add(picture.split("</circle>")[-1].split("<path d=")[-1].split('"')[1])
    released = elevation([row("101", 1, completed_14d=1, isolation_colour="blue")], {})
    assert "hollow" in released
    assert "rented" in elevation([row("101", 1, occupancy="rented", occupancy_zh="出租")], {})


def test_nothing_that_was_registered_is_markup() -> None:
    picture = elevation([row('<script>"1', 1, usage=2, usage_zh="<b>")], {})
    assert "<script>" not in picture
    assert "<b>" not in picture
    ET.fromstring(picture)
