"""What two registrations come to, against an oracle that reads the rules a second time.

Every pair that two feeds can send on one day is a person of its own: both orders, one batch or two, one door or two.
Every pair of origins is a person who came twice, and two persons behind one door. All are one build.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from linkage.run import link
from sources.contract import all_contracts
from street import database, dbt

from .conftest import AS_OF, AS_OF_AT, DWELLING, ENTRY, PERSON, land, small_street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

ARRIVED = dt.date(2020, 3, 20)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

#: Registration -> the feed that sends it, what it says, and what it means: 3 central, 2 home, 1 none.
REGISTRATIONS: dict[str, tuple[str, dict[str, str], int]] = {
    "居家": ("returnees", {"isolation": "居家隔离", "origin": "安徽合肥"}, 2),
    "集中": ("returnees", {"isolation": "集中隔离", "origin": "安徽合肥"}, 3),
    "无需": ("returnees", {"isolation": "无需隔离", "origin": "安徽合肥"}, 1),
    "湖北未写": ("returnees", {"isolation": "", "origin": "湖北省武汉市"}, 2),
    "安徽未写": ("returnees", {"isolation": "", "origin": "安徽合肥"}, 1),
    "入境居家": ("border_entries", {"disposition": "home_isolation"}, 2),
    "入境集中": ("border_entries", {"disposition": "central_isolation"}, 3),
    "入境转出": ("border_entries", {"disposition": "transferred_out"}, 3),
}

#: Origin -> the feed that sends it, what it says, how it is told, and its colour.
ORIGINS: dict[str, tuple[str, dict[str, str], str, str]] = {
    "美国入境": ("border_entries", {"departed_country": "USA"}, "美国", "orange"),
    "日本登记": ("returnees", {"origin": "日本"}, "日本", "orange"),
    "湖北": ("returnees", {"origin": "湖北省武汉市"}, "湖北省", "yellow"),
    "安徽": ("returnees", {"origin": "安徽合肥"}, "安徽省", "blue"),
    "国内入境": ("border_entries", {"departed_country": "CHN"}, "中国", "blue"),
}
PAIRS = list(product(ORIGINS, ORIGINS))
#: Two doors for each pair: behind the first one person came twice, behind the second two persons live.
DOORS = [f"{6 + n // 10}{n % 10 + 1:02}" for n in range(2 * len(PAIRS))]


@dataclass
class Person:
    """A registered person, and their registrations of the day in the order in which they come."""

    number: str
    kinds: tuple[str, str]
    is_two_batches: bool
    doors: tuple[str, str]
    rows: list[tuple[str, int, int]] = field(default_factory=list)


class Registered(NamedTuple):
    """A connection to what was built, and the persons of whom two registrations of one day came."""

    conn: psycopg.Connection
    persons: list[Person]


def identity(sequence: int) -> str:
    seventeen = f"31011519{60 + sequence // 900:02d}0101{sequence % 900 + 1:03d}"
    return seventeen + "10X98765432"[sum(int(d) * w for d, w in zip(seventeen, WEIGHTS, strict=True)) % 11]


def everybody() -> list[Person]:
    variants = product(product(REGISTRATIONS, REGISTRATIONS), (False, True), (("501", "501"), ("501", "502")))
    return [
        Person(identity(sequence), kinds, is_two_batches, doors)
        for sequence, (kinds, is_two_batches, doors) in enumerate(variants)
    ]


def said(person: Person, position: int) -> tuple[str, dict[str, str]]:
    """The feed and the row of a person's first or second registration."""
    feed, says, _ = REGISTRATIONS[person.kinds[position]]
    return feed, came(feed, person.number, position, ARRIVED, person.doors[position]) | says


def came(feed: str, number: str, position: int, on: dt.date, door: str) -> dict[str, str]:
    """The row of somebody who isolates behind a door of building 30."""
    if feed == "returnees":
        return {
            "full_name": "测某", "id_number": number, "arrived_on": on.isoformat(), "isolation": "居家隔离",
            "compound_name": "银泰小区", "building_no": "30", "room_no": door, "remark": str(position),
        }  # fmt: skip
    return ENTRY | {
        "entry_id": f"{number}-{position}", "document_type": "I", "document_no": number,
        "name_cn": "测某", "name_latin": "CE MOU", "birth_date": "", "nationality": "CHN",
        "flight_no": f"MU{position}", "destination_address": f"梅花路1099弄30号{door}室",
        "entered_at": f"{on}T10:00:00+08:00", "recorded_at": f"{on}T1{position}:30:00+08:00",
    }  # fmt: skip


def came_twice_and_two(after: int) -> dict[str, list[dict[str, str]]]:
    """By feed, the arrivals of each pair of origins: of one person and of two, with numbers after the others'."""
    arrivals: dict[str, list[dict[str, str]]] = {"border_entries": [], "returnees": []}
    for n, pair in enumerate(PAIRS):
        for position, origin in enumerate(pair):
            feed, says, *_ = ORIGINS[origin]
            on = dt.date(2020, 3, 18 + position)
            for sequence, door in ((3 * n, DOORS[2 * n]), (3 * n + 1 + position, DOORS[2 * n + 1])):
                arrivals[feed].append(came(feed, identity(after + sequence), position, on, door) | says)
    return arrivals


@pytest.fixture(scope="module")
def registered(
    new_warehouse: Callable[[str], str], keep_warehouse: Callable[[str], str], var: Path
) -> Iterator[Registered]:
    """Everybody registered and arrived, the street built for `AS_OF`."""
    found = everybody()
    with small_street(new_warehouse("test"), var) as conn:
        register(conn, found)
        dbt.build(dbt.STAGING, AS_OF, AS_OF_AT)
        link(AS_OF, all_contracts())
        dbt.build(dbt.MARTS, AS_OF, AS_OF_AT)
    with database.connect(keep_warehouse("isolation")) as conn:
        yield Registered(conn, found)


def register(conn: psycopg.Connection, found: list[Person]) -> None:
    """Land everybody's rows, each person's noted with them."""
    land(conn, "household_registry", [
        PERSON | {"person_no": f"R{n}", "full_name": "测某", "id_type": "10", "id_number": person.number,
                  "birth_date": person.number[6:14], "living_address": "梅花路1099弄30号502室"}
        for n, person in enumerate(found)
    ])  # fmt: skip
    land(conn, "housing_registry", [
        DWELLING | {"dwelling_code": f"C{door}", "room_no": door, "tenure": "1"} for door in ("501", "502", *DOORS)
    ])  # fmt: skip
    for batch in (0, 1):
        for feed in ("returnees", "border_entries"):
            rows, whose = [], []
            for person in found:
                for position in (0, 1):
                    sent_by, row = said(person, position)
                    if sent_by == feed and batch == (position if person.is_two_batches else 0):
                        rows.append(row)
                        whose.append(person)
            batch_id = land(conn, feed, rows)
            for row_no, person in enumerate(whose, start=1):
                person.rows.append((feed, batch_id, row_no))
    for feed, rows in came_twice_and_two(len(found)).items():
        land(conn, feed, rows)
    conn.commit()


def by(conn: psycopg.Connection, query: str) -> dict[Any, list[tuple[Any, ...]]]:
    """The rows of a query by their first column."""
    rows: dict[Any, list[tuple[Any, ...]]] = {}
    for key, *rest in conn.execute(query).fetchall():
        rows.setdefault(key, []).append(tuple(rest))
    return rows


def test_p1_of_one_day_central_holds_over_home_over_none_and_nobody_is_listed(registered: Registered) -> None:
    conn, persons = registered
    record = "feed || '/' || batch_id || '/' || row_no"
    arrivals = by(conn, f"select {record}, person_key, is_overruled, is_counted from build.fct_arrival")
    listed = by(conn, f"select {record}, kind, reason from build.unresolved")
    episodes = by(
        conn,
        "select episode.person_key, episode.status, episode.started_on, door.room_no from build.isolation_episode as"
        " episode left join build.dim_dwelling as door on episode.dwelling_key = door.dwelling_key",
    )
    wrong: list[str] = []
    for person in persons:
        meanings = [REGISTRATIONS[kind][2] for kind in person.kinds]
        rows = ["/".join(map(str, row)) for row in person.rows]
        found = [arrivals[row][0] for row in rows]
        keys = {key for key, _, _ in found}
        holding = max(meanings)
        # `rows` stand as they were sent: the returnees' before the border's, each in the order of the batches.
        feeds = [REGISTRATIONS[kind][0] for kind in person.kinds]
        sent = sorted(range(2), key=lambda n: (person.is_two_batches and n, feeds[n] != "returnees"))
        overruled = [meanings[n] < holding for n in sent]
        if len(keys) != 1 or [is_overruled for _, is_overruled, _ in found] != overruled:
            wrong.append(f"{person.kinds}: overruled")
        if sum(is_counted for _, _, is_counted in found) != 1:
            wrong.append(f"{person.kinds}: counted")
        if any(row in listed for row in rows):
            wrong.append(f"{person.kinds}: listed")
        told = episodes.get(keys.pop(), [])
        if holding != 2:
            if told:
                wrong.append(f"{person.kinds}: isolated")
            continue
        # The registration of home isolation that was recorded last: a list's is its arrival, a week after the port's.
        last = max(
            (n for n in range(2) if meanings[n] == 2),
            key=lambda n: (feeds[n] == "returnees", n),
        )
        if told != [("isolating", ARRIVED, person.doors[last])]:
            wrong.append(f"{person.kinds} {person.doors} {person.is_two_batches}: {told}")
    assert wrong == []
    counted = conn.execute(
        "select sum(arrivals) from build.governance_daily where business_date = %s and committee_code = '310115016001'",
        (ARRIVED,),
    ).fetchone()
    assert counted is not None
    # Beside those of the small street: four, one without a place.
    assert counted[0] == len(persons) + 3


def test_orange_comes_before_yellow_and_that_before_blue_in_an_episode_and_behind_a_door(
    registered: Registered,
) -> None:
    conn, pairs, doors = registered.conn, PAIRS, DOORS
    drawn = by(conn, "select room_no, isolating, isolation_colour from build.building_view")
    episodes = by(
        conn,
        "select room_no, colour, origin_name from build.isolation_episode as episode"
        " inner join build.dim_dwelling as door on episode.dwelling_key = door.dwelling_key",
    )
    wrong: list[str] = []
    for n, pair in enumerate(pairs):
        one, two = doors[2 * n : 2 * n + 2]
        told = [(ORIGINS[origin][3], ORIGINS[origin][2]) for origin in pair]
        gravest = min((colour for colour, _ in told), key=("orange", "yellow", "blue").index)
        if len(episodes[one]) != 1 or episodes[one][0] not in told or episodes[one][0][0] != gravest:
            wrong.append(f"{pair} in one episode: {episodes[one]}")
        if sorted(episodes[two]) != sorted(told):
            wrong.append(f"{pair} in two episodes: {episodes[two]}")
        if drawn[one] != [(1, gravest)] or drawn[two] != [(2, gravest)]:
            wrong.append(f"{pair} as drawn: {drawn[one]} {drawn[two]}")
    assert wrong == []
