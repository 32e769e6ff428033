"""The gate: every row of a landed batch is accepted, quarantined with every rule it breaks, or superseded.

`validate` may be repeated: it replaces what it said of the batch before, in one transaction.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from expectations import suite
from expectations.checks import Arrived, Check, checks, key
from expectations.words import words
from sources import contract, raw
from sources.contract import Contract
from street import database

BROKEN_REVISION = "broken_revision_of_a_usable_entry"
UNREADABLE = "delivery__readable_and_complete"


class GateError(RuntimeError):
    """A batch can't be validated; the sentence says which and why."""


@dataclass(frozen=True)
class _Batch:
    batch_id: int
    feed: str
    status: str
    arrived: Arrived


def validate(batch_id: int) -> None:
    """Apply the contract's rules to a landed batch; a batch with a verdict (rejected, repeated, ...) keeps it.

    Writes `quarantine.<feed>`, `ops.superseded_row`, `ops.check_result` and `ops.batch.flags`.

    Raises:
        GateError: there is no such batch.
        SuiteError: a rule couldn't be evaluated.
        DatabaseError: the warehouse refused a statement.
    """
    with closing(database.connect()) as conn, database.scrubbed():
        batch = _read(conn, batch_id)
        if batch.status == "rejected":
            _note_rejection(conn, batch)
        conn.commit()
        if batch.status != "landed":
            return
        terms = contract.load(batch.feed)
        rules = checks(terms, batch.arrived)
        counts = suite.count(raw.partition(batch.feed, batch_id), rules)
        with conn.transaction():
            _forget(conn, batch)
            _collect_broken(conn, batch, rules, counts)
            broken_revisions = _count_broken_revisions(conn, terms, batch)
            _quarantine(conn, terms, batch)
            _supersede(conn, terms, batch)
            _write_down(conn, batch, terms, rules, counts, broken_revisions)


def _read(conn: psycopg.Connection, batch_id: int) -> _Batch:
    row = conn.execute(
        "select feed, status, business_date, received_at from ops.batch where batch_id = %s", (batch_id,)
    ).fetchone()
    if row is None:
        raise GateError(f"没有批次 {batch_id}:`street batches` 列出所有批次")
    return _Batch(batch_id, row[0], row[1], Arrived(row[2], row[3]))


def _note_rejection(conn: psycopg.Connection, batch: _Batch) -> None:
    conn.execute(
        "insert into ops.check_result (batch_id, subject, rule, severity, passed)"
        " select %(id)s, %(feed)s, %(rule)s, 'batch', false"
        " where not exists (select from ops.check_result where batch_id = %(id)s)",
        {"id": batch.batch_id, "feed": batch.feed, "rule": UNREADABLE},
    )


def _forget(conn: psycopg.Connection, batch: _Batch) -> None:
    quarantine = sql.Identifier("quarantine", batch.feed)
    conn.execute(sql.SQL("delete from {} where batch_id = %s").format(quarantine), (batch.batch_id,))
    conn.execute("delete from ops.superseded_row where batch_id = %s", (batch.batch_id,))
    conn.execute("delete from ops.check_result where batch_id = %s", (batch.batch_id,))


def _collect_broken(conn: psycopg.Connection, batch: _Batch, rules: Sequence[Check], counts: Mapping[str, int]) -> None:
    """Collect the rows that can't be used into the temporary table `broken`, each with every rule it breaks."""
    conn.execute("create temporary table broken (row_no integer primary key, rules text[] not null) on commit drop")
    unusable = [rule.offending for rule in rules if rule.severity == "quarantine" and counts[rule.rule]]
    if not unusable:
        return
    broken = [rule for rule in rules if rule.severity != "note" and counts[rule.rule]]
    named = ", ".join(f"case when {rule.offending} then '{rule.rule}' end" for rule in broken)
    # The materialized step keeps the costly rules to the few rows that the cheap ones have found.
    conn.execute(
        sql.SQL(
            "insert into broken with unusable as materialized (select * from {table} where {condition})"
            " select _row_no, array_remove(array[{named}], null) from unusable"
        ).format(
            table=sql.Identifier("raw", raw.partition(batch.feed, batch.batch_id)),
            condition=_trusted(" or ".join(f"({condition})" for condition in unusable)),
            named=_trusted(named),
        )
    )


def _count_broken_revisions(conn: psycopg.Connection, terms: Contract, batch: _Batch) -> int:
    """Count the quarantined revisions of entries that have a usable one in this batch or in force (R-ROW-8)."""
    if terms.load_mode != "events" or not terms.business_key:
        return 0
    cursor = conn.execute(
        sql.SQL(
            "with broken_entry as ("
            "  select {key} as key from {table} as this"
            "  inner join broken on this._row_no = broken.row_no where not ({keyless})"
            "), usable as ("
            "  select {key} as key from {feed} as row where row._batch_id = %(id)s"
            "   and not exists (select from broken where broken.row_no = row._row_no)"
            "  union all"
            "  select {key} from {feed} as row inner join ops.batch"
            "    on row._batch_id = batch.batch_id and batch.feed = %(feed)s and batch.status = 'accepted'"
            "   where not exists (select from {quarantine} as q"
            "                     where q.batch_id = row._batch_id and q.row_no = row._row_no)"
            "     and exists (select from broken_entry)"
            ") select count(*) from broken_entry where key in (select key from usable)"
        ).format(
            key=_trusted(key(terms)),
            keyless=_trusted(" and ".join(f"rules.is_blank({name})" for name in terms.business_key)),
            table=sql.Identifier("raw", raw.partition(batch.feed, batch.batch_id)),
            feed=sql.Identifier("raw", batch.feed),
            quarantine=sql.Identifier("quarantine", batch.feed),
        ),
        {"id": batch.batch_id, "feed": batch.feed},
    )
    return int(cursor.fetchall()[0][0])


def _quarantine(conn: psycopg.Connection, terms: Contract, batch: _Batch) -> None:
    columns = sql.SQL(", ").join(sql.Identifier(column.name) for column in terms.columns)
    conn.execute(
        sql.SQL(
            "insert into {quarantine} (batch_id, row_no, rules, {columns})"
            " select {batch_id}, broken.row_no, broken.rules, {columns} from {table} as this"
            " inner join broken on this._row_no = broken.row_no"
        ).format(
            quarantine=sql.Identifier("quarantine", batch.feed),
            columns=columns,
            batch_id=sql.Literal(batch.batch_id),
            table=sql.Identifier("raw", raw.partition(batch.feed, batch.batch_id)),
        )
    )


def _supersede(conn: psycopg.Connection, terms: Contract, batch: _Batch) -> None:
    """Supersede the older versions of a key; in a feed without a key, all but the last of equal rows (R-ROW-6)."""
    conn.execute(
        sql.SQL(
            "with usable as ("
            "  select *, {identity} as identity from {table} as this"
            "  where not exists (select from broken where broken.row_no = this._row_no)"
            "), repeated as ("
            "  select identity from usable group by identity having count(*) > 1"
            "), ranked as ("
            "  select _row_no, row_number() over (partition by identity order by {version} _row_no desc) as place"
            "  from usable where identity in (select identity from repeated)"
            ") insert into ops.superseded_row (feed, batch_id, row_no)"
            " select {feed}, {batch_id}, _row_no from ranked where place > 1"
        ).format(
            identity=_trusted(key(terms)) if terms.business_key else sql.Identifier("_row_hash"),
            table=sql.Identifier("raw", raw.partition(batch.feed, batch.batch_id)),
            version=_trusted(_newest_first(terms)),
            batch_id=sql.Literal(batch.batch_id),
            feed=sql.Literal(batch.feed),
        )
    )


def _newest_first(terms: Contract) -> str:
    """Return the SQL order of versions: an unreadable time is the oldest, a missing revision is 1 (R-ROW-6)."""
    name = terms.properties.version_by
    if name is None:
        return ""
    match terms.column(name).logical_type:
        case "integer":
            return f"coalesce(rules.read_int({name}), 1) desc,"
        case _:
            return f"rules.read_timestamp({name}) desc nulls last,"


def _write_down(  # noqa: PLR0913, PLR0917 - all that a batch's judgement consists of
    conn: psycopg.Connection,
    batch: _Batch,
    terms: Contract,
    rules: Sequence[Check],
    counts: Mapping[str, int],
    broken_revisions: int,
) -> None:
    """Store the result of each rule, and the flags of the rows that aren't quarantined; a note is never a failure."""
    within: dict[str, int] = dict(
        conn.execute("select rule, count(*) from broken, unnest(rules) as rule group by rule").fetchall()
    )
    results = [(rule.rule, rule.severity, counts[rule.rule]) for rule in rules]
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into ops.check_result (batch_id, subject, rule, rule_zh, severity, passed, failed_rows)"
            " values (%s, %s, %s, %s, %s, %s, %s)",
            [
                (batch.batch_id, batch.feed, rule, words(rule, terms), level, level == "note" or failed == 0, failed)
                for rule, level, failed in results
            ],
        )
    flags = {rule: failed - within.get(rule, 0) for rule, severity, failed in results if severity == "flag"}
    if broken_revisions:
        flags[BROKEN_REVISION] = broken_revisions
    conn.execute(
        "update ops.batch set flags = %s where batch_id = %s",
        (Jsonb({rule: rows for rule, rows in flags.items() if rows > 0}), batch.batch_id),
    )


def _trusted(expression: str) -> sql.SQL:
    """Return an expression as SQL without quoting it: it was built from a checked contract."""
    return sql.SQL(expression)
