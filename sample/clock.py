"""The moment that counts as now on a synthetic street, which is in the past: what comes later isn't known there yet."""

import json
from datetime import datetime
from pathlib import Path


def now(street: Path) -> datetime:
    """Return the street's moment: the one it was set to, before that the morning it was made for.

    `street` is the folder of a sample. Raises FileNotFoundError when it holds none.
    """
    clock = street / "now.txt"
    if clock.is_file():
        return datetime.fromisoformat(clock.read_text(encoding="utf-8"))
    manifest = json.loads((street / "manifest.json").read_text(encoding="utf-8"))
    return datetime.fromisoformat(manifest["now"])


def set_now(street: Path, at: datetime) -> None:
    """Set the street's clock, in one step; `at` has an offset."""
    partial = street / "now.part"
    partial.write_text(at.isoformat(), encoding="utf-8")
    partial.replace(street / "now.txt")
