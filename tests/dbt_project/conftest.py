"""A small street in raw: two doors, four registered persons and six border entries, landed by hand."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from linkage.run import link
from reports import daily
from sample.generate import generate
from scenarios import register
from sources.contract import all_contracts
from sources.registry import sync
from street import database, dbt, publish
from street.settings import as_of_at, settings
from tests.building import office, share_what_dbt_has_read, take_in
from tests.e2e import marks

from .truth import DAY, SEED, Street, entries_known

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

AS_OF = dt.date(2020, 3, 28)
MARKED_ON = dt.date(2020, 3, 30)
"""The day on which the marked persons' street was published; their lists came the day before."""
AS_OF_AT = dt.datetime(2020, 3, 28, 7, 30, tzinfo=ZoneInfo("Asia/Shanghai"))

DWELLING = {
    "committee_code": "310115016001", "committee_name": "牡丹第二居委会", "compound_name": "银泰小区", "road": "梅花路",
    "lane": "1099", "building_no": "30", "floor": "5", "floors_total": "6", "area_sqm": "88.5", "usage": "1",
    "longitude": "121.54", "latitude": "31.21",
}  # fmt: skip
PERSON = {
    "id_type": "90", "sex": "1", "residence_type": "1", "status": "1", "household_no": "H1", "relation_to_head": "02",
    "updated_at": "2020-03-01 10:00:00", "living_address": "梅花路1099弄30号501室",
}  # fmt: skip
ENTRY = {
    "revision": "1", "document_type": "P", "departed_country": "USA", "flight_no": "MU588", "sex": "F",
    "disposition": "home_isolation", "nationality": "USA", "birth_date": "1990-01-01",
    "entered_at": "2020-03-20T10:00:00+08:00", "recorded_at": "2020-03-20T12:00:00+08:00",
    "destination_address": "梅花路1099弄30号502室",
}  # fmt: skip


def land(
    conn: psycopg.Connection, feed: str, rows: Sequence[Mapping[str, str]], source: str = "", on: dt.date = AS_OF
) -> int:
    """Put rows into raw as one accepted batch of the date, of this company; returns its batch_id."""
    batch = conn.execute(
        "insert into ops.batch (feed, source, business_date, received_at, sources, sha256, status, contract_version,"
        " rows_received, rows_accepted) values (%s, %s, %s, %s, '[]', md5(random()::text), 'accepted', '1.0.0', %s, %s)"
        " returning batch_id",
        (feed, source, on, AS_OF_AT + (on - AS_OF), len(rows), len(rows)),
    ).fetchone()
    assert batch is not None
    table, partition = sql.Identifier("raw", feed), sql.Identifier("raw", f"{feed}__{batch[0]}")
    conn.execute(sql.SQL("create table {} partition of {} for values in ({})").format(partition, table, batch[0]))
    for row_no, row in enumerate(rows, start=1):
        names = ["_batch_id", "_row_no", "_row_hash", *row]
        values: list[Any] = [batch[0], row_no, sha256(repr(row).encode()).hexdigest(), *row.values()]
        conn.execute(
            sql.SQL("insert into {} ({}) values ({})").format(
                table,
                sql.SQL(", ").join(map(sql.Identifier, names)),
                sql.SQL(", ").join([sql.Placeholder()] * len(names)),
            ),
            values,
        )
    return int(batch[0])


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """STREET_VAR of every test here: dbt has read the project once for all of them."""
    var = tmp_path_factory.mktemp("raw") / "var"
    share_what_dbt_has_read(var)
    return var


@contextlib.contextmanager
def small_street(url: str, var: Path) -> Iterator[psycopg.Connection]:
    """The small street, landed and accepted in the empty warehouse at `url`; the settings point to it."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WAREHOUSE_URL", url)
        environment.setenv("STREET_VAR", str(var))
        environment.setenv("STREET_HMAC_KEY", "synthetic key of a test, 32 bytes")
        settings.cache_clear()
        with database.connect() as conn:
            _land_small_street(conn)
            yield conn
            conn.rollback()
    settings.cache_clear()


@pytest.fixture
def street_in_raw(warehouse_url: str, var: Path) -> Iterator[psycopg.Connection]:
    """The small street of one test alone."""
    with small_street(warehouse_url, var) as conn:
        yield conn


def _land_small_street(warehouse: psycopg.Connection) -> None:
    sync(warehouse)
    land(warehouse, "housing_registry", [
        DWELLING | {"dwelling_code": "D1", "room_no": "501", "tenure": "1"},
        DWELLING | {"dwelling_code": "D2", "room_no": "502", "tenure": "3"},
    ])  # fmt: skip
    land(warehouse, "household_registry", [
        PERSON | {"person_no": "P1", "full_name": "测甲", "birth_date": "19400101"},
        PERSON | {"person_no": "P2", "full_name": "测乙", "birth_date": "20150000", "status": "2"},
        PERSON | {"person_no": "P3", "full_name": "测丙", "birth_date": "１９５０年１月１日", "status": "3"},
        PERSON | {"person_no": "P4", "full_name": "测丁", "birth_date": "19990101", "living_address": "上海市浦东新区"},
    ])  # fmt: skip
    entries = land(warehouse, "border_entries", [
        ENTRY | {"entry_id": "E1", "document_no": "E00000001", "name_latin": "CE YI"},
        ENTRY | {"entry_id": "E2", "document_no": "E00000002", "name_latin": "CE ER"},
        ENTRY | {"entry_id": "E2", "document_no": "E00000002", "name_latin": "CE ER", "revision": "2",
                 "disposition": "central_isolation", "recorded_at": "2020-03-23T09:00:00+08:00"},
        ENTRY | {"entry_id": "E3", "document_no": "E00000003", "name_latin": "CE SAN",
                 "destination_address": "上海市浦东新区"},
        ENTRY | {"entry_id": "E4", "document_no": "E00000004", "name_latin": "CE SI", "entered_at": "no time"},
        ENTRY | {"entry_id": "E5", "document_no": "E00000005", "name_latin": "CE WU",
                 "disposition": "central_isolation"},
    ])  # fmt: skip
    warehouse.execute("insert into ops.superseded_row values ('border_entries', %s, 2)", (entries,))
    warehouse.execute(
        "insert into quarantine.border_entries (batch_id, row_no, rules, entry_id)"
        " values (%s, 5, '{entered_at_unreadable}', 'E4')",
        (entries,),
    )
    warehouse.execute(
        "update ops.batch set rows_accepted = 4, rows_superseded = 1, rows_quarantined = 1 where batch_id = %s",
        (entries,),
    )
    register.sync(warehouse)
    warehouse.commit()


@pytest.fixture(scope="session")
def street(sample_street: tuple[Path, Callable[[str], str]]) -> Iterator[Street]:
    """The sample street; tests only read it."""
    folder, copy = sample_street
    with database.connect(copy("truth")) as conn:
        yield Street(conn, folder)


@pytest.fixture(scope="session")
def marked_street(
    new_warehouse: Callable[..., str], keep_warehouse: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], tuple[Path, str]]:
    """Gives copies of a street in whose feeds marked persons stand, as published on MARKED_ON: its files, its URL."""
    folder = tmp_path_factory.mktemp("marked")
    generate(folder, DAY, 1000, SEED)
    marks.deliver(folder)
    url = new_warehouse("test")
    share_what_dbt_has_read(folder / "var")
    with office(url, folder):
        with database.connect() as conn:
            take_in(conn, entries_known(folder, as_of_at(MARKED_ON)), MARKED_ON)
        publish_day(MARKED_ON)
    keep_warehouse("marked")

    def copy() -> tuple[Path, str]:
        to = tmp_path_factory.mktemp("marked")
        shutil.copytree(folder, to, symlinks=True, dirs_exist_ok=True)
        return to, new_warehouse("test", template="marked")

    return copy


def publish_day(day: dt.date) -> None:
    """What the DAGs make of what has come, in the office of the settings: built, published, reported."""
    with database.connect() as conn:
        version = publish.start_version(conn, day, as_of_at(day))
        conn.commit()
        dbt.build(dbt.STAGING, day, as_of_at(day), version)
        link(day, all_contracts())
        dbt.build(dbt.MARTS, day, as_of_at(day), version)
        publish.publish(conn, version)
    daily.render(day)
