"""Names of compounds that the housing list doesn't have: learned from records whose place is known otherwise.

A management company's own name for a compound, or a name residents use. Believed ones are kept for ever in
`linkage.compound_alias`, the rest waits for a person in `linkage.alias_candidate`. Source of the rules: docs/rules.md,
R-PLACE-16.
"""

from datetime import date
from typing import Final

import polars as pl
import psycopg

from linkage.table import append, read

#: So many people must bear a name out, this share of them in one compound, in all lists together and in each.
ENOUGH_PEOPLE: Final = 5
ENOUGH_SHARE: Final = 0.9
_WORTH_ASKING: Final = 3
_WORTH_ASKING_SHARE: Final = 0.5

#: The columns of records that are asked.
ASKED: Final = ("feed", "record", "batch_id", "unknown_name", "place_level", "compound_key", "name", "phone")

_DECIDED: Final = """
    select distinct on (left_record) left_record as alias, compound_key from linkage.decision
    where kind = 'compound_name' order by left_record, decision_id desc
"""


def load(conn: psycopg.Connection, as_of: date) -> dict[str, str]:
    """Return alias -> compound_key, of the aliases known on that day; a person's decision wins. Raises
    DatabaseError.
    """
    learned = read(
        conn, f"select alias, compound_key from linkage.compound_alias where learned_on <= date '{as_of.isoformat()}'"
    )
    decided = dict(read(conn, _DECIDED).iter_rows())
    return {alias: key for alias, key in (dict(learned.iter_rows()) | decided).items() if key is not None}


def evidence(placed: pl.DataFrame) -> pl.DataFrame:
    """Return (alias, batch_id, person, compound_key): who bears out which compound an unknown name means.

    `placed`: records with `unknown_name`, a certain place or none, name and phone. A record's own numbers tell, else
    the one compound of the other records with its name and phone.
    """
    unknown_phones = placed.filter(pl.col("unknown_name").is_not_null()).select("phone").drop_nulls().unique()
    theirs = placed.join(unknown_phones, on="phone", how="semi")
    nobodys = placed.filter(pl.col("unknown_name").is_not_null() & pl.col("phone").is_null())
    placed = pl.concat([theirs, nobodys]).with_columns(
        is_certain=pl.col("place_level").is_in(["dwelling", "building", "compound"])
        & pl.col("compound_key").is_not_null(),
        person=pl.when(pl.all_horizontal(pl.col("name", "phone").is_not_null())).then(
            pl.concat_str("name", "phone", separator="\x1f")
        ),
    )
    unknown = placed.filter(pl.col("unknown_name").is_not_null())
    lives_in = (
        placed.filter("is_certain", pl.col("unknown_name").is_null(), pl.col("person").is_not_null())
        .join(unknown.select("person"), on="person", how="semi")
        .group_by("person")
        .agg(pl.col("compound_key").unique().alias("compounds"))
        .filter(pl.col("compounds").list.len() == 1)
        .select("person", lives_in=pl.col("compounds").list.first())
    )
    told = unknown.join(lives_in, on="person", how="left", maintain_order="left").select(
        "batch_id",
        alias="unknown_name",
        person=pl.coalesce("person", pl.col("feed") + "\x1f" + pl.col("record")),
        compound_key=pl.when("is_certain").then("compound_key").otherwise("lives_in"),
    )
    return told.drop_nulls("compound_key").unique()


def weighed(found: pl.DataFrame) -> pl.DataFrame:
    """Return (alias, compound_key, people, of_people, is_believed): what each unknown name most likely means
    (R-PLACE-16).
    """
    votes = found.group_by("alias", "compound_key").agg(people=pl.col("person").n_unique())
    best = votes.sort("people", "compound_key", descending=[True, False]).unique("alias", keep="first")
    asked = found.group_by("alias").agg(of_people=pl.struct("person", "compound_key").n_unique())
    in_each_list = (
        found.join(best.select("alias", best="compound_key"), on="alias")
        .group_by("alias", "batch_id")
        .agg(share=(pl.col("compound_key") == pl.col("best")).mean())
        .group_by("alias")
        .agg(pl.col("share").min())
    )
    share = pl.col("people") / pl.col("of_people")
    return (
        best.join(asked, on="alias")
        .join(in_each_list, on="alias")
        .filter(pl.col("people") >= _WORTH_ASKING, share >= _WORTH_ASKING_SHARE)
        .select(
            "alias",
            "compound_key",
            "people",
            "of_people",
            is_believed=(pl.col("people") >= ENOUGH_PEOPLE)
            & (share >= ENOUGH_SHARE)
            & (pl.col("share") >= ENOUGH_SHARE),
        )
        .sort("alias")
    )


def learn(conn: psycopg.Connection, placed: pl.DataFrame, as_of: date) -> dict[str, str]:
    """Keep what the records (ASKED) teach; returns the aliases that are believed from today. Raises DatabaseError.

    A name that a person has decided on is learned no more.
    """
    names = weighed(evidence(placed.select(ASKED)))
    if not names.is_empty():
        names = names.join(read(conn, _DECIDED), on="alias", how="anti")
    believed = names.filter("is_believed").drop("is_believed")
    # A past day that is built again may learn what a later one has kept.
    fresh = believed.join(read(conn, "select alias from linkage.compound_alias"), on="alias", how="anti")
    append(conn, "linkage.compound_alias", fresh.with_columns(learned_on=pl.lit(as_of)))
    _ask(conn, names.filter(~pl.col("is_believed")).drop("is_believed"), as_of)
    return dict(believed.select("alias", "compound_key").iter_rows())


def _ask(conn: psycopg.Connection, names: pl.DataFrame, as_of: date) -> None:
    """Keep the newest run's questions; one asked before keeps its day."""
    since = read(conn, "select alias, first_seen_on from linkage.alias_candidate", {"first_seen_on": pl.Date})
    conn.execute("delete from linkage.alias_candidate")
    asked = names.join(since, on="alias", how="left").with_columns(pl.col("first_seen_on").fill_null(as_of))
    append(conn, "linkage.alias_candidate", asked)


def waiting(conn: psycopg.Connection) -> list[tuple[str, str, int, int, date]]:
    """Return (alias, the compound's name, people for it, people asked, asked since) of the names that wait for a
    person.

    The names with most people first.
    """
    rows = conn.execute(
        "select c.alias, k.compound_name, c.people, c.of_people, c.first_seen_on from linkage.alias_candidate as c "
        "join linkage.compound_key as k using (compound_key) order by c.people desc, c.alias"
    )
    return [(alias, compound, people, of_people, since) for alias, compound, people, of_people, since in rows]


def decide(conn: psycopg.Connection, alias: str, compound: str | None, by: str, reason: str) -> None:
    """Keep a person's word: the alias means the compound of that name, or (None) no compound. The next run obeys.

    Raises ValueError where no compound, or more than one, has that name.
    """
    key = None
    if compound is not None:
        keys = conn.execute("select compound_key from linkage.compound_key where compound_name = %s", [compound])
        found = [row[0] for row in keys]
        if len(found) != 1:
            raise ValueError(f"{compound}：房屋底册中叫这个名字的小区有 {len(found)} 个，请写底册上唯一的小区名称。")
        key = found[0]
    conn.execute(
        "insert into linkage.decision (kind, left_feed, left_record, compound_key, decided_by, reason) "
        "values ('compound_name', 'housing_registry', %s, %s, %s, %s)",
        [alias, key, by, reason],
    )
    conn.execute("delete from linkage.alias_candidate where alias = %s", [alias])
    conn.commit()
