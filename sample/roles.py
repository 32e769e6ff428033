"""Who serves in the community (党员, 志愿者, 楼组长): a workbook a month, most numbers masked."""

from datetime import date
from pathlib import Path

import polars as pl

from sample.benefits import published_on
from sample.dirt import masked, mistype, slips, strange_phones
from sample.people import Streams
from sample.rows import Rows, copies
from sample.worksheets import Cell, Heading, write_sheet

HEADERS = ["姓名", "身份证号", "手机号", "角色", "负责小区", "负责楼号", "起始日期"]


def write_roles(streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame) -> Rows:
    """Write the month's folder and return its rows; the place in them is where somebody serves."""
    rng = streams.rng(84)
    day = published_on(streams.date)
    adults = people.filter(
        (pl.col("presence") == "lives")
        & pl.col("in_registry")
        & (pl.col("doc_type") == "10")
        & (pl.col("birth_date") < date(2000, 1, 1))
        & pl.col("residence_type").is_in(["1", "3", "4"])
    )
    served = dwellings.select("dwelling_id", "building_id", "compound_name", "building_no")
    adults = adults.select("person_id", "full_name", "doc_no", "phone", "home").join(
        served, left_on="home", right_on="dwelling_id", how="left", maintain_order="left"
    )
    leaders = adults.filter(pl.col("compound_name") != "")[
        rng.permutation(adults.filter(pl.col("compound_name") != "").height)
    ]
    leaders = leaders.unique("building_id", keep="first", maintain_order=True).with_columns(role=pl.lit("楼组长"))
    members = adults.filter(pl.Series(rng.random(len(adults)) < 0.07)).with_columns(role=pl.lit("党员"))
    helpers = adults.filter(pl.Series(rng.random(len(adults)) < 0.015)).with_columns(role=pl.lit("志愿者"))
    rows = pl.concat([members, helpers, leaders])
    n = len(rows)
    whole = pl.Series(rng.random(n) >= 0.8)
    full_name, kept = mistype(rng, rows["full_name"], 0.008 * streams.dirt)
    others = people["phone"].shift(1).fill_null("")[rows["person_id"]]
    rows = rows.with_columns(
        phone=strange_phones(rng, rows["phone"], others, 0.06 * streams.dirt),
        slips=slips(rows["full_name"], full_name, kept),
        full_name=full_name,
        number=pl.when(whole).then("doc_no").otherwise(pl.Series([masked(number) for number in rows["doc_no"]])),
        started_on=pl.lit(day) - pl.duration(days=pl.lit(pl.Series(rng.integers(10, 4000, n)))),
        row_id=pl.int_range(pl.len()),
        good_document=whole & kept,
        tied=whole & kept,
        form=pl.lit("plain"),
        level=pl.lit("building"),
        serves_in="building_id",
        dwelling_id=pl.lit(-1, dtype=pl.Int64),
        fault=pl.lit(""),
        superseded=pl.lit(value=False),
    )
    rows = rows.with_columns(phone=pl.when(pl.Series(rng.random(n) < 0.05)).then(pl.lit("")).otherwise("phone"))
    rows = copies(rng, rows, "row_id", 0.002)
    path = inbox / "community_roles" / day.isoformat() / f"社区骨干名册{day:%Y%m}.xlsx"
    columns = ("full_name", "number", "phone", "role", "compound_name", "building_no", "started_on")
    cells: list[list[Cell]] = [list(row) for row in rows.select(columns).iter_rows()]
    write_sheet(path, Heading("骨干", f"花木街道社区骨干名册({day.year}年{day.month}月)", HEADERS), cells)
    return Rows("community_roles", day, path.name, "", rows)
