"""Records become persons, with keys that never change.

In order: what was known before (a record keeps its person), a person's decision, the same valid document without a
contradiction (`resolve`), then evidence that only one person of the street can have given (`tie`); what nothing ties
gets a provisional person of its own. Source of the rules: docs/rules.md, R-PERSON-2.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final, NamedTuple

import polars as pl

from linkage import evidence
from linkage.memory import TIE_SCHEMA, Decision, Learned, Memory, issued, new_key, unused
from linkage.resolver import Resolver, Row
from linkage.table import of_rows

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
# As measured on streets that two generators drew (docs/decisions/0008-evidence-instead-of-scores.md).
SCORE: Final = 0.9996
# As `Row.denial`.
_DENIAL: Final = (
    pl.when(pl.col("birth_date") == pl.col("id_birth_date")).then(0)
    .when(pl.col("birth_date") != pl.col("id_birth_date")).then(2)
    .otherwise(1)
)  # fmt: skip


@dataclass(frozen=True)
class Links:
    """`links`: one row per record, in the order given; `learned`: what is to be remembered; `candidates` for review.

    person_key, person_method, person_score, agreed, flags; of `tie` also what evidence says (differed, name_likeness,
    namesakes), of `resolve` whether a document of the record's own ties it (is_tied).
    """

    links: pl.DataFrame
    learned: Learned
    candidates: pl.DataFrame


def resolve(records: pl.DataFrame, memory: Memory, decisions: list[Decision]) -> Links:
    """Give each record of RECORD_SCHEMA its person, by documents, decisions and memory.

    The same records, memory and decisions give the same outcome, in whatever order the records stand.
    """
    # The register of the population speaks first; among the others it mustn't matter who came first (R-PERSON-6).
    order = records.select(rank=pl.struct(~pl.col("leads"), "record").rank("ordinal"))["rank"] - 1
    base = (
        records.with_columns(index=order.cast(pl.UInt32))
        .sort("index")
        .join(
            memory.records.select("feed", "record", prior="person_key"),
            on=["feed", "record"],
            how="left",
            maintain_order="left",
        )
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
    simple = _agreed_by_all(alone.join(documents, on="index", how="left").sort("index"))
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
        is_tied="is_tied",
    )
    links = links.select(pl.all().gather(order))
    prior_now = pl.col("prior").replace(resolved.merged)
    learned = Learned(
        persons=pl.concat([fresh.select("person_key", "origin_feed", "origin_record"), resolved.persons]),
        documents=pl.concat([to_remember, resolved.documents]),
        records=everyone.filter(pl.col("prior").is_null()).select("feed", "record", "person_key"),
        changed=pl.DataFrame(schema={"feed": pl.String, "record": pl.String, "said": pl.Int64}),
        moved=everyone.filter(prior_now != pl.col("person_key")).select("feed", "record", "person_key"),
        merged=resolved.merged,
        ties=pl.DataFrame(schema=TIE_SCHEMA),
    )
    return Links(links, learned, pl.DataFrame(schema=TIE_SCHEMA))


def tie(records: pl.DataFrame, links: Links, found: evidence.Found, said: pl.DataFrame, memory: Memory) -> Links:
    """Return the links of `resolve`, with what evidence found about their persons; `said` is evidence.said.

    Of persons that became one the oldest stays, and of new ones the first by the rank of its records (R-PERSON-6).
    """
    told = records.select("feed", "record", "leads").hstack(links.links)
    first = told.sort(~pl.col("leads"), "record").unique("person_key", keep="first", maintain_order=True)
    groups = pl.DataFrame(
        {"person_key": [*found.persons, *found.persons.values()], "root": [*found.persons.values()] * 2},
        schema={"person_key": pl.String, "root": pl.String},
    ).unique()
    ranked = (
        groups.join(memory.persons.select("person_key", "first_seen_on"), on="person_key", how="left")
        .join(first.select("person_key", "leads", "record"), on="person_key", how="left")
        .sort("first_seen_on", ~pl.col("leads"), "record", nulls_last=True)
    )
    stays = ranked.group_by("root").agg(pl.col("person_key").first().alias("stays"))
    now_of = ranked.join(stays, on="root").filter(pl.col("person_key") != pl.col("stays"))
    replaced = dict(now_of.select("person_key", "stays").iter_rows())
    learned = links.learned
    now = pl.col("person_key").replace(replaced)
    is_new = pl.col("person_key").is_in(learned.persons["person_key"].implode())
    old = dict(now_of.filter(~is_new).select("person_key", "stays").iter_rows())
    ties = _ties(found.ties, first)
    told_now = _by_evidence(told, pl.concat([memory.ties.select(TIE_SCHEMA.keys()), ties])).with_columns(now)
    # A pair that waits is known again tomorrow by the first record of each of the persons as they now are.
    first_now = (
        told.select("feed", "record", "leads").hstack(told_now.select("person_key")).sort(~pl.col("leads"), "record")
    )
    waits = found.open.with_columns(pl.col("left", "right").replace(replaced))
    return Links(
        told_now,
        Learned(
            persons=learned.persons.filter(~pl.col("person_key").is_in(list(replaced))),
            documents=learned.documents.with_columns(now),
            records=learned.records.with_columns(now).join(said.select("record", "said"), on="record", how="left"),
            moved=learned.moved.with_columns(now),
            changed=_changed(said, memory),
            merged={key: replaced.get(into, into) for key, into in learned.merged.items()} | old,
            ties=ties,
        ),
        _ties(waits, first_now.unique("person_key", keep="first", maintain_order=True)),
    )


def _changed(said: pl.DataFrame, memory: Memory) -> pl.DataFrame:
    """Return (feed, record, said): records known before that say other than they said."""
    now = memory.records.select("feed", "record", before="said").join(said.select("record", "said"), on="record")
    return now.filter(pl.col("said").ne_missing(pl.col("before"))).drop("before")


def to_tell(records: pl.DataFrame, links: Links, decisions: list[Decision], memory: Memory) -> pl.DataFrame:
    """Return the links of `resolve` as evidence.said asks for them."""
    decided = sides(decisions).unique()
    return (
        records.select("feed", "record").hstack(links.links)
        .join(memory.records.select("feed", "record", said_before="said"), on=["feed", "record"], how="left")
        .join(decided.with_columns(is_decided=pl.lit(value=True)), on=["feed", "record"], how="left")
        .with_columns(pl.col("is_decided").fill_null(value=False))
    )  # fmt: skip


def sides(decisions: list[Decision]) -> pl.DataFrame:
    """Return (feed, record): the records that people decided about."""
    return pl.DataFrame(
        [side for decision in decisions for side in (decision.left, decision.right)],
        orient="row", schema={"feed": pl.String, "record": pl.String},
    )  # fmt: skip


def apart(decisions: list[Decision], records: pl.DataFrame, links: Links, memory: Memory) -> list[tuple[str, str]]:
    """Return the persons that people decided are different (R-PERSON-7), also where a record is no longer in force."""
    different = [decision for decision in decisions if not decision.same]
    if not different:
        return []
    either = sides(different)
    today = records.select("feed", "record").hstack(links.links.select("person_key"))
    person: dict[tuple[str, str], str] = {}
    for known in (memory.records.select("feed", "record", "person_key"), today):
        theirs = known.join(either, on=["feed", "record"], how="semi")
        person |= {(feed, record): links.learned.merged.get(key, key) for feed, record, key in theirs.iter_rows()}
    return [(person[d.left], person[d.right]) for d in different if d.left in person and d.right in person]


def _ties(pairs: pl.DataFrame, first: pl.DataFrame) -> pl.DataFrame:
    """Return the pairs of evidence.Found with the first record of each person: TIE_SCHEMA."""
    left = first.select(left="person_key", left_feed="feed", left_record="record")
    right = first.select(right="person_key", right_feed="feed", right_record="record")
    return (
        pairs.join(left, on="left", maintain_order="left")
        .join(right, on="right", maintain_order="left")
        .select(TIE_SCHEMA.keys())
    )


def _by_evidence(told: pl.DataFrame, ties: pl.DataFrame) -> pl.DataFrame:
    """Return the links, with the method and the reasons of those that stand by evidence and not by a document of
    their own.
    """
    sides = [
        ties.select(feed=f"{side}_feed", record=f"{side}_record", how="how", evident="agreed", differed="differed",
                    people="people")
        for side in ("left", "right")
    ]  # fmt: skip
    of = pl.concat(sides).unique(["feed", "record"], keep="first", maintain_order=True)
    told = told.join(of, on=["feed", "record"], how="left", maintain_order="left")
    by_evidence = pl.col("evident").is_not_null() & ~pl.col("is_tied") & (pl.col("person_method") != "manual")
    return told.select(
        "person_key",
        person_method=pl.when(by_evidence).then(pl.lit("linkage")).otherwise("person_method"),
        person_score=pl.when(by_evidence).then(SCORE).otherwise("person_score"),
        agreed=pl.when(by_evidence).then("evident").otherwise("agreed"),
        differed=pl.when(by_evidence).then("differed"),
        name_likeness=pl.when(by_evidence).then("how"),
        namesakes=pl.when(by_evidence).then("people"),
        flags="flags",
    )


def _documents(base: pl.DataFrame) -> pl.DataFrame:
    """Return (index, document_hash, document_kind), one row per record and document."""
    return pl.concat(
        base.select("index", document_hash=column, document_kind=f"{column}_kind").drop_nulls("document_hash")
        for column in ("document", "second_document")
    ).unique(["index", "document_hash"], keep="first", maintain_order=True)


def _agreed_by_all(simple: pl.DataFrame) -> pl.DataFrame:
    """Return records that need no resolving, first come those that speak first: with `group` (one person) and
    `agreed`.
    """
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
    """Return (index): records that need resolving, and all records of the persons these concern.

    The rest stand alone, or agree with all that carry their document: the same name, of one person or all new.
    """
    with_prior = documents.join(base.select("index", "prior", "name"), on="index")
    split = (
        with_prior.filter(pl.col("document_kind") == "resident_id", pl.col("prior").is_not_null())
        .group_by("prior").agg(pl.col("document_hash").n_unique().alias("ids")).filter(pl.col("ids") > 1)
    )  # fmt: skip
    decided = sides(decisions)
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
    """Return (document_hash): documents whose carriers have the same name and person, and are in nothing `odd`."""
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
    """Return the involved records, who owns their documents, and the resident IDs that persons were known by."""
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
    """Return one person a group: the oldest there is, else a new one named after the group's first record."""
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
        of_rows(
            links,
            {
                "index": pl.UInt32, "feed": text, "record": text, "prior": text, "person_key": text,
                "is_decided": pl.Boolean, "is_tied": pl.Boolean, "agreed": texts, "flags": texts,
            },
        ),
        of_rows(persons, dict.fromkeys(("person_key", "origin_feed", "origin_record"), text)),
        of_rows(documents, dict.fromkeys(("document_hash", "document_kind", "person_key"), text)),
        merged,
    )  # fmt: skip
