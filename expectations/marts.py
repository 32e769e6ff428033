"""What must hold between what came in and what goes out, checked on the build before it is published.

A check is over persons and records, or over sums and structure (docs/rules.md, R-CHECK): `CHECKS` says which. Whom the
first kind catches the build has listed in `unresolved` already (dbt_project/models/marts/checks), and the day is
published; the second kind is a query for what is wrong, which must find nothing.
"""

from contextlib import closing
from dataclasses import dataclass
from typing import Literal

import psycopg
from psycopg import sql

from expectations import suite
from expectations.checks import Check
from sources.contract import all_contracts
from street import database
from street.settings import settings

STREET = "310115016"
GOVERNANCE_SUMS = ("arrivals", "arrivals_abroad", "isolating", "released", "duties_due", "residents", "unresolved")


class CheckFailed(RuntimeError):  # noqa: N818 -- the outcome of a check, not a defect of the code
    """The build must not be published; the sentence says what was lost and how many, never who."""


@dataclass(frozen=True)
class MartCheck:
    """A check of the build: what it is over, and the sentence for the duty officer when it finds something.

    Over persons, `name` is that of the model `check_<name>` and the subject of its rows in `unresolved`; over
    structure, `wrong` is the query whose every row is a breach.
    """

    name: str
    over: Literal["persons", "structure"]
    sentence: str
    wrong: str = ""


def _differing_sums() -> str:
    return " or ".join(
        f"sum({name}) filter (where committee_code = '{STREET}')"
        f" <> sum({name}) filter (where committee_code <> '{STREET}')"
        for name in GOVERNANCE_SUMS
    )


CHECKS = (
    MartCheck("arrival_without_outcome", "persons", "抵沪登记既没有隔离记录也未列入待核实"),
    MartCheck("isolating_without_door", "persons", "隔离人员住处未落实却未列入待核实"),
    MartCheck("record_without_person", "persons", "人员记录没有归到人"),
    MartCheck("person_without_row", "persons", "有记录的人在人员表中缺失"),
    MartCheck("resident_not_in_household", "persons", "住户在家庭视图中缺失或不在其住处"),
    MartCheck("standing_twice", "persons", "同一人或同一记录重复出现"),
    MartCheck("number_in_name", "persons", "姓名中可能有完整的证件号码"),
    MartCheck(
        "committees_and_unplaced_are_the_street",
        "structure",
        "各居委会与未落实之和不等于街道数",
        f"select business_date from build.governance_daily group by business_date having {_differing_sums()}",
    ),
    MartCheck(
        "compounds_and_unplaced_are_the_residents",
        "structure",
        "各小区与未落实的居民之和不等于居民总数",
        "select 1 where (select count(*) from build.fct_residence as living where exists (select"
        " from build.dim_compound as compound where compound.compound_key = living.compound_key"
        " and compound.committee_code = living.committee_code))"
        " <> (select coalesce(sum(residents), 0) from build.compound_overview)",
    ),
    MartCheck(
        "everything_listed_is_counted",
        "structure",
        "待核实记录数与治理日报不符",
        f"select 1 from build.governance_daily where committee_code = '{STREET}'"
        " and business_date = (select max(as_of) from build.compound_overview)"
        " and unresolved <> (select count(*) from build.unresolved)",
    ),
    MartCheck(
        "no_whole_identity_number",
        "structure",
        "数据集市中有未打掩码的证件号码",
        "select 1 from build.dim_person where id_masked ~ '[0-9]{17}[0-9X]'",
    ),
)
"""Every check of the build, the two kinds marked."""


def check(version: int) -> None:
    """Reconcile the tables of schema `build`, the version's.

    Writes one row a check to `ops.check_result`: severity `flag` over persons, `error` over structure.

    Raises:
        CheckFailed: sums or structure don't hold, or too many of a feed's persons were caught.
        SuiteError: a check couldn't be evaluated.
        DatabaseError: the warehouse refused a statement.
    """
    with closing(database.connect()) as conn, database.scrubbed():
        if conn.execute("select from ops.version where version = %s", (version,)).fetchone() is None:
            raise CheckFailed(f"没有版本 {version}")
        conn.commit()
        structure = [each for each in CHECKS if each.over == "structure"]
        # One row, many scalar queries: each is a set difference that the database hashes, not a look-up a row.
        rules = [Check(each.name, "flag", f"version = {int(version)} and exists ({each.wrong})") for each in structure]
        failed = suite.count("version", rules, schema="ops", row_key="version")
        found = {each.name: _how_many(conn, each) if failed[each.name] else 0 for each in structure}
        found |= _caught(conn)
        conn.execute("delete from ops.check_result where version = %s", (version,))
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into ops.check_result (version, subject, rule, severity, passed, failed_rows)"
                " values (%s, 'build', %s, %s, %s, %s)",
                [
                    (version, each.name, "flag" if each.over == "persons" else "error", not count, count)
                    for each in CHECKS
                    for count in [found.get(each.name, 0)]
                ],
            )
        conn.commit()
        sentences = [f"{each.sentence}({found[each.name]} 条)" for each in structure if found[each.name]]
        sentences += _too_many(conn)
    if sentences:
        raise CheckFailed(f"版本 {version} 未通过核对,不发布:{';'.join(sentences)}")


def _how_many(conn: psycopg.Connection, rule: MartCheck) -> int:
    row = conn.execute(sql.SQL("select count(*) from ({}) as wrong").format(sql.SQL(rule.wrong))).fetchone()
    return int(row[0]) if row else 0


def _caught(conn: psycopg.Connection) -> dict[str, int]:
    """By check over persons, how many records it has listed."""
    return dict(
        conn.execute("select subject, count(*) from build.unresolved where kind = 'check' group by subject").fetchall()
    )


def _too_many(conn: psycopg.Connection) -> list[str]:
    """Return a sentence for each feed of which too many persons were caught for the fault to be theirs (R-CHECK-2)."""
    share, persons = settings().street_check_share, settings().street_check_persons
    sentences = []
    titles = {contract.feed: contract.title_zh for contract in all_contracts()}
    # Of a record without a person the record counts.
    person = "coalesce({0}.person_key, {0}.batch_id || '-' || {0}.row_no)"
    for feed, caught in conn.execute(
        f"select feed, count(distinct {person.format('caught')}) from ("
        " select listed.feed, listed.batch_id, listed.row_no, link.person_key from build.unresolved as listed"
        " left join build.record_link as link using (feed, batch_id, row_no) where listed.kind = 'check'"
        ") as caught group by feed having count(*) >= %s order by feed",
        (persons,),
    ).fetchall():
        row = conn.execute(
            f"select count(distinct {person.format('link')}) from build.record_link as link where feed = %s",
            (feed,),
        ).fetchone()
        known = int(row[0]) if row else 0
        if caught >= persons and caught > share * known:
            sentences.append(
                f"{titles.get(feed, feed)}的 {known} 人中有 {caught} 人被核对查出,"
                f"超过 {share:.1%} 且不少于 {persons} 人"
            )
    return sentences
