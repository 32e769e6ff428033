"""The committees' registrations of arrivals from other provinces (返沪人员登记表): one workbook a day."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sample.addresses import DEVELOPERS, has_letter, numbered, numeral, short_name
from sample.arrivals import FIRST_DAY, Arrival, Event, Travellers
from sample.dirt import is_one_slip, masked, mistyped, slip, unwritable
from sample.documents import Ints, wrong_check
from sample.people import Streams
from sample.regions import AREAS, Area, Country
from sample.rows import Rows
from sample.worksheets import Cell, Heading, write_sheet, write_sheets

HEADERS = [
    "序号",
    "姓名",
    "证件号码",
    "手机号码",
    "来源地",
    "抵沪日期",
    "交通方式",
    "居住小区",
    "楼号",
    "室号",
    "隔离方式",
    "备注",
]
KEY_PROVINCE = "湖北省"
_HOME_AT_ONCE = 159  # in home isolation on the day, of the full street
_FAULTS = ["unreadable_time", "future_time", "no_name_no_document"]


@dataclass(frozen=True)
class Registration:
    """A row that a committee wrote: who, when, from where, to which door, and 居家, 集中, 无需 or nothing.

    `hasty`: by a second committee, which didn't ask for the whole number.
    """

    person_id: int
    day: date
    folder: date
    origin: Area | Country
    destination: int
    way: str
    remark: str = ""
    fault: str = ""
    copy: bool = False
    hasty: bool = False


def registrations(
    streams: Streams, dwellings: pl.DataFrame, who: Travellers, border: Sequence[Arrival]
) -> list[Registration]:
    """Return all registrations up to the business date, by folder."""
    rng = streams.rng(71)
    doors = _doors(dwellings)
    allowed = set(doors.tolist())
    made: list[Registration] = []
    window = streams.date - timedelta(days=13)
    days = [FIRST_DAY + timedelta(days=n) for n in range((streams.date - FIRST_DAY).days + 1)]
    # The return after the Spring Festival peaks in mid-February; of the last fourteen days people are still at home.
    counts = {day: 8 + 70 * float(np.exp(-(((day - date(2020, 2, 17)).days / 9) ** 2))) for day in days if day < window}
    late_days = [day for day in days if day >= window]
    home_days = [late_days[i] for i in rng.integers(0, len(late_days), max(1, round(_HOME_AT_ONCE * streams.scale)))]
    plan = [(day, "") for day, n in counts.items() for _ in range(round(n * streams.scale))]
    plan += [(day, "居家") for day in sorted(home_days)]
    for day in days[-14:]:
        plan += [(day, "无需")] * round(3 * streams.scale) + [(day, "集中")] * round(0.6 * streams.scale)
    for day, way in plan:
        person = who.take(rng, 0.12)
        home = who.homes.get(person, -1)
        destination = home if home in allowed else int(rng.choice(doors))
        chosen = way or str(rng.choice(["居家", "无需", "集中", ""], p=[0.7, 0.22, 0.04, 0.04]))
        if chosen != "居家" and home < 0:
            destination = int(rng.choice(doors))
        late = timedelta(days=int(rng.random() < 0.12))
        folder = min(day + late, streams.date)
        made.append(Registration(person, day, folder, _origin(rng), destination, chosen))
    overruled = _overruled(rng, made)
    once = {r.person_id for r in overruled}
    made += (
        _again(rng, [r for r in made if r.person_id not in once], streams.date)
        + _also_at_the_border(rng, border, allowed, streams)
        + _restarted(streams.rng(73), border, allowed, streams.date)
        + overruled
    )
    made += _other_committees(streams.rng(74), made, {r.person_id for r in overruled}, streams)
    made += _unusable(rng, made, who)
    return sorted(made, key=lambda r: (r.folder, r.day, r.person_id, r.remark))


def events(made: Sequence[Registration], rows: Sequence[Rows]) -> list[Event]:
    """Return the true arrivals behind the registrations, for the truth."""
    good = [flag for folder in rows for flag in folder.rows["clean"].to_list()]
    # 集中 on the same day holds; whether a document ties the two registrations isn't told here, so nothing is said.
    central = {(r.person_id, r.day) for r in made if r.way == "集中" and r.remark}
    found = []
    for registration, clean in zip(made, good, strict=True):
        if (registration.person_id, registration.day) in central and registration.way == "居家":
            continue
        origin, home = registration.origin, registration.way == "居家"
        if isinstance(origin, Country):
            kind, colour, code, name = "border", "orange", origin.code, origin.name
        else:
            kind, code, name = "domestic", f"{origin.code // 10000}0000", origin.province
            colour = "yellow" if origin.province == KEY_PROVINCE else "blue"
        if not registration.way:
            home = colour != "blue"
        if not registration.fault and not registration.copy and registration.way != "集中":
            found.append(
                Event(
                    registration.person_id,
                    registration.day,
                    False,
                    home,
                    registration.destination,
                    colour,
                    kind,
                    code,
                    name,
                    clean=clean,
                    tied=clean,
                )
            )
    return found


def write_returnees(
    streams: Streams, inbox: Path, dwellings: pl.DataFrame, people: pl.DataFrame, made: Sequence[Registration]
) -> list[Rows]:
    """Write a folder for each day and return their rows."""
    rng = streams.rng(72)
    wanted = people.filter(pl.col("person_id").is_in([r.person_id for r in made]))
    persons = {row["person_id"]: row for row in wanted.iter_rows(named=True)}
    doors = {
        row["dwelling_id"]: row
        for row in dwellings.filter(pl.col("dwelling_id").is_in([r.destination for r in made])).iter_rows(named=True)
    }
    written: list[Rows] = []
    for day in sorted({r.folder for r in made}):
        mine = [r for r in made if r.folder == day]
        lines = _lines(rng, mine, persons, doors, streams.dirt)
        path = inbox / "returnees" / day.isoformat() / f"返沪人员登记表{day:%Y%m%d}.xlsx"
        table: list[list[Cell]] = [[number, *cells] for number, (cells, _) in enumerate(lines, start=1)]
        if len(table) > 3:
            table.insert(2, [])
        title = f"返沪人员登记表({day.year}年{day.month}月{day.day}日)"
        _write(path, Heading("登记表", title, HEADERS), table, len(written))
        written.append(
            Rows("returnees", day, path.name, "", pl.DataFrame([fact for _, fact in lines], infer_schema_length=None))
        )
    return written


def _write(path: Path, heading: Heading, table: list[list[Cell]], number: int) -> None:
    """Write the day's workbook: now and then with last month's hidden beside it, over two sheets, or begun anew."""
    if number % 5 == 1:
        write_sheets(path, [heading], [table], former=replace(heading, sheet="上月"))
    elif number % 7 == 2 and len(table) > 1:
        half = len(table) // 2
        parts = [heading, replace(heading, sheet="登记表(2)")]
        write_sheets(path, parts, [table[:half], table[half:]])
    elif number % 7 == 5 and len(table) > 1:
        begun_anew: list[list[Cell]] = [["返沪人员登记表(续)"], list(HEADERS)]
        write_sheet(path, heading, table[:1] + begun_anew + table[1:], total=True)
    else:
        write_sheet(path, heading, table, total=True)


def _lines(
    rng: np.random.Generator,
    mine: Sequence[Registration],
    persons: dict[int, Any],
    doors: dict[int, Any],
    dirt: float,
) -> list[tuple[list[Cell], dict[str, Any]]]:
    lines: list[tuple[list[Cell], dict[str, Any]]] = []
    for position, r in enumerate(mine):
        if r.copy:
            cells, facts = lines[position - 1]
            lines[position - 1] = (cells, facts | {"superseded": True})
            lines.append((cells, facts))
        else:
            lines.append(_line(rng, r, persons[r.person_id], doors[r.destination], dirt))
    return lines


def _line(
    rng: np.random.Generator, r: Registration, person: dict[str, Any], door: dict[str, Any], dirt: float
) -> tuple[list[Cell], dict[str, Any]]:
    """Return the cells of a row (but for 序号) and what the truth says about it."""
    name, number, good = _identity(rng, person, dirt)
    if r.hasty and good:
        number, good = ("" if rng.random() < 0.5 else masked(number)), False
    slips = 0
    if rng.random() < 0.012 * dirt:
        typed = mistyped(rng, name)
        slips = 0 if typed == name else 1 if is_one_slip(name, typed) else 2
        name, good = typed, good and slips < 2
    compound, building, room, form = _door_cells(rng, door, dirt)
    said_phone = str(person["phone"])
    if said_phone and rng.random() < 0.04 * dirt:
        said_phone = str(rng.integers(13_000_000_000, 20_000_000_000))
    # A spreadsheet keeps some telephone numbers as numbers.
    phone: Cell = float(said_phone) if said_phone and rng.random() < 0.05 else said_phone
    day = _written_day(rng, r)
    if r.fault == "no_name_no_document":
        name, number = "", "-"
    way = "居家隔离" if r.way == "居家" and rng.random() < 0.1 else r.way
    transport = ["自驾", "火车", "飞机", "长途汽车"][int(rng.integers(0, 4))]
    cells: list[Cell] = [
        name,
        number,
        phone,
        _written_origin(rng, r.origin),
        day,
        transport,
        compound,
        building,
        room,
        way,
        r.remark,
    ]
    good = good and not r.fault
    facts = {
        "person_id": r.person_id,
        "dwelling_id": r.destination,
        "form": form,
        "level": "building" if form == "no_room" else "dwelling",
        "good_document": good,
        "tied": good,
        "slips": slips,
        "full_name": name,
        "number": number,
        "phone": said_phone,
        "fault": r.fault,
        "superseded": False,
        "clean": good and form == "plain",
    }
    return cells, facts


def _identity(rng: np.random.Generator, person: dict[str, Any], dirt: float) -> tuple[str, str, bool]:
    """Return name and document number as written, and whether the number identifies.

    The sheet has no column for the kind of document or its country: only a number with a check digit does.
    """
    name, number, good = person["full_name"], person["doc_no"], person["doc_type"] in ("10", "35")
    if person["nationality"] == "CHN" and not number:
        number, good = person["resident_id"], True
    if rng.random() < 0.006:
        name = slip(name)
    elif rng.random() < 0.5:
        name = unwritable(name)
    draw = rng.random() / dirt
    if person["nationality"] != "CHN" or draw >= 0.14 or not good:
        return name, number, good
    if draw < 0.02:
        return name, wrong_check(number) if draw < 0.012 else "", False
    if draw < 0.05:
        return name, number.lower(), good
    withheld = masked(number, rng.random()) if draw < 0.09 else person["crossing_no"] if draw < 0.11 else ""
    return name, withheld, False


def _door_cells(rng: np.random.Generator, door: dict[str, Any], dirt: float) -> tuple[str, str, str, str]:
    """Return compound, building and room as written, and the form of the address."""
    compound, building, room, draw = door["compound_name"], door["building_no"], door["room_no"], rng.random()
    plain = "lettered" if has_letter(building, room.replace("单元", "")) else "plain"
    called = rng.random() / dirt
    if called < 0.04:
        compound, plain = DEVELOPERS[int(rng.integers(0, len(DEVELOPERS)))] + compound, "developer"
    elif called < 0.08 and short_name(compound) != compound:
        compound, plain = short_name(compound), "no_kind"
    if draw < 0.25:
        return compound, numbered(building), room, plain
    if draw < 0.30:
        return compound, f"{numeral(building)}号", room, "chinese_numerals" if plain == "plain" else plain
    if draw < 0.33:
        return compound, building, "", "no_room"
    return compound, building, f"{room}室" if draw < 0.36 else room, plain


def _written_day(rng: np.random.Generator, r: Registration) -> Cell:
    if r.fault == "unreadable_time":
        return "昨日晚上"
    if r.fault == "future_time":
        return "2020-12-30"
    day = r.day
    forms: list[Cell] = [
        day,
        day,
        f"{day.year}/{day.month}/{day.day}",
        day.isoformat(),
        f"{day.month}月{day.day}日",
        f"{day.year}年{day.month}月{day.day}日",
        f"{day.year}.{day.month}.{day.day}",
        str((day - date(1899, 12, 30)).days),
        f"{day.year}/{day.month}/{day.day} 上午9:30",
        f"{day.year}/{day.month}/{day.day} 9:30:00 PM",
        f"{day.year}年{day.month}月{day.day}日 9时30分",
        f"{day.isoformat()}T00:00:00Z",
        f"{day.year}/{day.month}/{day.day} 星期{'一二三四五六日'[day.weekday()]}",
    ]
    shares = [0.28, 0.2, 0.14, 0.11, 0.11, 0.05, 0.04, 0.02, 0.01, 0.01, 0.01, 0.01, 0.01]
    return forms[int(rng.choice(len(forms), p=shares))]


def _written_origin(rng: np.random.Generator, origin: Area | Country) -> str:
    if isinstance(origin, Country):
        return origin.name
    short = origin.province.removesuffix("省").removesuffix("市").removesuffix("维吾尔自治区")
    if short == origin.city:
        return [origin.city, f"{origin.city}市"][int(rng.integers(0, 2))]
    place = f"{origin.city}地区" if origin.city == "喀什" else f"{origin.city}市"
    return [f"{origin.province}{place}", origin.city, f"{short}{origin.city}", origin.province][int(rng.integers(0, 4))]


def _origin(rng: np.random.Generator) -> Area:
    weights = np.array([area.migrants * (2.5 if area.province == KEY_PROVINCE else 1.0) for area in AREAS])
    return AREAS[int(rng.choice(len(AREAS), p=weights / weights.sum()))]


def _doors(dwellings: pl.DataFrame) -> Ints:
    """Return dwellings that (compound, building, room) alone fixes: not on the road, not in a compound of two lanes."""
    lanes = pl.col("lane").n_unique().over("compound_id")
    fixed = dwellings.filter((pl.col("usage") == "1") & (pl.col("compound_name") != "") & (lanes == 1))
    return np.asarray(fixed["dwelling_id"].to_numpy(), dtype=np.int64)


def _again(rng: np.random.Generator, made: Sequence[Registration], today: date) -> list[Registration]:
    """Register some twice: by another committee, a day later; or the same row copied within a workbook."""
    result = []
    for r in made:
        draw = rng.random()
        if draw < 0.04 and r.folder < today and r.way:
            moved = timedelta(days=int(rng.random() < 0.2))
            result.append(
                replace(r, folder=r.folder + timedelta(days=1), day=min(r.day + moved, today), remark="重复登记")
            )
        elif draw < 0.05:
            result.append(replace(r, copy=True))
    return result


def _other_committees(
    rng: np.random.Generator, made: Sequence[Registration], overruled: set[int], streams: Streams
) -> list[Registration]:
    """Register some arrivals by another committee as well, in its own writing, on the same day or the next."""
    once = [r for r in made if r.way and not r.remark and not r.copy and r.person_id not in overruled]
    chosen = [r for r in once if rng.random() < 0.05 * streams.dirt and r.folder < streams.date]
    return [
        replace(r, folder=r.folder + timedelta(days=int(rng.random() < 0.6)), remark="另一居委登记", hasty=True)
        for r in chosen
    ]


def _restarted(
    rng: np.random.Generator, border: Sequence[Arrival], allowed: set[int], today: date
) -> list[Registration]:
    """Register some who isolate after an entry for a journey a few days before it: the entry restarts the isolation."""
    home = [
        a
        for a in border
        if a.course == "home" and not a.broken and a.destination in allowed and 0 < (today - a.day).days < 14
    ]
    before = [a.day - timedelta(days=int(rng.integers(3, 11))) for a in home]
    return [
        Registration(a.person_id, day, day, _origin(rng), a.destination, "居家", "其后出境")
        for a, day in zip(home, before, strict=True)
        if day >= FIRST_DAY and rng.random() < 0.02
    ]


def _overruled(rng: np.random.Generator, made: Sequence[Registration]) -> list[Registration]:
    """Register some who isolate at home a second time on the same day, as in central isolation: that holds."""
    home = [r for r in made if r.way == "居家"]
    few = max(1, len(home) // 150) if home else 0
    return [replace(home[int(i)], way="集中", remark="转集中") for i in rng.choice(len(home), few, replace=False)]


def _also_at_the_border(
    rng: np.random.Generator, border: Sequence[Arrival], allowed: set[int], streams: Streams
) -> list[Registration]:
    """Register some who entered from outside the border at their committee as well, with the country they came from."""
    home = [
        a for a in border if a.course == "home" and not a.broken and a.destination in allowed and a.day < streams.date
    ]
    chosen = rng.permutation(len(home))[: round(len(home) * 0.03)]
    return [
        Registration(a.person_id, a.day, a.day + timedelta(days=1), a.country, a.destination, "居家", "境外来沪")
        for a in (home[i] for i in sorted(chosen.tolist()))
    ]


def _unusable(rng: np.random.Generator, made: Sequence[Registration], who: Travellers) -> list[Registration]:
    if not made:
        return []
    few = max(1, len(made) // 250)
    like = [made[int(i)] for i in rng.integers(0, len(made), few)]
    return [
        replace(r, person_id=who.take(rng, 1.0), origin=_origin(rng), remark="", copy=False, fault=_FAULTS[i % 3])
        for i, r in enumerate(like)
    ]
