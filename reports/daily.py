"""The street's daily report (数据治理日报): the morning's figures as a page, a mail and a workbook."""

from __future__ import annotations

import base64
import os
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from reports import figures as read_figures
from reports.feeds import STATUSES, UNCONNECTED
from reports.figures import AGES, CALM, LEVELS, Figures
from reports.suppression import NOTE, UNBOUNDED
from street import database
from street.settings import settings
from street.vocabulary import COLOURS, ISOLATION_DAYS, RECENT_DAYS, STREET_NAME

if TYPE_CHECKING:
    import datetime as dt
    from pathlib import Path

TITLE = f"{STREET_NAME}数据治理日报"
# What the mail's tables name, for clients cut a body of over 100 KB: the workbook names them all (R-REPORT-3).
_COMPOUNDS = 24
_COMMITTEES = 10
_ALERTS = {
    "trouble": {"background": "#fbe9e7", "ink": "#8c1d18"},
    "late": {"background": "#fdf3dc", "ink": "#7a4b00"},
    "calm": {"background": "#e8f1ea", "ink": "#25573a"},
}
_STATUS_COLOURS = {
    "fresh": "#3f7353",
    "late": "#94600a",
    "missing": "#b02a24",
    "failed": "#b02a24",
    UNCONNECTED: "#5b6472",
}


@dataclass(frozen=True)
class Report:
    """The files of one morning's report."""

    html: Path
    eml: Path
    xlsx: Path


def render(as_of: dt.date) -> Report:
    """Draw the report of the business date from the published marts into STREET_VAR/reports/<date>/.

    Rendering again replaces the files, each in one step. Raises street.database.DatabaseError when the warehouse can't
    be read or a mart isn't there.
    """
    with database.scrubbed(), database.connect() as conn:
        figures = read_figures.read(conn, as_of)
    folder = settings().street_var / "reports" / as_of.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    pictures = _pictures(figures)
    workbook = _workbook(figures)
    report = Report(folder / "report.html", folder / "report.eml", folder / "report.xlsx")
    inline = {name: f"data:image/png;base64,{base64.b64encode(png).decode()}" for name, png in pictures.items()}
    _replace(report.html, page(figures, inline).encode())
    _replace(report.xlsx, workbook)
    _replace(report.eml, _message(figures, pictures, workbook).as_bytes(policy=SMTP))
    return report


def page(figures: Figures, images: dict[str, str]) -> str:
    """Return the HTML page; `images` gives each picture that could be drawn its address (data: or cid:)."""
    return _fill("report.html.j2", figures, images)


def text(figures: Figures) -> str:
    """Return the plain-text form of the page."""
    return _fill("report.txt.j2", figures, {})


_BALANCE = (
    ("上一日在居家隔离", "before", False),
    ("＋ 新增", "started", False),
    ("－ 解除隔离", "released", False),
    ("－ 转出", "transferred", False),
    ("± 更正", "corrected", True),
    ("＝ 当日在居家隔离", "isolating", False),
)
"""Label of a line of the balance -> its part of reports.figures.Balance, and whether it is told with its sign."""


def _fill(template: str, figures: Figures, images: dict[str, str]) -> str:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        number=_number,
        change=lambda value: "持平" if value == 0 else _signed(value),
        signed=_signed,
        day=lambda day: f"{day:%Y年%-m月%-d日}",
        short_day=lambda day: f"{day:%-m月%-d日}",
        weekday=lambda day: f"星期{'一二三四五六日'[day.weekday()]}",
        short_committee=lambda name: name.removesuffix("居民委员会").removesuffix("居委会"),
    )
    from reports import charts  # noqa: PLC0415  (costs over a second)

    return environment.get_template(template).render(
        figures=figures,
        images=images,
        title=TITLE,
        alert=_ALERTS[_mood(figures)],
        status_colours=_STATUS_COLOURS,
        colours=COLOURS,
        palette=charts.PALETTE,
        ages=AGES,
        balance_lines=_BALANCE,
        named=_COMPOUNDS,
        committees=_COMMITTEES,
        unconnected=STATUSES[UNCONNECTED],
        isolation_days=ISOLATION_DAYS,
        recent_days=RECENT_DAYS,
        calm=CALM,
        levels=[_level(label, low, high) for label, (low, high) in LEVELS.values()],
        note=NOTE,
    )


def _mood(figures: Figures) -> str:
    statuses = {feed.status for feed in figures.troubled_feeds}
    if statuses & {"failed", "missing"} or figures.data_date is None or figures.data_date < figures.as_of:
        return "trouble"
    return "late" if statuses or figures.unconnected or not figures.feeds else "calm"


def _level(label: str, low: int, high: int) -> str:
    return f"{label}{low}人及以上" if high == UNBOUNDED else f"{label}{low}-{high}人"


def _number(value: float | str | None) -> str:
    if value is None:
        return "无数据"
    return value if isinstance(value, str) else f"{value:,}"


def _signed(value: float | None) -> str:
    return "无数据" if value is None else f"{value:+,}" if value else "0"


def _pictures(figures: Figures) -> dict[str, bytes]:
    # The cache of matplotlib belongs beside the project's other files, not in a home directory that may not exist.
    os.environ.setdefault("MPLCONFIGDIR", str((settings().street_var / "cache" / "matplotlib").resolve()))
    from reports import charts  # noqa: PLC0415  (costs over a second)

    pictures = {}
    if figures.isolating is not None and figures.releases is not None:
        pictures["isolation"] = charts.isolation(figures.isolating, figures.releases)
    if figures.curve is not None:
        pictures["curve"] = charts.curve(figures.curve)
    if figures.levels is not None and figures.compounds is not None:
        pictures["compounds"] = charts.compounds(figures.levels, figures.compounds)
    return pictures


def _workbook(figures: Figures) -> bytes:
    from reports import workbook  # noqa: PLC0415  (costs a quarter of a second)

    return workbook.write(figures, TITLE)


def _message(figures: Figures, pictures: dict[str, bytes], workbook: bytes) -> EmailMessage:
    """Return the mail but for its recipient and Message-ID, which are given when it is sent."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = f"{TITLE} {figures.as_of:%Y-%m-%d}"
    message["From"] = settings().smtp_from
    message["Date"] = figures.as_of_at
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text(figures))
    addresses = {name: f"{name}.{figures.as_of:%Y%m%d}@daily-governance" for name in pictures}
    message.add_alternative(page(figures, {name: f"cid:{cid}" for name, cid in addresses.items()}), subtype="html")
    body: Any = message.get_body(("html",))
    for name, png in pictures.items():
        body.add_related(png, "image", "png", cid=f"<{addresses[name]}>", disposition="inline", filename=f"{name}.png")
    message.add_attachment(
        workbook,
        "application",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        filename=f"{TITLE}{figures.as_of:%Y-%m-%d}.xlsx",
    )
    return message


def _replace(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)  # a full disk leaves no half
