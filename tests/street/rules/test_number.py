from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
MOBILE = st.integers(13_000_000_000, 19_999_999_999).map(str)
STYLES = [
    "{0}", "{0}.0", "{0}.", " {0} ", "{1} {2} {3}", "{1}-{2}-{3}", "+86{0}", "+86 {1} {2} {3}", "86-{0}",
    "0086{0}", "(+86){0}",
    "手机:{0}", "{0}（女儿）", "{0}/021-58451234", "{0}、13800000000", "{0}13800000000", "{5}{4}E+10",
]  # fmt: skip


@given(st.lists(st.tuples(MOBILE, st.sampled_from(STYLES), st.booleans()), min_size=1, max_size=60))
@settings(max_examples=50, deadline=None)
def test_a_mobile_is_read_in_every_style_people_type_it(ask: Ask, cases: list[tuple[str, str, bool]]) -> None:
    written = []
    for number, style, wide in cases:
        text = style.format(number, number[:3], number[3:7], number[7:], "." + number[1:], number[0])
        written.append((text.translate(FULL_WIDTH) if wide and "E" not in style else text,))
    assert ask("rules.read_phone({})", written) == [number for number, _, _ in cases]


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("1.3916123456E+10", "13916123456"),
        ("1.39161234560e10", "13916123456"),
        ("1.3916e10", None),
        ("1.391612345E+10", None),
        ("13916000000.5", None),
        ("021-58451234", "02158451234"),
        ("(021)5845 1234", "02158451234"),
        ("5845-1234", "02158451234"),
        ("021-58451234转801", "02158451234"),
        ("+86 21 5845 1234", "02158451234"),
        ("0571-87654321", "057187654321"),
        ("+852 6123 4567", "85261234567"),
        ("0044 7700 900123", "447700900123"),
        ("400-123-4567", "4001234567"),
        ("1391600000", None),
        ("139160000001", None),
        ("139****0000", None),
        ("310115199001011234", None),
        ("6222021234567890123", None),
        ("110", None),
        ("无", None),
        ("", None),
        (None, None),
    ],
)
def test_a_phone_is_read_or_refused(ask: Ask, written: str | None, phone: str | None) -> None:
    assert ask("rules.read_phone({})", [(written,)]) == [phone]


@given(st.lists(st.decimals(-(10**12), 10**12, places=3), min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_a_decimal_is_read_plain_with_commas_and_with_a_unit(ask: Ask, values: list[Decimal]) -> None:
    for style in ("{:f}", "{:,f}", " {:f} ", "{:f}元", "{:f} ㎡", "{:+f}"):
        assert ask("rules.read_numeric({})", [(style.format(value),) for value in values]) == values


@given(st.lists(st.integers(-(2**40), 2**40) | st.integers(-200, 200), min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_a_whole_number_is_read_when_it_fits(ask: Ask, values: list[int]) -> None:
    fitting = [value if -(2**31) <= value < 2**31 else None for value in values]
    for style in ("{}", "{}.0", "{:,}"):
        assert ask("rules.read_int({})", [(style.format(value),) for value in values]) == fitting


def test_what_is_no_number_is_not_guessed(ask: Ask) -> None:
    for written in ("3.5", "三", "1,23", "1 2", "NaN", "Infinity", "-", "0x1F", "3层", "1e99", "=1+1"):
        assert ask("rules.read_int({})", [(written,)]) == [None], written
    for written in ("1,23", "1 2", "NaN", "Infinity", "-", ".", "--3", "1.2.3", "1e999", "36,5", "36.5℃2"):
        assert ask("rules.read_numeric({})", [(written,)]) == [None], written
    assert ask("rules.read_numeric({})", [("36.5℃",), ("￥６００",), ("1.5e3",)]) == [Decimal("36.5"), 600, 1500]


def test_sex_is_read_from_code_character_and_letter(ask: Ask) -> None:
    written = ["1", "2", "0", "9", "男", "女", "M", "f", "X", "１", " 女 ", "1.0", "3", "男女", "", None]
    assert ask("rules.read_sex({})", [(value,) for value in written]) == [
        1, 2, 0, 9, 1, 2, 1, 2, 9, 1, 2, 1, None, None, None, None,
    ]  # fmt: skip
