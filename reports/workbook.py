"""The report's aggregates as a workbook: the very figures of the page, suppressed alike, no formula from data."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import xlsxwriter

from reports.figures import AGES, CALM
from reports.suppression import NOTE, Cell
from street.vocabulary import COLOURS, RECENT_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reports.figures import Figures

Value = str | int | float | Cell | None
_FONT = {"font_name": "Microsoft YaHei", "font_size": 10, "valign": "vcenter"}
_HEAD = {"bold": True, "bg_color": "#123C4A", "font_color": "#FFFFFF", "text_wrap": True}


def write(figures: Figures, title: str) -> bytes:
    """Return the workbook: one sheet a section, a frozen heading over each, dates and counts in their own formats."""
    buffer = io.BytesIO()
    # Names come from the departments' lists: none of them may turn into a formula or a link (R-VAL-6).
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    book = xlsxwriter.Workbook(buffer, options)
    book.set_properties({"title": f"{title} {figures.as_of:%Y-%m-%d}"})
    formats = {
        "title": book.add_format(_FONT | {"bold": True, "font_size": 14, "font_color": "#123C4A"}),
        "note": book.add_format(_FONT | {"font_color": "#6B7280"}),
        "head": book.add_format(_FONT | _HEAD),
        "head of counts": book.add_format(_FONT | _HEAD | {"align": "right"}),
        "text": book.add_format(_FONT),
        "count": book.add_format(_FONT | {"num_format": "#,##0"}),
        "ratio": book.add_format(_FONT | {"num_format": "0.0"}),
        "mark": book.add_format(_FONT | {"align": "right", "font_color": "#6B7280"}),
    }
    note = f"{figures.as_of:%Y年%-m月%-d日} · {NOTE}；无数据不等于零"
    for name, headings, rows in _sheets(figures):
        sheet = book.add_worksheet(name)
        sheet.hide_gridlines(2)
        sheet.write_string(0, 0, f"{title} · {name}", formats["title"])
        sheet.write_string(1, 0, note, formats["note"])
        sheet.set_row(0, 26)
        sheet.set_row(2, 20)
        for column, heading in enumerate(headings):
            values = [row[column] for row in rows]
            is_text = all(isinstance(value, str) for value in values)
            sheet.write_string(2, column, heading, formats["head" if is_text else "head of counts"])
            sheet.set_column(column, column, _width(heading, values))
        for number, row in enumerate(rows, start=3):
            for column, value in enumerate(row):
                shown = _shown(value)
                if isinstance(shown, str):
                    is_mark = value is None or isinstance(value, Cell)
                    sheet.write_string(number, column, shown, formats["mark" if is_mark else "text"])
                else:
                    sheet.write_number(number, column, shown, formats["ratio" if isinstance(shown, float) else "count"])
        sheet.freeze_panes(3, 1)
        if rows:
            sheet.autofilter(2, 0, 2 + len(rows), len(headings) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
    book.close()
    return buffer.getvalue()


def _sheets(figures: Figures) -> Iterator[tuple[str, Sequence[str], Sequence[Sequence[Value]]]]:
    yield (
        "昨日要情",
        ["指标", "单位", "昨日", "前日", "增减"],
        [[line.label, line.unit, line.yesterday, line.before, line.change] for line in figures.headlines],
    )
    yield (
        "隔离增减",
        ["日期", "上一日在居家隔离", "新增", "解除隔离", "转出", "更正", "在居家隔离"],
        [
            [
                line.date.isoformat(),
                line.before,
                line.started,
                line.released,
                line.transferred,
                line.corrected,
                line.isolating,
            ]
            for line in figures.balance
        ],
    )
    yield (
        "居家隔离",
        ["来源", "正在隔离"],
        [[label, figures.isolating[colour] if figures.isolating else None] for colour, label in COLOURS.items()]
        + [
            ["合计", figures.isolating_total],
            ["今日应解除", figures.released_today],
            [f"近{RECENT_DAYS}天已解除", figures.completed_14d],
        ],
    )
    yield (
        "未来解除",
        ["日期", *COLOURS.values(), "合计"],
        [[day.date.isoformat(), *day.counts.values(), day.total] for day in figures.releases or ()],
    )
    yield (
        "走势",
        ["日期", "在居家隔离", "当日抵沪"],
        [[day.date.isoformat(), day.counts["isolating"], day.counts["arrivals"]] for day in figures.curve or ()],
    )
    yield "小区分级", ["级别", "小区数"], [[line.label, line.count] for line in figures.levels or ()]
    yield "小区", ["小区", "居委会", "级别", *COLOURS.values(), "合计"], list(_compounds(figures))
    yield (
        "居委会任务",
        ["居委会", "昨日应办", "昨日已办", "昨日逾期", "今日待办", "今日上门", "今日紧急"],
        [
            [line.committee, line.due, line.done, line.overdue, line.open_today, line.trips_today, line.urgent_today]
            for line in figures.duties or ()
        ],
    )
    yield "今日待办", ["任务", "项"], [[line.label, line.count] for line in figures.duty_kinds or ()]
    yield (
        "场景",
        ["场景", "指标", "数"],
        [[scenario.title, line.label, line.count] for scenario in figures.scenarios for line in scenario.counts],
    )
    yield "关心对象", ["标签", "人数"], [[line.label, line.count] for line in figures.care or ()]
    yield "待遇与服务", ["待遇或服务", "人数"], [[line.label, line.count] for line in figures.services or ()]
    yield (
        "数据来源",
        ["来源", "状态", "收到", "可用", "不可用", "重复或旧版", "说明"],
        [
            [
                feed.title,
                feed.status_label,
                feed.received,
                feed.accepted,
                feed.quarantined,
                feed.superseded,
                feed.sentence,
            ]
            for feed in figures.feeds or ()
        ],
    )
    yield (
        "待核实记录",
        ["原因", *(label for label, _ in AGES), "合计"],
        [[line.reason, *line.by_age, line.total] for line in figures.unresolved or ()],
    )


def _compounds(figures: Figures) -> Iterator[list[Value]]:
    if not figures.compounds or figures.rest is None or figures.isolating is None:
        return
    for line in figures.compounds:
        yield [line.name, line.committee, line.level_label, *line.cells]
    yield [f"其余{CALM}小区及未落实", "", CALM, *figures.rest]
    yield ["全街道", "", "", *figures.isolating.values(), figures.isolating_total]


def _shown(value: Value) -> str | int | float:
    return "无数据" if value is None else value.printed if isinstance(value, Cell) else value


def _width(heading: str, values: Sequence[Value]) -> float:
    """Return a column's width in characters; a Chinese character takes two."""
    longest = max(
        (sum(2 if ord(sign) > 255 else 1 for sign in str(_shown(value))) for value in [heading, *values]), default=8
    )
    return min(max(longest + 3, 9), 60)
