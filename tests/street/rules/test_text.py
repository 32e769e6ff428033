from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], exclude_characters="\x00"), max_size=30)
TYPED = st.text(
    st.sampled_from("=\"'“”‘’　 \t\u200b\ufeff\u00ad\U000e01003０Ａａ三楼·．－-/㎡①𠮷é\u0301\u3164A1 "), max_size=20
)


@given(st.lists(ANY_TEXT | TYPED, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_clean_agrees_with_unicode_categories_and_nfkc(ask: Ask, texts: list[str]) -> None:
    assert ask("rules.clean({})", [(text,) for text in texts]) == [oracle.clean(text) for text in texts]


@given(st.lists(ANY_TEXT | TYPED, min_size=1, max_size=60))
@settings(max_examples=30, deadline=None)
def test_what_is_clean_stays_as_it_is(ask: Ask, texts: list[str]) -> None:
    assert all(ask("rules.clean(rules.clean({0})) is not distinct from rules.clean({0})", [(text,) for text in texts]))


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("　梅花路１０９９弄\u200b　30号 ", "梅花路1099弄 30号"),
        ("a\r\n\tb", "a b"),
        ("阿迪力·买买提", "阿迪力·买买提"),
        ("𠮷野家", "𠮷野家"),
        ("葛\U000e0100城", "葛城"),
        (" \u200b\u3000", None),
        ("", None),
        (None, None),
        ("字" * 10_000, "字" * 10_000),
        ("字" * 10_001, None),
        ("1" * 10_001, None),
        ('="310115198808081018"', "310115198808081018"),
        ("'2020-03-20", "2020-03-20"),
        ("＇2020-03-20", "2020-03-20"),
        ('="张三"', "张三"),
        ("=“张三”", "张三"),
        ("＝＂张三＂", "张三"),
        ("“张三”", "张三"),
        ('\'="张三"', "张三"),
        ('"测 ""甲"" 乙"', '测 "甲" 乙'),
        ('=""', None),
        ("'", None),
        ('"', '"'),
        ("=张三", "=张三"),
        ('=A1&"x"', '=A1&"x"'),
        ('=TEXT("43922","yyyy-m-d")', '=TEXT("43922","yyyy-m-d")'),
        ('"甲"和"乙"', '"甲"和"乙"'),
        ("O'Brien", "O'Brien"),
    ],
)
def test_typography_goes_and_the_text_stays(ask: Ask, written: str | None, cleaned: str | None) -> None:
    assert ask("rules.clean({})", [(written,)]) == [cleaned]


def test_a_value_that_says_nothing_is_blank_and_any_other_is_not(ask: Ask) -> None:
    blank = [
        None, "", " ", "　", "-", "－", "——", "/", "*", "****", "…", "。", "、", "无", "（无）", "無", " 不详 ",
        "未知", "无。",
    ]  # fmt: skip
    said = ["张", "无名", "0", "A", "310115********1234", "不详细", "=张三", "-1", "无锡", "𠮷"]
    assert ask("rules.is_blank({})", [(value,) for value in blank]) == [True] * len(blank)
    assert ask("rules.is_blank({})", [(value,) for value in said]) == [False] * len(said)


def test_a_value_too_long_to_be_read_is_read_by_no_function(ask: Ask) -> None:
    endless = [("1" * 10_001,), ("３" * 200_000,)]
    for function in ("clean", "resident_id", "read_phone", "read_int", "read_numeric", "read_timestamp", "mask_text",
                     "read_birth_date", "read_sex", "number_kind"):  # fmt: skip
        assert ask(f"rules.{function}({{}})::text", endless) == [None, None], function
    assert ask("rules.read_date({}, date '2020-04-01')", endless) == [None, None]
    assert ask("rules.document('passport', {}, 'CHN')", endless) == [None, None]
    assert ask("rules.mask(null, {})", endless) == [None, None]


@given(st.lists(ANY_TEXT | TYPED, min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_no_text_whatever_makes_a_function_fail(ask: Ask, texts: list[str]) -> None:
    for call in ("resident_id({})", "number_kind({})", "read_phone({})", "read_int({})", "read_numeric({})",
                 "read_sex({})", "read_timestamp({})", "read_birth_date({})", "is_partial_birth_date({})",
                 "read_date({}, date '2020-03-01')", "mask_text({})", "mask(null, {})", "is_blank({})",
                 "certificate_parts({})", "has_lost_digits({})", "holds_two_numbers({})",
                 "document('passport', {0}, {0})", "document('hm_permit', {}, null)",
                 "document(null, {}, null)", "id_birth_date({})", "id_sex({})"):  # fmt: skip
        assert len(ask(f"(rules.{call})::text", [(text,) for text in texts])) == len(texts)
