"""A sample street built from its files to the models, to be set beside its truth."""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import TYPE_CHECKING, Any

import polars as pl

from linkage.table import read

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

DAY = dt.date(2020, 3, 28)
#: `make truth` asks for a whole street, and for other streets than this one.
PERSONS = int(os.environ.get("TRUTH_PERSONS", "6000"))
SEED = int(os.environ.get("TRUTH_SEED", "3"))
DATES = {"started_on": pl.Date, "release_on": pl.Date}


class Street:
    """A built street: `truth(name)` is a table of the sample's truth, `built(query)` one of the warehouse."""

    def __init__(self, conn: psycopg.Connection, sample: Path) -> None:
        self.conn = conn
        self.sample = sample
        self.records = self._records()
        self.person = self._person("tied_by_document")
        self.told = self._person("good_document")

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.sample / "truth" / f"{name}.parquet")

    def built(self, query: str) -> pl.DataFrame:
        return read(self.conn, query, DATES)

    def _records(self) -> pl.DataFrame:
        """The truth's records in force, each with the batch_id and the person_key that the warehouse gave it."""
        links = read(
            self.conn,
            "select link.feed, batch_id, business_date, source, row_no, person_key from build.record_link as link"
            " join ops.batch using (batch_id)",
            {"business_date": pl.Date, "batch_id": pl.Int64, "row_no": pl.Int64},
        )
        company = pl.when(pl.col("feed") == "property_occupancy").then(pl.col("file").str.strip_suffix(".csv"))
        told = (
            self.truth("records").filter(~pl.col("is_quarantined")).with_columns(source=company.otherwise(pl.lit("")))
        )
        return links.with_columns(pl.col("source").fill_null("")).join(
            told, on=["feed", "business_date", "source", "row_no"]
        )

    def _person(self, told_by: str) -> pl.DataFrame:
        """(true_person_id, person_key) of everybody whom a record tells: one with a good document, or one that it ties.

        A passport is good, but ties nothing where other feeds know its holder by the resident ID: two persons, then.
        """
        keys = self.records.filter(pl.col(told_by))
        return keys.select("true_person_id", "person_key").unique()


def entries_known(sample: Path, now: dt.datetime | None = None) -> list[dict[str, Any]]:
    """The port's answers as a complete pull leaves them: what was recorded by `now`, else by the sample's own."""
    now = now or dt.datetime.fromisoformat(json.loads((sample / "manifest.json").read_text("utf-8"))["now"])
    entries = [json.loads(line) for line in (sample / "border" / "entries.jsonl").read_text("utf-8").splitlines()]
    return [e for e in entries if dt.datetime.fromisoformat(e["recorded_at"]) <= now]


def differences(true: pl.DataFrame, built: pl.DataFrame, facts: list[str]) -> list[tuple[object, ...]]:
    """The rows that only one side has, a few, each with the side."""
    one = true.select(facts).join(built, on=facts, how="anti", nulls_equal=True).with_columns(side=pl.lit("true"))
    other = built.select(facts).join(true, on=facts, how="anti", nulls_equal=True).with_columns(side=pl.lit("built"))
    return pl.concat([one, other]).sort(facts[0]).head(12).rows()
