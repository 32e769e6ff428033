"""What lies in the inbox for a feed, and what became of each file (`street inbox`); reads no file's content."""

import datetime as dt
from dataclasses import dataclass

import psycopg

from sources.connectors import folders
from sources.connectors.folders import Arrival
from sources.contract import Contract
from sources.failures import PassingError
from sources.known import Known
from street.settings import settings

_STATES = {
    "landed": "已入库，待校验",
    "accepted": "已接受",
    "rejected": "被拒绝",
    "repeated": "与以前的完全相同",
    "failed": "读不了",
}


@dataclass(frozen=True)
class Lying:
    """Something that lies in the inbox, and what became of it; `day` and `size` are None for what isn't a list."""

    feed: str
    day: dt.date | None
    name: str
    size: int | None
    state: str


def lying(conn: psycopg.Connection, terms: Contract, day: dt.date | None = None) -> list[Lying]:
    """Return what lies in the inbox for a feed (and a date), and what became of each file; reads no file's content.

    Raises DatabaseError.
    """
    place = settings().street_inbox
    if place is None or terms.server.type != "local":
        return []
    try:
        found = folders.look(place, terms)
    except PassingError as error:
        return [Lying(terms.feed, None, "", None, str(error))]
    known = Known(conn, terms.feed)
    told = [Lying(terms.feed, None, each.name, None, f"忽略：{each.why}") for each in found.astray if day is None]
    for folder in found.folders:
        if day is not None and folder.business_date != day:
            continue
        on = folder.business_date
        if folder.trouble is not None:
            told.append(Lying(terms.feed, on, "", None, f"文件夹打不开：{folder.trouble}"))
        told += [Lying(terms.feed, on, file.name, file.size, _became(known, on, file)) for file in folder.files]
        told += [Lying(terms.feed, on, each.name, None, f"忽略：{each.why}") for each in folder.ignored]
    return told


def _became(known: Known, day: dt.date, file: Arrival) -> str:
    if known.removed_through is not None and day <= known.removed_through:
        return "已到期删除，不再入库；请部门收回（R-RET-4）"
    landed = known.newest(day, file.name)
    if landed is None:
        return "待入库"
    if landed.is_forgotten:
        return f"待重新入库（批次 {landed.batch_id}）"
    if landed.facts["sha256"] is not None and not known.is_unchanged(day, file.facts()):
        return f"已改动，待核对后入库（上次为批次 {landed.batch_id}）"
    state = f"批次 {landed.batch_id}：{_STATES[landed.status]}"
    return f"{state}（{landed.reason}）" if landed.reason else state
