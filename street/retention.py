"""Retention: whatever is over is removed, wherever it lives (docs/rules.md, Retention, R-PRIV-2).

`PLACES` is the one table of what lives where and which rule ends it; `carry_out` goes through it once a day. What is
removed from the database is removed in a transaction that also says so, files only after it: a run that was killed
leaves nothing half removed, and the next one finds the rest. A rehearsal does the same and takes it back.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, LiteralString, NamedTuple

from psycopg import sql

from street import publish
from street.database import lock, scrubbed
from street.dbt import PROJECT
from street.settings import SHANGHAI, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import psycopg

_BUILD_PATIENCE = dt.timedelta(hours=2)  # a build that began longer ago was killed
_LOCK_TIMEOUT = "5min"
_GONE = "（已删除）"
_NO_DATA = ("pull.json", "stopped.txt")  # from when on a source is asked next; nobody's data


class RetentionError(ValueError):
    """Retention can't be carried out as asked; the sentence says why."""


@dataclass(frozen=True)
class Run:
    """One run: what is over on `as_of` goes; a rehearsal counts it and keeps it (R-RET-7)."""

    as_of: dt.date
    rehearsal: bool

    def before(self, days: int) -> dt.date:
        """Return the first day whose data, kept for so many days, isn't over yet."""
        return self.as_of - dt.timedelta(days=days)


class Removed(NamedTuple):
    """How much was removed from a place; `feed` where it is a feed's."""

    feed: str | None
    items: int


@dataclass(frozen=True)
class Place:
    """Where data of persons lives, the rule that ends it there, and what carries the rule out."""

    name: str
    title_zh: str
    unit_zh: str
    ends_zh: str
    rule: str
    remove: Callable[[psycopg.Connection, Run, Place], Iterator[Removed]]


@dataclass(frozen=True)
class Line:
    """A line of the report: so much was removed from this place, by this rule."""

    place: Place
    feed: str | None
    items: int


def carry_out(conn: psycopg.Connection, as_of: dt.date, *, rehearsal: bool = False) -> list[Line]:
    """Remove everything that is over on the business date `as_of` and return what was removed, a line a place and feed.

    Each removal is also written to ops.removal. A rehearsal does the same, takes it back, and touches no file. `conn`
    must have no open transaction. Raises RetentionError for a day still to come, DatabaseError, OSError.
    """
    if as_of > dt.datetime.now(SHANGHAI).date():
        raise RetentionError(f"{as_of} 还没有到：保存期限只能算到今天。")
    run = Run(as_of, rehearsal)
    counted: dict[tuple[Place, str | None], int] = {}
    with scrubbed(), _by_steps(conn, rehearsal=rehearsal):
        for place in PLACES:
            for feed, items in place.remove(conn, run, place):
                counted[place, feed] = counted.get((place, feed), 0) + items
    return [Line(place, feed, items) for (place, feed), items in counted.items() if items]


def in_force_beyond_end(conn: psycopg.Connection, as_of: dt.date) -> list[tuple[str, dt.date]]:
    """Return feed and business date of the snapshots that stay although they are over: nothing newer came (R-RET-1)."""
    with scrubbed(), conn.transaction():
        return conn.execute(
            "select in_force.feed, in_force.business_date from ops.batch_in_force(%(as_of)s) as in_force"
            " inner join ops.feed on in_force.feed = feed.feed"
            " where feed.load_mode = 'snapshot' and in_force.business_date + feed.retention_days < %(as_of)s"
            " and in_force.batch_id not in (select batch_id from ops.batch_over(%(as_of)s)) order by 1, 2",
            {"as_of": as_of},
        ).fetchall()


def is_published_still(conn: psycopg.Connection) -> bool:
    """Return whether what is published was made of something removed since, so that a build must follow (R-RET-3)."""
    with scrubbed(), conn.transaction():
        query = "select from ops.published where ops.holds_removed(version) limit 1"
        return conn.execute(query).fetchone() is not None


@contextlib.contextmanager
def _by_steps(conn: psycopg.Connection, *, rehearsal: bool) -> Iterator[None]:
    """Let each step commit by itself; in a rehearsal all of them are one transaction that is rolled back."""
    conn.autocommit = True
    try:
        with conn.transaction(force_rollback=True) if rehearsal else contextlib.nullcontext():
            yield
    finally:
        conn.autocommit = False


@contextlib.contextmanager
def removing(conn: psycopg.Connection) -> Iterator[None]:
    """Open a transaction that removes: it waits for readers, not for ever, and is on disk when it has ended."""
    with conn.transaction():
        conn.execute("set local synchronous_commit = on")
        conn.execute("select set_config('lock_timeout', %s, true)", (_LOCK_TIMEOUT,))
        yield


def _note(conn: psycopg.Connection, run: Run, place: Place, removed: Removed) -> None:
    """Write down what was removed, in the transaction that removes it."""
    conn.execute(
        "insert into ops.removal (as_of, rule, place, feed, items) values (%s, %s, %s, %s, %s)",
        (run.as_of, place.rule, place.name, removed.feed, removed.items),
    )


# ---------------------------------------------------------------- deliveries


def _batches(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Remove the rows of each batch that is over, from everywhere at once (R-RET-1), and leave tombstones (R-RET-2)."""
    over = conn.execute(
        "select feed, batch_id from ops.batch_over(%s) order by business_date, batch_id", (run.as_of,)
    ).fetchall()
    for feed, batch_id in over:
        with removing(conn):
            # Whoever lands or judges a delivery of the feed holds one of these.
            lock(conn, f"landing {feed}")
            lock(conn, f"batch {feed}")
            still = conn.execute("select from ops.batch where batch_id = %s and removed_on is null", (batch_id,))
            if still.fetchone() is None:
                continue  # another run was faster
            removed = Removed(feed, _remove_batch(conn, run, feed, batch_id))
            _note(conn, run, place, removed)
        yield removed


def _remove_batch(conn: psycopg.Connection, run: Run, feed: str, batch_id: int) -> int:
    rows = 0
    if _exists(conn, "raw", f"{feed}__{batch_id}"):
        rows = _bury(conn, run, feed, batch_id)
        conn.execute(sql.SQL("drop table {}").format(sql.Identifier("raw", f"{feed}__{batch_id}")))
    if _exists(conn, "quarantine", feed):
        query = sql.SQL("delete from {} where batch_id = %s").format(sql.Identifier("quarantine", feed))
        conn.execute(query, (batch_id,))
    conn.execute("delete from ops.superseded_row where batch_id = %s", (batch_id,))
    conn.execute("delete from ops.check_result where batch_id = %s", (batch_id,))
    # Names of files and unknown headings are what people wrote; digests and pulls tell what was received already.
    conn.execute(
        "update ops.batch set removed_on = %(on)s, unknown_columns = '{}',"
        " reason = case when reason is not null then %(gone)s end,"
        " sources = (select coalesce(jsonb_agg(file - 'next_cursor' || jsonb_build_object('name', %(gone)s::text)),"
        "  '[]') from jsonb_array_elements(sources) as file)"
        " where batch_id = %(id)s",
        {"on": run.as_of, "gone": _GONE, "id": batch_id},
    )
    return rows


def _bury(conn: psycopg.Connection, run: Run, feed: str, batch_id: int) -> int:
    """Leave a tombstone for each row that no newer batch of the source repeats; returns how many rows there were.

    What the next snapshot repeats isn't gone yet: its tombstone comes with its last copy.
    """
    rows = sql.Identifier("raw", f"{feed}__{batch_id}")
    following = conn.execute(
        "select newer.batch_id from ops.batch as this inner join ops.batch as newer"
        " on this.feed = newer.feed and this.source = newer.source and newer.removed_on is null"
        "  and (newer.business_date, newer.batch_id) > (this.business_date, this.batch_id)"
        " where this.batch_id = %s and to_regclass(format('raw.%%I', this.feed || '__' || newer.batch_id)) is not null"
        " order by newer.business_date, newer.batch_id limit 1",
        (batch_id,),
    ).fetchone()
    repeated: sql.Composable = sql.SQL("")
    if following is not None:
        repeated = sql.SQL(" where not exists (select from {} as newer where newer._row_hash = this._row_hash)").format(
            sql.Identifier("raw", f"{feed}__{following[0]}")
        )
    conn.execute(
        sql.SQL(
            "insert into ops.tombstone (feed, batch_id, row_no, row_hash, removed_on, rule)"
            " select {}, _batch_id, _row_no, _row_hash, {}, 'R-RET-1' from {} as this{}"
        ).format(sql.Literal(feed), sql.Literal(run.as_of), rows, repeated)
    )
    counted = conn.execute(sql.SQL("select count(*) from {}").format(rows)).fetchone()
    return int(counted[0]) if counted else 0


def _columns(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Empty the columns that end before the rest of their row does (R-RET-1)."""
    over = conn.execute(
        "select batch.feed, batch.batch_id, ending.key from ops.batch inner join ops.feed on batch.feed = feed.feed"
        " cross join lateral jsonb_each(feed.column_days) as ending"
        " where batch.removed_on is null and batch.business_date + ending.value::integer < %s order by 1, 2, 3",
        (run.as_of,),
    ).fetchall()
    for feed, batch_id, column in over:
        tables = (("raw", f"{feed}__{batch_id}", "_batch_id"), ("quarantine", feed, "batch_id"))
        with removing(conn):
            emptied = 0
            for schema, table, key in tables:
                if _exists(conn, schema, table):
                    statement = sql.SQL("update {} set {column} = null where {} = %s and {column} is not null").format(
                        sql.Identifier(schema, table), sql.Identifier(key), column=sql.Identifier(column)
                    )
                    emptied += conn.execute(statement, (batch_id,)).rowcount
            removed = Removed(feed, emptied)
            if emptied:
                _note(conn, run, place, removed)
        yield removed


def _archive(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Remove the files of deliveries that are over, but for those that a batch still stands on (R-RET-1).

    A file goes whole: with the first of its columns that ends.
    """
    feeds = conn.execute(
        "select feed, retention_days, (select min(value::integer) from jsonb_each(column_days)) from ops.feed"
        " order by feed"
    ).fetchall()
    for feed, days, column_days in feeds:
        kept = {
            digest
            for (digest,) in conn.execute(
                "select file ->> 'sha256' from ops.batch cross join lateral jsonb_array_elements(sources) as file"
                " where feed = %s and removed_on is null and file ? 'sha256' and %s::integer is null",
                (feed, column_days),
            )
        }
        folders = _dated(settings().street_var / "archive" / feed, run.before(column_days or days))
        files = [
            file
            for folder in folders
            for file in folder.rglob("*")
            if file.is_file() and file.name not in _NO_DATA and file.name.partition(".")[0] not in kept
        ]
        yield _unlinked(conn, run, place, files, feed)


# ---------------------------------------------------------------- what was made of them


def _scenarios(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Mark the scenarios whose end and retention have passed: what was built in their days is over (R-RET-3)."""
    with removing(conn):
        over = conn.execute(
            "update ops.scenario set removed_on = case when removed_on is null then %(as_of)s::date end"
            " where coalesce(runs_until + retention_days < %(as_of)s, false) <> (removed_on is not null)"
            " returning removed_on is not null",
            {"as_of": run.as_of},
        ).fetchall()
        removed = Removed(None, sum(is_over for (is_over,) in over))
        if removed.items:
            _note(conn, run, place, removed)
    yield removed


def _workings(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Empty the tables in which the last build worked, if it worked on what has been removed since (R-RET-3)."""
    seeds = {path.stem for path in (PROJECT / "seeds").glob("*.csv")}
    with removing(conn):
        # A build that is under way works in them, and publishes nothing that was removed: it isn't current then.
        stale = conn.execute(
            "select ops.holds_removed(version) and not (status = 'building' and started_at > clock_timestamp() - %s)"
            " from ops.version order by version desc limit 1",
            (_BUILD_PATIENCE,),
        ).fetchone()
        tables = conn.execute(
            "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace"
            " where n.nspname in ('staging', 'build') and c.relkind = 'r' order by 1, 2"
        ).fetchall()
        worked_in = [sql.Identifier(*name) for name in tables if name[1] not in seeds and stale and stale[0]]
        filled = [
            table
            for table in worked_in
            if conn.execute(sql.SQL("select from {} limit 1").format(table)).fetchone() is not None
        ]
        if filled:
            conn.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(filled)))
        # What linkage leaves from run to run may hold rows that no build works on any more.
        left = conn.execute(
            "delete from staging.linkage_cache as cache using ops.batch"
            " where batch.batch_id = any(cache.batches) and batch.removed_on is not null"
        ).rowcount
        removed = Removed(None, len(filled) + min(left, 1))
        if removed.items:
            _note(conn, run, place, removed)
    yield removed


def _versions(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Drop the versions beside the published one that were made of what has been removed since (R-RET-3)."""
    dropped = Removed(None, publish.retire(conn))
    if dropped.items:
        with removing(conn):
            _note(conn, run, place, dropped)
    yield dropped


def _memory(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
    """Forget the records that are over, what was said of them, and the persons who have none left (R-RET-5)."""
    if not _exists(conn, "linkage", "record_link"):
        return
    with removing(conn):
        lock(conn, "linkage")
        conn.execute(_UNSEEN, {"as_of": run.as_of})
        ended = sql.SQL("create temporary table ended on commit drop as " + _ENDED)
        conn.execute(ended.format(as_of=sql.Literal(run.as_of)))
        records = conn.execute(
            "delete from linkage.person_record as known using ended"
            " where known.feed = ended.feed and known.record = ended.record"
        ).rowcount
        for table in ("tie", "candidate"):
            conn.execute(
                sql.SQL(
                    "delete from {} as said using ended where (left_feed, left_record) = (ended.feed, ended.record)"
                    " or (right_feed, right_record) = (ended.feed, ended.record)"
                ).format(sql.Identifier("linkage", table))
            )
        conn.execute(
            "delete from linkage.decision as said using ended where kind like '%\\_person' and"
            " ((left_feed, left_record) = (ended.feed, ended.record)"
            " or (right_feed, right_record) = (ended.feed, ended.record))"
        )
        # Who was found to be one with a record that is over may have been so by it alone.
        conn.execute(_UNSETTLED)
        conn.execute("create temporary table forgotten on commit drop as " + _FORGOTTEN)
        conn.execute("delete from linkage.person_document where person_key in (select person_key from forgotten)")
        persons = conn.execute(
            "delete from linkage.person where person_key in (select person_key from forgotten)"
        ).rowcount
        conn.execute("drop table ended, forgotten")
        removed = Removed(None, records + persons)
        if removed.items:
            _note(conn, run, place, removed)
    yield removed


# What is published last says which records are in force; of a batch that was removed nothing is.
_UNSEEN: Final = """
with seen as (
    select distinct link.feed, link.record
    from linkage.record_link as link
    inner join ops.batch on batch.batch_id = link.batch_id
    where batch.removed_on is null
)
update linkage.person_record as known
set unseen_since = case when seen.record is null then coalesce(known.unseen_since, %(as_of)s) end
from linkage.person_record as this
left join seen on this.feed = seen.feed and this.record = seen.record
where known.feed = this.feed and known.record = this.record
    and (known.unseen_since is null) <> (seen.record is not null)
"""

# Of a snapshot the rows stay in raw for its retention after the last one in force; of another feed a record that is not
# in force any more has been removed.
_ENDED: Final = """
select known.feed, known.record, known.person_key
from linkage.person_record as known
inner join ops.feed on known.feed = feed.feed
where known.unseen_since + case when feed.load_mode = 'snapshot' then feed.retention_days else 0 end < {as_of}
"""

# As they are today, whoever was merged into whom.
_UNSETTLED: Final = """
with recursive today (person_key) as (
    select person_key from ended
    union
    select person.merged_into from linkage.person inner join today using (person_key)
    where person.merged_into is not null
)

insert into linkage.unsettled (person_key) select person_key from today
"""

# Persons that became one are forgotten together, once none of them has a record left.
_FORGOTTEN: Final = """
with recursive family (person_key, head) as (
    select person_key, person_key from linkage.person where merged_into is null
    union all
    select person.person_key, family.head
    from linkage.person
    inner join family on person.merged_into = family.person_key
)

select family.person_key
from family
where
    family.head in (
        select family.head from ended inner join family on ended.person_key = family.person_key
    )
    and not exists (
        select from linkage.person_record as kept
        inner join family as kin on kept.person_key = kin.person_key
        where kin.head = family.head
    )
"""


# ---------------------------------------------------------------- what stands by itself


def _rows(
    since: str, days: int, only: LiteralString = "true"
) -> Callable[[psycopg.Connection, Run, Place], Iterator[Removed]]:
    """Remove the rows of the table that the place is named after, whose time lies further back than so many days."""

    def remove(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
        schema, name = place.name.split(".")
        with removing(conn):
            deleted = conn.execute(
                sql.SQL("delete from {} where ({} at time zone 'Asia/Shanghai')::date < %s and {}").format(
                    sql.Identifier(schema, name), sql.Identifier(since), sql.SQL(only)
                ),
                (run.before(days),),
            ).rowcount
            if deleted:
                _note(conn, run, place, Removed(None, deleted))
        yield Removed(None, deleted)

    return remove


def _files(days: int) -> Callable[[psycopg.Connection, Run, Place], Iterator[Removed]]:
    """Remove the files below the folder that the place is named after: by the date that their folder is named after,
    else by their last change.
    """

    def remove(conn: psycopg.Connection, run: Run, place: Place) -> Iterator[Removed]:
        root, limit = settings().street_var / place.name, run.before(days)
        dated = {file for each in _dated(root, limit) for file in each.rglob("*") if file.is_file()}
        old = {
            file
            for file in root.rglob("*")
            if file.is_file()
            and _date(file.relative_to(root).parts[0]) is None
            and dt.datetime.fromtimestamp(file.stat().st_mtime, SHANGHAI).date() < limit
        }
        yield _unlinked(conn, run, place, sorted(dated | old))

    return remove


_THREE_YEARS = 3 * 365

PLACES: tuple[Place, ...] = (
    Place("raw", "原始记录（含隔离的行）", "行", "各来源的期限届满之日的次日", "R-RET-1", _batches),
    Place("columns", "先到期的字段（如走访的自由文本）", "格", "各来源为该字段所定的期限", "R-RET-1", _columns),
    Place("archive", "收到的文件", "个文件", "与原始记录同时", "R-RET-1", _archive),
    Place("scenario", "场景期间整理出来的个人信息", "个场景", "场景结束后，按其期限", "R-RET-3", _scenarios),
    Place("staging", "建仓的中间表", "张表", "与原始记录同时", "R-RET-3", _workings),
    Place("versions", "数据集市及其旧版本", "张表", "原始记录删除后的第一次建仓", "R-RET-3", _versions),
    Place("linkage", "关联记忆（带密钥的散列，没有姓名和号码）", "条", "最后一条记录删除之后", "R-RET-5", _memory),
    Place(
        "ops.visit_inbox", "走访登记箱中已入库的", "条", "入库后 35 天", "R-RET-6",
        _rows("recorded_at", 35, "batch_id is not null"),
    ),
    Place("audit.person_request", "查阅和删除请求的记录", "条", "3 年", "R-RET-8", _rows("asked_at", _THREE_YEARS)),
    Place("audit.access", "看板上查阅个人的记录", "条", "3 年", "R-RET-6", _rows("looked_at", _THREE_YEARS)),
    Place("ops.board_session", "看板的登录会话", "条", "失效后 90 天", "R-RET-6", _rows("expires_at", 90)),
    Place("ops.mail", "寄出日报的记录", "条", "3 年", "R-RET-6", _rows("sent_at", _THREE_YEARS)),
    Place("ops.notice", "告警的记录", "条", "3 年", "R-RET-6", _rows("noticed_at", _THREE_YEARS)),
    Place("mail", "邮件（只有汇总）", "个文件", "3 年", "R-RET-6", _files(_THREE_YEARS)),
    Place("reports", "日报（只有汇总）", "个文件", "3 年", "R-RET-6", _files(_THREE_YEARS)),
    Place("logs", "日志（没有个人信息）", "个文件", "90 天", "R-RET-6", _files(90)),
    Place("airflow/logs", "任务日志（没有个人信息）", "个文件", "90 天", "R-RET-6", _files(90)),
)  # fmt: skip
"""What lives where, and which rule ends it; in this order, as the one stands on the other."""


def _unlinked(
    conn: psycopg.Connection, run: Run, place: Place, files: Sequence[Path], feed: str | None = None
) -> Removed:
    """Remove files, and folders that are empty then, and write down how many."""
    removed = Removed(feed, len(files))
    if files and not run.rehearsal:
        for file in files:
            file.unlink(missing_ok=True)
        for folder in sorted({file.parent for file in files}, key=lambda path: -len(path.parts)):
            with contextlib.suppress(OSError):  # it isn't empty
                folder.rmdir()
        with removing(conn):
            _note(conn, run, place, removed)
    return removed


def _dated(root: Path, before: dt.date) -> list[Path]:
    """Return the folders below `root` that are named after a day before this one, oldest first."""
    found = [(day, path) for path in root.glob("*") if path.is_dir() and (day := _date(path.name)) is not None]
    return [path for day, path in sorted(found) if day < before]


def _date(name: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(name)
    except ValueError:
        return None


def _exists(conn: psycopg.Connection, schema: str, name: str) -> bool:
    row = conn.execute(
        "select to_regclass(format('%%I.%%I', %s::text, %s::text)) is not null", (schema, name)
    ).fetchone()
    return bool(row and row[0])
