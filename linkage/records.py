"""The records in force of every feed about persons, as their contracts tell: what each says, in one table.

Documents leave raw as keyed hashes alone. Source of the rules: docs/rules.md, Document and Person.
"""

import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import polars as pl
import psycopg

from linkage import address, cache, facts, persons
from linkage.table import read, read_at_once


class PersonFeed(Protocol):
    """A feed to be linked, as its contract tells it (sources.contract.Contract is one)."""

    @property
    def feed(self) -> str:
        """Its name."""

    @property
    def load_mode(self) -> str:
        """`snapshot` where a delivery is the whole list."""

    @property
    def business_key(self) -> tuple[str, ...]:
        """The columns of its key; empty for a feed without one."""

    @property
    def roles(self) -> Mapping[str, str]:
        """Role -> column: what its columns mean to linkage.

        person_name, person_name_latin, document_number, document_country, resident_id, birth_date, sex, phone,
        address, registered_address, compound, building, room, recorded_at, household_no; document_or_phone plays two
        roles; person_key and dwelling_key, of a feed that mentions persons, are our own keys; person_no marks the
        register of the population, event_time a feed of arrivals or other events: what has neither is a list. A feed
        that neither names a person nor has a number of one is not about persons.
        """

    @property
    def about_person(self) -> bool:
        """Whether every row is about a person; otherwise only one with a name or a document is (an occupant)."""

    @property
    def mentions_persons(self) -> bool:
        """Whether a row only names somebody known from other feeds (linkage.mentions)."""

    @property
    def about_arrival(self) -> bool:
        """Whether a row registers an arrival: one that isn't in force (an older revision, a broken row) has a place."""


TEXT_COLUMNS: Final = ("address", "registered_address", "compound", "building", "room")
_OWN_KEYS: Final = {"named_person": "person_key", "named_door": "dwelling_key"}
"""The roles in which a feed that mentions persons may name somebody or a door by our own key."""
_NAMING: Final = frozenset({"person_name", "person_name_latin", "document_number", "resident_id"})
_WHO: Final = _NAMING | {"person_no", "document_type", "document_country", "birth_date", "sex", "phone"}
_ROW: Final = ("batch_id", "row_no")
_TYPES: Final = {
    "batch_id": pl.Int64(), "row_no": pl.Int32(), "input": pl.Int64(), "birth_date": pl.Date(), "sex": pl.Int32(),
}  # fmt: skip
_IN_FORCE: Final = {"batch_id": pl.Int64(), "row_no": pl.Int32(), "input": pl.Int64(), "known_at": pl.String()}
_PRIVATE: Final = ("record_text", "canonical", "second_canonical", "bare_number", "plain_number")


class Records(NamedTuple):
    """The records in force: `read` today, and those that stand as the last run left them (`linkage.standing`).

    read: `records.load`'s columns. standing: the columns of what was left. gone: rows of it that don't stand.
    """

    read: pl.DataFrame
    standing: pl.DataFrame
    gone: pl.DataFrame


def mark(conn: psycopg.Connection, feeds: Sequence[PersonFeed], key: bytes) -> str:
    """Return the mark (linkage.cache) of what `load` says of these feeds' rows. Raises psycopg.Error."""
    read_by = []
    for feed in _naming(feeds):
        reading = _Reading(feed, _columns(conn, "staging", f"stg_{feed.feed}"), ())
        told = (
            feed.feed,
            feed.load_mode,
            feed.business_key,
            sorted(feed.roles.items()),
            feed.about_person,
            feed.mentions_persons,
        )
        read_by += [reading.query().encode(), repr(told).encode()]
    return cache.mark(key, *read_by)


class Left(NamedTuple):
    """What the last run left of the records (linkage.standing); `no_more`: `input` of those that an earlier run left
    and that stood no more for it.
    """

    records: pl.DataFrame
    no_more: pl.DataFrame


def in_force(conn: psycopg.Connection, feeds: Sequence[PersonFeed]) -> pl.DataFrame:
    """Return which rows are in force: feed, batch_id, row_no, what they are read from (`input`) and when they were
    recorded (`known_at`). Raises DatabaseError.
    """
    found = [pl.DataFrame(schema=_IN_FORCE | {"feed": pl.String()})]
    for feed in _naming(feeds):
        reading = _Reading(feed, _columns(conn, "staging", f"stg_{feed.feed}"), _batches(conn, feed))
        rows = read_at_once(conn, reading.in_force(), _IN_FORCE)
        found.append(rows.with_columns(feed=pl.lit(feed.feed)))
    return pl.concat(found)


def load(
    conn: psycopg.Connection, feeds: Sequence[PersonFeed], key: bytes, since: tuple[Left, pl.DataFrame] | None = None
) -> Records:
    """Return the records in force of all feeds about persons, hashed with the key.

    One row per record: persons.RECORD_SCHEMA, facts.SAID_SCHEMA, its places as text (`address`, that of its compound,
    building and room where it has none, and `registered_address`), `is_about_person`, `is_list`, `household` of the
    register, `list_no` of a list with a row a person; of one that mentions somebody, and is about nobody, the keys of
    ours that it names (`named_person`, `named_door`); `input`, what it was read from, `key`, what it would be known by
    alone, and whether it `is_alone` in that. `since`: what is left by the same `mark`, and the rows `in_force`; what is
    alone and says what it said is not read again. Raises DatabaseError.
    """
    texts: dict[str, pl.DataType] = dict.fromkeys(
        ("address", "registered_address", "household", "key", *_OWN_KEYS), pl.String()
    )  # fmt: skip
    numbers: dict[str, pl.DataType] = {"list_no": pl.Int32(), "input": pl.Int64()}
    truths: dict[str, pl.DataType] = dict.fromkeys(("is_about_person", "is_list", "is_alone"), pl.Boolean())
    none = pl.DataFrame(schema=persons.RECORD_SCHEMA | facts.SAID_SCHEMA | texts | numbers | truths)
    readers = [_Reader(conn, feed, number, key) for number, feed in enumerate(_naming(feeds))]
    if since is None:
        return Records(
            pl.concat([*(reader.all() for reader in readers), none], how="diagonal"), pl.DataFrame(), pl.DataFrame()
        )
    left, now = since
    standing, new = _standing(left.records, now)
    fresh = {reader: reader.of(new) for reader in readers}
    # What a row is known by depends on others of its key: they are read together.
    keys = pl.concat([none.select("key"), *(rows.select("key") for rows in fresh.values() if rows.height)])
    beside = standing.join(keys, on="key", how="semi")
    if beside.height:
        standing = standing.join(beside, on="key", how="anti")
        more = pl.concat([new, beside.select(new.columns)])
        fresh |= {reader: reader.of(more) for reader in readers if reader.feed.feed in set(beside["feed"])}
    gone = left.records.join(standing, on="input", how="anti")
    return Records(pl.concat([*(rows for rows in fresh.values() if rows.height), none], how="diagonal"), standing, gone)


class _Reader:
    """Reads the records of one feed, the `number`th, hashed with the key."""

    def __init__(self, conn: psycopg.Connection, feed: PersonFeed, number: int, key: bytes) -> None:
        self._conn, self.feed, self._key = conn, feed, key
        self._list_no = number if a_row_is_a_person(feed) else None
        named = pl.any_horizontal(pl.col("name", "name_latin", "document", "second_document").is_not_null())
        self._is_about_person = pl.lit(not feed.mentions_persons) & (pl.lit(feed.about_person) | named)

    def all(self) -> pl.DataFrame:
        """Return all that are in force."""
        return self._read(_batches(self._conn, self.feed), None)

    def of(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Return those of the rows (feed, batch_id, row_no) that are of the feed; without columns where none is."""
        of_feed = rows.filter(pl.col("feed") == self.feed.feed)
        return pl.DataFrame() if of_feed.is_empty() else self._read(of_feed["batch_id"].unique(), of_feed)

    def _read(self, batches: Iterable[int], rows: pl.DataFrame | None) -> pl.DataFrame:
        feed, role = self.feed, self.feed.roles
        reading = _Reading(feed, _columns(self._conn, "staging", f"stg_{feed.feed}"), batches)
        return _said(read(self._conn, reading.query(rows), _TYPES), feed, self._key).sort(_ROW).with_columns(
            feed=pl.lit(feed.feed),
            has_birth_date=pl.lit("birth_date" in role),
            leads=pl.lit("person_no" in role),
            is_list=pl.lit(role.keys().isdisjoint({"person_no", "event_time"})),
            is_about_person=self._is_about_person,
            is_alone=pl.len().over("key") == 1,
            list_no=pl.lit(self._list_no, pl.Int32),
        )  # fmt: skip


def _standing(left: pl.DataFrame, now: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the records that are as they were left, each the only one of its key, and the rows to be read."""
    standing = now.filter(pl.len().over("input") == 1).join(left.filter("is_alone").drop("feed"), on="input")
    return standing, now.join(standing, on="input", how="anti")


def _naming(feeds: Sequence[PersonFeed]) -> list[PersonFeed]:
    """Return the feeds that name persons."""
    return [feed for feed in feeds if not _NAMING.isdisjoint(feed.roles)]


def a_row_is_a_person(feed: PersonFeed) -> bool:
    """Return whether two rows of the list are two people, whatever they have in common: its key says who, and
    nothing else.

    A key that says more (a benefit, a flat) has as many rows of a person as there are of these (R-PERSON-13).
    """
    says_who = {column for role, column in feed.roles.items() if role in _WHO}
    return feed.load_mode == "snapshot" and bool(feed.business_key) and says_who.issuperset(feed.business_key)


def _said(rows: pl.DataFrame, feed: PersonFeed, key: bytes) -> pl.DataFrame:
    """Return what rows of `_Reading.query` say, what they are known by (`record`), and `key`, what they would be known
    by alone.
    """
    rows = rows.with_columns(
        record_text=pl.lit(feed.feed + "\x1f") + pl.col("record_text"),
        document_kind=_kind("canonical"),
        second_document_kind=_kind("second_canonical"),
        plain_number=_bare_number(),
        address=pl.coalesce("address", address.of_parts(rows)),
        **facts.of_the_number("canonical", "second_canonical"),
    )
    rows = rows.with_columns(
        key=_hashed(rows["record_text"], "record", key),
        document=_hashed(rows["canonical"], "document", key),
        second_document=_hashed(rows["second_canonical"], "document", key),
        number=_hashed(rows["plain_number"], "number", key),
    )
    # Rows of one key that say the same of a person (two companies list one occupant) are one record, told twice: nobody
    # else is meant. Rows of one key that don't (a key with an empty part) are told apart, by the whole row.
    told = pl.struct("name", "name_latin", "document", "second_document", "bare_number", "birth_date", "phone").hash()
    apart = rows.filter(pl.len().over("key") > 1).filter((told != told.first()).any().over("key"))
    texts = apart.select(pl.col("record_text") + "\x1d" + pl.col("row_hash"))["record_text"]
    by_row = apart.select(*_ROW, record=_hashed(texts, "record", key))
    return (
        rows
        .join(by_row, on=_ROW, how="left", maintain_order="left")
        .with_columns(pl.coalesce("record", "key").alias("record"))
        .drop("row_hash", "compound", "building", "room", *_PRIVATE)
    )  # fmt: skip


class _Reading:
    """How SQL reads the rows of one feed: staging (`s`) where it has a column, else raw (`r`) by a function of `rules`.

    What staging has cleaned is not cleaned again. `staged`: the columns of the feed's staging table, with their types;
    `batches`: those whose rows it has.
    """

    def __init__(self, feed: PersonFeed, staged: Mapping[str, str], batches: Iterable[int]) -> None:
        self._feed, self._staged, self._batches = feed, staged, batches
        self._roles = _roles(feed)
        self.kind = "s.document_kind" if "document_kind" in staged else "null"
        self._number = self._raw("document_number", otherwise="null::text")

    def query(self, rows: pl.DataFrame | None = None) -> str:
        """Return the query of what records say, by role, each with `input` and when it was recorded; of these `rows`
        (batch_id, row_no) alone, if they are told.
        """
        columns = {
            "record_text": self.business_key(),
            "row_hash": "r._row_hash",
            "canonical": self.canonical(),
            "second_canonical": self.second_canonical(),
            "bare_number": self.bare_number(),
            "birth_date": self.birth_date(),
            "sex": self.sex(),
            "name": self.name("person_name"),
            "name_latin": self.name("person_name_latin"),
            "phone": self.said("phone", "read_phone"),
            "document_masked": self.masked("document_number", self.kind),
            "second_masked": self.masked("resident_id", "'resident_id'"),
            "household": self.said("household_no", "clean"),
            **{name: self.said(name, "clean") for name in TEXT_COLUMNS},
            **{name: self.said(role, "clean") for name, role in _OWN_KEYS.items() if self._feed.mentions_persons},
        }
        return self._select(columns, rows)

    def in_force(self) -> str:
        """Return the query of the records in force: what they are read from (`input`), and when they were recorded."""
        return self._select({})

    def _select(self, columns: Mapping[str, str], rows: pl.DataFrame | None = None) -> str:
        columns = {"input": self._input(), "known_at": self.known_at(), **columns}
        these = ""
        if rows is not None:
            arrays = (f"'{{{','.join(map(str, rows[column]))}}}'::bigint[]" for column in _ROW)
            these = f" join unnest({', '.join(arrays)}) as these (batch_id, row_no) using (batch_id, row_no)"
        batches = f"any('{{{','.join(map(str, self._batches))}}}')"
        said = ", ".join(f"{value} as {name}" for name, value in columns.items())
        # To join each row of the street with its own in raw takes longer than to read it.
        raw = (
            f"""
            join raw.{self._feed.feed} as r
                on r._batch_id = s.batch_id and r._row_no = s.row_no and r._batch_id = {batches}
        """
            if re.search(r"\br\.", said)
            else ""
        )
        return f"""
            select s.batch_id, s.row_no, {said}
            from staging.stg_{self._feed.feed} as s{these}
            {raw}
            left join ops.batch as batch on batch.batch_id = s.batch_id
        """

    def _input(self) -> str:
        """Return a number that is the same where all that is read is (that another row has it by chance: 1 in 10^8
        runs of a street).

        The digest is of all that the row had in raw.
        """
        read_from = dict.fromkeys([*self._feed.business_key, *self._roles.values()])
        staged = [c for c in ("document_kind", *read_from, *(f"{c}_masked" for c in read_from)) if c in self._staged]
        digest = "s.row_digest" if "row_digest" in self._staged else "hashtextextended(r._row_hash, 0)"
        parts = [f"'{self._feed.feed}'::text", digest, *(f"s.{c}" for c in staged)]
        return f"hash_record_extended(row({', '.join(parts)}), 0)"

    def _raw(self, role: str, otherwise: str) -> str:
        column = self._roles.get(role)
        return otherwise if column is None else f"r.{column}"

    def said(self, role: str, function: str) -> str:
        """Return the role's text."""
        column = self._roles.get(role)
        if column is None:
            return "null::text"
        return f"s.{column}::text" if column in self._staged else f"rules.{function}(r.{column})"

    def name(self, role: str) -> str:
        """Return a name, or null for what stands for none (不详)."""
        text = self.said(role, "mask_text")
        return f"case when not rules.is_blank({text}) then {text} end"

    def masked(self, role: str, kind: str) -> str:
        """Return a number as it may be shown (R-PRIV-3)."""
        column = self._roles.get(role)
        if column is None:
            return "null::text"
        return f"s.{column}_masked" if f"{column}_masked" in self._staged else f"rules.mask({kind}, r.{column})"

    def canonical(self) -> str:
        """Return the document's canonical form, or null (R-DOC)."""
        canonical = f"rules.document({self.kind}, {self._number}, {self._raw('document_country', 'null')})"
        if "document_kind" not in self._staged:
            return canonical
        # Staging has proved most of them already; proving 240,000 again takes longer than all the rest of the query.
        return (
            "case when s.document_kind in ('resident_id', 'residence_permit') "
            f"and {self._number} ~ '^[0-9]{{17}}[0-9X]$' then {self._number} else {canonical} end"
        )

    def second_canonical(self) -> str:
        """Return the canonical resident ID of a feed that has one beside another document."""
        return f"rules.document('resident_id', {self._raw('resident_id', 'null')}, null)"

    def bare_number(self) -> str:
        """Return the number as written, where it isn't of 18 characters."""
        return (
            f"case when {self._number} ~ '^[0-9]{{17}}[0-9X]$' then null else rules.document_text({self._number}) end"
        )

    def birth_date(self) -> str:
        """Return the birth date, where the whole of it is known."""
        column = self._roles.get("birth_date")
        if column is None:
            return "null::date"
        born = f"rules.read_birth_date(r.{column})"
        if self._staged.get(column) != "date":
            return born
        return f"case when to_char(s.{column}, 'YYYYMMDD') = r.{column} then s.{column} else {born} end"

    def sex(self) -> str:
        """1 or 2."""
        column = self._roles.get("sex")
        if column is None:
            return "null::integer"
        return (
            f"case when r.{column} in ('1', '2') then cast(r.{column} as integer) else rules.read_sex(r.{column}) end"
        )

    def known_at(self) -> str:
        """Return when it was recorded, where that can be read, else the day of its batch (R-PERSON-9)."""
        day = "s.business_date" if "business_date" in self._staged else "batch.business_date"
        delivered = f"cast({day} as timestamp) at time zone 'Asia/Shanghai'"
        column = self._roles.get("recorded_at")
        if column is None:
            return delivered
        recorded = {
            "date": f"cast(s.{column} as timestamp) at time zone 'Asia/Shanghai'",
            "timestamp with time zone": f"s.{column}",
        }.get(self._staged.get(column, ""), f"rules.read_timestamp(r.{column})")
        return f"coalesce({recorded}, {delivered})"

    def business_key(self) -> str:
        """Return the parts of the feed's key; the whole row in a feed without one (R-PERSON-12)."""
        parts = [
            f"s.{c}::text" if c in self._staged else f"rules.document_text(r.{c})" for c in self._feed.business_key
        ]
        if not parts:
            return "r._row_hash"
        return f"concat_ws(chr(31), {', '.join(f'coalesce({part}, chr(30))' for part in parts)})"


def _roles(feed: PersonFeed) -> Mapping[str, str]:
    """Return its roles; a column that holds a document or a phone plays both."""
    either = feed.roles.get("document_or_phone")
    return feed.roles if either is None else {"document_number": either, "phone": either, **feed.roles}


def _batches(conn: psycopg.Connection, feed: PersonFeed) -> list[int]:
    """Return the batches that have a row in staging: of raw no other is looked at."""
    found = conn.execute(f"select distinct batch_id from staging.stg_{feed.feed} order by batch_id")
    return [batch for (batch,) in found.fetchall()]


def _columns(conn: psycopg.Connection, schema: str, table: str) -> dict[str, str]:
    """Return the table's columns with their types."""
    found = conn.execute(
        "select column_name, data_type from information_schema.columns where table_schema = %s and table_name = %s",
        [schema, table],
    )
    return dict(found.fetchall())


def _kind(column: str) -> pl.Expr:
    """Return the kind of a canonical document: 18 characters prove themselves, others are marked (R-DOC-4 to
    R-DOC-8).
    """
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


def _bare_number() -> pl.Expr:
    """Return a travel document's number without country or kind (R-DOC-4); what can't be one is no evidence of that
    sort.
    """
    written = pl.col("bare_number").str.replace(r"^([HMCW]\d{8})\d{2}$", "${1}")
    canonical = pl.col("canonical").str.extract("^[A-Z]+:(.+)$")
    is_plausible = written.str.contains("^[0-9A-Z]{6,12}$") & (written.str.count_matches("[0-9]") >= 5)
    return pl.coalesce(canonical, pl.when(pl.col("canonical").is_null() & is_plausible).then(written))


def _hashed(values: pl.Series, purpose: str, key: bytes) -> pl.Series:
    """Return HMAC-SHA256 of each text, 32 hexadecimal digits; null stays null."""
    prefix = purpose.encode() + b"\x1f"
    hashed = [
        None if value is None else hmac.digest(key, prefix + value.encode(), "sha256")[:16].hex() for value in values
    ]
    return pl.Series(hashed, dtype=pl.String)
