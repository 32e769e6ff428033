from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from psycopg.errors import UndefinedColumn, UndefinedTable

from expectations.marts import person_checks
from reports.figures import LEVELS, Balance, Duties, Figures, Unresolved, read
from reports.suppression import UNBOUNDED
from street.settings import SHANGHAI
from street.vocabulary import COLOURS, labels

if TYPE_CHECKING:
    from tests.reports.conftest import Street

DAY = dt.date(2020, 3, 28)


def figures(street: Street) -> Figures:
    return read(street.conn, DAY)


def headline(found: Figures, label: str) -> tuple[float | None, float | None]:
    return next((line.yesterday, line.before) for line in found.headlines if line.label == label)


def test_empty_marts_know_nothing_and_say_so(street: Street) -> None:
    found = figures(street)
    assert found.isolating_total is None
    for section in ("compounds", "levels", "duties", "care", "services", "feeds", "unresolved", "curve", "releases"):
        assert getattr(found, section) is None
    assert {(line.yesterday, line.before) for line in found.headlines} == {(None, None)}
    assert found.first_line == "还没有任何可用的数据。"


def test_isolating_and_releases_are_counted_by_colour(street: Street) -> None:
    street.isolate(3, colour="orange", day=1)
    street.isolate(2, colour="blue", day=14)
    street.isolate(4, colour="yellow", day=15, status="completed")
    street.isolate(1, colour="yellow", day=5, status="transferred")
    found = figures(street)
    assert found.isolating == {"orange": 3, "yellow": 0, "blue": 2}
    assert found.releases is not None
    assert len(found.releases) == 14
    assert found.releases[0].counts == {"orange": 0, "yellow": 0, "blue": 2}
    assert found.releases[-1].date == dt.date(2020, 4, 11)
    assert found.releases[-1].counts["orange"] == 3
    assert sum(day.total for day in found.releases) == found.isolating_total
    assert found.completed_14d == 4


def test_the_last_closed_day_stands_beside_the_day_before(street: Street) -> None:
    yesterday, before = DAY - dt.timedelta(days=1), DAY - dt.timedelta(days=2)
    street.isolate(1, day=2)
    street.publish(
        "governance_daily",
        [
            {"business_date": DAY, "committee_code": "310115016", "arrivals": 1},
            {"business_date": yesterday, "committee_code": "310115016", "arrivals": 61, "coverage_pct": 97.5},
            {"business_date": yesterday, "committee_code": "310115016001", "arrivals": 61},
            {"business_date": before, "committee_code": "310115016", "arrivals": 70},
        ],
    )
    found = figures(street)
    assert headline(found, "抵沪来本街道") == (61, 70)
    assert next(line.change for line in found.headlines if line.label == "抵沪来本街道") == -9
    assert headline(found, "测温覆盖率") == (97.5, None)
    assert headline(found, "违规外出") == (None, None)


def test_isolating_is_that_of_the_day_before_and_its_parts_line_by_line(street: Street) -> None:
    street.isolate(1, day=2)
    parts = ("isolating", "newly_isolating", "released", "transferred", "isolating_corrected")
    days = ((7, 9, 1, 0, 0), (11, 7, 2, 1, None), (10, 3, 3, 2, 1), (12, 4, 2, 0, 0))
    street.publish(
        "governance_daily",
        [
            {"business_date": DAY - dt.timedelta(days=3 - n), "committee_code": "310115016"}
            | dict(zip(parts, day, strict=True))
            for n, day in enumerate(days)
        ],
    )
    found = figures(street)
    assert found.balance == [
        Balance(DAY, 10, 4, 2, 0, 0, 12),
        Balance(DAY - dt.timedelta(days=1), 11, 3, 3, 2, 1, 10),
        Balance(DAY - dt.timedelta(days=2), 7, 7, 2, 1, None, 11),
    ]
    assert found.released_today == 2
    assert found.curve is not None
    assert [day.counts["isolating"] for day in found.curve[-4:]] == [None, 7, 11, 10]


def test_headlines_that_nobody_can_tell_stand_apart(street: Street) -> None:
    yesterday = {"business_date": DAY - dt.timedelta(days=1), "committee_code": "310115016", "arrivals": 61}
    street.publish("governance_daily", [yesterday])
    found = figures(street)
    assert [line.label for line in found.told] == ["抵沪来本街道"]
    assert "测温覆盖率" in [line.label for line in found.untold]


def test_levels_none_and_blue_are_one_class_and_red_comes_first(street: Street) -> None:
    street.compound("黄院", "yellow", orange=6)
    street.compound("蓝院", "blue", orange=3, yellow=6, blue=9)
    street.compound("空院", "none")
    street.compound("红院", "red", orange=30, yellow=9, blue=8)
    found = figures(street)
    assert found.levels is not None
    assert [(line.label, line.count) for line in found.levels] == [("红", 1), ("橙", 0), ("黄", 1), ("平稳", 2)]
    assert found.compounds is not None
    assert [line.name for line in found.compounds] == ["红院", "黄院"]


def test_small_counts_of_a_compound_are_hidden(street: Street) -> None:
    street.compound("银泰小区", "red", orange=20, yellow=6, blue=2)
    street.compound("东城新村", "red", orange=19, yellow=7, blue=3)
    street.isolate(40)
    street.isolate(30, colour="yellow")
    street.isolate(20, colour="blue")
    found = figures(street)
    assert found.compounds is not None
    assert found.rest is not None
    assert [[cell.printed for cell in line.cells] for line in found.compounds] == [
        [19, "—", "<5", 29],
        [20, "—", "<5", 28],
    ]
    assert [cell.printed for cell in found.rest] == [40, 30, 20, 90]


def test_the_place_of_a_hidden_total_in_the_table_does_not_tell_it(street: Street) -> None:
    for name, level, four in (("甲", "yellow", 4), ("乙", "yellow", 4), ("丙", "yellow", 3)):
        street.compound(name, level, orange=0, yellow=four, blue=4)
    street.compound("丁", "yellow", orange=6)
    street.isolate(50)
    street.isolate(50, colour="yellow")
    street.isolate(50, colour="blue")
    found = figures(street)
    assert found.compounds is not None
    printed = [line.cells[-1].printed for line in found.compounds]
    assert "5-9" in printed, "its level says as much"
    assert printed == sorted(printed, key=lambda value: -value if isinstance(value, int) else 0)


def test_compounds_that_claim_more_people_than_the_street_are_not_printed(street: Street) -> None:
    street.compound("银泰小区", "red", orange=25)
    street.conn.execute(
        "delete from marts.isolation_episode where ctid in (select ctid from marts.isolation_episode limit 3)"
    )
    street.conn.commit()
    assert figures(street).compounds is None


def test_duties_stand_by_committee_and_are_never_hidden(street: Street) -> None:
    street.compound("银泰小区", "none")
    yesterday = DAY - dt.timedelta(days=1)
    duties = {"duties_due": 3, "duties_done": 1, "duties_overdue": 2}
    street.publish(
        "governance_daily",
        [
            {"business_date": yesterday, "committee_code": code} | duties
            for code in ("310115016001", "000000000000", "310115016")
        ],
    )
    duty = {"committee_code": "310115016001", "duty": "temperature_check", "duty_zh": "居家隔离测温", "priority": 2}
    street.publish(
        "worklist",
        [
            duty | {"status": "open", "due_at": f"{DAY} 20:00+08"},
            duty | {"status": "done", "due_at": f"{DAY} 20:00+08"},
            duty | {"status": "open", "due_at": f"{DAY + dt.timedelta(days=1)} 00:00+08"},
        ],
    )
    found = figures(street)
    assert found.duties is not None
    line = next(line for line in found.duties if line.committee == "牡丹第二居委会")
    assert (line.due, line.done, line.overdue, line.open_today, line.urgent_today) == (3, 1, 2, 1, 1)
    assert [(kind.label, kind.count) for kind in found.duty_kinds or ()] == [("居家隔离测温", 1)]
    assert {line.committee for line in found.duties} == {"牡丹第二居委会", "未落实"}


def test_people_to_care_for_are_counted_by_tag_and_services_by_kind(street: Street) -> None:
    street.compound("银泰小区", "none")
    tag = {"tag": "living_alone_elderly", "label_zh": "独居老人"}
    street.publish("person_tag", [tag | {"person_key": key} for key in ("a", "b", "b")])
    meals = {"service": "助餐服务", "started_on": DAY, "is_current": True}
    ended = {"ended_on": DAY - dt.timedelta(days=1), "is_current": False}
    to_begin = {"started_on": DAY + dt.timedelta(days=1), "is_current": False}
    street.publish("service_roster", [meals | {"person_key": "a"}, meals | {"person_key": "b", "ended_on": DAY}])
    street.publish("service_roster", [meals | ended | {"person_key": "c"}])
    street.publish("service_roster", [meals | to_begin | {"person_key": "d"}])
    found = figures(street)
    assert found.care is not None
    assert [(line.label, line.count) for line in found.care] == [("独居老人", 2)]
    assert found.services is not None
    assert [(line.label, line.count) for line in found.services] == [("助餐服务", 2)]


def test_unresolved_records_stand_by_reason_and_age(street: Street) -> None:
    street.compound("银泰小区", "none")
    street.publish(
        "unresolved",
        [
            {"reason_zh": "目的地在外街道，待移交", "first_seen_on": DAY - dt.timedelta(days=days)}
            for days in (0, 1, 6, 7, 13, 14)
        ]
        + [{"reason_zh": "名单内容有误", "first_seen_on": None}],
    )
    found = figures(street)
    assert found.unresolved == [
        Unresolved("目的地在外街道，待移交", (1, 2, 2, 1)),
        Unresolved("名单内容有误", (0, 0, 0, 1)),
    ]
    assert found.unresolved_total == 7


def test_when_todays_build_failed_the_report_says_whose_data_it_shows(street: Street) -> None:
    street.compound("银泰小区", "none", as_of=DAY - dt.timedelta(days=1))
    found = figures(street)
    assert "今日数据还没有出来，以下为3月27日的数据。" in found.first_line
    assert found.closed_day == DAY - dt.timedelta(days=2)
    assert found.levels is not None


def test_a_past_day_shows_its_history_and_not_todays_people(street: Street) -> None:
    street.compound("银泰小区", "red", orange=25, as_of=DAY + dt.timedelta(days=3))
    yesterday = {"business_date": DAY - dt.timedelta(days=1), "committee_code": "310115016", "arrivals": 61}
    street.publish("governance_daily", [yesterday])
    found = figures(street)
    for section in ("isolating", "compounds", "levels", "care"):
        assert getattr(found, section) is None
    assert headline(found, "抵沪来本街道") == (61, None)
    assert "只列3月28日的历史数字" in found.first_line


@pytest.mark.parametrize(
    ("health", "sentence"),
    [
        (
            {"status": "late", "due_at": dt.datetime(2020, 3, 28, 3, 30, tzinfo=SHANGHAI)},
            "低保名单今日未到（应 03:30，已迟 4 小时）。",
        ),
        (
            {"status": "late", "due_at": dt.datetime(2020, 3, 27, 6, 0, tzinfo=SHANGHAI)},
            "低保名单今日未到（应3月27日 06:00，已迟 25 小时）。",
        ),
        (
            {"status": "late", "received_at": dt.datetime(2020, 3, 27, 1, 30, tzinfo=SHANGHAI)},
            "低保名单今日未到（已 30 小时没有新数据）。",
        ),
        (
            {"status": "late", "failed_checks": ["stale_copy"]},
            "低保名单今日送来的与上次内容完全相同，疑为旧文件，请联系来源单位重报。",
        ),
        (
            {"status": "missing", "received_at": dt.datetime(2020, 1, 25, 20, 0, tzinfo=SHANGHAI)},
            "低保名单缺失：已 62 天没有新数据，请联系来源单位。",
        ),
        ({"status": "failed", "rows_accepted": 0}, "低保名单最新一批被拒收；请联系来源单位重报。"),
        (
            {"status": "failed", "rows_received": 100, "rows_accepted": 100, "failed_sources": ["甲物业", "乙物业"]},
            "低保名单中甲物业、乙物业的最新名单被拒收，仍用其上一份；请联系来源单位重报。",
        ),
        (
            {"status": "failed", "rows_received": 100, "rows_accepted": 88, "rows_quarantined": 12},
            "低保名单不合格：收到100行，其中12行无法使用，其余已入库；请联系来源单位更正。",
        ),
    ],
)
def test_a_feed_in_trouble_is_named_first_in_plain_words(
    street: Street, health: dict[str, object], sentence: str
) -> None:
    street.compound("银泰小区", "none")
    row = {"feed": "welfare_list", "title_zh": "低保名单", "business_date": DAY} | health
    street.publish("feed_health", [{"feed": "a_feed", "business_date": DAY, "status": "fresh"}, row])
    found = figures(street)
    assert found.first_line == sentence
    assert found.feeds is not None
    assert found.feeds[0].title == "低保名单"


def test_feeds_that_never_brought_anything_are_one_sentence(street: Street) -> None:
    street.compound("银泰小区", "none")
    never = [{"feed": feed, "title_zh": feed, "business_date": DAY, "status": "missing"} for feed in ("甲", "乙")]
    received = {"received_at": dt.datetime(2020, 3, 28, 2, 0, tzinfo=SHANGHAI)}
    fresh = {"feed": "welfare_list", "title_zh": "低保名单", "business_date": DAY, "status": "fresh"}
    street.publish("feed_health", [*never, fresh | received])
    found = figures(street)
    assert found.opening == ["1个数据来源今日均正常。", "从未收到数据的来源2个：乙、甲。"]
    assert [feed.title for feed in found.connected_feeds] == ["低保名单"]
    assert found.troubled_feeds == []


def test_a_scenario_has_its_section_while_it_runs_and_its_end_is_told_once(street: Street) -> None:
    street.compound("银泰小区", "none")
    heat = {
        "scenario": "heatwave", "title_zh": "高温关怀", "state": "running", "section_zh": "高温关怀", "population": 12,
        "unknown": 3, "figures": ["population", "unknown", "duties_due", "duties_done"], "runs_until": DAY,
        "digest": "x",
    }  # fmt: skip
    ended = heat | {"scenario": "typhoon", "title_zh": "防汛防台", "state": "ended"}
    street.publish("scenario", [
        heat,
        ended | {"runs_until": DAY - dt.timedelta(days=1)},
        ended | {"scenario": "flood", "title_zh": "内涝", "runs_until": DAY - dt.timedelta(days=2)},
        heat | {"scenario": "broken", "state": "refused", "digest": None, "refused_zh": "缺少 purpose"},
    ])  # fmt: skip
    duty = {"duty": "heat_visit", "duty_zh": "高温上门探访", "scenario": "heatwave", "due_at": f"{DAY} 18:00+08"}
    street.publish("worklist", [duty | {"duty_key": "a", "status": "open"}, duty | {"duty_key": "b", "status": "done"}])
    found = figures(street)
    assert [(section.title, [(line.label, line.count) for line in section.counts]) for section in found.scenarios] == [
        ("高温关怀", [("对象人数", 12), ("无法判断人数", 3), ("今日应办", 2), ("今日已办", None)])
    ]
    assert found.about_scenarios == [
        "场景文件 broken.yaml 不能用，没有运行；原因见 `street scenario list`。",
        "场景“防汛防台”已于3月27日到期，不再运行。",
    ]
    assert set(found.about_scenarios) <= set(found.opening)
    street.publish("governance_daily", [{"business_date": DAY, "committee_code": "310115016", "duties_done": 1}])
    assert figures(street).scenarios[0].counts[-1].count == 1


def test_the_committees_that_need_attention_come_first(street: Street) -> None:
    street.compound("银泰小区", "none")
    due = {"due_at": f"{DAY} 20:00+08", "status": "open", "duty": "temperature_check", "duty_zh": "居家隔离测温"}
    due |= {"dwelling_key": "one door"}
    urgent, other = due | {"priority": 2}, due | {"priority": 3}
    street.publish("worklist", [other | {"committee_code": "310115016001"}] * 9)
    street.publish("worklist", [urgent | {"committee_code": "310115016002"}])
    closed = {"business_date": DAY - dt.timedelta(days=1), "committee_code": "310115016003", "duties_due": 4}
    street.publish("governance_daily", [closed])
    found = figures(street)
    assert [(line.committee, line.urgent_today, line.open_today) for line in found.needing_attention] == [
        ("310115016002", 1, 1),
        ("牡丹第二居委会", 0, 9),
    ]
    assert found.duties_total == Duties("全街道", 4, None, None, 10, 1, 2)


def test_whom_the_checks_caught_stands_in_the_first_line(street: Street) -> None:
    street.compound("银泰小区", "none")
    lost = {"kind": "check", "reason_zh": "抵沪登记无下落"}
    twice = {"kind": "check", "reason_zh": "重复出现"}
    vague = {"kind": "dwelling", "reason_zh": "住址只到街道"}
    street.publish("unresolved", [lost, lost, twice, vague])
    found = figures(street)
    assert found.opening[0] == "核对查出3条记录，已列入待核实：抵沪登记无下落2条、重复出现1条。"
    assert found.first_line.startswith(found.opening[0])


def test_every_check_over_persons_has_words_of_its_own() -> None:
    assert set(person_checks()) <= labels("unresolved_reason").keys()


def test_what_waits_for_people_is_a_line_with_its_arrivals_and_its_age(street: Street) -> None:
    street.compound("银泰小区", "none")
    assert figures(street).review is None
    today = {"business_date": DAY, "committee_code": "310115016"}
    street.publish("governance_daily", [today | {"review_waiting": 12, "review_arrivals": 3, "review_week": 5}])
    assert figures(street).review == "等人裁定12件，其中到达人员3件，已等一周以上5件。"


def test_feeds_that_are_well_are_said_to_be(street: Street) -> None:
    street.compound("银泰小区", "none")
    street.publish("feed_health", [{"feed": "welfare_list", "business_date": DAY, "status": "fresh"}])
    assert figures(street).first_line == "1个数据来源今日均正常。"


@pytest.mark.parametrize(
    ("mart", "column"),
    [
        ("compound_overview", "level"),
        ("isolation_episode", "colour"),
        ("feed_health", "department"),
        ("governance_daily", "duties_overdue"),
        ("governance_daily", "isolating_corrected"),
        ("person_tag", "label_zh"),
        ("service_roster", "is_current"),
        ("unresolved", "reason_zh"),
        ("worklist", "priority"),
    ],
)
def test_a_column_that_is_missing_is_an_error_and_not_unknown(street: Street, mart: str, column: str) -> None:
    street.compound("银泰小区", "none")
    street.publish("feed_health", [{"feed": "welfare_list", "business_date": DAY, "status": "failed"}])
    street.conn.execute(f"alter table marts.{mart} drop column {column}")
    street.conn.commit()
    with pytest.raises((UndefinedColumn, KeyError)):
        figures(street)


def test_a_mart_that_is_missing_is_an_error(street: Street) -> None:
    street.compound("银泰小区", "none")
    street.conn.execute("drop table marts.worklist")
    street.conn.commit()
    with pytest.raises(UndefinedTable):
        figures(street)


def test_the_words_of_levels_colours_and_duties_are_those_of_the_models() -> None:
    assert {"red": ("红", (20, UNBOUNDED)), "orange": ("橙", (10, 19)), "yellow": ("黄", (5, 9))} == LEVELS
    assert list(LEVELS) == ["red", "orange", "yellow"]
    assert list(COLOURS) == ["orange", "yellow", "blue"]
