"""A sample street from its files to the models, against its truth: what is good and plain must come out exactly."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING

import polars as pl
import psycopg
import pytest

from expectations.gate import validate
from linkage.run import PersonFeed, link
from linkage.table import read
from sources import archive, landing
from sources.connectors import paged_api
from sources.contract import all_contracts
from sources.sample.generate import generate
from street import batch, database
from street import warehouse as dbt
from street.settings import as_of_at, settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from street.postgres import Postgres

DAY = dt.date(2020, 3, 28)
PERSONS = 6_000
DATES = {"started_on": pl.Date, "release_on": pl.Date}


class Street:
    """A built street: `truth(name)` is a table of the sample's truth, `built(query)` one of the warehouse."""

    def __init__(self, conn: psycopg.Connection, sample: Path) -> None:
        self.conn = conn
        self.sample = sample
        self.person = self._person()

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.sample / "truth" / f"{name}.parquet")

    def built(self, query: str) -> pl.DataFrame:
        return read(self.conn, query, DATES)

    def _person(self) -> pl.DataFrame:
        """(true_person_id, person_key) of everybody whom a record with a good document tells."""
        links = read(
            self.conn,
            "select link.feed, business_date, source, row_no, person_key from build.record_link as link"
            " join ops.batch using (batch_id)",
            {"business_date": pl.Date, "row_no": pl.Int64},
        )
        company = pl.when(pl.col("feed") == "property_occupancy").then(pl.col("file").str.strip_suffix(".csv"))
        told = self.truth("records").filter(pl.col("tied_by_document") & ~pl.col("is_quarantined"))
        told = told.with_columns(source=company.otherwise(pl.lit("")))
        keys = links.with_columns(pl.col("source").fill_null("")).join(
            told, on=["feed", "business_date", "source", "row_no"]
        )
        return keys.select("true_person_id", "person_key").unique()


@pytest.fixture(scope="module")
def street(postgres: Postgres, _template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Street]:
    folder = tmp_path_factory.mktemp("street")
    generate(folder / "sample", DAY, PERSONS, 3)
    url = postgres.url("warehouse").removesuffix("/warehouse") + "/truth"
    with psycopg.connect(postgres.admin_url(), autocommit=True) as admin:
        admin.execute("drop database if exists truth with (force)")
        admin.execute(f"create database truth template {_template} owner warehouse")
    with pytest.MonkeyPatch.context() as environment:
        for name, value in {
            "WAREHOUSE_URL": url,
            "STREET_VAR": str(folder / "var"),
            "STREET_INBOX": str(folder / "sample" / "inbox"),
            "STREET_BORDER_API_URL": "http://127.0.0.1:9",
            "STREET_BORDER_API_TOKEN": "unused: the pull is complete",
            "STREET_HMAC_KEY": "synthetic key of a test, 32 bytes",
        }.items():
            environment.setenv(name, value)
        settings.cache_clear()
        with database.connect() as conn:
            _build(conn, folder / "sample")
            yield Street(conn, folder / "sample")
    settings.cache_clear()


def _build(conn: psycopg.Connection, sample: Path) -> None:
    _store_the_pull(sample)
    for contract in all_contracts():
        for batch_id in landing.land(contract.feed, DAY):
            validate(batch_id)
            batch.promote(conn, batch_id, contract.load_mode)
            conn.commit()
    dbt.build(dbt.STAGING, DAY, as_of_at(DAY))
    link(DAY, [
        PersonFeed(
            contract.feed, contract.business_key,
            {column.role: column.name for column in reversed(contract.columns) if column.role},
            contract.about_person, contract.about_arrival,
        )
        for contract in all_contracts()
    ])  # fmt: skip
    dbt.build(dbt.MARTS, DAY, as_of_at(DAY))


def _store_the_pull(sample: Path) -> None:
    """The port's answers as a complete pull leaves them: what was recorded by the sample's own now."""
    now = json.loads((sample / "manifest.json").read_text("utf-8"))["now"]
    entries = [json.loads(line) for line in (sample / "border" / "entries.jsonl").read_text("utf-8").splitlines()]
    known = [e for e in entries if dt.datetime.fromisoformat(e["recorded_at"]) <= dt.datetime.fromisoformat(now)]
    pull = paged_api.begin("border_entries", DAY, as_of_at(DAY), None)
    archive.write(pull.folder / "page-000001.json", json.dumps({"data": known, "next_cursor": None}).encode())


def test_every_record_is_quarantined_or_superseded_as_meant(street: Street) -> None:
    manifest = json.loads((street.sample / "manifest.json").read_text("utf-8"))
    counted = street.conn.execute(
        "select feed, sum(rows_received), sum(rows_quarantined), sum(rows_superseded), bool_and(status = 'accepted')"
        " from ops.batch group by feed"
    ).fetchall()
    assert {feed: (received, quarantined, superseded) for feed, received, quarantined, superseded, _ in counted} == {
        feed: (rows, manifest["quarantined"][feed], manifest["superseded"][feed])
        for feed, rows in manifest["rows"].items()
    }
    assert all(row[-1] for row in counted)


def test_isolation_episodes_are_exactly_right(street: Street) -> None:
    facts = ["started_on", "release_on", "status", "colour", "origin_kind", "origin_code", "origin_name", "dwelling_code"]
    true = street.truth("episodes").filter(pl.col("clean").all().over("true_person_id"))
    true = true.join(street.person, on="true_person_id")
    built = street.built(f"select person_key, {', '.join(facts)} from build.fct_isolation_episode"
                         " left join build.dim_dwelling using (dwelling_key)")  # fmt: skip
    built = built.join(true, on="person_key", how="semi")
    assert true.height > 20
    assert differences(true, built, ["person_key", *facts]) == []


def test_residents_are_exactly_right(street: Street) -> None:
    true = street.truth("residents").filter("clean").join(street.person, on="true_person_id")
    built = street.built("select person_key, dwelling_code from build.fct_residence"
                         " left join build.dim_dwelling using (dwelling_key)")  # fmt: skip
    built = built.join(true, on="person_key", how="semi")
    assert true.height > PERSONS / 2
    assert differences(true, built, ["person_key", "dwelling_code"]) == []


def test_occupancy_is_exactly_right(street: Street) -> None:
    facts = ["dwelling_code", "occupancy", "source", "renovating"]
    true = street.truth("occupancy").filter("clean").with_columns(pl.col("renovating").cast(pl.String))
    built = street.built(
        "select dwelling_code, occupancy, occupancy_source as source, is_renovating::text as renovating"
        " from build.fct_occupancy join build.dim_dwelling using (dwelling_key)"
    )
    built = built.join(true, on="dwelling_code", how="semi")
    assert true.filter(pl.col("source") == "property_occupancy").height > 100
    assert differences(true, built, facts) == []


def differences(true: pl.DataFrame, built: pl.DataFrame, facts: list[str]) -> list[tuple[object, ...]]:
    """The rows that only one side has, a few, each with the side."""
    one = true.select(facts).join(built, on=facts, how="anti", nulls_equal=True).with_columns(side=pl.lit("true"))
    other = built.select(facts).join(true, on=facts, how="anti", nulls_equal=True).with_columns(side=pl.lit("built"))
    return pl.concat([one, other]).sort(facts[0]).head(12).rows()
