"""Where each record's person is: the place of its own text, unless a person decided otherwise.

Source of the rules: docs/rules.md, Place.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Final

import polars as pl
import psycopg

from linkage import address, places, register
from linkage.lexicon import same_name
from linkage.numbers import NUMERALS
from linkage.records import TEXT_COLUMNS, PersonFeed
from linkage.table import read


class Places:
    """The places of addresses in a register, each sought once."""

    def __init__(self, doors: register.Register, known: pl.DataFrame | None = None) -> None:
        self.register = doors
        self._known = known

    def of(self, texts: pl.DataFrame) -> pl.DataFrame:
        """Return text, `is_same_as_registered`, `unknown_name` and PLACE_COLUMNS of each `text`, and of others."""
        new = texts.unique(maintain_order=True)
        if self._known is None:
            self._known = self._find(new["text"])
        else:
            new = new.join(self._known, on="text", how="anti", nulls_equal=True, maintain_order="left")
            self._known = pl.concat([self._known, self._find(new["text"])])
        return self._known

    def _find(self, texts: pl.Series) -> pl.DataFrame:
        parsed = address.parse(texts, self.register.lexicon)
        says = parsed.select("is_same_as_registered", unknown_name=_unknown(parsed, self.register))
        return pl.concat([texts.to_frame("text"), says, places.resolve(parsed, self.register)], how="horizontal")

    def with_aliases(self, learned: Mapping[str, str]) -> "Places":
        """Return the places in the register that has more names of its compounds."""
        kept = self._known
        if kept is not None:
            kept = kept.filter(~is_concerned(kept["text"], learned))
        return Places(register.with_aliases(self.register, learned), kept)


def is_concerned(texts: pl.Series, names: Collection[str]) -> pl.Series:
    """Return which addresses could be read otherwise for names that the register has or hasn't.

    Whatever asks for a name (linkage.lexicon) asks for its first two characters at least.
    """
    if not names or not all(_CHARACTERS.match(name) for name in names):
        return pl.repeat(bool(names), len(texts), eager=True)
    could = address.could_hold(texts, {name[0] for name in names})
    characters = address.normalise(texts.filter(could)).str.replace_all(r"[^\p{Han}]", "")
    holds = characters.str.contains_any(sorted({name[:2] for name in names}))
    return could.scatter(could.arg_true(), holds)


def placed(records: pl.DataFrame, at: Places) -> pl.DataFrame:
    """Return each record with PLACED: the place of its address, and of its registered one what is asked of it.

    `unknown_name`: the name of a compound in its address that the register doesn't know.
    """
    found = at.of(pl.concat([records.select(text="address"), records.select(text="registered_address")]))
    registered = found.select(registered_address="text", **{f"registered_{c}": pl.col(c) for c in places.PLACE_COLUMNS})
    # No join but of these columns: it would be one more copy of a street's records.
    placed = (
        records.select("address", "registered_address")
        .join(found, left_on="address", right_on="text", how="left", nulls_equal=True, maintain_order="left")
        .join(registered, on="registered_address", how="left", nulls_equal=True, maintain_order="left")
    )
    same = pl.col("is_same_as_registered") & pl.col("registered_address").is_not_null()
    return records.hstack(
        placed.with_columns(
            pl.when(same).then(pl.col(f"registered_{c}")).otherwise(pl.col(c)).alias(c) for c in places.PLACE_COLUMNS
        ).select(PLACED)
    )


def _unknown(parsed: pl.DataFrame, doors: register.Register) -> pl.Series:
    """Return the name of each address that means no compound here."""
    meant = doors.lexicon.compounds_meant
    unknown = {name: same_name(name) for name in parsed["name"].drop_nulls().unique() if not meant(name)[0]}
    name = pl.col("name").replace_strict(unknown, default=None, return_dtype=pl.String)
    return parsed.select(pl.when(~pl.col("is_outside")).then(name).alias("unknown_name"))["unknown_name"]


# Two characters that are read as they are written.
_CHARACTERS: Final = re.compile(f"(?:(?![{NUMERALS}])[\\u4e00-\\u9fff]){{2}}")
PLACED: Final = (
    "unknown_name", *places.PLACE_COLUMNS,
    "registered_dwelling_key", "registered_compound_key", "registered_place_level",
)  # fmt: skip
"""The columns that `placed` adds to a record."""


def decided(conn: psycopg.Connection, linked: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    """Return the records, each at the place that a person decided for it, if one did, whatever its text says."""
    chosen = read(
        conn,
        "select distinct on (left_feed, left_record) left_feed as feed, left_record as record, "
        "dwelling_key as decided_key from linkage.decision where kind = 'place' and dwelling_key is not null "
        "order by left_feed, left_record, decision_id desc",
    )
    if chosen.is_empty():
        return linked
    above = doors.doors.select(decided_key="dwelling_key", **{
        f"decided_{c}": pl.col(c) for c in ("dwelling_key", "building_key", "compound_key", "committee_code")
    }).with_columns(decided_place_level=pl.lit("dwelling"), decided_place_method=pl.lit("manual"))  # fmt: skip
    found = linked.join(chosen.join(above, on="decided_key"), on=["feed", "record"], how="left", maintain_order="left")
    known = pl.col("decided_key").is_not_null()
    return found.with_columns(
        pl.when(known).then(pl.col(f"decided_{c}")).otherwise(pl.col(c)).alias(c)
        for c in places.PLACE_COLUMNS
        if c != "candidates"
    ).select(linked.columns)


def not_in_force(conn: psycopg.Connection, feeds: Sequence[PersonFeed], at: Places, as_of: date) -> pl.DataFrame:
    """Return the place of every received arrival that isn't in force: (feed, batch_id, row_no) and PLACE_COLUMNS.

    An older revision says where an episode was before it moved away; a broken row, whose committee must look at it.
    """
    types = {"batch_id": pl.Int64, "row_no": pl.Int32}
    rows = [read(conn, _rows_not_in_force(feed, as_of), types) for feed in feeds if feed.about_arrival]
    none = pl.DataFrame(schema={"feed": pl.String} | types | dict.fromkeys(TEXT_COLUMNS, pl.String))
    received = pl.concat([none, *rows])
    received = received.with_columns(address=pl.coalesce("address", address.of_parts(received)))
    return placed(received, at).select("feed", "batch_id", "row_no", *places.PLACE_COLUMNS)


def _rows_not_in_force(feed: PersonFeed, as_of: date) -> str:
    texts = ", ".join(
        f"rules.clean(r.{feed.roles[name]}) as {name}" if name in feed.roles else f"null::text as {name}"
        for name in TEXT_COLUMNS
    )
    return f"""
        select '{feed.feed}' as feed, r._batch_id as batch_id, r._row_no as row_no, {texts}
        from raw.{feed.feed} as r
        join ops.batch as b on r._batch_id = b.batch_id
        left join staging.stg_{feed.feed} as s on r._batch_id = s.batch_id and r._row_no = s.row_no
        where s.batch_id is null and b.status in ('accepted', 'rejected', 'failed')
            and b.business_date <= date '{as_of.isoformat()}'
    """
