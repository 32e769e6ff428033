"""How values are written for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from street.settings import SHANGHAI

if TYPE_CHECKING:
    import datetime as dt

NOBODY_KNOWS = "无数据"
"""What stands where nobody can know a figure: no feed that tells it is connected (R-REPORT-2)."""


def plain(value: object) -> str:
    """Return a figure or word; what is null is NOBODY_KNOWS, which is not 0."""
    if value is None:
        return NOBODY_KNOWS
    return f"{value:,}" if isinstance(value, int) else str(value)


def date_zh(day: dt.date | None) -> str:
    """Return a date as 3月28日."""
    return "" if day is None else f"{day.month}月{day.day}日"


def time_zh(moment: dt.datetime | None) -> str:
    """Return a moment as 3月28日 07:30, on Shanghai's clock."""
    if moment is None:
        return ""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
