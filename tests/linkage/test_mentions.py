"""Whom a visit may mean (R-VISIT-2): by our own key, a document, a phone, or a name at the door; and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from linkage.run import link
from sources.contract import load

from .conftest import DAY, FEEDS, Feed
from .test_persons import FATHER, MOTHER, resident

if TYPE_CHECKING:
    from .conftest import Office

_CONTRACT = load("visit_log")
VISITS = Feed(
    "visit_log", _CONTRACT.business_key, _CONTRACT.roles, about_person=False, mentions_persons=True, load_mode="events"
)
AT_501 = {"compound_name": "银泰小区", "building_no": "30", "room_no": "501"}
AT_502 = {"compound_name": "银泰小区", "building_no": "30", "room_no": "502"}
PEOPLE = (
    resident("1", MOTHER, "王秀英") | {"living_address": "梅花路1099弄30号502室", "phone": "13900000001"},
    resident("2", FATHER, "李建国") | {"living_address": "梅花路1099弄30号502室", "phone": "13900000001"},
    resident("3", "", "张小明") | {"living_address": "梅花路1099弄30号501室", "phone": "13900000003"},
)
#: What a visit says -> {person_no: what says so} of everybody whom it may mean.
MEANT: dict[str, tuple[dict[str, str], dict[str, set[str]]]] = {
    "a number, no name": ({"document_or_phone": MOTHER}, {"1": {"document"}}),
    "a number with another's name": ({"document_or_phone": MOTHER, "full_name": "赵六七"}, {}),
    "a phone that two have": ({"document_or_phone": "13900000001"}, {"1": {"phone"}, "2": {"phone"}}),
    "a phone with the name of one": ({"document_or_phone": "13900000001", "full_name": "李建国"}, {"2": {"phone"}}),
    "a name at its door": (AT_501 | {"full_name": "张小明"}, {"3": {"name"}}),
    "a name with one slip at its door": (AT_501 | {"full_name": "张晓明"}, {"3": {"name"}}),
    "a name at another door": (AT_501 | {"full_name": "王秀英"}, {}),
    "a door alone": (AT_502, {}),
    "a phone of nobody's": ({"document_or_phone": "13900000009"}, {}),
}


@pytest.fixture
def visited(office: Office) -> Office:
    """The office with a list of visits beside the register of three people."""
    with_visits(office).receive("household_registry", *PEOPLE)
    return office


def with_visits(office: Office) -> Office:
    columns = tuple(dict.fromkeys([*VISITS.business_key, *VISITS.roles.values()]))
    office._make(VISITS.feed, columns, personal=())
    return office


def meant(office: Office, *visits: dict[str, Any]) -> dict[str, dict[str, set[str]]]:
    """visit_no -> {person_no: what says so}; a visit that may mean nobody is left out."""
    batch = office.receive("visit_log", *visits)
    link(DAY, (*FEEDS, VISITS))
    rows = office.conn.execute(
        "select visit.visit_no, person.person_no, mention.how from build.mention"
        " inner join raw.visit_log as visit on mention.batch_id = visit._batch_id and mention.row_no = visit._row_no"
        " inner join build.record_link as link on mention.person_key = link.person_key"
        " inner join raw.household_registry as person on link.feed = 'household_registry'"
        "  and link.batch_id = person._batch_id and link.row_no = person._row_no"
        " where mention.batch_id = %s",
        (batch,),
    ).fetchall()
    office.conn.commit()
    found: dict[str, dict[str, set[str]]] = {}
    for visit, person, how in rows:
        found.setdefault(visit, {}).setdefault(person, set()).add(how)
    return found


def test_a_visit_means_whom_it_can_and_makes_nobody(visited: Office) -> None:
    visits = [{"visit_no": name} | said for name, (said, _) in MEANT.items()]
    assert meant(visited, *visits) == {name: whom for name, (_, whom) in MEANT.items() if whom}
    assert visited.conn.execute("select count(*) from linkage.person").fetchone() == (3,)
    told = "select count(*) filter (where person_key is not null) from build.record_link where feed = 'visit_log'"
    assert visited.conn.execute(told).fetchone() == (0,), "whom it means is for the models to choose"


def test_a_visit_of_the_boards_means_whom_its_keys_name_whatever_it_writes(visited: Office) -> None:
    assert meant(visited) == {}
    [(key,)] = visited.conn.execute(
        "select person_key from build.record_link inner join raw.household_registry on batch_id = _batch_id"
        " and row_no = _row_no where feed = 'household_registry' and person_no = '3'"
    ).fetchall()
    [(door,)] = visited.conn.execute("select dwelling_key from build.dwelling where dwelling_code = 'D01'").fetchall()
    visited.conn.commit()
    assert meant(visited, {"visit_no": "b", "person_key": key, "dwelling_key": door} | AT_501) == {"b": {"3": {"key"}}}
    assert visited.conn.execute(
        "select dwelling_key, place_level from build.record_link where feed = 'visit_log'"
    ).fetchall() == [(door, "dwelling")]
