"""What is told of a message of the database: no piece of a value, whatever it looks like and wherever it stands."""

from __future__ import annotations

import errno
import os
import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from street.messages import _SENTENCES, _TYPES, of_system, told

KNOWN = frozenset({"stg_returnees", "full_name", "marts", "worklist"})

VALUES = st.one_of(
    st.sampled_from(
        ["zhang san", "o'neill", 'li "xiao" wei', "张三", "310115199001011234", "ou_yang", "阿依古丽·卡德尔"]
    ),
    st.text(alphabet="abcdefghijklmnopqrstuvwxyz _.'\"", min_size=2, max_size=30),
    st.text(min_size=2, max_size=40),
    st.from_regex(r"[0-9X]{8,18}", fullmatch=True),
)
TEMPLATES = [
    *(re.sub(r"\{#?\}", "{v}", sentence) for sentence in _SENTENCES if "{}" in sentence),
    *(re.sub(r"\{#?\}", '"{v}"', sentence) for sentence in _SENTENCES if "{}" in sentence),
    "invalid input syntax for type date: \"{v}\"\n  LINE 1: select '{v}'\n  DETAIL:  Key (name)=({v})",
    "Failing row contains ({v}, null, {v}).",
    'CONTEXT:  COPY raw, line 7, column full_name: "{v}"',
    "something nobody has foreseen: {v} and '{v}' and \"{v}\"",
    "{v}",
]


@given(value=VALUES, template=st.sampled_from(TEMPLATES), head=st.booleans())
@example(value="zhang san", template='invalid input syntax for type date: "{v}"', head=True)
@example(value='x" violates zhang', template='duplicate key value violates unique constraint "{v}"', head=True)
def test_no_piece_of_a_value_is_told(value: str, template: str, head: bool) -> None:
    assume(value.strip().strip('"') not in _TYPES)
    kind = "Database Error in model stg_returnees\n  " if head else ""
    # The same is told of any value, or nothing: one with a line break may hide the sentence.
    of_another = told(kind + template.replace("{v}", "●"), KNOWN)
    assert told(kind + template.replace("{v}", value), KNOWN) in (of_another, kind.partition(" in ")[0])


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            'Database Error\n  invalid input syntax for type integer: "13916000000"\n  DETAIL: Key (phone)=(139)',
            "Database Error invalid input syntax for type integer: '…'",
        ),
        (
            'Database Error in model stg_returnees (models/x.sql)\n  column "full_name" does not exist\n  LINE 1: ...',
            'Database Error column "full_name" does not exist',
        ),
        ('Database Error\n relation "marts.worklist" does not exist', 'Database Error relation "marts.worklist" does not exist'),  # noqa: E501
        ('Database Error\n  relation "marts.zhang" does not exist', "Database Error relation '…' does not exist"),
        ("Got 3 results, configured to fail if != 0", "Got 3 results, configured to fail if != 0"),
        (
            "Database Error\n  could not extend file \"base/5/1\": No space left on device\n  HINT: Free some.",
            "Database Error could not extend file '…': No space left on device",
        ),
        ("Compilation Error in model x\n  'zhang san' is undefined", "Compilation Error"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_sentence_and_known_names_are_told(message: str, said: str) -> None:
    assert told(message, KNOWN) == said


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS])
def test_what_people_can_mend_of_the_machine_has_a_sentence_without_a_path(number: int) -> None:
    sentence = of_system(OSError(number, os.strerror(number), "/srv/inbox/张三.csv"))
    assert sentence
    assert "张三" not in sentence


def test_another_failure_of_the_machine_has_none() -> None:
    assert of_system(FileNotFoundError(errno.ENOENT, "no such file", "x")) is None
