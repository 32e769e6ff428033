"""The importable bundle of Superset, `reports/superset/`: counts alone, every column with its Chinese label.

The columns and their labels are those of the marts' descriptions; what stands here is what the charts add. A login and
a password are no part of it: whoever imports it gives them (docs/connect_bi.md).
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from scenarios.model import read
from scenarios.register import files as scenario_files
from street.vocabulary import seed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_NAMESPACE = uuid.UUID("6f6d5e3e-7f43-4c0c-9d0e-2f0f3a2b1c10")
_VERSION = "1.0.0"
_DATES = {"date", "timestamptz"}


class Described(NamedTuple):
    """A column of a mart as its description says."""

    name: str
    kind: str
    label: str
    meaning: str


@dataclass(frozen=True)
class Source:
    """A connection to the warehouse: Superset's name of it, and the login that it stands for."""

    name: str
    login: str


@dataclass(frozen=True)
class Dataset:
    """What charts are drawn from: a mart. `metrics`: name -> (label, expression over its columns)."""

    mart: str
    source: Source
    metrics: Mapping[str, tuple[str, str]]
    date: str | None = None


@dataclass(frozen=True)
class Chart:
    """A chart: of which dataset, which kind, by which columns and metrics; `more` is what its kind wants besides."""

    title: str
    dataset: Dataset
    kind: str
    by: tuple[str, ...]
    metrics: tuple[str, ...]
    more: Mapping[str, Any] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True)
class Dashboard:
    """A dashboard: its rows of charts, and the columns that its readers pick from."""

    slug: str
    title: str
    rows: tuple[tuple[Chart, ...], ...]
    filters: tuple[tuple[Dataset, str, bool], ...] = ()


DASHBOARD = Source("街道数据仓库（看板）", "dashboard_login")
COMMITTEE = Source("街道数据仓库（居委会）", f"committee_{seed('committees')[0]['committee_code']}")

COMPOUNDS = Dataset("compound_overview", DASHBOARD, {"isolating_now": ("居家隔离中", "SUM(isolating)")})
BUILDINGS = Dataset(
    "building_view",
    DASHBOARD,
    {
        # Of several buildings a cell would show whichever sorts last.
        "door": (
            "户",
            "CASE WHEN COUNT(DISTINCT building_key) > 1 THEN '先选一幢楼' ELSE"
            " MAX(room_no || ' ' || COALESCE(occupancy_zh, usage_zh) || ' ' || residents || '人'"
            " || CASE WHEN isolating > 0 THEN ' 隔离' || isolating ELSE '' END) END",
        )
    },
)
# The street's row beside the committees' would count everybody twice: the metric reads one kind of row alone.
DAYS = Dataset(
    "governance_daily",
    DASHBOARD,
    {
        f"street_{column}": (f"{label}（全街道）", f"SUM({column}) FILTER (WHERE row_kind = 'street')")
        for column, label in (("isolating", "居家隔离中"), ("arrivals", "抵沪人数"), ("released", "解除隔离"))
    },
    date="business_date",
)
LEVELS = Dataset("compound_daily", DASHBOARD, {"compounds": ("小区数", "COUNT(*)")}, date="business_date")
RELEASES = Dataset("release_curve", DASHBOARD, {"to_release": ("将解除人数", "SUM(releasing)")}, date="release_on")
DUTIES = Dataset(
    "duty_hourly",
    COMMITTEE,
    {
        "open_duties": ("待办数", "SUM(duties) FILTER (WHERE status <> 'done')"),
        "all_duties": ("任务数", "SUM(duties)"),
    },
    date="due_on",
)

# Days as numbers: their names would be English.
_LINES = {"x_axis_sort_asc": True, "rich_tooltip": True, "show_legend": True, "x_axis_time_format": "%m-%d"}
DASHBOARDS = (
    Dashboard(
        "street",
        "街道一张图",
        (
            (
                Chart(
                    "小区等级地图",
                    COMPOUNDS,
                    "deck_scatter",
                    ("compound_name", "longitude", "latitude", "level_zh"),
                    ("isolating_now",),
                    {
                        # It asks for the columns that the rest names: again they would be there twice.
                        "groupby": [],
                        "tooltip_contents": [
                            {"item_type": "column", "column_name": name}
                            for name in ("compound_name", "level_zh", "isolating")
                        ],
                        "mapbox_style": "https://tile.openstreetmap.org/{z}/{x}/{y}.png",
                        "spatial": {"type": "latlong", "lonCol": "longitude", "latCol": "latitude"},
                        "dimension": "level_zh",
                        "color_scheme_type": "categorical_palette",
                        "point_radius_fixed": {"type": "fix", "value": 60},
                        "point_unit": "radius_m",
                        "min_radius": 4,
                        "max_radius": 40,
                        "autozoom": True,
                        "legend_position": "tr",
                    },
                    "每点一个小区，颜色为等级；底图需要联网。",
                ),
                Chart("隔离与抵沪趋势", DAYS, "echarts_timeseries_line", ("business_date",),
                      ("street_isolating", "street_arrivals", "street_released"), _LINES,
                      "只取“街道”一行：居委会与未落实之和等于街道，合计会重复。最后一日算到07:30。"),
            ),
            (
                Chart("小区等级变化", LEVELS, "echarts_timeseries_bar", ("business_date", "level_zh"),
                      ("compounds",), {**_LINES, "stack": "Stack"}),
                Chart("未来14天解除", RELEASES, "echarts_timeseries_bar", ("release_on", "colour_zh"),
                      ("to_release",), {**_LINES, "stack": "Stack"}),
            ),
            (
                Chart("楼栋立面", BUILDINGS, "pivot_table_v2", ("floor", "position_on_floor"), ("door",),
                      {"groupbyRows": ["floor"], "groupbyColumns": ["position_on_floor"], "aggregateFunction": "First",
                       "rowOrder": "key_z_to_a", "colOrder": "key_a_to_z", "metricsLayout": "COLUMNS"},
                      "先在左侧选一幢楼；一格一户，自上而下为楼层。"),
            ),
        ),
        ((BUILDINGS, "building_name", True),),
    ),
    Dashboard(
        "committee",
        "居委会待办",
        (
            (
                Chart("各小区待办（按时点）", DUTIES, "pivot_table_v2", ("compound_name", "due_on", "due_hour"),
                      ("open_duties",),
                      {"groupbyRows": ["due_on", "due_hour"], "groupbyColumns": ["compound_name"],
                       "aggregateFunction": "Sum", "rowTotals": True, "colTotals": True, "date_format": "%Y-%m-%d"},
                      "日期和时点均为上海时间。"),
                Chart("任务种类", DUTIES, "table", ("duty_zh", "status_zh"), ("all_duties",),
                      {"query_mode": "aggregate"}),
            ),
        ),
        ((DUTIES, "compound_name", False),),
    ),
)  # fmt: skip


def files(marts: Mapping[str, Sequence[Described]]) -> dict[str, str]:
    """Return the files of the bundle by their path: YAML as Superset's own export writes it.

    `marts`: the columns of each mart, as described.
    """
    charts = [chart for dashboard in DASHBOARDS for row in dashboard.rows for chart in row]
    datasets = list({id(chart.dataset): chart.dataset for chart in charts}.values())
    parts: dict[str, dict[str, Any]] = {
        "metadata.yaml": {"version": _VERSION, "type": "Dashboard", "timestamp": "2020-01-01T00:00:00+00:00"}
    }
    for source in (DASHBOARD, COMMITTEE):
        parts[database_file(source)] = _database(source)
    for dataset in datasets:
        parts[f"datasets/{_stem(dataset.source)}/{dataset.mart}.yaml"] = _dataset(dataset, marts[dataset.mart])
    for number, chart in enumerate(charts, 1):
        parts[f"charts/{number:02}_{chart.dataset.mart}.yaml"] = _chart(chart)
    labels = {(mart, column.name): column.label for mart, columns in marts.items() for column in columns}
    for dashboard in DASHBOARDS:
        parts[f"dashboards/{dashboard.slug}.yaml"] = _dashboard(dashboard, labels)
    return {path: yaml.safe_dump(part, allow_unicode=True, sort_keys=False, width=120) for path, part in parts.items()}


def database_file(source: Source) -> str:
    """Return the path of a connection within the bundle, by which an import is given its password."""
    return f"databases/{_stem(source)}.yaml"


def _stem(source: Source) -> str:
    return source.login.partition("_")[0]


def _id(*parts: str) -> str:
    """Return a name that is the same for ever: importing a newer bundle replaces what an older one brought."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts)))


def _database(source: Source) -> dict[str, Any]:
    return {
        "database_name": source.name,
        "sqlalchemy_uri": f"postgresql+psycopg2://{source.login}:XXXXXXXXXX@localhost:5432/warehouse",
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_csv_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": _id("database", _stem(source)),
        "version": _VERSION,
    }


def _dataset(dataset: Dataset, described: Sequence[Described]) -> dict[str, Any]:
    return {
        "table_name": dataset.mart,
        "main_dttm_col": dataset.date,
        "schema": "marts",
        "sql": None,
        "uuid": _id("dataset", dataset.mart),
        "metrics": [
            {"metric_name": name, "verbose_name": label, "expression": expression}
            for name, (label, expression) in dataset.metrics.items()
        ],
        "columns": [
            {
                "column_name": column.name,
                "verbose_name": column.label,
                "description": column.meaning,
                "type": column.kind.upper(),
                "is_dttm": column.kind in _DATES,
                "is_active": True,
                "groupby": True,
                "filterable": True,
            }
            for column in described
        ],
        "version": _VERSION,
        "database_uuid": _id("database", _stem(dataset.source)),
    }


def _chart(chart: Chart) -> dict[str, Any]:
    axis = {"x_axis": chart.by[0], "groupby": list(chart.by[1:]), "time_grain_sqla": "P1D"}
    grouped = axis if chart.kind.startswith("echarts_timeseries") else {"groupby": list(chart.by)}
    query = {"columns": list(chart.by), "metrics": list(chart.metrics), "filters": [], "row_limit": 10000}
    return {
        "slice_name": chart.title,
        "description": chart.said or None,
        "viz_type": chart.kind,
        "params": {
            "viz_type": chart.kind,
            **grouped,
            "metrics": list(chart.metrics),
            "adhoc_filters": [],
            "row_limit": 10000,
            **chart.more,
        },
        "query_context": json.dumps(
            {
                "datasource": {"id": 0, "type": "table"},
                "queries": [query],
                "result_format": "json",
                "result_type": "full",
            }
        ),
        "uuid": _id("chart", chart.title),
        "version": _VERSION,
        "dataset_uuid": _id("dataset", chart.dataset.mart),
    }


def _dashboard(dashboard: Dashboard, labels: Mapping[tuple[str, str], str]) -> dict[str, Any]:
    levels = {row["level"]: row for row in reversed(seed("levels"))}
    # What an origin is called has the colour of its level.
    palette = {
        rule.label_zh: levels[rule.colour]["colour"]
        for file in scenario_files()
        for rule in read(file).colours
        if rule.label_zh and rule.colour
    }
    palette |= {row["label_zh"]: row["colour"] for row in levels.values()}
    return {
        "dashboard_title": dashboard.title,
        "slug": dashboard.slug,
        "uuid": _id("dashboard", dashboard.slug),
        "published": True,
        "position": _position(dashboard.rows),
        "metadata": {
            "label_colors": palette,
            "native_filter_configuration": [
                _filter(dataset, column, labels[dataset.mart, column], first)
                for dataset, column, first in dashboard.filters
            ],
        },
        "version": _VERSION,
    }


def _filter(dataset: Dataset, column: str, label: str, first: bool) -> dict[str, Any]:
    return {
        "id": f"NATIVE_FILTER-{column}",
        "name": label,
        "type": "NATIVE_FILTER",
        "filterType": "filter_select",
        "targets": [{"column": {"name": column}, "datasetUuid": _id("dataset", dataset.mart)}],
        "controlValues": {"multiSelect": False, "defaultToFirstItem": first, "enableEmptyFilter": first},
        "requiredFirst": first,
        "defaultDataMask": {},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
    }


def _position(rows: Iterable[Sequence[Chart]]) -> dict[str, Any]:
    placed: dict[str, Any] = {"DASHBOARD_VERSION_KEY": "v2"}
    grid = []
    for number, row in enumerate(rows, 1):
        name = f"ROW-{number}"
        grid.append(name)
        held = []
        for chart in row:
            key = f"CHART-{_id('chart', chart.title)[:8]}"
            held.append(key)
            placed[key] = {
                "type": "CHART",
                "id": key,
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", name],
                "meta": {
                    "uuid": _id("chart", chart.title),
                    "sliceName": chart.title,
                    "width": 12 // len(row),
                    "height": 60,
                    "chartId": len(placed),
                },
            }
        placed[name] = {
            "type": "ROW",
            "id": name,
            "children": held,
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
    placed["GRID_ID"] = {"type": "GRID", "id": "GRID_ID", "children": grid, "parents": ["ROOT_ID"]}
    placed["ROOT_ID"] = {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]}
    return placed
