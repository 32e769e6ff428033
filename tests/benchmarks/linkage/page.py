"""The figures as a page of the documentation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.benchmarks.linkage.score import Share

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.benchmarks.linkage.run import Figures

OURS = "this project"
_HEAD = """# Who is who and where, measured

Written by `make bench-linkage`. Sample streets of seeds that nothing was developed on are linked by this project at its
shipped settings, and by other tools as their documentation sets them up, from the same fields as sent
(`tests/benchmarks/linkage`). Three levels of dirt: a third of what the departments' feeds are specified to carry, all
of it, and two and a half times as much (`street sample --dirt`).

- A pair is two records of one person. **Precision**: of the pairs a tool makes, how many are one person's. **Recall**:
  of all pairs that the fields as sent can tell, how many it makes; beside it the raw recall, of all pairs.
- Told by the fields as sent (`sample/tellable.py`, by brute force over the truth): the two records agree in name and in
  something else, allowing what clerks may make of a name, and nobody else's records show the same; or a third record
  tells both.
- **Without those the limits leave to people**: without the pairs of somebody whom a list with a row a person has in two
  rows, or who is under two valid resident IDs, that no machine may make (R-PERSON-5, R-PERSON-13). The truth and the
  limits alone tell how many they are, and no more are left out than must be missed however the records are linked.
- **Right**, **wrong**, **open**: of the addresses whose text has a door of the street in it, how many are resolved to
  that door, to another one, to none.
- In brackets 95 % intervals (Wilson). Seconds are of the wall, on a machine with {cores} cores and a load of {load:.0f}
  at the end of the run.
"""
_NOTES = """
The other tools get names, birth dates, numbers, phones and addresses cleaned as anybody would clean them (NFKC, blanks,
digits of a phone, the birth date in a number, the number in a certificate; a masked number is none). Splink: ready-made
comparisons, EM, prediction at 0.9, clusters at 0.95. recordlinkage: blocks as Splink's, Jaro-Winkler from 0.85, ECM.
jionlp and cpca know no road, lane or room: what they leave behind the city, district and town is held against
the registry's doors, which is the most that can be made of them; they read a sample of {some:,} addresses a street.
"""


def written(alone: Mapping[str, Figures], size: int, beside: Mapping[str, Figures], persons: int) -> str:
    """The page, in Markdown; of levels that have been measured."""
    from tests.benchmarks.linkage.run import ADDRESSES_FOR_PEERS  # noqa: PLC0415 - it imports this module

    lines = [_HEAD.format(cores=os.cpu_count(), load=os.getloadavg()[0]), f"## By itself: {size:,} persons a street\n"]
    for dirt, figures in alone.items():
        if figures.seeds:
            lines += [f"### Dirt: {dirt}; {_seeds(figures)}\n", *_aims(figures), "", *_persons(figures), ""]
            lines += [*_doors(figures), "", *_by_form(figures), "", *_untellable(figures), ""]
    lines += [f"## Beside others: {persons:,} persons a street", _NOTES.format(some=ADDRESSES_FOR_PEERS)]
    for dirt, figures in beside.items():
        if figures.seeds:
            lines += [f"### Dirt: {dirt}, beside others; {_seeds(figures)}\n", *_persons(figures), ""]
            lines += [*_doors(figures), ""]
            lines += [f"{method} could not be run: {why}\n" for method, why in figures.failures.items()]
    return "\n".join(lines).rstrip() + "\n"


def _seeds(figures: Figures) -> str:
    return f"seeds {', '.join(map(str, figures.seeds))}"


def _aims(figures: Figures) -> list[str]:
    ours, doors, arrivals = figures.persons[OURS], figures.doors[OURS], figures.arrivals
    total = sum(arrivals.values())
    safe = Share(arrivals["right"] + arrivals["listed"], total)
    wrong = Share(arrivals["wrong"], total)
    told = ours.recall_of_tellable
    within_limits = Share(told.hits, told.total - figures.for_people)
    aims = [
        ("pairs: precision", ours.precision, ">= 0.9997", ours.precision.value >= 0.9997),
        ("pairs: recall of those that can be told", told, ">= 0.995", told.value >= 0.995),
        ("pairs: recall of those that can be told, without those the limits leave to people", within_limits, ">= 0.995",
         within_limits.value >= 0.995),
        ("addresses: right door", doors.right, ">= 0.985", doors.right.value >= 0.985),
        ("addresses: wrong door", doors.wrong, "<= 0.0005", doors.wrong.value <= 0.0005),
        ("home isolations: right door, or listed", safe, ">= 0.999", safe.value >= 0.999),
        ("home isolations: wrong door", wrong, "0", wrong.hits == 0),
    ]  # fmt: skip
    rows = [f"| {name} | {aim} | {_share(share)} | {share.hits:,} of {share.total:,} | {'yes' if met else '**no**'} |"
            for name, share, aim, met in aims]  # fmt: skip
    return ["| aim | | measured | | met |", "|---|---|---|---|---|", *rows]


def _persons(figures: Figures) -> list[str]:
    rows = [
        f"| {method} | {_share(p.precision)} | {_share(p.recall_of_tellable)} | {p.recall.value:.4f} | {p.f1:.4f}"
        f" | {p.seconds:.1f} |"
        for method, p in figures.persons.items()
    ]
    return ["| persons | precision | recall | raw recall | F1 | seconds |", "|---|---|---|---|---|---|", *rows]


def _doors(figures: Figures) -> list[str]:
    rows = [
        f"| {method} | {_share(d.right)} | {_share(d.wrong)} | {1 - d.right.value - d.wrong.value:.4f}"
        f" | {d.right.total:,} |"
        for method, d in figures.doors.items()
    ]
    return ["| addresses | right | wrong | open | of |", "|---|---|---|---|---|", *rows]


def _by_form(figures: Figures) -> list[str]:
    worst = sorted(figures.by_form.items(), key=lambda item: (item[1].right.value, item[0]))
    rows = [
        f"| `{form}` | {d.right.value:.4f} | {d.wrong.hits} | {d.right.total - d.right.hits - d.wrong.hits}"
        f" | {d.right.total:,} |"
        for form, d in worst
    ]
    return ["| way of writing | right | wrong | open | of |", "|---|---|---|---|---|", *rows]


def _untellable(figures: Figures) -> list[str]:
    rows = [
        f"| {kind} | {_share(share)} | {share.total:,} |"
        for kind, share in sorted(figures.untellable.items(), key=lambda item: -item[1].value)
    ]
    return ["| records with | that nobody could tell | of |", "|---|---|---|", *rows]


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.4f} [{low:.4f}, {high:.4f}]"
