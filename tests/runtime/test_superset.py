"""The bundle for Superset: counts alone, with the words that people see."""

from __future__ import annotations

import io
import zipfile

import yaml

from runtime.render import superset_bundle
from runtime.superset import bundle, serve
from street.catalogue import published

BUNDLE = {path: yaml.safe_load(text) for path, text in superset_bundle().items()}
DATASETS = {path: part for path, part in BUNDLE.items() if path.startswith("datasets/")}
#: What a mart calls somebody by.
OF_PERSONS = {"person_key", "full_name", "id_masked", "phone", "owner_name", "duty_key"}


def test_no_dataset_has_a_column_of_a_person() -> None:
    for path, dataset in DATASETS.items():
        names = {column["column_name"] for column in dataset["columns"]}
        assert not names & OF_PERSONS, path


def test_every_dataset_is_a_mart_of_counts() -> None:
    for path, dataset in DATASETS.items():
        assert published()[dataset["table_name"]].holds_counts, path
        assert dataset["sql"] is None, path


def test_every_column_and_metric_has_chinese_words() -> None:
    for path, dataset in DATASETS.items():
        for part in (*dataset["columns"], *dataset["metrics"]):
            assert any("一" <= letter <= "鿿" for letter in part["verbose_name"]), (path, part)


def test_every_chart_draws_columns_and_metrics_that_its_dataset_has() -> None:
    by_id = {dataset["uuid"]: dataset for dataset in DATASETS.values()}
    charts = [part for path, part in BUNDLE.items() if path.startswith("charts/")]
    assert len(charts) == 7
    for chart in charts:
        dataset = by_id[chart["dataset_uuid"]]
        known = {each["column_name"] for each in dataset["columns"]} | {
            each["metric_name"] for each in dataset["metrics"]
        }
        params = chart["params"]
        drawn = [*params["metrics"], *params["groupby"], *([params["x_axis"]] if "x_axis" in params else [])]
        assert set(drawn) <= known, chart["slice_name"]


def test_the_map_asks_for_no_column_twice() -> None:
    params = BUNDLE["charts/01_compound_overview.yaml"]["params"]
    asked = [*params["groupby"], params["spatial"]["lonCol"], params["spatial"]["latCol"], params["dimension"]]
    assert len(set(asked)) == len(asked) == 3


def test_a_buildings_elevation_is_of_one_building_from_the_start() -> None:
    [chosen] = BUNDLE["dashboards/street.yaml"]["metadata"]["native_filter_configuration"]
    assert chosen["targets"][0]["column"]["name"] == "building_name"
    assert chosen["requiredFirst"]
    assert chosen["controlValues"]["defaultToFirstItem"]
    [door] = BUNDLE["datasets/dashboard/building_view.yaml"]["metrics"]
    assert door["expression"].startswith("CASE WHEN COUNT(DISTINCT building_key) > 1 THEN")


def test_the_trend_reads_the_streets_row_alone() -> None:
    metrics = BUNDLE["datasets/dashboard/governance_daily.yaml"]["metrics"]
    assert metrics
    assert all("FILTER (WHERE row_kind = 'street')" in metric["expression"] for metric in metrics)


def test_the_packed_bundle_leads_to_the_warehouse_and_holds_no_password() -> None:
    logins = {bundle.DASHBOARD: "dashboard_login", bundle.COMMITTEE: "committee_310115016002"}
    packed = serve.archive("postgresql://warehouse:secret@db.invalid:6543/street", logins)
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    assert {name.removeprefix("superset/") for name in texts} == BUNDLE.keys()
    assert not [name for name, text in texts.items() if "secret" in text]
    for source, login in logins.items():
        uri = yaml.safe_load(texts[f"superset/{bundle.database_file(source)}"])["sqlalchemy_uri"]
        assert uri == f"postgresql+psycopg2://{login}:XXXXXXXXXX@db.invalid:6543/street"
