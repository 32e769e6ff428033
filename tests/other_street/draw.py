"""Lays a street's lists into an inbox."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from . import files
from .lists import Draw

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.date(2022, 4, 15)


def draw(folder: Path, seed: int, persons: int, dirt: float = 1.0, day: dt.date = DAY) -> Draw:
    """Write `<folder>/inbox` and `<folder>/border/entries.jsonl`; returns the truth.

    `dirt` is how often a clerk writes something in another way than cleanly: 0 never, 1 as often as they do.
    """
    drawn = Draw(seed, persons, dirt, day)
    for batch in drawn.batches:
        files.write(folder / "inbox", batch)
    return drawn
