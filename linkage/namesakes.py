"""Whom only lists know, beside somebody at the same door with the same name: most likely the same person twice.

Whom lists name without a good document (a property company's, civil affairs', ...) and nothing ties to anybody known
otherwise is a person of their own, perhaps of several lists; who of them counts as a resident is decided by who lives
at that door (docs/rules.md, R-PERSON-10).
"""

import polars as pl

from linkage import names


def namesakes(linked: pl.DataFrame) -> pl.DataFrame:
    """Return pairs (person_key, dwelling_key, namesake_key): a person only lists know, and another of that door.

    `linked` has one row per record: is_list (neither of the register of the population nor an arrival), person_key,
    person_method, name, phone, dwelling_key, registered_dwelling_key.
    The names are the same (one slip allowed), or the phones are and the surnames too, or the names can't be told apart
    (a mark for what couldn't be written).
    """
    said = ("name", "phone", "dwelling_key", "registered_dwelling_key")
    records = linked.select("person_key", "person_method", "is_list", *said).drop_nulls("person_key")
    only_listed = (
        records.group_by("person_key")
        .agg(
            (pl.col("person_method").is_in(["provisional", "linkage"]) & pl.col("is_list"))
            .all()
            .alias("is_only_listed")
        )
        .filter("is_only_listed")
        .select("person_key")
    )
    known = ["person_key", "dwelling_key", "name", "phone"]
    listed = records.join(only_listed, on="person_key", how="semi").select(known).drop_nulls("dwelling_key").unique()
    registered = records.with_columns(dwelling_key="registered_dwelling_key").select(known)
    at_door = pl.concat([records.select(known), registered])
    others = at_door.drop_nulls("dwelling_key").unique().join(
        only_listed.with_columns(is_listed=pl.lit(value=True)), on="person_key", how="left"
    ).rename({"person_key": "namesake_key", "name": "other_name", "phone": "other_phone"})  # fmt: skip
    pairs = listed.join(others, on="dwelling_key").filter(
        (pl.col("person_key") != pl.col("namesake_key"))
        # Of two that only lists know, the first counts.
        & (pl.col("is_listed").is_null() | (pl.col("namesake_key") < pl.col("person_key")))
    )
    alike = [_alike(*row) for row in pairs.select("name", "other_name", "phone", "other_phone").iter_rows()]
    return (
        pairs.filter(pl.Series(alike, dtype=pl.Boolean))
        .select("person_key", "dwelling_key", "namesake_key")
        .unique()
        .sort("person_key", "dwelling_key", "namesake_key")
    )


def _alike(name: str | None, other: str | None, phone: str | None, other_phone: str | None) -> bool:
    if not name or not other:
        return False
    if names.same(name, other):
        return True
    if phone is None or phone != other_phone:
        return False
    one, two = names.plain(name), names.plain(other)
    if one[:1].isalpha() and one[:1] == two[:1]:
        return True
    is_told = any(map(str.isalpha, one)) and any(map(str.isalpha, two))
    return is_told and not names.contradict(name, other)
