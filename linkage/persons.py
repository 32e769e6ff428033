"""Records become persons, with keys that never change.

In order: what was known before (a record keeps its person), a person's decision, the same valid document without a
contradiction, evidence that is as good as a document; what nothing ties gets a provisional person of its own.
Probabilistic linkage has its place between the two last: it will propose `Tie`s of method `linkage` like the others.
Source of the rules: docs/rules.md, R-PERSON-2.
"""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, count
from typing import Final, NamedTuple

import polars as pl
from polars._typing import PolarsDataType

from linkage import names

RECORD_SCHEMA: Final[dict[str, pl.DataType]] = {
    "feed": pl.String(),
    "batch_id": pl.Int64(),
    "row_no": pl.Int32(),
    "record": pl.String(),  # keyed hash of (feed, business key), by which it is known again: R-PERSON-12
    "document": pl.String(),  # keyed hash of the canonical document; null when there is none
    "document_kind": pl.String(),
    "second_document": pl.String(),  # of a feed with a second number (a resident ID beside the passport)
    "second_document_kind": pl.String(),
    "number": pl.String(),  # keyed hash of a travel document's bare number, canonical or not
    "id_birth_date": pl.Date(),  # of the resident ID among the documents
    "name": pl.String(),
    "name_latin": pl.String(),
    "birth_date": pl.Date(),  # as the row has it, whatever the number says
    "has_birth_date": pl.Boolean(),  # whether the feed has such a column at all
    "leads": pl.Boolean(),  # of the register of the population, which speaks first
}
_RANK: Final = (~pl.col("leads"), pl.col("index"))
# As `_Row.denial`.
_DENIAL: Final = (
    pl.when(pl.col("birth_date") == pl.col("id_birth_date")).then(0)
    .when(pl.col("birth_date") != pl.col("id_birth_date")).then(2)
    .otherwise(1)
)  # fmt: skip


@dataclass(frozen=True)
class Memory:
    """What earlier runs issued; keys of merged persons are already followed to the person they were merged into.

    records: feed, record, person_key. documents: document_hash, document_kind, person_key. persons: person_key,
    origin_feed, origin_record, first_seen_on.
    """

    records: pl.DataFrame
    documents: pl.DataFrame
    persons: pl.DataFrame


class Decision(NamedTuple):
    """A person's decision about two records: (feed, record) on both sides; same person or different persons."""

    same: bool
    left: tuple[str, str]
    right: tuple[str, str]


@dataclass(frozen=True)
class Links:
    """The outcome: `links` one row a record, in the order given (person_key, person_method, person_score, agreed,
    flags); what is to be remembered: `persons` (person_key, origin_feed, origin_record), `documents` (document_hash,
    document_kind, person_key), `records` and `moved` (feed, record, person_key), `merged` (a key -> the older key).
    """

    links: pl.DataFrame
    persons: pl.DataFrame
    documents: pl.DataFrame
    records: pl.DataFrame
    moved: pl.DataFrame
    merged: dict[str, str]


class _Row(NamedTuple):
    """A record that needs thought; `position` is its place among all records."""

    position: int
    feed: str
    record: str
    documents: tuple[tuple[str, str], ...]  # (hash, kind), the resident ID first
    number: str | None
    id_birth_date: date | None
    names: tuple[str, ...]
    birth_date: date | None
    has_birth_date: bool
    leads: bool
    prior: str | None

    @property
    def has_travel_document(self) -> bool:
        """Whether one of its documents is no resident ID."""
        return any(kind != "resident_id" for _, kind in self.documents)

    @property
    def resident_id(self) -> str | None:
        return next((document for document, kind in self.documents if kind == "resident_id"), None)

    @property
    def rank(self) -> tuple[bool, int]:
        """The register of the population speaks first, then the order of arrival."""
        return not self.leads, self.position  # as _RANK

    @property
    def denial(self) -> int:
        """Whether its birth date bears its number out (0), says nothing of it (1) or denies it (2)."""
        if self.birth_date is None or self.id_birth_date is None:
            return 1
        return 0 if self.birth_date == self.id_birth_date else 2


def contradicts(row: _Row, other: _Row) -> bool:
    """Whether a shared document can't be both records': name and birth date given and both different.

    In a feed without birth dates the name alone decides. The other's birth date is its number's, if that is valid.
    Names that can't be held against each other (linkage.names) contradict nothing.
    """
    pairs = [(a, b) for a in row.names for b in other.names]
    if any(names.same(a, b) for a, b in pairs) or not any(names.contradict(a, b) for a, b in pairs):
        return False
    if not (row.has_birth_date and other.has_birth_date):
        return True
    theirs = other.birth_date if other.id_birth_date is None else other.id_birth_date
    return row.birth_date is not None and theirs is not None and row.birth_date != theirs


def _have_one_name(row: _Row, other: _Row) -> bool:
    return any(names.same(a, b) for a in row.names for b in other.names)


def _agreed(row: _Row, other: _Row) -> list[str]:
    agreed = ["document"]
    if _have_one_name(row, other):
        agreed.append("name")
    if row.birth_date is not None and row.birth_date == (other.id_birth_date or other.birth_date):
        agreed.append("birth_date")
    return agreed


class _Groups:
    """Union-find over records (their index) and persons (their key) that never joins two resident IDs by itself."""

    def __init__(self) -> None:
        self._parent: dict[int | str, int | str] = {}
        self._resident_ids: dict[int | str, set[str]] = defaultdict(set)
        self._apart: dict[int | str, set[int | str]] = defaultdict(set)

    def root(self, node: int | str) -> int | str:
        self._parent.setdefault(node, node)
        while self._parent[node] != node:
            self._parent[node] = self._parent[self._parent[node]]
            node = self._parent[node]
        return node

    def holds(self, node: int | str, resident_ids: set[str]) -> None:
        self._resident_ids[self.root(node)] |= resident_ids

    def keep_apart(self, one: int | str, other: int | str) -> None:
        self._apart[self.root(one)].add(other)
        self._apart[self.root(other)].add(one)

    def join(self, one: int | str, other: int | str, *, by_decision: bool = False) -> bool:
        """Whether the two are one now. Refused: two valid resident IDs, or a decision that they are different."""
        a, b = self.root(one), self.root(other)
        if a == b:
            return True
        ours, theirs = self._resident_ids[a], self._resident_ids[b]
        if not by_decision and ours and theirs and not (ours <= theirs or theirs <= ours):
            return False
        if {self.root(n) for n in self._apart[a]} & {b} or {self.root(n) for n in self._apart[b]} & {a}:
            return False
        self._parent[b] = a
        self._resident_ids[a] |= self._resident_ids.pop(b, set())
        self._apart[a] |= self._apart.pop(b, set())
        return True


@dataclass
class _Verdict:
    """What was found out about one record."""

    is_tied: bool = False
    is_decided: bool = False
    agreed: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)


class _Thinker:
    """Ties the records that share a document, a number, a person or a decision with others."""

    def __init__(self, rows: list[_Row], owners: Mapping[str, str], memory_ids: Mapping[str, set[str]]) -> None:
        self.rows = sorted(rows, key=lambda row: row.rank)
        self.owners = owners
        self.groups = _Groups()
        self.verdicts = {row.position: _Verdict() for row in rows}
        self.documents: dict[str, tuple[str, int]] = {}  # unowned document -> (kind, the record it is taken from)
        self._carriers: dict[tuple[str, str], list[_Row]] = defaultdict(list)
        self._speaks_for: dict[str, _Row] = {}
        for row in self.rows:
            if row.resident_id is not None:
                self.groups.holds(row.position, {row.resident_id})
            if row.prior is not None:
                self._speaks_for.setdefault(row.prior, row)
            for document in row.documents:
                self._carriers[document].append(row)
        present = {row.prior for row in rows if row.resident_id is not None}
        for person in {*owners.values(), *(row.prior for row in rows if row.prior is not None)} - present:
            self.groups.holds(person, memory_ids.get(person, set()))

    def think(self, decisions: list[Decision]) -> None:
        """All ties, the surest first."""
        self._obey(decisions)
        self._remember()
        for (document, kind), carriers in sorted(self._carriers.items(), key=lambda item: item[0][1] != "resident_id"):
            self._tie_by_document(document, kind, carriers)
        self._tie_by_number()

    def _obey(self, decisions: list[Decision]) -> None:
        index = {(row.feed, row.record): row.position for row in self.rows}
        known = [(d.same, index[d.left], index[d.right]) for d in decisions if d.left in index and d.right in index]
        for same, left, right in known:
            for side in (left, right):
                self.verdicts[side].is_decided = True
            if not same:
                self.groups.keep_apart(left, right)
        for same, left, right in known:
            if same:
                self.groups.join(left, right, by_decision=True)

    def _remember(self) -> None:
        """A record keeps its person; of several with different IDs the one whose ID the person already has."""
        for row in sorted(self.rows, key=lambda r: all(self.owners.get(d) != r.prior for d, _ in r.documents)):
            if row.prior is not None and not self.groups.join(row.prior, row.position):
                self._doubt(row)

    def _doubt(self, row: _Row) -> None:
        verdict = self.verdicts[row.position]
        if not verdict.is_decided:
            verdict.flags.add("document_conflict")

    def _tie_by_document(self, document: str, kind: str, carriers: list[_Row]) -> None:
        if len({row.resident_id for row in carriers} - {None}) > 1:
            # It would tie persons with different valid IDs: it ties nothing.
            for row in carriers:
                self._doubt(row)
            return
        owner = self.owners.get(document)
        carriers = sorted(
            carriers,
            key=lambda r: (owner is None or r.prior != owner, r.denial, r.rank),
        )
        first, target = carriers[0], self.groups.root(owner or carriers[0].position)
        if owner is not None and first.prior != owner:
            first = self._speaks_for.get(owner, first)
        turned_away: list[_Row] = []
        for row in carriers:
            if row is not first and contradicts(row, first):
                self.verdicts[row.position].flags.add("document_of_another")
                # Whom two lists have under another's number by one name is one person, not two.
                alike = next((other for other in turned_away if _have_one_name(row, other)), row)
                self.groups.join(alike.position, row.position)
                turned_away.append(row)
            elif self.groups.join(target, row.position):
                verdict = self.verdicts[row.position]
                verdict.is_tied = True
                verdict.agreed = verdict.agreed or (["document"] if len(carriers) == 1 else _agreed(row, first))
            else:
                self._doubt(row)
        if owner is None:
            self.documents[document] = (kind, first.position)

    def _tie_by_number(self) -> None:
        """A travel document's number without its country or kind, with the birth date or the name, is as good."""
        by_number: dict[str, list[_Row]] = defaultdict(list)
        for row in self.rows:
            if row.number is not None:
                by_number[row.number].append(row)
        for rows in by_number.values():
            for row in rows:
                if row.has_travel_document:
                    continue
                alike = [other for other in rows if other is not row and _as_good_as_a_document(row, other)]
                sure = {self.groups.root(other.position) for other in alike if other.has_travel_document}
                roots = sure or {self.groups.root(other.position) for other in alike[:1]}
                if len(roots) > 1 or not all(self.groups.join(root, row.position) for root in roots):
                    self._doubt(row)
                elif roots:
                    self.verdicts[row.position].is_tied = True
                    self.verdicts[row.position].agreed = ["number", *_agreed(row, alike[0])[1:]]


def _as_good_as_a_document(row: _Row, other: _Row) -> bool:
    if row.birth_date is not None and row.birth_date == other.birth_date:
        return True
    return _have_one_name(row, other)


def new_key(feed: str, record: str) -> str:
    """The key of a person first met in this record. `record` is a keyed hash, so the key gives nothing away."""
    return "p" + hashlib.sha256(f"{feed}\x1f{record}".encode()).hexdigest()[:20]


def link(records: pl.DataFrame, memory: Memory, decisions: list[Decision]) -> Links:
    """Give each record of RECORD_SCHEMA its person. The same records, memory and decisions give the same outcome."""
    base = records.with_row_index("index").join(
        memory.records.rename({"person_key": "prior"}), on=["feed", "record"], how="left", maintain_order="left"
    )
    documents = _documents(base).join(
        memory.documents.select("document_hash", owner="person_key"), on="document_hash", how="left"
    )
    involved = _involved(base, documents, decisions)
    thinker = _Thinker(*_rows(base, documents, involved, memory))
    thinker.think(decisions)
    thought = _persons_of(thinker, memory)

    # Which of the two documents a record carries, and of which kind, `documents` tells.
    alone = base.drop("document", "document_kind").join(involved, on="index", how="anti")
    simple = _agreed_by_all(alone.join(documents, on="index", how="left").sort(*_RANK))
    origins = simple.filter(pl.col("prior").is_null()).unique("group", keep="first", maintain_order=True)
    issued = _issued(memory, origins)
    named = [(feed, _unused(feed, record, issued)) for feed, record in origins.select("feed", "record").iter_rows()]
    fresh = origins.select(
        "group",
        pl.Series("person_key", [new_key(*origin) for origin in named], pl.String),
        origin_feed="feed",
        origin_record=pl.Series([origin for _, origin in named], dtype=pl.String),
    )
    simple = simple.join(fresh.select("group", "person_key"), on="group", how="left").with_columns(
        person_key=pl.coalesce("prior", "person_key")
    )
    to_remember = (
        simple.filter(pl.col("document_hash").is_not_null() & pl.col("owner").is_null())
        .select("document_hash", "document_kind", "person_key")
        .unique("document_hash")
    )
    identified = pl.concat([memory.documents.select("person_key"), to_remember.select("person_key")])
    identified = pl.concat([identified, thought.documents.select("person_key")]).unique().with_columns(known=True)
    everyone = pl.concat(
        [
            simple.select(
                "index", "feed", "record", "prior", "person_key", is_decided=pl.lit(value=False),
                is_tied=pl.col("document_hash").is_not_null(), agreed="agreed",
                flags=pl.lit(None, dtype=pl.List(pl.String)),
            ),
            thought.links,
        ]
    )  # fmt: skip
    everyone = everyone.join(identified, on="person_key", how="left").sort("index")
    tied = pl.col("is_tied") | pl.col("known").fill_null(value=False)
    method = (
        pl.when("is_decided")
        .then(pl.lit("manual"))
        .when(tied)
        .then(pl.lit("document"))
        .otherwise(pl.lit("provisional"))
    )
    links = everyone.select(
        "person_key",
        person_method=method,
        person_score=pl.when(method != "provisional").then(1.0),
        agreed=pl.when(method == "document")
        .then(pl.col("agreed").fill_null(["document"]))
        .otherwise(pl.lit([], dtype=pl.List(pl.String))),
        flags=pl.col("flags").fill_null([]),
    )
    prior_now = pl.col("prior").replace(thought.merged)
    return Links(
        links=links,
        persons=pl.concat(
            [
                fresh.select("person_key", "origin_feed", "origin_record"),
                thought.persons,
            ]
        ),
        documents=pl.concat([to_remember, thought.documents]),
        records=everyone.filter(pl.col("prior").is_null()).select("feed", "record", "person_key"),
        moved=everyone.filter(prior_now != pl.col("person_key")).select("feed", "record", "person_key"),
        merged=thought.merged,
    )


def _documents(base: pl.DataFrame) -> pl.DataFrame:
    """(index, document_hash, document_kind), one row a record and document."""
    return pl.concat(
        base.select("index", document_hash=column, document_kind=f"{column}_kind").drop_nulls("document_hash")
        for column in ("document", "second_document")
    ).unique(["index", "document_hash"], keep="first", maintain_order=True)


def _agreed_by_all(simple: pl.DataFrame) -> pl.DataFrame:
    """Records nobody need think about, first come those that speak first: with `group` (one person) and `agreed`."""
    grouped = simple.with_columns(group=pl.coalesce("document_hash", pl.col("index").cast(pl.String)))
    shared = grouped.filter(pl.len().over("group") > 1)
    # Whose number and birth date are at one speaks for a document, as in `_tie_by_document`.
    speaks = shared.sort(_DENIAL, maintain_order=True).unique("group", keep="first", maintain_order=True)
    told = shared.join(
        speaks.select("group", said=pl.coalesce("id_birth_date", "birth_date")), on="group"
    ).select(
        "index",
        agreed=pl.when(pl.col("birth_date") == pl.col("said"))
        .then(pl.lit(["document", "name", "birth_date"]))
        .otherwise(pl.lit(["document", "name"])),
    )  # fmt: skip
    return grouped.join(told, on="index", how="left", maintain_order="left")


def _involved(base: pl.DataFrame, documents: pl.DataFrame, decisions: list[Decision]) -> pl.DataFrame:
    """(index): records that need thought, and all records of the persons these concern.

    The rest stand alone, or agree with all that carry their document: the same name, of one person or all new.
    """
    with_prior = documents.join(base.select("index", "prior", "name"), on="index")
    split = (
        with_prior.filter(pl.col("document_kind") == "resident_id", pl.col("prior").is_not_null())
        .group_by("prior").agg(pl.col("document_hash").n_unique().alias("ids")).filter(pl.col("ids") > 1)
    )  # fmt: skip
    decided = pl.DataFrame(
        [side for d in decisions for side in (d.left, d.right)],
        orient="row", schema={"feed": pl.String, "record": pl.String},
    )  # fmt: skip
    odd = pl.concat(
        [
            documents.filter(pl.len().over("index") > 1).select("index"),
            with_prior.filter(pl.col("owner").is_not_null() & pl.col("owner").ne_missing(pl.col("prior"))).select(
                "index"
            ),
            base.filter(pl.col("number").is_not_null()).filter(pl.len().over("number") > 1).select("index"),
            base.join(split, on="prior", how="semi").select("index"),
            base.join(decided, on=["feed", "record"], how="semi").select("index"),
        ]
    ).unique()
    shared = with_prior.filter(pl.len().over("document_hash") > 1)
    agreeing = _agreeing(shared, odd)
    involved = pl.concat([odd, shared.join(agreeing, on="document_hash", how="anti").select("index")]).unique()
    concerned = (
        pl.concat(
            [
                base.join(involved, on="index", how="semi").select(person="prior"),
                documents.join(involved, on="index", how="semi").select(person="owner"),
            ]
        )
        .drop_nulls()
        .unique()
    )
    return pl.concat(
        [involved, base.join(concerned, left_on="prior", right_on="person", how="semi").select("index")]
    ).unique()


def _agreeing(shared: pl.DataFrame, odd: pl.DataFrame) -> pl.DataFrame:
    """(document_hash): documents whose carriers have the same name and person, and are in nothing `odd`."""
    return (
        shared.join(odd.with_columns(is_odd=pl.lit(value=True)), on="index", how="left")
        .group_by("document_hash")
        .agg(
            (
                pl.col("is_odd").is_null().all()
                & (pl.col("name") == pl.col("name").first()).all(ignore_nulls=False)
                # What is no letter may be a mark, and proves nothing (linkage.names).
                & pl.col("name").first().str.contains(r"^[\p{L}\s·]+$")
                & pl.col("prior").eq_missing(pl.col("owner")).all()
            ).alias("agrees")
        )
        .filter("agrees")
        .select("document_hash")
    )


def _rows(
    base: pl.DataFrame, documents: pl.DataFrame, involved: pl.DataFrame, memory: Memory
) -> tuple[list[_Row], dict[str, str], dict[str, set[str]]]:
    """The involved records, who owns their documents, and the resident IDs that persons were known by."""
    theirs = documents.join(involved, on="index", how="semi")
    carried: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for index, document, kind in theirs.select("index", "document_hash", "document_kind").iter_rows():
        carried[index].append((document, kind))
    rows = [
        _Row(
            position=row["index"],
            feed=row["feed"],
            record=row["record"],
            documents=tuple(sorted(carried[row["index"]], key=lambda document: document[1] != "resident_id")),
            number=row["number"],
            id_birth_date=row["id_birth_date"],
            names=tuple(name for name in (row["name"], row["name_latin"]) if name),
            birth_date=row["birth_date"],
            has_birth_date=row["has_birth_date"],
            leads=row["leads"],
            prior=row["prior"],
        )
        for row in base.join(involved, on="index", how="semi", maintain_order="left").iter_rows(named=True)
    ]
    owners = dict(theirs.select("document_hash", "owner").drop_nulls().unique().iter_rows())
    persons = pl.DataFrame({"person_key": sorted({*owners.values(), *(r.prior for r in rows if r.prior is not None)})},
                           schema={"person_key": pl.String})  # fmt: skip
    resident_ids: dict[str, set[str]] = defaultdict(set)
    known = memory.documents.filter(pl.col("document_kind") == "resident_id").join(persons, on="person_key", how="semi")
    for person, document in known.select("person_key", "document_hash").iter_rows():
        resident_ids[person].add(document)
    return rows, owners, resident_ids


class _Thought(NamedTuple):
    """As in `Links`, for the involved records."""

    links: pl.DataFrame
    persons: pl.DataFrame
    documents: pl.DataFrame
    merged: dict[str, str]


def _persons_of(thinker: _Thinker, memory: Memory) -> _Thought:
    """One person a group: the oldest there is, else a new one named after the group's first record."""
    priors = {row.prior for row in thinker.rows if row.prior is not None} | set(thinker.owners.values())
    seen = memory.persons.filter(pl.col("person_key").is_in(list(priors)))
    age = {key: (first, key) for key, first in seen.select("person_key", "first_seen_on").iter_rows()}
    candidates: dict[int | str, list[str]] = defaultdict(list)
    for person in sorted(priors, key=lambda key: age[key]):
        candidates[thinker.groups.root(person)].append(person)
    person_of = {root: keys[0] for root, keys in candidates.items()}
    merged = {key: keys[0] for keys in candidates.values() for key in keys[1:]}
    issued = _issued(
        memory, pl.DataFrame({"record": [row.record for row in thinker.rows]}, schema={"record": pl.String})
    )
    persons: list[tuple[str, str, str]] = []
    for row in thinker.rows:
        root = thinker.groups.root(row.position)
        if root not in person_of:
            origin = _unused(row.feed, row.record, issued)
            issued.add((row.feed, origin))
            person_of[root] = new_key(row.feed, origin)
            persons.append((person_of[root], row.feed, origin))
    links = []
    for row in thinker.rows:
        verdict = thinker.verdicts[row.position]
        person = person_of[thinker.groups.root(row.position)]
        links.append(
            (row.position, row.feed, row.record, row.prior, person, verdict.is_decided, verdict.is_tied,
             verdict.agreed or None, sorted(verdict.flags))
        )  # fmt: skip
    documents = [
        (document, kind, person_of[thinker.groups.root(index)]) for document, (kind, index) in thinker.documents.items()
    ]
    text, texts = pl.String, pl.List(pl.String)
    return _Thought(
        _table(
            links,
            {
                "index": pl.UInt32, "feed": text, "record": text, "prior": text, "person_key": text,
                "is_decided": pl.Boolean, "is_tied": pl.Boolean, "agreed": texts, "flags": texts,
            },
        ),
        _table(persons, dict.fromkeys(("person_key", "origin_feed", "origin_record"), text)),
        _table(documents, dict.fromkeys(("document_hash", "document_kind", "person_key"), text)),
        merged,
    )  # fmt: skip


def _table(rows: Sequence[tuple[object, ...]], schema: Mapping[str, PolarsDataType]) -> pl.DataFrame:
    """The rows as a table, given by columns: row by row Polars takes several times as long."""
    return pl.DataFrame(dict(zip(schema, zip(*rows, strict=True), strict=True)) if rows else None, schema=schema)


def _issued(memory: Memory, records: pl.DataFrame) -> set[tuple[str, str]]:
    """The (feed, origin) of persons named after one of these records."""
    known = memory.persons.with_columns(record=pl.col("origin_record").str.replace(r"#\d+$", ""))
    return set(known.join(records, on="record", how="semi").select("origin_feed", "origin_record").iter_rows())


def _unused(feed: str, record: str, issued: Collection[tuple[str, str]]) -> str:
    """The record itself; where a person already bears its name (it was split from them), a numbered one."""
    numbered = chain([record], (f"{record}#{number}" for number in count(2)))
    return next(origin for origin in numbered if (feed, origin) not in issued)
