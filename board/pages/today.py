"""今日上门: the worker's list on the phone, door by door, readable without a network; and the visits it sends.

The most urgent building comes first, then the rest of the way building by building (R-BOARD-5).
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from itertools import groupby
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import errors
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse

from board.pages.base import Asked, Published, published, rows, several, signed_in
from board.pages.places import natural
from board.rendering import part
from street.settings import SHANGHAI
from street.vocabulary import labels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import LiteralString

    from starlette.responses import Response

    Row = Mapping[str, Any]

_AT_ONCE = 50
_BYTES = 256 * 1024

#: What the door may answer, in the words by whose beginning the feed of visits tells attempts and moves.
NOBODY, MOVED = "无人应门", "搬离"

#: Why a visit was refused, in words for whoever made it.
REFUSED = {
    "foreign": "不是本居委会的户室",
    "unknown": "户室或人员已不在名单上",
    "conflict": "同一编号已有另一条记录",
    "future": "手机时间比实际快，请校准",
}


_KINDS = labels("visit_kind").keys()


class Visit(BaseModel):
    """A visit as a phone sends it, under the number that the phone gave it."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    visit_no: str = Field(pattern=r"^[0-9a-f-]{36}$")
    visited_at: AwareDatetime
    dwelling_key: str | None = Field(default=None, max_length=40)
    person_key: str | None = Field(default=None, max_length=40)
    kind: str = Field(min_length=1, max_length=20)
    temperature: str | None = Field(default=None, max_length=20)
    result: str = Field(min_length=1, max_length=200)
    note: str | None = Field(default=None, max_length=500)


_VISITS = TypeAdapter(list[Visit])


class Door(NamedTuple):
    """A door of a trip: its key (None: it isn't certain), the room as it is written, what to do there."""

    key: str | None
    room: str
    duties: list[Row]


_DUTIES: LiteralString = (
    "select * from marts.worklist where committee_code = %s and status <> 'done' and due_on <= as_of"
)
_RECORDED: LiteralString = (
    "select person_key, kind, visited_at from ops.visit_inbox where visited_at >="
    " (select as_of from ops.published where mart = 'worklist')::timestamp at time zone 'Asia/Shanghai'"
)
_COMMITTEES: LiteralString = (
    "select committee_code, committee_name, count(*) as duties from marts.worklist"
    " where committee_code is not null group by committee_code, committee_name order by committee_code"
)
_REFUSED: LiteralString = "select * from ops.visit_refusal order by refused_at desc limit 50"


@signed_in
async def today(asked: Asked) -> Response:
    """Return the open duties of a committee by building and door; the street chooses the committee."""
    code = asked.viewer.committee_code or asked.request.query_params.get("committee")
    async with asked.board.database.as_role(asked.viewer.role_name) as connection:
        now = await published(connection)
        duties, recorded = await several(connection, (_DUTIES, code), (_RECORDED,))
        committees, refused = [], []
        if asked.viewer.committee_code is None:
            committees, refused = await several(connection, (_COMMITTEES,), (_REFUSED,))
    if duties:
        await asked.look("today", [str(code)], len({row["person_key"] for row in duties}))
    main = part(
        "today.html", now=now, buildings=by_building(duties), count=len(duties), committees=committees, code=code,
        nobody=NOBODY, moved=MOVED, refused=refused, refusals=REFUSED,
        made=dt.datetime.now(SHANGHAI), done=since_morning(recorded, now),
    )  # fmt: skip
    return asked.page("今日上门", main)


@signed_in
async def visits(asked: Asked) -> Response:
    """Record visits: `{"kept": [visit_no], "refused": {visit_no: why}}` for a phone, or back to the list for a form.

    A visit sent twice is recorded once. 403 where nothing is kept because every door is another committee's.
    """
    if asked.request.headers.get("x-account", asked.viewer.account) != asked.viewer.account:
        raise HTTPException(401, "现在登录的是另一个账户。")  # what waits belongs to the account that made it
    is_script = asked.request.headers.get("content-type", "").startswith("application/json")
    if is_script:
        sent = await _sent(asked)
    else:
        sent = [await _of_form(asked)]
    kept: list[str] = []
    refused: dict[str, str] = {}
    async with asked.board.database.as_board() as connection:
        for visit in sent:
            try:
                answer = await rows(
                    connection,
                    "select ops.record_board_visit(%s, %s, %s, %s, %s, %s, %s, %s, %s) as said",
                    asked.viewer.token, visit.visit_no, visit.visited_at, visit.dwelling_key, visit.person_key,
                    visit.kind, visit.temperature, visit.result, visit.note,
                )  # fmt: skip
            except errors.InsufficientPrivilege:
                raise HTTPException(403, "您的角色不能登记走访。") from None
            said = answer[0]["said"]
            if said in ("recorded", "repeated"):
                kept.append(visit.visit_no)
            else:
                refused[visit.visit_no] = said
    forged = bool(refused) and not kept and set(refused.values()) == {"foreign"}
    if not is_script:
        if refused:
            raise HTTPException(403 if forged else 409, REFUSED[next(iter(refused.values()))])
        return RedirectResponse("/today", 303)
    told = {number: REFUSED[why] for number, why in refused.items()}
    return JSONResponse({"kept": kept, "refused": told}, 403 if forged else 200)


async def _sent(asked: Asked) -> list[Visit]:
    body = await asked.request.body()
    if len(body) > _BYTES:
        raise HTTPException(413, "一次上传的走访太多。")
    try:
        sent = _VISITS.validate_python(json.loads(body))
    except (ValueError, ValidationError):
        raise HTTPException(422, "走访记录的格式不对。") from None
    if len(sent) > _AT_ONCE or any(visit.kind not in _KINDS for visit in sent):
        raise HTTPException(422, "走访记录的格式不对。")
    return sent


async def _of_form(asked: Asked) -> Visit:
    """Return the visit of a form without the script: the same one has the same number that day, a double tap is one."""
    form = {name: str(value) or None for name, value in (await asked.request.form()).items()}
    now = dt.datetime.now(SHANGHAI)
    number = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps([asked.viewer.account, now.date().isoformat(), sorted(
        (name, value or "") for name, value in form.items())], ensure_ascii=False))  # fmt: skip
    midday = dt.datetime.combine(now.date(), dt.time(0), SHANGHAI)
    try:
        visit = Visit.model_validate({"visit_no": str(number), "visited_at": midday, **form})
    except ValidationError:
        raise HTTPException(422, "请选择结果。") from None
    if visit.kind not in _KINDS:
        raise HTTPException(422, "没有这种走访。")
    return visit


def since_morning(recorded: Sequence[Row], now: Published) -> set[tuple[str | None, str]]:
    """Return (person_key, kind) of the visits of the business date: their duties are as good as done."""
    midnight = dt.datetime.combine(now.as_of, dt.time(0), SHANGHAI)
    return {(row["person_key"], row["kind"]) for row in recorded if row["visited_at"] >= midnight}


def by_building(duties: Sequence[Row]) -> list[tuple[str, list[Door]]]:
    """Return the trips, the building with the most urgent duty first, in each the doors from below."""
    urgency: dict[str, tuple[int, Any]] = {}
    for row in duties:
        mine = (row["priority"], row["due_at"])
        urgency[_building(row)] = min(urgency.get(_building(row), mine), mine)

    def place(row: Row) -> tuple[Any, ...]:
        building = _building(row)
        door = (natural(row["room_no"]), row["dwelling_key"] or "")
        return *urgency[building], natural(building), *door, row["priority"], row["person_key"]

    trips = []
    for building, here in groupby(sorted(duties, key=place), key=_building):
        doors = groupby(here, key=lambda row: (row["dwelling_key"], row["room_no"] or "室号待核实"))
        trips.append((building, [Door(key, room, list(each)) for (key, room), each in doors]))
    return trips


def _building(row: Row) -> str:
    return str(row["building_name"] or row["compound_name"] or "地址待核实")
