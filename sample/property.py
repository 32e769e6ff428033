"""What the property-management companies report of their compounds: one CSV a company, UTF-8, weekly."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import polars as pl

from sample.addresses import DEVELOPERS, chinese_number, has_letter, numbered, numeral, short_name
from sample.dirt import dirty_phones, mistype, slips, strange_phones, titled
from sample.housing import published_on
from sample.people import Streams
from sample.rows import Rows, copies, spread

HEADERS = {
    "compound": "小区",
    "building": "楼号",
    "room": "室号",
    "occupancy": "入住状态",
    "occupant": "住户姓名",
    "phone": "手机号",
    "moved_in_on": "入住日期",
    "registered_on": "登记日期",
}
_SENT_TWICE = 12
# What a company calls the compounds that it has no other name for: the company's own word, and a number.
_ESTATES = ("陆新", "申江", "浦安", "云麓", "汇景", "盛和", "东麓", "和润", "景瑞", "永乐", "天誉", "明辉")
_COMPANIES = [
    "申花物业",
    "浦明物业",
    "联洋物业",
    "锦绣物业",
    "由由物业",
    "培花物业",
    "东城物业",
    "永升物业",
    "陆家嘴物业",
    "仁和物业",
    "海桐物业",
    "兰庭物业",
]


def write_property(streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame) -> list[Rows]:
    """Write the week's folder, a file a company, and return the rows of each file, which is a batch of its own.

    The first company sends the head of its list once more under the name that a mail program gives a second copy.
    """
    rng = streams.rng(81)
    companies = _COMPANIES[: max(2, round(len(_COMPANIES) * streams.scale))]
    rows = _reported(rng, streams, dwellings, people, len(companies))
    day = published_on(streams.date)
    folder = inbox / "property_occupancy" / day.isoformat()
    folder.mkdir(parents=True, exist_ok=True)
    taken = set(dwellings["compound_name"])
    written = []
    for number, company in enumerate(companies):
        mine = _dirty(rng, rows.filter(pl.col("company") == number), taken, _ESTATES[number], streams.dirt)
        path = folder / f"{company}.csv"
        mine.select(pl.col(name).alias(header) for name, header in HEADERS.items()).write_csv(path)
        written.append(Rows("property_occupancy", day, path.name, "", mine))
    again = written[0].rows
    again = again.filter((pl.col("fault") == "") & ~pl.col("superseded"))[:_SENT_TWICE]
    path = folder / f"{companies[0]}(1).csv"
    again.select(pl.col(name).alias(header) for name, header in HEADERS.items()).write_csv(path)
    return [*written, Rows("property_occupancy", day, path.name, "", again)]


def _reported(
    rng: np.random.Generator, streams: Streams, dwellings: pl.DataFrame, people: pl.DataFrame, companies: int
) -> pl.DataFrame:
    """Return a row for each home in the compounds the companies manage, two thirds of all."""
    here = people.filter((pl.col("presence") == "lives") & (pl.col("home") >= 0) & pl.col("in_registry"))
    heads = here.unique("home", keep="first", maintain_order=True)
    last = here.unique("home", keep="last", maintain_order=True).select("home", other="phone")
    heads = heads.join(last, on="home", how="left", maintain_order="left")
    heads = heads.select("home", "person_id", "full_name", "phone", "other", "residence_type")
    # (compound, building, room) must fix the door, which it doesn't in a compound of two lanes.
    one_lane = pl.col("lane").n_unique().over("compound_id") == 1
    company = pl.col("compound_id") % max(2, companies * 3 // 2)
    managed = dwellings.filter(
        one_lane & (pl.col("usage") == "1") & (pl.col("compound_name") != "") & (company < companies)
    )
    rows = managed.with_columns(company=company).join(
        heads, left_on="dwelling_id", right_on="home", how="left", maintain_order="left"
    )
    n = len(rows)
    lived_in = pl.col("person_id").is_not_null()
    rented = pl.col("residence_type").is_in(["4", "5"])
    back = pl.lit(pl.Series(rng.integers(1, 165, n)))
    registered = pl.lit(published_on(streams.date)) - pl.duration(days=back)
    moved_in = registered - pl.duration(days=pl.lit(pl.Series(rng.integers(1, 3000, n))))
    return rows.select(
        "company",
        "dwelling_id",
        "person_id",
        compound="compound_name",
        building="building_no",
        room="room_no",
        lettered=pl.Series([has_letter(*door) for door in rows.select("building_no", "room").iter_rows()]),
        occupancy=pl.when(~lived_in & spread(rng, n, 0.1))
        .then(pl.lit("装修"))
        .when(~lived_in)
        .then(pl.lit("空置"))
        .when(rented)
        .then(pl.lit("出租"))
        .otherwise(pl.lit("自住")),
        occupant=pl.col("full_name").fill_null(""),
        phone=pl.col("phone").fill_null(""),
        other=pl.col("other").fill_null(""),
        moved_in_on=pl.when(lived_in).then(moved_in.dt.strftime("%Y-%m-%d")).otherwise(pl.lit("")),
        registered_on=registered.dt.strftime("%Y-%m-%d"),
        form=pl.lit("plain"),
        level=pl.lit("dwelling"),
        good_document=pl.lit(value=False),
        tied=pl.lit(value=False),
        fault=pl.lit(""),
        superseded=pl.lit(value=False),
    )


def _own_names(
    rng: np.random.Generator, compounds: list[str], taken: Collection[str], estate: str, dirt: float
) -> dict[str, tuple[str, str]]:
    """Return what a company calls the compounds that it has a name of its own for, and that name's form of address."""
    own: dict[str, tuple[str, str]] = {}
    for name in compounds:
        draw = rng.random() / dirt
        if draw < 0.11:
            called, form = short_name(name), "short_compound"
        elif draw < 0.22:
            called, form = DEVELOPERS[int(rng.integers(0, len(DEVELOPERS)))] + name, "developer"
        elif draw < 0.30:
            called, form = f"{estate}{chinese_number(len(own) + 1)}号院", "own_name"
        else:
            continue
        if called not in taken and all(called != other for other, _ in own.values()):
            own[name] = called, form
    return own


def _dirty(
    rng: np.random.Generator, rows: pl.DataFrame, taken: Collection[str], estate: str, dirt: float
) -> pl.DataFrame:
    """Return the rows as a company writes them.

    `taken` are the names of all compounds of the street, `estate` is the company's word for what it manages.
    """
    n = len(rows)
    compounds = rows["compound"].unique(maintain_order=True).to_list()
    # Some compounds go by the company's own name; the buildings of each are written in one manner.
    own = _own_names(rng, compounds, taken, estate, dirt)
    named = rows["compound"].replace({name: called for name, (called, _) in own.items()})
    form = rows["compound"].replace_strict({name: form for name, (_, form) in own.items()}, default="plain")
    manner = {name: ["", "号", "号楼", "", "号"][number % 5] for number, name in enumerate(compounds)}
    numeral_here = spread(rng, n, 0.01 * dirt)
    written = [numbered(number, manner[name]) for number, name in rows.select("building", "compound").iter_rows()]
    chinese = pl.Series([f"{numeral(number)}号" for number in rows["building"]], dtype=pl.String)
    lost = spread(rng, n, 0.0003)
    vague = spread(rng, n, 0.0003)
    day = pl.col("registered_on")
    vacant = pl.col("occupancy") == "空置"
    occupant, kept = titled(rng, *mistype(rng, rows["occupant"], 0.02 * dirt), share=0.02 * dirt)
    rows = rows.with_columns(
        slips=slips(rows["occupant"], occupant, kept),
        occupant=occupant,
        phone=strange_phones(rng, rows["phone"], rows["other"], 0.12 * dirt),
    )
    rows = rows.with_columns(
        compound=pl.when(lost).then(pl.lit("")).otherwise(named),
        building=pl.when(vague)
        .then(pl.lit(""))
        .when(numeral_here)
        .then(chinese)
        .otherwise(pl.Series(written, dtype=pl.String)),
        room=pl.when(vague).then(pl.lit("")).when(spread(rng, n, 0.01)).then(pl.col("room") + "室").otherwise("room"),
        occupant=pl.when(vacant & spread(rng, n, 0.02)).then(pl.lit("待售")).otherwise("occupant"),
        phone=dirty_phones(rng, "phone", n, dirt),
        registered_on=pl.when(spread(rng, n, 0.02)).then(day.str.replace_all("-", "/")).otherwise(day),
        fault=pl.when(lost)
        .then(pl.lit("missing_compound"))
        .when(vague)
        .then(pl.lit("missing_building_and_room"))
        .otherwise(pl.lit("")),
        form=pl.when(form != "plain")
        .then(form)
        .when("lettered")
        .then(pl.lit("lettered"))
        .when(numeral_here)
        .then(pl.lit("chinese_numerals"))
        .otherwise(pl.lit("plain")),
    )
    return copies(rng, rows, "dwelling_id", 0.001) if n else rows
