from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
REFERENCE = st.dates(dt.date(1990, 1, 1), dt.date(2040, 12, 31))
WIDE = str.maketrans("0123456789/.-", "０１２３４５６７８９／．－")


def forms(day: dt.date) -> list[str]:
    """Every form with a year in which a department writes a day."""
    y, m, d = f"{day.year:04d}", day.month, day.day
    written = [
        f"{y}/{m}/{d}", f"{y}/{m:02d}/{d:02d}", f"{y}-{m}-{d}", day.isoformat(), f"{y}.{m}.{d}", f"{y}{m:02d}{d:02d}",
        f"{y}{m:02d}{d:02d}.0", f"{y}年{m}月{d}日", f" {y} 年 {m:02d} 月 {d:02d} 日 ",
        f"{day} 00:00:00", f"{day}T08:30:00",
    ]  # fmt: skip
    serial = (day - oracle.EPOCH).days
    if 10_000 <= serial <= 99_999:
        written += [f"{serial}", f"{serial}.0", f"{serial}.75"]
    return [*written, *(text.translate(WIDE) for text in written)]


@given(st.lists(DAY, min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_a_day_is_read_in_every_written_form(ask: Ask, days: list[dt.date]) -> None:
    cases = [(text, day) for day in days for text in forms(day)]
    assert ask("rules.read_date({}, null)", [(text,) for text, _ in cases]) == [day for _, day in cases]


@given(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 32), REFERENCE), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_a_day_without_a_year_is_the_latest_not_after_the_batch_within_sixty_days(
    ask: Ask, cases: list[tuple[int, int, dt.date]]
) -> None:
    expected = [oracle.day_without_year(month, day, reference) for month, day, reference in cases]
    for style in ("{}月{}日", "{}/{}", "{:02d}月{:02d}日", " {} 月 {} 日 "):
        written = [(style.format(month, day), reference) for month, day, reference in cases]
        assert ask("rules.read_date({}, ({})::date)", written) == expected


@pytest.mark.parametrize(
    ("written", "reference", "day"),
    [
        ("4月1日", "2020-04-01", "2020-04-01"),
        ("3月31日", "2020-04-01", "2020-03-31"),
        ("4月2日", "2020-04-01", "2020-04-02"),  # a year and a day back is too far: a day of this year, ahead
        ("12月30日", "2020-01-10", "2019-12-30"),
        ("12/3", "2020-02-01", "2019-12-03"),  # exactly 60 days
        ("12/2", "2020-02-01", "2020-12-02"),  # 61
        ("1月1日", "2020-04-01", "2020-01-01"),  # 91 days back, but of this year
        ("2/29", "2020-03-01", "2020-02-29"),
        ("2/29", "2021-03-01", None),
        ("4月1日", None, None),
    ],
)
def test_the_year_that_is_not_written(ask: Ask, written: str, reference: str | None, day: str | None) -> None:
    assert ask("rules.read_date({}, ({})::date)::timestamp::text || ''", [(written, reference)]) == [
        None if day is None else f"{day[8:]}.{day[5:7]}.{day[:4]} 00:00:00"
    ]


def test_what_is_no_date_is_not_guessed(ask: Ask) -> None:
    for written in (
        "2020-02-30", "2019-02-29", "2020-13-01", "2020-00-10", "20200431", "2020/4-1", "2020", "202004", "4.1", "4-1",
        "1899-12-31", "20/4/1", "昨天", "59", "0", "-43922", "2020年4月", "2020-04-01 25", "1234567", "2020/4/1/2",
        "4/1/2020", "2020..4.1", "43922.5.1", "", "10000-01-01",
    ):  # fmt: skip
        assert ask("rules.read_date({}, date '2020-04-01')", [(written,)]) == [None], written
    assert ask("rules.read_date({}, date '2020-04-01')", [(None,)]) == [None]


def test_the_1900_epoch_counts_from_its_own_day_zero(ask: Ask) -> None:
    assert ask("rules.read_date({}, null)", [("43922",), ("36526",), ("10000",), ("99999",)]) == [
        dt.date(2020, 4, 1), dt.date(2000, 1, 1), dt.date(1927, 5, 18), dt.date(2173, 10, 13),
    ]  # fmt: skip


@given(st.lists(DAY, min_size=1, max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_birth_date_is_read_whole_and_with_00_for_what_is_not_known(ask: Ask, days: list[dt.date]) -> None:
    whole = [(text, day) for day in days for text in forms(day)]
    assert ask("rules.read_birth_date({})", [(text,) for text, _ in whole]) == [day for _, day in whole]
    assert not any(ask("rules.is_partial_birth_date({})", [(text,) for text, _ in whole]))
    partial = [
        case
        for day in days
        for case in [
            (f"{day:%Y}0000", day.replace(month=1, day=1)),
            (f"{day:%Y%m}00", day.replace(day=1)),
            (f"{day:%Y}-00-00", day.replace(month=1, day=1)),
            (f"{day:%Y}/{day.month}/0", day.replace(day=1)),
            (f"{day:%Y}.0.5", day.replace(month=1, day=5)),
            (f"{day:%Y}年0月0日", day.replace(month=1, day=1)),
            (f"{day:%Y}0031", day.replace(month=1, day=31)),
        ]
    ]
    assert ask("rules.read_birth_date({})", [(text,) for text, _ in partial]) == [day for _, day in partial]
    assert all(ask("rules.is_partial_birth_date({})", [(text,) for text, _ in partial]))


def test_a_birth_date_needs_its_year(ask: Ask) -> None:
    assert (
        ask("rules.read_birth_date({})", [("4月1日",), ("4/1",), ("00000000",), ("19000231",), (None,)]) == [None] * 5
    )


@given(
    st.lists(
        st.tuples(
            st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001 - the zone is the case's own
            st.integers(-12 * 60, 14 * 60),
        ),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=40, deadline=None)
def test_a_time_with_an_offset_is_the_same_instant(ask: Ask, cases: list[tuple[dt.datetime, int]]) -> None:
    instants = [moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=offset))) for moment, offset in cases]
    epochs = "(extract(epoch from rules.read_timestamp({})) * 1000000)::bigint"
    exact = [
        round(instant.timestamp()) * 10**6 + instant.microsecond
        for instant in (i.replace(microsecond=0) for i in instants)
    ]
    assert ask(epochs, [(instant.isoformat(timespec="seconds"),) for instant in instants]) == exact
    assert ask(epochs, [(instant.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),) for instant in instants]) == exact
    assert ask(epochs, [(instant.strftime("%Y-%m-%d %H:%M:%S.%f %z"),) for instant in instants]) == [
        whole + instant.microsecond for whole, instant in zip(exact, instants, strict=True)
    ]


@given(st.lists(st.datetimes(dt.datetime(1992, 1, 1), dt.datetime(2100, 1, 1)), min_size=1, max_size=30))  # noqa: DTZ001
@settings(max_examples=30, deadline=None)
def test_a_time_without_an_offset_is_shanghais(ask: Ask, moments: list[dt.datetime]) -> None:
    whole = [moment.replace(microsecond=0) for moment in moments]
    expected = [int(moment.replace(tzinfo=SHANGHAI).timestamp()) for moment in whole]
    serials = [oracle.EPOCH.toordinal() for _ in whole]
    written: list[list[str]] = [
        [moment.strftime("%Y-%m-%d %H:%M:%S") for moment in whole],
        [f"{moment.year}/{moment.month}/{moment.day} {moment.hour}:{moment:%M:%S}" for moment in whole],
        [f"{moment.year}年{moment.month}月{moment.day}日{moment.hour}:{moment:%M:%S}" for moment in whole],
        [
            f"{moment.toordinal() - zero + (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86400:.10f}"
            for moment, zero in zip(whole, serials, strict=True)
        ],
    ]
    for texts in written:
        assert ask("extract(epoch from rules.read_timestamp({}))::bigint", [(text,) for text in texts]) == expected


def test_what_is_no_time_is_not_guessed(ask: Ask) -> None:
    for written in (
        "2020-04-01T24:00:00Z", "2020-04-01 08:60:00", "2020-04-01 08:30:60", "2020-02-30 08:30:00", "08:30",
        "2020-04-01T08:30:00+15:00", "2020-04-01T08:30:00+8", "2020-04-01 晚上12点", "昨天 08:30", "2020-04-01 08",
        "", "2020-04-01T08:30:00ZZ",
    ):  # fmt: skip
        assert ask("rules.read_timestamp({})", [(written,)]) == [None], written


def test_a_day_alone_begins_at_midnight_in_shanghai(ask: Ask) -> None:
    assert ask("extract(epoch from rules.read_timestamp({}))::bigint", [("2020-04-01",)]) == [1585670400]


@given(st.lists(st.tuples(DAY, DAY), min_size=1, max_size=60))
@settings(max_examples=40, deadline=None)
def test_age_counts_birthdays(ask: Ask, cases: list[tuple[dt.date, dt.date]]) -> None:
    written = [(born.strftime("%d.%m.%Y"), day.strftime("%d.%m.%Y")) for born, day in cases]
    assert ask("rules.age(({})::date, ({})::date)", written) == [oracle.age(born, day) for born, day in cases]


def test_someone_born_on_29_february_is_older_on_1_march(ask: Ask) -> None:
    days = [
        ("2021-02-28", 0),
        ("2021-03-01", 1),
        ("2024-02-28", 3),
        ("2024-02-29", 4),
        ("2020-02-29", 0),
        ("2020-02-28", None),
    ]
    assert ask("rules.age(date '2020-02-29', ({})::date)", [(day,) for day, _ in days]) == [age for _, age in days]
