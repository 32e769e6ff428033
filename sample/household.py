"""The household registry (实有人口) as public security sends it: CSV, GB18030, gzip, one row per registered person."""

import gzip
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from sample.addresses import FORMS, draw_forms, written
from sample.dirt import dirty_birth_dates, dirty_ids, dirty_phones, mistype, slip, slips, strange_phones
from sample.documents import texts
from sample.people import Streams
from sample.rows import Rows, copies, spread

# A quote that somebody typed and never closed: a writer of CSV would double it, so it is put in afterwards.
_STRAY_QUOTE = "\ue000"
HEADERS = {
    "person_no": "人员编号",
    "id_type": "证件类型",
    "id_number": "证件号码",
    "full_name": "姓名",
    "sex": "性别",
    "ethnic_group": "民族",
    "birth_date": "出生日期",
    "household_no": "户号",
    "relation_to_head": "与户主关系",
    "residence_type": "人口类别",
    "registered_address": "户籍地址",
    "living_address": "现住地址",
    "phone": "联系电话",
    "status": "状态",
    "updated_at": "更新时间",
}


def write_household(
    streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame, *, day_before: bool = False
) -> Rows:
    """Write the day's folder and return its rows; with `day_before` also that day's, before the newest were known."""
    rng = streams.rng(41)
    people = people.filter("in_registry").sort("household", maintain_order=True)
    rows = _clean(rng, streams, dwellings, people)
    rows = _dirty(rng, rows, streams.dirt)
    rows = _twice(rng, rows)
    rows = _unusable(rng, rows)
    former = (pl.col("updated_at").str.replace(r"^\d{4}", "2001"), pl.lit("").alias("phone"))
    rows = copies(rng, copies(rng, rows, "person_no", 0.0015), "person_no", 0.0015, *former)
    rows = _file_oddities(rng, rows)
    if day_before:
        eve = streams.date - timedelta(days=1)
        _write(inbox, eve, rows.filter(pl.col("updated_at") < eve.isoformat()))
    return Rows("household_registry", streams.date, _write(inbox, streams.date, rows), "person_no", rows)


def _write(inbox: Path, day: date, rows: pl.DataFrame) -> str:
    """Write the list of a day and return the name of its file."""
    path = inbox / "household_registry" / day.isoformat() / f"实有人口_{day:%Y%m%d}.csv.gz"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(_encoded(rows), compresslevel=5, mtime=0))
    return path.name


def _encoded(rows: pl.DataFrame) -> bytes:
    """Return the CSV; the export changes from CRLF to LF in the middle, as two systems' parts do."""
    table = rows.select(pl.col(name).alias(header) for name, header in HEADERS.items())
    first, second = io.BytesIO(), io.BytesIO()
    table[: len(table) // 2].write_csv(first, line_terminator="\r\n")
    table[len(table) // 2 :].write_csv(second, include_header=False)
    text = (first.getvalue() + second.getvalue()).decode()
    return text.replace(_STRAY_QUOTE, '"').encode("gb18030")


def _clean(rng: np.random.Generator, streams: Streams, dwellings: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    n = len(people)
    home = people["home"].to_numpy()
    forms = draw_forms(rng, dwellings, home, streams.dirt)
    away = people["lives_elsewhere"].to_numpy() != ""
    forms[away] = "elsewhere"
    registered_here = people["registered_elsewhere"].to_numpy() == ""
    same = registered_here & ~away & (rng.random(n) < 0.003)
    living = written(rng, dwellings, home, np.where(away, "plain", forms))
    living = np.where(away, people["lives_elsewhere"].to_numpy(), living)
    living[same] = np.array(["同上", "同户籍地址"], dtype=object)[rng.integers(0, 2, int(same.sum()))]
    forms[same] = "same_as_registered"
    registered = written(rng, dwellings, home, draw_forms(rng, dwellings, home, streams.dirt, unusual=0.03))
    foreign = people["residence_type"].to_numpy() == "5"
    registered = np.where(foreign, "", np.where(registered_here, registered, people["registered_elsewhere"].to_numpy()))
    age_days = (rng.beta(1, 4, n) * 4000).astype(np.int64)
    updated = (
        np.datetime64(streams.date)
        - age_days.astype("timedelta64[D]")
        + rng.integers(-60_000, -3600, n).astype("timedelta64[s]")
    )
    return people.select(
        "person_id", "full_name", "birth_date", "residence_type", "status", "phone", "home"
    ).with_columns(
        person_no=pl.Series("RK310115016" + texts(np.arange(n) + 1_000_000)).cast(pl.String),
        id_type=people["doc_type"],
        id_number=people["doc_no"],
        sex=people["sex"].cast(pl.String),
        ethnic_group=people["ethnic_group"],
        household_no=pl.format("H{}", (pl.lit(people["household"]) + 10_000_000)),
        relation_to_head=people["relation"],
        registered_address=pl.Series(registered.astype(str)),
        living_address=pl.Series(living.astype(str)),
        updated_at=pl.Series(updated.astype("datetime64[ms]")).dt.strftime("%Y-%m-%d %H:%M:%S"),
        form=pl.Series(forms.astype(str)),
        level=pl.Series([FORMS[f].level if f in FORMS else {"elsewhere": "outside"}.get(f, "dwelling") for f in forms]),
        fault=pl.lit(""),
        superseded=pl.lit(value=False),
    )


def _dirty(rng: np.random.Generator, rows: pl.DataFrame, dirt: float) -> pl.DataFrame:
    n = len(rows)
    typed, good = dirty_ids(rng, rows["id_number"], rows["birth_date"].dt.year(), dirt)
    full_name, kept = mistype(rng, rows["full_name"], 0.003 * dirt)
    # A neighbour in the list is mostly one in the household.
    rows = rows.with_columns(
        slips=slips(rows["full_name"], full_name, kept),
        full_name=full_name,
        phone=strange_phones(rng, rows["phone"], rows["phone"].shift(1).fill_null(""), 0.03 * dirt),
    )
    child = rows["birth_date"] > date(2008, 1, 1)
    mother = rows["id_number"].shift(1)
    of_another = (
        child
        & spread(rng, n, 0.006)
        & (rows["home"] == rows["home"].shift(1))
        & (mother.str.len_chars() == 18)
        & (rows["id_type"] == "10")
        & (rows["id_type"].shift(1) == "10")
    ).fill_null(value=False)
    sex = pl.col("sex")
    name = pl.col("full_name")
    return rows.with_columns(
        id_number=pl.when(of_another).then(mother).otherwise(typed),
        # A passport without its country is evidence only; the registry has no column for it.
        good_document=good & kept & ~of_another & ~pl.col("id_type").is_in(["20", "90"]),
        defect=pl.when(of_another)
        .then(pl.lit("document_of_another"))
        .when(~good)
        .then(pl.lit("bad_document"))
        .otherwise(pl.lit("")),
        birth_date=dirty_birth_dates(rng, "birth_date", n, dirt),
        sex=pl.when(spread(rng, n, 0.001))
        .then(3 - sex.cast(pl.Int64))
        .when(spread(rng, n, 0.004))
        .then(pl.when(sex == "1").then(pl.lit("男")).otherwise(pl.lit("女")))
        .when(spread(rng, n, 0.001))
        .then(pl.lit("9"))
        .otherwise(sex),
        full_name=pl.when(spread(rng, n, 0.0008))
        .then(name.str.replace(r"^(.)", "${1} "))
        .when(spread(rng, n, 0.0004))
        .then(name + "\u200b")
        .when(spread(rng, n, 0.00005))
        .then(pl.format("={}", name))
        .otherwise(name),
        phone=dirty_phones(rng, "phone", n, dirt),
        relation_to_head=pl.when(spread(rng, n, 0.0005)).then(pl.lit("ZZ")).otherwise("relation_to_head"),
        ethnic_group=pl.when(spread(rng, n, 0.0005)).then(pl.lit("汉")).otherwise("ethnic_group"),
        updated_at=pl.when(spread(rng, n, 0.0002)).then(pl.lit("0000-00-00 00:00:00")).otherwise("updated_at"),
    )


def _twice(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Register some people again under another number: half with a slip in the name, half with a mistyped ID."""
    bare = rows["id_number"].str.len_chars() == 18
    plain = rows["good_document"] & (rows["id_type"] == "10") & (rows["status"] == "1") & bare
    usable = np.flatnonzero(plain.to_numpy())
    chosen = rng.choice(usable, max(2, len(rows) // 600), replace=False)
    again = rows[np.sort(chosen)]
    mistyped = pl.Series(np.arange(len(again)) % 2 == 1)
    number = pl.col("id_number")
    again = again.with_columns(
        person_no=pl.format("RK310115016{}", pl.int_range(pl.len()) + 5_000_000),
        full_name=pl.when(mistyped)
        .then("full_name")
        .otherwise(pl.col("full_name").map_elements(slip, return_dtype=pl.String)),
        # Two digits change places in the order number: the check digit no longer fits.
        id_number=pl.when(mistyped)
        .then(
            number.str.slice(0, 14)
            + ((number.str.slice(14, 1).str.to_integer(strict=False) + 1) % 10).cast(pl.String)
            + number.str.slice(15)
        )
        .otherwise(number),
        good_document=~mistyped,
        slips=pl.when(mistyped).then("slips").otherwise(pl.col("slips") + 1),
        defect=pl.when(mistyped).then(pl.lit("bad_document")).otherwise(pl.lit("slip")),
    )
    return pl.concat([rows, again])


def _unusable(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Make a few rows ones that can't be used: no key, or neither a name nor a document."""
    few = max(1, len(rows) // 20_000)
    usable = np.flatnonzero((rows["defect"] == "").to_numpy())
    chosen = rng.choice(usable, 2 * few, replace=False)
    fault = np.full(len(rows), "", dtype=object)
    fault[chosen[:few]], fault[chosen[few:]] = "missing_key", "no_name_no_document"
    rows = rows.with_columns(fault=pl.Series(fault.astype(str)))
    nobody = pl.col("fault") == "no_name_no_document"
    return rows.with_columns(
        person_no=pl.when(pl.col("fault") == "missing_key").then(pl.lit("")).otherwise("person_no"),
        full_name=pl.when(nobody).then(pl.lit("不详")).otherwise("full_name"),
        id_number=pl.when(nobody).then(pl.lit("-")).otherwise("id_number"),
        good_document=pl.col("good_document") & (pl.col("fault") == ""),
    )


def _file_oddities(rng: np.random.Generator, rows: pl.DataFrame) -> pl.DataFrame:
    """Put a NUL byte into two telephone cells, an endless text into one registered address, a quote before one home."""
    row = pl.int_range(pl.len())
    chosen = rng.choice(len(rows), 3, replace=False).tolist()
    plain = (rows["form"] == "plain") & ~rows["superseded"] & (rows["fault"] == "")
    quoted = rng.choice(np.flatnonzero(plain.to_numpy())[: len(rows) // 2])
    rows = rows.with_columns(
        living_address=pl.when(row == quoted).then(_STRAY_QUOTE + pl.col("living_address")).otherwise("living_address"),
        form=pl.when(row == quoted).then(pl.lit("stray_quote")).otherwise("form"),
    )
    return rows.with_columns(
        phone=pl.when(row.is_in(chosen[:2])).then(pl.col("phone") + "\x00").otherwise("phone"),
        registered_address=pl.when(row == chosen[2]).then(pl.lit("户籍地址" * 2600)).otherwise("registered_address"),
    )
