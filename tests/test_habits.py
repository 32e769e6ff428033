"""What CONTRIBUTING.md promises of the project's own tools."""

from __future__ import annotations

import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def test_a_commit_passes_the_gates_that_make_lint_has_and_no_others():
    asked = subprocess.run(
        ["make", "--dry-run", "--assume-old", ".venv/.ready", "--assume-old", ".venv-types/.ready", "lint"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    lint = [line.removeprefix("nice ") for line in asked.stdout.splitlines() if line.startswith("nice ")]
    [repo] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))["repos"]
    hooks = [hook["entry"] for hook in repo["hooks"]]
    assert len(lint) == len(hooks)
    assert [(gate, hook) for gate, hook in zip(lint, hooks, strict=True) if not gate.startswith(hook)] == []


def test_make_help_tells_every_target():
    phony = next(line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith(".PHONY"))
    told = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {line.split()[1] for line in told.splitlines()} == set(phony.split()[1:])
