"""Ties by evidence: records without a document in common that only one person of the street can have given.

Two records with one name that have a masked number, a birth date, a phone or a door in common are one person's, unless
somebody else of the street could be meant as well: of one name, with a resident ID or a birth date of their own, and as
much in common, counting what is not known of them. So father and son of one name stay two. Ties are made strongest
first; one is refused that would give a person two numbers, two birth dates, two names or two rows of one list.
The street itself is what a name is held against: nothing is trained, and nothing kept beside the records.
Source of the rules: docs/rules.md, R-PERSON-2 and R-PERSON-13.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import product
from typing import Any, Final, Literal, NamedTuple, get_args

import polars as pl

from linkage import names
from linkage.places import MOST_CANDIDATES
from linkage.resolver import UnionFind
from linkage.table import of_rows

SAID_SCHEMA: Final[dict[str, pl.DataType]] = {
    "record": pl.String(),  # tells it from all others
    "person": pl.String(),  # whose it is so far: by documents, decisions and memory
    "resident_id": pl.String(),  # keyed hash; null for a number that is another's
    "has_document": pl.Boolean(),
    "name": pl.String(),
    "name_latin": pl.String(),
    "certified": pl.Date(),  # the birth date in the resident ID
    "birth_date": pl.Date(),  # as the row has it
    "mask": pl.String(),  # the first 6 and last 4 characters of a number of 18
    "phone": pl.String(),
    "dwelling_key": pl.String(),
    "possible_keys": pl.List(pl.String()),  # what an address can mean that names no door for certain
    "registered_dwelling_key": pl.String(),
    "building_key": pl.String(),
    "compound_key": pl.String(),
    "household": pl.String(),  # in the register of the population
    "is_news": pl.Boolean(),  # whether it says other than when it was last linked
    "list_no": pl.Int32(),  # of a list with a row a person; else null
}
How = Literal["name", "letters", "near", "slip", "order", "part", "mark"]  # the surest first
_HOW: Final = get_args(How)

# What two records can have in common beside their names, and how much more one says than another.
_POINTS: Final = {"mask": 16, "birth_date": 12, "phone": 6, "door": 6, "building": 2, "compound": 1}
_BIT: Final = {what: 1 << n for n, what in enumerate(_POINTS)}
_WEIGHT: Final = [sum(p for what, p in _POINTS.items() if bits & _BIT[what]) for bits in range(1 << len(_POINTS))]
_RARE: Final = 3  # so many people of a name at most for a building or a compound to tell them apart
_GENERATION: Final = 18_00_00  # so many years, as `folded` has dates, and more are between a parent and a child
_MOST: Final = 40  # what more people share tells nobody apart
# Names that are written otherwise are held against each other where this is in common.
_BLOCKS: Final = (("mask",), ("birth_date", "phone"), ("birth_date", "door"), ("phone", "door"))
_NEAR_BLOCKS: Final = (("phone",), ("door",))  # for `near` and `order` alone
_LATIN_BLOCKS: Final = (("birth_date",), ("phone",), ("door",))
_SURE: Final = ("mask", "birth_date")
_FAIR: Final = ("phone", "door", "building", "compound")
_NUMBER, _BORN, _PHONE, _DOOR = (_BIT[what] for what in ("mask", "birth_date", "phone", "door"))
_ALL_BUT_PHONE: Final = sum(_BIT.values()) - _PHONE


@dataclass(frozen=True)
class Found:
    """What evidence says of persons.

    `ties`: left, right (persons that are one now), how, agreed, differed (lists of what), people (who bear the name);
    `open`: alike, pairs that may be one and are not told; `persons`: person -> the one that it now is.
    """

    ties: pl.DataFrame
    open: pl.DataFrame
    persons: dict[str, str]

    def named(self) -> list[str]:
        """Return the persons of whom it speaks."""
        sides = (pairs[side] for pairs in (self.ties, self.open) for side in ("left", "right"))
        return sorted({*self.persons, *self.persons.values(), *pl.concat(sides)})


def said(placed: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    """Return SAID_SCHEMA of records with their places, each once, and `said`, a number that tells whether it says
    the same.

    `links` is persons.Links.links with feed and record, what the record said when it was last linked (`said_before`),
    and whether people decided about it since.
    """
    about = placed.filter("is_about_person").unique(["feed", "record"], keep="first", maintain_order=True)
    told = _what_is_said(about.join(links, on=["feed", "record"]), "said_before", "is_decided")
    content = [name for name in SAID_SCHEMA if name not in ("record", "person", "list_no", "is_news")]
    told = told.with_columns(said=pl.struct(content).hash(seed=0).reinterpret(signed=True))
    is_news = pl.col("is_decided") | pl.col("said").ne_missing(pl.col("said_before"))
    return told.with_columns(is_news=is_news).select(*SAID_SCHEMA, "said")


def said_before(standing: pl.DataFrame) -> pl.DataFrame:
    """Return SAID_SCHEMA of records that stand as they were linked by the last run: there is no news of them."""
    if standing.is_empty():
        return pl.DataFrame(schema=SAID_SCHEMA)
    told = _what_is_said(standing.filter("is_about_person"))
    return told.with_columns(is_news=pl.lit(value=False)).select(*SAID_SCHEMA)


def _what_is_said(linked: pl.DataFrame, *more: str) -> pl.DataFrame:
    """Return SAID_SCHEMA but for `is_news`, of records with their places and links.

    What a number tells that is another's (R-PERSON-3) is nothing its record says.
    """
    own = ~pl.col("flags").list.contains("document_of_another")
    resident_id = pl.coalesce(
        pl.when(pl.col(f"{column}_kind") == "resident_id").then(column) for column in ("document", "second_document")
    )
    # Whose document is two persons' (R-PERSON-5) may be either, whatever else they say.
    either = pl.col("flags").list.contains("document_conflict") & resident_id.is_null()
    masked = "^[0-9]{6}[*]{8}[0-9]{3}[0-9X]$"
    mask = pl.coalesce("id_masked", pl.when(pl.col("document_masked").str.contains(masked)).then("document_masked"))
    return linked.with_columns(pl.when(~either).then(pl.col("name", "name_latin"))).select(
        "record", "name", "name_latin", "birth_date", "phone", "dwelling_key", "registered_dwelling_key",
        "building_key", "compound_key", "household", "list_no", *more,
        person="person_key",
        possible_keys=pl.when(pl.col("dwelling_key").is_null()).then("candidates"),
        resident_id=pl.when(own).then(resident_id),
        has_document=own & (pl.col("document").is_not_null() | pl.col("second_document").is_not_null()),
        certified=pl.when(own).then("id_birth_date"),
        mask=pl.when(own).then(mask),
    )  # fmt: skip


def find(said: pl.DataFrame, apart: Iterable[tuple[str, str]] = ()) -> Found:
    """Tie the records of SAID_SCHEMA; `apart`: persons that are two by decision. The order of the rows says nothing.

    Only persons of whom there is news are tied, to whomever: what was held against all the others before stands.
    """
    if not said["is_news"].any():
        return Found(_pairs([], []), _pairs([], []), {})
    street = _Street(said, apart)
    # Each step knows the persons as the surer ones before it have left them.
    street.take(_weighed(_of_one_name(street, street.news(), _SURE), street))
    street.take(_weighed(_of_one_name(street, street.news(), _FAIR), street))
    street.take(_weighed(_of_like_names(street), street))
    return street.found()


def folded(date: pl.Expr) -> pl.Expr:
    """Return a birth date as a number that is the same when the day and the month have changed places."""
    month, day = date.dt.month().cast(pl.Int32), date.dt.day().cast(pl.Int32)
    return date.dt.year() * 10000 + pl.min_horizontal(month, day) * 100 + pl.max_horizontal(month, day)


def likeness(one: str, other: str) -> How | None:
    """Return how two names can be one person's; None where they contradict each other."""
    if names.agree(one, other):
        return "name" if names.key(one) == names.key(other) else "letters"
    slip = names.slip(one, other)
    if slip is not None:
        return slip
    return None if names.contradict(one, other) else "mark"


class _Known(NamedTuple):
    """What a person is known by: birth dates, the lists that have a row of theirs, masked numbers, names."""

    dates: set[int]
    lists: set[int]
    masks: set[str]
    names: set[str]


def _named(said: pl.DataFrame) -> pl.DataFrame:
    """Return node (of a person), written, name (a hash of its key): how persons are called."""
    long = pl.concat([said.select("node", written=c).drop_nulls() for c in ("name", "name_latin")]).unique()
    return long.with_columns(name=names.keys(long["written"])).with_columns(_hashed(pl.col("name")))


def _told(said: pl.DataFrame) -> pl.DataFrame:
    """Return node, what (of _BIT), key (a hash): what persons say, but for the building and the compound.

    It may stand there more than once.
    """
    parts = [
        _says(said, "mask", pl.col("mask")),
        _says(said, "birth_date", folded(pl.coalesce("certified", "birth_date"))),
        _says(said, "phone", pl.col("phone")),
        _says(said, "door", pl.col("dwelling_key")),
        _says(said, "door", pl.col("registered_dwelling_key")),
    ]
    # Whose own door isn't known lives, for all that is known, where the household does.
    doors = said.select("node", "household", key="dwelling_key").drop_nulls("household")
    lost = doors.filter(pl.col("key").is_null()).drop("key")
    family = lost.join(doors.drop_nulls("key").select("household", "key"), on="household")
    parts.append(_says(family, "door", pl.col("key")))
    # An address that can mean several doors says each of them, as far as somebody is known to live there. Of a list
    # that was cut off it isn't known whether it has the right one.
    is_whole = pl.col("possible_keys").list.len() < MOST_CANDIDATES
    possible = said.filter(is_whole).select("node", key="possible_keys").explode("key").drop_nulls("key")
    lived_in = pl.concat([said.select(key="dwelling_key"), said.select(key="registered_dwelling_key")])
    parts.append(_says(possible.join(lived_in, on="key", how="semi"), "door", pl.col("key")))
    return pl.concat(parts)


def _says(said: pl.DataFrame, what: str, value: pl.Expr) -> pl.DataFrame:
    """Return (node, what, key): who says that of themselves."""
    told = said.select("node", pl.lit(_BIT[what], pl.Int32).alias("what"), key=value)
    return told.drop_nulls("key").with_columns(pl.col("key").hash())


def _latin(named: pl.DataFrame) -> pl.DataFrame:
    """Return the names that are written in letters."""
    return named.filter(~pl.col("written").str.contains(r"\p{Han}"))


class _Street:
    """The persons of the street by number (`node`), as the ties made so far leave them.

    named, told: as `_named` and `_told`. Of most of a street nothing is asked on a day: what takes long is told only of
    whom a step asks about.
    """

    def __init__(self, said: pl.DataFrame, apart: Iterable[tuple[str, str]]) -> None:
        person = said.select("record", "person", of=pl.col("person").hash())
        number = person.group_by("of").agg(pl.col("record").min(), pl.col("person").first()).sort("record")
        number = number.with_row_index("node")
        self._keys = number["person"]
        node = person.join(number.select("of", "node"), on="of", how="left", maintain_order="left")["node"]
        self._said = said.with_columns(node, order=node)
        self.named, self.told = _named(self._said), _told(self._said)
        self._groups: UnionFind[int] = UnionFind()
        self._moved: list[int] = []
        self._ties: list[tuple[int, int, str, int, int, int]] = []
        self._open: list[tuple[int, int, str, int, int, int]] = []
        self._known: dict[int, _Known] = {}
        of = dict(number.select("person", "node").iter_rows()) if apart else {}
        for one, other in apart:
            if one in of and other in of:
                self._groups.keep_apart(of[one], of[other])

    def news(self) -> pl.DataFrame:
        """Return (node): the persons of whom something new is said."""
        return self._said.filter("is_news").select("node").unique()

    def says(self, nodes: pl.DataFrame) -> pl.DataFrame:
        """Return what these persons say, each thing once: `told`, with the building and the compound."""
        told, said = (table.join(nodes, on="node", how="semi") for table in (self.told, self._said))
        coarse = [_says(said, what, pl.col(f"{what}_key")) for what in ("building", "compound")]
        return pl.concat([told, *coarse]).unique()

    def persons(self, told: pl.DataFrame) -> pl.DataFrame:
        """Return what is known of the persons who say this (`says`): node, id (a hash), date, order, has_document,
        knows, and how many people bear the rarest of their names.
        """
        knows = told.group_by("node").agg(knows=pl.col("what").bitwise_or())
        theirs = self.named.join(knows, on="node", how="semi").select("node", "name").drop_nulls("name").unique()
        bearers = self.named.join(theirs, on="name", how="semi").select("node", "name").unique()
        asked = pl.concat([knows.select("node"), bearers.select("node")]).unique()
        who = (
            self._said.join(asked, on="node", how="semi")
            .group_by("node")
            .agg(
                id=_hashed(pl.col("resident_id")).min(),
                date=pl.coalesce(folded(pl.col("certified")).min(), folded(pl.col("birth_date")).min()),
                order=pl.col("order").min(),
                has_document=pl.col("has_document").any(),
            )
        )
        bearer = pl.coalesce("id", _hashed(pl.col("date")), pl.when("has_document").then(_hashed(pl.col("order"))))
        people = (
            bearers.join(who.select("node", bearer=bearer), on="node")
            .group_by("name").agg(people=pl.col("bearer").drop_nulls().n_unique())
        )  # fmt: skip
        rarest = theirs.join(people, on="name").group_by("node").agg(pl.col("people").min())
        return (
            knows.join(who, on="node").join(rarest, on="node", how="left").with_columns(pl.col("people").fill_null(0))
        )

    def take(self, ties: pl.DataFrame) -> None:
        """Make the ties that tell, strongest first."""
        # What has but a building or half a name in common is nothing to ask people about.
        asks = pl.col("weight") >= pl.when(pl.col("how").is_in(["name", "letters"])).then(6).otherwise(12)
        ordered = ties.filter(pl.col("tells") | asks).sort(
            -pl.col("weight"), pl.col("id").is_null() & pl.col("id_other").is_null(), "order", "order_other"
        )
        self._learn(pl.concat([ordered["node"], ordered["other"]]).unique())
        moved = len(self._moved)
        for one, other, how, agreed, differed, people, tells in ordered.select(
            "node", "other", "how", "agreed", "differed", "people", "tells"
        ).iter_rows():
            a, b = self._groups.root(one), self._groups.root(other)
            if a == b:
                continue
            if tells and self._fits(a, b) and self._groups.join(a, b):
                self._joined(a, b)
                self._ties.append((one, other, how, agreed, differed, people))
            else:
                self._open.append((one, other, how, agreed, differed, people))
        if moved < len(self._moved):
            now = pl.col("node").replace({node: self._groups.root(node) for node in self._moved})
            self._said, self.named, self.told = (t.with_columns(now) for t in (self._said, self.named, self.told))

    def _learn(self, nodes: pl.Series) -> None:
        """Know what persons are known by, as far as ties ask for it."""
        asked = pl.DataFrame({"node": [node for node in nodes if node not in self._known]}, {"node": nodes.dtype})
        rows = self._said.join(asked, on="node", how="semi").select(
            "node", "resident_id", folded(pl.col("certified")), folded(pl.col("birth_date")), "list_no", "mask"
        )
        facts: dict[int, tuple[set[Any], ...]] = {
            node: (set(), set(), set(), set(), set(), set()) for node in asked["node"]
        }
        for node, *said in rows.iter_rows():
            for values, value in zip(facts[node], said, strict=False):
                if value is not None:
                    values.add(value)
        for node, written in self.named.join(asked, on="node", how="semi").select("node", "written").iter_rows():
            facts[node][-1].add(written)
        for node, (ids, certified, dates, lists, masks, names_) in facts.items():
            self._known[node] = _Known(certified or dates, lists, masks, names_)
            if ids:
                self._groups.holds(node, ids)

    def _fits(self, one: int, other: int) -> bool:
        """Return whether two persons may be one, but for their resident IDs and people's word (UnionFind):
        R-PERSON-13.
        """
        ours, theirs = self._known[one], self._known[other]
        if ours.dates and theirs.dates and not ours.dates & theirs.dates:
            return False
        if ours.lists & theirs.lists:
            return False
        if ours.masks and theirs.masks and not any(_is_one_number(a, b) for a in ours.masks for b in theirs.masks):
            return False
        return (
            ours.names <= theirs.names
            or theirs.names <= ours.names
            or all(likeness(a, b) is not None for a in ours.names for b in theirs.names)
        )

    def _joined(self, one: int, other: int) -> None:
        ours, theirs = self._known[one], self._known.pop(other)
        self._moved.append(other)
        dates = ours.dates & theirs.dates or ours.dates | theirs.dates
        masks = ours.masks | theirs.masks
        self._known[one] = _Known(dates, ours.lists | theirs.lists, masks, ours.names | theirs.names)

    def found(self) -> Found:
        """Return what came of it."""
        keys = self._keys.to_list()
        now = {node: self._groups.root(node) for node in self._moved}
        moved = {keys[node]: keys[root] for node, root in now.items()}
        still: dict[frozenset[int], tuple[int, int, str, int, int, int]] = {}
        for pair in self._open:
            sides = frozenset((self._groups.root(pair[0]), self._groups.root(pair[1])))
            if len(sides) > 1:
                still.setdefault(sides, pair)
        return Found(_pairs(keys, self._ties), _pairs(keys, [*still.values()]), moved)


def _is_one_number(one: str, other: str) -> bool:
    """Return whether two masked numbers can be one: with a digit mistyped, or two beside each other changed about."""
    wrong = [at for at, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
    if len(wrong) == 2 and wrong[1] - wrong[0] == 1:
        return one[wrong[0]] == other[wrong[1]] and one[wrong[1]] == other[wrong[0]]
    return len(wrong) <= 1


def _hashed(values: pl.Expr) -> pl.Expr:
    """Return a number for each value, null for null: many times faster to hold against others than text."""
    return pl.when(values.is_not_null()).then(values.hash())


def _pairs(keys: list[str], rows: list[tuple[int, int, str, int, int, int]]) -> pl.DataFrame:
    """Return the pairs as in `Found`."""
    told = [[what for what in _POINTS if bits & _BIT[what]] for bits in range(1 << len(_POINTS))]
    return of_rows(
        [
            (keys[one], keys[other], how, told[agreed], told[differed], people)
            for one, other, how, agreed, differed, people in rows
        ],
        {
            "left": pl.String, "right": pl.String, "how": pl.String, "agreed": pl.List(pl.String),
            "differed": pl.List(pl.String), "people": pl.Int64,
        },
    )  # fmt: skip


def _of_one_name(street: _Street, about: pl.DataFrame, whats: Collection[str] = tuple(_POINTS)) -> pl.DataFrame:
    """Return (node, other, how, length, length_other): persons with one name, of those that `about` (node) bear, who
    have one of these in common.
    """
    named = street.named.drop_nulls("name").select("node", "name")
    by_name = named.join(named.join(about, on="node", how="semi"), on="name", how="semi").unique()
    by_name = by_name.filter(pl.len().over("name") > 1)
    told = street.says(by_name.select("node").unique())
    shared = by_name.join(told.filter((pl.col("what") & sum(_BIT[what] for what in whats)) != 0), on="node")
    group = ["name", "what", "key"]
    shared = shared.join(
        shared.group_by(group).len().filter(pl.col("len").is_between(2, _MOST)).select(group), on=group
    )
    pairs = shared.join(shared, on=group, suffix="_other").filter(pl.col("node") < pl.col("node_other"))
    none = pl.lit(None, pl.Int64)
    return pairs.select("node", other="node_other", how=pl.lit("name"), length=none, length_other=none).unique()


def _of_like_names(street: _Street) -> pl.DataFrame:
    """Return (node, other, how, length, length_other): persons whose names may be one, written otherwise, and who have
    much in common; how many characters the names have.
    """
    pairs = _beside_each_other(street)
    distinct = _worth_reading(pairs.select("written", "written_other").unique())
    read = [(likeness(a, b), len(names.plain(a)), len(names.plain(b))) for a, b in distinct.iter_rows()]
    schema = {"how": pl.String, "length": pl.Int64, "length_other": pl.Int64}
    distinct = distinct.hstack(pl.DataFrame(read, schema, orient="row")).drop_nulls("how")
    alike = pairs.join(distinct, on=["written", "written_other"])
    alike = alike.filter(~pl.col("has_little") | pl.col("how").is_in(["near", "order"]))
    # Each pair once, the smaller number first.
    turned = {"node": "other", "other": "node", "length": "length_other", "length_other": "length"}
    is_turned = pl.col("node") > pl.col("other")
    alike = alike.select(
        pl.when(is_turned).then(turned.get(c, c)).otherwise(c).alias(c) for c in ("node", "other", *schema)
    )
    order = pl.col("how").replace_strict(_HOW, range(len(_HOW)))
    # Who has the very name is a rival of who has one like it.
    about = pl.concat([alike.select("node"), alike.select(node="other")]).unique()
    alike = pl.concat([alike, _of_one_name(street, about)])
    alike = alike.sort(order, "length", "length_other", descending=[False, True, True])
    return alike.unique(["node", "other"], keep="first", maintain_order=True)


def _beside_each_other(street: _Street) -> pl.DataFrame:
    """Return (node, written, other, written_other, has_little): persons with some block in common, by each two of their
    names that are written otherwise; `has_little`: for `near` and `order` alone.
    """
    latin, news = _latin(street.named), street.news()
    says, near = _near(street, news, latin)
    kinds = [*product(_BLOCKS, [""]), *product(_LATIN_BLOCKS, ["latin"]), *product(_NEAR_BLOCKS, ["near"])]
    found = []
    for block, kind in kinds:
        said = (
            says[what].join(near[block[-1]], on="node", how="semi").unique().rename({"key": what}) for what in block
        )
        keys = reduce(lambda one, other: one.join(other, on="node"), said)
        if kind == "latin":
            keys = _beside(latin, keys, block)
        keys = _beside(_beside(news, keys, block).select("node"), keys, block)
        crowd = keys.group_by(block).len().filter(pl.col("len").is_between(2, _MOST))
        members = others = keys.join(crowd, on=block, how="semi").join(street.named, on="node")
        same = [*block]
        if kind == "near":
            # Such a mistake keeps the surname and the length; to read all of a home's names costs too much.
            kept = {"surname": pl.col("written").str.head(1), "long": pl.col("written").str.len_chars()}
            members = others = members.with_columns(**kept)
            same += kept
        else:
            members = others = _by_initial(members)
            same.append("initial")
        if kind == "latin":
            is_latin = ~pl.col("written").str.contains(r"\p{Han}")
            members, others = members.filter(is_latin), members.filter(~is_latin)
        pairs = members.join(others, on=same, suffix="_other").filter(
            (pl.col("node") != pl.col("node_other")) & (pl.col("written") != pl.col("written_other"))
        )
        found.append(
            pairs.select(
                "node", "written", other="node_other", written_other="written_other", has_little=pl.lit(kind == "near")
            )
        )
    return pl.concat(found).unique()


def _near(
    street: _Street, news: pl.DataFrame, latin: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], dict[str, pl.DataFrame]]:
    """Return (node, key) of everybody who says it, by what it is; and (node) of those whom it brings near: who has it
    in common with somebody of whom there is news, and who has with these, for they can be rivals.
    """
    says, near = {}, {}
    for what in ("mask", "birth_date", "phone", "door"):
        keys = says[what] = street.told.filter(pl.col("what") == _BIT[what]).select("node", "key")
        # By a birth date alone only a name in letters is held against others.
        keys = _beside(latin, keys, ["key"]) if what == "birth_date" else keys
        beside = _beside(news, keys, ["key"]).select("node")
        near[what] = _beside(beside, keys, ["key"]).select("node").unique()
    return says, near


def _beside(nodes: pl.DataFrame, keys: pl.DataFrame, block: Sequence[str]) -> pl.DataFrame:
    """Return the rows of `keys` that have a block in common with one of the nodes."""
    return keys.join(keys.join(nodes, on="node", how="semi"), on=block, how="semi")


def _by_initial(named: pl.DataFrame) -> pl.DataFrame:
    """Return the rows once for each letter (`initial`) with which the surname in `written` can begin, in pinyin; or the
    name in letters. Names without one in common are not alike; one of which that can't be told has every letter.
    """
    distinct = named["written"].unique()
    is_told = names.is_plain(distinct) | distinct.str.contains("^[A-Za-z][A-Za-z ]+$")
    first, every = names.initials(distinct)["first"], (1 << 26) - 1
    bits = pl.select(pl.when(is_told & (first != 0)).then(first).otherwise(every)).to_series()
    letters = pl.DataFrame(
        [(mask, letter) for mask in bits.unique() for letter in range(26) if mask >> letter & 1],
        {"bits": pl.Int32, "initial": pl.Int8}, orient="row",
    )  # fmt: skip
    initials = pl.DataFrame({"written": distinct, "bits": bits}).join(letters, on="bits").drop("bits")
    return named.join(initials, on="written")


def _worth_reading(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of names but for those that plainly can't be one: a look at each by `names` costs too much."""
    distinct = pl.concat([pairs["written"], pairs["written_other"]]).unique()
    about = names.initials(distinct).with_columns(
        written=distinct, plain=names.is_plain(distinct), latin=~distinct.str.contains(r"\p{Han}")
    )
    pairs = pairs.join(about, on="written").join(about, left_on="written_other", right_on="written", suffix="_other")
    one, other = pl.col("written"), pl.col("written_other")
    different = pl.sum_horizontal(one.str.slice(n, 1) != other.str.slice(n, 1) for n in range(4))
    as_long = one.str.len_chars() == other.str.len_chars()
    slip = (one.str.slice(0, 1) == other.str.slice(0, 1)) & (
        pl.when(as_long)
        .then(
            (different == 1)
            | ((one.str.slice(1, 1) == other.str.slice(2, 1)) & (one.str.slice(2, 1) == other.str.slice(1, 1)))
        )
        .otherwise(pl.max_horizontal(one.str.len_chars(), other.str.len_chars()) == 3)
    )

    def begin_alike(letters: str) -> pl.Expr:
        return (pl.col(letters) & pl.col(f"{letters}_other")) != 0

    has_given = (pl.col("second") != 0) & (pl.col("second_other") != 0)
    spelled = begin_alike("first") & (~has_given | begin_alike("second"))
    plain, plain_other, latin, latin_other = (pl.col(c) for c in ("plain", "plain_other", "latin", "latin_other"))
    worth = (
        pl.when(plain & plain_other).then(slip)
        .when((plain & latin_other) | (latin & plain_other)).then(spelled)
        .otherwise(pl.lit(value=True))
    )  # fmt: skip
    return pairs.filter(worth).select("written", "written_other")


def _weighed(pairs: pl.DataFrame, street: _Street) -> pl.DataFrame:
    """Return the pairs that don't contradict each other, with what they agree on and whether that `tells` who it is."""
    told = street.says(pl.concat([pairs["node"], pairs["other"]]).unique().to_frame())
    known = street.persons(told)
    pairs = pairs.join(known, on="node").join(known, left_on="other", right_on="node", suffix="_other")
    pairs = pairs.filter(
        (pl.col("id") == pl.col("id_other")).fill_null(value=True)
        & (pl.col("date") == pl.col("date_other")).fill_null(value=True)
    )
    common = (
        pairs.select("node", "other")
        .join(told, on="node")
        .join(told.rename({"node": "other"}), on=["other", "what", "key"])
        .group_by("node", "other").agg(agreed=pl.col("what").bitwise_or())
    )  # fmt: skip
    pairs = pairs.join(common, on=["node", "other"]).with_columns(people=pl.max_horizontal("people", "people_other"))
    knows, knows_other, agreed = pl.col("knows"), pl.col("knows_other"), pl.col("agreed")
    pairs = pairs.with_columns(
        weight=_weight(agreed),
        differed=(knows & knows_other) ^ (knows & knows_other & agreed),
        # What they may have in common beside it, for all that is known of them. Whose phone nobody tells may have none.
        at_most=_weight(agreed | ((knows ^ (knows & knows_other)) & _ALL_BUT_PHONE)),
        at_most_other=_weight(agreed | ((knows_other ^ (knows & knows_other)) & _ALL_BUT_PHONE)),
    )
    rivalled = _rivalled(pairs).with_columns(alone=pl.lit(value=False))
    return (
        pairs.join(rivalled, on=["node", "other"], how="left")
        .join(_with_a_phone_alone(pairs, street), on=["node", "other"], how="left")
        .with_columns(tells=pl.col("alone").fill_null(value=True) & _is_enough().fill_null(value=False))
    )


def _with_a_phone_alone(pairs: pl.DataFrame, street: _Street) -> pl.DataFrame:
    """Return (node, other, has_phone_alone): pairs with a character left out and a phone that is nobody else's.

    Of whom the longer name is, the children have no phone but theirs.
    """
    shorter = pairs.filter(pl.col("how") == "part", (pl.col("agreed") & _PHONE) != 0)
    if shorter.is_empty():
        return shorter.select("node", "other", has_phone_alone=pl.lit(value=True))
    holders = street.told.filter(pl.col("what") == _PHONE).select("node", "key")
    shared = (
        shorter.select(
            "node",
            "other",
            born=pl.when(pl.col("length") > pl.col("length_other")).then("date").otherwise("date_other"),
        )
        .join(holders, on="node")
        .join(holders.rename({"node": "other"}), on=["other", "key"])
    )
    others = shared.join(holders.rename({"node": "third"}), on="key").filter(
        (pl.col("third") != pl.col("node")) & (pl.col("third") != pl.col("other"))
    )
    theirs = street.persons(street.says(others.select(node="third").unique()))
    others = others.join(theirs.select(third="node", third_born="date"), on="third").filter(
        (pl.col("third_born") < pl.col("born") + _GENERATION).fill_null(value=True)
    )
    return shared.join(others, on=["node", "other", "key"], how="anti").select(
        "node", "other", has_phone_alone=pl.lit(value=True)
    ).unique()  # fmt: skip


def _weight(bits: pl.Expr) -> pl.Expr:
    return bits.replace_strict(list(range(len(_WEIGHT))), _WEIGHT, return_dtype=pl.Int32)


def _is_enough() -> pl.Expr:
    """Return whether what two records have in common tells who it is, if nobody else can be meant (R-PERSON-13)."""

    def both(what: int) -> pl.Expr:
        return (pl.col("agreed") & what) != 0

    def differ(what: int) -> pl.Expr:
        return (pl.col("differed") & what) != 0

    near = (pl.col("people") <= _RARE) & ~differ(_DOOR) & ~differ(_PHONE)
    # A given name of two characters keeps one of them.
    either = (both(_PHONE) & ~differ(_DOOR)) | (both(_DOOR) & ~differ(_PHONE))
    either &= pl.min_horizontal("length", "length_other") > 2
    certain = both(_NUMBER) | (both(_BORN) & (both(_PHONE) | both(_DOOR)))
    return (
        pl.when(pl.col("how") == "name").then(both(_NUMBER | _BORN | _PHONE | _DOOR) | near)
        .when(pl.col("how") == "letters").then(both(_NUMBER | _BORN | _PHONE | _DOOR))
        # 建国 and 建华 may be brothers; 王强 may be 王小强's father, but not with a phone of his own.
        .when(pl.col("how") == "near").then(certain | (both(_PHONE) & both(_DOOR)) | either)
        # Nobody calls two at one door by the same two characters.
        .when(pl.col("how") == "order").then(certain | both(_PHONE | _DOOR))
        .when(pl.col("how") == "part").then(certain | (both(_PHONE) & both(_DOOR) & pl.col("has_phone_alone")))
        .otherwise(certain)
    )  # fmt: skip


def _rivalled(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return (node, other): pairs beside which somebody else can be meant, from either side."""
    one = pairs.select("node", "other", "weight", "at_most", id="id_other", date="date_other")
    two = pairs.select(node="other", other="node", weight="weight", at_most="at_most_other", id="id", date="date")
    sides = pl.concat([one, two])
    several = sides.group_by("node").agg(ids=pl.col("id").n_unique(), dates=pl.col("date").n_unique(), others=pl.len())
    several = several.filter(pl.col("others") > 1, (pl.col("ids") > 1) | (pl.col("dates") > 1))
    sides = sides.join(several.select("node"), on="node")
    rivals = sides.join(
        sides.select("node", "other", "weight", "at_most", "id", "date"), on="node", suffix="_rival"
    ).filter(
        (pl.col("other") != pl.col("other_rival"))
        & (pl.col("weight_rival") >= _POINTS["door"])
        & (pl.col("at_most_rival") >= pl.col("weight"))
        & (
            (pl.col("id") != pl.col("id_rival")).fill_null(value=False)
            | (pl.col("date") != pl.col("date_rival")).fill_null(value=False)
        )
    )
    low, high = pl.min_horizontal("node", "other"), pl.max_horizontal("node", "other")
    return rivals.select(node=low, other=high).unique()
