"""A published row leads back to feed, batch, file and row; what stands there is not told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from psycopg.types.json import Jsonb

from street import publish
from street.settings import as_of_at
from street.trace import Origin, TraceError, trace

from .conftest import MONDAY

if TYPE_CHECKING:
    import psycopg

    from .conftest import Deliveries


@pytest.fixture
def published(deliveries: Deliveries) -> tuple[psycopg.Connection, int]:
    conn = deliveries.conn
    batch_id, _ = deliveries.deliver(0, 5)
    files = [{"name": "a.csv", "rows": 3}, {"name": "b.csv", "rows": 2}]
    conn.execute("update ops.batch set sources = %s where batch_id = %s", (Jsonb(files), batch_id))
    conn.execute(
        "create table build.record_link (feed text, batch_id bigint, row_no int, person_key text, dwelling_key text,"
        " registered_dwelling_key text, building_key text, compound_key text, registered_compound_key text,"
        " committee_code text)"
    )
    conn.execute(
        "insert into build.record_link select 'snapshot_feed', %s, n, 'person ' || (n %% 2), 'home ' || n, 'home 9',"
        " 'b', 'c', 'c', '310115016001' from generate_series(1, 5) as n",
        (batch_id,),
    )
    conn.execute("create table build.household_view (person_key text, dwelling_key text, committee_code text)")
    conn.execute(
        "insert into build.household_view select person_key, dwelling_key, committee_code from build.record_link"
    )
    conn.execute("create table build.governance_daily (business_date date, committee_code text)")
    conn.execute("insert into build.governance_daily values (%s, '310115016001')", (MONDAY,))
    conn.execute(
        "create table build.unresolved (feed text, batch_id bigint, row_no int, committee_code text, compound_key text)"
    )
    conn.execute("insert into build.unresolved values ('snapshot_feed', %s, 5, null, null)", (batch_id,))
    version = publish.start_version(conn, MONDAY, as_of_at(MONDAY))
    conn.commit()
    publish.publish(conn, version)
    return conn, batch_id


def test_a_person_leads_to_each_of_the_rows_in_each_of_the_files(published: tuple[psycopg.Connection, int]) -> None:
    conn, batch_id = published
    assert trace(conn, "household_view", "person 1") == [
        Origin("snapshot_feed", batch_id, MONDAY, "a.csv", 1, 1),
        Origin("snapshot_feed", batch_id, MONDAY, "a.csv", 3, 3),
        Origin("snapshot_feed", batch_id, MONDAY, "b.csv", 5, 2),
    ]


def test_a_home_leads_to_who_lives_there_and_a_committee_to_everybody(
    published: tuple[psycopg.Connection, int],
) -> None:
    conn, batch_id = published
    assert trace(conn, "household_view", "home 4") == [Origin("snapshot_feed", batch_id, MONDAY, "b.csv", 4, 1)]
    assert len(trace(conn, "household_view", "310115016001")) == 5


def test_a_figure_of_a_day_leads_to_the_batches_in_force(published: tuple[psycopg.Connection, int]) -> None:
    conn, batch_id = published
    assert trace(conn, "governance_daily", str(MONDAY)) == [
        Origin("snapshot_feed", batch_id, MONDAY, "a.csv、b.csv", None, None)
    ]


def test_a_listed_record_leads_to_its_own_row(published: tuple[psycopg.Connection, int]) -> None:
    conn, batch_id = published
    key = f"snapshot_feed/{batch_id}/5"
    assert trace(conn, "unresolved", key) == [Origin("snapshot_feed", batch_id, MONDAY, "b.csv", 5, 2)]


def test_what_is_not_there_is_said_without_repeating_it(published: tuple[psycopg.Connection, int]) -> None:
    conn, _ = published
    with pytest.raises(TraceError, match="person_key、dwelling_key") as refused:
        trace(conn, "household_view", "张三")
    assert "张三" not in str(refused.value)
    with pytest.raises(TraceError, match="没有已发布的表"):
        trace(conn, "secrets", "x")
    with pytest.raises(TraceError, match="还没有发布"):
        trace(conn, "dim_person", "x")
