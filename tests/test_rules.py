"""Each rule of docs/rules.md is named where it is coded, so that a reader finds the one by the other."""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
NUMBER = re.compile(r"\bR-[A-Z]+-[0-9]+\b")
STATED = re.compile(r"^- \*\*(R-[A-Z]+-[0-9]+)\*\* (\*\(not built yet\)\*)?", re.MULTILINE)
PAGE = (ROOT / "docs/rules.md").read_text(encoding="utf-8")


def named() -> dict[str, set[str]]:
    """Rule -> the files of the project that name it."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    found: dict[str, set[str]] = defaultdict(set)
    for path in listed:
        if path.endswith((".py", ".sql", ".yml", ".yaml", ".csv", ".md")) and (ROOT / path).is_file():
            for number in NUMBER.findall((ROOT / path).read_text(encoding="utf-8")):
                found[number].add(path)
    return found


def in_code() -> dict[str, set[str]]:
    """Rule -> the files of code that name it."""
    code = {
        number: {path for path in paths if not path.startswith(("docs/", "tests/")) and not path.endswith(".md")}
        for number, paths in named().items()
    }
    return {number: paths for number, paths in code.items() if paths}


def test_no_number_is_given_to_two_rules():
    numbers = [number for number, _ in STATED.findall(PAGE)]
    assert len(numbers) > 100
    assert len(numbers) == len(set(numbers))


def test_every_number_that_a_file_names_is_a_rules():
    stated = {number for number, _ in STATED.findall(PAGE)}
    assert {number: paths for number, paths in named().items() if number not in stated} == {}


def test_every_rule_that_is_built_is_named_where_it_is_coded():
    built = {number for number, mark in STATED.findall(PAGE) if not mark}
    assert sorted(built - in_code().keys()) == []


def test_no_code_names_a_rule_that_is_marked_as_not_built():
    unbuilt = {number for number, mark in STATED.findall(PAGE) if mark}
    assert {number: paths for number, paths in in_code().items() if number in unbuilt} == {}
