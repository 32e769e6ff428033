"""What must hold between what came in and what goes out, checked on the build before it is published (R-CHECK).

A check is over persons and records, or over sums and structure. The first kind are models of dbt, `check_<name>`: the
build has listed in `unresolved` whom they catch, and the day is published. The second kind are the queries of
`STRUCTURE`: one that finds anything stops the publication. What a check says, no test of dbt says again.
"""

from contextlib import closing
from dataclasses import dataclass

import psycopg
from psycopg import sql

from expectations import suite
from expectations.checks import Check
from sources.contract import all_contracts
from street import database
from street.dbt import PROJECT
from street.settings import settings
from street.vocabulary import STREET_CODE

GOVERNANCE_SUMS = (
    "arrivals",
    "arrivals_abroad",
    "isolating",
    "newly_isolating",
    "released",
    "transferred",
    "duties_due",
    "residents",
    "unresolved",
    "review_waiting",
    "review_arrivals",
    "review_week",
)


class CheckFailed(RuntimeError):  # noqa: N818 -- the outcome of a check, not a defect of the code
    """The build must not be published; the sentence says what was lost and how many, never who."""


@dataclass(frozen=True)
class StructureCheck:
    """A check over sums or structure: a query whose every row is a breach, and the duty officer's sentence for it."""

    name: str
    sentence: str
    wrong: str


def _differing_sums() -> str:
    return " or ".join(
        f"sum({name}) filter (where committee_code = '{STREET_CODE}')"
        f" <> sum({name}) filter (where committee_code <> '{STREET_CODE}')"
        for name in GOVERNANCE_SUMS
    )


STRUCTURE = (
    StructureCheck(
        "committees_and_unplaced_are_the_street",
        "各居委会与未落实之和不等于街道数",
        f"select business_date from build.governance_daily group by business_date having {_differing_sums()}",
    ),
    StructureCheck(
        # R-ISO-16. A day of which the parts were not kept (null) is not judged.
        "isolating_adds_up",
        "居家隔离人数与前一日加新增、减解除和转出、加更正之数不符",
        "select 1 from build.governance_daily as day inner join build.governance_daily as before"
        " on before.committee_code = day.committee_code and before.business_date = day.business_date - 1"
        " where day.isolating <> before.isolating"
        " + day.newly_isolating - day.released - day.transferred + day.isolating_corrected",
    ),
    StructureCheck(
        "compounds_and_unplaced_are_the_residents",
        "各小区与未落实的居民之和不等于居民总数",
        "select 1 where (select count(*) from build.fct_residence as living where exists (select"
        " from build.dim_compound as compound where compound.compound_key = living.compound_key"
        " and compound.committee_code = living.committee_code))"
        " <> (select coalesce(sum(residents), 0) from build.compound_overview)",
    ),
    StructureCheck(
        "everything_listed_is_counted",
        "待核实记录数与治理日报不符",
        f"select 1 from build.governance_daily where committee_code = '{STREET_CODE}'"
        " and business_date = (select max(as_of) from build.compound_overview)"
        " and unresolved <> (select count(*) from build.unresolved)",
    ),
    StructureCheck(
        "no_whole_identity_number",
        "数据集市中有未打掩码的证件号码",
        "select 1 from build.dim_person where id_masked ~ '[0-9]{17}[0-9X]'",
    ),
)


def person_checks() -> list[str]:
    """Return the names of the checks over persons: those of the models `check_<name>`."""
    return sorted(path.stem.removeprefix("check_") for path in (PROJECT / "models").rglob("check_*.sql"))


def check(version: int) -> None:
    """Reconcile the tables of schema `build`, the version's.

    Writes one row per check to `ops.check_result`: severity `flag` over persons, `error` over structure.

    Raises:
        CheckFailed: sums or structure don't hold, or too many of a feed's persons were caught.
        SuiteError: a check couldn't be evaluated.
        DatabaseError: the warehouse refused a statement.
    """
    with closing(database.connect()) as conn, database.scrubbed():
        if conn.execute("select from ops.version where version = %s", (version,)).fetchone() is None:
            raise CheckFailed(f"没有版本 {version}")
        conn.commit()
        # One row, many scalar queries: each is a set difference that the database hashes, not a look-up a row.
        rules = [Check(each.name, "flag", f"version = {int(version)} and exists ({each.wrong})") for each in STRUCTURE]
        failed = suite.count("version", rules, schema="ops", row_key="version")
        found = {each.name: _how_many(conn, each) if failed[each.name] else 0 for each in STRUCTURE}
        caught = _caught(conn)
        conn.execute("delete from ops.check_result where version = %s", (version,))
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into ops.check_result (version, subject, rule, severity, passed, failed_rows)"
                " values (%s, 'build', %s, %s, %s, %s)",
                [
                    (version, name, severity, not count, count)
                    for name, severity, count in [
                        *((name, "flag", caught.get(name, 0)) for name in person_checks()),
                        *((name, "error", count) for name, count in found.items()),
                    ]
                ],
            )
        conn.commit()
        sentences = [f"{each.sentence}({found[each.name]} 条)" for each in STRUCTURE if found[each.name]]
        sentences += _too_many(conn)
    if sentences:
        raise CheckFailed(f"版本 {version} 未通过核对,不发布:{';'.join(sentences)}")


def _how_many(conn: psycopg.Connection, rule: StructureCheck) -> int:
    row = conn.execute(sql.SQL("select count(*) from ({}) as wrong").format(sql.SQL(rule.wrong))).fetchone()
    return int(row[0]) if row else 0


def _caught(conn: psycopg.Connection) -> dict[str, int]:
    """Return how many records each check over persons has listed."""
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
