"""Link one day's records: the register of doors, every record's place, every record's person.

Reads staging (and raw for documents, which leave it as keyed hashes alone); appends to the keys of schema `linkage`;
writes `build.dwelling`, `build.record_link` and `build.person` anew. One transaction: all of it or nothing, and a
second run over the same records changes no key. Source of the rules: docs/rules.md, Place and Person.
"""

import hmac
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from typing import Final, Protocol

import polars as pl
import psycopg

from linkage import address, persons, places, register
from linkage.namesakes import namesakes
from linkage.table import append, read
from street.database import connect, scrubbed
from street.settings import settings

log = logging.getLogger(__name__)

HOUSING_FEED: Final = "housing_registry"
_LOCK: Final = "linkage"

_LINK_TABLE: Final = """
drop table if exists build.record_link;
create table build.record_link (
    feed text not null,
    batch_id bigint not null,
    row_no integer not null,
    record text not null,
    person_key text,
    person_method text,
    person_score double precision,
    agreed text[] not null,
    dwelling_key text,
    building_key text,
    compound_key text,
    committee_code text,
    place_level text not null,
    place_method text,
    address_role text not null,
    candidates jsonb not null,
    registered_dwelling_key text,
    registered_compound_key text,
    registered_place_level text,
    flags text[] not null
);
drop table if exists build.dwelling;
create table build.dwelling (
    dwelling_key text not null,
    dwelling_code text not null,
    batch_id bigint not null,
    row_no integer not null,
    building_key text not null,
    compound_key text not null,
    compound_name text not null,
    committee_code text,
    road text,
    lane text,
    building_no text,
    unit_no text,
    room_no text
);
drop table if exists build.person;
create table build.person (
    person_key text not null,
    is_provisional boolean not null,
    first_seen_on date not null,
    last_seen_on date not null
);
drop table if exists build.namesake;
create table build.namesake (
    person_key text not null,
    dwelling_key text not null,
    namesake_key text not null
);
"""
_LINK_INDEXES: Final = """
alter table build.record_link add primary key (feed, batch_id, row_no);
alter table build.dwelling add primary key (dwelling_key);
alter table build.person add primary key (person_key);
analyze build.record_link;
analyze build.dwelling;
analyze build.person;
analyze build.namesake;
"""


class PersonFeed(Protocol):
    """A feed to be linked, as its contract tells it (sources.contract.Contract is one)."""

    @property
    def feed(self) -> str:
        """Its name."""

    @property
    def business_key(self) -> tuple[str, ...]:
        """The columns of its key; empty for a feed without one."""

    @property
    def roles(self) -> Mapping[str, str]:
        """Role -> column: what its columns mean to linkage.

        person_name, person_name_latin, document_number, document_country, resident_id, birth_date, phone, address,
        registered_address, compound, building, room.
        """

    @property
    def about_person(self) -> bool:
        """Whether every row is about a person; otherwise only one with a name or a document is (an occupant)."""


def link(as_of: date, feeds: Sequence[PersonFeed]) -> None:
    """Write `build.dwelling`, `build.record_link` and `build.person` for the records of staging, and keep new keys.

    Raises DatabaseError (no values in it), RuntimeError when STREET_HMAC_KEY is not set.
    """
    secret = settings().street_hmac_key
    if secret is None:
        raise RuntimeError("STREET_HMAC_KEY is not set: without it no document can be matched.")
    key = secret.get_secret_value().encode()
    with connect() as conn, scrubbed():
        conn.execute("select pg_advisory_xact_lock(hashtext(%s)), set_config('work_mem', '64MB', true)", [_LOCK])
        with _timed("register"):
            doors = register.load(conn, as_of)
        with _timed("records"):
            frames = [_records(conn, feed, key) for feed in feeds if feed.feed != HOUSING_FEED]
            records = pl.concat([*frames, _no_records()], how="diagonal")
        # Neither needs the other: Polars reads addresses while Python and PostgreSQL see to the persons.
        with ThreadPoolExecutor(1) as beside:
            placing = beside.submit(_placed, records, doors)
            told = _persons(conn, records, as_of)
            placed = placing.result()
        linked = placed.join(told, on=["feed", "batch_id", "row_no"], how="left", maintain_order="left")
        linked = _places_decided(conn, linked, doors)
        with _timed("written"):
            _write(conn, linked, doors, as_of)
    log.info(
        "linkage: %s records, %s persons, %s doors",
        linked.height, linked["person_key"].drop_nulls().n_unique(), doors.doors.height,
    )  # fmt: skip


@contextmanager
def _timed(step: str) -> Iterator[None]:
    """Log a step's seconds."""
    started = time.perf_counter()
    yield
    log.info("linkage %s: %.2f s", step, time.perf_counter() - started)


# --- records
_TEXT_COLUMNS: Final = ("name", "name_latin", "phone", "address", "registered_address", "compound", "building", "room")
_PRIVATE: Final = ("record_text", "canonical", "second_canonical", "bare_number")


def _no_records() -> pl.DataFrame:
    return pl.DataFrame(
        schema=persons.RECORD_SCHEMA | {c: pl.String() for c in _TEXT_COLUMNS} | {"is_about_person": pl.Boolean()}
    )


def _records(conn: psycopg.Connection, feed: PersonFeed, key: bytes) -> pl.DataFrame:
    """The feed's records in force: RECORD_SCHEMA, its places as text, `is_about_person`."""
    staged = _columns(conn, "staging", f"stg_{feed.feed}")
    role = feed.roles

    def cleaned(name: str) -> str:
        column = role.get(name)
        if column is None:
            return "null::text"
        return f"s.{column}::text" if column in staged else f"rules.clean(r.{column})"

    country = f"r.{role['document_country']}" if "document_country" in role else "null"
    kind = "s.document_kind" if "document_kind" in staged else "null"
    number = f"r.{role['document_number']}" if "document_number" in role else "null::text"
    canonical = f"rules.document({kind}, {number}, {country})"
    born = f"rules.read_birth_date(r.{role['birth_date']})" if "birth_date" in role else "null::date"
    # Staging has proved most of them already; proving 240,000 again takes longer than all the rest of the query.
    if "document_kind" in staged:
        canonical = (
            "case when s.document_kind in ('resident_id', 'residence_permit') "
            f"and {number} ~ '^[0-9]{{17}}[0-9X]$' then {number} else {canonical} end"
        )
    if "birth_date" in role and role["birth_date"] in staged:
        column = role["birth_date"]
        born = f"case when to_char(s.{column}, 'YYYYMMDD') = r.{column} then s.{column} else {born} end"
    second = f"rules.document('resident_id', r.{role['resident_id']}, null)" if "resident_id" in role else "null::text"
    parts = [f"s.{c}::text" if c in staged else f"rules.document_text(r.{c})" for c in feed.business_key]
    record = f"concat_ws(chr(31), {', '.join(f'coalesce({p}, chr(30))' for p in parts)})" if parts else "r._row_hash"
    query = f"""
        select s.batch_id, s.row_no, {record} as record_text, r._row_hash as row_hash, {canonical} as canonical,
            {second} as second_canonical,
            case when {number} ~ '^[0-9]{{17}}[0-9X]$' then null else rules.document_text({number}) end as bare_number,
            {born} as birth_date, {cleaned("person_name")} as name, {cleaned("person_name_latin")} as name_latin,
            {cleaned("phone")} as phone, {cleaned("address")} as address,
            {cleaned("registered_address")} as registered_address, {cleaned("compound")} as compound,
            {cleaned("building")} as building, {cleaned("room")} as room
        from staging.stg_{feed.feed} as s
        join raw.{feed.feed} as r on r._batch_id = s.batch_id and r._row_no = s.row_no
    """
    rows = read(conn, query, {"batch_id": pl.Int64, "row_no": pl.Int32, "birth_date": pl.Date})
    rows = rows.sort("batch_id", "row_no")
    rows = rows.with_columns(
        feed=pl.lit(feed.feed),
        has_birth_date=pl.lit("birth_date" in role),
        # Two records of one key in force (a key with an empty part): the whole row tells them apart.
        record_text=pl.when(pl.len().over("record_text") > 1)
        .then(pl.col("record_text") + "\x1d" + pl.col("row_hash"))
        .otherwise("record_text"),
    )
    rows = rows.with_columns(
        record_text=pl.lit(feed.feed + "\x1f") + pl.col("record_text"),
        document_kind=_kind("canonical"),
        second_document_kind=_kind("second_canonical"),
        id_birth_date=_birth_date_in_resident_id(),
        bare_number=_bare_number(),
        is_about_person=pl.lit(value=True)
        if feed.about_person
        else pl.any_horizontal(pl.col("name", "name_latin", "canonical", "second_canonical").is_not_null()),
    )
    hashed = {
        "record": _hashed(rows["record_text"], "record", key),
        "document": _hashed(rows["canonical"], "document", key),
        "second_document": _hashed(rows["second_canonical"], "document", key),
        "number": _hashed(rows["bare_number"], "number", key),
    }
    return rows.with_columns(**hashed).drop("row_hash", *_PRIVATE)


def _columns(conn: psycopg.Connection, schema: str, table: str) -> set[str]:
    found = conn.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
        [schema, table],
    )
    return {name for (name,) in found}


def _kind(column: str) -> pl.Expr:
    """The kind of a canonical document: 18 characters prove themselves, others are marked (docs/rules.md, Person)."""
    text = pl.col(column)
    return (
        pl.when(text.str.contains("^8[123][0-9]{15}[0-9X]$"))
        .then(pl.lit("residence_permit"))
        .when(text.str.contains("^9[0-9]{16}[0-9X]$"))
        .then(pl.lit("foreign_permit"))
        .when(text.str.contains("^[0-9]{17}[0-9X]$"))
        .then(pl.lit("resident_id"))
        .when(text.str.contains("^[A-Z]{3}:"))
        .then(pl.lit("passport"))
        .when(text.is_not_null())
        .then(pl.lit("permit"))
    )


def _birth_date_in_resident_id() -> pl.Expr:
    number = pl.coalesce(
        pl.when(pl.col(c).str.contains("^[0-9]{17}[0-9X]$")).then(pl.col(c)) for c in ("canonical", "second_canonical")
    )
    return number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False)


def _bare_number() -> pl.Expr:
    """A travel document's number without country or kind; a number that can't be one is no evidence of that sort."""
    written = pl.col("bare_number").str.replace(r"^([HMCW]\d{8})\d{2}$", "${1}")
    canonical = pl.col("canonical").str.extract("^[A-Z]+:(.+)$")
    is_plausible = written.str.contains("^[0-9A-Z]{6,12}$") & (written.str.count_matches("[0-9]") >= 5)
    return pl.coalesce(canonical, pl.when(pl.col("canonical").is_null() & is_plausible).then(written))


def _hashed(values: pl.Series, purpose: str, key: bytes) -> pl.Series:
    """HMAC-SHA256 of each text, 32 hexadecimal digits; null stays null."""
    prefix = purpose.encode() + b"\x1f"
    hashed = [
        None if value is None else hmac.digest(key, prefix + value.encode(), "sha256").hex()[:32] for value in values
    ]
    return pl.Series(hashed, dtype=pl.String)


# --- places
@_timed("places")
def _placed(records: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    """Each record with PLACE_COLUMNS of its address and `registered_…` of its registered one."""
    records = records.with_columns(address=pl.coalesce("address", _address_of_parts(records)))
    texts = pl.concat([records.select(text="address"), records.select(text="registered_address")]).unique(
        "text", maintain_order=True
    )
    parsed = address.parse(texts["text"], doors.lexicon)
    found = pl.concat([texts, parsed.select("is_same_as_registered"), places.resolve(parsed, doors)], how="horizontal")
    registered = found.select(registered_address="text", **{f"registered_{c}": pl.col(c) for c in places.PLACE_COLUMNS})
    placed = records.join(
        found, left_on="address", right_on="text", how="left", nulls_equal=True, maintain_order="left"
    ).join(registered, on="registered_address", how="left", nulls_equal=True, maintain_order="left")
    same = pl.col("is_same_as_registered") & pl.col("registered_address").is_not_null()
    return placed.with_columns(
        pl.when(same).then(pl.col(f"registered_{c}")).otherwise(pl.col(c)).alias(c) for c in places.PLACE_COLUMNS
    )


def _address_of_parts(records: pl.DataFrame) -> pl.Series:
    """The address of a record that has compound, building and room in columns of their own."""
    if records["compound"].is_null().all() and records["building"].is_null().all():
        return pl.Series("address", [None] * records.height, dtype=pl.String)
    room = address.room_of(records["room"])
    return pl.DataFrame(
        {
            "compound": address.normalise(records["compound"]),
            "building": address.building_of(records["building"]) + "号",
            "unit": room["unit_no"] + "单元",
            "room": room["room_no"] + "室",
        }
    ).select(
        address=pl.when(pl.any_horizontal(pl.col("compound", "building").is_not_null())).then(
            pl.concat_str("compound", pl.lit(","), "building", pl.lit(","), "unit", "room", ignore_nulls=True)
        )
    )["address"]


def _places_decided(conn: psycopg.Connection, linked: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    """A person's decision about a record's place overrides what its text says."""
    decided = read(
        conn,
        "select distinct on (left_feed, left_record) left_feed as feed, left_record as record, "
        "dwelling_key as decided_key from linkage.decision where kind = 'place' and dwelling_key is not null "
        "order by left_feed, left_record, decision_id desc",
    )
    if decided.is_empty():
        return linked
    above = doors.doors.select(decided_key="dwelling_key", **{
        f"decided_{c}": pl.col(c) for c in ("dwelling_key", "building_key", "compound_key", "committee_code")
    }).with_columns(decided_place_level=pl.lit("dwelling"), decided_place_method=pl.lit("manual"))  # fmt: skip
    chosen = linked.join(
        decided.join(above, on="decided_key"), on=["feed", "record"], how="left", maintain_order="left"
    )
    known = pl.col("decided_key").is_not_null()
    return chosen.with_columns(
        pl.when(known).then(pl.col(f"decided_{c}")).otherwise(pl.col(c)).alias(c)
        for c in places.PLACE_COLUMNS
        if c != "candidates"
    )


# --- persons
@_timed("persons")
def _persons(conn: psycopg.Connection, records: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """(feed, batch_id, row_no) and the person of each record that is about one; what is new goes into the memory."""
    about = records.filter("is_about_person")
    links = persons.link(about.select(list(persons.RECORD_SCHEMA)), _memory(conn), _decisions(conn))
    _remember(conn, links, as_of)
    return pl.concat([about.select("feed", "batch_id", "row_no"), links.links], how="horizontal")


def _memory(conn: psycopg.Connection) -> persons.Memory:
    rows = conn.execute("select person_key, merged_into from linkage.person where merged_into is not null")
    into: dict[str, str] = dict(rows.fetchall())
    merged = {person: _last(person, into) for person in into}
    now = pl.col("person_key").replace(merged)
    return persons.Memory(
        records=read(conn, "select feed, record, person_key from linkage.person_record").with_columns(now),
        documents=read(
            conn, "select document_hash, document_kind, person_key from linkage.person_document"
        ).with_columns(now),
        persons=read(
            conn,
            "select person_key, origin_feed, origin_record, first_seen_on from linkage.person",
            {"first_seen_on": pl.Date},
        ),
    )


def _last(person: str, into: Mapping[str, str]) -> str:
    while person in into:
        person = into[person]
    return person


def _decisions(conn: psycopg.Connection) -> list[persons.Decision]:
    """What people decided about pairs of records, the newest word about a pair."""
    newest: dict[frozenset[tuple[str, str]], persons.Decision] = {}
    for kind, left_feed, left, right_feed, right in conn.execute(
        "select kind, left_feed, left_record, right_feed, right_record from linkage.decision "
        "where kind in ('same_person', 'different_person') and right_record is not null order by decision_id"
    ):
        decision = persons.Decision(kind == "same_person", (left_feed, left), (right_feed, right))
        newest[frozenset((decision.left, decision.right))] = decision
    return list(newest.values())


def _remember(conn: psycopg.Connection, links: persons.Links, as_of: date) -> None:
    on = pl.lit(as_of).alias("first_seen_on")
    # In the order of their index a quarter of a million keys go in several times faster.
    append(conn, "linkage.person", links.persons.sort("person_key").with_columns(on))
    append(conn, "linkage.person_document", links.documents.sort("document_hash").with_columns(on))
    append(conn, "linkage.person_record", links.records.sort("feed", "record").with_columns(on))
    with conn.cursor() as cursor:
        cursor.executemany(
            "update linkage.person set merged_into = %s, merged_on = %s where person_key = %s",
            [(older, as_of, newer) for newer, older in links.merged.items()],
        )
        cursor.executemany(
            "update linkage.person_record set person_key = %s where feed = %s and record = %s",
            [(person, feed, record) for feed, record, person in links.moved.iter_rows()],
        )


# --- what is written
def _write(conn: psycopg.Connection, linked: pl.DataFrame, doors: register.Register, as_of: date) -> None:
    conn.execute(_LINK_TABLE)
    append(conn, "build.dwelling", doors.doors.select(register.DWELLING_COLUMNS))
    append(conn, "build.record_link", _record_links(linked, doors))
    in_force = (
        linked.drop_nulls("person_key")
        .group_by("person_key")
        .agg(is_provisional=(pl.col("person_method") == "provisional").all())
    )
    first_seen = read(conn, "select person_key, first_seen_on from linkage.person", {"first_seen_on": pl.Date})
    append(
        conn,
        "build.person",
        in_force.join(first_seen, on="person_key").with_columns(last_seen_on=pl.lit(as_of)),
    )
    append(conn, "build.namesake", namesakes(linked))
    conn.execute(_LINK_INDEXES)


def _record_links(linked: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    none = pl.lit([], dtype=pl.List(pl.String))
    links = linked.select(
        "feed", "batch_id", "row_no", "record", "person_key", "person_method", "person_score",
        pl.col("agreed").fill_null([]), "dwelling_key", "building_key", "compound_key", "committee_code", "place_level",
        "place_method", "registered_dwelling_key", "registered_compound_key", "registered_place_level",
        pl.col("flags").fill_null([]), "candidates",
    )  # fmt: skip
    # A row of the housing list is a door, and not about a person.
    housing = doors.doors.select(
        "batch_id", "row_no", "dwelling_key", "building_key", "compound_key", "committee_code",
        feed=pl.lit(HOUSING_FEED), record=pl.col("dwelling_key"), place_level=pl.lit("dwelling"),
        place_method=pl.lit("exact"), agreed=none, flags=none, candidates=none,
    )  # fmt: skip
    keys = pl.col("candidates").fill_null([]).list.eval(pl.lit('"') + pl.element() + pl.lit('"')).list.join(", ")
    return pl.concat([links, housing], how="diagonal").with_columns(
        candidates=pl.lit("[") + keys + pl.lit("]"), address_role=pl.lit("")
    )
