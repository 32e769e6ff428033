"""One small street on which every scenario runs, and one that nobody has heard of, added by its YAML alone."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from expectations.marts import check
from scenarios import register
from street import database, dbt, publish
from street.settings import as_of_at
from tests.building import office, share_what_dbt_has_read
from tests.dbt_project.truth import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

FLOOD = """
scenario: flood
title_zh: 内涝转移
legal_basis: 《中华人民共和国防洪法》第四十五条
purpose: 内涝时转移底层的老人和残疾人
runs: {from: 2020-03-20, until: 2020-04-30}
population: is_ground_floor and (is_elderly or has_severe_disability)
colours:
  - {when: has_severe_disability, colour: orange}
  - {otherwise: yellow}
levels: {blue: 1, red: 3}
duties:
  - {duty: flood_visit, label_zh: 上门转移, every_days: 2, due: "12:00", priority: 2, closes_on: [独居探访, 助残探访]}
changes:
  - {duty: living_alone_visit, every_days: 5}
tags:
  - tag: by_the_water
    sort_order: 99
    label_zh: 临水
    icon: 🌊
    colour_hex: "#0000ff"
    when: floor <= 1
    purpose: 内涝转移
report: {section_zh: 内涝转移, figures: [population, unknown, duties_due, duties_done]}
retention_days: 10
"""


@dataclass(frozen=True)
class Town:
    """A built and published street; `settings` are its own while they are entered."""

    conn: psycopg.Connection
    place: Path
    url: str

    @property
    def folder(self) -> Path:
        """Where its scenarios are."""
        return self.place / "scenarios"

    @contextlib.contextmanager
    def settings(self) -> Iterator[None]:
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("STREET_SCENARIO_RUNS", str(self.place / "scenario_runs.json"))
            with office(self.url, self.place):
                yield

    def sync(self) -> list[str]:
        """What the office says of its scenarios when a run begins."""
        with self.settings():
            refused = register.sync(self.conn, self.folder)
            self.conn.commit()
        return refused

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query; the connection is in no transaction afterwards."""
        found = self.conn.execute(query.encode()).fetchall()
        self.conn.commit()
        return found


@pytest.fixture(scope="session")
def town(
    sample_street: tuple[Path, Callable[[str], str]],
    keep_warehouse: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Town]:
    """The sample street, built once more and published with all the project's scenarios and the flood."""
    sample, copy = sample_street
    place = tmp_path_factory.mktemp("town")
    shutil.copy(sample / "scenario_runs.json", place)
    share_what_dbt_has_read(place / "var")
    url = copy("test")
    with contextlib.closing(database.connect(url)) as conn:
        made = Town(conn, place, url)
        made.folder.mkdir()
        for path in register.files():
            shutil.copy(path, made.folder)
        (made.folder / "flood.yaml").write_text(FLOOD, encoding="utf-8")
        assert made.sync() == []
        with made.settings():
            version = publish.start_version(conn, DAY, as_of_at(DAY))
            dbt.build(dbt.MARTS, DAY, as_of_at(DAY), version)
            check(version)
            publish.publish(conn, version)
    url = keep_warehouse("town")
    with contextlib.closing(database.connect(url)) as conn:
        yield Town(conn, place, url)
