"""The report's pictures: static PNG, drawn with the font that is installed with the project.

Importing this module imports matplotlib, which costs over a second: only rendering does.
"""

from __future__ import annotations

import io
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from matplotlib import font_manager, rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from reports.figures import CALM, LEVELS
from reports.suppression import Mark
from street.vocabulary import COLOURS, seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from reports.figures import Compound, Count, Day

INK, MUTED, RULE = "#1f2a37", "#6b7280", "#e5e7eb"
PALETTE = {row["level"]: row["colour"] for row in seed("levels")} | {CALM: seed("levels")[0]["colour"]}
"""Colours of origins and levels, the same in pictures and text."""

_WIDTH = 5.2  # inches: sharp on a phone, and 12 pt text stays readable when a mail client shrinks it to 360 px
_DPI = 220
_HATCH = "////"
_NAMED = 16  # compounds drawn; the table and the workbook name them all


def isolation(isolating: dict[str, int], releases: Sequence[Day]) -> bytes:
    """Draw persons isolating by colour, and below it the releases of the coming days in the same colours."""
    figure = _figure(4.9)
    top, bottom = figure.subplots(2, 1, height_ratios=[1, 3.6], gridspec_kw={"hspace": 0.5})
    left = 0
    total = sum(isolating.values())
    for colour, count in isolating.items():
        top.barh(0, count, left=left, color=PALETTE[colour], height=0.55, edgecolor="white", linewidth=1.5)
        left += count
    legend = [f"{label} {isolating[colour]:,}" for colour, label in COLOURS.items()]
    _swatches(top, list(zip(COLOURS, legend, strict=True)))
    top.set_xlim(0, max(total, 1))
    top.set_ylim(-0.4, 0.4)
    top.axis("off")
    top.set_title(f"居家隔离 {total:,} 人", loc="left", pad=30, fontsize=15, color=INK)

    base = [0] * len(releases)
    for colour in COLOURS:
        counts = [day.counts[colour] or 0 for day in releases]
        bottom.bar(range(len(releases)), counts, bottom=base, color=PALETTE[colour], width=0.74)
        base = [below + count for below, count in zip(base, counts, strict=True)]
    for place, height in enumerate(base):
        if height:
            bottom.annotate(f"{height}", (place, height), (0, 3), textcoords="offset points", ha="center", fontsize=11)
    bottom.set_xticks(range(len(releases)), [_day_label(releases, place) for place in range(len(releases))])
    _plain(bottom)
    bottom.set_yticks([])
    bottom.spines["left"].set_visible(False)
    bottom.set_ylim(0, max(*base, 1) * 1.16)
    bottom.set_title(f"未来{len(releases)}天每日解除隔离人数", loc="left", pad=12, fontsize=13, color=INK)
    return _png(figure)


def compounds(levels: Sequence[Count], named: Sequence[Compound]) -> bytes:
    """Draw how many compounds are at each level, and those with most persons isolating, red first."""
    shown = list(named[:_NAMED])
    figure = _figure(1.3 + 0.34 * max(len(shown), 1))
    axes = figure.subplots()
    longest = max((compound.cells[-1].value for compound in shown if compound.cells[-1].mark is Mark.SHOWN), default=1)
    for place, compound in enumerate(shown):
        total = compound.cells[-1]
        # A withheld total has no length to read: its bar is a hatched stub.
        hidden = total.mark is not Mark.SHOWN
        length = longest * 0.06 if hidden else total.value
        axes.barh(place, length, color=PALETTE[compound.level], height=0.68, hatch=_HATCH if hidden else None)
        axes.annotate(f"{total.printed}", (length, place), (5, 0), textcoords="offset points", va="center", fontsize=13)
    if not shown:
        axes.annotate("今日没有黄色及以上的小区", (0.5, 0), ha="center", va="center", color=MUTED, fontsize=13)
        axes.set_xlim(0, 1)
    axes.set_yticks(range(len(shown)), [_short(compound.name) for compound in shown], fontsize=13.5)
    axes.invert_yaxis()
    _plain(axes)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.1, y=0.02)
    keys = dict(zip((*LEVELS, CALM), levels, strict=True))
    _swatches(axes, [(level, f"{count.label} {count.count} 个") for level, count in keys.items()])
    title = "小区分级" if len(shown) == len(named) else f"小区分级（列前{len(shown)}个，全部见附件）"
    axes.set_title(title, loc="left", pad=32, fontsize=15, color=INK)
    return _png(figure)


def curve(days: Sequence[Day]) -> bytes:
    """Draw persons isolating at home at the end of each day, with arrivals as bars where they are known."""
    figure = _figure(2.9)
    axes = figure.subplots()
    known = [(place, day.counts["isolating"]) for place, day in enumerate(days) if day.counts["isolating"] is not None]
    places, counts = [place for place, _ in known], [count or 0 for _, count in known]
    arrivals = [(place, day.counts["arrivals"]) for place, day in enumerate(days) if day.counts["arrivals"] is not None]
    axes.fill_between(places, counts, color=PALETTE["orange"], alpha=0.14, linewidth=0)
    axes.plot(places, counts, color=PALETTE["orange"], linewidth=2.4)
    if arrivals:
        axes.bar(
            [place for place, _ in arrivals], [count or 0 for _, count in arrivals], color=PALETTE["blue"], width=0.6
        )
    if known:
        axes.annotate(
            f"{counts[-1]:,}", (places[-1], counts[-1]), (0, 6), textcoords="offset points", ha="right", fontsize=12
        )
    ticks = range(len(days) - 1, -1, -7)
    axes.set_xticks(ticks, [f"{days[place].date:%-m/%-d}" for place in ticks])
    axes.set_xlim(-0.6, len(days) - 0.4)
    axes.set_ylim(0, max(*counts, 1) * 1.18)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))
    axes.grid(axis="y", color=RULE, linewidth=0.8)
    axes.set_axisbelow(True)
    _plain(axes)
    _swatches(axes, [("orange", "在居家隔离"), *([("blue", "当日抵沪")] if arrivals else [])])
    axes.set_title("近28天走势（每日24时）", loc="left", pad=32, fontsize=15, color=INK)
    return _png(figure)


def _figure(height: float) -> Figure:
    path = _font()
    if not any(font.fname == str(path) for font in font_manager.fontManager.ttflist):
        font_manager.fontManager.addfont(path)
    rcParams.update(
        {
            "font.family": font_manager.FontProperties(fname=path).get_name(),
            "font.size": 12,
            "axes.unicode_minus": False,
        }
    )
    figure = Figure(figsize=(_WIDTH, height), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    return figure


def _font() -> Path:
    spec = find_spec("mplfonts")  # found, not imported: importing it rewrites matplotlib's configuration
    if spec is None or spec.origin is None:
        raise RuntimeError("The fonts of the package mplfonts are not installed; install requirements.lock.")
    return Path(spec.origin).parent / "fonts" / "NotoSansCJKsc-Regular.otf"


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight", pad_inches=0.12)
    return buffer.getvalue()


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color("#9ca3af")
    axes.tick_params(length=0, colors=INK, labelsize=11)


def _swatches(axes: Axes, entries: Sequence[tuple[str, str]]) -> None:
    handles = [Patch(color=PALETTE[colour], label=label) for colour, label in entries]
    axes.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.01, 1.0),
        ncols=len(entries),
        frameon=False,
        borderpad=0.1,
        handlelength=0.9,
        handleheight=0.9,
        handletextpad=0.4,
        columnspacing=1.2,
        fontsize=11.5,
        labelcolor=INK,
        borderaxespad=0.2,
    )


def _day_label(days: Sequence[Day], place: int) -> str:
    day = days[place].date
    return f"{day:%-d}\n{day:%-m月}" if place == 0 or day.day == 1 else f"{day:%-d}"


def _short(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:11]}…"
