"""Where each record's person is: the place of its own text, unless a person decided otherwise.

Source of the rules: docs/rules.md, Place.
"""

from collections.abc import Sequence
from datetime import date
from typing import Final

import polars as pl
import psycopg

from linkage import address, aliases, places, register
from linkage.lexicon import same_name
from linkage.records import TEXT_COLUMNS, PersonFeed
from linkage.table import read


def placed(records: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    """Return each record with PLACE_COLUMNS of its address and `registered_…` of its registered one.

    And `unknown_name`, `registered_unknown_name`: a compound's name in each that the register doesn't know.
    """
    records = records.with_columns(address=pl.coalesce("address", _address_of_parts(records)))
    texts = pl.concat([records.select(text="address"), records.select(text="registered_address")]).unique(
        "text", maintain_order=True
    )
    parsed = address.parse(texts["text"], doors.lexicon)
    says = parsed.select("is_same_as_registered", unknown_name=_unknown(parsed, doors))
    found = pl.concat([texts, says, places.resolve(parsed, doors)], how="horizontal")
    registered = found.select(registered_address="text", **{f"registered_{c}": pl.col(c) for c in _OF_A_TEXT})
    placed = records.join(
        found, left_on="address", right_on="text", how="left", nulls_equal=True, maintain_order="left"
    ).join(registered, on="registered_address", how="left", nulls_equal=True, maintain_order="left")
    same = pl.col("is_same_as_registered") & pl.col("registered_address").is_not_null()
    return placed.with_columns(
        pl.when(same).then(pl.col(f"registered_{c}")).otherwise(pl.col(c)).alias(c) for c in places.PLACE_COLUMNS
    )


def _unknown(parsed: pl.DataFrame, doors: register.Register) -> pl.Series:
    """Return the name of each address that means no compound here."""
    meant = doors.lexicon.compounds_meant
    unknown = {name: same_name(name) for name in parsed["name"].drop_nulls().unique() if not meant(name)[0]}
    name = pl.col("name").replace_strict(unknown, default=None, return_dtype=pl.String)
    return parsed.select(pl.when(~pl.col("is_outside")).then(name).alias("unknown_name"))["unknown_name"]


_OF_A_TEXT: Final = ("unknown_name", *places.PLACE_COLUMNS)
#: What `placed` adds to a record.
_PLACED: Final = frozenset({"is_same_as_registered", *_OF_A_TEXT, *(f"registered_{name}" for name in _OF_A_TEXT)})


def with_aliases_learned(
    conn: psycopg.Connection, placed_once: pl.DataFrame, doors: register.Register, as_of: date
) -> tuple[pl.DataFrame, register.Register]:
    """Return the placed records, those with a name learned today (R-PLACE-16) placed by it; and the register that
    knows it.
    """
    learned = aliases.learn(conn, placed_once, as_of)
    if not learned:
        return placed_once, doors
    doors = register.with_aliases(doors, learned)
    numbered = placed_once.with_row_index("position")
    again = numbered.filter(pl.any_horizontal(pl.col("unknown_name", "registered_unknown_name").is_in(list(learned))))
    own = [column for column in again.columns if column not in _PLACED]
    return (
        pl.concat([numbered.join(again, on="position", how="anti"), placed(again.select(own), doors)], how="diagonal")
        .sort("position")
        .drop("position")
    ), doors


def _address_of_parts(records: pl.DataFrame) -> pl.Series:
    """Return the address of a record that has compound, building and room in columns of their own."""
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
    linked = linked.join(chosen.join(above, on="decided_key"), on=["feed", "record"], how="left", maintain_order="left")
    known = pl.col("decided_key").is_not_null()
    return linked.with_columns(
        pl.when(known).then(pl.col(f"decided_{c}")).otherwise(pl.col(c)).alias(c)
        for c in places.PLACE_COLUMNS
        if c != "candidates"
    )


def not_in_force(
    conn: psycopg.Connection, feeds: Sequence[PersonFeed], doors: register.Register, as_of: date
) -> pl.DataFrame:
    """Return the place of every received arrival that isn't in force: (feed, batch_id, row_no) and PLACE_COLUMNS.

    An older revision says where an episode was before it moved away; a broken row, whose committee must look at it.
    """
    types = {"batch_id": pl.Int64, "row_no": pl.Int32}
    rows = [read(conn, _rows_not_in_force(feed, as_of), types) for feed in feeds if feed.about_arrival]
    none = pl.DataFrame(schema={"feed": pl.String} | types | dict.fromkeys(TEXT_COLUMNS, pl.String))
    return placed(pl.concat([none, *rows]), doors).select("feed", "batch_id", "row_no", *places.PLACE_COLUMNS)


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
