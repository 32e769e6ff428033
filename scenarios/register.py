"""Make the scenarios of the folder known to the warehouse: `ops.scenario`, from which the models read them.

Every build begins with `sync`: a file that was added or changed shows in it, without SQL, code or restart. A file that
can't be used holds nobody up: what was last usable stays in force, and the report says so.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg import sql
from psycopg.types.json import Jsonb

from scenarios.model import Compiled, Runs, Scenario, ScenarioError, compiled, read, tags_of
from scenarios.vocabulary import VOCABULARY_FILE, standing_tags, with_tags
from street.database import scrubbed
from street.settings import settings
from street.vocabulary import seed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    import psycopg

    from scenarios.expression import Word

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Counted:
    """A committee's share of a scenario: persons, those of whom it can't be told, and duties a day."""

    committee: str
    population: int
    unknown: int
    duties_a_day: float


@dataclass(frozen=True)
class Known:
    """A scenario as the warehouse knows it; `state` is off, refused, or what its dates say of a day."""

    scenario: str
    title_zh: str
    runs_from: dt.date | None
    runs_until: dt.date | None
    state: str
    digest: str | None
    refused: str | None


def files(folder: Path = FOLDER) -> list[Path]:
    """Return the scenario files of a folder, by name."""
    return sorted(path for path in folder.glob("*.yaml") if path.name != VOCABULARY_FILE.name)


def sync(conn: psycopg.Connection, folder: Path = FOLDER) -> list[str]:
    """Write the folder's scenarios and the conditions of the standing tags, and say why a scenario isn't used as it is.

    Joins the transaction open on the connection, else is one of its own; may be repeated.
    Raises ExpressionError when a standing tag's predicate can't be used, DatabaseError.
    """
    with scrubbed(), conn.transaction():
        conn.execute("delete from ops.tag_condition")
        for tag in standing_tags():
            conn.execute(
                "insert into ops.tag_condition (tag, condition, since) values (%s, %s, %s)",
                (tag.tag, tag.condition, tag.since),
            )
        usable, refused = _usable(folder)
        connected = _connected(conn)
        untold = {found.scenario.scenario: _untold(found, connected) for found in usable}
        for found in usable:
            said = found.scenario
            conn.execute(
                "insert into ops.scenario (scenario, title_zh, runs_from, runs_until, definition, digest,"
                " retention_days, refused, is_connected) values (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " on conflict (scenario) do update set title_zh = excluded.title_zh,"
                " runs_from = excluded.runs_from, runs_until = excluded.runs_until, definition = excluded.definition,"
                " retention_days = excluded.retention_days, refused = excluded.refused, digest = excluded.digest,"
                " is_connected = excluded.is_connected,"
                " stored_at = case when scenario.digest = excluded.digest then scenario.stored_at"
                " else excluded.stored_at end",
                (
                    said.scenario, said.title_zh, said.runs.since, said.runs.until, Jsonb(found.definition),
                    found.digest, said.retention_days, untold[said.scenario], untold[said.scenario] is None,
                ),
            )  # fmt: skip
        for name, why in refused.items():
            conn.execute(
                "insert into ops.scenario (scenario, refused) values (%s, %s)"
                " on conflict (scenario) do update set refused = excluded.refused",
                (name, why),
            )
        there = [path.stem for path in files(folder)]
        conn.execute("delete from ops.scenario where not scenario = any(%s)", (there,))
    return [*refused.values(), *(why for why in untold.values() if why)]


def known(conn: psycopg.Connection, on: dt.date) -> list[Known]:
    """Return the scenarios that the warehouse knows, with their state on a day. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        rows = conn.execute(
            "select scenario, title_zh, runs_from, runs_until, case when definition is null or not is_connected then"
            " 'refused'"
            " when %(on)s < runs_from then 'coming' when %(on)s > runs_until then 'ended'"
            " when is_on then 'running' else 'off' end, digest, refused from ops.scenario order by scenario",
            {"on": on},
        ).fetchall()
    return [Known(*row) for row in rows]


def switch(conn: psycopg.Connection, name: str, *, is_on: bool, on: dt.date, by: str) -> None:
    """Switch a scenario on or off, between its dates alone. Raises ScenarioError, DatabaseError."""
    found = next((each for each in known(conn, on) if each.scenario == name), None)
    if found is None:
        there = "、".join(each.scenario for each in known(conn, on))
        raise ScenarioError(f"没有场景 {name}；现有：{there}。")
    if found.state == "refused":
        raise ScenarioError(f"场景 {name} 不能用：{found.refused}")
    if found.state in ("coming", "ended"):
        when = "还没有开始" if found.state == "coming" else "已经到期"
        raise ScenarioError(
            f"场景 {name} 在 {on} {when}：它从 {found.runs_from} 到 {found.runs_until}，只能在这期间开关。"
        )
    with scrubbed(), conn.transaction():
        conn.execute(
            "update ops.scenario set is_on = %s, switched_by = %s, switched_at = clock_timestamp() where scenario = %s",
            (is_on, by, name),
        )


def check(conn: psycopg.Connection, path: Path, folder: Path = FOLDER) -> tuple[Scenario, list[Counted]]:
    """Return the scenario of a file and whom it would look at on the street as last built, by committee.

    Raises ScenarioError when it can't be used or nothing has been built yet, DatabaseError.
    """
    said = read(path, other_dates())
    others = [found for found in _readable(folder)[0] if found.scenario != said.scenario]
    ready = _ready(said, others, _words([*others, said]))
    if untold := _untold(ready, _connected(conn)):
        raise ScenarioError(untold)
    by_committee = {row["committee_code"]: row["committee_name"] for row in seed("committees")}
    query = sql.SQL(
        "select committee_code, count(*) filter (where is_meant), count(*) filter (where is_meant is null) from ("
        "select attribute.committee_code, {} as is_meant from staging.int_person_attribute as attribute) as asked"
        " group by committee_code order by committee_code nulls last"
    ).format(sql.SQL(ready.population.sql))  # checked word by word
    with scrubbed(), conn.transaction():
        if conn.execute("select to_regclass('staging.int_person_attribute')").fetchone() == (None,):
            raise ScenarioError("还没有建过仓，不知道会涉及谁：请先运行 `street run`。")
        rows = conn.execute(query).fetchall()
    a_day = sum(1 / duty.every_days for duty in said.duties if duty.every_days)
    return said, [
        Counted(by_committee.get(code, "未落实"), meant, unknown, meant * a_day)
        for code, meant, unknown in rows
        if meant or unknown
    ]


def other_dates() -> dict[str, Runs]:
    """Return the dates that hold instead of the files' own (STREET_SCENARIO_RUNS). Raises ScenarioError."""
    path = settings().street_scenario_runs
    if path is None or not path.is_file():
        return {}
    try:
        return {name: Runs.model_validate(runs) for name, runs in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, AttributeError):
        raise ScenarioError(
            f'{path.name}：要写成 {{"场景": {{"from": "2020-03-20", "until": "2020-04-30"}}}}。'
        ) from None


def _usable(folder: Path) -> tuple[list[Compiled], dict[str, str]]:
    """Return the scenarios that can be used, and why the others can't, by name."""
    readable, refused = _readable(folder)
    words = _words(readable)
    usable: list[Compiled] = []
    for said in readable:
        try:
            usable.append(_ready(said, [found.scenario for found in usable], words))
        except ScenarioError as error:
            refused[said.scenario] = str(error)
    return usable, refused


def _readable(folder: Path) -> tuple[list[Scenario], dict[str, str]]:
    dates = other_dates()
    readable, refused = [], {}
    for path in files(folder):
        try:
            said = read(path, dates)
            tags_of(said)
        except ScenarioError as error:
            refused[path.stem] = str(error)
        else:
            readable.append(said)
    return readable, refused


def _words(among: Sequence[Scenario]) -> dict[str, Word]:
    return with_tags((*standing_tags(), *(tag for said in among for tag in tags_of(said))))


def _ready(said: Scenario, others: Sequence[Scenario], words: Mapping[str, Word]) -> Compiled:
    """Return a scenario in SQL that goes together with the others. Raises ScenarioError."""
    for other in others:
        for what, own, theirs in (
            ("任务", {duty.duty for duty in said.duties}, {duty.duty for duty in other.duties}),
            ("标签", {tag.tag for tag in said.tags}, {tag.tag for tag in other.tags}),
        ):
            if same := sorted(own & theirs):
                raise ScenarioError(
                    f"{said.scenario}.yaml：{what} {'、'.join(same)} 已在场景 {other.scenario} 中，请换一个名字。"
                )
        if said.isolation and other.isolation:
            raise ScenarioError(f"{said.scenario}.yaml：isolation 只能由一个场景规定，现由 {other.scenario} 规定。")
    return compiled(said, words)


def _untold(found: Compiled, connected: set[str]) -> str | None:
    """Return a sentence about the first word it asks that no connected feed tells, if there is one."""
    for name, word in found.words.items():
        if word.feeds and not connected & set(word.feeds):
            return (
                f"{found.scenario.scenario}.yaml：没有来源说得出 {name}（{word.title_zh}）："
                f"{'、'.join(word.feeds)} 尚未接入。"
            )
    return None


def _connected(conn: psycopg.Connection) -> set[str]:
    """Return the feeds that have ever brought an accepted batch."""
    rows: list[Any] = conn.execute("select distinct feed from ops.batch where status = 'accepted'").fetchall()
    return {feed for (feed,) in rows}
