"""一房一图: a home and who lives there. Each look is written down before the page is answered (R-BOARD-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from board.drawing.elevation import figure
from board.pages.base import FEED_TITLES, Asked, published, several, signed_in
from board.pages.today import MOVED, NOBODY, since_morning
from board.rendering import part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import LiteralString

    from starlette.responses import Response

#: What tells where a resident lives besides a feed (R-HOME-1).
_OTHER_SOURCES = {"isolation": "居家隔离登记", "registered_address": "户籍地址"}
_FLAGS = {"occupied_conflict": "登记为空置，但有人居住：请核实", "renovating": "装修中"}
_METHODS = {
    "document": "证件号码有效且与已知的人一致，所以是同一人",
    "linkage": "没有共同证件，凭姓名和其他几项一致认定",
    "manual": "由人裁定",
    "provisional": "没有证据说明是哪位已知的人，暂按单独一人",
}


#: A home by its key, in one round trip: itself, who lives there, what is due, isolations, visits, its picture.
_QUERIES: tuple[LiteralString, ...] = (
    "select * from marts.dwelling_view where dwelling_key = %s",
    "select * from marts.household_view where dwelling_key = %s order by household_no nulls last,"
    " relation_to_head in ('01', '02') desc nulls last, age desc nulls last, person_key",
    "select * from marts.worklist where dwelling_key = %s and status <> 'done' order by due_at, priority, duty_key",
    "select * from marts.isolation_episode where dwelling_key = %s order by started_on desc",
    "select * from ops.visit_inbox where dwelling_key = %s order by visited_at desc limit 20",
    "select * from marts.visit where dwelling_key = %s order by visited_at desc limit 20",
    "select * from marts.building_view where dwelling_key = %s",
)
_TAGS: LiteralString = "select * from marts.dim_tag"


@signed_in
async def dwelling(asked: Asked) -> Response:
    """Residents, tags, isolation, owner, occupancy with its source, contradictions, open duties."""
    key = asked.key()
    async with asked.board.database.as_role(asked.viewer.role_name) as connection:
        now = await published(connection)
        found, residents, duties, episodes, visits, made, picture, tags, titles = await several(
            connection, *((query, key) for query in _QUERIES), (_TAGS,), (FEED_TITLES,)
        )
    if not found:
        raise HTTPException(404)
    home = found[0]
    persons = {row["person_key"] for row in (*residents, *duties, *episodes)}
    await asked.look("dwelling", [key], len(persons))
    main = part(
        "dwelling.html", now=now, home=home, residents=residents, duties=duties, figure=figure,
        tags={row["label_zh"]: row for row in tags},
        view=picture[0] if picture else None,
        flags=[_FLAGS[flag] for flag in home["occupancy_flags"] if flag in _FLAGS],
        made=made, visits=visits, nobody=NOBODY, moved=MOVED, done=since_morning(visits, now),
        feeds={row["feed"]: row["title_zh"] for row in titles} | _OTHER_SOURCES, why=_why,
        may_trace=asked.viewer.sees_all_persons,
        elsewhere=[row for row in episodes if row["person_key"] not in {each["person_key"] for each in residents}],
    )  # fmt: skip
    # The address of a door in the title would stay in the browser's history.
    return asked.page("一房一图", main)


def _why(resident: Mapping[str, Any]) -> str:
    """Return in a sentence why the leading record is this person's."""
    told = _METHODS.get(resident["link_method"], resident["link_method_zh"] or "")
    score = resident["link_score"]
    return (
        f"{told}（可靠度 {score:.2f}）。" if score is not None and resident["link_method"] == "linkage" else f"{told}。"
    )
