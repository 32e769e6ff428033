"""Hold what two revisions publish against each other, on one street: `make compare REV=<commit>`.

Both run the same sample's business day and the day after, each by its own code and its own environment. Every published
table is then compared: its columns, types, comments, indexes and readers, and its rows byte for byte as PostgreSQL
writes them. What no run has in common with another has a name instead: a batch its feed, source, date and turn, for
feeds are landed side by side and numbered as they come; a moment since the run began "now". Prints table by table what
is equal and what differs, as counts, never a row; exits with 1 if any differs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from sample.generate import BUSINESS_DATE, generate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[2]
KEY = "one key for both sides, for persons' keys follow from it"
DAYS = (BUSINESS_DATE, BUSINESS_DATE + dt.timedelta(days=1))

TABLES = """
    select table_schema, table_name from information_schema.views
    where table_schema in ('marts', 'core') or (table_schema, table_name) = ('linkage', 'record_link') order by 1, 2
"""
COLUMNS = """
    select attname, format_type(atttypid, atttypmod) as type, col_description(attrelid, attnum) as comment
    from pg_attribute
    where attrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass and attnum > 0 order by attnum
"""
# What a table is looked up by and who may read it, as the server writes it.
RIGHTS = """
    select indexdef from pg_indexes where schemaname = 'versions' and tablename = %(table)s
    union all
    select concat_ws(' ', policyname, roles::text, qual) from pg_policies
    where schemaname = 'versions' and tablename = %(table)s
    union all
    select concat_ws(' ', table_schema, privilege_type, grantee) from information_schema.role_table_grants
    where table_schema in ('versions', %(schema)s) and table_name = %(table)s
    order by 1
"""
BATCHES = """
    select batch_id, concat_ws('/', feed, source, business_date,
        row_number() over (partition by feed, source, business_date order by batch_id)) as name
    from ops.batch
"""

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Table:
    """A published table: its columns with types and comments, its indexes and rights, its rows as text by column."""

    columns: list[tuple[str, ...]]
    rights: list[tuple[str, ...]]
    rows: Counter[Row]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revision")
    parser.add_argument("--persons", type=int, default=6000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="street-compare-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # as root, the server runs as another user
        with _checked_out(arguments.revision, folder / "code") as other:
            generate(folder / "sample", BUSINESS_DATE, arguments.persons, 1)
            # The scenarios run by the dates of their own files, as on a street that isn't the sample's.
            (folder / "sample" / "scenario_runs.json").unlink()
            before = _published(other, folder / "sample", folder / "before")
            after = _published(ROOT, folder / "sample", folder / "after")
    differing = 0
    for table in sorted({*before, *after}):
        told = _difference(before.get(table), after.get(table))
        differing += bool(told)
        _say(f"{table}: {'; '.join(told) or f'equal, {after[table].rows.total():,} rows'}")
    _say(f"{differing} of {len({*before, *after})} tables differ from {arguments.revision}.")
    sys.exit(bool(differing or not after))


class _checked_out:  # noqa: N801 - reads as what it does
    """The code of a revision in a folder of its own, set up; removed again at the end."""

    def __init__(self, revision: str, folder: Path) -> None:
        self._revision, self._folder = revision, folder

    def __enter__(self) -> Path:
        subprocess.run(["git", "worktree", "add", "--detach", self._folder, self._revision], cwd=ROOT, check=True)
        try:
            subprocess.run(["make", "setup"], cwd=self._folder, check=True)
        except BaseException:
            self.__exit__()
            raise
        return self._folder

    def __exit__(self, *_: object) -> None:
        subprocess.run(["git", "worktree", "remove", "--force", self._folder], cwd=ROOT, check=True)


def _published(code: Path, sample: Path, var: Path) -> dict[str, Table]:
    """Run the sample's days by the code in a folder and return what it has published, by table."""
    var.mkdir(mode=0o755)
    shutil.copytree(sample, var / "sample")
    foreign = ("STREET", "WAREHOUSE", "AIRFLOW", "PYTHONPATH")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    began = dt.datetime.now(dt.UTC)
    environment = {**inherited, "STREET_VAR": str(var), "STREET_HMAC_KEY": KEY}
    try:
        _street(code, environment, "up")
        for day in DAYS:
            _say(f"{code.name}: {day}")
            _street(code, environment, "run", "--date", day.isoformat())
        with psycopg.connect(_street(code, environment, "url").strip()) as connection:
            return dict(_tables(connection, began))
    finally:
        _street(code, environment, "down")


def _street(code: Path, environment: Mapping[str, str], *arguments: str) -> str:
    """What the command line of the code in a folder prints; shown when it fails."""
    done = subprocess.run(
        [code / ".venv" / "bin" / "street", *arguments],
        cwd=code, env=environment, check=False, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if done.returncode:
        _say(done.stdout)
        raise SystemExit(f"`street {' '.join(arguments)}` failed in {code}.")
    return done.stdout


def _tables(connection: psycopg.Connection, began: dt.datetime) -> Iterator[tuple[str, Table]]:
    names = {str(batch): name for batch, name in connection.execute(BATCHES).fetchall()}
    for schema, table in connection.execute(TABLES).fetchall():
        which = {"schema": schema, "table": table}
        columns = connection.execute(COLUMNS, which).fetchall()
        rights = connection.execute(RIGHTS, which).fetchall()
        texts = [_text(name, kind, began) for name, kind, _ in columns]
        query = sql.SQL("select {} from {}").format(sql.SQL(", ").join(texts), sql.Identifier(schema, table))
        headings = [column[0] for column in columns]
        rows = Counter(_named(row, headings, names) for row in connection.execute(query))
        yield f"{schema}.{table}", Table(columns, rights, rows)


def _text(name: str, kind: str, began: dt.datetime) -> sql.Composable:
    column = sql.Identifier(name)
    if kind == "timestamp with time zone":
        return sql.SQL("case when {0} >= {1} then 'now' else {0}::text end").format(column, sql.Literal(began))
    return sql.SQL("{}::text").format(column)


def _named(row: Row, columns: list[str], names: Mapping[str, str]) -> Row:
    """A row with its batch's name for the number, also where a feed without a key has it in its record's code."""
    told = dict(zip(columns, row, strict=True))
    if batch := told.get("batch_id"):
        told["batch_id"] = names[batch]
        if (told.get("record_code") or "").startswith(f"{batch}-"):
            told["record_code"] = None  # batch and row, which stand in the row already
    return tuple(told.values())


def _difference(before: Table | None, after: Table | None) -> list[str]:
    """What differs between a table before and after, in words; nothing when they are equal."""
    if before is None or after is None:
        return ["stands after only" if before is None else "stands before only"]
    told = []
    if before.columns != after.columns:
        changed = {column[0] for column in {*before.columns} ^ {*after.columns}}
        told.append(f"columns, types or comments differ: {', '.join(sorted(changed)) or 'their order'}")
    if before.rights != after.rights:
        told.append("indexes or rights differ")
    gone, come = before.rows - after.rows, after.rows - before.rows
    if gone or come:
        told.append(f"{gone.total():,} of {before.rows.total():,} rows stand before only, {come.total():,} of"
                    f" {after.rows.total():,} after only")  # fmt: skip
        if before.columns == after.columns:
            other = [
                column[0]
                for at, column in enumerate(after.columns)
                if Counter(row[at] for row in gone.elements()) != Counter(row[at] for row in come.elements())
            ]
            told.append(f"the values of {', '.join(other)} differ" if other else "the same values stand in other rows")
    return told


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
