"""一楼一图: the elevation of a building, floors by rooms.

A column is a room's last two digits, so that 02 stands above 02 and a missing room leaves a gap; units stand side by
side. A floor that nobody wrote is inferred from the room's number for the drawing, and marked so. Whatever a colour
says a shape says too: hatching for let dwellings, a dashed frame for vacant ones, and three figures of persons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


CELL_WIDTH, CELL_HEIGHT = 104, 62
_GAP, _UNIT_GAP, _AXIS, _TOP, _GROUND = 5, 30, 58, 30, 16
_UNIT = re.compile(r"^(\d{1,3})单元(.+)$")
_NUMBER = re.compile(r"(\d{3,6})\D*$")

#: What a dwelling's tags are drawn as: the count's column, one character in a disc, the tag whose colour it has.
BADGES = (
    ("living_alone_elderly", "独", "living_alone_elderly", "独居老人"),
    ("infants", "幼", "infant", "幼儿"),
    ("disabled", "残", "disabled", "残疾人"),
    ("party_members", "党", "party_member", "党员"),
    ("volunteers", "志", "volunteer", "志愿者"),
    ("building_leaders", "长", "building_leader", "楼组长"),
)
_COLOURS = ("orange", "yellow", "blue")


@dataclass(frozen=True)
class Cell:
    """Where a dwelling is drawn: unit, column and floor; whether the floor is inferred."""

    row: Mapping[str, Any]
    unit: str
    column: str
    floor: int
    inferred: bool


def cell_of(row: Mapping[str, Any]) -> Cell:
    """Return where a row of building_view is drawn. A room without a readable number stands on the ground floor."""
    room = str(row["room_no"] or "")
    found = _UNIT.match(room)
    unit, door = found.groups() if found else ("", room)
    number = _NUMBER.search(door)
    # 甲302 and 302A are other columns than 302.
    letters = re.sub(r"\d", "", door)
    column = (number.group(1)[-2:] if number else door) + letters
    floor, inferred = row["floor"], False
    if floor is None:
        floor, inferred = (int(number.group(1)[:-2]) if number else 1), True
    return Cell(row, unit, column, floor, inferred)


def elevation(rows: Sequence[Mapping[str, Any]], colours: Mapping[str, str]) -> str:
    """Return the picture of a building's rows of building_view; `colours` gives each tag's (dim_tag.colour_hex).

    As wide as its rooms need; the top floor first. Every dwelling is a link.
    """
    cells = [cell_of(row) for row in rows]
    if not cells:
        return ""
    floors = sorted({cell.floor for cell in cells}, reverse=True)
    # A floor on which nothing is registered stays in the picture, or the building would be too low.
    floors = [floor for floor in range(floors[0], floors[-1] - 1, -1) if floor != 0]
    top = {floor: _TOP + at * (CELL_HEIGHT + _GAP) for at, floor in enumerate(floors)}
    left, width = _columns(cells)
    height = _TOP + len(floors) * (CELL_HEIGHT + _GAP) + _GROUND
    ground = _TOP + sum(1 for floor in floors if floor > 0) * (CELL_HEIGHT + _GAP)
    lines = [
        f'<svg class="elevation" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group"'
        ' aria-label="楼栋立面图">',
        _PATTERN,
        *(
            f'<text class="axis" x="{_AXIS - 12}" y="{top[floor] + CELL_HEIGHT / 2 + 6:.0f}">{_floor(floor)}</text>'
            for floor in floors
        ),
        *_headings(cells, left),
        f'<path class="ground" d="M0 {ground}H{width}"/>',
    ]
    taken: dict[tuple[str, str, int], int] = {}
    for cell in cells:
        place = (cell.unit, cell.column, cell.floor)
        taken[place] = taken.get(place, 0) + 1
        # Two rooms that would cover each other are told apart by a step to the right.
        step = (taken[place] - 1) * 10
        lines.append(_cell(cell, left[cell.unit, cell.column] + step, top[cell.floor], colours))
    lines.append("</svg>")
    return "\n".join(lines)


def _columns(cells: Sequence[Cell]) -> tuple[dict[tuple[str, str], int], int]:
    """Return where each unit's columns begin, and the width of all."""
    left: dict[tuple[str, str], int] = {}
    x = _AXIS
    units = sorted({cell.unit for cell in cells}, key=lambda unit: (len(unit), unit))
    for at, unit in enumerate(units):
        x += _UNIT_GAP if at else 0
        for column in sorted({cell.column for cell in cells if cell.unit == unit}):
            left[unit, column] = x
            x += CELL_WIDTH + _GAP
    return left, x + 12


def _headings(cells: Sequence[Cell], left: Mapping[tuple[str, str], int]) -> list[str]:
    told = []
    for unit in sorted({cell.unit for cell in cells if cell.unit}):
        columns = [x for (of, _), x in left.items() if of == unit]
        middle = (min(columns) + max(columns) + CELL_WIDTH) / 2
        told.append(f'<text class="unit" x="{middle:.0f}" y="20">{escape(unit)}单元</text>')
    return told


def _floor(floor: int) -> str:
    return f"{floor}层" if floor > 0 else f"地下{-floor}"


def said(cell: Cell) -> str:
    """Return what a dwelling's picture says, in words."""
    row = cell.row
    words = [f"{row['room_no']}室"]
    if row["usage"] != 1:
        words.append(str(row["usage_zh"] or "非住宅"))
    else:
        words += [str(row["occupancy_zh"] or "不明"), f"{row['residents']}人"]
    if row["occupancy_flag_zh"]:
        words.append(str(row["occupancy_flag_zh"]))
    if row["isolating"]:
        words.append(f"居家隔离{row['isolating']}人（{row['isolation_colour_zh']}）")
    elif row["completed_14d"]:
        words.append(f"14天内解除隔离{row['completed_14d']}人")
    words += [f"{title}{row[column]}人" for column, _, _, title in BADGES if row[column]]
    if row["open_duties"]:
        words.append(f"待办{row['open_duties']}项")
    if cell.inferred:
        words.append("楼层按室号推断")
    return "，".join(words)


def _cell(cell: Cell, x: int, y: int, colours: Mapping[str, str]) -> str:
    row = cell.row
    words = said(cell)
    kind = row["occupancy"] or "unknown" if row["usage"] == 1 else "other"
    inside = [
        f'<rect class="fill" width="{CELL_WIDTH}" height="{CELL_HEIGHT}" rx="5"/>',
    ]
    if kind == "rented":
        inside.append(f'<rect width="{CELL_WIDTH}" height="{CELL_HEIGHT}" rx="5" fill="url(#hatch)"/>')
    inside.append(f'<text class="room" x="8" y="19">{escape(_short(row["room_no"]))}</text>')
    if cell.inferred:
        inside.append('<text class="inferred" x="8" y="34">推断</text>')
    if kind == "other":
        inside.append(f'<text class="word" x="8" y="52">{escape(row["usage_zh"] or "")}</text>')
    elif row["residents"]:
        inside.append(f'<text class="word" x="8" y="52">{row["residents"]}人</text>')
    if row["occupancy_flag"] == "occupied_conflict":
        inside.append('<text class="flag" x="38" y="52">?</text>')
    inside += _figure(row)
    inside += _badges(row, colours)
    if row["open_duties"]:
        inside.append(
            f'<g class="duty"><circle cx="92" cy="13" r="9"/><text x="92" y="17">{row["open_duties"]}</text></g>'
        )
    return (
        f'<a href="/dwelling/{quote(row["dwelling_key"])}" class="cell {kind}" transform="translate({x} {y})"'
        f' aria-label="{escape(words)}"><title>{escape(words)}</title>{"".join(inside)}</a>'
    )


_PATTERN = (
    '<defs><pattern id="hatch" width="9" height="9" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch" d="M0 0V9"/></pattern></defs>'
)


def _short(room: str | None) -> str:
    found = _UNIT.match(room or "")
    return found.group(2) if found else room or "无号"


def figure(colour: str | None, *, hollow: bool) -> str:
    """Return a person some 22 wide: a triangle's coat for orange, a square one for yellow, a round one for blue."""
    shape = {
        "orange": '<path d="M11 11L21 30H1Z"/>',
        "yellow": '<path d="M2 12H20V30H2Z"/>',
    }.get(colour or "", '<path d="M1 30a10 17 0 0 1 20 0Z"/>')
    known = colour if colour in _COLOURS else "blue"
    return f'<g class="person {known}{" hollow" if hollow else ""}"><circle cx="11" cy="6" r="5"/>{shape}</g>'


def _figure(row: Mapping[str, Any]) -> list[str]:
    count, hollow = row["isolating"], False
    if not count:
        count, hollow = row["completed_14d"], True
    if not count:
        return []
    drawn = figure(row["isolation_colour"], hollow=hollow)
    number = f'<text class="count" x="79" y="27">×{count}</text>' if count > 1 else ""
    return [f'<g transform="translate(54 3)">{drawn}</g>{number}']


def _badges(row: Mapping[str, Any], colours: Mapping[str, str]) -> list[str]:
    shown = [(letter, tag) for column, letter, tag, _ in BADGES if row[column]]
    told = []
    for at, (letter, tag) in enumerate(reversed(shown[:4])):
        x = CELL_WIDTH - 13 - at * 19
        told.append(
            f'<g class="badge"><circle cx="{x}" cy="48" r="9" fill="{escape(colours.get(tag, "#556"))}"/>'
            f'<text x="{x}" y="52">{letter}</text></g>'
        )
    return told
