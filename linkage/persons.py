"""Records become persons, with keys that never change.

In order: what was known before (a record keeps its person), a person's decision, the same valid document without a
contradiction, evidence that is as good as a document; what nothing ties gets a provisional person of its own.
Probabilistic linkage has its place between the two last: it will propose `Tie`s of method `linkage` like the others.
Source of the rules: docs/rules.md, R-PERSON-2.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl
from polars._typing import PolarsDataType

from linkage.memory import Decision, Learned, Memory, issued, new_key, unused
from linkage.resolver import Resolver, Row

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
# As `Row.denial`.
_DENIAL: Final = (
    pl.when(pl.col("birth_date") == pl.col("id_birth_date")).then(0)
    .when(pl.col("birth_date") != pl.col("id_birth_date")).then(2)
    .otherwise(1)
)  # fmt: skip


@dataclass(frozen=True)
class Links:
    """`links`: one row per record, in the order given (person_key, person_method, person_score, agreed, flags);
    `learned`: what is to be remembered.
    """

    links: pl.DataFrame
    learned: Learned


def resolve(records: pl.DataFrame, memory: Memory, decisions: list[Decision]) -> Links:
    """Give each record of RECORD_SCHEMA its person. The same records, memory and decisions give the same outcome."""
    base = records.with_row_index("index").join(
        memory.records.rename({"person_key": "prior"}), on=["feed", "record"], how="left", maintain_order="left"
    )
    documents = _documents(base).join(
        memory.documents.select("document_hash", owner="person_key"), on="document_hash", how="left"
    )
    involved = _involved(base, documents, decisions)
    resolver = Resolver(*_rows(base, documents, involved, memory))
    resolver.resolve(decisions)
    resolved = _persons_of(resolver, memory)

    # Which of the two documents a record carries, and of which kind, `documents` tells.
    alone = base.drop("document", "document_kind").join(involved, on="index", how="anti")
    simple = _agreed_by_all(alone.join(documents, on="index", how="left").sort(*_RANK))
    origins = simple.filter(pl.col("prior").is_null()).unique("group", keep="first", maintain_order=True)
    taken = issued(memory, origins)
    named = [(feed, unused(feed, record, taken)) for feed, record in origins.select("feed", "record").iter_rows()]
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
    identified = pl.concat([identified, resolved.documents.select("person_key")]).unique().with_columns(known=True)
    everyone = pl.concat(
        [
            simple.select(
                "index", "feed", "record", "prior", "person_key", is_decided=pl.lit(value=False),
                is_tied=pl.col("document_hash").is_not_null(), agreed="agreed",
                flags=pl.lit(None, dtype=pl.List(pl.String)),
            ),
            resolved.links,
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
    prior_now = pl.col("prior").replace(resolved.merged)
    learned = Learned(
        persons=pl.concat([fresh.select("person_key", "origin_feed", "origin_record"), resolved.persons]),
        documents=pl.concat([to_remember, resolved.documents]),
        records=everyone.filter(pl.col("prior").is_null()).select("feed", "record", "person_key"),
        moved=everyone.filter(prior_now != pl.col("person_key")).select("feed", "record", "person_key"),
        merged=resolved.merged,
    )
    return Links(links, learned)


def _documents(base: pl.DataFrame) -> pl.DataFrame:
    """(index, document_hash, document_kind), one row per record and document."""
    return pl.concat(
        base.select("index", document_hash=column, document_kind=f"{column}_kind").drop_nulls("document_hash")
        for column in ("document", "second_document")
    ).unique(["index", "document_hash"], keep="first", maintain_order=True)


def _agreed_by_all(simple: pl.DataFrame) -> pl.DataFrame:
    """Records that need no resolving, first come those that speak first: with `group` (one person) and `agreed`."""
    grouped = simple.with_columns(group=pl.coalesce("document_hash", pl.col("index").cast(pl.String)))
    shared = grouped.filter(pl.len().over("group") > 1)
    # Whose number and birth date are at one speaks for a document, as in `Resolver`.
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
    """(index): records that need resolved, and all records of the persons these concern.

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
) -> tuple[list[Row], dict[str, str], dict[str, set[str]]]:
    """The involved records, who owns their documents, and the resident IDs that persons were known by."""
    theirs = documents.join(involved, on="index", how="semi")
    carried: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for index, document, kind in theirs.select("index", "document_hash", "document_kind").iter_rows():
        carried[index].append((document, kind))
    rows = [
        Row(
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


class _Resolved(NamedTuple):
    """As in `Links` and `Learned`, for the involved records."""

    links: pl.DataFrame
    persons: pl.DataFrame
    documents: pl.DataFrame
    merged: dict[str, str]


def _persons_of(resolver: Resolver, memory: Memory) -> _Resolved:
    """One person a group: the oldest there is, else a new one named after the group's first record."""
    priors = {row.prior for row in resolver.rows if row.prior is not None} | set(resolver.owners.values())
    seen = memory.persons.filter(pl.col("person_key").is_in(list(priors)))
    age = {key: (first, key) for key, first in seen.select("person_key", "first_seen_on").iter_rows()}
    candidates: dict[int | str, list[str]] = defaultdict(list)
    for person in sorted(priors, key=lambda key: age[key]):
        candidates[resolver.groups.root(person)].append(person)
    person_of = {root: keys[0] for root, keys in candidates.items()}
    merged = {key: keys[0] for keys in candidates.values() for key in keys[1:]}
    taken = issued(
        memory, pl.DataFrame({"record": [row.record for row in resolver.rows]}, schema={"record": pl.String})
    )
    persons: list[tuple[str, str, str]] = []
    for row in resolver.rows:
        root = resolver.groups.root(row.position)
        if root not in person_of:
            origin = unused(row.feed, row.record, taken)
            taken.add((row.feed, origin))
            person_of[root] = new_key(row.feed, origin)
            persons.append((person_of[root], row.feed, origin))
    links = []
    for row in resolver.rows:
        verdict = resolver.verdicts[row.position]
        person = person_of[resolver.groups.root(row.position)]
        links.append(
            (row.position, row.feed, row.record, row.prior, person, verdict.is_decided, verdict.is_tied,
             verdict.agreed or None, sorted(verdict.flags))
        )  # fmt: skip
    documents = [
        (document, kind, person_of[resolver.groups.root(index)])
        for document, (kind, index) in resolver.documents.items()
    ]
    text, texts = pl.String, pl.List(pl.String)
    return _Resolved(
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
