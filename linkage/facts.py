"""What each record says of its person: of this a name, birth date, sex, phone and mask are chosen.

A number with the right check character tells the birth date and the sex of whoever holds it, over the row's own
columns (docs/rules.md, R-DOC-3); a record whose number turned out to be another person's keeps its own columns and
shows no mask of theirs (R-PERSON-3). Which of a person's records is believed is R-PERSON-9.
"""

from typing import Final

import polars as pl

SAID_SCHEMA: Final[dict[str, pl.DataType]] = {
    "phone": pl.String(),
    "sex": pl.Int32(),  # as the row has it, whatever the number says
    "document_masked": pl.String(),  # the number written, masked
    "second_masked": pl.String(),  # the second number (a resident ID beside the passport)
    "known_at": pl.String(),  # when it was recorded, else the day of its batch; ISO 8601
    "id_sex": pl.Int32(),  # of the number whose `id_birth_date` it is
    "id_masked": pl.String(),
    "is_id_second": pl.Boolean(),  # whether that number is the second one
}
_PROVED: Final = "^[0-9]{17}[0-9X]$"
_COLUMNS: Final = (
    "person_key", "feed", "batch_id", "row_no", "leads", "known_at", "full_name", "name_rank", "sex", "birth_date",
    "is_birth_date_certified", "id_masked", "is_resident_id", "phone",
)  # fmt: skip


def of_the_number(canonical: str, second: str) -> dict[str, pl.Expr]:
    """Return what the first canonical number of 18 characters tells: `id_birth_date` and the `id_` columns of
    SAID_SCHEMA.
    """
    proved = {column: pl.col(column).str.contains(_PROVED).fill_null(value=False) for column in (canonical, second)}
    number = pl.when(proved[canonical]).then(pl.col(canonical)).when(proved[second]).then(pl.col(second))
    return {
        "id_birth_date": number.str.slice(6, 8).str.to_date("%Y%m%d", strict=False),
        "id_sex": 2 - number.str.slice(16, 1).cast(pl.Int32, strict=False) % 2,
        "id_masked": number.str.slice(0, 6) + "********" + number.str.slice(14),
        "is_id_second": ~proved[canonical] & proved[second],
    }


def of_persons(linked: pl.DataFrame) -> pl.DataFrame:
    """Return one row per record with a person: the columns of `build.person_record`.

    `linked` has SAID_SCHEMA and persons.RECORD_SCHEMA, `person_key`, and `owner` and `second_owner`: the persons whom
    its documents identify, null where a number identifies nobody.
    """
    first, second = (
        pl.col(owner).is_null() | (pl.col(owner) == pl.col("person_key")) for owner in ("owner", "second_owner")
    )
    proves = pl.col("id_birth_date").is_not_null() & pl.when("is_id_second").then(second).otherwise(first)
    kind = pl.when("is_id_second").then("second_document_kind").otherwise("document_kind")
    in_characters = pl.col("name").str.contains(r"\p{Han}")
    return (
        linked.lazy()
        .drop_nulls("person_key")
        .with_columns(is_birth_date_certified=proves)
        .with_columns(
            full_name=pl.coalesce("name", "name_latin"),
            name_rank=pl.when(pl.col("leads") & pl.col("name").is_not_null())
            .then(0)
            .when(in_characters)
            .then(1)
            .when(pl.any_horizontal(pl.col("name", "name_latin").is_not_null()))
            .then(2),
            sex=pl.when("is_birth_date_certified").then("id_sex").otherwise("sex"),
            birth_date=pl.when("is_birth_date_certified").then("id_birth_date").otherwise("birth_date"),
            id_masked=pl.coalesce(
                pl.when("is_birth_date_certified").then("id_masked"),
                pl.when(first).then("document_masked"),
                pl.when(second).then("second_masked"),
            ),
            is_resident_id=pl.col("is_birth_date_certified") & (kind == "resident_id"),
        )
        .select(_COLUMNS)
        .collect()
    )
