"""Time linkage on a first day, and on one when all lists about persons come anew with 1 % of their rows changed.

`python -m tests.benchmarks.second_day [--persons N] [--times N]` prints the seconds of each day, by steps, each time in
a process and a database of its own, and the median ratio; it stops and removes everything.
"""

import argparse
import datetime as dt
import logging
import random
import statistics
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import polars as pl
import psycopg

from linkage.run import link
from linkage.table import read
from runtime.postgres import Postgres
from sample.generate import generate
from sources import raw
from sources.contract import Contract, all_contracts
from sources.readers.reading import row_hashes
from street import batch, database, dbt
from street.settings import as_of_at
from tests.building import office, share_what_dbt_has_read, stage
from tests.dbt_project.truth import DAY, entries_known

NEXT = DAY + dt.timedelta(days=1)
CHANGED = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--persons", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="street-bench-") as name:
        root = Path(name)
        root.chmod(0o755)  # PostgreSQL runs as somebody else
        server = Postgres(root / "server", root / "secrets", preferred_port=54790, durable=False)
        server.start()
        try:
            _time(server, root / "street", arguments.persons, arguments.times)
        finally:
            server.stop()


def _time(server: Postgres, folder: Path, persons: int, times: int) -> None:
    folder.mkdir()
    share_what_dbt_has_read(folder / "var")
    generate(folder, DAY, persons, 1)
    url = server.url("warehouse")
    database.migrate(url)
    with office(url, folder), database.connect() as conn:
        stage(conn, entries_known(folder), DAY)
    _copy(server, "first", of="warehouse")
    _link(url, folder, "first", DAY)
    with office(_named(url, "first"), folder), database.connect() as conn:
        changed = sum(_deliver_anew(conn, contract) for contract in all_contracts())
        dbt.build(dbt.STAGING, NEXT, as_of_at(NEXT))
    sys.stdout.write(f"{persons:,} persons; {changed:,} rows changed\n")
    ratios = []
    for _ in range(times):
        seconds = []
        for day, stands_on in ((DAY, "warehouse"), (NEXT, "first")):
            _copy(server, "timed", of=stands_on)
            seconds.append(_link(url, folder, "timed", day))
        ratios.append(seconds[1] / seconds[0])
        sys.stdout.write(f"{seconds[0]:.2f} s, then {seconds[1]:.2f} s\n")
    sys.stdout.write(f"the second day takes {statistics.median(ratios):.2f} of the first\n")


def _named(url: str, database_name: str) -> str:
    return url.removesuffix("/warehouse") + f"/{database_name}"


def _copy(server: Postgres, name: str, of: str) -> None:
    with psycopg.connect(server.admin_url(), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)")
        admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [of])
        admin.execute(f"create database {name} template {of} owner warehouse")


def _link(url: str, folder: Path, name: str, day: dt.date) -> float:
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
        return alone.submit(_linked, _named(url, name), folder, day).result()


def _linked(url: str, folder: Path, day: dt.date) -> float:
    logging.basicConfig(level=logging.INFO, format="  %(message)s")
    logging.getLogger("sources").setLevel(logging.ERROR)
    with office(url, folder):
        contracts = all_contracts()
        began = time.perf_counter()
        link(day, contracts)
        return time.perf_counter() - began


def _deliver_anew(conn: psycopg.Connection, contract: Contract) -> int:
    """Let each list of the feed in force come again, 1 % of its rows with another phone; return how many these are."""
    phone = contract.roles.get("phone")
    if contract.load_mode != "snapshot" or phone is None:
        return 0
    chance = random.Random(7)
    columns = [column.name for column in contract.columns]
    changed = 0
    for before in batch.in_force(conn, DAY).get(contract.feed, []):
        query = f"select _row_no, _extra, {', '.join(columns)} from raw.{contract.feed} where _batch_id = {before}"
        rows = read(conn, f"{query} order by _row_no", {"_row_no": pl.Int32})
        is_changed = pl.Series([chance.random() < CHANGED for _ in range(rows.height)], dtype=pl.Boolean)
        others = pl.Series([f"139{chance.randrange(10**8):08}" for _ in range(rows.height)], dtype=pl.String)
        rows = rows.with_columns(pl.when(is_changed).then(others).otherwise(pl.col(phone)).alias(phone))
        changed += int(is_changed.sum())
        (now,) = conn.execute(
            "insert into ops.batch (feed, source, business_date, received_at, sources, sha256, contract_version,"
            " status, rows_received) select feed, source, %s, received_at + interval '1 day', sources, sha256 || '+',"
            " contract_version, 'landed', rows_received from ops.batch where batch_id = %s returning batch_id",
            [NEXT, before],
        ).fetchone() or (0,)
        raw.load(conn, contract, now, rows.with_columns(row_hashes(contract, rows)))
        batch.promote(conn, now, contract.load_mode)
        conn.commit()
    return changed


if __name__ == "__main__":
    main()
