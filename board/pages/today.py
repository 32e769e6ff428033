"""今日上门: the worker's list on the phone, door by door; it stays readable without a network.

The most urgent building comes first, then the rest of the way building by building (R-BOARD-5).
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

from board.pages.base import Asked, published, rows, signed_in
from board.pages.places import natural
from board.rendering import part

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.responses import Response

    Row = Mapping[str, Any]

#: What a worker may find at the door, by the duty.
RESULTS = {
    "temperature_check": ("体温正常", "体温异常", "家中无人"),
    "release_visit": ("已解除隔离", "未解除", "家中无人"),
}
_ANY_RESULT = ("情况良好", "需要帮助", "家中无人")


@signed_in
async def today(asked: Asked) -> Response:
    """The open duties of a committee by building and door; the street chooses the committee."""
    code = asked.viewer.committee_code or asked.request.query_params.get("committee")
    async with asked.board.database.as_role(asked.viewer.role_name) as connection:
        now = await published(connection)
        committees = [] if asked.viewer.committee_code else await rows(
            connection, "select committee_code, committee_name, count(*) as duties from marts.worklist"
            " where committee_code is not null group by committee_code, committee_name order by committee_code",
        )  # fmt: skip
        duties = await rows(
            connection, "select * from marts.worklist where committee_code = %s and status = 'open'"
            " and (due_on <= as_of or priority <= 3)", code,
        ) if code else []  # fmt: skip
    if duties:
        await asked.look("today", [str(code)], len({row["person_key"] for row in duties}))
    main = part(
        "today.html", now=now, buildings=_by_building(duties), count=len(duties), committees=committees, code=code,
        results=RESULTS, any_result=_ANY_RESULT,
    )  # fmt: skip
    return asked.page("今日上门", main)


def _by_building(duties: Sequence[Row]) -> list[tuple[str, list[tuple[str | None, str, list[Row]]]]]:
    """Return (building, [(dwelling_key, room, duties)]): buildings by their most urgent duty, doors from below."""

    def of(row: Row) -> str:
        return str(row["building_name"] or row["compound_name"] or "地址待核实")

    urgency: dict[str, tuple[int, Any]] = {}
    for row in duties:
        mine = (row["priority"], row["due_at"])
        urgency[of(row)] = min(urgency.get(of(row), mine), mine)
    ordered = sorted(
        duties, key=lambda row: (urgency[of(row)], natural(of(row)), natural(row["room_no"]), row["priority"],
                                 row["person_key"]),
    )  # fmt: skip
    return [
        (building, [
            (door[0], door[1], list(each))
            for door, each in groupby(rows_, key=lambda row: (row["dwelling_key"], str(row["room_no"] or "室号待核实")))
        ])
        for building, rows_ in groupby(ordered, key=of)
    ]  # fmt: skip
