"""Looking for a person with a stated reason; deciding whose a record is, and which door an address means."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, LiteralString

from psycopg import errors
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from board.pages.base import Asked, rows, signed_in
from board.rendering import part
from street.vocabulary import certain_to, labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psycopg import AsyncConnection
    from psycopg.rows import DictRow
    from starlette.responses import Response

    from board.pages.places import Row

_AT_MOST = 50

#: What the evidence of a pair is called (linkage.candidate.agreed, differed), and how the two names are alike (how).
EVIDENCE, HOW = labels("evidence"), labels("name_likeness")
ANSWERS = {"same": "同一人", "different": "两个人", "unsure": "无法判断"}


@signed_in
async def search(asked: Asked) -> Response:
    """Return a person by name, the number's last digits, phone or address; the question travels in no address
    (R-BOARD-3).
    """
    if not asked.viewer.sees_persons:
        raise HTTPException(403, "您的角色不能查找人员。")
    if asked.request.method == "GET":
        return asked.page("查找", part("search.html", question="", reason="", found=None, said="", at_most=_AT_MOST))
    form = await asked.request.form()
    question, reason = str(form.get("question", "")).strip()[:100], str(form.get("reason", "")).strip()[:200]
    said = ""
    if len(question) < 2:
        said = "请写至少两个字，或证件号、手机号的末四位。"
    elif len(reason) < 2:
        said = "请写明查阅理由。"
    if said:
        main = part("search.html", question=question, reason=reason, found=None, said=said, at_most=_AT_MOST)
        return asked.page("查找", main, status=422)
    async with asked.board.database.as_role(asked.viewer.role_name) as connection:
        found = await _found(connection, question)
    await asked.look("search", [row["person_key"] for row in found], len(found), reason)
    main = part("search.html", question=question, reason=reason, found=found, said="", at_most=_AT_MOST)
    return asked.page("查找", main)


async def _found(connection: AsyncConnection[DictRow], question: str) -> Sequence[Row]:
    columns = (
        "select person.person_key, person.full_name, person.sex_zh, person.age, person.id_masked, person.phone,"
        " person.dwelling_key, home.address, person.tags_zh from marts.household_view as person"
        " inner join marts.dwelling_view as home on person.dwelling_key = home.dwelling_key"
    )
    order = " order by person.full_name, person.person_key limit %s"
    digits = question.upper().replace(" ", "")
    if re.fullmatch(r"[0-9X]{4,}", digits):
        # The number's last four are all that a mart shows of it (R-PRIV-3).
        return await rows(
            connection,
            columns + " where right(person.id_masked, 4) = right(%s, 4) or person.phone like '%%' || %s" + order,
            digits, digits, _AT_MOST,
        )  # fmt: skip
    if re.search(r"\d", question):
        return await rows(connection, columns + " where strpos(home.address, %s) > 0" + order, question, _AT_MOST)
    return await rows(connection, columns + " where strpos(person.full_name, %s) > 0" + order, question, _AT_MOST)


@signed_in
async def review(asked: Asked) -> Response:
    """Return the pairs and the addresses that wait for a decision, arrivals first; nobody's name."""
    pairs, addresses = await _pairs(asked, None), await _addresses(asked, None)
    main = part("review.html", pairs=pairs, addresses=addresses, what=EVIDENCE, how=HOW, certain_to=certain_to)
    return asked.page("待裁定", main)


@signed_in
async def question(asked: Asked) -> Response:
    """Return one pair: what both records say, what agrees and what differs; or one address and the doors it may
    mean.
    """
    number = int(asked.key("number"))
    if pairs := await _pairs(asked, number):
        persons = {pairs[0]["left_person"], pairs[0]["right_person"]} - {None}
        main = part("pair.html", pair=pairs[0], what=EVIDENCE, how=HOW, answers=ANSWERS)
    elif addresses := await _addresses(asked, number):
        persons = {addresses[0]["person_key"]} - {None}
        doors = list(zip(addresses[0]["dwelling_keys"], addresses[0]["addresses"], strict=True))
        main = part("address.html", address=addresses[0], doors=doors, certain_to=certain_to)
    else:
        raise HTTPException(404, "这一条已经裁定，或不属于您的居委会。")
    await asked.look("review", sorted(persons), len(persons))
    return asked.page("待裁定", main)


@signed_in
async def decide(asked: Asked) -> Response:
    """Decide a pair, or which door an address means; the next run obeys. On to the next one."""
    form = await asked.request.form()
    answer, door = str(form.get("answer", "")), str(form.get("door", ""))
    number = int(asked.key("number"))
    is_address = bool(door or await _addresses(asked, number))
    if not door and answer not in (("unsure",) if is_address else ANSWERS):
        raise HTTPException(422, "请选择一个答案。")
    query: LiteralString = (
        "select ops.decide_address(%s, %s, %s) as said" if is_address else "select ops.decide_pair(%s, %s, %s) as said"
    )
    try:
        async with asked.board.database.as_board() as connection:
            said = (door or None) if is_address else answer
            told = await rows(connection, query, asked.viewer.token, number, said)
    except errors.InsufficientPrivilege:
        raise HTTPException(403, "不属于您的居委会，或不是可选的答案。") from None
    if not told[0]["said"]:
        raise HTTPException(404, "这一条已经裁定。")
    rest = [*await _pairs(asked, None), *await _addresses(asked, None)]
    return RedirectResponse(f"/review/{rest[0]['candidate_id']}" if rest else "/review", 303)


async def _pairs(asked: Asked, number: int | None) -> Sequence[Row]:
    return await _waiting(asked, "select * from ops.pairs_in_doubt(%s, %s)", number)


async def _addresses(asked: Asked, number: int | None) -> Sequence[Row]:
    return await _waiting(asked, "select * from ops.addresses_in_doubt(%s, %s)", number)


async def _waiting(asked: Asked, query: LiteralString, number: int | None) -> Sequence[Row]:
    try:
        async with asked.board.database.as_board() as connection:
            return await rows(connection, query, asked.viewer.token, number)
    except errors.InsufficientPrivilege:
        raise HTTPException(403, "您的角色不能裁定。") from None
