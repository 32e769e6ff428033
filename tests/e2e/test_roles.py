"""Each role on the published marts of a real day: what it may read, and that a committee sees its own rows alone."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from street.catalogue import published
from tests.e2e.conftest import TODAY

if TYPE_CHECKING:
    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e

PUBLISHED = published()
WITHOUT_NAMES = {
    "compound_overview", "compound_daily", "governance_daily", "release_curve", "feed_health", "building_view",
    "building_overview", "scenario", "scenario_compound", "dim_committee", "dim_level", "dim_tag",
    "duty_hourly", "feed_check",
}  # fmt: skip
ALL = {table for table, product in PUBLISHED.items() if product.schema == "marts"}


@pytest.mark.parametrize(
    ("role", "allowed"),
    [
        ("dashboard_reader", WITHOUT_NAMES),
        ("committee_counts_reader", WITHOUT_NAMES),
        ("committee_reader", ALL),
        ("street_reader", ALL),
        ("pipeline", ALL),
        ("auditor", set()),
    ],
)
def test_a_role_reads_its_marts_alone(warehouse_of_the_day: str, role: str, allowed: set[str]) -> None:
    password = secrets.token_hex(8)
    login = f"e2e_{role}"
    with psycopg.connect(warehouse_of_the_day) as owner:
        owner.execute(f"create role {login} login password '{password}' in role {role}")
    with psycopg.connect(make_conninfo(warehouse_of_the_day, user=login, password=password)) as reader:
        reader.autocommit = True
        for (mart,) in reader.execute("select viewname from pg_views where schemaname = 'marts'").fetchall():
            query = sql.SQL("select from {} limit 1").format(sql.Identifier("marts", mart))
            if mart in allowed:
                rows = reader.execute(query).fetchall()
                # Without a committee of its own it sees none but the tables that have no committees.
                assert not role.startswith("committee_") or not rows or not PUBLISHED[mart].by_committee, mart
            else:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(query)
        for table in ("raw.border_entries", "quarantine.border_entries", "linkage.person_document"):
            if role != "pipeline":
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute(f"select from {table} limit 1")


def test_a_committee_sees_its_own_households_and_no_others(office: Office, warehouse_of_the_day: str) -> None:
    [[code, expected]] = office.ask(
        "select committee_code, count(*) from marts.household_view group by committee_code order by 2 desc limit 1"
    )
    told = office.street(
        "access", "grant", code, "--persons", "--until", TODAY.isoformat(), "--reason", "看板停用期间的应急名单"
    )
    password = next(word for word in told.split() if len(word) == 24)
    url = make_conninfo(warehouse_of_the_day, user=f"committee_{code}", password=password)
    with psycopg.connect(url) as reader:
        seen = reader.execute("select committee_code, count(*) from marts.household_view group by 1").fetchall()
    assert seen == [(code, int(expected))]
