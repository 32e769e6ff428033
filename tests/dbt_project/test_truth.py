"""A sample street from its files to the models, against its truth: what is good and plain must come out exactly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from .truth import PERSONS, differences

if TYPE_CHECKING:
    from .truth import Street


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
    facts = [
        "started_on",
        "release_on",
        "status",
        "colour",
        "origin_kind",
        "origin_code",
        "origin_name",
        "dwelling_code",
    ]
    true = street.truth("episodes").filter(pl.col("clean").all().over("true_person_id"))
    built = street.built(f"select person_key, {', '.join(facts)} from build.fct_isolation_episode"
                         " left join build.dim_dwelling using (dwelling_key)")  # fmt: skip
    built = built.join(street.told, on="person_key").join(true, on="true_person_id", how="semi")
    assert true.height > 20
    assert differences(true, built, ["true_person_id", *facts]) == []


def test_residents_are_exactly_right(street: Street) -> None:
    true = street.truth("residents").filter("clean")
    built = street.built("select person_key, dwelling_code from build.fct_residence"
                         " left join build.dim_dwelling using (dwelling_key)")  # fmt: skip
    built = built.join(street.told, on="person_key").join(true, on="true_person_id", how="semi")
    assert true.height > PERSONS / 2
    assert differences(true, built, ["true_person_id", "dwelling_code"]) == []


def test_occupancy_is_exactly_right(street: Street) -> None:
    facts = ["dwelling_code", "occupancy", "source", "renovating"]
    true = (
        street.truth("occupancy")
        .filter("clean")
        .with_columns(
            pl.col("renovating").cast(pl.String),
            # Of what nobody tells there is no source.
            source=pl.when(pl.col("occupancy") != "unknown").then("source"),
        )
    )
    built = street.built(
        "select dwelling_code, occupancy, occupancy_source as source, is_renovating::text as renovating"
        " from build.fct_occupancy join build.dim_dwelling using (dwelling_key)"
    )
    built = built.join(true, on="dwelling_code", how="semi")
    assert true.filter(pl.col("source") == "property_occupancy").height > 100
    assert differences(true, built, facts) == []
