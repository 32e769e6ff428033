from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def stated() -> list[str]:
    """The numbers that docs/rules.md gives its rules, in order."""
    return re.findall(r"^- \*\*(R-[A-Z]+-[0-9]+)\*\*", (ROOT / "docs/rules.md").read_text(), re.MULTILINE)


def test_no_number_is_given_to_two_rules() -> None:
    assert len(stated()) > 100
    assert len(stated()) == len(set(stated()))


def test_every_rule_that_a_file_names_is_stated() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\n")
    named = {
        (number, path)
        for path in files
        if path.endswith((".py", ".sql", ".yml", ".yaml", ".md")) and (ROOT / path).is_file()
        for number in re.findall(r"\bR-[A-Z]+-[0-9]+\b", (ROOT / path).read_text())
    }
    known = set(stated())
    assert {(number, path) for number, path in named if number not in known} == set()
