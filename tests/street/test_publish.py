from __future__ import annotations

import datetime as dt
import threading
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from street import access, database, publish, retention
from street.catalogue import published
from street.database import DatabaseError
from street.publish import PublishError, fail_version, is_current, start_version
from street.settings import SHANGHAI, as_of_at, settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Deliveries

D = dt.date(2020, 3, 28)
PUBLISHED = published()
ONE, TWO = "310115016001", "310115016002"
ALL = tuple(PUBLISHED)
#: Enough to see what publishing does: current tables and histories, with names and without, of both schemas.
FEW = (
    "building_view", "compound_overview", "dim_person", "feed_health", "governance_daily", "household_view",
    "unresolved", "worklist",
)  # fmt: skip
KINDS = {"business_date": "date", "release_on": "date", "due_at": "timestamptz", "batch_id": "bigint", "row_no": "int"}


def build(conn: psycopg.Connection, as_of: dt.date = D, tables: tuple[str, ...] = FEW, **more: str) -> int:
    """Build tables with three rows (two committees, one nobody's) that carry the version in `built_by`."""
    with conn.transaction():
        version = start_version(conn, as_of, as_of_at(as_of))
        for table in tables:
            keys = {key for index in PUBLISHED[table].indexes for key in index} - {"committee_code"}
            columns = "".join(f", null::{KINDS.get(key, 'text')} as {key}" for key in sorted(keys))
            columns += "".join(f", {value} as {name}" for name, value in more.items())
            conn.execute(f"drop table if exists build.{table}")
            conn.execute(
                f"create table build.{table} as select committee_code, {version} as built_by, date '{as_of}' as as_of"
                f"{columns} from (values ('{ONE}'), ('{TWO}'), (null)) as t (committee_code)"
            )
            conn.execute(f"comment on table build.{table} is '表 | Table of {version}'")
            conn.execute(f"comment on column build.{table}.as_of is '日期 | Business date'")
    return version


def built_by(conn: psycopg.Connection, table: str = "marts.household_view") -> set[int]:
    with conn.transaction():
        return {row[0] for row in conn.execute(f"select built_by from {table}").fetchall()}


def versions_of(conn: psycopg.Connection, table: str) -> set[int]:
    rows = conn.execute(
        "select relname from pg_class where relnamespace = 'versions'::regnamespace and relkind = 'r'"
        " and relname like %s", (f"{table}\\_\\_%",),
    ).fetchall()  # fmt: skip
    conn.commit()
    return {int(row[0].rpartition("__")[2]) for row in rows}


@pytest.fixture
def login(warehouse_url: str) -> Callable[[str, str], psycopg.Connection]:
    def _login(role: str, password: str) -> psycopg.Connection:
        return psycopg.connect(make_conninfo(warehouse_url, user=role, password=password))

    return _login


def test_a_build_is_published_with_its_comments_and_leaves_schema_build(warehouse: psycopg.Connection) -> None:
    version = build(warehouse, tables=ALL)
    publish.publish(warehouse, version)
    for table, product in PUBLISHED.items():
        assert built_by(warehouse, f"{product.schema}.{table}") == {version}
    described = warehouse.execute(
        "select obj_description('marts.worklist'::regclass), col_description('marts.worklist'::regclass, 3)"
    ).fetchone()
    assert described == (f"表 | Table of {version}", "日期 | Business date")
    assert warehouse.execute("select count(*) from pg_tables where schemaname = 'build'").fetchone() == (0,)
    assert warehouse.execute("select status from ops.version").fetchall() == [("published",)]
    shown = warehouse.execute("select * from marts.worklist").description or []
    assert "version" not in [column.name for column in shown]


def test_a_reader_in_one_transaction_sees_one_version_only(warehouse: psycopg.Connection, warehouse_url: str) -> None:
    first = build(warehouse)
    publish.publish(warehouse, first)
    with database.connect(warehouse_url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        seen = {row[0] for row in reader.execute("select built_by from marts.household_view").fetchall()}
        for _ in range(3):
            publish.publish(warehouse, build(warehouse))
        for table in FEW:
            query = f"select built_by from {PUBLISHED[table].schema}.{table}"
            seen |= {row[0] for row in reader.execute(query).fetchall()}
        assert seen == {first}
        reader.commit()
        assert reader.execute("select distinct built_by from marts.worklist").fetchone() != (first,)


def test_readers_under_load_never_see_a_mixture_or_nothing(warehouse: psycopg.Connection, warehouse_url: str) -> None:
    publish.publish(warehouse, build(warehouse))
    stop, faults, reads = threading.Event(), [], []

    def read(isolation: psycopg.IsolationLevel) -> None:
        with database.connect(warehouse_url) as conn:
            conn.isolation_level = isolation
            while not stop.is_set():
                with conn.transaction():
                    if isolation is psycopg.IsolationLevel.REPEATABLE_READ:
                        rows = conn.execute("select built_by from marts.building_view").fetchall()
                        rows += conn.execute("select built_by from marts.unresolved").fetchall()
                    else:
                        rows = conn.execute(
                            "select built_by from marts.building_view union all select built_by from marts.unresolved"
                        ).fetchall()
                reads.append(len(rows))
                if len(rows) != 6 or len(set(rows)) != 1:
                    faults.append(rows)

    kinds = (psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.READ_COMMITTED)
    threads = [threading.Thread(target=read, args=(kind,)) for kind in kinds]
    for thread in threads:
        thread.start()
    for _ in range(6):
        publish.publish(warehouse, build(warehouse))
    stop.set()
    for thread in threads:
        thread.join()
    assert len(reads) > 50
    assert faults == []


def test_views_and_grants_that_others_put_on_marts_survive(warehouse: psycopg.Connection) -> None:
    publish.publish(warehouse, build(warehouse))
    warehouse.execute("create view public.theirs as select committee_code, built_by from marts.worklist")
    warehouse.execute("grant select on marts.worklist to auditor")
    warehouse.execute("revoke select on marts.compound_overview from dashboard_reader")
    warehouse.commit()
    version = build(warehouse, added="1")
    publish.publish(warehouse, version)
    assert built_by(warehouse, "public.theirs") == {version}
    rights = "select has_table_privilege('auditor', 'marts.worklist', 'select'),"
    rights += " has_table_privilege('dashboard_reader', 'marts.compound_overview', 'select')"
    assert warehouse.execute(rights).fetchone() == (True, False)


def test_a_new_column_is_shown_and_a_dropped_one_is_null(warehouse: psycopg.Connection) -> None:
    publish.publish(warehouse, build(warehouse, gone="'x'::text"))
    publish.publish(warehouse, build(warehouse, added="7"))
    assert set(warehouse.execute("select gone, added from marts.worklist").fetchall()) == {(None, 7)}


def test_a_column_of_another_type_is_refused_and_the_last_good_stays(warehouse: psycopg.Connection) -> None:
    first = build(warehouse, added="7")
    publish.publish(warehouse, first)
    with pytest.raises(PublishError, match="added"):
        publish.publish(warehouse, build(warehouse, added="'seven'::text"))
    assert built_by(warehouse) == {first}


def test_current_and_last_version_are_kept_and_older_ones_dropped(warehouse: psycopg.Connection) -> None:
    versions = []
    for _ in range(4):
        versions.append(build(warehouse))
        publish.publish(warehouse, versions[-1])
        assert versions_of(warehouse, "worklist") == set(versions[-2:])
    states: dict[int, str] = dict(warehouse.execute("select version, status from ops.version").fetchall())
    assert [states[version] for version in versions] == ["retired", "retired", "published", "published"]


def test_the_version_before_goes_at_once_when_it_was_made_of_what_has_been_removed_since(
    warehouse: psycopg.Connection, deliveries: Deliveries
) -> None:
    batch_id, _ = deliveries.deliver(0, 3, feed="event_feed")
    warehouse.commit()
    first = build(warehouse)
    publish.publish(warehouse, first)
    assert is_current(warehouse, D)
    warehouse.execute("update ops.batch set removed_on = %s where batch_id = %s", (D, batch_id))
    warehouse.commit()
    assert not is_current(warehouse, D)
    later = D + dt.timedelta(days=60)  # what is over by then closes no day
    second = build(warehouse, later)
    publish.publish(warehouse, second)
    assert versions_of(warehouse, "household_view") == {second}
    assert is_current(warehouse, later)


def test_what_was_built_in_the_days_of_a_scenario_goes_once_its_retention_has_passed(
    warehouse: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STREET_VAR", str(tmp_path))
    settings.cache_clear()
    warehouse.execute(
        "insert into ops.scenario (scenario, runs_from, runs_until, definition, digest, retention_days)"
        " values ('flood', %s, %s, '{}', 'd', 30)",
        (D, D),
    )
    warehouse.commit()
    publish.publish(warehouse, build(warehouse))
    last = D + dt.timedelta(days=30)
    retention.carry_out(warehouse, last)
    assert not retention.is_published_still(warehouse)
    retention.carry_out(warehouse, last + dt.timedelta(days=1))
    assert retention.is_published_still(warehouse)
    second = build(warehouse, last + dt.timedelta(days=1))
    publish.publish(warehouse, second)
    assert versions_of(warehouse, "household_view") == {second}
    assert not retention.is_published_still(warehouse)


def test_an_idle_reader_delays_retirement_but_never_a_publish(
    warehouse: psycopg.Connection, warehouse_url: str
) -> None:
    first = build(warehouse)
    publish.publish(warehouse, first)
    with database.connect(warehouse_url) as idle:
        idle.execute("select * from marts.worklist").fetchall()
        for _ in range(2):
            latest = build(warehouse)
            publish.publish(warehouse, latest)
            assert built_by(warehouse) == {latest}
        assert first in versions_of(warehouse, "worklist")
    publish.publish(warehouse, latest)
    assert versions_of(warehouse, "worklist") == {latest - 1, latest}


def test_a_past_day_corrects_the_histories_and_leaves_the_current_tables(warehouse: psycopg.Connection) -> None:
    current = build(warehouse, tables=ALL)
    publish.publish(warehouse, current)
    past = build(warehouse, D - dt.timedelta(days=3), tables=ALL)
    publish.publish(warehouse, past)
    for table, product in PUBLISHED.items():
        expected = past if product.keeps_every_day else current
        assert built_by(warehouse, f"{product.schema}.{table}") == {expected}
    pointers = set(warehouse.execute("select as_of from ops.published").fetchall())
    assert pointers == {(D,)}
    warehouse.commit()
    newer = build(warehouse, D + dt.timedelta(days=1), tables=ALL)
    publish.publish(warehouse, newer)
    assert built_by(warehouse) == built_by(warehouse, "marts.feed_health") == {newer}


def test_a_build_that_lacks_a_published_table_is_refused(warehouse: psycopg.Connection) -> None:
    first = build(warehouse)
    publish.publish(warehouse, first)
    second = build(warehouse, tables=tuple(table for table in FEW if table not in ("worklist", "dim_person")))
    warehouse.commit()
    with pytest.raises(PublishError, match="缺 dim_person、worklist"):
        publish.publish(warehouse, second)
    assert built_by(warehouse, "marts.unresolved") == {first}


def test_a_mart_that_does_not_exist_yet_may_come_later(warehouse: psycopg.Connection) -> None:
    publish.publish(warehouse, build(warehouse, tables=("building_view",)))
    second = build(warehouse, tables=("building_view", "worklist"))
    publish.publish(warehouse, second)
    assert built_by(warehouse, "marts.worklist") == {second}


@pytest.mark.parametrize("step", ["_attach", "_show", "_move_pointers", "retire"])
def test_a_publish_killed_between_its_steps_leaves_the_last_good_and_a_retry_ends_it(
    warehouse: psycopg.Connection, warehouse_url: str, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    first = build(warehouse)
    publish.publish(warehouse, first)
    second = build(warehouse, added="1")
    works, calls = getattr(publish, step), []

    def killed(conn: psycopg.Connection, *arguments: object) -> object:
        calls.append(step)
        if len(calls) == 3 or step in ("_move_pointers", "retire"):
            warehouse.execute("select pg_terminate_backend(%s)", (conn.info.backend_pid,))
            warehouse.commit()
        return works(conn, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(publish, step, killed)
        doomed = database.connect(warehouse_url)
        with pytest.raises((DatabaseError, psycopg.OperationalError)):
            publish.publish(doomed, second)
        doomed.close()
    seen = {version for table in FEW for version in built_by(warehouse, f"{PUBLISHED[table].schema}.{table}")}
    assert seen == ({second} if step == "retire" else {first})
    publish.publish(warehouse, second)
    assert built_by(warehouse) == {second}
    assert warehouse.execute("select added from marts.worklist").fetchone() == (1,)


def test_a_broken_off_build_fails_and_leaves_no_table_behind(warehouse: psycopg.Connection) -> None:
    publish.publish(warehouse, build(warehouse))
    broken = build(warehouse)
    with warehouse.transaction():
        publish._attach(warehouse, "worklist", broken)
    good = build(warehouse)
    with pytest.raises(PublishError, match="failed"):
        publish.publish(warehouse, broken)
    publish.publish(warehouse, good)
    assert broken not in versions_of(warehouse, "worklist")
    given_up = build(warehouse)
    fail_version(warehouse, given_up, "校验未通过")
    with pytest.raises(PublishError, match="failed"):
        publish.publish(warehouse, given_up)


def test_publishing_within_a_transaction_of_the_caller_is_refused(warehouse: psycopg.Connection) -> None:
    version = build(warehouse)
    warehouse.execute("select 1")
    with pytest.raises(PublishError, match="事务"):
        publish.publish(warehouse, version)


def test_a_day_is_current_until_something_is_judged_for_it(deliveries: Deliveries) -> None:
    conn = deliveries.conn
    deliveries.deliver(0, 100)
    conn.commit()
    assert not is_current(conn, D)
    conn.commit()
    publish.publish(conn, build(conn))
    assert is_current(conn, D)
    assert not is_current(conn, D + dt.timedelta(days=1))
    deliveries.deliver(20, 100)
    assert is_current(conn, D), "a later day is another matter"
    _, status = deliveries.deliver(1, 10)
    assert status == "rejected"
    assert not is_current(conn, D), "the rejected list must show in feed_health"
    conn.commit()
    publish.publish(conn, build(conn))
    deliveries.deliver(1, 100)
    assert not is_current(conn, D)


ALLOWED = {
    "dashboard_reader": {
        "compound_overview",
        "compound_daily",
        "governance_daily",
        "release_curve",
        "feed_health",
        "building_view",
        "building_overview",
        "scenario",
        "scenario_compound",
        "dim_committee",
        "dim_level",
        "dim_tag",
        "duty_hourly",
        "feed_check",
    },
    "committee_reader": {table for table, product in PUBLISHED.items() if product.schema == "marts"},
    "street_reader": {table for table, product in PUBLISHED.items() if product.schema == "marts"},
    "pipeline": set(PUBLISHED),
    "auditor": set(),
}
ALLOWED["committee_counts_reader"] = ALLOWED["dashboard_reader"]
PERSONS = access.Persons(dt.datetime.now(SHANGHAI).date(), "看板停用期间的应急名单", "管理员")


@pytest.fixture(scope="module")
def whole(new_warehouse: Callable[[str], str]) -> tuple[str, int]:
    """URL of a warehouse with every table published, for readers, and the version; tables of the pipeline beside it."""
    url = new_warehouse("whole")
    with database.connect(url) as conn:
        version = build(conn, tables=ALL)
        publish.publish(conn, version)
        conn.execute("create table raw.border_entries (_batch_id bigint)")
        conn.execute("create table staging.stg_border_entries (batch_id bigint)")
    return url, version


@pytest.mark.parametrize("role", ALLOWED)
def test_each_role_reads_its_marts_and_no_other_table(whole: tuple[str, int], role: str) -> None:
    url, version = whole
    person = f"somebody_{role}"
    with database.connect(url) as owner:
        owner.execute(f"drop role if exists {person}")
        owner.execute(f"create role {person} login password 'secret' in role {role}")
    with psycopg.connect(make_conninfo(url, user=person, password="secret"), autocommit=True) as conn:
        for table, product in PUBLISHED.items():
            views = [f"{product.schema}.{table}", f"versions.{table}"]
            for name in views:
                if table in ALLOWED[role]:
                    # Of a table with committees a committee's reader without a committee sees nothing.
                    blind = role.startswith("committee_") and product.by_committee
                    assert len(conn.execute(f"select * from {name}").fetchall()) == (0 if blind else 3), name
                else:
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        conn.execute(f"select * from {name}")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"select * from versions.{table}__{version}")
        for name in ("raw.border_entries", "staging.stg_border_entries", "linkage.person_document"):
            if role == "pipeline":
                assert conn.execute(f"select * from {name}").fetchall() == []
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(f"select * from {name}")
        if role != "pipeline":
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(f"insert into ops.access_grant values ('{person}', '{ONE}')")


def test_a_committee_sees_its_own_rows_whatever_it_sets(warehouse: psycopg.Connection, login) -> None:
    publish.publish(warehouse, build(warehouse, tables=ALL))
    role, password = access.grant(warehouse, ONE, PERSONS)
    access.grant(warehouse, TWO, PERSONS)
    tables = [f"marts.{t}" for t, p in PUBLISHED.items() if "committee_reader" in p.readers and p.by_committee]
    assert len(tables) == 17
    with login(role, password) as conn:
        conn.autocommit = True
        attempts = (
            "select 1",
            f"set app.committee_code = '{TWO}'",
            f"set session my.role = 'committee_{TWO}'",
            "set search_path = pg_temp, marts, ops",
            "create temp table access_grant as select current_user::text as role_name, '" + TWO + "' as committee_code",
            "create temp table published as select 'worklist' as mart, 1 as version",
        )
        for attempt in attempts:
            conn.execute(attempt)
            for table in tables:
                assert conn.execute(f"select distinct committee_code from {table}").fetchall() == [(ONE,)], attempt
        for attempt in (f"set role committee_{TWO}", f"set session authorization committee_{TWO}", "set role pipeline",
                        "alter table versions.worklist disable row level security",
                        f"update ops.access_grant set committee_code = '{TWO}'"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(attempt)
        conn.execute("set role committee_reader")
        assert conn.execute("select count(*) from marts.worklist").fetchone() == (0,)
        conn.execute("reset role")
        conn.execute("set row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute("select * from marts.worklist")
        conn.execute("set row_security = on")
        # A function of one's own must not be shown the rows of others before the policy has.
        conn.execute(
            "create function pg_temp.spy(text) returns boolean language plpgsql cost 0.0000001 as $$"
            " begin if $1 is distinct from '" + ONE + "' then raise exception 'seen'; end if; return true; end $$"
        )
        conn.execute("select * from marts.worklist where pg_temp.spy(committee_code)")
        assert conn.execute("select count(*) from ops.access_grant").fetchone() == (1,)


def test_a_committee_gets_a_new_password_and_loses_access_when_it_is_taken_away(
    warehouse: psycopg.Connection, login
) -> None:
    publish.publish(warehouse, build(warehouse))
    role, old = access.grant(warehouse, ONE, PERSONS)
    assert access.grant(warehouse, ONE, PERSONS)[0] == role
    with pytest.raises(psycopg.OperationalError):
        login(role, old)
    access.revoke(warehouse, ONE)
    role, password = access.grant(warehouse, ONE, PERSONS)
    warehouse.commit()
    with login(role, password) as conn:
        assert conn.execute("select count(*) from marts.worklist").fetchone() == (1,)
        access.revoke(warehouse, ONE)
        with pytest.raises(psycopg.errors.AdminShutdown):
            conn.execute("select count(*) from marts.worklist")
    with pytest.raises(psycopg.OperationalError):
        login(role, password)
    with pytest.raises(access.AccessError, match="12 位"):
        access.grant(warehouse, "'; drop role pipeline")


def test_publishing_moves_a_table_without_rewriting_it(warehouse: psycopg.Connection) -> None:
    publish.publish(warehouse, build(warehouse, gone="1"))
    version = build(warehouse)
    before = warehouse.execute("select pg_relation_filenode('build.household_view')").fetchone()
    warehouse.commit()
    publish.publish(warehouse, version)
    after = warehouse.execute(f"select pg_relation_filenode('versions.household_view__{version}')").fetchone()
    assert before == after


@pytest.fixture(scope="module")
def crowded(new_warehouse: Callable[[str], str]) -> tuple[str, int]:
    """URL, as a committee, of a warehouse whose marts have many rows of every committee, and their version."""
    url = new_warehouse("crowded")
    with database.connect(url) as conn:
        tables = ("building_view", "household_view", "worklist", "isolation_episode", "unresolved")
        version = build(conn, tables=tables)
        for table in tables:
            keyed = {"building_view": "building_key", "household_view": "dwelling_key"}.get(table)
            column, key = (f", {keyed}", ", $$k$$ || n / 3") if keyed else ("", "")
            conn.execute(
                f"insert into build.{table} (committee_code, built_by{column})"
                f" select '310115016' || lpad((n % 59 + 1)::text, 3, '0'), {version}{key}"
                " from generate_series(1, 20000) as n"
            )
        conn.commit()
        publish.publish(conn, version)
        role, password = access.grant(conn, ONE, PERSONS)
    return make_conninfo(url, user=role, password=password), version


@pytest.mark.parametrize(
    ("mart", "condition"),
    [
        ("building_view", "building_key = 'k7'"),
        ("household_view", "dwelling_key = 'k7'"),
        ("worklist", "true"),
        ("isolation_episode", "true"),
        ("unresolved", "true"),
    ],
)
def test_a_committees_reads_go_by_an_index_under_row_security(
    crowded: tuple[str, int], mart: str, condition: str
) -> None:
    url, version = crowded
    with psycopg.connect(url) as conn:
        plan = "\n".join(row[0] for row in conn.execute(f"explain select * from marts.{mart} where {condition}"))
    assert f"Seq Scan on {mart}__" not in plan
    assert f"on {mart}__{version}" in plan
