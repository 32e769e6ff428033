"""One person never stops a street: rules are broken on purpose, and whoever they lose is listed all the same."""

from __future__ import annotations

import contextlib
import re
import shutil
from typing import TYPE_CHECKING

import pytest
import yaml

from expectations.marts import CheckFailed, check, person_checks
from linkage.run import link
from sources.contract import all_contracts
from street import dbt, publish
from street.settings import settings

from .conftest import AS_OF, AS_OF_AT, ENTRY, land

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

OVER_PERSONS = person_checks()


def test_the_checks_over_persons_are_the_models_of_their_folder() -> None:
    macro = (dbt.PROJECT / "macros" / "checks.sql").read_text(encoding="utf-8")
    declared = re.findall(r"^        '(\w+)',$", macro, re.M)
    assert sorted(declared) == OVER_PERSONS


def test_a_test_or_constraint_that_stops_a_build_is_over_no_person() -> None:
    """Every model is of structure or of persons; what fails a build stands at the former alone."""
    of_structure = {
        "dim_building", "dim_committee", "dim_compound", "dim_dwelling", "fct_occupancy",
        "building_view", "compound_daily", "compound_overview", "dim_level", "dim_tag",
        "dwelling_view", "feed_check", "feed_health", "governance_daily", "release_curve", "unresolved",
        "int_compound_isolation", "int_door", "int_feed_in_force", "int_feed_status", "int_governance_fact",
        "building_overview", "int_duty_kind", "int_housing_tenure", "int_returnee_origin", "int_review", "int_tag",
        "scenario", "scenario_compound",
        "stg_housing_registry",
    }  # fmt: skip
    # What a rule itself writes, whoever the person is: a constant of the model or a row of a seed.
    of_rules = {
        ("fct_arrival", "colour"), ("fct_isolation_episode", "status"), ("worklist", "due_at"), ("worklist", "status"),
        ("worklist", "priority"), ("trip", "status"), ("visit", "outcome"),
    }  # fmt: skip
    stopping: set[tuple[str, str | None]] = set()
    for file in (dbt.PROJECT / "models").rglob("*.yml"):
        for model in yaml.safe_load(file.read_text(encoding="utf-8")).get("models", []):
            name = model["name"]
            tests = [test for test in model.get("data_tests", []) if "stands_once" not in test]
            if tests or model.get("constraints"):
                stopping.add((name, None))
            stopping |= {
                (name, c["name"]) for c in model.get("columns", []) if c.get("data_tests") or c.get("constraints")
            }
    assert {(name, column) for name, column in stopping if name not in of_structure} == of_rules
    assert not list((dbt.PROJECT / "tests").glob("*.sql")), "a test of the whole build is a check of expectations.marts"


def broken(project: Path, model: str, rows: str, *, twice: bool = False) -> None:
    """Let a model of a copied project lose the rows that meet a condition, or have them twice."""
    path = next(project.rglob(f"{model}.sql"))
    head, _, text = path.read_text(encoding="utf-8").partition("\n")
    if twice:
        query = f"select * from whole union all select * from whole where {rows}"
    else:
        query = f"select * from whole where not coalesce({rows}, false)"
    path.write_text(f"{head}\nwith whole as (\n{text}\n)\n{query}\n", encoding="utf-8")


def test_whom_a_broken_rule_loses_is_listed_and_too_many_of_a_feed_alone_stop_the_day(
    street_in_raw: psycopg.Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conn = street_in_raw
    lost_by = {
        "E10": "int_arrival_border_entries", "E11": "int_arrival", "E12": "fct_arrival", "E13": "int_isolation_day",
        "E14": "int_isolation_step", "E15": "int_episode", "E16": "int_episode_arrival", "E17": "fct_isolation_episode",
        "E18": "stg_border_entries",
    }  # fmt: skip
    vague = {"E20": "int_unresolved_place", "E21": "int_unresolved_row"}
    day = {code: f"2020-03-{n:02d}" for n, code in enumerate(lost_by, start=15)}
    entries = land(conn, "border_entries", [
        *(ENTRY | {"entry_id": code, "document_no": f"E9{code[1:]}00000", "name_latin": f"CE {code[1:]}",
                   "entered_at": f"{on}T10:00:00+08:00"} for code, on in day.items()),
        ENTRY | {"entry_id": "E20", "document_no": "E92000000", "name_latin": "CE ERSHI",
                 "entered_at": "2020-03-26T10:00:00+08:00", "destination_address": "梅花路1099弄30号"},
        ENTRY | {"entry_id": "E21", "document_no": "E92100000", "name_latin": "CE ERYI", "entered_at": "",
                 "destination_address": "梅花路1099弄30号501室"},
    ])  # fmt: skip
    row_of = {code: n for n, code in enumerate([*lost_by, *vague], start=1)}
    conn.execute(
        "insert into quarantine.border_entries (batch_id, row_no, rules, entry_id) values"
        " (%s, %s, '{entered_at__unreadable}', 'E21')",
        (entries, row_of["E21"]),
    )
    conn.execute(
        "update ops.batch set rows_accepted = rows_accepted - 1, rows_quarantined = 1 where batch_id = %s", (entries,)
    )
    version = publish.start_version(conn, AS_OF, AS_OF_AT)
    conn.commit()

    project = tmp_path / "project"
    shutil.copytree(dbt.PROJECT, project)
    monkeypatch.setattr(dbt, "PROJECT", project)
    monkeypatch.setenv("STREET_VAR", str(tmp_path))  # what dbt has read of it is of no use to others
    settings.cache_clear()
    by_person = {
        "int_isolation_day": "arrived_on", "int_isolation_step": "arrived_on", "int_episode": "started_on",
        "fct_isolation_episode": "started_on",
    }  # fmt: skip
    for code, model in {**lost_by, **vague}.items():
        condition = (
            f"{by_person[model]} = date '{day[code]}'"
            if model in by_person
            else f"batch_id = {entries} and row_no = {row_of[code]}"
        )
        broken(project, model, condition)
    # And persons who stand twice, or nowhere, behind what tells them.
    broken(project, "household_view", "full_name = '测甲'")
    broken(project, "person_tag", "tag = 'elderly'", twice=True)
    broken(project, "dim_person", "full_name = '测丁'")

    dbt.build(dbt.STAGING, AS_OF, AS_OF_AT, version)
    link(AS_OF, all_contracts())
    conn.execute("update build.record_link set person_key = null where feed = 'household_registry' and row_no = 2")
    conn.commit()
    dbt.build(dbt.MARTS, AS_OF, AS_OF_AT, version)
    # Of 4 registered persons 3 are caught, of the port's 8, more than it has left.
    for share, persons, stopping in (
        (0.5, 3, ["入境人员", "实有人口"]), (0.9, 3, ["入境人员"]), (0.5, 4, ["入境人员"]), (0.5, 9, []),
    ):  # fmt: skip
        monkeypatch.setenv("STREET_CHECK_SHARE", str(share))
        monkeypatch.setenv("STREET_CHECK_PERSONS", str(persons))
        settings.cache_clear()
        with pytest.raises(CheckFailed, match="人被核对查出") if stopping else contextlib.nullcontext() as stopped:
            check(version)
        told = str(stopped.value) if stopped else ""
        assert [title for title in ("入境人员", "实有人口") if title in told] == stopping
    publish.publish(conn, version)

    caught = conn.execute(
        "select subject, feed, row_no, committee_code from marts.unresolved"
        " where kind = 'check' and (feed <> 'border_entries' or batch_id = %s)",
        (entries,),
    ).fetchall()
    here = "310115016001"
    lost = {("arrival_without_outcome", "border_entries", row_of[code], here) for code in [*lost_by, "E21"]}
    assert lost <= set(caught)
    assert {(subject, feed, row) for subject, feed, row, _ in set(caught) - lost} >= {
        ("isolating_without_door", "border_entries", row_of["E20"]),
        ("resident_not_in_household", "household_registry", 1),
        ("person_without_row", "household_registry", 4),
        ("record_without_person", "household_registry", 2),
    }
    assert any(subject == "standing_twice" for subject, *_ in caught)
    listed = conn.execute("select count(*) from marts.unresolved").fetchone()
    assert (
        listed
        == conn.execute(
            "select unresolved from marts.governance_daily where business_date = %s and committee_code = '310115016'",
            (AS_OF,),
        ).fetchone()
    )
    results: dict[str, str] = dict(
        conn.execute(
            "select rule, severity from ops.check_result where version = %s and not passed", (version,)
        ).fetchall()
    )
    assert set(results) == {subject for subject, *_ in caught}
    assert set(results.values()) == {"flag"}
