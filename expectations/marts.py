"""What must hold between what came in and what goes out, checked on the build before it is published.

Each reconciliation is a query for what is lost; it must find nothing (docs/rules.md; nothing lost, nobody unplaced).
"""

from contextlib import closing
from dataclasses import dataclass

import psycopg
from psycopg import sql

from expectations import suite
from expectations.checks import Check, has_documents, literal
from sources.contract import Contract, all_contracts
from street import database

STREET = "310115016"
GOVERNANCE_SUMS = ("arrivals", "arrivals_abroad", "isolating", "released", "duties_due", "residents", "unresolved")


class CheckFailed(RuntimeError):  # noqa: N818 -- the outcome of a check, not a defect of the code
    """The build must not be published; the sentence says what was lost and how many, never who."""


@dataclass(frozen=True)
class Reconciliation:
    """A query for what is lost, and the sentence for the duty officer when it finds something."""

    rule: str
    sentence: str
    lost: str


def check(version: int) -> None:
    """Reconcile the tables of schema `build` with what was accepted and quarantined for the version's date.

    Writes one row a rule to `ops.check_result`.

    Raises:
        CheckFailed: something was lost on the way.
        SuiteError: a rule couldn't be evaluated.
        DatabaseError: the warehouse refused a statement.
    """
    with closing(database.connect()) as conn, database.scrubbed():
        row = conn.execute("select as_of from ops.version where version = %s", (version,)).fetchone()
        if row is None:
            raise CheckFailed(f"没有版本 {version}")
        rules = _reconciliations(all_contracts(), f"date {literal(row[0].isoformat())}", _built(conn))
        conn.commit()
        # One row, many scalar queries: each is a set difference that the database hashes, not a look-up a row.
        checks = [Check(rule.rule, "flag", f"version = {int(version)} and exists ({rule.lost})") for rule in rules]
        failed = suite.count("version", checks, schema="ops", row_key="version")
        broken = [(rule, _how_many(conn, rule) if failed[rule.rule] else 0) for rule in rules]
        conn.execute("delete from ops.check_result where version = %s", (version,))
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into ops.check_result (version, subject, rule, severity, passed, failed_rows)"
                " values (%s, 'build', %s, 'error', %s, %s)",
                [(version, rule.rule, count == 0, count) for rule, count in broken],
            )
        conn.commit()
    sentences = [f"{rule.sentence}({count} 条)" for rule, count in broken if count]
    if sentences:
        raise CheckFailed(f"版本 {version} 未通过核对,不发布:{';'.join(sentences)}")


def _built(conn: psycopg.Connection) -> set[str]:
    rows = conn.execute("select table_name from information_schema.tables where table_schema = 'build'").fetchall()
    return {name for (name,) in rows}


def _how_many(conn: psycopg.Connection, rule: Reconciliation) -> int:
    row = conn.execute(sql.SQL("select count(*) from ({}) as lost").format(sql.SQL(rule.lost))).fetchone()
    return int(row[0]) if row else 0


def _reconciliations(contracts: list[Contract], as_of: str, built: set[str]) -> list[Reconciliation]:
    about_persons = ", ".join(
        literal(contract.feed) for contract in contracts if contract.about_person and has_documents(contract)
    )
    found = [
        Reconciliation(
            "every_record_about_a_person_has_a_person",
            "有人员记录没有归到人",
            f"select 1 from build.record_link where person_key is null and feed in ({about_persons})",
        ),
        Reconciliation(
            "persons_in_are_persons_out",
            "有人在人员表中缺失或多出",
            "(select person_key from build.record_link where person_key is not null"
            " except select person_key from build.dim_person)"
            " union all (select person_key from build.dim_person except select person_key from build.record_link)",
        ),
        Reconciliation(
            "every_resident_with_a_door_is_in_the_household_view_once",
            "有住户在家庭视图中缺失或重复",
            "(select person_key, dwelling_key from build.fct_residence where dwelling_key is not null"
            " except all select person_key, dwelling_key from build.household_view)"
            " union all (select person_key, dwelling_key from build.household_view except all"
            " select person_key, dwelling_key from build.fct_residence where dwelling_key is not null)",
        ),
        Reconciliation(
            "every_home_isolation_arrival_of_this_street_is_in_an_episode_or_listed",
            "有居家隔离人员没有隔离记录",
            "select 1 from build.fct_arrival as arrival where arrival.disposition = 'home_isolation'"
            " and arrival.place_level <> 'outside'"
            " and not exists (select from build.isolation_episode as episode"
            "  where episode.person_key = arrival.person_key and arrival.arrived_on between"
            "  coalesce(episode.earlier_starts[1], episode.started_on) and episode.started_on + 13)"
            f" and not exists ({_listed('arrival')})",
        ),
        Reconciliation(
            "every_isolating_person_without_a_certain_door_is_listed",
            "有隔离人员住处未落实却未列入待核实",
            "select 1 from build.fct_arrival as arrival inner join build.isolation_episode as episode"
            " on episode.person_key = arrival.person_key and episode.started_on = arrival.arrived_on"
            " where arrival.disposition = 'home_isolation' and arrival.place_level <> 'outside'"
            " and episode.status = 'isolating' and episode.dwelling_key is null and arrival.dwelling_key is null"
            f" and not exists ({_listed('arrival')})",
        ),
        *(_quarantined_are_listed(contract, as_of) for contract in contracts if contract.about_arrival),
    ]
    if "governance_daily" in built:
        found.append(_committees_and_unplaced_are_the_street())
    return found


def _listed(record: str) -> str:
    return (
        f"select from build.unresolved as listed where listed.feed = {record}.feed"
        f" and listed.batch_id = {record}.batch_id and listed.row_no = {record}.row_no"
    )


def _quarantined_are_listed(contract: Contract, as_of: str) -> Reconciliation:
    """A broken arrival stays listed until its key is accepted; without a key, only the newest batch is certain."""
    feed = literal(contract.feed)
    if contract.business_key:
        same_key = " and ".join(
            f"rules.clean(usable.{name}) = rules.clean(broken.{name})" for name in contract.business_key
        )
        made_good = (
            f" and not exists (select from raw.{contract.feed} as usable inner join ops.batch as later"
            f" on usable._batch_id = later.batch_id and later.status = 'accepted' and later.business_date <= {as_of}"
            f" where {same_key} and not exists (select from quarantine.{contract.feed} as q"
            " where q.batch_id = usable._batch_id and q.row_no = usable._row_no))"
        )
    else:
        made_good = (
            f" and broken.batch_id = (select max(batch_id) from ops.batch where feed = {feed}"
            f" and status = 'accepted' and business_date <= {as_of})"
        )
    return Reconciliation(
        f"every_quarantined_row_of_{contract.feed}_is_listed",
        f"{contract.title_zh}有不可用的记录未列入待核实",
        f"select 1 from quarantine.{contract.feed} as broken inner join ops.batch as batch"
        f" on broken.batch_id = batch.batch_id where batch.status = 'accepted' and batch.business_date <= {as_of}"
        f" and not exists (select from build.unresolved as listed where listed.feed = {feed}"
        " and listed.batch_id = broken.batch_id and listed.row_no = broken.row_no)" + made_good,
    )


def _committees_and_unplaced_are_the_street() -> Reconciliation:
    differs = " or ".join(
        f"sum({name}) filter (where committee_code = '{STREET}')"
        f" <> sum({name}) filter (where committee_code <> '{STREET}')"
        for name in GOVERNANCE_SUMS
    )
    return Reconciliation(
        "committees_and_unplaced_are_the_street",
        "各居委会与未落实之和不等于街道数",
        f"select business_date from build.governance_daily group by business_date having {differs}",
    )
