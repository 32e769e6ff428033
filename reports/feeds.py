"""Feed health in sentences that a duty officer understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from street.settings import SHANGHAI, as_of_at
from street.vocabulary import labels

if TYPE_CHECKING:
    import datetime as dt

    from reports.marts import Marts

UNCONNECTED = "unconnected"
"""Status of a feed that has never brought anything: missing on every morning, and no news on any."""

STATUSES = labels("feed_status")
"""Status -> what people call it, the worst first."""


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
    order = list(STATUSES)
    lines = [
        FeedLine(
            title=_title(row),
            status=_status(row),
            sentence=sentence(row, as_of_at(as_of)),
            received=row["rows_received"],
            accepted=row["rows_accepted"],
            quarantined=row["rows_quarantined"],
            superseded=row["rows_superseded"],
        )
        for row in rows
    ]
    return sorted(lines, key=lambda line: order.index(line.status) if line.status in order else 0) or None


def sentence(row: dict[str, Any], now: dt.datetime) -> str:
    """Say in Chinese how a feed stands at `now`, from its row of marts.feed_health."""
    title, checks = _title(row), list(row["failed_checks"] or ())
    ask = f"请联系{row['department'] or '来源单位'}"
    match _status(row):
        case status if status == UNCONNECTED:
            return f"{title}从未收到，{ask}。"
        case "failed":
            return f"{title}{_refusal(row)}；{ask}{'更正' if _is_partly_usable(row) else '重报'}。"
        case "missing":
            return f"{title}缺失：{_last_arrival(row, now)}，{ask}。"
        case "late" if "stale_copy" in checks:
            return f"{title}今日送来的与上次内容完全相同，疑为旧文件，{ask}重报。"
        case "late":
            return f"{title}今日未到（{_lateness(row, now)}）。"
        case _:
            received = row["received_at"]
            return f"{title}正常" + (f"，{received.astimezone(SHANGHAI):%-m月%-d日%H:%M}到。" if received else "。")


def _status(row: dict[str, Any]) -> str:
    return UNCONNECTED if row["status"] == "missing" and row["received_at"] is None else str(row["status"])


def _is_partly_usable(row: dict[str, Any]) -> bool:
    return bool(row["rows_accepted"]) and not row["failed_sources"]


def _refusal(row: dict[str, Any]) -> str:
    if row["failed_sources"]:
        return f"中{'、'.join(row['failed_sources'])}的最新名单被拒收，仍用其上一份"
    if _is_partly_usable(row):
        return f"不合格：收到{row['rows_received']:,}行，其中{row['rows_quarantined']:,}行无法使用，其余已入库"
    return "最新一批被拒收"


def _title(row: dict[str, Any]) -> str:
    return str(row["title_zh"] or row["feed"])


def _lateness(row: dict[str, Any], now: dt.datetime) -> str:
    due: dt.datetime | None = row["due_at"]
    if due is None:
        return _last_arrival(row, now)
    due = due.astimezone(SHANGHAI)
    day = "" if due.date() == now.astimezone(SHANGHAI).date() else f"{due:%-m月%-d日}"
    return f"应{day} {due:%H:%M}，已迟 {_duration((now - due).total_seconds() / 3600)}"


def _last_arrival(row: dict[str, Any], now: dt.datetime) -> str:
    return f"已 {_duration((now - row['received_at']).total_seconds() / 3600)}没有新数据"


def _duration(hours: float) -> str:
    if hours < 1:
        return f"{max(int(hours * 60), 1)} 分钟"
    return f"{int(hours)} 小时" if hours < 48 else f"{int(hours // 24)} 天"
