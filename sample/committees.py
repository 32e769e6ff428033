"""The street's 59 real neighbourhood committees, from the one list the project keeps."""

import csv
from dataclasses import dataclass
from pathlib import Path

# The list is a dbt seed; it is read where it lies so that there is one copy.
_LIST = Path(__file__).parents[1] / "dbt_project" / "seeds" / "committees.csv"


@dataclass(frozen=True)
class Committee:
    """A neighbourhood committee 居委会: its 12-digit code and name."""

    code: str
    name: str


def committees() -> list[Committee]:
    """Return all committees of the street, in order of code."""
    with _LIST.open(encoding="utf-8", newline="") as lines:
        rows = [Committee(row["committee_code"], row["committee_name"]) for row in csv.DictReader(lines)]
    return sorted(rows, key=lambda committee: committee.code)
