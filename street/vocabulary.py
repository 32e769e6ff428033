"""The words and numbers that the models and the packages share: seeds and variables of the dbt project, and what the
scenario of home isolation says.

Each is stated there alone, once; nothing is read from the database.
"""

from __future__ import annotations

import csv
from functools import cache
from typing import Any

import yaml

from street.dbt import PROJECT


@cache
def seed(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of a seed in the order of its file; every value is a text. Raises FileNotFoundError."""
    with (PROJECT / "seeds" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def labels(code_list: str) -> dict[str, str]:
    """Return what people read for each code of a list of our own, in the order of seeds/codes.csv."""
    return {row["code"]: row["label_zh"] for row in seed("codes") if row["code_list"] == code_list}


def certain_to(place_level: str) -> str:
    """Return how far an address that names no door is certain, in words (R-PLACE-4)."""
    is_within = place_level in ("building", "compound", "street")
    return f"只能确定{labels('place_level')[place_level]}" if is_within else "读不出门牌"


@cache
def _variables() -> dict[str, Any]:
    variables: dict[str, Any] = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))["vars"]
    return variables


@cache
def _isolation() -> dict[str, Any]:
    """Return the scenario that says what home isolation is, as its file says."""
    for path in sorted((PROJECT.parent / "scenarios").glob("*.yaml")):
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "isolation" in said:
            found: dict[str, Any] = said
            return found
    raise FileNotFoundError("No file in scenarios/ says what home isolation is.")


STREET_CODE: str = _variables()["street_code"]
"""The code of the street, beside those of its committees in governance_daily."""
STREET_NAME: str = _variables()["street_name"]
UNPLACED_CODE: str = _variables()["unplaced_code"]
"""The code that stands in the place of a committee where none is known."""
ISOLATION_DAYS: int = _isolation()["isolation"]["days"]
"""How long home isolation lasts: it is released this many days after its start (R-ISO-1)."""
COLOURS: dict[str, str] = {}
for _rule in _isolation()["colours"]:
    COLOURS.setdefault(_rule.get("colour") or _rule["otherwise"], _rule["label_zh"])
"""Colour of an episode -> what people call its origin (R-ISO-8), the gravest first."""
LEVELS: dict[str, int] = _isolation()["levels"]
"""Level of a compound -> from how many persons isolating on (R-ISO-12); under the lowest it has none."""
RECENT_DAYS: int = _variables()["recent_days"]
"""How far the columns that end in _14d reach back, D included (R-ISO-11, R-ISO-14)."""
