"""The housing registry (房屋登记) as housing administration sends it: CSV, UTF-8 with BOM, one row per dwelling."""

import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from sample.people import Streams
from sample.rows import Rows, copies, spread

HEADERS = {
    "dwelling_code": "房屋编码",
    "committee_code": "居委会代码",
    "committee_name": "居委会",
    "compound_name": "小区名称",
    "road": "路名",
    "lane": "弄",
    "building_no": "号",
    "room_no": "室号",
    "floor": "所在层",
    "floors_total": "总层数",
    "area_sqm": "建筑面积",
    "usage": "房屋用途",
    "tenure": "使用状况",
    "owner_name": "产权人",
    "owner_id_number": "产权人证件号",
    "longitude": "经度",
    "latitude": "纬度",
}


def published_on(day: date) -> date:
    """Return the Monday of the week: the registry comes weekly."""
    return day - timedelta(days=day.weekday())


def tenures(streams: Streams, dwellings: pl.DataFrame, people: pl.DataFrame) -> pl.Series:
    """Return 使用状况 a dwelling: 1 owner-occupied, 2 rented, 3 vacant, empty where nobody recorded it."""
    rng = streams.rng(31)
    n = len(dwellings)
    lived_in, rented = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool)
    here = people.filter((pl.col("presence") == "lives") & (pl.col("home") >= 0))
    lived_in[here["home"].to_numpy()] = True
    rented[here.filter(pl.col("residence_type").is_in(["4", "5"]))["home"].to_numpy()] = True
    draw = rng.random(n)
    tenure = np.where(lived_in, np.where(rented & (draw < 0.72) | (draw > 0.96), "2", "1"), "3").astype(object)
    tenure[~lived_in & (draw < 0.06)] = "1"
    tenure[lived_in & (draw > 0.55) & (draw < 0.56)] = "3"
    tenure[(draw > 0.3) & (draw < 0.306)] = ""
    return pl.Series("tenure", tenure.astype(str))


def write_housing(streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame) -> Rows:
    """Write the weekly folder and return its rows; `dwellings` carries `tenure`."""
    rng = streams.rng(32)
    rows = _owners(rng, dwellings, people).select("dwelling_id", *HEADERS)
    rows = rows.with_columns(pl.exclude("dwelling_id").cast(pl.String)).with_columns(
        fault=pl.lit(""), superseded=pl.lit(value=False)
    )
    rows = _dirty(rng, rows)
    day = published_on(streams.date)
    path = inbox / "housing_registry" / day.isoformat() / f"房屋登记_{day:%Y%m%d}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    rows.select(pl.col(name).alias(header) for name, header in HEADERS.items()).write_csv(buffer, include_bom=True)
    path.write_bytes(buffer.getvalue())
    return Rows("housing_registry", day, path.name, "dwelling_code", rows)


def _owners(rng: np.random.Generator, dwellings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    adults = people.filter(pl.col("doc_type") == "10")
    heads = people.filter((pl.col("presence") == "lives") & (pl.col("home") >= 0) & (pl.col("doc_type") == "10"))
    heads = heads.unique("home", keep="first", maintain_order=True).select("home", "full_name", "doc_no")
    others = adults[rng.integers(0, len(adults), len(dwellings))]
    joined = dwellings.join(heads, left_on="dwelling_id", right_on="home", how="left", maintain_order="left")
    own = (pl.col("tenure") == "1") & pl.col("full_name").is_not_null()
    return joined.with_columns(
        owner_name=pl.when(own).then("full_name").otherwise(others["full_name"]),
        owner_id_number=pl.when(own).then("doc_no").otherwise(others["doc_no"]),
    )


def _dirty(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Write what is right wrongly now and then; no defect moves a door."""
    n = len(rows)

    def at(share: float) -> pl.Series:
        return spread(rng, n, share)

    full_width = dict(zip("0123456789", "０１２３４５６７８９", strict=True))
    # One compound writes the words into the number's cells.
    wordy = rows["compound_name"] == rows["compound_name"][n // 3]
    rows = rows.with_columns(
        building_no=pl.when(wordy)
        .then(pl.col("building_no") + "号")
        .when(at(0.002))
        .then(pl.col("building_no").str.replace_many(full_width))
        .otherwise("building_no"),
        lane=pl.when(wordy & (pl.col("lane") != "") & ~pl.col("lane").str.contains("弄"))
        .then(pl.col("lane") + "弄")
        .otherwise("lane"),
        room_no=pl.when(at(0.002))
        .then(pl.col("room_no").str.replace_many(full_width))
        .when(at(0.003))
        .then(pl.col("room_no") + "室")
        .when(at(0.001))
        .then(pl.format(" {} ", "room_no"))
        .otherwise("room_no"),
        road=pl.when(at(0.001)).then(pl.format("{}\u3000", "road")).otherwise("road"),
        floor=pl.when(at(0.002)).then(pl.lit("")).when(at(0.0004)).then(pl.lit("一层")).otherwise("floor"),
        area_sqm=pl.when(at(0.001)).then(pl.lit("-")).when(at(0.0003)).then(pl.lit("-1")).otherwise("area_sqm"),
        longitude=pl.when(at(0.0008)).then(pl.lit("0")).when(at(0.0008)).then(pl.lit("")).otherwise("longitude"),
        latitude=pl.when(at(0.0005)).then(pl.lit("121.53")).otherwise("latitude"),
        usage=pl.when(at(0.0003)).then(pl.lit("8")).otherwise("usage"),
        owner_name=pl.when(at(0.0003))
        .then(pl.format("={}", "owner_name"))
        .when(at(0.0005))
        .then(pl.format("{},{}", "owner_name", "owner_name"))
        .otherwise("owner_name"),
        owner_id_number=pl.when(at(0.01))
        .then(pl.lit(""))
        .when(at(0.002))
        .then(pl.col("owner_id_number").str.to_lowercase())
        .otherwise("owner_id_number"),
    )
    lost = rows[rng.choice(n, max(1, n // 40_000), replace=False)].with_columns(
        dwelling_code=pl.lit(""),
        room_no=pl.lit("999"),
        dwelling_id=pl.lit(-1, dtype=pl.Int64),
        fault=pl.lit("missing_key"),
    )
    rows = copies(rng, rows, "dwelling_code", 0.0006)
    rows = copies(rng, rows, "dwelling_code", 0.0006, pl.lit("3").alias("tenure"))
    return pl.concat([rows, lost])
