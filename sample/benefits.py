"""The benefits list (待遇名单) of civil affairs: a workbook a month; most rows are the allowance of the over-65s."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from sample.addresses import FORMS, draw_forms, written
from sample.dirt import Withheld, dirty_ids, former_homes, mistype, slips, strange_phones, withhold
from sample.people import Streams
from sample.rows import Rows, copies
from sample.worksheets import Cell, Heading, write_sheet

HEADERS = ["姓名", "身份证号", "待遇类别", "开始日期", "结束日期", "月发放金额", "居委会", "居住地址", "联系电话"]
# Benefit: share of those it may go to, the youngest age, yuan a month (0: in kind).
_BENEFITS: dict[str, tuple[float, int, int]] = {
    "老年综合津贴": (0.93, 65, 75),
    "低保": (0.012, 0, 1240),
    "低收入": (0.006, 0, 620),
    "特困供养": (0.001, 60, 1610),
    "支出型贫困": (0.001, 18, 900),
    "居家养老服务": (0.05, 60, 0),
    "助餐服务": (0.04, 60, 0),
    "临时救助": (0.0008, 18, 2000),
}


_WITHHELD = Withheld(masked=0.04, nothing=0.01)


def published_on(day: date) -> date:
    """Return the first of the month: the list comes monthly."""
    return day.replace(day=1)


def write_benefits(streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame) -> Rows:
    """Write the month's folder and return its rows, with each benefit's code and dates beside them."""
    rng = streams.rng(82)
    day = published_on(streams.date)
    rows = pl.concat([_granted(rng, streams.date, people, benefit) for benefit in _BENEFITS]).sort("home", "person_id")
    rows = rows.with_columns(home=former_homes(rng, rows["home"], 0.03 * streams.dirt))
    forms = draw_forms(rng, dwellings, rows["home"].to_numpy(), streams.dirt)
    typed, good = dirty_ids(rng, rows["doc_no"], rows["birth_date"].dt.year(), streams.dirt)
    typed, good = withhold(rng, typed, good, _WITHHELD, streams.dirt)
    full_name, kept = mistype(rng, rows["full_name"], 0.008 * streams.dirt)
    others = people["phone"].shift(1).fill_null("")[rows["person_id"]]
    address = written(rng, dwellings, rows["home"].to_numpy(), forms)
    rows = rows.with_columns(
        number=typed,
        # A number whose holder seems to have another name proves nothing in a list without birth dates.
        good_document=good & kept,
        full_name=full_name,
        slips=slips(rows["full_name"], full_name, kept),
        phone=strange_phones(rng, rows["phone"], others, 0.08 * streams.dirt),
        form=pl.Series(forms.astype(str)),
        level=pl.Series([FORMS[form].level for form in forms]),
        tied=good & kept,
        address=pl.Series(address.astype(str)),
        committee=dwellings["committee_name"][rows["home"].to_numpy()],
        row_id=pl.int_range(pl.len()),
        dwelling_id="home",
        fault=pl.lit(""),
        superseded=pl.lit(value=False),
    )
    rows = copies(rng, rows, "row_id", 0.001)
    rows = _unusable(rows)
    path = inbox / "welfare_list" / day.isoformat() / f"待遇名单{day:%Y%m}.xlsx"
    cells: list[list[Cell]] = [
        list(row)
        for row in rows.select(
            "full_name", "number", "benefit", "started_on", "ended_on", "amount", "committee", "address", "phone"
        ).iter_rows()
    ]
    write_sheet(path, Heading("名单", f"花木街道{day.year}年{day.month}月待遇享受人员名单", HEADERS), cells, total=True)
    return Rows("welfare_list", day, path.name, "", rows)


def _granted(rng: np.random.Generator, today: date, people: pl.DataFrame, benefit: str) -> pl.DataFrame:
    share, youngest, amount = _BENEFITS[benefit]
    local = people.filter(
        pl.col("residence_type").is_in(["1", "3"])
        & (pl.col("presence") == "lives")
        & pl.col("in_registry")
        & (pl.col("doc_type") == "10")
        & (pl.col("birth_date") <= date(today.year - youngest, today.month, 1))
    )
    chosen = local.filter(pl.Series(rng.random(len(local)) < share))
    n = len(chosen)
    back = rng.integers(40, 2200, n)
    ended = rng.random(n) < 0.25 if benefit != "老年综合津贴" else np.zeros(n, dtype=bool)
    # Ended ones ended before or will end after the day, never so that the start is later.
    until = np.where(rng.random(n) < 0.3, -rng.integers(1, 35, n), rng.integers(0, 300, n))
    days = [today + timedelta(days=int(d)) if e else None for d, e in zip(until, ended, strict=True)]
    return chosen.select("person_id", "full_name", "doc_no", "birth_date", "home", "phone").with_columns(
        benefit=pl.lit(benefit),
        amount=pl.lit(float(amount) if amount else None, dtype=pl.Float64),
        started_on=pl.lit(today) - pl.duration(days=pl.lit(pl.Series(back))),
        ended_on=pl.Series(days, dtype=pl.Date),
    )


def _unusable(rows: pl.DataFrame) -> pl.DataFrame:
    """Leave one row of the list without a name and a number."""
    lost = (pl.int_range(pl.len()) == pl.len() // 2) & (pl.col("row_id").is_unique())
    return rows.with_columns(
        full_name=pl.when(lost).then(pl.lit("")).otherwise("full_name"),
        number=pl.when(lost).then(pl.lit("")).otherwise("number"),
        fault=pl.when(lost).then(pl.lit("no_name_no_document")).otherwise("fault"),
        good_document=pl.col("good_document") & ~lost,
    )
