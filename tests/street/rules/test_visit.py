"""What a visit says: its temperature in every dress, and what came of it (R-VISIT-3, R-VISIT-4)."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

NUMERALS = "〇一二三四五六七八九"
FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
OCR = str.maketrans("01", "Ol")
DRESSES = [
    "{0}", " {0} ", "{0}℃", "{0} °C", "{0}度", "{0}摄氏度", "体温{0}", "体温：{0}℃", "腋温{0}", "T:{0}", "{0}C",
    "{0}，正常", "{0}（正常）", "{0}0", "{1}度{2}", "{1}。{2}", "{1},{2}℃", "{1}·{2}", "{3}度{4}", "{3}点{4}",
    "{1}度{4}", "{5}点{4}",
]  # fmt: skip


def dressed(tenths: int, dress: str, change: dict[int, int | None]) -> str:
    whole, tenth = divmod(tenths, 10)
    ten, one = divmod(whole, 10)
    words = NUMERALS[ten] + "十" + (NUMERALS[one] if one else "")
    told = dress.format(f"{whole}.{tenth}", whole, tenth, words, NUMERALS[tenth], NUMERALS[ten] + NUMERALS[one])
    return told.translate(change)


@given(
    st.lists(
        st.tuples(st.integers(350, 420), st.sampled_from(DRESSES), st.sampled_from([{}, FULL_WIDTH, OCR])),
        min_size=1, max_size=60,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_temperature_is_read_in_every_dress(ask: Ask, cases: list[tuple[int, str, dict[int, int | None]]]) -> None:
    written = [(dressed(*case),) for case in cases]
    assert ask("rules.read_temperature({})", written) == [Decimal(tenths) / 10 for tenths, _, _ in cases]


@given(st.lists(st.integers(0, 1000).filter(lambda tenths: not 350 <= tenths <= 420), min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_what_no_living_body_has_is_no_temperature(ask: Ask, cases: list[int]) -> None:
    assert set(ask("rules.read_temperature({})", [(f"{tenths / 10}℃",) for tenths in cases])) == {None}


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(max_examples=200, deadline=None)
def test_whatever_is_written_is_a_temperature_or_nothing(ask: Ask, written: str) -> None:
    (read,) = ask("rules.read_temperature({})", [(written,)])
    assert read is None or 35 <= read <= 42


@pytest.mark.parametrize(
    ("written", "celsius"),
    [
        ("三十六度半", "36.5"),
        ("36度半", "36.5"),
        ("卅七度二", "37.2"),
        ("四十", "40.0"),
        ("36.55", "36.55"),
        ("36.499999999999", "36.50"),
        ("42", "42"),
        ("42.1", None),
        ("34.9", None),
        ("98.6", None),
        ("365", None),
        ("3.65", None),
        ("36.5/37.8", None),
        ("36.5-37", None),
        ("正常", None),
        ("未测", None),
        ("三十六", "36"),
        ("三百六", None),
        ("", None),
        (None, None),
    ],
)
def test_a_temperature_is_read_or_refused(ask: Ask, written: str | None, celsius: str | None) -> None:
    assert ask("rules.read_temperature({})", [(written,)]) == [celsius and Decimal(celsius)]


@pytest.mark.parametrize(
    ("written", "outcome"),
    [
        ("无人应门", "attempt"),
        ("無人", "attempt"),
        ("  未见本人，留条", "attempt"),
        ("拒绝测温", "attempt"),
        ("（无人）", "attempt"),
        ("搬离", "moved"),
        ("已搬走，去向不明", "moved"),
        ("正常", "made"),
        ("家中无人发热", "made"),
        ("没有拒绝", "made"),
        ("说要搬离", "made"),
        ("", "made"),
        (None, "made"),
    ],
)
def test_the_beginning_of_a_result_tells_what_came_of_a_visit(ask: Ask, written: str | None, outcome: str) -> None:
    assert ask("rules.visit_outcome({})", [(written,)]) == [outcome]


@given(
    st.sampled_from(["无人", "未见", "拒绝", "搬离", "已搬", "正常", "体温"]),
    st.text(alphabet="无人未见拒绝搬离已搬，。 1", max_size=12),
)
@settings(max_examples=100, deadline=None)
def test_what_follows_the_beginning_changes_nothing(ask: Ask, begins: str, follows: str) -> None:
    known = {"无人": "attempt", "未见": "attempt", "拒绝": "attempt", "搬离": "moved", "已搬": "moved"}
    assert ask("rules.visit_outcome({})", [(begins + follows,)]) == [known.get(begins, "made")]
