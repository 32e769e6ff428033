"""From the parts of an address to the finest place that is certain.

Two ways lead to a door: by its numbers (road, lane, building, room) and by its compound's name (compound, building,
room). What both allow is certain; where they contradict each other the place is what they share, and the rest goes to
review as candidates. A guess is never a dwelling. Source of the rules: docs/rules.md, Place.
"""

import re
from typing import Final

import polars as pl

from linkage.address import HOME_STREET, PARTS
from linkage.register import NO_COMPOUND, Register

PLACE_COLUMNS: Final = (
    "dwelling_key", "building_key", "compound_key", "committee_code", "place_level", "place_method", "candidates",
)  # fmt: skip
_MOST_CANDIDATES: Final = 8
_KIND_OF_COMPOUND: Final = re.compile("(?:住宅小区|住宅区|小区)$")


def resolve(parsed: pl.DataFrame, register: Register) -> pl.DataFrame:
    """PLACE_COLUMNS for each row of `linkage.address.parse`, in its order.

    place_level: dwelling, building, compound, street, outside, unparsed. place_method: exact (every part that is
    written agrees), alias (by a short form of the compound's name), contradiction (parts disagree; the level is what
    they share), partial (coarser than a door), or null. candidates: keys (of dwellings or compounds) to review.
    """
    # Neighbours write the same door in many ways, and what lies outside needs no door: each place is sought once.
    says = [*PARTS, "is_outside", "is_home", "is_empty"]
    beyond = pl.col("is_outside") | pl.col("is_empty")
    parsed = parsed.select(pl.when(~beyond).then(pl.col(PARTS)), "is_outside", "is_home", "is_empty")
    places = parsed.unique()
    found = pl.concat([places, _resolve(places, register)], how="horizontal")
    return parsed.join(found, on=says, how="left", nulls_equal=True, maintain_order="left").select(PLACE_COLUMNS)


def _resolve(parsed: pl.DataFrame, register: Register) -> pl.DataFrame:
    asked = _in_register_words(parsed.with_row_index("id"), register)
    named = _compounds_named(asked, register)
    consistent = _consistent(named, asked, register)
    by_name = _buildings_by_name(consistent, asked, register)
    by_number = _buildings_by_number(asked, register)
    facts = asked
    for fact in (
        _count_compounds(named, "named"),
        _count_compounds(consistent, "consistent"),
        _count_compounds(_compounds_of_lane(asked, register), "lane"),
        _count_buildings(by_name, asked, register, "name"),
        _count_buildings(by_number, asked, register, "number"),
    ):
        facts = facts.join(fact, on="id", how="left", maintain_order="left")
    roads = register.buildings["road"].drop_nulls().unique().to_list()
    facts = facts.with_columns(road_known=pl.col("road").is_in(roads).fill_null(value=False))
    return _with_keys(_decided(facts), register)


# --- the register's words
def _in_register_words(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Road and name as the register has them; a lane that only one road has brings its road."""
    roads = set(register.buildings["road"].drop_nulls())
    names = set(register.compounds["compound_name"])
    pairs = list(asked.select("road", "name").unique().iter_rows())
    words = pl.DataFrame(
        [(road, name, *_reading(road, name, roads, names)) for road, name in pairs],
        orient="row",
        schema=dict.fromkeys(("road", "name", "read_road", "read_name"), pl.String),
    )
    roads_of_lane = (
        register.buildings.filter(pl.col("lane").is_not_null())
        .group_by("lane")
        .agg(only_road=pl.when(pl.col("road").n_unique() == 1).then(pl.col("road").first()))
    )
    return (
        asked.join(words, on=["road", "name"], how="left", nulls_equal=True, maintain_order="left")
        .join(roads_of_lane, on="lane", how="left", maintain_order="left")
        .with_columns(road=pl.coalesce("read_road", pl.when(pl.col("read_road").is_null()).then("only_road")))
        .with_columns(name="read_name")
        .drop("read_road", "read_name", "only_road")
    )


def _reading(road: str | None, name: str | None, roads: set[str], names: set[str]) -> tuple[str | None, str | None]:
    if name is not None and name not in names:
        name = name.removeprefix(HOME_STREET) or None
    if road is None or road in roads:
        return road, name
    if road + (name or "") in names:  # 梅花路小区: a compound that is named after its road
        return None, road + (name or "")
    before = [known for known in roads if road.endswith(known)]
    if before:  # 银泰小区(梅花路1099弄)
        known = max(before, key=len)
        return known, name or road.removesuffix(known).removeprefix(HOME_STREET) or None
    return road, name


def _compounds_named(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """(id, compound_key, is_short): the compounds a written name can mean. A full name wins over longer ones."""
    compounds = [
        (key, name)
        for key, name in register.compounds.select("compound_key", "compound_name").iter_rows()
        if name != NO_COMPOUND
    ]
    meanings: list[tuple[str, str, bool]] = []
    for written in asked["name"].drop_nulls().unique():
        full = [key for key, name in compounds if name == written]
        core = _KIND_OF_COMPOUND.sub("", written)
        short = [k for k, n in compounds if _KIND_OF_COMPOUND.sub("", n) == core] if len(core) > 1 else []
        longer = [k for k, n in compounds if n.startswith(written)] if len(written) > 1 else []
        meanings += [(written, key, not full) for key in full or sorted({*short, *longer})]
    words = pl.DataFrame(
        meanings, orient="row", schema={"name": pl.String, "compound_key": pl.String, "is_short": pl.Boolean}
    )
    return asked.select("id", "name").join(words, on="name").drop("name")


def _consistent(named: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """Of the compounds a name can mean those that lie at the road and lane that are written."""
    at = register.buildings.select("compound_key", at_road="road", at_lane="lane").unique()
    return (
        named.join(asked.select("id", "road", "lane"), on="id")
        .join(at, on="compound_key")
        .filter(
            pl.col("road").is_null() | pl.col("road").eq_missing(pl.col("at_road")),
            pl.col("lane").is_null() | pl.col("lane").eq_missing(pl.col("at_lane")),
        )
        .select("id", "compound_key", "is_short")
        .unique()
    )


def _compounds_of_lane(asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    at = register.buildings.filter(pl.col("lane").is_not_null()).select("compound_key", "road", "lane").unique()
    return asked.select("id", "road", "lane").join(at, on=["road", "lane"]).select("id", "compound_key")


# --- the two ways to a door
def _buildings_by_name(consistent: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """(id, building_key, compound_key): a compound's buildings of that number, at the road and lane as written."""
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
    """(id, building_key, compound_key) by road, lane (or none) and number."""
    numbers = asked.filter(pl.all_horizontal(pl.col("road", "building_no").is_not_null()), pl.col("gate_no").is_null())
    return numbers.join(register.buildings, on=["road", "lane", "building_no"], nulls_equal=True).select(
        "id", "building_key", "compound_key"
    )


def _doors(buildings: pl.DataFrame, asked: pl.DataFrame, register: Register) -> pl.DataFrame:
    """(id, building_key, dwelling_key): the doors of that room in these buildings.

    A unit that the building doesn't have is ignored; without a unit every unit's room is meant.
    """
    doors = register.doors.select("building_key", "dwelling_key", "door_no", door_unit="unit_no")
    units = register.doors.select("building_key", "unit_no", has_unit=True).drop_nulls("unit_no").unique()
    return (
        buildings.join(asked.select("id", "unit_no", "room_no"), on="id")
        .join(doors, left_on=["building_key", "room_no"], right_on=["building_key", "door_no"])
        .join(units, on=["building_key", "unit_no"], how="left")
        .filter(
            pl.any_horizontal(pl.col("unit_no", "has_unit").is_null())
            | pl.col("unit_no").eq_missing(pl.col("door_unit"))
        )
        .select("id", "building_key", "dwelling_key")
    )


def _count_compounds(found: pl.DataFrame, way: str) -> pl.DataFrame:
    """By id: `<way>_compounds` (how many), `<way>_compound` (the first), `<way>_short`, `<way>_candidates`."""
    keys = pl.col("compound_key")
    short = pl.col("is_short").any() if "is_short" in found.columns else pl.lit(None, dtype=pl.Boolean)
    return found.group_by("id").agg(
        keys.n_unique().alias(f"{way}_compounds"),
        keys.first().alias(f"{way}_compound"),
        short.alias(f"{way}_short"),
        keys.unique().sort().head(_MOST_CANDIDATES).alias(f"{way}_candidates"),
    )


def _count_buildings(buildings: pl.DataFrame, asked: pl.DataFrame, register: Register, way: str) -> pl.DataFrame:
    """By id: how many buildings and doors one way finds, the first of each, and whether the door is the only one.

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
        pl.col("dwelling_key").unique().sort().head(_MOST_CANDIDATES).alias(f"{way}_door_candidates"),
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
    one_compound = pl.col("consistent_compounds") == 1
    how = pl.when(pl.col("consistent_short")).then(pl.lit("alias")).otherwise(pl.lit("exact"))
    written_road = pl.col("road").is_not_null()
    contradicted = name_known & (fits.not_().fill_null(value=True) | pl.col("name_buildings").is_null())
    only_number = pl.col("number_buildings") == 1
    lane_known = pl.col("lane_compounds") > 0
    number_door = pl.col("number_door_candidates")
    name_or_lane = pl.concat_list(
        pl.col("named_candidates").fill_null([]), pl.col("lane_candidates").fill_null([])
    ).list.unique(maintain_order=True)
    # level, method, the column that holds the place, the column of candidates; the order is the rule.
    rules: list[tuple[pl.Expr, str, pl.Expr | str, str | None, pl.Expr | None]] = [
        (pl.col("is_outside"), "outside", "", None, None),
        (pl.col("is_empty"), "unparsed", "", None, None),
        (name_known & fits & pl.col("name_is_door"), "dwelling", how, "name_door", None),
        (name_known & fits & one_compound & (pl.col("name_buildings") == 1), "building", "partial", "name_building",
         pl.col("name_door_candidates")),
        # The numbers end at one building and only the name is another compound's: the building, its door to review.
        (contradicted & only_number, "building", "contradiction", "number_building",
         pl.coalesce(number_door, pl.col("named_candidates"))),
        (name_known & fits & one_compound, "compound", "partial", "consistent_compound",
         pl.col("name_door_candidates")),
        (name_known & fits, "street", "partial", None,
         pl.coalesce("name_door_candidates", "consistent_candidates")),
        # A road of this street without this lane, or a misspelt road before a lane the compound has: review decides.
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
        (written_road | pl.lit(value=True), "unparsed", "", None, None),
    ]  # fmt: skip
    rule = pl.coalesce(pl.when(test).then(pl.lit(number)) for number, (test, *_) in enumerate(rules))
    decided = facts.with_columns(rule=rule)
    nothing, no_list = pl.lit(None, dtype=pl.String), pl.lit(None, dtype=pl.List(pl.String))

    def pick(values: list[pl.Expr]) -> pl.Expr:
        return pl.coalesce(pl.when(pl.col("rule") == n).then(value) for n, value in enumerate(values))

    return decided.select(
        "id",
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
    return (
        decided.join(above, on=["place_level", "place"], how="left", maintain_order="left")
        .sort("id")
        .select(PLACE_COLUMNS)
    )
