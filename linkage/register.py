"""The street's register of doors: from the housing list in force, with keys that stay (docs/rules.md, R-PLACE-1).

A door is known by (compound, building, room) and by (road, lane, building, room). Source of the rules: docs/rules.md,
R-PLACE-2: the same name in one committee, or over two committees with a common lane, is one compound; dwellings of no
compound belong to one compound a committee, 沿街散户.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl
import psycopg

from linkage import address, aliases, cache
from linkage.lexicon import Lexicon
from linkage.table import append, read

NO_COMPOUND: Final = "沿街散户"

DWELLING_COLUMNS: Final = (
    "dwelling_key", "dwelling_code", "batch_id", "row_no", "building_key", "compound_key", "compound_name",
    "committee_code", "road", "lane", "building_no", "unit_no", "room_no",
)  # fmt: skip


@dataclass(frozen=True)
class Register:
    """The doors of the street, and what can be known of an address by each of its parts.

    doors: one row per dwelling: DWELLING_COLUMNS and `door_no` (the room's number within its unit).
    buildings: building_key, compound_key, road, lane, building_no, committee_code (null: doors of two committees).
    compounds: compound_key, compound_name, committee_code (null: it spans committees, R-PLACE-12).
    rooms: the ways to name each door in its building: building_key, unit_no, room_no, dwelling_key, is_spelled (only a
        text that writes the unit means it: A单元403 for a room A403).
    aliases: alias -> compound_key, names that the list doesn't have (`linkage.aliases`, and former ones).
    former_lanes: former_road, lane, road: where a road was renamed, the lane's road today.
    lexicon: the words its addresses are read by.
    """

    doors: pl.DataFrame
    buildings: pl.DataFrame
    compounds: pl.DataFrame
    rooms: pl.DataFrame
    aliases: Mapping[str, str]
    former_lanes: pl.DataFrame
    lexicon: Lexicon


def load(conn: psycopg.Connection, as_of: date) -> Register:
    """Read the housing list in force from staging, give each door, building and compound its key.

    New keys are appended to `linkage.dwelling_key` and `linkage.compound_key`; existing ones never change.
    Raises DatabaseError (see `street.database.scrubbed`).
    """
    doors = cleaned(
        read(
            conn,
            "select batch_id, row_no, dwelling_code, committee_code, compound_name, road, lane, building_no, room_no,"
            " dwelling_key from staging.stg_housing_registry left join linkage.dwelling_key using (dwelling_code)",
            {"batch_id": pl.Int64, "row_no": pl.Int32},
        )
    )
    doors = _with_dwelling_keys(conn, doors, as_of)
    doors = _with_compound_keys(conn, doors, as_of)
    doors = with_building_keys(doors)
    before = read(
        conn,
        "select compound_key, compound_name as former_name, array_to_string(lanes, ',') as former_lanes "
        "from linkage.compound_key",
    )
    return registered(doors, _former_names(doors, before) | aliases.load(conn, as_of), _former_lanes(doors, before))


_NO_FORMER_LANES: Final = pl.DataFrame(schema=dict.fromkeys(("former_road", "lane", "road"), pl.String))


def registered(
    doors: pl.DataFrame, known_as: Mapping[str, str] | None = None, former_lanes: pl.DataFrame = _NO_FORMER_LANES
) -> Register:
    """Return the register of these doors; of two rows that are one door the later one's is found by its address.

    `known_as`, `former_lanes`: Register.aliases and .former_lanes; an alias of no compound here is left out.
    """
    committee = pl.when(pl.col("committee_code").n_unique() == 1).then(pl.col("committee_code").first())
    buildings = doors.group_by("building_key", "compound_key", "road", "lane", "building_no").agg(committee)
    compounds = doors.group_by("compound_key").agg(pl.col("compound_name").first(), committee)
    here = set(compounds["compound_key"])
    named = set(compounds["compound_name"])
    known_as = {name: key for name, key in (known_as or {}).items() if key in here and name not in named}
    lexicon = Lexicon(
        {*doors["road"].drop_nulls().unique(), *former_lanes["former_road"]}, {*named, *known_as} - {NO_COMPOUND}
    )
    return Register(doors, buildings, compounds, _rooms(doors), known_as, former_lanes, lexicon)


def mark(register: Register) -> str:
    """Return the mark (linkage.cache) of what follows from the doors, former lanes among them, and not from aliases."""
    doors = register.doors.sort("batch_id", "row_no").drop("batch_id", "row_no")
    lanes = register.former_lanes.sort(pl.all())
    return cache.mark(doors.write_csv().encode(), lanes.write_csv().encode())


def with_aliases(register: Register, learned: Mapping[str, str]) -> Register:
    """Return the register with more names of its compounds."""
    return registered(register.doors, {**register.aliases, **learned}, register.former_lanes)


def _former_names(doors: pl.DataFrame, before: pl.DataFrame) -> dict[str, str]:
    """Return names that compounds had when they were first listed and that no compound has today -> compound_key."""
    renamed = before.filter(~pl.col("former_name").is_in(doors["compound_name"].unique().implode()))
    return {name: key for key, name in renamed.select("compound_key", "former_name").iter_rows() if name != NO_COMPOUND}


def _former_lanes(doors: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Register.former_lanes: lanes of a road that the list no longer has, in a compound with that lane today."""
    today = doors.select("compound_key", "lane", "road").drop_nulls().unique()
    former = (
        before.select("compound_key", pl.col("former_lanes").str.split(","))
        .explode("former_lanes")
        .select(
            "compound_key", pl.col("former_lanes").str.split_exact("|", 1).struct.rename_fields(["former_road", "lane"])
        )
        .unnest("former_lanes")
        .filter(~pl.col("former_road").is_in(doors["road"].drop_nulls().unique().implode()))
    )
    found = former.join(today, on=["compound_key", "lane"]).select("former_road", "lane", "road").unique()
    return found.filter(pl.len().over("former_road", "lane") == 1)


def _rooms(doors: pl.DataFrame) -> pl.DataFrame:
    """Return the columns of `Register.rooms` (R-PLACE-9)."""
    one = doors.sort("batch_id", "row_no").unique(["building_key", "unit_no", "door_no"], keep="last")
    said = one.select("building_key", "unit_no", "dwelling_key", room_no="door_no", is_spelled=pl.lit(value=False))
    lettered = pl.col("unit_no").str.contains("^[A-Z]$")
    in_one = said.filter(lettered).with_columns(
        room_no=pl.col("unit_no") + pl.col("room_no"), unit_no=pl.lit(None, dtype=pl.String)
    )
    apart = said.filter(pl.col("unit_no").is_null() & pl.col("room_no").str.contains(r"^[A-Z]\d{2,4}$")).with_columns(
        unit_no=pl.col("room_no").str.slice(0, 1), room_no=pl.col("room_no").str.slice(1), is_spelled=pl.lit(value=True)
    )
    return pl.concat([said, in_one, apart], how="diagonal").drop_nulls("room_no")


def cleaned(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the housing list's rows with their names, lanes and numbers as addresses are read (R-PLACE-13), and
    `door_no`.
    """
    # A street writes the same few thousand words in all its rows: each is read once.
    rooms = _each(rows["room_no"], address.room_of)
    return (
        rows.with_columns(
            pl.col("committee_code").str.strip_chars(),
            compound_name=_each(rows["compound_name"], _name)["read"].fill_null(NO_COMPOUND),
            road=_each(rows["road"], _name)["read"],
            lane=_each(rows["lane"], lambda texts: address.lane_of(texts).to_frame("read"))["read"],
            building_no=_each(rows["building_no"], lambda texts: address.building_of(texts).to_frame("read"))["read"],
            unit_no=rooms["unit_no"],
            door_no=rooms["room_no"],
        )
        .with_columns(
            room_no=pl.when(pl.col("unit_no").is_not_null())
            .then(pl.col("unit_no") + "单元" + pl.col("door_no"))
            .otherwise("door_no")
        )
    )  # fmt: skip


def _name(texts: pl.Series) -> pl.DataFrame:
    return address.normalise(texts).replace("", None).to_frame("read")


def _each(texts: pl.Series, read: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """Return what `read` makes of the texts, given each distinct one once."""
    distinct = texts.unique().rename("text")
    made = distinct.to_frame().hstack(read(distinct))
    return texts.to_frame("text").join(made, on="text", how="left", nulls_equal=True, maintain_order="left")


def _key(prefix: str, *parts: str | None) -> str:
    """Return a short name for public facts (codes, lanes, compounds): no secret is needed, for nothing personal is
    hashed.
    """
    return prefix + hashlib.sha256("\x1f".join(part or "" for part in parts).encode()).hexdigest()[:16]


def _with_dwelling_keys(conn: psycopg.Connection, doors: pl.DataFrame, as_of: date) -> pl.DataFrame:
    fresh = doors.filter(pl.col("dwelling_key").is_null()).select("dwelling_code").unique().sort("dwelling_code")
    fresh = fresh.with_columns(new_key=pl.Series([_key("d", code) for code in fresh["dwelling_code"]], dtype=pl.String))
    issued = fresh.select("dwelling_code", dwelling_key="new_key", first_seen_on=pl.lit(as_of))
    append(conn, "linkage.dwelling_key", issued)
    return (
        doors.join(fresh, on="dwelling_code", how="left", maintain_order="left")
        .with_columns(pl.coalesce("dwelling_key", "new_key").alias("dwelling_key"))
        .drop("new_key")
    )


def with_building_keys(doors: pl.DataFrame) -> pl.DataFrame:
    """Add `building_key`: a building is its compound, road, lane and number."""
    parts = ["compound_key", "road", "lane", "building_no"]
    buildings = doors.select(parts).unique()
    keys = pl.Series("building_key", [_key("b", *row) for row in buildings.iter_rows()], dtype=pl.String)
    return doors.join(buildings.with_columns(keys), on=parts, how="left", nulls_equal=True, maintain_order="left")


@dataclass(frozen=True)
class _Compound:
    name: str
    lanes: frozenset[str]
    committees: frozenset[str]


def _with_compound_keys(conn: psycopg.Connection, doors: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Group the list's (name, committee) pairs into compounds and find each one's key, or issue one."""
    lane = pl.when(pl.col("lane").is_not_null()).then(pl.concat_str("road", "lane", separator="|", ignore_nulls=True))
    pairs = (
        doors.group_by("compound_name", "committee_code")
        .agg(lane.drop_nulls().unique().alias("lanes"))
        .sort("compound_name", "committee_code")
    )
    compounds = _grouped(pairs.iter_rows())
    known = {
        key: _Compound(name, frozenset(lanes), frozenset(committees))
        for key, name, lanes, committees in conn.execute(
            "select compound_key, compound_name, lanes, committee_codes from linkage.compound_key order by compound_key"
        )
    }
    keys = _matched(compounds, known)
    with conn.cursor() as cursor:
        for compound in compounds:
            if compound not in keys:
                keys[compound] = _key("c", compound.name, min(compound.committees), min(compound.lanes, default=None))
                cursor.execute(
                    "insert into linkage.compound_key (compound_key, compound_name, lanes, committee_codes, "
                    "first_seen_on) values (%s, %s, %s, %s, %s) on conflict do nothing",
                    (keys[compound], compound.name, sorted(compound.lanes), sorted(compound.committees), as_of),
                )
    rows = [(c.name, committee or None, key) for c, key in keys.items() for committee in c.committees]
    by_pair = pl.DataFrame(
        rows, orient="row", schema=dict.fromkeys(("compound_name", "committee_code", "compound_key"), pl.String)
    )
    return doors.join(
        by_pair, on=["compound_name", "committee_code"], how="left", nulls_equal=True, maintain_order="left"
    )


def _grouped(pairs: Iterable[tuple[str, str, list[str]]]) -> list[_Compound]:
    """Return (name, committee, lanes) -> compounds: one name is one compound where committees have a lane in common."""
    by_name: dict[str, list[_Compound]] = defaultdict(list)
    for name, committee, lanes in pairs:
        found = _Compound(name, frozenset(lanes), frozenset([committee or ""]))
        apart = []
        for other in by_name[name]:
            if name != NO_COMPOUND and found.lanes & other.lanes:
                found = _Compound(name, found.lanes | other.lanes, found.committees | other.committees)
            else:
                apart.append(other)
        by_name[name] = [*apart, found]
    return [compound for group in by_name.values() for compound in group]


def _matched(compounds: list[_Compound], known: dict[str, _Compound]) -> dict[_Compound, str]:
    """Return keys of the compounds that were known before: by name and place, else a renamed one by its lanes alone."""
    keys: dict[_Compound, str] = {}
    free = dict(known)
    present = {c.name for c in compounds}
    for same_name in (True, False):
        for compound in compounds:
            if compound in keys:
                continue
            may_be_renamed = not same_name and compound.name != NO_COMPOUND
            shared = {
                key: (len(compound.lanes & old.lanes), len(compound.committees & old.committees))
                for key, old in free.items()
                if old.name == compound.name or (may_be_renamed and old.name not in present)
            }
            fits = {k: s for k, s in shared.items() if s[0] or (same_name and s[1])}
            if fits:
                keys[compound] = max(fits, key=lambda k: fits[k])
                del free[keys[compound]]
    return keys
