"""Whom a record means that only mentions somebody: a visit names whom it was made to, and makes nobody.

Such records are placed like any other and tied to nobody here. What they may mean is handed on, for whoever knows who
lives at a door to choose. Source of the rule: docs/rules.md, R-VISIT-2.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import polars as pl
import psycopg

from linkage import names, places, register
from linkage.memory import today
from linkage.table import read

_ROW: Final = ("feed", "batch_id", "row_no")


def at_named_doors(placed: pl.DataFrame, doors: register.Register) -> pl.DataFrame:
    """Return the records, each that names a door of ours (`named_door`) at that door, whatever its text says."""
    above = doors.doors.select(named_door="dwelling_key", **{
        f"named_{column}": pl.col(column)
        for column in ("dwelling_key", "building_key", "compound_key", "committee_code")
    }).with_columns(named_place_level=pl.lit("dwelling"), named_place_method=pl.lit("exact"))  # fmt: skip
    columns = [column for column in places.PLACE_COLUMNS if column != "candidates"]
    named = placed.select("named_door", *columns).join(above, on="named_door", how="left", maintain_order="left")
    by_key = pl.col("named_dwelling_key").is_not_null()
    return placed.with_columns(
        named.select(pl.when(by_key).then(pl.col(f"named_{c}")).otherwise(pl.col(c)).alias(c) for c in columns)
    )


class Known(NamedTuple):
    """What linkage knows of numbers: `documents` (document, person_key), and the person that somebody is by `now`."""

    documents: pl.DataFrame
    now: Mapping[str, str]


def known(conn: psycopg.Connection, mentioned: pl.DataFrame) -> Known:
    """Return what is known of the numbers in `mentioned`. Raises DatabaseError."""
    now = today(conn)
    numbers = ",".join(mentioned["document"].drop_nulls().unique())
    documents = read(
        conn,
        "select document_hash as document, person_key from linkage.person_document"
        f" where document_hash = any('{{{numbers}}}')",
    )
    return Known(documents.with_columns(pl.col("person_key").replace(now)), now)


def meant(mentioned: pl.DataFrame, linked: pl.DataFrame, by_number: Known) -> pl.DataFrame:
    """Return everybody whom each of `mentioned` may mean, and what says so: _ROW, person_key, how.

    By our own key, by a document, by a phone, by a name at the door. `linked` has a row a record about a person.
    """
    known = linked.select("person_key", "number", "phone", "dwelling_key", "name", "name_latin").drop_nulls(
        "person_key"
    )
    told = mentioned.select(*_ROW, "document", "number", "phone", "dwelling_key", "name", "named_person")

    def by(column: str, others: pl.DataFrame) -> pl.DataFrame:
        pairs = told.drop_nulls(column).join(others.drop_nulls(column), on=column)
        return pairs.select(*_ROW, "person_key", "name").unique()

    # By what, what of the name must hold beside it, and what that says.
    found = [
        (by("document", by_number.documents), "can", "document"),
        (by("number", known), "is", "document"),
        (by("phone", known), "can", "phone"),
        (by("dwelling_key", known), "is", "name"),
    ]
    asked = known.join(pl.concat(pairs.select("person_key") for pairs, *_ in found), on="person_key", how="semi")
    called = asked.unpivot(on=["name", "name_latin"], index="person_key", value_name="other").drop_nulls("other")
    called = called.select("person_key", "other").unique()
    key = told.drop_nulls("named_person").select(*_ROW, person_key=pl.col("named_person").replace(by_number.now))
    of_names = [_of_name(pairs, called, likeness).with_columns(how=pl.lit(how)) for pairs, likeness, how in found]
    return pl.concat([key.with_columns(how=pl.lit("key")), *of_names]).unique().sort(*_ROW, "how", "person_key")


def _of_name(pairs: pl.DataFrame, called: pl.DataFrame, likeness: str) -> pl.DataFrame:
    """Return the pairs whose person is called so (`is`, one slip allowed), or can be: no name given is any
    (R-PERSON-4).
    """
    both = pairs.join(called, on="person_key", how="left")
    distinct = both.select("name", "other").drop_nulls().unique()
    fits: Mapping[str, pl.Series] = {
        "is": pl.Series([names.same(*row) for row in distinct.iter_rows()], dtype=pl.Boolean),
        "can": pl.Series([not names.contradict(*row) for row in distinct.iter_rows()], dtype=pl.Boolean),
    }
    fitting = both.join(distinct.with_columns(fits=fits[likeness]), on=["name", "other"], how="left")
    return fitting.filter(pl.col("fits").fill_null(likeness == "can")).select(*_ROW, "person_key").unique()
