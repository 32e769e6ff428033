"""The warehouse held against the sample's truth, row by row: each function returns what differs, else an empty table.

Records meet by (feed, business date, source, row_no): neither side's counts are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import psycopg

if TYPE_CHECKING:
    from pathlib import Path

RECORD = ["feed", "business_date", "source", "row_no"]
#: Ways to write an address with all its numbers, whatever stands around them.
WHOLE = [
    "plain", "full_width", "stray_spaces", "block_words", "no_room_word", "town_name", "letter_for_digit", "line_break",
    "said_twice", "labelled", "numbered", "divided", "note_behind", "stray_quote",
]  # fmt: skip


class Street:
    """A published warehouse and the truth it was made from; `truth` is the folder of the sample's Parquet tables."""

    def __init__(self, warehouse_url: str, truth: Path) -> None:
        self._url = warehouse_url
        self._truth = truth

    def truth(self, table: str) -> pl.DataFrame:
        return pl.read_parquet(self._truth / f"{table}.parquet")

    def records(self) -> pl.DataFrame:
        """The truth of each row; the source of a company's list is its file."""
        company = pl.when(pl.col("feed") == "property_occupancy").then(pl.col("file").str.strip_suffix(".csv"))
        return self.truth("records").with_columns(source=company.otherwise(pl.lit("")))

    def ask(self, query: str) -> pl.DataFrame:
        with psycopg.connect(self._url) as connection:
            cursor = connection.execute(query.encode())
            names = [column.name for column in cursor.description or ()]
            return pl.DataFrame(cursor.fetchall(), schema=names, orient="row", infer_schema_length=None)

    def links(self) -> pl.DataFrame:
        """Each record in force with its true person beside its person_key, its true door beside its dwelling_key."""
        linked = self.ask(
            "select link.feed, batch.business_date, batch.source, cast(link.row_no as bigint) as row_no, link.batch_id,"
            " link.person_key, link.person_method, link.place_level, dwelling.dwelling_code"
            " from linkage.record_link as link inner join ops.batch as batch on link.batch_id = batch.batch_id"
            " left join core.dim_dwelling as dwelling on link.dwelling_key = dwelling.dwelling_key"
        )
        return self.records().join(linked, on=RECORD)


def in_table(street: Street, table: str) -> pl.DataFrame:
    """The records that a table of (batch_id, row_no) holds."""
    return street.ask(
        "select batch.feed, batch.business_date, batch.source, cast(kept.row_no as bigint) as row_no"
        f" from {table} as kept inner join ops.batch as batch on kept.batch_id = batch.batch_id"
    ).cast({"feed": pl.String, "business_date": pl.Date, "source": pl.String, "row_no": pl.Int64})


def unlinked_records(street: Street) -> pl.DataFrame:
    """Records the truth calls usable that have no link, and links of records that it doesn't.

    A visit that was sent again stands in its last list alone.
    """
    usable = street.records().filter(~pl.col("is_quarantined") & ~pl.col("is_superseded"))
    again = (pl.col("feed") == "visit_log") & (
        pl.col("business_date") < pl.col("business_date").max().over("feed", "business_key")
    )
    usable = usable.filter(~again)
    return differing(in_table(street, "linkage.record_link"), usable)


def wrong_episodes(street: Street) -> pl.DataFrame:
    """Clean episodes of the truth that the mart hasn't exactly so."""
    columns = ["person_key", "started_on", "release_on", "status", "colour", "origin_kind", "origin_code"]
    persons = (
        street.links()
        .filter(pl.col("feed").is_in(["border_entries", "returnees"]))
        .select("true_person_id", "person_key")
        .unique()
    )
    expected = street.truth("episodes").filter("clean").join(persons, on="true_person_id", how="left")
    found = street.ask(
        f"select {', '.join(f'episode.{name}' for name in columns)}, dwelling.dwelling_code"
        " from marts.isolation_episode as episode"
        " left join core.dim_dwelling as dwelling on episode.dwelling_key = dwelling.dwelling_key"
    )
    return expected.join(found, on=[*columns, "dwelling_code"], how="anti", nulls_equal=True)


def wrong_residents(street: Street) -> pl.DataFrame:
    """Clean residents of the truth who aren't shown in their dwelling, or are shown in another one too.

    Whose number somebody without a birth date gave as well is one person with them: no field tells (R-PERSON-3).
    """
    listed = street.links().filter(pl.col("feed").is_in(["household_registry", "border_entries", "returnees"]))
    undated = listed.filter(pl.col("said_birth_date").fill_null("") == "").select("person_key", other="true_person_id")
    persons = listed.select("true_person_id", "person_key").unique()
    fused = persons.join(undated, on="person_key").filter(pl.col("true_person_id") != pl.col("other"))
    shown = street.ask(
        "select resident.person_key, dwelling.dwelling_code as shown_code from marts.household_view as resident"
        " inner join core.dim_dwelling as dwelling on resident.dwelling_key = dwelling.dwelling_key"
    )
    expected = street.truth("residents").filter("clean").join(fused, on="true_person_id", how="anti")
    expected = expected.join(persons, on="true_person_id", how="left")
    return expected.join(shown, on="person_key", how="left").filter(
        pl.col("shown_code").ne_missing(pl.col("dwelling_code"))
    )


def false_residents(street: Street) -> pl.DataFrame:
    """People whose documents are all good, shown as residents though the rules put them nowhere in the street."""
    linked = street.links().filter(pl.col("true_person_id").is_not_null())
    good = linked.group_by("person_key").agg(
        pl.col("good_document", "tied_by_document").all(), pl.col("true_person_id").first()
    )
    good = good.filter("good_document")
    # Whom the port knows by a passport alone is a second person beside the one of the registry, who lives elsewhere.
    second = ~pl.col("tied_by_document") & (pl.len().over("true_person_id") > 1)
    shown = street.ask("select person_key from marts.household_view")
    residents = street.truth("residents")
    return good.filter(~second).join(shown, on="person_key").join(residents, on="true_person_id", how="anti")


def wrong_occupancy(street: Street) -> pl.DataFrame:
    """Homes whose clean occupancy isn't shown as the truth has it."""
    shown = street.ask(
        "select dwelling.dwelling_code, home.occupancy as shown, home.occupancy_source"
        " from marts.dwelling_view as home"
        " inner join core.dim_dwelling as dwelling on home.dwelling_key = dwelling.dwelling_key"
    )
    return (
        street.truth("occupancy")
        .filter("clean")
        .join(shown, on="dwelling_code", how="left")
        .filter(pl.col("shown").ne_missing(pl.col("occupancy")))
    )


def fused_persons(street: Street) -> pl.DataFrame:
    """Keys that hold records of several true people, where each of the records has a document of its own."""
    return (
        street.links()
        .filter("good_document", pl.col("person_key").is_not_null())
        .group_by("person_key")
        .agg(pl.col("true_person_id").unique())
        .filter(pl.col("true_person_id").list.len() > 1)
    )


def split_persons(street: Street) -> pl.DataFrame:
    """True people whose records carry one document and yet have several keys."""
    return (
        street.links()
        .filter("tied_by_document", "good_document")
        .group_by("true_person_id")
        .agg(pl.col("person_key").unique())
        .filter(pl.col("person_key").list.len() > 1)
    )


def wrong_doors(street: Street) -> pl.DataFrame:
    """Records whose address is whole and yet have another door than the true one, and any record with a false door.

    An address that names another town, a former home or no such room has no door, however whole it reads. Where a visit
    names its person alone its door is the person's (tests/dbt_project/test_truth_visits.py).
    """
    linked = street.links().filter(pl.col("true_dwelling_code").is_not_null(), pl.col("feed") != "visit_log")
    whole = pl.col("address_form").is_in(WHOLE) & (pl.col("expected_level") == "dwelling")
    return linked.filter(
        (whole & pl.col("dwelling_code").ne_missing(pl.col("true_dwelling_code")))
        | (pl.col("dwelling_code") != pl.col("true_dwelling_code"))
        | (pl.col("dwelling_code").is_not_null() & (pl.col("expected_level") != "dwelling"))
    )


def lost_arrivals(street: Street) -> pl.DataFrame:
    """True isolations at home that the mart lacks, or shows without a certain person or door and doesn't list.

    Who was moved to another street is listed for fourteen days, to hand over.
    """
    episode = ["true_person_id", "started_on"]
    arrivals = street.links().filter(pl.col("feed").is_in(["border_entries", "returnees"]))
    expected = street.truth("episodes").select(*episode, "status").join(arrivals, on="true_person_id", how="left")
    shown = street.ask("select person_key, started_on, dwelling_key as door, as_of from marts.isolation_episode")
    found = expected.join(shown, on=["person_key", "started_on"])
    listed = in_table(street, "(select * from marts.unresolved where kind <> 'scenario')")
    handed_over = (
        (pl.col("status") == "transferred")
        & (pl.col("expected_level") == "outside")
        & (pl.col("as_of") >= pl.col("started_on").dt.offset_by("14d"))
    )
    doubtful = found.filter(pl.col("door").is_null() | (pl.col("person_method") == "provisional"), ~handed_over)
    # Of somebody who isolated twice the truth doesn't say which record began which: for a door one of them is listed.
    twice = pl.col("started_on").n_unique().over("true_person_id") > 1
    several = expected.filter(twice).select(episode).unique()
    told = doubtful.filter(pl.col("person_method") != "provisional").join(listed, on=RECORD, how="semi")
    told = told.join(several, on=episode, how="semi")
    return pl.concat(
        [
            expected.select(episode).unique().join(found, on=episode, how="anti"),
            doubtful.join(listed, on=RECORD, how="anti").join(told, on=episode, how="anti").select(episode),
        ]
    )


def unlisted_arrivals(street: Street) -> pl.DataFrame:
    """Quarantined arrivals without a usable record of the same entry that aren't listed as a row to resolve."""
    records = street.records().filter(pl.col("feed").is_in(["border_entries", "returnees"]))
    usable = records.filter(~pl.col("is_quarantined"), pl.col("business_key") != "")
    alone = records.filter("is_quarantined").join(usable, on=["feed", "business_key"], how="anti")
    listed = in_table(street, "marts.unresolved").join(
        street.records().filter(~pl.col("is_quarantined")), on=RECORD, how="anti"
    )
    return differing(listed, alone)


def differing(found: pl.DataFrame, expected: pl.DataFrame) -> pl.DataFrame:
    """The records that stand on one side only."""
    found, expected = found.select(RECORD), expected.select(RECORD)
    return pl.concat(
        [
            found.join(expected, on=RECORD, how="anti").with_columns(side=pl.lit("only found")),
            expected.join(found, on=RECORD, how="anti").with_columns(side=pl.lit("only in the truth")),
        ]
    )
