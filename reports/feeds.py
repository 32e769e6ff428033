"""Feed health in sentences that a duty officer understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from street.settings import SHANGHAI, as_of_at

if TYPE_CHECKING:
    import datetime as dt

    from reports.figures import Marts

STATUSES = {"fresh": "正常", "late": "迟到", "missing": "缺失", "failed": "拒收"}

CHECKS = {
    "stale_copy": "与上次内容完全相同",
    "row_count_drop": "行数比上次少三成以上",
    "quarantine_rate": "超过5%的行无法使用",
    "unreadable": "文件无法读完",
    "missing_column": "缺少必需的列",
}
"""Batch rule that a feed failed -> what it means (docs/rules.md, Rows and batches)."""


@dataclass(frozen=True)
class FeedLine:
    """How one feed stands on the day: the sentence, and the counts of its batches. Feed counts are never suppressed."""

    title: str
    status: str
    sentence: str
    received: int | None
    accepted: int | None
    quarantined: int | None
    superseded: int | None

    @property
    def status_label(self) -> str:
        """The status in one Chinese word."""
        return STATUSES.get(self.status, self.status)


def read_feeds(marts: Marts, as_of: dt.date) -> list[FeedLine] | None:
    """Return the feeds on the business date, the troubled ones first; None when the mart has nothing of that day."""
    rows = marts.rows("select * from marts.feed_health where business_date = %(as_of)s order by feed", as_of=as_of)
    order = ("failed", "missing", "late", "fresh")
    lines = [
        FeedLine(
            title=_title(row),
            status=row["status"],
            sentence=sentence(row, as_of_at(as_of)),
            received=row.get("rows_received"),
            accepted=row.get("rows_accepted"),
            quarantined=row.get("rows_quarantined"),
            superseded=row.get("rows_superseded"),
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: order.index(line.status) if line.status in order else 0) or None


def sentence(row: dict[str, Any], now: dt.datetime) -> str:
    """Say in Chinese how a feed stands at `now`, from its row of marts.feed_health."""
    title, checks = _title(row), list(row.get("failed_checks") or ())
    match row["status"]:
        case "failed":
            why = "、".join(CHECKS.get(check, check) for check in checks)
            return f"{title}最新一批被拒收{f'({why})' if why else ''},请联系来源单位重报。"
        case "missing":
            return f"{title}缺失:{_last_arrival(row, now)},请联系来源单位。"
        case "late" if "stale_copy" in checks:
            return f"{title}今日送来的与上次内容完全相同,疑为旧文件,请联系来源单位重报。"
        case "late":
            return f"{title}今日未到({_lateness(row, now)})。"
        case _:
            received = row.get("received_at")
            when = f"{received.astimezone(SHANGHAI):%-m月%-d日%H:%M}到" if received else "已到"
            rows = row.get("rows_accepted")
            return f"{title}{when}" + (f",可用{rows:,}行。" if rows is not None else "。")


def _title(row: dict[str, Any]) -> str:
    return str(row.get("title_zh") or row["feed"])


def _lateness(row: dict[str, Any], now: dt.datetime) -> str:
    due: dt.datetime | None = row.get("due_at")
    if due is None:
        return _last_arrival(row, now)
    due = due.astimezone(SHANGHAI)
    day = "" if due.date() == now.astimezone(SHANGHAI).date() else f"{due:%-m月%-d日}"
    return f"应{day} {due:%H:%M},已迟 {_duration((now - due).total_seconds() / 3600)}"


def _last_arrival(row: dict[str, Any], now: dt.datetime) -> str:
    hours = row.get("hours_since_update")
    if hours is None and row.get("received_at") is not None:
        hours = (now - row["received_at"]).total_seconds() / 3600
    return "从未收到" if hours is None else f"已 {_duration(float(hours))}没有新数据"


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{max(int(hours * 60), 1)} 分钟"
    return f"{int(hours)} 小时" if hours < 48 else f"{int(hours // 24)} 天"
