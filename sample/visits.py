"""The visits that the committees made (走访记录): a workbook a day, with what was done the day before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sample.addresses import numbered, numeral
from sample.dirt import FULL_WIDTH, slip
from sample.people import Streams
from sample.rows import Rows
from sample.truth import Episode
from sample.worksheets import Cell, Heading, write_sheet

HEADERS = [
    "记录编号", "居委会代码", "走访人", "被访人姓名", "证件号或手机", "小区", "楼号", "室号", "事项", "体温", "结果",
    "走访时间", "备注",
]  # fmt: skip
DAYS = 4
"""Of how many days before the business date the sample has visits."""
_MADE = ("正常", "情况良好", "体温正常，无不适", "已送达", "家中无人发热", "")
_ATTEMPT = ("无人应门", "无人在家，已留条", "未见本人", "拒绝测温", "（无人）")
_MOVED = ("搬离", "已搬走，邻居告知")
_NUMERALS = "〇一二三四五六七八九"
_NO_TEMPERATURE = ("正常", "未测", "98.6", "365", "-")


@dataclass(frozen=True)
class Visit:
    """A visit as it was made; `by` is what its record tells of whom: document, phone, name or nothing."""

    person_id: int
    dwelling_id: int
    at: datetime
    kind: str
    outcome: str = "made"
    temperature: float | None = None
    by: str = "document"
    fault: str = ""
    again: str = ""


def make_visits(
    streams: Streams, people: pl.DataFrame, dwellings: pl.DataFrame, isolating: Sequence[Episode]
) -> list[Visit]:
    """Return the visits of the last DAYS days, in order of time."""
    rng = streams.rng(91)
    made = [*_to_the_isolating(rng, streams.date, isolating)]
    made += _to_the_old(rng, streams, people)
    made += _elsewhere(rng, streams, people, dwellings)
    named = [_told(rng, visit) for visit in sorted(made, key=lambda v: (v.at, v.person_id, v.kind))]
    again = [_again(visit, how) for how, visit in zip(_cycle(rng, len(named)), named, strict=True) if how]
    return sorted([*named, *again, *_unusable(rng, named)], key=lambda v: (v.at, v.person_id, v.kind, v.again))


def _days(today: date) -> list[date]:
    return [today - timedelta(days=n) for n in range(DAYS, 0, -1)]


def _at(rng: np.random.Generator, day: date) -> datetime:
    return datetime.combine(day, time(8)) + timedelta(minutes=int(rng.integers(0, 12 * 60)))


def _to_the_isolating(rng: np.random.Generator, today: date, episodes: Sequence[Episode]) -> Iterator[Visit]:
    """Measure most of those at home each day, bring food and medicine, release on the last day, a few before it."""
    at_home = [e for e in episodes if e.event.destination >= 0 and e.status in ("isolating", "completed")]
    yesterday = today - timedelta(days=1)
    let_out = [e for e in at_home if e.status == "isolating" and e.started_on < yesterday][3::150]
    for episode in at_home:
        person, door = episode.person_id, episode.event.destination
        for day in _days(today):
            is_early = episode in let_out and day == yesterday
            if (day == episode.release_on and rng.random() < 0.9) or is_early:
                yield Visit(person, door, _at(rng, day), "解除隔离")
            elif episode.started_on <= day < episode.release_on:
                yield from _measured(rng, person, door, day)
                if rng.random() < 0.15:
                    yield Visit(person, door, _at(rng, day), str(rng.choice(["送菜", "送药", "心理疏导"])))


def _measured(rng: np.random.Generator, person: int, door: int, day: date) -> Iterator[Visit]:
    """Take a temperature on most days; a few aren't met, and of those with a fever some are measured once more."""
    draw, at = rng.random(), _at(rng, day)
    if draw < 0.9:
        celsius = round(float(np.clip(rng.normal(36.5, 0.25), 35.4, 37.2)), 1)
        celsius = round(37.3 + float(rng.integers(0, 20)) / 10, 1) if rng.random() < 0.05 else celsius
        yield Visit(person, door, at, "测温", temperature=celsius)
        if celsius >= 37.3 and rng.random() < 0.6:
            later = at + timedelta(minutes=int(rng.integers(20, 90)))
            yield Visit(person, door, later, "测温", temperature=36.9)
    elif draw < 0.95:
        yield Visit(person, door, at, "测温", "attempt")


def _to_the_old(rng: np.random.Generator, streams: Streams, people: pl.DataFrame) -> Iterator[Visit]:
    """Look after those who live alone, a seventh a day."""
    lives = people.filter((pl.col("presence") == "lives") & pl.col("in_registry") & (pl.col("home") >= 0))
    old = pl.col("birth_date") < pl.lit(streams.date).dt.offset_by("-60y")
    alone = lives.filter((pl.len().over("home") == 1) & old).select("person_id", "home").rows()
    for day in _days(streams.date):
        for person, home in alone:
            draw = rng.random()
            if draw < 0.125:
                outcome = "attempt" if draw < 0.01 else "made"
                yield Visit(person, home, _at(rng, day), "独居探访", outcome)


def _elsewhere(
    rng: np.random.Generator, streams: Streams, people: pl.DataFrame, dwellings: pl.DataFrame
) -> Iterator[Visit]:
    """Find some who have moved away, and some at another door than the registry's."""
    lives = people.filter(
        (pl.col("presence") == "lives") & pl.col("in_registry") & (pl.col("home") >= 0) & (pl.col("doc_type") == "10")
    )
    doors = dwellings.filter((pl.col("usage") == "1") & (pl.col("compound_name") != ""))["dwelling_id"].to_numpy()
    chosen = lives[rng.permutation(lives.height)[: 2 * max(4, round(60 * streams.scale))]]
    for position, (person, home) in enumerate(chosen.select("person_id", "home").iter_rows()):
        at = _at(rng, _days(streams.date)[position % DAYS])
        if position % 2:
            yield Visit(person, home, at, "其他", "moved")
        else:
            yield Visit(person, int(rng.choice(doors)), at, "其他")


def _told(rng: np.random.Generator, visit: Visit) -> Visit:
    """Return how the record names whom: moves and other doors by the document, doors without a person for food
    alone.
    """
    if visit.kind in ("其他", "解除隔离"):
        return visit
    draw = rng.random()
    if visit.kind == "送菜" and draw < 0.3:
        return replace(visit, by="nothing")
    return replace(visit, by="document" if draw < 0.6 else "phone" if draw < 0.8 else "name")


def _cycle(rng: np.random.Generator, n: int) -> list[str]:
    """For each visit whether it is sent again: under its number the next day, or by another committee."""
    return [{0: "next_day", 1: "other_committee"}.get(int(draw), "") for draw in rng.integers(0, 60, n)]


def _again(visit: Visit, how: str) -> Visit:
    return replace(visit, again=how)


def _unusable(rng: np.random.Generator, named: Sequence[Visit]) -> list[Visit]:
    faults = ("missing_key", "unreadable_time", "future_time")
    return [replace(named[int(rng.integers(0, len(named)))], fault=fault) for fault in faults] if named else []


def write_visits(
    streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame, made: Sequence[Visit]
) -> list[Rows]:
    """Write a folder for each day and return their rows."""
    rng = streams.rng(92)
    persons = {row["person_id"]: row for row in people.filter(
        pl.col("person_id").is_in([v.person_id for v in made])
    ).iter_rows(named=True)}  # fmt: skip
    doors = {row["dwelling_id"]: row for row in dwellings.filter(
        pl.col("dwelling_id").is_in([v.dwelling_id for v in made])
    ).iter_rows(named=True)}  # fmt: skip
    numbers = _numbers(made)
    folders: dict[date, list[tuple[Visit, str]]] = {}
    for visit, number in zip(made, numbers, strict=True):
        folder = visit.at.date() + timedelta(days=2 if visit.again == "next_day" else 1)
        if folder <= streams.date:
            folders.setdefault(folder, []).append((visit, number))
    written: list[Rows] = []
    for day in sorted(folders):
        lines = [
            _line(rng, visit, number, persons[visit.person_id], doors[visit.dwelling_id])
            for visit, number in folders[day]
        ]
        path = inbox / "visit_log" / day.isoformat() / f"走访记录{day:%Y%m%d}.xlsx"
        title = f"花木街道走访记录({day.year}年{day.month}月{day.day}日)"
        write_sheet(path, Heading("走访记录", title, HEADERS), [cells for cells, _ in lines], total=True)
        facts = pl.DataFrame([fact for _, fact in lines], infer_schema_length=None)
        written.append(Rows("visit_log", day, path.name, "visit_no", facts))
    return written


def _numbers(made: Sequence[Visit]) -> list[str]:
    """Return the number of each record; what is sent again the next day keeps it."""
    given: dict[tuple[int, datetime, str], str] = {}
    numbers = []
    for position, visit in enumerate(made, start=1):
        own = f"ZF{visit.at:%Y%m%d}{position:06}"
        if not visit.fault and visit.again != "other_committee":
            own = given.setdefault((visit.person_id, visit.at, visit.kind), own)
        numbers.append(own)
    return numbers


def _line(
    rng: np.random.Generator, visit: Visit, number: str, person: dict[str, Any], door: dict[str, Any]
) -> tuple[list[Cell], dict[str, Any]]:
    """Return the cells of a row and what the truth says about it."""
    name, told, by = _named(rng, visit, person)
    temperature, celsius = _temperature(rng, visit)
    building, draw = str(door["building_no"]), rng.random()
    building = numbered(building) if draw < 0.2 else f"{numeral(building)}号" if draw < 0.25 else building
    texts = {"made": _MADE, "attempt": _ATTEMPT, "moved": _MOVED}[visit.outcome]
    at = visit.at.strftime(str(rng.choice(["%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y年%m月%d日 %H:%M"])))
    at = {"unreadable_time": "上午", "future_time": "2020-12-30 10:00"}.get(visit.fault, at)
    # The sheet has no column for a road: a door of no compound can't be written in it.
    place = (door["compound_name"], building, door["room_no"]) if door["compound_name"] else ("", "", "")
    number = "" if visit.fault == "missing_key" else number
    cells: list[Cell] = [
        number, door["committee_code"], f"{_surname(rng)}老师", name, told, *place, visit.kind, temperature,
        str(rng.choice(texts)), at, "",
    ]  # fmt: skip
    facts = {
        "visit_no": number,
        "visited_id": None if by == "nothing" else visit.person_id,
        "dwelling_id": visit.dwelling_id,
        "fault": visit.fault,
        "superseded": False,
        "visited_at": visit.at,
        "kind": visit.kind,
        "outcome": visit.outcome,
        "temperature": celsius,
        "by": by,
        "again": visit.again,
    }
    return cells, facts


def _surname(rng: np.random.Generator) -> str:
    return str(rng.choice(["王", "李", "张", "陈", "陆"]))


def _named(rng: np.random.Generator, visit: Visit, person: dict[str, Any]) -> tuple[str, str, str]:
    """Return name and document or phone as written, and by what the record really tells whom."""
    name = slip(str(person["full_name"])) if rng.random() < 0.01 else str(person["full_name"])
    if visit.by == "nothing":
        return "", "", "nothing"
    if visit.by == "document" and person["doc_type"] == "10" and person["nationality"] == "CHN":
        return name, str(person["doc_no"]), "document"
    if visit.by != "name" and person["phone"]:
        return name, str(person["phone"]), "phone"
    return name, "", "name"


def _temperature(rng: np.random.Generator, visit: Visit) -> tuple[Cell, float | None]:
    """Return the temperature as written, and what it is once read."""
    celsius = visit.temperature
    if celsius is None:
        return "", None
    if rng.random() < 0.02 and celsius < 37.3:
        return str(rng.choice(_NO_TEMPERATURE)), None
    tenths = round(celsius * 10)
    ten, one, tenth = tenths // 100, tenths // 10 % 10, tenths % 10
    dressed = [
        f"{celsius}", f"{celsius}℃", f"{celsius}°C", f"{celsius}度", f"体温{celsius}",
        f"{celsius}".translate(str.maketrans(FULL_WIDTH)).replace(".", "．"), f"{celsius}".replace("0", "O"),
        f"{_NUMERALS[ten]}十{_NUMERALS[one] if one else ''}度{_NUMERALS[tenth]}", f"{tenths // 10}度{tenth}",
        f"{tenths // 10}。{tenth}",
    ]  # fmt: skip
    return (celsius if rng.random() < 0.5 else str(rng.choice(dressed))), celsius
