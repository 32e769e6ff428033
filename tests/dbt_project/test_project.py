"""The dbt project on a real PostgreSQL: it parses without a warning, its rules hold, a small street comes out right."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import pytest
from dbt.cli.main import dbtRunner

from linkage.run import link
from sources.contract import all_contracts
from street import dbt
from street.settings import settings

from .conftest import AS_OF, AS_OF_AT

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

MODELS = dbt.PROJECT / "models"


def rows(conn: psycopg.Connection, query: str) -> list[tuple[Any, ...]]:
    return conn.execute(query).fetchall()


def test_the_project_parses_without_a_warning(tmp_path: Path) -> None:
    events: list[str] = []
    outcome = dbtRunner(callbacks=[lambda event: events.append(event.info.level)]).invoke(
        ["--warn-error", "parse", "--project-dir", str(dbt.PROJECT), "--profiles-dir", str(dbt.PROJECT),
         "--target-path", str(tmp_path), "--log-path", str(tmp_path), "--log-level", "none", "--no-partial-parse"]
    )  # fmt: skip
    assert outcome.success, outcome.exception
    assert "warn" not in events


@pytest.mark.parametrize("model", sorted(MODELS.rglob("*.sql")), ids=lambda path: path.stem)
def test_a_model_is_small_states_its_grain_first_and_has_its_own_yml(model: Path) -> None:
    text = model.read_text(encoding="utf-8")
    assert text.startswith("-- One row "), "the first line states the grain"
    assert model.with_suffix(".yml").exists()
    assert len(text.splitlines()) <= 110
    assert not re.search(r"\b(now\(\)|current_date|current_timestamp|clock_timestamp)", text), "only as_of is now"


def test_a_small_street_comes_out_right_and_every_unit_test_holds(
    street_in_raw: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt.build(dbt.STAGING, AS_OF, AS_OF_AT)
    link(AS_OF, all_contracts())
    dbt.build(dbt.MARTS, AS_OF, AS_OF_AT)
    conn = street_in_raw

    assert rows(conn, "select status, count(*) from build.isolation_episode group by 1 order by 1") == [
        ("isolating", 2),
        ("transferred", 1),
    ]
    assert (
        rows(
            conn,
            "select started_on::text, release_on::text, day_no from build.isolation_episode where status = 'isolating'",
        )
        == [("2020-03-20", "2020-04-03", 9)] * 2
    )
    assert rows(conn, "select release_on::text from build.isolation_episode where status = 'transferred'") == [
        ("2020-03-23",)
    ]
    assert rows(conn, "select kind, reason from build.unresolved where feed = 'border_entries' and kind <> 'person'"
                " order by 1, 2") == [("dwelling", "place_unparsed"), ("row", "entered_at_unreadable")]  # fmt: skip
    # Moved out and deceased live nowhere; the isolating live at their destination; who has no address is unplaced.
    assert rows(conn, "select room_no, occupancy, occupancy_flag, residents from build.building_view order by 1") == [
        ("501", "owner_occupied", None, 1),
        ("502", "vacant", "occupied_conflict", 1),
    ]
    assert rows(conn, "select residents, isolating, level, living_alone_elderly, disabled from build.compound_overview"
                ) == [(2, 1, "blue", 1, None)]  # fmt: skip
    assert rows(conn, "select committee_code, arrivals, isolating, residents from build.governance_daily"
                " where business_date = '2020-03-28' and residents > 0 order by 1") == [
        ("000000000000", 0, 1, 2), ("310115016", 0, 2, 4), ("310115016001", 0, 1, 2),
    ]  # fmt: skip
    assert rows(conn, "select count(*) from build.fct_arrival where arrived_on = '2020-03-20'") == [(4,)]
    assert rows(conn, "select distinct status from ops.node_run order by 1") == [("pass",), ("success",)]
    assert rows(conn, "select col_description(attrelid, attnum) from pg_attribute where attname = 'full_name'"
                " and attrelid = 'build.household_view'::regclass")[0][0].startswith("姓名 | ")  # fmt: skip

    monkeypatch.setenv("WAREHOUSE_AS_OF", AS_OF.isoformat())
    monkeypatch.setenv("WAREHOUSE_AS_OF_AT", AS_OF_AT.isoformat())
    tests = dbt.invoke(["test", "--select", "test_type:unit"])
    assert len(tests) >= 20
    assert [f"{run.node}: {run.message}" for run in tests if run.status != "pass"] == []


def test_a_build_opens_one_connection_a_thread_and_leaves_none(
    street_in_raw: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = importlib.import_module("psycopg2")
    opened: list[Any] = []
    connect = driver.connect

    def counted(*arguments: Any, **options: Any) -> Any:
        opened.append(connect(*arguments, **options))
        return opened[-1]

    monkeypatch.setattr(driver, "connect", counted)
    nodes = dbt.build(("codes", "levels", "stg_housing_registry"), AS_OF, AS_OF_AT)
    assert len(nodes) > len(opened) > 0
    # Two threads, the one that leads them, and one that lists the tables of each schema.
    assert len(opened) <= 4
    assert all(connection.closed for connection in opened)


def test_a_failed_build_names_the_model_and_no_value_and_leaves_its_last_table(
    street_in_raw: psycopg.Connection,
) -> None:
    dbt.build(("stg_housing_registry",), AS_OF, AS_OF_AT)
    street_in_raw.execute("drop table raw.housing_registry cascade")
    street_in_raw.commit()
    with pytest.raises(dbt.BuildFailed, match="stg_housing_registry"):
        dbt.build(("stg_housing_registry",), AS_OF, AS_OF_AT)
    assert rows(street_in_raw, "select count(*) from staging.stg_housing_registry") == [(2,)]
    assert not list((settings().street_var / "dbt").rglob("*.log"))
