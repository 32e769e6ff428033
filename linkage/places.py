"""From the parts of an address to the finest place that is certain.

Two ways lead to a door: by its numbers (road, lane, building, room) and by its compound's name (compound, building,
room). What both allow is certain; where they contradict each other the place is what they share, and the rest goes to
review as candidates. A guess is never a dwelling, and nothing is certain below what a piece of the text that was not
understood could change (`address.CERTAIN_BESIDE`). Source of the rules: docs/rules.md, Place.
"""

from typing import Final

import polars as pl

from linkage.address import CERTAIN_BESIDE, PARTS
from linkage.lexicon import same_name
from linkage.numbers import numbers
from linkage.register import NO_COMPOUND, Register

PLACE_COLUMNS: Final = (
    "dwelling_key", "building_key", "compound_key", "committee_code", "place_level", "place_method", "candidates",
)  # fmt: skip
MOST_CANDIDATES: Final = 8  # a list of so many may be cut off
_LEVELS: Final = ("dwelling", "building", "compound", "street", "outside", "unparsed")


def resolve(parsed: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return PLACE_COLUMNS for each row of `linkage.address.parse`, in its order.

    place_level: dwelling, building, compound, street, outside, unparsed. place_method: exact (every part that is
    written agrees), alias (by a short form of the compound's name), contradiction (parts disagree; the level is what
    they share), partial (coarser than a door, or a piece was not understood), or null. candidates: keys (of dwellings
    or compounds) to review (R-PLACE-4).
    """
    # Neighbours write the same door in many ways, and what lies outside needs no door: each place is sought once.
    says = [*PARTS, "behind", "rest", "is_outside", "is_home", "is_empty"]
    beyond = pl.col("is_outside") | pl.col("is_empty")
    parsed = parsed.select(pl.when(~beyond).then(pl.col(says[:-3])), "is_outside", "is_home", "is_empty")
    places = parsed.unique()
    found = pl.concat([places, _resolve(places, register)], how="horizontal")
    return parsed.join(found, on=says, how="left", nulls_equal=True, maintain_order="left").select(PLACE_COLUMNS)


def _resolve(parsed: pl.DataFrame, register: Register) -> pl.DataFrame:
    asked = _with_roads(_doubting_units(parsed.with_row_index("id"), register), register)
    asked = _with_one_lane(asked, register)
    named = _compounds_named(asked, register)
    consistent = _consistent(named, asked, register)
    asked = _with_the_only_building(asked, consistent, register)
    by_name = _buildings_by_name(consistent, asked, register)
    by_number = _buildings_by_number(asked, register)
    asked = _understood_by_the_register(pl.concat([by_name, by_number]), asked, register)
    facts = asked
    for fact in (
        _count_compounds(named, "named"),
        _count_compounds(consistent, "consistent"),
        _count_compounds(_compounds_of_lane(asked, register), "lane"),
        _count_buildings(by_name, asked, register, "name"),
        _count_buildings(by_number, asked, register, "number"),
    ):
        facts = facts.join(fact, on="id", how="left", maintain_order="left")
    roads = list(register.lexicon.roads)
    facts = facts.with_columns(road_known=pl.col("road").is_in(roads).fill_null(value=False))
    decided = _decided(facts)
    near = _near_misses(asked, decided, register)
    decided = decided.join(near, on="id", how="left", maintain_order="left")
    return _with_keys(decided.with_columns(candidates=pl.coalesce("near", "candidates")), register)


# --- the register's words
def _with_roads(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Give a lane that only one road has its road, and a road that was renamed its name of today."""
    former = register.former_lanes.rename({"road": "road_today"})
    if former.height:
        asked = (
            asked.join(
                former, left_on=["road", "lane"], right_on=["former_road", "lane"], how="left", maintain_order="left"
            )
            .with_columns(road=pl.coalesce("road_today", "road"))
            .drop("road_today")
        )
    roads_of_lane = (
        register.buildings.filter(pl.col("lane").is_not_null())
        .group_by("lane")
        .agg(only_road=pl.when(pl.col("road").n_unique() == 1).then(pl.col("road").first()))
    )
    return (
        asked.join(roads_of_lane, on="lane", how="left", maintain_order="left")
        .with_columns(road=pl.coalesce("road", "only_road"))
        .drop("only_road")
    )


def _with_one_lane(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Choose of more than one lane (21-23弄) the one that has the building; where none or several have it, no
    building.
    """
    of = asked.select("id", "road", "building_no", lanes=pl.col("lane").str.extract_groups(r"^(\d+)([-,])(\d+)$"))
    of = of.unnest("lanes").rename({"1": "first", "2": "joint", "3": "last"}).drop_nulls("first")
    if of.is_empty():
        return asked
    first, last, lane = (pl.col(name).cast(pl.Int64, strict=False) for name in ("first", "last", "at_lane"))
    at = register.buildings.select("road", "compound_key", at_lane="lane", at_building="building_no")
    is_there = pl.col("building_no") == pl.col("at_building")
    found = (
        of.join(at, on="road")
        .filter(lane.is_between(first, last) & ((pl.col("joint") == "-") | (lane == first) | (lane == last)))
        .group_by("id")
        .agg(
            one_lane=pl.when(pl.col("at_lane").filter(is_there).n_unique() == 1)
            .then(pl.col("at_lane").filter(is_there).first())
            .otherwise(None),
            some_lane=pl.when(pl.col("compound_key").n_unique() == 1).then(pl.col("at_lane").min()),
        )
    )
    is_many = pl.col("id").is_in(of["id"].implode())
    is_open = is_many & pl.col("one_lane").is_null()
    return (
        asked.join(found, on="id", how="left", maintain_order="left")
        .with_columns(
            lane=pl.when(is_many).then(pl.coalesce("one_lane", "some_lane")).otherwise("lane"),
            rest=pl.when(is_open & pl.col("some_lane").is_null())
            .then(pl.lit("compound"))
            .when(is_open & pl.col("building_no").is_not_null() & pl.col("rest").fill_null("door").eq("door"))
            .then(pl.lit("building"))
            .otherwise("rest"),
        )
        .drop("one_lane", "some_lane")
    )


def _with_the_only_building(asked: pl.DataFrame, consistent: pl.DataFrame, register: Register) -> pl.DataFrame:
    """花木大厦301室 is in the only building of that name."""
    without = asked.filter(
        pl.col("building_no").is_null() & pl.col("room_no").is_not_null() & pl.col("name").is_not_null()
    )
    if without.is_empty():
        return asked
    only = register.buildings.group_by("compound_key").agg(
        only_building=pl.when(pl.len() == 1).then(pl.col("building_no").first())
    )
    meant = consistent.filter(~pl.col("is_short")).join(without.select("id"), on="id", how="semi")
    found = meant.filter(pl.len().over("id") == 1).join(only, on="compound_key").select("id", "only_building")
    return (
        asked.join(found, on="id", how="left", maintain_order="left")
        .with_columns(building_no=pl.coalesce("building_no", "only_building"))
        .drop("only_building")
    )


def _doubting_units(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """3-5-101 is building, unit, room, but where a building is numbered 3-5 it could be in that."""
    dashed = register.buildings["building_no"].drop_nulls()
    dashed = dashed.filter(dashed.str.contains("-", literal=True))
    if dashed.is_empty():
        return asked
    either = (pl.col("building_no") + "-" + pl.col("unit_no")).is_in(dashed.to_list()) & pl.col("rest").is_null()
    return asked.with_columns(rest=pl.when(either).then(pl.lit("building")).otherwise("rest"))


def _compounds_named(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return (id, compound_key, is_short, is_alias): the compounds a written name can mean.

    A full name wins over longer ones. is_alias: it is short, or not the list's name.
    """
    keys: dict[str, list[str]] = {same_name(name): [key] for name, key in register.aliases.items()}
    learned = frozenset(keys)
    for key, name in register.compounds.select("compound_key", "compound_name").iter_rows():
        if name != NO_COMPOUND:
            keys.setdefault(same_name(name), []).append(key)
    meanings: list[tuple[str, str, bool, bool]] = []
    for written in asked["name"].drop_nulls().unique():
        meant, is_full = register.lexicon.compounds_meant(written)
        meanings += [
            (written, key, not is_full, not is_full or name in learned) for name in sorted(meant) for key in keys[name]
        ]
    words = pl.DataFrame(
        meanings,
        orient="row",
        schema={"name": pl.String, "compound_key": pl.String, "is_short": pl.Boolean, "is_alias": pl.Boolean},
    )
    return asked.select("id", "name").join(words, on="name").drop("name")


def _consistent(named: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Keep of the compounds a name can mean those that lie at the road and lane that are written (R-PLACE-8)."""
    at = register.buildings.select("compound_key", at_road="road", at_lane="lane").unique()
    return (
        named.join(asked.select("id", "road", "lane"), on="id")
        .join(at, on="compound_key")
        .filter(
            pl.col("road").is_null() | pl.col("road").eq_missing(pl.col("at_road")),
            pl.col("lane").is_null() | pl.col("lane").eq_missing(pl.col("at_lane")),
        )
        .select("id", "compound_key", "is_short", "is_alias")
        .unique()
    )


def _compounds_of_lane(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    at = register.buildings.filter(pl.col("lane").is_not_null()).select("compound_key", "road", "lane").unique()
    return asked.select("id", "road", "lane").join(at, on=["road", "lane"]).select("id", "compound_key")


# --- the two ways to a door
def _buildings_by_name(consistent: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return (id, building_key, compound_key): a compound's buildings of that number, at the road and lane as
    written.
    """
    at = register.buildings.rename({"road": "at_road", "lane": "at_lane"}).drop("committee_code")
    return (
        consistent.join(asked.select("id", "road", "lane", "building_no"), on="id")
        .join(at, on=["compound_key", "building_no"])
        .filter(
            pl.col("road").is_null() | pl.col("road").eq_missing(pl.col("at_road")),
            pl.col("lane").is_null() | pl.col("lane").eq_missing(pl.col("at_lane")),
        )
        .select("id", "building_key", "compound_key")
    )


def _buildings_by_number(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return (id, building_key, compound_key) by road, lane (or none) and number."""
    numbers = asked.filter(pl.all_horizontal(pl.col("road", "building_no").is_not_null()), pl.col("gate_no").is_null())
    return numbers.join(register.buildings, on=["road", "lane", "building_no"], nulls_equal=True).select(
        "id", "building_key", "compound_key"
    )


def _doors(buildings: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return (id, building_key, dwelling_key, is_unit_ignored): the doors of that room in these buildings.

    A numbered unit that the building doesn't have is ignored. Without a unit a room without one is meant, else every
    unit's (R-PLACE-9).
    """
    units = register.doors.select("building_key", "unit_no", has_unit=True).drop_nulls("unit_no").unique()
    unit, door_unit = pl.col("unit_no"), pl.col("door_unit")
    is_ignored = pl.col("has_unit").is_null() & unit.str.contains(r"^\d+$")
    found = (
        buildings.join(asked.select("id", "unit_no", "room_no").drop_nulls("room_no"), on="id")
        .join(register.rooms.rename({"unit_no": "door_unit"}), on=["building_key", "room_no"])
        .join(units, on=["building_key", "unit_no"], how="left")
        .filter((unit == door_unit) | ((unit.is_null() | is_ignored) & ~pl.col("is_spelled")))
    )
    without_unit = door_unit.is_null()
    return found.filter(unit.is_not_null() | without_unit | ~without_unit.any().over("id", "building_key")).select(
        "id", "building_key", "dwelling_key", is_unit_ignored=unit.is_not_null() & pl.col("has_unit").is_null()
    )


def _understood_by_the_register(buildings: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Take what stands behind the building's number as its room where the building has just that room: 地下室-1层01.

    Where it was understood in another way too (5号-101室 in a building that has 101 and -101) it could be either.
    """
    read = pl.col("rest").fill_null("door").is_in(["door", "building"]) & pl.col("behind").is_not_null()
    whole = asked.filter(read)
    if whole.is_empty():
        return asked
    whole = whole.select("id", whole=numbers(whole["behind"]))
    rooms = register.rooms.filter(pl.col("unit_no").is_null()).select("building_key", whole="room_no")
    known = buildings.join(whole, on="id").join(rooms, on=["building_key", "whole"]).select("id", "whole").unique("id")
    differs = pl.col("whole").is_not_null() & pl.col("room_no").ne_missing(pl.col("whole"))
    taken = differs & pl.col("rest").is_not_null()
    return (
        asked.join(known, on="id", how="left", maintain_order="left")
        .with_columns(
            room_no=pl.when(taken).then("whole").otherwise("room_no"),
            unit_no=pl.when(~taken).then("unit_no"),
            rest=pl.when(differs & ~taken).then(pl.lit("door")).when(~taken).then("rest"),
        )
        .drop("whole")
    )


def _count_compounds(found: pl.DataFrame, way: str) -> pl.DataFrame:
    """Return by id: `<way>_compounds` (how many), `_compound` (the first), `_short`, `_alias`, `_candidates`."""
    keys = pl.col("compound_key")
    is_named = "is_short" in found.columns
    short, alias = (
        pl.col(name).any() if is_named else pl.lit(None, dtype=pl.Boolean) for name in ("is_short", "is_alias")
    )
    return found.group_by("id").agg(
        keys.n_unique().alias(f"{way}_compounds"),
        keys.first().alias(f"{way}_compound"),
        short.alias(f"{way}_short"),
        alias.alias(f"{way}_alias"),
        keys.unique().sort().head(MOST_CANDIDATES).alias(f"{way}_candidates"),
    )


def _count_buildings(buildings: pl.DataFrame, asked: pl.DataFrame, register: Register, way: str) -> pl.DataFrame:
    """Return by id: how many buildings and doors one way finds, the first of each, and whether the door is the only
    one.

    `<way>_is_door`: exactly one door, and its compound has no second building of that number (in another lane).
    """
    doors = _doors(buildings, asked, register).join(
        buildings.group_by("id", "compound_key")
        .agg(twins=pl.len(), building_key=pl.col("building_key"))
        .explode("building_key"),
        on=["id", "building_key"],
    )
    found = doors.group_by("id").agg(
        pl.col("dwelling_key").n_unique().alias(f"{way}_doors"),
        pl.col("dwelling_key").first().alias(f"{way}_door"),
        ((pl.col("dwelling_key").n_unique() == 1) & (pl.col("twins").max() == 1)).alias(f"{way}_is_door"),
        pl.col("dwelling_key").unique().sort().head(MOST_CANDIDATES).alias(f"{way}_door_candidates"),
        pl.col("is_unit_ignored").any().alias(f"{way}_unit_ignored"),
    )
    return (
        buildings.group_by("id")
        .agg(
            pl.col("building_key").n_unique().alias(f"{way}_buildings"),
            pl.col("building_key").first().alias(f"{way}_building"),
            pl.col("compound_key").n_unique().alias(f"{way}_building_compounds"),
            pl.col("compound_key").first().alias(f"{way}_building_compound"),
        )
        .join(found, on="id", how="left")
    )


# --- the verdict
def _decided(facts: pl.DataFrame) -> pl.DataFrame:
    """place_level, place_method, one key of that level (`place`) and the candidates, by the first rule that fits."""
    # Comparisons with a missing count are null, which a `when` takes for no.
    name_known = pl.col("named_compounds") > 0
    fits = pl.col("consistent_compounds") > 0
    is_short = pl.col("consistent_short").fill_null(value=False)
    is_alias = pl.col("consistent_alias").fill_null(value=False)
    how = pl.when(is_alias).then(pl.lit("alias")).otherwise(pl.lit("exact"))
    # A short name is believed by the numbers that exist in one compound alone, or beside the lane it lies at.
    believed = ~is_short | pl.col("lane").is_not_null()
    one_compound = (pl.col("consistent_compounds") == 1) & believed
    one_building = (pl.col("name_buildings") == 1) & (one_compound | pl.col("room_no").is_null())
    name_is_nothing = fits.not_().fill_null(value=True) | pl.col("name_buildings").is_null()
    contradicted = name_known & name_is_nothing
    only_number = pl.col("number_buildings") == 1
    lane_known = pl.col("lane_compounds") > 0
    number_door = pl.col("number_door_candidates")
    name_or_lane = pl.concat_list(
        pl.col("named_candidates").fill_null([]), pl.col("lane_candidates").fill_null([])
    ).list.unique(maintain_order=True)
    partly = pl.when(is_alias).then(pl.lit("alias")).otherwise(pl.lit("partial"))
    # level, method, the column that holds the place, the column of candidates; the order is the rule.
    rules: list[tuple[pl.Expr, str, pl.Expr | str, str | None, pl.Expr | None]] = [
        (pl.col("is_outside"), "outside", "", None, None),
        (pl.col("is_empty"), "unparsed", "", None, None),
        (name_known & fits & pl.col("name_is_door") & (believed | ~pl.col("name_unit_ignored")), "dwelling", how,
         "name_door", None),
        (name_known & fits & one_building, "building", partly, "name_building", pl.col("name_door_candidates")),
        # The numbers end at one building and only the name is another compound's (R-PLACE-6): its door to review.
        (contradicted & only_number, "building", "contradiction", "number_building",
         pl.coalesce(number_door, pl.col("named_candidates"))),
        (name_known & fits & one_compound, "compound", partly, "consistent_compound",
         pl.col("name_door_candidates")),
        (name_known & fits, "street", "partial", None,
         pl.coalesce("name_door_candidates", "consistent_candidates")),
        # A road of this street without this lane, or a misspelt road before a lane the compound has (R-PLACE-7).
        (name_known & (lane_known | pl.col("road_known")), "street", "contradiction", None, name_or_lane),
        (name_known & pl.col("is_home"), "street", "contradiction", None, name_or_lane),
        (name_known, "unparsed", "contradiction", None, name_or_lane),
        (pl.col("number_doors") == 1, "dwelling", "exact", "number_door", None),
        (only_number, "building", "partial", "number_building", number_door),
        ((pl.col("number_buildings") > 1) & (pl.col("number_building_compounds") == 1), "compound", "partial",
         "number_building_compound", number_door),
        (pl.col("number_buildings") > 1, "street", "partial", None, pl.coalesce(number_door, "lane_candidates")),
        (pl.col("lane_compounds") == 1, "compound", "partial", "lane_compound", None),
        (lane_known, "street", "partial", None, pl.col("lane_candidates")),
        (pl.col("road_known") | pl.col("is_home"), "street", "partial", None, None),
        (pl.lit(value=True), "unparsed", "", None, None),
    ]  # fmt: skip
    rule = pl.coalesce(pl.when(test).then(pl.lit(number)) for number, (test, *_) in enumerate(rules))
    decided = facts.with_columns(rule=rule)
    nothing, no_list = pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.List(pl.String))

    def pick(values: list[pl.Expr]) -> pl.Expr:
        return pl.coalesce(pl.when(pl.col("rule") == n).then(value) for n, value in enumerate(values))

    return decided.select(
        "id",
        "rest",
        place_level=pick([pl.lit(level) for _, level, *_ in rules]),
        place_method=pick(
            [how if isinstance(how, pl.Expr) else pl.lit(how or None, pl.String) for _, _, how, *_ in rules]
        ),
        place=pick([nothing if key is None else pl.col(key) for *_, key, _ in rules]),
        candidates=pick([no_list if found is None else found for *_, found in rules]).fill_null([]),
    )


def _with_keys(decided: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Fill in what lies above the place that is certain: a door's building, compound and committee."""
    above = pl.concat(
        [
            register.doors.select(
                "dwelling_key", "building_key", "compound_key", "committee_code",
                place_level=pl.lit("dwelling"), place=pl.col("dwelling_key"),
            ),
            register.buildings.select(
                "building_key", "compound_key", "committee_code",
                place_level=pl.lit("building"), place=pl.col("building_key"),
            ),
            register.compounds.select(
                "compound_key", "committee_code", place_level=pl.lit("compound"), place=pl.col("compound_key")
            ),
        ],
        how="diagonal",
    )  # fmt: skip
    placed = decided.join(above, on=["place_level", "place"], how="left", maintain_order="left").sort("id")
    return _no_finer_than_the_rest_allows(placed).select(PLACE_COLUMNS)


def _near_misses(asked: pl.DataFrame, decided: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Return (id, near): the doors, else the compounds, that an open address would mean were one sign of a name
    another.

    Or were the phase left out that its compound doesn't have. For review alone (R-PLACE-4).
    """
    is_open = pl.col("place_level").is_in(["street", "unparsed"]) & (pl.col("candidates").list.len() == 0)
    still = asked.join(decided.filter(is_open).select("id"), on="id", how="semi").drop_nulls("building_no")
    roads, names = (still[part].drop_nulls().unique().to_list() for part in ("road", "name"))
    known = register.buildings.select("compound_key", "building_key", "building_no", "lane", at_road="road")
    like_road = [(road, other) for road in roads for other in register.lexicon.roads if _is_near(road, other)]
    like_name = [
        (name, key)
        for name in names
        for key, compound in register.compounds.select("compound_key", "compound_name").iter_rows()
        if name.startswith(compound) or _is_near(name, same_name(compound))
    ]
    texts = dict.fromkeys(("written", "meant"), pl.String)
    by_road = (
        still.join(pl.DataFrame(like_road, orient="row", schema=texts), left_on="road", right_on="written")
        .join(known, left_on=["meant", "lane", "building_no"], right_on=["at_road", "lane", "building_no"])
        .select("id", "building_key", "compound_key")
    )
    by_name = (
        still.join(pl.DataFrame(like_name, orient="row", schema=texts), left_on="name", right_on="written")
        .join(known, left_on=["meant", "building_no"], right_on=["compound_key", "building_no"])
        .select("id", "building_key", compound_key="meant")
    )
    buildings = pl.concat([by_road, by_name]).unique()
    doors = _doors(buildings, still, register).select("id", key="dwelling_key")
    compounds = buildings.join(doors, on="id", how="anti").select("id", key="compound_key")
    return pl.concat([doors, compounds]).group_by("id").agg(near=pl.col("key").unique().sort().head(MOST_CANDIDATES))


def _is_near(one: str, other: str) -> bool:
    """Return whether one sign is another, or too many, or lost."""
    if len(one) == len(other):
        return sum(a != b for a, b in zip(one, other, strict=True)) == 1
    if abs(len(one) - len(other)) != 1:
        return False
    short, long = sorted((one, other), key=len)
    same = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    return short[same:] == long[same + 1 :]


def _no_finer_than_the_rest_allows(placed: pl.DataFrame) -> pl.DataFrame:
    """Beside a piece that was not understood only what it couldn't change is certain; the place goes to review."""
    levels = pl.Enum(_LEVELS)
    level = pl.col("place_level").cast(levels)
    allowed = pl.col("rest").replace_strict(CERTAIN_BESIDE, default=None, return_dtype=pl.String).cast(levels)
    if placed["rest"].is_null().all():
        return placed
    # The committee of a building or a compound that stays certain is that of the door; that of a street isn't one.
    is_cut = (level < allowed).fill_null(value=False)
    found = pl.coalesce("dwelling_key", pl.when(pl.col("place_level") == "compound").then("compound_key"))
    return placed.with_columns(
        place_level=pl.when(is_cut).then(allowed).otherwise(level).cast(pl.String),
        place_method=pl.when(is_cut).then(pl.lit("partial")).otherwise("place_method"),
        candidates=pl.when(is_cut & found.is_not_null() & (pl.col("candidates").list.len() == 0))
        .then(pl.concat_list(found))
        .otherwise("candidates"),
        dwelling_key=pl.when(~is_cut).then("dwelling_key"),
        building_key=pl.when(~is_cut | (allowed <= "building")).then("building_key"),
        compound_key=pl.when(~is_cut | (allowed <= "compound")).then("compound_key"),
        committee_code=pl.when(~is_cut | (allowed <= "compound")).then("committee_code"),
    )
