"""Limits that the gate states in Python and the functions of `rules` in SQL are equal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from expectations.checks import LONGEST_FIELD, UNWRITTEN
from linkage import names

if TYPE_CHECKING:
    import psycopg


def test_the_gate_flags_as_too_long_what_cleaning_refuses(warehouse: psycopg.Connection) -> None:
    for length, is_clean in ((LONGEST_FIELD, True), (LONGEST_FIELD + 1, False)):
        found = warehouse.execute("select rules.clean(repeat('x', %s)) is not null", (length,)).fetchone()
        assert found == (is_clean,)


def test_every_mark_that_the_gate_flags_in_a_name_is_one_to_linkage() -> None:
    flagged = [character for character in map(chr, range(0x10000)) if re.match(UNWRITTEN, character)]
    assert flagged
    for mark in flagged:
        assert not names.agree(f"王{mark}", "王伟"), f"U+{ord(mark):04X}"
        assert not names.contradict(f"王{mark}", "王伟"), f"U+{ord(mark):04X}"
