"""Render what is committed but follows from the contracts: dbt's sources of what was received.

`python -m sources.render` writes it; a test renders it anew and compares.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from sources.contract import Column, Contract, all_contracts

SOURCES_FILE = Path("dbt_project/models/staging/_sources.yml")
HEADER = "# Rendered from sources/contracts by `python -m sources.render`: edit the contracts instead.\n"


def dbt_sources(contracts: Sequence[Contract]) -> str:
    """dbt's sources `raw` (every feed) and `quarantine` (feeds about arrivals, whose broken rows are listed)."""
    lines = ["sources:", *_source("raw", "Rows as received, one partition a batch")]
    for contract in contracts:
        lines += _table(contract)
    arrivals = [contract for contract in contracts if contract.about_arrival]
    if arrivals:
        lines += _source("quarantine", "Rows of arrivals that cannot be used, with every broken rule")
        for contract in arrivals:
            lines += _table(contract)
    return HEADER + "\n".join(lines) + "\n"


def _source(name: str, description: str) -> list[str]:
    return [f"  - name: {name}", f"    schema: {name}", f"    description: {description}", "    tables:"]


def _table(contract: Contract) -> list[str]:
    lines = [
        f"      - name: {contract.feed}",
        f"        description: {_text(f'{contract.title_zh} | {contract.grain}')}",
        f"        config: {{meta: {{contract_version: {contract.version}, load_mode: {contract.load_mode}}}}}",
        "        columns:",
    ]
    for column in contract.columns:
        lines += _column(column)
    return lines


def _column(column: Column) -> list[str]:
    meta = {"classification": column.classification, **({"role": column.role} if column.role else {})}
    said = ", ".join(f"{key}: {value}" for key, value in meta.items())
    return [
        f"          - name: {column.name}",
        f"            description: {_text(f'{column.header} | {column.description}')}",
        f"            config: {{meta: {{{said}}}}}",
    ]


def _text(value: str) -> str:
    """A YAML scalar that nothing in the value can break: JSON's strings are YAML's."""
    return json.dumps(value, ensure_ascii=False)


def main() -> None:
    """Write every rendered file, from the root of the repository."""
    SOURCES_FILE.write_text(dbt_sources(all_contracts()), encoding="utf-8")


if __name__ == "__main__":
    main()
