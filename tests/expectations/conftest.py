"""An inbox, an archive and a warehouse of the test's own."""

import csv
import datetime as dt
import functools
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
import pytest

from sources import contract, deliveries, landing, raw, registry
from street import batch
from street.settings import settings

DAY = dt.date(2020, 3, 28)


@pytest.fixture
def day() -> dt.date:
    return DAY


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse_url: str) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    monkeypatch.setenv("STREET_INBOX", str(place))
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    return place


@pytest.fixture
def household() -> dict[str, str]:
    return {
        "person_no": "P0001", "id_type": "10", "id_number": "11010519491231002X", "full_name": "张三", "sex": "2",
        "ethnic_group": "01", "birth_date": "19491231", "household_no": "H1", "relation_to_head": "01",
        "residence_type": "1", "registered_address": "梅花路1099弄30号502室",
        "living_address": "梅花路1099弄30号502室", "phone": "13916000000", "status": "1",
        "updated_at": "2020-03-01 08:00:00",
    }  # fmt: skip


@pytest.fixture
def entry() -> dict[str, str]:
    return {
        "entry_id": "E1", "revision": "1", "document_type": "P", "document_no": "E12345678", "nationality": "CHN",
        "name_latin": "ZHANG<<SAN", "name_cn": "张三", "sex": "M", "birth_date": "1980-01-01", "flight_no": "MU588",
        "departed_country": "USA", "entry_port": "PVG", "entered_at": "2020-03-27T10:00:00+08:00",
        "destination_address": "梅花路1099弄30号502室", "phone": "13916000000", "disposition": "home_isolation",
        "recorded_at": "2020-03-27T12:00:00+08:00",
    }  # fmt: skip


@pytest.fixture
def landed_household(inbox: Path) -> Callable[..., int]:
    def land(rows: Sequence[dict[str, str]]) -> int:
        terms = contract.load("household_registry")
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        writer.writerow([column.header for column in terms.columns])
        writer.writerows([[row.get(column.name, "") for column in terms.columns] for row in rows])
        folder = inbox / terms.feed / DAY.isoformat()
        folder.mkdir(parents=True)
        (folder / "list.csv.gz").write_bytes(gzip.compress(buffer.getvalue().encode("gb18030")))
        (batch_id,) = landing.land(terms.feed, DAY)
        return batch_id

    return land


@pytest.fixture
def landed_rows(inbox: Path, warehouse: psycopg.Connection) -> Callable[..., int]:
    """Land rows of a feed as one batch, past its connector: the gate starts at the raw table."""
    import polars as pl  # noqa: PLC0415 -- only these tests need it

    def land(feed: str, rows: Sequence[dict[str, str]]) -> int:
        terms = contract.load(feed)
        registry.sync(warehouse, [terms])
        batch_id = batch.register(
            warehouse, feed=feed, source="", business_date=DAY, received_at=deliveries.received_at(DAY),
            sources=[], sha256=f"{len(rows)}-{id(rows)}", contract_version=terms.version,
        )  # fmt: skip
        columns = {column.name: [row.get(column.name) for row in rows] for column in terms.columns}
        frame = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String)).with_columns(
            pl.Series("_row_no", range(1, len(rows) + 1)),
            pl.Series("_row_hash", [str(hash(tuple(row.items()))) for row in rows]),
            pl.lit(None, dtype=pl.String).alias("_extra"),
        )
        raw.load(warehouse, terms, batch_id, frame)
        warehouse.commit()
        return batch_id

    return land


@pytest.fixture
def landed_entries(landed_rows: Callable[..., int]) -> Callable[..., int]:
    return functools.partial(landed_rows, "border_entries")
