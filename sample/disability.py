"""The register of disability certificates (残疾人证): CSV, GB18030, monthly."""

import io
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from sample.addresses import FORMS, draw_forms, written
from sample.benefits import published_on
from sample.dirt import former_homes, mistype, slips
from sample.documents import texts
from sample.people import Streams
from sample.rows import Rows, copies

HEADERS = {
    "certificate_no": "残疾人证号",
    "full_name": "姓名",
    "disability_type": "残疾类别",
    "disability_level": "残疾等级",
    "issued": "发证日期",
    "valid": "有效期止",
    "guardian_name": "监护人姓名",
    "guardian_phone": "监护人电话",
    "address": "住址",
}


def write_disability(streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame) -> Rows:
    """Write the month's folder and return its rows, with type, level and validity as the number has them."""
    rng = streams.rng(83)
    day = published_on(streams.date)
    able = people.filter(
        (pl.col("presence") == "lives")
        & pl.col("in_registry")
        & (pl.col("doc_type") == "10")
        & pl.col("residence_type").is_in(["1", "3"])
    )
    weight = np.where((able["birth_date"] < date(1960, 1, 1)).to_numpy(), 0.04, 0.012)
    rows = able.filter(pl.Series(rng.random(len(able)) < weight))
    rows = rows.select("person_id", "full_name", "doc_no", "home", "phone", "household")
    rows = _certificates(rng, streams.date, rows)
    rows = rows.with_columns(home=former_homes(rng, rows["home"], 0.03 * streams.dirt))
    forms = draw_forms(rng, dwellings, rows["home"].to_numpy(), streams.dirt)
    full_name, kept = mistype(rng, rows["full_name"], 0.006 * streams.dirt)
    address = written(rng, dwellings, rows["home"].to_numpy(), forms)
    rows = rows.with_columns(
        address=pl.Series(address.astype(str)),
        form=pl.Series(forms.astype(str)),
        level=pl.Series([FORMS[form].level for form in forms]),
        dwelling_id="home",
        full_name=full_name,
        slips=slips(rows["full_name"], full_name, kept),
        good_document=kept,
        tied=kept,
        fault=pl.lit(""),
        superseded=pl.lit(value=False),
    )
    rows = _unusable(copies(rng, rows, "certificate_no", 0.002))
    path = inbox / "disability_list" / day.isoformat() / f"持证残疾人名册{day:%Y%m}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    rows.select(pl.col(name).alias(header) for name, header in HEADERS.items()).write_csv(
        buffer, line_terminator="\r\n"
    )
    path.write_bytes(buffer.getvalue().decode().encode("gb18030"))
    return Rows("disability_list", day, path.name, "certificate_no", rows)


def _certificates(rng: np.random.Generator, today: date, rows: pl.DataFrame) -> pl.DataFrame:
    n = len(rows)
    kind = texts(rng.choice(np.arange(1, 8), n, p=[0.13, 0.09, 0.01, 0.55, 0.08, 0.11, 0.03]))
    level = texts(rng.choice(np.arange(1, 5), n, p=[0.13, 0.22, 0.30, 0.35]))
    draw = rng.random(n)
    valid = pl.lit(today) + pl.duration(days=pl.lit(pl.Series(rng.integers(0, 3000, n))))
    expired = pl.lit(today) - pl.duration(days=pl.lit(pl.Series(rng.integers(1, 400, n))))
    issued = pl.lit(today) - pl.duration(days=pl.lit(pl.Series(rng.integers(450, 3500, n))))
    until = pl.when(pl.Series(draw < 0.06)).then(expired).when(pl.Series(draw < 0.3)).then(None).otherwise(valid)
    # The column contradicts the number now and then: the number holds.
    wrong = texts(rng.integers(1, 5, n))
    column_level = np.where(rng.random(n) < 0.01, wrong, level)
    rows = rows.with_columns(
        true_type=pl.Series(kind.astype(str)),
        true_level=pl.Series(level.astype(str)),
        valid_until=until,
        certificate_no=pl.concat_str("doc_no", pl.Series(kind.astype(str)), pl.Series(level.astype(str))),
        disability_type=pl.Series(kind.astype(str)),
        disability_level=pl.Series(column_level.astype(str)),
        issued=issued.dt.strftime("%Y-%m-%d"),
        valid=until.dt.strftime("%Y-%m-%d").fill_null(""),
        guardian_name=pl.when(pl.Series(rng.random(n) < 0.3))
        .then(pl.col("full_name").str.slice(0, 1) + "建国")
        .otherwise(pl.lit("")),
        guardian_phone=pl.when(pl.Series(rng.random(n) < 0.3)).then("phone").otherwise(pl.lit("")),
        newest=pl.lit(value=True),
    )
    # A reissue carries B1 and another level; the certificate before it stays on the list.
    again = rows.filter(pl.Series(rng.random(n) < 0.02))
    other = pl.when(pl.col("true_level") == "2").then(pl.lit("1")).otherwise(pl.lit("2"))
    reissued = again.with_columns(true_level=other, disability_level=other).with_columns(
        certificate_no=pl.concat_str("doc_no", "true_type", "true_level", pl.lit("B1")),
        valid=pl.lit(""),
        valid_until=None,
    )
    replaced = pl.col("person_id").is_in(again["person_id"].implode())
    return pl.concat([rows.with_columns(newest=~replaced), reissued])


def _unusable(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave one row of the list without its key."""
    lost = (pl.int_range(pl.len()) == pl.len() // 3) & pl.col("certificate_no").is_unique()
    return rows.with_columns(
        certificate_no=pl.when(lost).then(pl.lit("")).otherwise("certificate_no"),
        fault=pl.when(lost).then(pl.lit("missing_key")).otherwise("fault"),
        good_document=pl.col("good_document") & ~lost,
    )
