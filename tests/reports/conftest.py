"""A small published street: the marts as tables with the columns of their models, and no row of any person."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from street.dbt import PROJECT
from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import psycopg

DAY = dt.date(2020, 3, 28)

MARTS = tuple(sorted(path.stem for path in (PROJECT / "models" / "marts").glob("*.yml")))


def _columns(mart: str) -> str:
    """The columns of a mart as SQL declares them, from the model's contract."""
    text = (PROJECT / "models" / "marts" / f"{mart}.yml").read_text(encoding="utf-8")
    return ", ".join(
        f"{column['name']} {column['data_type']}" for column in yaml.safe_load(text)["models"][0]["columns"]
    )


class Street:
    """Publishes rows; every mart is there from the first, empty."""

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        for mart in MARTS:
            conn.execute(f"create table marts.{mart} ({_columns(mart)})")
        conn.commit()

    def publish(self, mart: str, rows: Iterable[dict[str, Any]]) -> None:
        """Add rows to a mart; what a row doesn't say is null."""
        for row in rows:
            full = {"as_of": DAY} | row
            names, places = ", ".join(full), ", ".join(f"%({name})s" for name in full)
            self.conn.execute(f"insert into marts.{mart} ({names}) values ({places})", full)
        self.conn.commit()

    def isolate(self, count: int, *, colour: str = "orange", day: int = 3, status: str = "isolating") -> None:
        """Publish episodes that are on this day of 14 on the street's date."""
        started = DAY - dt.timedelta(days=day - 1)
        row = {"colour": colour, "started_on": started, "release_on": started + dt.timedelta(days=14), "status": status}
        self.publish("isolation_episode", [row] * count)

    def compound(self, name: str, level: str, orange: int = 0, yellow: int = 0, blue: int = 0, **more: Any) -> None:
        """Publish a compound and the episodes of the persons isolating in it."""
        row = {
            "compound_key": name,
            "compound_name": name,
            "committee_code": "310115016001",
            "committee_name": "牡丹第二居委会",
            "isolating": orange + yellow + blue,
            "isolating_orange": orange,
            "isolating_yellow": yellow,
            "isolating_blue": blue,
            "level": level,
        }
        self.publish("compound_overview", [row | more])
        for colour, count in (("orange", orange), ("yellow", yellow), ("blue", blue)):
            self.isolate(count, colour=colour)


@pytest.fixture
def street(warehouse: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Street:
    """An empty street whose files are the test's own; publish to it."""
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    return Street(warehouse)
