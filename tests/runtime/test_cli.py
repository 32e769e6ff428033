"""The command line: what it asks for, what it passes on, and what it says when it can't."""

from __future__ import annotations

import csv
import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from runtime.cli import app, days
from runtime.supervisor import Supervisor
from street import publish
from street.settings import as_of_at, settings

from .conftest import MONDAY

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Deliveries


@pytest.fixture
def street_var(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deliveries: Deliveries) -> Path:
    monkeypatch.setenv("STREET_VAR", str(tmp_path))
    monkeypatch.chdir(tmp_path)  # no command minds where it is called
    settings.cache_clear()
    return tmp_path


def street(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_dbt_builds_nothing_while_no_batch_is_in_force(street_var: Path, deliveries: Deliveries) -> None:
    done = street("dbt", "build")
    assert done.exit_code == 1
    assert "No batch is in force for any date" in done.output
    deliveries.deliver(3, 10)
    deliveries.conn.commit()
    before = MONDAY + dt.timedelta(days=2)
    done = street("dbt", "--date", str(before), "run", "--select", "staging")
    assert done.exit_code == 1
    assert f"No batch is in force for {before}" in done.output


def test_dbt_works_on_the_newest_date_with_batches_and_tells_no_value_of_an_error(
    street_var: Path, deliveries: Deliveries
) -> None:
    deliveries.deliver(0, 10)
    deliveries.deliver(3, 10)
    deliveries.conn.commit()
    done = street("dbt", "show", "--inline", "select {{ as_of() }} as today")
    assert done.exit_code == 0, done.output
    assert str(MONDAY + dt.timedelta(days=3)) in done.output
    done = street("dbt", "show", "--inline", "select cast('王小明' || '二' as integer) as broken")
    assert done.exit_code == 1
    assert "invalid input syntax for type integer" in done.output
    assert "王小明二" not in done.output
    assert not list((street_var / "dbt" / "logs").glob("*.log*"))


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("select nonesuch from ops.batch", 'column "nonesuch" does not exist (line 1, column 8, SQLSTATE 42703)'),
        ("select b.fed\nfrom ops.batch as b", 'Perhaps you meant to reference the column "b.feed".'),
        (
            "select *\n from marts.nonesuch",
            'relation "marts.nonesuch" does not exist (line 2, column 7, SQLSTATE 42P01)',
        ),
        ("select from where", 'syntax error at or near "where" (line 1, column 13, SQLSTATE 42601)'),
        ("delete from ops.batch", 'cannot execute "DELETE" in a read-only transaction (SQLSTATE 25006)'),
    ],
)
def test_a_query_that_is_wrong_is_told_what_and_where(street_var: Path, query: str, told: str) -> None:
    done = street("sql", query)
    assert done.exit_code == 1
    assert told in done.output


@pytest.mark.parametrize(
    "query",
    [
        "select cast(reason as integer) from ops.batch",
        "select cast(reason as date) from ops.batch",
        "select query_to_xml('select ' || reason || ' from ops.batch', true, true, '') from ops.batch",
        "select query_to_xml('select 1 from ' || quote_ident(reason), true, true, '') from ops.batch",
    ],
)
def test_the_error_of_a_query_tells_no_value_of_a_row(street_var: Path, deliveries: Deliveries, query: str) -> None:
    deliveries.deliver(0, 10)
    deliveries.conn.execute("update ops.batch set reason = 'wangxiaoming'")
    deliveries.conn.commit()
    done = street("sql", query)
    assert done.exit_code == 1
    assert "SQLSTATE" in done.output
    assert "wangxiaoming" not in done.output


def test_csv_has_each_value_as_postgresql_writes_it(street_var: Path) -> None:
    query = (
        "select array['a', 'b, c', null] as names, true as is_so, null as nothing, 1.50 as amount, '{\"a\": 1}'::jsonb"
    )
    done = street("sql", query, "--csv")
    assert done.exit_code == 0, done.output
    assert "\r" not in done.stdout  # a shell would keep it as part of a value
    assert list(csv.reader(done.output.splitlines())) == [
        ["names", "is_so", "nothing", "amount", "jsonb"],
        ['{a,"b, c",NULL}', "t", "", "1.50", '{"a": 1}'],
    ]


@pytest.mark.parametrize(
    "options",
    [
        ("--from", "2020-03-27"),
        ("--to", "2020-03-28"),
        ("--from", "2020-03-28", "--to", "2020-03-27"),
        ("--date", "2020-03-27", "--from", "2020-03-27", "--to", "2020-03-28"),
    ],
)
def test_a_period_has_two_ends_in_their_order_and_nothing_is_started_for_another(
    street_var: Path, options: tuple[str, ...]
) -> None:
    done = street("run", *options)
    assert done.exit_code == 2
    assert not (street_var / "run").exists()


def test_a_synthetic_street_runs_all_its_days_until_something_is_published(
    street_var: Path, deliveries: Deliveries
) -> None:
    sample = street_var / "sample"
    sample.mkdir()
    told = {"days": ["2020-03-27", "2020-03-28"]}
    (sample / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    both = [dt.date(2020, 3, 27), dt.date(2020, 3, 28)]
    assert days._default_days(Supervisor()) == both
    deliveries.deliver(0, 10)
    version = publish.start_version(deliveries.conn, MONDAY, as_of_at(MONDAY))
    deliveries.conn.execute("insert into ops.published values ('m', %s, %s, now())", (version, MONDAY))
    deliveries.conn.commit()
    assert days._default_days(Supervisor()) == both[-1:]
