"""An office with a housing list and a few feeds, as staging and raw hand them to linkage."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
import psycopg
import pytest

from linkage import register
from linkage.run import link
from street import database
from street.settings import settings

DAY = dt.date(2020, 3, 28)


@dataclass(frozen=True)
class Feed:
    feed: str
    business_key: tuple[str, ...]
    roles: Mapping[str, str]
    about_person: bool = True
    about_arrival: bool = False
    mentions_persons: bool = False
    load_mode: str = "snapshot"


HOUSEHOLD = Feed(
    "household_registry",
    ("person_no",),
    {
        "person_no": "person_no", "person_name": "full_name", "document_number": "id_number",
        "birth_date": "birth_date", "sex": "sex", "address": "living_address",
        "registered_address": "registered_address", "phone": "phone", "recorded_at": "updated_at",
    },
)  # fmt: skip
BORDER = Feed(
    "border_entries",
    ("entry_id",),
    {
        "person_name": "name_cn", "person_name_latin": "name_latin", "document_number": "document_no",
        "document_country": "nationality", "resident_id": "id_number", "birth_date": "birth_date", "sex": "sex",
        "address": "destination_address", "phone": "phone", "event_time": "entered_at", "recorded_at": "recorded_at",
    },
)  # fmt: skip
RETURNEES = Feed(
    "returnees",
    (),
    {
        "person_name": "full_name", "document_number": "id_number", "phone": "phone", "compound": "compound",
        "building": "building", "room": "room", "event_time": "arrived_on",
    },
)  # fmt: skip
WELFARE = Feed(
    "welfare_list",
    ("id_number", "benefit"),
    {"person_name": "full_name", "document_number": "id_number", "phone": "phone", "address": "living_address"},
)
OCCUPANCY = Feed(
    "property_occupancy",
    ("compound", "building", "room", "occupant_name", "phone"),
    {"person_name": "occupant_name", "phone": "phone", "compound": "compound", "building": "building", "room": "room"},
    about_person=False,
)
FEEDS = (HOUSEHOLD, BORDER, RETURNEES, WELFARE, OCCUPANCY)
KEY = "a key for tests alone, of no use elsewhere"
_HOUSING = ("dwelling_code", "committee_code", "compound_name", "road", "lane", "building_no", "room_no")


class Office:
    """What linkage reads, written by hand; every call of a feed's name replaces what is in force of it."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self._batch = 0
        self._make("housing_registry", _HOUSING, personal=())
        for feed in FEEDS:
            columns = dict.fromkeys([*feed.business_key, *feed.roles.values()])
            private = tuple(feed.roles[role] for role in ("document_number", "resident_id") if role in feed.roles)
            self._make(feed.feed, tuple(columns), private)
        conn.commit()

    def _make(self, feed: str, columns: tuple[str, ...], personal: tuple[str, ...]) -> None:
        raw = ", ".join(f"{c} text" for c in columns)
        kinds = {"birth_date": "date"}
        staged = ", ".join(f"{c}_masked text" if c in personal else f"{c} {kinds.get(c, 'text')}" for c in columns)
        self.conn.execute(f"create table raw.{feed} (_batch_id bigint, _row_no integer, _row_hash text, {raw})")
        self.conn.execute(
            f"create table staging.stg_{feed} (batch_id bigint, row_no integer, row_digest bigint,"
            f" document_kind text, {staged})"
        )

    def receive(self, feed: str, *rows: Mapping[str, Any], kind: str | None = None, keeping: bool = False) -> int:
        """A new batch comes into force; the one before is no longer, unless `keeping` it. Returns its number."""
        self._batch += 1
        if not keeping:
            self.conn.execute(f"delete from staging.stg_{feed}")
        for number, row in enumerate(rows, start=1):
            values = dict(row)
            row_kind = values.pop("kind", kind)
            names = ", ".join(values)
            marks = ", ".join(["%s"] * len(values))
            digest = str(sorted((k, str(v)) for k, v in values.items()))
            self.conn.execute(
                f"insert into raw.{feed} (_batch_id, _row_no, _row_hash, {names}) values (%s, %s, md5(%s), {marks})",
                [self._batch, number, digest, *values.values()],
            )
            cleaned = {k: v for k, v in values.items() if k not in ("id_number", "document_no")}
            self.conn.execute(
                f"insert into staging.stg_{feed} (batch_id, row_no, row_digest, document_kind"
                + "".join(f", {c}" for c in cleaned)
                + ") values (%s, %s, hashtextextended(md5(%s), 0), %s"
                + ", %s" * len(cleaned)
                + ")",
                [self._batch, number, digest, row_kind, *cleaned.values()],
            )
        self.conn.commit()
        return self._batch

    def housing(self, *doors: tuple[str, ...]) -> None:
        self.receive("housing_registry", *(dict(zip(_HOUSING, door, strict=True)) for door in doors))

    def link(self, as_of: dt.date = DAY) -> dict[tuple[str, int, int], dict[str, Any]]:
        """Link, and return `build.record_link` by (feed, batch, row)."""
        link(as_of, FEEDS)
        return self.links()

    def links(self) -> dict[tuple[str, int, int], dict[str, Any]]:
        self.conn.commit()
        with self.conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            found = cursor.execute("select * from build.record_link where feed <> 'housing_registry'").fetchall()
        self.conn.commit()
        return {(row["feed"], row["batch_id"], row["row_no"]): row for row in found}

    def said(self, feed: str, batch: int, row: int) -> dict[str, Any]:
        """What `build.person_record` has of a record."""
        with self.conn.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            found = cursor.execute(
                "select * from build.person_record where (feed, batch_id, row_no) = (%s, %s, %s)", [feed, batch, row]
            ).fetchone()
        self.conn.commit()
        assert found is not None
        return found

    def link_one(self, feed: str, row: Mapping[str, Any], kind: str | None = None) -> dict[str, Any]:
        batch = self.receive(feed, row, kind=kind)
        return self.link()[feed, batch, 1]


@pytest.fixture(scope="session")
def street_of() -> Callable[[Iterable[tuple[str, ...]]], register.Register]:
    """The register of doors (columns as `Office.housing` takes them) without a database; a key is what it names."""

    def made(doors: Iterable[tuple[str, ...]]) -> register.Register:
        rows = pl.DataFrame(list(doors), orient="row", schema=dict.fromkeys(_HOUSING, pl.String))
        rows = rows.with_columns(batch_id=pl.lit(1), row_no=pl.int_range(pl.len()))
        compound = pl.col("compound_name").replace(register.NO_COMPOUND, None)
        cleaned = register.cleaned(rows).with_columns(
            dwelling_key="dwelling_code", compound_key=pl.coalesce(compound, "committee_code")
        )
        return register.registered(register.with_building_keys(cleaned))

    return made


@pytest.fixture
def office(warehouse: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An office whose street has a few doors."""
    monkeypatch.setenv("STREET_HMAC_KEY", KEY)
    settings.cache_clear()
    return with_doors(Office(warehouse))


@pytest.fixture(scope="module")
def shared_office(new_warehouse: Callable[[str], str]) -> Iterator[Office]:
    """The same office for a module whose tests only read what one run made of everything that it received."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("WAREHOUSE_URL", new_warehouse("shared"))
        environment.setenv("STREET_HMAC_KEY", KEY)
        settings.cache_clear()
        with database.connect() as conn:
            yield with_doors(Office(conn))
    settings.cache_clear()


def with_doors(made: Office) -> Office:
    made.housing(
        ("D01", "310115016001", "银泰小区", "梅花路", "1099弄", "30号", "502"),
        ("D02", "310115016001", "银泰小区", "梅花路", "1099", "30", "501"),
        ("D03", "310115016001", "银泰小区", "梅花路", "1099", "31", "502"),
        ("D04", "310115016001", "", "梅花路", "", "88", "201"),
        ("D05", "310115016002", "锦绣苑一期", "锦绣路", "10", "1", "101"),
        ("D06", "310115016002", "锦绣苑二期", "锦绣路", "12", "1", "101"),
        ("D07", "310115016002", "锦绣苑二期", "锦绣路", "12", "2", "101"),
        ("D08", "310115016002", "兰馨园", "兰花路", "5", "1", "2单元502"),
        ("D09", "310115016002", "兰馨园", "兰花路", "5", "1", "1单元502"),
        ("D10", "310115016002", "兰馨园", "兰花路", "5", "1", "1单元503"),
        ("D11", "310115016003", "东园", "兰花路", "7", "1", "101"),
        ("D12", "310115016003", "西园", "兰花路", "7", "2", "101"),
        ("D13", "310115016003", "双弄苑", "兰花路", "21", "1", "101"),
        ("D14", "310115016003", "双弄苑", "兰花路", "23", "1", "102"),
        ("D15", "310115016003", "跨界苑", "云山路", "40", "1", "101"),
        ("D16", "310115016004", "跨界苑", "云山路", "40", "2", "101"),
        ("D17", "310115016004", "", "云山路", "", "88", "201"),
        ("D18", "310115016004", "明月苑", "云山路", "60弄5支弄", "1", "101"),
    )
    return made
