from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from . import oracle

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[[str, list[tuple[Any, ...]]], list[Any]]

AREA = st.integers(0, 999_999).map("{:06d}".format)
BORN = st.dates(dt.date(1900, 1, 1), dt.date(2030, 12, 31))
IDENTITY = st.builds(oracle.identity, AREA, BORN, st.integers(0, 999))
EIGHTEEN = st.text("0123456789", min_size=17, max_size=17).flatmap(
    lambda body: st.sampled_from("0123456789X").map(lambda last: body + last)
)
SAMPLE = oracle.identity("310115", dt.date(1949, 10, 1), 2)
WIDE = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")


@given(st.lists(IDENTITY | EIGHTEEN, min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
def test_an_identity_number_is_one_when_its_check_character_and_its_day_are_right(ask: Ask, numbers: list[str]) -> None:
    expected = [number if oracle.is_real_identity(number) else None for number in numbers]
    assert ask("rules.resident_id({})", [(number,) for number in numbers]) == expected
    for kind in ("resident_id", "residence_permit", "foreign_permit"):
        assert ask(f"rules.document('{kind}', {{}}, null)", [(number,) for number in numbers]) == expected


@given(st.lists(IDENTITY, min_size=1, max_size=30), st.integers(0, 17))
@settings(max_examples=30, deadline=None)
def test_one_wrong_digit_is_never_an_identity(ask: Ask, numbers: list[str], place: int) -> None:
    spoilt = []
    for number in numbers:
        other = "5" if number[place] != "5" else "6"
        spoilt.append((number[:place] + other + number[place + 1 :],))
    assert ask("rules.resident_id({})", spoilt) == [None] * len(spoilt)


@given(st.lists(IDENTITY, min_size=1, max_size=30))
@settings(max_examples=30, deadline=None)
def test_typography_does_not_make_another_document(ask: Ask, numbers: list[str]) -> None:
    for style in (
        str.lower,
        lambda text: text.translate(WIDE),
        lambda text: f" {text[:6]} {text[6:14]}-{text[14:]}\u200b",
        lambda text: f"'{text}",
        lambda text: f"\ufeff{text.lower()}\t",
    ):
        assert ask("rules.resident_id({})", [(style(number),) for number in numbers]) == numbers


DRESSES = [
    "“{0}”", "{1}\u2011{2}\u2011{3}", "{1}—{2}—{3}", "{1}－{2}－{3}", "{1}−{2}.{3}", "{1}·{2}·{3}", "身份证{0}",
    "身份证号：{0}", "居民身份证号码:{1} {2} {3}", "证件号 {0}", "ID:{0}", "ID {0}", "ID{0}", "No.{0}", '="{0}"',
    "'{0}", "【{0}】", "{0},", "{0}（本人）", "{0} 13916000000", "13916000000/{0}", "{0}；电话021-58451234",
    "{0} 测甲", "测甲{0}",
]  # fmt: skip


@given(st.lists(st.tuples(IDENTITY, st.sampled_from(DRESSES)), min_size=1, max_size=60), st.sampled_from("xX×хХ✕Ｘ"))
@settings(max_examples=60, deadline=None)
def test_what_stands_around_one_number_does_not_hide_it(ask: Ask, cases: list[tuple[str, str]], ten: str) -> None:
    written = [
        (dress.format(*(part.replace("X", ten) for part in (number, number[:6], number[6:14], number[14:]))),)
        for number, dress in cases
    ]
    numbers = [number for number, _ in cases]
    assert ask("rules.resident_id({})", written) == numbers
    assert ask("rules.document('passport', {}, 'CHN')", written) == numbers
    assert ask("rules.document_text(rules.document_text({}))", written) == numbers
    hidden = [f"{number[:6]}********{number[14:]}" for number in numbers]
    assert ask("rules.mask(null, {})", written) == hidden
    assert not any(ask("rules.has_lost_digits({0}) or rules.holds_two_numbers({0})", written))


@given(
    st.lists(
        st.tuples(IDENTITY | EIGHTEEN, st.sets(st.integers(0, 17)), st.sampled_from("Il")), min_size=1, max_size=60
    )
)
@settings(max_examples=60, deadline=None)
def test_a_letter_is_a_digit_only_where_the_check_character_proves_it(
    ask: Ask, cases: list[tuple[str, set[int], str]]
) -> None:
    written = [
        ("".join({"0": "O", "1": one}.get(c, c) if i in places else c for i, c in enumerate(number)),)
        for number, places, one in cases
    ]
    expected = [number if oracle.is_real_identity(number) else None for number, _, _ in cases]
    assert ask("rules.resident_id({})", written) == expected


@given(
    st.lists(st.tuples(IDENTITY, IDENTITY, st.sampled_from([" ", "/", "、", ",", "，", "; ", " 及 ", ""])), min_size=1)
)
@settings(max_examples=40, deadline=None)
def test_two_numbers_in_a_cell_are_nobodys(ask: Ask, cases: list[tuple[str, str, str]]) -> None:
    written = [(f"{one}{between}{other}",) for one, other, between in cases if one != other]
    if written:
        assert ask("rules.document('resident_id', {}, null)", written) == [None] * len(written)
        assert all(ask("rules.holds_two_numbers({})", written))


@given(
    st.lists(IDENTITY.map(lambda number: "3" + number[1:17] + number[17].replace("X", "0")), min_size=1, max_size=40)
)
@settings(max_examples=40, deadline=None)
def test_what_was_a_float_has_lost_digits_whatever_its_check_character_says(ask: Ask, numbers: list[str]) -> None:
    for style in (
        lambda n: f"{n}.0",
        lambda n: f"{n}.",
        lambda n: f"{n[:15]}000.0",
        lambda n: f"{n[0]}.{n[1:]}E+17",
        lambda n: f"{n[0]}.{n[1:15]}E+17",
        lambda n: f"{n[0]}.{n[1:6]}e17",
        lambda n: f'="{n[0]}.{n[1:15]}E+17"',
    ):
        written = [(style(number),) for number in numbers]
        assert all(ask("rules.has_lost_digits({})", written))
        for kind in ("resident_id", "passport", "disability_certificate"):
            assert ask(f"rules.document('{kind}', {{}}, 'USA')", written) == [None] * len(numbers)
    assert not any(ask("rules.has_lost_digits({})", [(number,) for number in numbers]))


@pytest.mark.parametrize(
    ("kind", "number", "country", "identity"),
    [
        pytest.param("resident_id", "“11010519491231002X”", None, "11010519491231002X", id="V2-quotes"),
        pytest.param("resident_id", "110105‑19491231‑002X", None, "11010519491231002X", id="V2-hyphens"),
        pytest.param("resident_id", "—", None, None, id="V2-dash"),
        pytest.param("resident_id", "身份证11010519491231002X", None, "11010519491231002X", id="V2-word"),
        pytest.param("resident_id", "11010519491231002×", None, "11010519491231002X", id="V2-times"),
        pytest.param("resident_id", "3.10115195001029E+17", None, None, id="F2-exponent"),
        pytest.param("resident_id", '="11010519491231002X"', None, "11010519491231002X", id="F10-formula"),
        ("resident_id", "310115491001002.0", None, "310115194910010023"),  # fifteen digits fit a float
        ("resident_id", "3.10115491001002E+14", None, "310115194910010023"),
        ("resident_id", "身份证310115491001002(旧)", None, "310115194910010023"),
        ("resident_id", "11010519491231002X 310115194910010023", None, None),
        ("resident_id", "11010519491231002X/310115491001002", None, None),
        ("resident_id", "1X010519491231002X", None, None),
        ("resident_id", "身份证不详", None, None),
        ("passport", "护照:E12345678", "CHN", "CHN:E12345678"),
        ("passport", "E12345678,", "CHN", "CHN:E12345678"),
        ("passport", "EO1234567", "CHN", "CHN:EO1234567"),  # nothing proves that O is a zero
        ("passport", "E1234567,1234", "CHN", None),
        ("passport", "3.10115E9", "USA", None),
        ("passport", "123456789.0", "USA", "USA:123456789"),
        ("hm_permit", "港澳通行证H1234567801", None, "HM:H12345678"),
        ("tw_permit", "12345678.0", None, "TW:12345678"),
    ],
)
def test_a_number_as_people_and_machines_write_it(
    ask: Ask, kind: str, number: str, country: str | None, identity: str | None
) -> None:
    assert ask("rules.document({}, {}, {})", [(kind, number, country)]) == [identity]


@given(
    st.lists(
        st.tuples(AREA, st.dates(dt.date(1900, 1, 1), dt.date(1999, 12, 31)), st.integers(0, 999)),
        min_size=1,
        max_size=40,
    )
)
@settings(max_examples=40, deadline=None)
def test_fifteen_digits_become_eighteen(ask: Ask, parts: list[tuple[str, dt.date, int]]) -> None:
    legacy = [f"{area}{born:%y%m%d}{sequence:03d}" for area, born, sequence in parts]
    expected = [
        None if area[:2] in {"81", "82", "83"} else oracle.identity(area, born, sequence)
        for area, born, sequence in parts
    ]
    assert ask("rules.resident_id({})", [(number,) for number in legacy]) == expected
    assert ask("rules.document('residence_permit', {}, null)", [(number,) for number in legacy]) == [None] * len(legacy)


def test_a_number_without_a_day_of_the_calendar_is_evidence_only(ask: Ask) -> None:
    impossible = "31011519900230001"
    assert ask("rules.resident_id({})", [(impossible + oracle.check_character(impossible),), ("310115900230001",)]) == [
        None,
        None,
    ]


@given(st.lists(IDENTITY, min_size=1, max_size=30))
@settings(max_examples=20, deadline=None)
def test_birth_date_and_sex_stand_in_the_number(ask: Ask, numbers: list[str]) -> None:
    assert ask("rules.id_birth_date({})", [(number,) for number in numbers]) == [
        dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14])) for number in numbers
    ]
    assert ask("rules.id_sex({})", [(number,) for number in numbers]) == [
        1 if number[16] in "13579" else 2 for number in numbers
    ]
    assert ask("rules.id_sex({})", [("CHN:E12345678",), (None,)]) == [None, None]


@pytest.mark.parametrize(
    ("kind", "number", "country", "identity"),
    [
        ("passport", "E12345678", "CHN", "CHN:E12345678"),
        ("passport", " e 1234-5678 ", "chn", "CHN:E12345678"),
        ("passport", "Ｅ12345678", "ＣＨＮ", "CHN:E12345678"),
        ("passport", "E12345678", None, None),
        ("passport", "E12345678", "中国", None),
        ("passport", "ABCDEFG", "USA", None),
        ("passport", "无", "USA", None),
        ("passport", "C01X00T47", "DEU", "DEU:C01X00T47"),
        ("hm_permit", "H12345678", None, "HM:H12345678"),
        ("hm_permit", "h1234567801", None, "HM:H12345678"),
        ("hm_permit", "H1234567802", "HKG", "HM:H12345678"),
        ("hm_permit", "M12345678 03", None, "HM:M12345678"),
        ("hm_permit", "H1234567", None, None),
        ("hm_permit", "H123456780", None, None),
        ("tw_permit", "12345678", None, "TW:12345678"),
        ("tw_permit", "0012345678(B)", None, "TW:0012345678"),
        ("tw_permit", "1234567", None, None),
        ("foreign_permit", "USA310012345678", None, "FP:USA310012345678"),
        ("foreign_permit", "usa 3100 1234 5678", None, "FP:USA310012345678"),
        ("foreign_permit", "US310012345678", None, None),
        ("foreign_permit", "911124198108030024", None, "911124198108030024"),
        ("foreign_permit", "911124198108030025", None, None),
        ("disability_certificate", SAMPLE + "42", None, SAMPLE),
        ("disability_certificate", SAMPLE + "42B1", None, SAMPLE),
        ("disability_certificate", SAMPLE.lower() + "42b2", None, SAMPLE),
        ("disability_certificate", SAMPLE + "82", None, None),
        ("disability_certificate", SAMPLE + "45", None, None),
        ("disability_certificate", SAMPLE[:17] + ("0" if SAMPLE[17] != "0" else "1") + "42", None, None),
        ("disability_certificate", SAMPLE, None, SAMPLE),
        ("passport", SAMPLE, None, SAMPLE),  # the number proves itself, whatever was ticked
        ("none", SAMPLE, None, SAMPLE),
        (None, SAMPLE, None, SAMPLE),
        (None, "H12345678", None, None),  # a permit without its type
        (None, "E12345678", "CHN", None),
        ("resident_id", "310115********1234", None, None),
        ("resident_id", None, None, None),
        ("resident_id", "-", None, None),
    ],
)
def test_a_document_is_an_identity_or_only_evidence(
    ask: Ask, kind: str | None, number: str | None, country: str | None, identity: str | None
) -> None:
    assert ask("rules.document({}, {}, {})", [(kind, number, country)]) == [identity]


def test_a_residence_permit_and_a_resident_id_are_told_apart_by_their_number(ask: Ask) -> None:
    permits = [oracle.identity(area, dt.date(1988, 5, 6), 12) for area in ("810000", "820000", "830000")]
    numbers = [*permits, SAMPLE, "911124198108030024", SAMPLE + "42", "310115491001002", "E12345678", "310115", None]
    assert ask("rules.number_kind({})", [(number,) for number in numbers]) == [
        "residence_permit", "residence_permit", "residence_permit", "resident_id", "foreign_permit",
        "disability_certificate", "resident_id", None, None, None,
    ]  # fmt: skip


def test_a_certificate_says_its_type_level_and_reissue(ask: Ask) -> None:
    numbers = [(SAMPLE + suffix,) for suffix in ("42", "71B1", "13B2", "42B", "92", "")]
    assert ask("rules.certificate_type({})", numbers) == [4, 7, 1, None, None, None]
    assert ask("rules.certificate_level({})", numbers) == [2, 1, 3, None, None, None]
    assert ask("rules.certificate_reissue({})", numbers) == [0, 1, 2, None, None, None]
