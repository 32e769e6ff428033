"""The closed language: what it says it says as SQL does, with three values, and everything else is refused in words."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.expression import ExpressionError, Word, condition, word
from scenarios.vocabulary import groups, of_persons, standing_tags, with_tags

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

WORDS = with_tags(standing_tags())
REFUSED = [
    # Nothing, or not a condition.
    "", "   ", "age", "75", "'text'", "age + 1", "compound", "known", "committee", "()", "(age", "age >= 75)",
    # Other SQL.
    "age >= 75; drop table ops.batch", "age >= 75;", "select 1", "age in (select 1)", "exists (select 1)",
    "age >= (select max(age) from core.dim_person)", "age >= 75 union select 1", "age >= 75 -- and lives_alone",
    "age >= 75 /* quietly */", "lives_alone or 1 = 1",
    "'a' = 'b' or lives_alone", "pg_sleep(10)", "length(compound) > 3",
    "coalesce(age, 0) > 75", "cast(age as text) = '75'",
    "age::text = '75'", "case when lives_alone then age > 5 end",
    "compound like '%苑'", "compound ilike 'a'",
    "compound ~ 'a'", "compound similar to 'a'", "compound || 'a' = 'b'",
    "age = any(array[75])", "array[1] = array[1]", "age is null",
    "age is not null", "age is true", "lives_alone is true",
    "age is distinct from 75", "age = null", "true", "false", "lives_alone = true", "not known", "is known",
    "age collate \"C\" > 1", "attribute.age > 75", "core.dim_person.age > 75",
    "\"age\" > 75", "age[1] > 75", "*", "$1 = age",
    ":age > 75", "{{ var('x') }}", "{% do x %}", "age > %s",
    "age >= 75 and", "and lives_alone", "age 75", "age = = 75",
    "age == 75", "age => 75", "age >= 1e400", "age >= 1e2", "age >= 0x4b", "age >= 1234567890123", "age >= .5",
    "age >= -", "age >= --75", "age between 1", "age between 1 and", "age between symmetric 9 and 1", "age in ()",
    "age in (75", "age not 75", "lives_alone lives_alone", "age, lives_alone", "age >= 75 or or lives_alone",
    # Words that there aren't, other scripts, what looks like a word.
    "ages >= 75", "years >= 75", "phone = '13900000000'",
    "full_name = '某某'", "id_masked = 'x'", "birth_date > '2020-01-01'",
    "年龄 >= 75", "age ≥ 75", "age ＞ 75", "аge >= 75", "age >= ７５", "age >= 75 且 lives_alone", "age\u200b >= 75",
    "origin_kind = 'border'", "is_no_tag", "user = 'x'", "current_user = 'x'", "current_date > '2020-01-01'",
    # Types.
    "age >= '75'", "age = lives_alone", "lives_alone >= 1",
    "compound = 5", "compound > 'a'", "compound between 'a' and 'b'",
    "age in (75, '80')", "age in (lives_alone)", "not age",
    "age and lives_alone", "lives_alone and 75", "age < 5 < 7",
    "age = (age = 5)", "sex = 1", "sex = '女性'",
    "occupancy in ('rented', 'let')", "age between 1 and 'x'", "75 >= 60",
    "lives_alone = is_elderly", "age between 60 and lives_alone", "75 in (75)", "(age) >= 75",
    # Texts that hide something.
    "compound = e'\\x41'", "compound = $$a$$", "compound = U&'a'",
    "compound = 'a\x00b'", "compound = 'a\nb'", "compound = b'1'",
    "compound = \"a\"", "compound = 'a", "compound = x'41'",
    # Too much.
    "(" * 30 + "lives_alone" + ")" * 30, "not " * 300 + "lives_alone", " or ".join(["lives_alone"] * 300),
    "compound = '" + "a" * 3000 + "'", "(" * 1500, "age >= 75 and " * 130 + "lives_alone",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_a_text_that_the_language_does_not_have_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        condition(text, WORDS)
    sentence = str(refused.value)
    assert sentence.startswith("条件")
    assert sentence.endswith("。")
    assert sentence.isprintable() or "\n" in text or not text.isprintable()


def test_at_least_sixty_such_texts_were_tried() -> None:
    assert len(set(REFUSED)) >= 60


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ages >= 75", "第1个字符起"),
        ("age >= 75 and ages", "第15个字符起"),
        ("sex = '女性'", "男、女"),
        ("ages", "age（周岁）"),
    ],
)
def test_the_sentence_names_the_place_and_the_words_there_are(text: str, named: str) -> None:
    with pytest.raises(ExpressionError, match=named):
        condition(text, WORDS)


def test_a_condition_names_its_words_and_a_tag_is_one() -> None:
    found = condition("age >= 75 and (IS_LIVING_ALONE_ELDERLY or sex = '女')".lower(), WORDS)
    assert found.words == {"age", "is_living_alone_elderly", "sex"}


def test_since_is_a_single_day() -> None:
    days = groups()["days"]
    assert word("elder_since", days, "date").sql == "attribute.elder_since"
    for wrong in (
        "elder_since > birth_date",
        "'2020-01-01'",
        "age",
        "elder_since, birth_date",
        "cast(birth_date as date)",
    ):
        with pytest.raises(ExpressionError):
            word(wrong, days, "date")


def test_no_personal_value_is_a_word() -> None:
    assert not {"full_name", "phone", "id_masked", "birth_date", "person_key", "dwelling_key"} & of_persons().keys()


# ---------------------------------------------------------------- the same meaning, computed by another hand

NUMBERS = {"n": "number", "m": "number"}
A_FEW = {
    "n": Word("number", "甲", "attribute.n"), "m": Word("number", "乙", "attribute.m"),
    "t": Word("text", "丙", "attribute.t"), "d": Word("date", "丁", "attribute.d"),
    "f": Word("flag", "戊", "attribute.f"), "g": Word("flag", "己", "attribute.g"),
}  # fmt: skip
Row = dict[str, Any]
SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Said:
    """A condition as text, and what it is of a row: true, false, or None where it can't be told."""

    text: str
    of: Callable[[Row], bool | None]


def all_of(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def opposite(part: bool | None) -> bool | None:
    return None if part is None else not part


def compare(sign: str, left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else SIGNS[sign](left, right)


def literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


VALUES = {
    "n": st.integers(-3, 3), "m": st.integers(-3, 3), "t": st.sampled_from(["a", "b", "it's", "%s", "{{x}}", "苑"]),
    "d": st.sampled_from(["2020-02-29", "2020-03-28", "1999-12-31"]),
}  # fmt: skip
ROWS = st.fixed_dictionaries(
    {name: st.none() | values for name, values in VALUES.items()}
    | {name: st.none() | st.booleans() for name in ("f", "g")}
)


@st.composite
def comparisons(draw: st.DrawFn) -> Said:
    name = draw(st.sampled_from(sorted(VALUES)))
    kind = draw(st.sampled_from(["sign", "in", "known", "words"] + (["between"] if name != "t" else [])))
    no = draw(st.booleans())
    values = draw(st.lists(VALUES[name], min_size=2, max_size=3))
    if kind == "known":
        return Said(f"{name} is {'not ' if no else ''}known", lambda row: (row[name] is None) is no)
    if kind == "in":
        said = f"{name} {'not ' if no else ''}in ({', '.join(map(literal, values))})"
        return Said(said, lambda row: None if row[name] is None else (row[name] in values) is not no)
    if kind == "between":
        low, high = values[:2]
        said = f"{name} {'not ' if no else ''}between {literal(low)} and {literal(high)}"
        return Said(said, lambda row: None if row[name] is None else (low <= row[name] <= high) is not no)
    sign = draw(st.sampled_from(sorted(SIGNS) if name != "t" else ["=", "<>", "!="]))
    if kind == "words" and name in NUMBERS:
        return Said(f"n {sign} m", lambda row: compare(sign, row["n"], row["m"]))
    return Said(f"{name} {sign} {literal(values[0])}", lambda row: compare(sign, row[name], values[0]))


FLAGS = st.sampled_from(["f", "g"]).map(lambda name: Said(name, lambda row: row[name]))


def larger(smaller: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    def both(pair: tuple[Said, Said]) -> Said:
        left, right = pair
        return Said(f"({left.text}) and ({right.text})", lambda row: all_of(left.of(row), right.of(row)))

    def either(pair: tuple[Said, Said]) -> Said:
        left, right = pair
        return Said(
            f"({left.text}) or ({right.text})",
            lambda row: opposite(all_of(opposite(left.of(row)), opposite(right.of(row)))),
        )

    pairs = st.tuples(smaller, smaller)
    return (
        pairs.map(both)
        | pairs.map(either)
        | smaller.map(lambda one: Said(f"not ({one.text})", lambda row: opposite(one.of(row))))
    )


CONDITIONS = st.recursive(comparisons() | FLAGS, larger, max_leaves=6)


@given(said=CONDITIONS, rows=st.lists(ROWS, min_size=1, max_size=5))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_postgresql_finds_what_the_text_says(warehouse: psycopg.Connection, said: Said, rows: list[Row]) -> None:
    found = condition(said.text, A_FEW).sql
    for row in rows:
        told = warehouse.execute(
            "select " + found.replace("%", "%%") + " from (select %(n)s::integer as n, %(m)s::integer as m,"
            " %(t)s::text as t, %(d)s::date as d, %(f)s::boolean as f, %(g)s::boolean as g) as attribute",
            row,
        ).fetchone()
        assert told == (said.of(row),), said.text


@pytest.mark.parametrize(
    ("loose", "strict"),
    [
        ("f or g and n > 1", "f or (g and n > 1)"),
        ("not f and g", "(not f) and g"),
        ("not n > 1 or g", "(not (n > 1)) or g"),
        ("not n is known", "not (n is known)"),
        ("n between 1 and 2 and f", "(n between 1 and 2) and f"),
        ("not n in (1, 2) and f", "(not (n in (1, 2))) and f"),
    ],
)
def test_what_binds_closer_is_as_in_sql(warehouse: psycopg.Connection, loose: str, strict: str) -> None:
    query = (
        "select bool_and(({}) is not distinct from ({})) from unnest(array[null, 0, 1, 2]) as n,"
        " unnest(array[null, true, false]) as f, unnest(array[null, true, false]) as g"
    )
    sides = [condition(text, A_FEW).sql.replace("attribute.", "") for text in (loose, strict)]
    assert warehouse.execute(query.format(*sides).encode()).fetchone() == (True,)
    # As PostgreSQL reads it itself, where the language says no more than SQL does.
    if "known" not in loose:
        assert warehouse.execute(query.format(sides[0], loose).encode()).fetchone() == (True,)
