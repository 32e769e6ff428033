from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import oracle
from .test_document import IDENTITY, SAMPLE

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

HIDDEN = SAMPLE[:6] + "********" + SAMPLE[14:]
AROUND = st.text("梅花路弄号室 ，。abc-", max_size=12)


@pytest.mark.parametrize(
    ("kind", "number", "masked"),
    [
        ("resident_id", SAMPLE, HIDDEN),
        ("resident_id", f" {SAMPLE[:6]} {SAMPLE[6:]}", HIDDEN),
        (
            "resident_id",
            "310115491001002",
            "310115********002" + oracle.identity("310115", dt.date(1949, 10, 1), 2)[-1],
        ),
        ("resident_id", HIDDEN, HIDDEN),
        ("resident_id", "31011519900230001x", "310115********001X"),
        ("disability_certificate", SAMPLE + "42", HIDDEN + "42"),
        ("disability_certificate", SAMPLE + "42B1", HIDDEN + "42"),
        ("disability_certificate", HIDDEN + "42", HIDDEN + "42"),
        ("passport", "E12345678", "E*******8"),
        ("passport", "EA12345678", "EA******78"),
        ("hm_permit", "H1234567801", "H1*******01"),
        ("tw_permit", "12345678", "1******8"),
        ("foreign_permit", "USA310012345678", "US***********78"),
        (None, "ABC", "A*C"),
        (None, "AB", "**"),
        (None, "A", "*"),
        (None, "无", None),
        (None, "-", None),
        (None, None, None),
    ],
)
def test_a_number_keeps_only_its_ends(ask: Ask, kind: str | None, number: str | None, masked: str | None) -> None:
    assert ask("rules.mask({}, {})", [(kind, number)]) == [masked]


@given(st.lists(st.tuples(AROUND, IDENTITY, AROUND), min_size=1, max_size=40))
@settings(max_examples=40, deadline=None)
def test_no_identity_number_survives_in_free_text(ask: Ask, cases: list[tuple[str, str, str]]) -> None:
    written = [(f"{before}{number.lower()}{after}",) for before, number, after in cases]
    shown = ask("coalesce(rules.mask_text({}), '')", written)
    for text, (_, number, _) in zip(shown, cases, strict=True):
        assert number[6:14] not in text
        assert f"{number[:6]}********{number[14:]}" in text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (f"本人证件{SAMPLE}，护照E12345678", f"本人证件{HIDDEN}，护照E*******8".replace("，", ",")),
        ("Ｅ１２３４５６７８", "E*******8"),
        ("g12345678已过期", "G*******8已过期"),
        ("旧证310115491001002。", f"旧证310115********002{oracle.identity('310115', dt.date(1949, 10, 1), 2)[-1]}。"),
        (f"残疾证{SAMPLE}42", f"残疾证{HIDDEN}42"),
        (f"9{SAMPLE}", f"9{HIDDEN}"),
        (f"{SAMPLE}{SAMPLE}", f"{HIDDEN}{HIDDEN}"),
        (f"证{SAMPLE[:6]} {SAMPLE[6:14]} {SAMPLE[14:]}号", f"证{HIDDEN}号"),
        (f"{SAMPLE[:6]}-{SAMPLE[6:10]}-{SAMPLE[10:14]}-{SAMPLE[14:]}", HIDDEN),
        ("11010519491231002×", "110105********002X"),
        ("联系138 1600 0000 或 139 1600 0001", "联系138 1600 0000 或 139 1600 0001"),
        ("梅花路1099弄30号502室", "梅花路1099弄30号502室"),
        ("电话13916000000", "电话13916000000"),
        ("单号310115999999999", "单号310115999999999"),
        ("张　三", "张 三"),
        ("", None),
        (None, None),
    ],
)
def test_free_text_is_cleaned_and_only_numbers_of_people_are_hidden(
    ask: Ask, written: str | None, shown: str | None
) -> None:
    assert ask("rules.mask_text({})", [(written,)]) == [shown]


def test_eighteen_digits_with_a_wrong_check_character_are_no_identity_number(ask: Ask) -> None:
    wrong = SAMPLE[:17] + ("0" if SAMPLE[17] != "0" else "1")
    assert ask("rules.mask_text({})", [(f"工单{wrong}",)]) == [f"工单{wrong}"]
