"""One sample street, its records as sent beside their truth and what the project and its peers make of them."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from linkage.run import link
from linkage.table import read
from runtime.postgres import Postgres
from sample.generate import generate
from sample.tellable import RECORD, tellable
from sources.contract import all_contracts
from street import database, dbt
from street.settings import as_of_at
from tests.building import office, stage
from tests.dbt_project.truth import DAY, entries_known
from tests.e2e.truth import RECORD as KEY

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

ROOT = Path(__file__).resolve().parents[3]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
_ROLES = (
    "person_name", "person_name_latin", "document_number", "resident_id", "birth_date", "phone", "address", "compound",
    "building", "room",
)  # fmt: skip
_ARRIVALS = {"true_person_id": pl.String, "started_on": pl.Date, "outcome": pl.String}
_INTEGERS = {"batch_id": pl.Int64, "row_no": pl.Int64}


@dataclass(frozen=True)
class Linked:
    """A street that the project has linked.

    `records`: a row a record in force about a person, with `true_person_id`, `told`, `dirt`, its fields as sent,
    `true_dwelling_code`, `address_form`, `expected_level`, and what the project made of it (`person_key`,
    `dwelling_code`). `arrivals`: a row a home isolation of the truth, `outcome` right, listed, wrong or lost.
    """

    records: pl.DataFrame
    doors: pl.DataFrame
    arrivals: pl.DataFrame
    seconds: float
    folder: Path


@contextlib.contextmanager
def linked(folder: Path, persons: int, seed: int, dirt: str, *, marts: bool) -> Iterator[Linked]:
    """A street of this size, seed and dirt, linked by the project at its shipped settings; arrivals need its marts."""
    generate(folder, DAY, persons, seed, dirt=dirt)
    server = Postgres(folder / "server", folder / "secrets", preferred_port=54760, durable=False)
    server.start()
    try:
        url = server.url("warehouse")
        database.migrate(url)
        with office(url, folder), contextlib.closing(database.connect()) as conn:
            stage(conn, entries_known(folder), DAY)
            started = time.perf_counter()
            link(DAY, all_contracts())
            seconds = time.perf_counter() - started
            records = _records(conn, folder / "truth")
            doors = read(
                conn,
                "select dwelling_code, compound_name, road, lane, building_no, room_no"
                " from staging.stg_housing_registry",
            )
            arrivals = pl.DataFrame(schema=_ARRIVALS)
            if marts:
                dbt.build(dbt.MARTS, DAY, as_of_at(DAY))
                arrivals = _arrivals(conn, folder / "truth", records)
            yield Linked(records, doors, arrivals, seconds, folder)
    finally:
        server.stop()


def _records(conn: psycopg.Connection, truth: Path) -> pl.DataFrame:
    links = read(
        conn,
        "select link.feed, link.batch_id, link.row_no, batch.business_date, coalesce(batch.source, '') as source,"
        " link.person_key, link.person_method, door.dwelling_code"
        " from build.record_link as link join ops.batch as batch using (batch_id)"
        " left join build.dwelling as door using (dwelling_key)",
        _INTEGERS | {"business_date": pl.Date},
    )
    sent = pl.concat([_sent(conn, contract) for contract in all_contracts() if contract.with_role("person_name")])
    true = pl.read_parquet(truth / "records.parquet").join(
        tellable(truth).drop("true_person_id"), on=RECORD, how="inner", nulls_equal=True
    )
    company = pl.when(pl.col("feed") == "property_occupancy").then(pl.col("file").str.strip_suffix(".csv"))
    true = true.with_columns(source=company.otherwise(pl.lit("")))
    return (
        true.join(links, on=KEY, how="left")
        .join(sent, on=["feed", "batch_id", "row_no"], how="left")
        .with_row_index("index")
        .with_columns(pl.col("index").cast(pl.Int64))
    )


def _sent(conn: psycopg.Connection, contract: object) -> pl.DataFrame:
    """What a feed's rows say, as received, by role."""
    feed, roles = contract.feed, contract.roles  # type: ignore[attr-defined]
    columns = ", ".join(f"{roles[role]} as {role}" if role in roles else f"null::text as {role}" for role in _ROLES)
    rows = read(conn, f"select _batch_id as batch_id, _row_no as row_no, {columns} from raw.{feed}", _INTEGERS)
    return rows.with_columns(feed=pl.lit(feed))


def _arrivals(conn: psycopg.Connection, truth: Path, records: pl.DataFrame) -> pl.DataFrame:
    """(true_person_id, started_on, outcome) of each home isolation of the truth with a destination in the street."""
    mine = records.filter(pl.col("feed").is_in(["border_entries", "returnees"]))
    keys = mine.select("true_person_id", "person_key", "feed", "batch_id", "row_no", "person_method")
    listed = read(conn, "select feed, batch_id, row_no from build.unresolved", _INTEGERS).unique()
    shown = read(
        conn,
        "select person_key, started_on, door.dwelling_code as shown from build.isolation_episode"
        " left join build.dwelling as door using (dwelling_key)",
        {"started_on": pl.Date},
    )
    true = pl.read_parquet(truth / "episodes.parquet").drop_nulls("dwelling_code")
    is_listed = keys.join(listed.with_columns(listed=True), on=["feed", "batch_id", "row_no"], how="left")
    told = is_listed.group_by("true_person_id").agg(listed=pl.col("listed").any())
    episodes = (
        true.select("true_person_id", "started_on", "dwelling_code")
        .join(keys.select("true_person_id", "person_key").unique(), on="true_person_id", how="left")
        .join(shown, on=["person_key", "started_on"], how="left")
        .group_by("true_person_id", "started_on", "dwelling_code")
        .agg(
            right=(pl.col("shown") == pl.col("dwelling_code")).any(),
            wrong=(pl.col("shown") != pl.col("dwelling_code")).any(),
        )
        .join(told, on="true_person_id", how="left")
    )
    return episodes.select(
        "true_person_id",
        "started_on",
        outcome=pl.when(pl.col("wrong").fill_null(value=False))
        .then(pl.lit("wrong"))
        .when(pl.col("right").fill_null(value=False))
        .then(pl.lit("right"))
        .when(pl.col("listed").fill_null(value=False))
        .then(pl.lit("listed"))
        .otherwise(pl.lit("lost")),
    )


def ask_peer(peer: str, table: pl.DataFrame, folder: Path) -> tuple[pl.DataFrame, float]:
    """What a peer makes of a table, and its seconds. Raises CalledProcessError when it fails."""
    given, answer = folder / f"{peer}.given.parquet", folder / f"{peer}.parquet"
    table.write_parquet(given)
    script = Path(__file__).with_name("peers.py")
    with (folder / f"{peer}.log").open("wb") as log:
        subprocess.run([PEERS, script, peer, given, answer], check=True, stdout=log, stderr=log)
    return pl.read_parquet(answer), float(answer.with_suffix(".seconds").read_text())


logging.getLogger("linkage").setLevel(logging.WARNING)
