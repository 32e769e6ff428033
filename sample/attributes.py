"""The truth about homes and people that the wider feeds tell: occupancy, benefits, and who bears which tag."""

from collections.abc import Sequence
from datetime import date

import polars as pl

from sample.rows import Rows

_OCCUPANCY = {"自住": "owner_occupied", "出租": "rented", "空置": "vacant", "装修": "vacant"}
_TENURE = {"1": "owner_occupied", "2": "rented", "3": "vacant", "": "unknown"}
_BENEFIT_TAGS = {
    "低保": "low_income",
    "特困供养": "low_income",
    "助餐服务": "meal_service",
    "居家养老服务": "home_care",
}
_ROLE_TAGS = {"党员": "party_member", "志愿者": "volunteer", "楼组长": "building_leader"}


def in_force(feeds: Sequence[Rows], feed: str) -> pl.DataFrame | None:
    """Return the usable rows of a feed that no later row replaces, or None if the sample hasn't that feed."""
    parts = [rows.rows.filter((pl.col("fault") == "") & ~pl.col("superseded")) for rows in feeds if rows.feed == feed]
    return pl.concat(parts) if parts else None


def occupancy(feeds: Sequence[Rows], dwellings: pl.DataFrame) -> pl.DataFrame:
    """Return each home's occupancy: what its company says (newer than the first housing batch), else the tenure."""
    homes = dwellings.filter(pl.col("usage") == "1").select("dwelling_id", "dwelling_code", "tenure")
    said = in_force(feeds, "property_occupancy")
    empty = {"dwelling_id": pl.Int64, "occupancy": pl.String, "form": pl.String}
    reported = pl.DataFrame(schema=empty) if said is None else said.select("dwelling_id", "occupancy", "form")
    # A company that sends its list in two files says the same thing twice.
    reported = reported.unique("dwelling_id", keep="first", maintain_order=True)
    reported = reported.rename({"occupancy": "reported"})
    listed = in_force(feeds, "housing_registry")
    odd = [] if listed is None else listed.filter(pl.col("usage") == "8")["dwelling_id"].to_list()
    return (
        homes.join(reported, on="dwelling_id", how="left", maintain_order="left")
        .with_columns(
            source=pl.when(pl.col("reported").is_null())
            .then(pl.lit("housing_registry"))
            .otherwise(pl.lit("property_occupancy")),
            occupancy=pl.coalesce(
                pl.col("reported").replace_strict(_OCCUPANCY, default=None, return_dtype=pl.String),
                pl.col("tenure").replace_strict(_TENURE, return_dtype=pl.String),
            ),
            renovating=(pl.col("reported") == "装修").fill_null(value=False),
            clean=(pl.col("form") == "plain").fill_null(value=True) & ~pl.col("dwelling_id").is_in(odd),
        )
        .select("dwelling_code", "occupancy", "source", "renovating", "clean")
    )


def services(feeds: Sequence[Rows], today: date) -> pl.DataFrame:
    """Return each person's benefits with their dates, whether they run on the day, and whether the number is good."""
    rows = in_force(feeds, "welfare_list")
    if rows is None:
        rows = pl.DataFrame(
            schema={
                "person_id": pl.Int64,
                "benefit": pl.String,
                "started_on": pl.Date,
                "ended_on": pl.Date,
                "amount": pl.Float64,
                "good_document": pl.Boolean,
            }
        )
    runs = (pl.col("started_on") <= today) & (pl.col("ended_on").is_null() | (pl.col("ended_on") >= today))
    return rows.select(
        "person_id",
        "started_on",
        "ended_on",
        service="benefit",
        monthly_amount="amount",
        current=runs,
        clean="good_document",
    )


def tags(
    feeds: Sequence[Rows], people: pl.DataFrame, residents: pl.DataFrame, isolating: pl.DataFrame, today: date
) -> pl.DataFrame:
    """Return who bears which tag.

    `residents` has person_id, dwelling_id and clean; `isolating` person_id and clean. A row is clean when the person's
    records are and, for the tags that look at the whole home, those of everybody who belongs there.
    """
    born = people.select("person_id", "birth_date", "doc_type", "home", "presence", "in_registry")
    here = residents.join(born, on="person_id", how="left", maintain_order="left")
    # Without an ID the age rests on a column that may be spoilt.
    here = here.with_columns(age=_age(today), sure=pl.col("clean") & pl.col("doc_type").is_in(["10", "35"]))
    unsure = _unsure_homes(feeds, born, here)
    together = pl.col("dwelling_id")
    here = here.with_columns(
        alone=pl.len().over(together) == 1,
        all_elderly=(pl.col("age") >= 60).all().over(together),
        home_sure=pl.col("sure").all().over(together) & ~together.is_in(unsure.implode()),
    )
    age = pl.col("age")
    found = [
        _tag(here.filter(age >= 60), "elderly", "sure"),
        _tag(here.filter(age >= 80), "oldest_old", "sure"),
        _tag(here.filter(age < 7), "infant", "sure"),
        _tag(here.filter(age < 16), "minor", "sure"),
        _tag(here.filter((age >= 60) & pl.col("alone")), "living_alone_elderly", "home_sure"),
        _tag(here.filter("all_elderly"), "elderly_only_household", "home_sure"),
        _tag(isolating, "isolating", "clean"),
        *_listed(feeds, here, today),
    ]
    return pl.concat(found).group_by("person_id", "tag", maintain_order=True).agg(pl.col("clean").any())


def _listed(feeds: Sequence[Rows], here: pl.DataFrame, today: date) -> list[pl.DataFrame]:
    """Return the tags that lists give: benefits, certificates, roles."""
    benefits = services(feeds, today).filter("current").rename({"clean": "good_document"})
    parts = [_of_list(benefits.filter(pl.col("service") == name), here, tag) for name, tag in _BENEFIT_TAGS.items()]
    certificates = in_force(feeds, "disability_list")
    if certificates is not None:
        valid = certificates.filter(
            pl.col("newest") & (pl.col("valid_until").is_null() | (pl.col("valid_until") >= today))
        )
        parts.append(_of_list(valid, here, "disabled"))
        parts.append(_of_list(valid.filter(pl.col("true_level").is_in(["1", "2"])), here, "severe_disability"))
    roles = in_force(feeds, "community_roles")
    if roles is not None:
        parts += [_of_list(roles.filter(pl.col("role") == role), here, tag) for role, tag in _ROLE_TAGS.items()]
    return parts


def _of_list(rows: pl.DataFrame, here: pl.DataFrame, tag: str) -> pl.DataFrame:
    joined = rows.select("person_id", "good_document").join(here, on="person_id", how="inner", maintain_order="left")
    return _tag(joined.with_columns(sure=pl.col("good_document") & pl.col("clean")), tag, "sure")


def _tag(rows: pl.DataFrame, tag: str, clean: str) -> pl.DataFrame:
    return rows.select("person_id", tag=pl.lit(tag), clean=pl.col(clean))


def _age(today: date) -> pl.Expr:
    born = pl.col("birth_date")
    # A month is eight bits wide: a hundred of them are not.
    later = (born.dt.month().cast(pl.Int32) * 100 + born.dt.day()) > today.month * 100 + today.day
    return pl.lit(today.year) - born.dt.year() - later.cast(pl.Int32)


def _unsure_homes(feeds: Sequence[Rows], born: pl.DataFrame, here: pl.DataFrame) -> pl.Series:
    """Return homes of which the lists leave open who lives there.

    Somebody unsure is registered there; a list names somebody who is isolating elsewhere and whom no document ties to
    it, or names somebody wrongly; or somebody unsure who lives elsewhere arrived there. They may stay on as persons of
    their own.
    """
    now = here.select("person_id", "sure", now="dwelling_id")
    registered = born.filter((pl.col("presence") == "lives") & pl.col("in_registry") & (pl.col("home") >= 0))
    registered = registered.select("person_id", "home").join(now, on="person_id", how="left", maintain_order="left")
    unsure = [registered.filter(~pl.col("sure").fill_null(value=False))["home"]]
    for feed in ("property_occupancy", "welfare_list", "disability_list"):
        named = in_force(feeds, feed)
        if named is not None:
            named = named.filter(pl.col("person_id").is_not_null()).select("person_id", "dwelling_id", "tied", "slips")
            named = named.join(now, on="person_id", how="left", maintain_order="left")
            away = (pl.col("now") != pl.col("dwelling_id")).fill_null(value=True)
            unsure.append(named.filter((away & ~pl.col("tied")) | (pl.col("slips") > 0))["dwelling_id"])
    for feed in ("returnees", "border_entries"):
        named = in_force(feeds, feed)
        if named is None:
            continue
        named = named.filter(pl.col("person_id").is_not_null(), pl.col("dwelling_id") >= 0)
        named = named.select("person_id", "dwelling_id").join(now, on="person_id", how="left", maintain_order="left")
        away = (pl.col("now") != pl.col("dwelling_id")).fill_null(value=True)
        unsure.append(named.filter(away & ~pl.col("sure").fill_null(value=False))["dwelling_id"])
    return pl.concat(unsure)
