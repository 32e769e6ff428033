"""Hold what two revisions publish against each other, on one street: `make compare REV=<commit>`.

Both run the same sample's business day, each by its own code and its own environment; every table of `marts` and
`core` and the links are then compared row by row. Numbers of batches differ from run to run, for feeds are landed side
by side: a batch is known by its feed, source, date and turn. Prints what differs as counts, never a row; exits with 1.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
KEY = "one key for both sides, for persons' keys follow from it"
TABLES = (
    "select table_schema, table_name from information_schema.views"
    " where table_schema in ('marts', 'core') or (table_schema, table_name) = ('linkage', 'record_link')"
)
BATCHES = (
    "select batch_id, concat_ws('/', feed, source, business_date,"
    " row_number() over (partition by feed, source, business_date order by batch_id)) as name from ops.batch"
)

Row = tuple[tuple[str, str], ...]
Tables = dict[str, list[dict[str, Any]]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("--persons", default="12000")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="street-compare-") as name:
        folder = Path(name)
        with _checked_out(arguments.revision, folder / "code") as other:
            sample = folder / "sample"
            _call(ROOT, "street", "sample", "--out", str(sample), "--persons", arguments.persons)
            before = _published(other, sample, folder / "before")
            after = _published(ROOT, sample, folder / "after")
    different = [line for table in sorted({*before, *after}) if (line := _difference(table, before, after))]
    rows = sum(map(len, after.values()))
    _say("\n".join(different) or f"{len(after)} tables, {rows:,} rows: nothing differs from {arguments.revision}.")
    sys.exit(bool(different))


class _checked_out:  # noqa: N801 - reads as what it does
    """The code of a revision in a folder of its own, set up; removed again at the end."""

    def __init__(self, revision: str, folder: Path) -> None:
        self._revision, self._folder = revision, folder

    def __enter__(self) -> Path:
        subprocess.run(["git", "worktree", "add", "--detach", self._folder, self._revision], cwd=ROOT, check=True)
        subprocess.run(["make", "setup"], cwd=self._folder, check=True)
        return self._folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["git", "worktree", "remove", "--force", self._folder], cwd=ROOT, check=True)


def _published(code: Path, sample: Path, var: Path) -> Tables:
    """Run the sample's day by the code in a folder and return what it has published."""
    var.mkdir(mode=0o755)
    shutil.copytree(sample, var / "sample")
    environment = {"STREET_VAR": str(var), "STREET_HMAC_KEY": KEY}
    _say(f"Running the day of {code}")
    try:
        _call(code, "street", "up", **environment)
        _call(code, "street", "run", **environment)
        url = _call(code, "street", "url", **environment).strip()
        with psycopg.connect(url, row_factory=dict_row) as connection:
            return dict(_tables(connection))
    finally:
        _call(code, "street", "down", **environment)


def _tables(connection: psycopg.Connection[dict[str, Any]]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    names = {row["batch_id"]: row["name"] for row in connection.execute(BATCHES)}
    for found in connection.execute(TABLES).fetchall():
        schema, table = found["table_schema"], found["table_name"]
        query = sql.SQL("select * from {}").format(sql.Identifier(schema, table))
        yield f"{schema}.{table}", [_named(row, names) for row in connection.execute(query)]


def _named(row: dict[str, Any], names: Mapping[int, str]) -> dict[str, Any]:
    if "batch_id" in row:
        row["batch_id"] = names.get(row["batch_id"])
    if "record_code" in row and row["feed"] == "returnees":  # made of the batch and the row
        row["record_code"] = None
    return row


def _difference(table: str, before: Tables, after: Tables) -> str | None:
    if table not in before or table not in after:
        return f"{table}: stands {'before' if table in before else 'after'} only"
    told = []
    columns = [set(rows[0]) if rows else set() for rows in (before[table], after[table])]
    if all(columns) and columns[0] != columns[1]:
        told.append(f"only one side has {', '.join(sorted(columns[0] ^ columns[1]))}")
    common = sorted(columns[0] & columns[1]) if all(columns) else sorted(columns[0] | columns[1])
    old, new = (Counter(_text(row, common) for row in rows) for rows in (before[table], after[table]))
    gone, come = (old - new).total(), (new - old).total()
    if gone or come:
        other = [column for column in common if _differs(before[table], after[table], column)]
        told.append(
            f"{gone:,} of {len(before[table]):,} rows before only, {come:,} of {len(after[table]):,} after only"
        )
        told.append(f"the values of {', '.join(other)} differ" if other else "the same values stand in other rows")
    return f"{table}: {'; '.join(told)}" if told else None


def _differs(before: list[dict[str, Any]], after: list[dict[str, Any]], column: str) -> bool:
    return Counter(str(row[column]) for row in before) != Counter(str(row[column]) for row in after)


def _text(row: Mapping[str, Any], columns: list[str]) -> Row:
    return tuple((column, str(row[column])) for column in columns)


def _call(code: Path, command: str, *arguments: str, **environment: str) -> str:
    program = code / ".venv" / "bin" / command
    done = subprocess.run(
        [program, *arguments],
        cwd=code,
        env={**os.environ, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
