from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

DIGITS = "〇一二三四五六七八九"


def chinese(number: int) -> str:
    """A number below 1000 as people write it."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = DIGITS[hundreds] + "百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (DIGITS[ones] if ones else "")


@pytest.mark.parametrize(
    ("forms", "number"),
    [
        (["30", "３０", "30号", "30 号楼", "三十号", "三十号楼", "30幢", "3O号", "三〇"], "30"),
        (["502", "五〇二室", "五零二", "502室", "5O2", "五百零二室"], "502"),
        (["12", "十二号", "l2", "I2号"], "12"),
        (["2-502", "2单元502室", "２－５０２"], "2-502"),
        (["12A", "12a号"], "12A"),
    ],
)
def test_the_written_forms_of_a_number_are_one_number(ask: Ask, forms: list[str], number: str) -> None:
    assert ask("rules.place_number({})", [(form,) for form in forms]) == [number] * len(forms)


def test_nothing_is_no_number(ask: Ask) -> None:
    assert ask("rules.place_number({})", [("",), (" ",), ("号",), (None,)]) == [None] * 4


@given(st.integers(1, 999))
@settings(max_examples=60, deadline=None)
def test_numerals_and_digits_agree(ask: Ask, number: int) -> None:
    assert ask("rules.place_number({})", [(chinese(number) + "号",), (str(number),)]) == [str(number)] * 2


def test_a_compound_is_its_name_without_typography(ask: Ask) -> None:
    assert ask("rules.place_name({})", [("银泰 小区",), ("　银泰小区 ",), ("",)]) == ["银泰小区", "银泰小区", None]
