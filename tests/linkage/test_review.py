"""People say who is who: they are asked, answer, and are obeyed; what the machine did, it explains."""

import datetime as dt
from typing import get_args

import psycopg
import pytest

from linkage import evidence, review
from linkage.evidence import How
from linkage.review import Position
from street.database import DatabaseError
from street.publish import is_current, start_version
from street.vocabulary import labels

from .conftest import DAY, Office
from .test_persons import FATHER, MOTHER, resident

HOME = {"living_address": "梅花路1099弄30号502室", "phone": "13900000000"}
OCCUPANT = {"compound": "银泰小区", "building": "30", "room": "502", "phone": "13900000000"}


def link(office: Office, day: dt.date = DAY) -> dict[tuple[str, int, int], dict[str, object]]:
    """Link, and let it be what was published."""
    office.conn.execute("drop view if exists linkage.record_link")
    office.conn.commit()
    links = office.link(day)
    office.conn.execute("create view linkage.record_link as select * from build.record_link")
    office.conn.commit()
    return links


def test_a_tie_by_evidence_is_explained_in_a_sentence_without_a_value(office: Office) -> None:
    home = office.receive("household_registry", resident("1", MOTHER, "王秀英", "19491231") | HOME)
    listed = office.receive("property_occupancy", OCCUPANT | {"occupant_name": "王秀英"})
    links = link(office)
    one, other = links["household_registry", home, 1], links["property_occupancy", listed, 1]
    assert one["person_key"] == other["person_key"]
    assert (one["person_method"], other["person_method"], other["person_score"]) == ("document", "linkage", 0.9996)
    assert other["agreed"] == ["phone", "door", "building", "compound"]
    why = review.person(office.conn, str(one["person_key"]))
    assert [(each.at.feed, each.method) for each in why] == [
        ("household_registry", "document"), ("property_occupancy", "linkage"),
    ]  # fmt: skip
    assert why[0].why == "证件号码有效且一致。"
    assert why[1].why == "姓名相同，手机号、住处一致；全街道没有已知的同名人；可靠度 0.9996。"
    assert link(office)["property_occupancy", listed, 1]["person_method"] == "linkage", "also by memory alone"


def test_a_split_is_obeyed_for_ever_and_a_merge_undoes_it(office: Office) -> None:
    home = office.receive("household_registry", resident("1", MOTHER, "王秀英", "19491231") | HOME)
    listed = office.receive("property_occupancy", OCCUPANT | {"occupant_name": "王秀英"})
    first = link(office)
    key = str(first["household_registry", home, 1]["person_key"])
    review.split(office.conn, key, Position("property_occupancy", listed, 1), "a clerk", "她的女儿")
    office.conn.commit()
    for day in (1, 2):
        links = link(office, DAY + dt.timedelta(day))
        other = str(links["property_occupancy", listed, 1]["person_key"])
        assert links["household_registry", home, 1]["person_key"] == key != other
        assert links["property_occupancy", listed, 1]["person_method"] == "manual"
    review.merge(office.conn, key, other, "a clerk", "是同一人")
    office.conn.commit()
    links = link(office, DAY + dt.timedelta(3))
    assert {row["person_key"] for row in links.values()} == {key}, "the older key stays"
    with pytest.raises(review.ReviewError):
        review.merge(office.conn, key, other, "a clerk", "once more")


def test_whom_evidence_leaves_open_people_are_asked_about_arrivals_first(office: Office) -> None:
    office.receive(
        "household_registry",
        resident("1", MOTHER, "王伟", "19491231") | HOME, resident("2", FATHER, "王伟", "19800101") | HOME,
    )  # fmt: skip
    office.receive("property_occupancy", OCCUPANT | {"occupant_name": "王伟"})
    office.receive("returnees", OCCUPANT | {"full_name": "王伟", "arrived_on": "2020-03-27"})
    link(office)
    queue = review.waiting(office.conn)
    # Occupant and arrival are one person, who may be either of the two.
    assert [each.is_arrival for each in queue] == [True, True]
    assert {each.why for each in queue} == {"姓名相同，手机号、住处一致；全街道已知同名 2 人。"}
    review.decide(office.conn, queue[0].candidate_id, "unsure", "a clerk", "")
    office.conn.commit()
    link(office, DAY + dt.timedelta(1))
    (waits,) = review.waiting(office.conn)
    assert (waits.candidate_id, waits.since) == (queue[1].candidate_id, DAY), "what waits keeps its age"
    review.decide(office.conn, waits.candidate_id, "same", "a clerk", "")
    office.conn.commit()
    links = link(office, DAY + dt.timedelta(2))
    keys = {row["feed"]: row["person_key"] for row in links.values() if row["feed"] != "household_registry"}
    assert len(set(keys.values())) == 1
    assert keys["returnees"] in {row["person_key"] for row in links.values() if row["feed"] == "household_registry"}
    assert not review.waiting(office.conn), "nobody is asked twice"
    with pytest.raises(review.ReviewError):
        review.decide(office.conn, waits.candidate_id, "same", "a clerk", "")


def test_people_say_which_door_an_address_is(office: Office) -> None:
    vague = {"compound": "银泰小区", "building": "30", "phone": "13900000000", "arrived_on": "2020-03-27"}
    back = office.receive("returnees", vague | {"full_name": "王伟"}, vague | {"full_name": "李芳"})
    office.receive("property_occupancy", {"compound": "银泰小区", "building": "30", "occupant_name": "张三"})
    link(office)
    queue = review.waiting(office.conn)
    assert {(each.left, each.is_address, each.is_arrival) for each in queue} == {
        (Position("returnees", back, 1), True, True), (Position("returnees", back, 2), True, True),
    }  # fmt: skip
    assert len(queue) == 2
    assert {each.why for each in queue} == {"住址只能确定到楼；请填写门牌。"}
    one, other = (each.candidate_id for each in sorted(queue, key=lambda each: str(each.left)))
    for wrong in ("same", "different"):
        with pytest.raises(review.ReviewError):
            review.decide(office.conn, one, wrong, "a clerk", "")
    with pytest.raises(review.ReviewError):
        review.place(office.conn, one, "no such door", "a clerk", "")
    review.place(office.conn, one, "D01", "a clerk", "")
    review.decide(office.conn, other, "unsure", "a clerk", "")
    office.conn.commit()
    for day in (1, 2):
        links = link(office, DAY + dt.timedelta(day))
        places = [links["returnees", back, row] for row in (1, 2)]
        assert [(row["place_level"], row["place_method"]) for row in places] == [
            ("dwelling", "manual"), ("building", "partial"),
        ]  # fmt: skip
        assert not review.waiting(office.conn), "nobody is asked twice"


def test_an_address_that_tells_its_door_by_now_is_asked_about_no_more(office: Office) -> None:
    vague = {"compound": "银泰小区", "building": "30", "full_name": "王伟", "arrived_on": "2020-03-27"}
    office.receive("returnees", vague)
    link(office)
    (waits,) = review.waiting(office.conn)
    link(office, DAY + dt.timedelta(1))
    assert [(each.candidate_id, each.since) for each in review.waiting(office.conn)] == [(waits.candidate_id, DAY)]
    office.receive("returnees", vague | {"room": "502"})
    link(office, DAY + dt.timedelta(2))
    assert not review.waiting(office.conn)


def test_a_decision_makes_the_published_version_not_current(office: Office) -> None:
    conn = office.conn
    version = start_version(conn, DAY, dt.datetime(2020, 3, 28, 7, 30, tzinfo=dt.timezone(dt.timedelta(hours=8))))
    conn.execute("update ops.version set status = 'published' where version = %s", [version])
    conn.commit()
    assert is_current(conn, DAY)
    conn.execute(
        "insert into linkage.decision (kind, left_feed, left_record, right_feed, right_record, decided_by)"
        " values ('same_person', 'a', 'x', 'b', 'y', 'a clerk')"
    )
    conn.commit()
    assert not is_current(conn, DAY)


@pytest.mark.parametrize("kind", ["perhaps", ""])
def test_there_are_no_other_decisions(warehouse: psycopg.Connection, kind: str) -> None:
    with pytest.raises((DatabaseError, psycopg.errors.CheckViolation)):
        warehouse.execute(
            "insert into linkage.decision (kind, left_feed, left_record, decided_by) values (%s, 'a', 'x', 'c')", [kind]
        )


def test_all_that_a_pair_is_told_by_has_words():
    """The queue and the board say the same of a pair."""
    assert set(labels("name_likeness")) == set(get_args(How))
    assert set(labels("evidence")) == {"document", "number", "name", *evidence._POINTS}
