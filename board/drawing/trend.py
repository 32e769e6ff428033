"""The course of a figure over some days, as bars with their numbers."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

_BAR, _STEP, _HEIGHT, _BASE = 30, 44, 110, 138


def trend(days: Sequence[tuple[dt.date, int | None]], title: str) -> str:
    """Return bars from the first day to the last; a day that nobody can know is a gap."""
    if not days:
        return ""
    highest = max((value or 0 for _, value in days), default=0) or 1
    width = len(days) * _STEP + 12
    bars = []
    for at, (day, value) in enumerate(days):
        x = 8 + at * _STEP
        if value is not None:
            height = value / highest * (_HEIGHT - 20)
            bars.append(
                f'<rect x="{x}" y="{_BASE - height:.1f}" width="{_BAR}" height="{height:.1f}" rx="3"/>'
                f'<text class="value" x="{x + _BAR / 2:.0f}" y="{_BASE - height - 5:.1f}">{value}</text>'
            )
        bars.append(f'<text class="day" x="{x + _BAR / 2:.0f}" y="{_BASE + 20}">{day.month}/{day.day}</text>')
    spoken = "，".join(f"{day.month}月{day.day}日 {value}" for day, value in days if value is not None)
    return (
        f'<svg class="trend" viewBox="0 0 {width} {_BASE + 30}" role="img" aria-label="{escape(title)}：{spoken}">'
        f'<path class="ground" d="M0 {_BASE}H{width}"/>{"".join(bars)}</svg>'
    )
