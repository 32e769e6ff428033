"""Who is who and where, measured beside others: `make bench-linkage`; the figures go to docs/benchmarks.md.

Streets of seeds that nothing was developed on, at three levels of dirt, are linked by the project at its shipped
settings and by its peers as their documentation sets them up. Larger ones, for narrower intervals and with their
marts for the arrivals, are linked by the project alone: its peers take too long.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from linkage.records import a_row_is_a_person
from sample.dirt import LEVELS
from sources.contract import all_contracts
from tests.benchmarks.linkage import fields, page
from tests.benchmarks.linkage.score import Pairs, Share, for_people, of_clusters, of_pairs
from tests.benchmarks.linkage.street import ROOT, Linked, ask_peer, linked

OURS, SPLINK, ECM, DOCUMENT = "this project", "Splink 5", "recordlinkage, ECM", "same document only"
STRING, JIONLP, CPCA = "exact string", "jionlp", "cpca"
#: jionlp reads some 25 addresses a second.
ADDRESSES_FOR_PEERS = 300


@dataclass
class Doors:
    """Addresses that can tell a door: how many are resolved to it, to another one, and left open."""

    right: Share = field(default_factory=lambda: Share(0, 0))
    wrong: Share = field(default_factory=lambda: Share(0, 0))

    def add(self, true: pl.Series, found: pl.Series) -> None:
        """Count these: `found` is null where it was left open."""
        same = (true == found).fill_null(value=False)
        self.right += Share(int(same.sum()), len(true))
        self.wrong += Share(int((found.is_not_null() & ~same).sum()), len(true))


@dataclass
class Figures:
    """All that was measured at one level of dirt, over its streets."""

    seeds: list[int] = field(default_factory=list)
    persons: dict[str, Pairs] = field(default_factory=dict)
    doors: dict[str, Doors] = field(default_factory=lambda: defaultdict(Doors))
    by_form: dict[str, Doors] = field(default_factory=lambda: defaultdict(Doors))
    untellable: dict[str, Share] = field(default_factory=lambda: defaultdict(lambda: Share(0, 0)))
    for_people: int = 0
    arrivals: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failures: dict[str, str] = field(default_factory=dict)

    def add(self, method: str, pairs: Pairs) -> None:
        """Count a method's pairs of one more street."""
        self.persons[method] = self.persons[method] + pairs if method in self.persons else pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--persons", type=int, default=12_000, help="of the streets that the peers link too; 0 for none"
    )
    parser.add_argument(
        "--alone", type=int, default=48_000, help="persons of the streets for the project alone; 0 for none"
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[911, 912, 913])
    parser.add_argument("--levels", choices=list(LEVELS), nargs="+", default=list(LEVELS))
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    alone = {dirt: Figures() for dirt in arguments.levels}
    beside = {dirt: Figures() for dirt in arguments.levels}
    for figures, persons in ((alone, arguments.alone), (beside, arguments.persons)):
        for seed in arguments.seeds if persons else ():
            for dirt in arguments.levels:
                _measure(figures[dirt], persons, seed, dirt, with_peers=figures is beside)
                # After each street: a run takes long, and what is measured is measured.
                text = page.written(alone, arguments.alone, beside, arguments.persons)
                arguments.out.write_text(text, encoding="utf-8")


def _measure(figures: Figures, persons: int, seed: int, dirt: str, *, with_peers: bool) -> None:
    lists = [contract.feed for contract in all_contracts() if a_row_is_a_person(contract)]
    with tempfile.TemporaryDirectory(prefix="street-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the server runs as another user
        with linked(folder, persons, seed, dirt, marts=not with_peers) as street:
            _say(f"{persons:,} persons, seed {seed}, {dirt}: linked in {street.seconds:.1f} s")
            figures.seeds.append(seed)
            figures.add(OURS, of_clusters(street.records, "person_key", street.seconds))
            _untellable(figures, street.records)
            figures.for_people += for_people(street.records, lists)
            for outcome in street.arrivals["outcome"]:
                figures.arrivals[outcome] += 1
            _by_document(figures, street)
            _our_doors(figures, street)
            if with_peers:
                _persons_by_peers(figures, street)
                _doors_by_peers(figures, street)


def _untellable(figures: Figures, records: pl.DataFrame) -> None:
    """Of the records of each kind of dirt that have another of their person: how many nobody could tell."""
    several = records.filter(pl.len().over("true_person_id") > 1)
    alone = several.with_columns(alone=pl.len().over("true_person_id", "told") == 1)
    kinds = alone.with_columns(pl.when(pl.col("dirt").list.len() == 0).then(["clean"]).otherwise("dirt").alias("dirt"))
    for kind, hits, total in (
        kinds.explode("dirt").group_by("dirt").agg(hits=pl.col("alone").sum(), total=pl.len()).iter_rows()
    ):
        figures.untellable[kind] += Share(hits, total)


def _by_document(figures: Figures, street: Linked) -> None:
    records, seconds = fields.of_persons(street.records)
    figures.add(DOCUMENT, of_clusters(records, "id_number", seconds))


def _persons_by_peers(figures: Figures, street: Linked) -> None:
    records, _ = fields.of_persons(street.records)
    given = records.select("index", *fields.PERSON)
    for method, peer in ((SPLINK, "splink"), (ECM, "ecm")):
        try:
            answer, seconds = ask_peer(peer, given, street.folder)
        except subprocess.CalledProcessError:
            figures.failures[method] = fields.last_line(street.folder / f"{peer}.log")
            continue
        if "cluster" in answer.columns:
            answer = records.join(answer.cast({"index": pl.Int64, "cluster": pl.String}), on="index")
            figures.add(method, of_clusters(answer, "cluster", seconds))
        else:
            figures.add(method, of_pairs(records, answer.cast(pl.Int64), seconds))
        _say(f"  {method}: {seconds:.1f} s")


def _our_doors(figures: Figures, street: Linked) -> None:
    told = fields.of_addresses(street.records)
    figures.doors[OURS].add(told["true_dwelling_code"], told["dwelling_code"])
    for (form,), mine in told.group_by("address_form"):
        figures.by_form[str(form)].add(mine["true_dwelling_code"], mine["dwelling_code"])
    exact = told.join(fields.renderings(street.doors), on="text", how="left", maintain_order="left")
    figures.doors[STRING].add(exact["true_dwelling_code"], exact["found"])


def _doors_by_peers(figures: Figures, street: Linked) -> None:
    told = fields.of_addresses(street.records)
    register = fields.renderings(street.doors)
    some = told.sample(min(told.height, ADDRESSES_FOR_PEERS), seed=1, shuffle=True)
    for method, peer in ((JIONLP, "jionlp"), (CPCA, "cpca")):
        try:
            answer, _ = ask_peer(peer, some.select("index", "text"), street.folder)
        except subprocess.CalledProcessError:
            figures.failures[method] = fields.last_line(street.folder / f"{peer}.log")
            continue
        found = some.join(answer.cast({"index": pl.Int64}), on="index").join(
            register, left_on="rest", right_on="text", how="left"
        )
        figures.doors[method].add(found["true_dwelling_code"], found["found"])


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
