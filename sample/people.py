"""The true people: households in their homes, with age, sex, names, documents and telephone.

One row per person; `person_id` is the row's position. The first rows are in the household registry, the last
(`in_registry` false) are known only to the feeds about arrivals.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from sample import names
from sample.documents import Ints, Texts, permits_35, resident_ids, texts, unique_numbers
from sample.regions import AREAS, COUNTRIES, ELSEWHERE_ROADS, SHANGHAI_AREAS

# Household kinds: share, then a member each (relation to head by GB/T 4761, years younger than the head's generation,
# which surname: h the head's, s the spouse's own, i an in-law's own, o everyone's own).
_KINDS: list[tuple[float, tuple[int, int], list[tuple[str, int, str]]]] = [
    (0.130, (61, 96), [("01", 0, "h")]),
    (0.215, (60, 88), [("02", 0, "h"), ("10", 0, "s")]),
    (0.060, (62, 84), [("02", 0, "h"), ("10", 0, "s"), ("20", 29, "c")]),
    (0.110, (27, 60), [("02", 0, "h"), ("10", 0, "s")]),
    (0.230, (28, 56), [("02", 0, "h"), ("10", 0, "s"), ("20", 29, "c")]),
    (0.105, (60, 74), [("02", 0, "h"), ("10", 0, "s"), ("20", 28, "c"), ("28", 29, "i"), ("40", 57, "c")]),
    (0.070, (22, 58), [("01", 0, "h")]),
    (0.045, (31, 46), [("02", 0, "h"), ("10", 0, "s"), ("20", 28, "c"), ("30", 32, "c")]),
    (0.035, (20, 48), [("02", 0, "h"), ("99", 2, "o"), ("99", 4, "o")]),
]
_ELDER_KINDS, _TWO_CHILDREN, _SHARED_FLAT = (0, 1, 2), 7, 8
_NAMESAKES = 0.02  # of the women who married in
_SHARE_AWAY, _SHARE_MOVED, _SHARE_DEAD = 0.105, 0.03, 0.012


@dataclass(frozen=True)
class Streams:
    """The business date of the sample, its size against the full street, and the seed its generators derive from.

    `dirt`: how much more often than specified something in the lists is written wrongly (sample.dirt.LEVELS).
    """

    date: date
    scale: float
    seed: int
    dirt: float = 1.0

    def rng(self, stream: int) -> np.random.Generator:
        """Return the generator of one part of the sample, so that a change in one part leaves the others alone."""
        return np.random.default_rng([self.seed, stream])


def make_people(streams: Streams, dwellings: pl.DataFrame, registered: int, unregistered: int) -> pl.DataFrame:
    """Return `registered` persons of the household registry and `unregistered` others."""
    rng = streams.rng(2)
    members = _members(rng, dwellings, registered)
    members = _add_absent(rng, members, registered)
    people = pl.concat([members, _newcomers(rng, unregistered, members["household"].max())], how="vertical")
    people = _twins(streams.rng(4), _ages(rng, people, streams.date))
    people = _residence(rng, people)
    people = _namesakes(streams.rng(5), _names(rng, people))
    people = _documents(rng, people)
    people = _phones(rng, people)
    return _addresses(rng, people).with_row_index("person_id").with_columns(pl.col("person_id").cast(pl.Int64))


def _members(rng: np.random.Generator, dwellings: pl.DataFrame, registered: int) -> pl.DataFrame:
    """Fill homes with households until the share of the registry that really lives here is reached."""
    living = registered - sum(_absent(registered))
    homes = rng.permutation(dwellings.filter(pl.col("usage") == "1")["dwelling_id"].to_numpy())
    shares = np.array([kind[0] for kind in _KINDS])
    kind = rng.choice(len(_KINDS), len(homes), p=shares / shares.sum())
    sizes = np.array([len(k[2]) for k in _KINDS])[kind]
    ends = np.cumsum(sizes)
    used = int(np.searchsorted(ends, living)) + 1
    frame = _expand(rng, kind[:used], homes[:used])[:living]
    if len(frame) < living:
        raise ValueError(f"{len(homes)} homes are too few for {living} residents")
    return frame


def _absent(registered: int) -> tuple[int, int, int]:
    return round(registered * _SHARE_AWAY), round(registered * _SHARE_MOVED), round(registered * _SHARE_DEAD)


def _expand(rng: np.random.Generator, kind: Ints, homes: Ints) -> pl.DataFrame:
    size = np.array([len(k[2]) for k in _KINDS])[kind]
    household = np.repeat(np.arange(len(kind)), size)
    position = np.arange(len(household)) - np.repeat(np.cumsum(size) - size, size)
    low, high = np.array([k[1][0] for k in _KINDS])[kind], np.array([k[1][1] for k in _KINDS])[kind]
    # Elders thin out with age: the lesser of two draws, but for those who are left alone.
    head_age = np.minimum(rng.integers(low, high + 1), np.where(kind == 0, high, rng.integers(low, high + 1)))
    most = max(len(k[2]) for k in _KINDS)
    relation = np.array([[m[0] for m in k[2]] + [""] * (most - len(k[2])) for k in _KINDS], dtype=object)
    younger = np.array([[m[1] for m in k[2]] + [0] * (most - len(k[2])) for k in _KINDS])
    line = np.array([[m[2] for m in k[2]] + [""] * (most - len(k[2])) for k in _KINDS], dtype=object)
    of = kind[household]
    age = head_age[household] - younger[of, position] + np.where(position > 0, rng.integers(-3, 4, len(of)), 0)
    head_sex = rng.choice([1, 2], len(kind), p=[0.68, 0.32])
    head_sex[kind == 0] = rng.choice([1, 2], int((kind == 0).sum()), p=[0.38, 0.62])
    rel = relation[of, position]
    sex = rng.integers(1, 3, len(of))
    sex[position == 0] = head_sex
    sex[rel == "10"] = 3 - head_sex[household[rel == "10"]]
    sex[np.isin(rel, ["20"]) & (of == 5)] = 1
    sex[rel == "28"] = 2
    sex[rel == "30"] = 2
    rel[(rel == "20") & (sex == 2)] = "30"
    rel[(rel == "10") & (sex == 2)] = "12"
    rel[(rel == "10") & (sex == 1)] = "11"
    return pl.DataFrame(
        {
            "household": household,
            "kind": of,
            "relation": rel.astype(str),
            "line": line[of, position].astype(str),
            "sex": sex,
            "age": np.clip(age, 0, 101),
            "home": homes[household],
            "head_sex": head_sex[household],
        }
    ).with_columns(presence=pl.lit("lives"), in_registry=pl.lit(value=True))


def _add_absent(rng: np.random.Generator, members: pl.DataFrame, registered: int) -> pl.DataFrame:
    """Add who is registered here but lives elsewhere, who moved out, and who died."""
    parts = [members]
    heads = members.filter(pl.col("relation").is_in(["01", "02"]))
    for presence, count in zip(("away", "moved", "dead"), _absent(registered), strict=True):
        pool = heads.filter(pl.col("kind").is_in(_ELDER_KINDS)) if presence == "away" else heads
        chosen = pool[rng.integers(0, len(pool), count)]
        sex = rng.integers(1, 3, count)
        age = {
            "away": chosen["age"].to_numpy() - rng.integers(24, 34, count),
            "moved": rng.integers(1, 80, count),
            "dead": 101 - rng.integers(0, 20, count) - rng.integers(0, 20, count),
        }[presence]
        relation = np.where(sex == 1, "20", "30") if presence == "away" else np.full(count, "97")
        parts.append(
            chosen.with_columns(
                sex=pl.Series(sex),
                age=pl.Series(np.clip(age, 0, 101)),
                relation=pl.Series(relation.astype(str)),
                line=pl.lit("c" if presence == "away" else "o"),
                presence=pl.lit(presence),
            )
        )
    return pl.concat(parts)


def _newcomers(rng: np.random.Generator, count: int, last_household: object) -> pl.DataFrame:
    start = int(str(last_household)) + 1
    return pl.DataFrame(
        {
            "household": start + np.arange(count),
            "kind": np.full(count, _SHARED_FLAT),
            "relation": np.full(count, "01"),
            "line": np.full(count, "o"),
            "sex": rng.integers(1, 3, count),
            "age": 17 + rng.poisson(12, count),
            "home": np.full(count, -1),
            "head_sex": np.full(count, 1),
        }
    ).with_columns(presence=pl.lit("lives"), in_registry=pl.lit(value=False))


def _ages(rng: np.random.Generator, people: pl.DataFrame, on: date) -> pl.DataFrame:
    days = rng.integers(0, 365, len(people))
    born = (np.datetime64(on) - (people["age"].to_numpy() * 365.2425).astype("timedelta64[D]")) - days.astype(
        "timedelta64[D]"
    )
    return people.drop("age").with_columns(birth_date=pl.Series(born.astype("datetime64[D]")).cast(pl.Date))


def _twins(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Let a tenth of the second children be born with the first: one home, phone and birth date, two people."""
    second = (
        (pl.col("kind") == _TWO_CHILDREN)
        & (pl.col("line") == "c")
        & (pl.col("line").shift(1) == "c")
        & (pl.col("household") == pl.col("household").shift(1))
    )
    twin = second.fill_null(value=False) & pl.Series(rng.random(len(people)) < 0.1)
    return people.with_columns(birth_date=pl.when(twin).then(pl.col("birth_date").shift(1)).otherwise("birth_date"))


def _residence(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Residence type (人口类别) by household, origin area or country of the ID, and the status."""
    households = int(str(people["household"].max())) + 1
    draw = rng.random(households)
    elder = np.zeros(households, dtype=bool)
    elder[people.filter(pl.col("kind").is_in(_ELDER_KINDS))["household"].to_numpy()] = True
    shared = np.zeros(households, dtype=bool)
    shared[people.filter(pl.col("kind") == _SHARED_FLAT)["household"].to_numpy()] = True
    limits = np.where(elder[:, None], [[0.80, 0.93, 0.985]], [[0.54, 0.69, 0.945]])
    kind = np.array(["1", "3", "4", "5"], dtype=object)[(draw[:, None] >= limits).sum(axis=1)]
    kind[shared] = "4"
    code = kind[people["household"].to_numpy()]
    presence, known = people["presence"].to_numpy(), people["in_registry"].to_numpy()
    code[presence == "away"] = "2"
    code[(presence == "dead") & (code == "5")] = "1"
    code[~known] = np.where(rng.random(int((~known).sum())) < 0.35, "5", "4")
    area = _areas(rng, people, code)
    countries = np.array([c.code for c in COUNTRIES], dtype=object)
    living_here = np.array([c.residents for c in COUNTRIES], dtype=float)
    country = countries[rng.choice(len(countries), households, p=living_here / living_here.sum())]
    nationality = np.where(code == "5", country[people["household"].to_numpy()], "CHN")
    status = np.select([presence == "moved", presence == "dead"], ["2", "3"], "1")
    return people.with_columns(
        residence_type=pl.Series(code.astype(str)),
        area=pl.Series(area),
        status=pl.Series(status.astype(str)),
        nationality=pl.Series(nationality.astype(str)),
    )


def _areas(rng: np.random.Generator, people: pl.DataFrame, residence_type: Texts) -> Ints:
    local = np.array(SHANGHAI_AREAS)
    other = np.array([a.code for a in AREAS])
    weight = np.array([a.migrants for a in AREAS], dtype=float)
    n = len(people)
    # Half of the older Shanghai people were first issued an ID in districts that are long abolished, or elsewhere.
    home = np.where(rng.random(n) < 0.45, 310115, local[rng.integers(0, len(local), n)])
    home = np.where(rng.random(n) < 0.07, other[rng.integers(0, len(other), n)], home)
    away = other[rng.choice(len(other), n, p=weight / weight.sum())]
    return np.asarray(np.where(np.isin(residence_type, ["4"]), away, home), dtype=np.int64)


def _names(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    n = len(people)
    household = people["household"].to_numpy()
    line = people["line"].to_numpy()
    own = names.surnames(rng, n)
    family = names.surnames(rng, int(household.max()) + 1)
    spouse = names.surnames(rng, len(family))
    fathers = np.where(people["head_sex"].to_numpy() == 1, family[household], spouse[household])
    surname = np.select([line == "h", line == "s", line == "c"], [family[household], spouse[household], fathers], own)
    sex, year = people["sex"].to_numpy().astype(np.int64), people["birth_date"].dt.year().to_numpy().astype(np.int64)
    given = names.given_names(rng, sex, year)
    ethnic = np.array(["01", "03", "11", "09", "08", "15", "10", "05"], dtype=object)[
        rng.choice(8, n, p=[0.9835, 0.006, 0.004, 0.001, 0.002, 0.002, 0.001, 0.0005])
    ]
    nationality = people["nationality"].to_numpy()
    full = surname + given
    family_latin = np.array([names.surname_pinyin(s) for s in surname], dtype=object)
    given_latin = np.array([names.given_pinyin(g) for g in given], dtype=object)
    chinese = np.ones(n, dtype=bool)
    for i in np.flatnonzero((ethnic == "05") & (nationality == "CHN")):
        surname[i], given[i] = names.uyghur_name(rng, int(sex[i]))
        full[i] = f"{surname[i]}·{given[i]}"
        family_latin[i], given_latin[i] = names.given_pinyin(given[i]), names.given_pinyin(surname[i])
    for i in np.flatnonzero(nationality != "CHN"):
        if nationality[i] in ("HKG", "MAC", "TWN"):
            full[i] = names.traditional(full[i])
            continue
        surname[i], given[i] = names.latin_name(rng, nationality[i], int(sex[i]))
        full[i], chinese[i], ethnic[i] = f"{surname[i]} {given[i]}".upper(), False, ""
        family_latin[i], given_latin[i] = surname[i].lower(), given[i].lower()
    return people.with_columns(
        full_name=pl.Series(full.astype(str)),
        family_latin=pl.Series(family_latin.astype(str)),
        given_latin=pl.Series(given_latin.astype(str)),
        has_characters=pl.Series(chinese),
        ethnic_group=pl.Series(ethnic.astype(str)),
    )


def _namesakes(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Let some women who married into a home have the very name of one a few doors on: two people of one building."""
    order = people["home"].to_numpy().argsort(kind="stable")
    wives = (
        (people["line"] == "s") & (people["sex"].cast(pl.String) == "2") & (people["nationality"] == "CHN")
    ).to_numpy()
    wives &= (people["home"] >= 0).to_numpy() & (people["ethnic_group"] != "05").to_numpy()
    row = order[wives[order]]
    namesake = np.arange(len(people))
    chosen = np.flatnonzero(rng.random(max(len(row) - 1, 0)) < _NAMESAKES)
    namesake[row[chosen]] = row[chosen + 1]
    return people.with_columns(
        people[column].gather(namesake).alias(column) for column in ("full_name", "family_latin", "given_latin")
    )


def _documents(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Give everybody the registry's document (`doc_type`, `doc_no`) and what is shown at the border."""
    n = len(people)
    birth = people["birth_date"].dt.strftime("%Y%m%d").cast(pl.Int64).to_numpy()
    sex, nationality = people["sex"].to_numpy().astype(np.int64), people["nationality"].to_numpy()
    resident = np.full(n, "", dtype=object)
    chinese = nationality == "CHN"
    area = people["area"].to_numpy()
    resident[chinese] = resident_ids(rng, area[chinese], birth[chinese], sex[chinese])
    passport = unique_numbers(rng, n, 10_000_000, 100_000_000)
    letter = np.where(
        chinese,
        np.array(["E", "E", "E", "G"], dtype=object)[rng.integers(0, 4, n)],
        np.array(["", "P", "C", "L", "TK", "M"], dtype=object)[rng.integers(0, 6, n)],
    )
    passport = letter + passport
    compatriot = np.isin(nationality, ["HKG", "MAC", "TWN"])
    permit = np.select([nationality == "HKG", nationality == "MAC"], ["H", "M"], "").astype(object) + unique_numbers(
        rng, n, 10_000_000, 100_000_000
    )
    permit = np.where(np.isin(nationality, ["HKG", "MAC"]), permit + "0" + texts(rng.integers(1, 5, n)), permit)
    draw = rng.random(n)
    kind = np.where(chinese, "10", "20").astype(object)
    kind[chinese & (draw < 0.0015)] = "90"
    kind[chinese & (draw >= 0.0015) & (draw < 0.0035)] = "20"
    kind[compatriot] = np.where(nationality[compatriot] == "TWN", "40", "30")
    kind[compatriot & (draw < 0.3)] = "35"
    kind[~chinese & ~compatriot & (draw < 0.06)] = "50"
    number = np.where(kind == "10", resident, np.where(kind == "20", passport, np.where(kind == "90", "", permit)))
    p35, p50 = np.flatnonzero(kind == "35"), np.flatnonzero(kind == "50")
    origin = np.array([{"HKG": 81, "MAC": 82, "TWN": 83}[nationality[i]] for i in p35], dtype=np.int64)
    number[p35] = permits_35(rng, origin, birth[p35], sex[p35])
    number[p50] = nationality[p50] + unique_numbers(rng, len(p50), 10**11, 10**12)
    crossing = np.where(compatriot, np.where(nationality == "TWN", "T", "H"), "P")
    return people.with_columns(
        resident_id=pl.Series(resident.astype(str)),
        doc_type=pl.Series(kind.astype(str)),
        doc_no=pl.Series(number.astype(str)),
        crossing_type=pl.Series(crossing.astype(str)),
        crossing_no=pl.Series(np.where(compatriot, permit, passport).astype(str)),
    )


def _phones(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Give adults a mobile number of their own; a child's is the head's, and some elders have none."""
    n = len(people)
    own = unique_numbers(rng, n, 13_000_000_000, 20_000_000_000)
    household = people["household"].to_numpy()
    heads = np.full(int(household.max()) + 1, "", dtype=object)
    heads[household[::-1]] = own[::-1]
    child = people["birth_date"].to_numpy() > np.datetime64("2006-01-01")
    # Some old couples have one telephone between them.
    shares = (people["kind"] == 1).to_numpy() & (people["relation"] != "02").to_numpy() & (rng.random(n) < 0.1)
    none = (people["birth_date"].to_numpy() < np.datetime64("1945-01-01")) & (rng.random(n) < 0.25)
    return people.with_columns(
        phone=pl.Series(np.where(none, "", np.where(child | shares, heads[household], own)).astype(str))
    )


def _addresses(rng: np.random.Generator, people: pl.DataFrame) -> pl.DataFrame:
    """Return where somebody is registered or lives outside the street, as text; empty where it is the home in the
    street.
    """
    n = len(people)
    roads = np.array(ELSEWHERE_ROADS, dtype=object)[rng.integers(0, len(ELSEWHERE_ROADS), n)]
    city = (
        "上海市"
        + roads
        + texts(rng.integers(10, 1500, n))
        + "弄"
        + texts(rng.integers(1, 60, n))
        + "号"
        + texts(rng.integers(1, 7, n) * 100 + rng.integers(1, 5, n))
        + "室"
    )
    place = {a.code: a.address for a in AREAS}
    village = np.array([place.get(code, "上海市浦东新区") for code in people["area"].to_list()], dtype=object)
    province = village + "第" + texts(rng.integers(1, 30, n)) + "村民组" + texts(rng.integers(1, 200, n)) + "号"
    kind = people["residence_type"].to_numpy()
    registered = np.select([kind == "3", kind == "4"], [city, province], "")
    return people.with_columns(
        registered_elsewhere=pl.Series(registered.astype(str)),
        lives_elsewhere=pl.Series(np.where(kind == "2", city, "").astype(str)),
    )
