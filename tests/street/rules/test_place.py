from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from linkage.numbers import place_number

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

DIGITS = "〇一二三四五六七八九"
_FORMS = [
    (["30", "３０", "30号", "30 号楼", "三十号", "三十号楼", "30幢", "3O号", "三〇",
      "30.0", "30.0号", "#30", "第30号"], "30"),
    (["502", "五〇二室", "五零二", "502室", "5O2", "五百零二室", "502.0", "502.0室", "（502）"], "502"),
    (["12", "十二号", "l2", "I2号", "12.00"], "12"),
    (["1", "l", "l号", "一号楼", "1.0"], "1"),
    (["23", "廿三号", "二十三"], "23"),
    (["2-502", "2单元502室", "２－５０２", "二单元五〇二", "2門502", "2 502", "2/502"], "2-502"),
    (["12A", "12a号", "一二A号楼", "十二A", "12-A"], "12A"),
    (["3A", "三A号楼", "3-A", "３Ａ座"], "3A"),
    (["A", "a座", "A号楼"], "A"),
    (["甲", "甲号楼"], "甲"),
    (["A403", "A-403", "a403室", "A单元403室"], "A403"),
    (["2-B01", "2单元B01"], "2-B01"),
    (["甲302", "甲302室", "甲三〇二"], "甲302"),
    (["302甲", "302室甲", "三〇二甲"], "302甲"),
    (["101-102", "101/102", "101、102室"], "101-102"),
    (["地下室-1层01", "地下室－１层01室"], "地下室-1层01"),
    (["-101", "－101室"], "-101"),
    # What could be two numbers is none of them.
    (["三百五"], "三百五"),
    (["二三十号"], "二三十"),
    (["3十号"], "3十"),
    (["5 0 2"], "5-0-2"),
    (["30.5"], "30-5"),
]  # fmt: skip


def chinese(number: int) -> str:
    """A number below 1000 as people write it."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    text = DIGITS[hundreds] + "百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (DIGITS[ones] if ones else "")


@pytest.mark.parametrize(("forms", "number"), _FORMS, ids=[number for _, number in _FORMS])
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


_PIECES = st.sampled_from(
    [
        *"〇零○一二两三四五六七八九十百千廿卅0123456789ABIOloxyz甲乙丙丁东",
        *"号號幢栋棟座楼樓室户戶房层門门梯第- ./,、()#_|",
        "单元", "單元", "号楼", ".0", "地下", "No.", "弄",
    ]
)  # fmt: skip


@given(
    st.lists(st.one_of(st.lists(_PIECES, max_size=9).map("".join), st.text(max_size=12)), min_size=200, max_size=200)
)
@settings(max_examples=40, deadline=None)
def test_the_database_and_linkage_read_a_number_alike(ask: Ask, texts: list[str]) -> None:
    """Keys are compared by SQL, doors found by linkage: where one read a number the other must read the same."""
    rows = [(text.replace("\x00", ""),) for text in texts]
    cleaned = ask("rules.clean({})", rows)
    assert ask("rules.place_number({})", rows) == [None if text is None else place_number(text) for text in cleaned]
