"""What leaves the build: every table that may be published, as the dbt project's own descriptions say.

A mart is a `.sql` and a `.yml`: its `config.meta` states who reads it and by what it is looked up. So do the dimensions
and facts of models/core that are published, and linkage's table among the sources (models/_ops.yml).

The descriptions are read rather than dbt's manifest: the manifest is a cache of dbt's own, there only where dbt has
run, and reading it means importing dbt. The descriptions are part of the code and are read once a process, in a tenth
of a second.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml

from street import dbt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

READERS = ("dashboard_reader", "committee_reader", "street_reader")
"""The roles that may be given a published table; the pipeline reads them all."""

_FLAGS = ("by_committee", "keeps_every_day")
_KEYS = ("schema", "readers", "indexes", *_FLAGS)


class CatalogueError(ValueError):
    """A description doesn't say how its table is published; the sentence names the file, the table and the key."""


@dataclass(frozen=True)
class Product:
    """A table that leaves the build: where its view stands, who reads it, by what it is looked up.

    A committee reads the rows of its own `committee_code` alone, unless the table has no committees
    (`by_committee` false). `keeps_every_day`: a history, which a rerun of a past day corrects.
    """

    schema: str
    indexes: tuple[tuple[str, ...], ...]
    readers: tuple[str, ...] = ()
    by_committee: bool = True
    keeps_every_day: bool = False

    @property
    def holds_counts(self) -> bool:
        """Whether nobody is in it, for the dashboard reads it too."""
        return "dashboard_reader" in self.readers

    @property
    def roles(self) -> tuple[str, ...]:
        """The roles that are given it: its readers, and of counts the committees' own logins to the database."""
        own = self.holds_counts and "committee_reader" in self.readers
        return (*self.readers, *(("committee_counts_reader",) if own else ()))


def published() -> Mapping[str, Product]:
    """Return every table that may leave schema `build`, by name; those of `marts` are the interface.

    Raises CatalogueError.
    """
    return read(dbt.PROJECT / "models")


@cache
def read(models: Path) -> Mapping[str, Product]:
    """Return what the descriptions below a folder of models publish, by table; read once. Raises CatalogueError."""
    products: dict[str, Product] = {}
    for file, schema, table in _described(models):
        name, meta = table["name"], table.get("config", {}).get("meta")
        if meta is None and schema != "marts":
            continue
        where = f"{file.relative_to(models.parent.parent)}: config.meta of {name}"
        if name in products:
            raise CatalogueError(f"{where}: another table of this name is published already; rename one.")
        products[name] = _product(where, schema, meta or {}, {column["name"] for column in table.get("columns", [])})
    for model in sorted(models.glob("marts/*.sql")):
        if model.stem not in products:
            raise CatalogueError(f"Mart {model.stem} has no description: write {model.with_suffix('.yml').name}.")
    return products


def _described(models: Path) -> Iterator[tuple[Path, str | None, dict[str, Any]]]:
    """Yield every table that may be published: the file of its description, the schema of its view, the description.

    A model's view stands in the schema of its folder; a source's table names it. What stands deeper in `marts` is a
    step on the way.
    """
    for schema, pattern in (("core", "core/*/*.yml"), ("marts", "marts/*.yml")):
        for file in sorted(models.glob(pattern)):
            for model in _yaml(file).get("models", []):
                yield file, schema, model
    file = models / "_ops.yml"
    for source in _yaml(file)["sources"]:
        for table in source["tables"]:
            yield file, None, table


def _yaml(file: Path) -> dict[str, Any]:
    # libyaml's loader: four times as fast, and part of PyYAML's wheels; nothing but plain values is read.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(file.read_text(encoding="utf-8"), loader) or {}  # noqa: S506 - both are safe loaders


def _product(where: str, schema: str | None, meta: object, columns: set[str]) -> Product:
    if not isinstance(meta, dict):
        raise CatalogueError(f"{where} is no list of keys; it may have {', '.join(_KEYS)}.")
    if unknown := sorted(meta.keys() - set(_KEYS)):
        raise CatalogueError(f"{where} has {', '.join(unknown)}, which means nothing; it may have {', '.join(_KEYS)}.")
    if (schema is None) == (meta.get("schema") is None):
        needed = "needs `schema`, for no folder says it" if schema is None else "says `schema`, but its folder does"
        raise CatalogueError(f"{where} {needed}.")
    indexes = [_names(index) for index in meta["indexes"]] if isinstance(meta.get("indexes"), list) else []
    if not indexes or not all(indexes):
        raise CatalogueError(f"{where} needs `indexes`, a list of lists of columns: by what the table is looked up.")
    if columns and (lacking := sorted({column for index in indexes for column in index} - columns)):
        raise CatalogueError(f"{where} has an index over {', '.join(lacking)}, which the table doesn't have.")
    readers = _names(meta.get("readers"))
    if not set(readers) <= set(READERS) or (not readers and (schema == "marts" or "readers" in meta)):
        raise CatalogueError(f"{where} needs `readers`, a list of some of {', '.join(READERS)}.")
    flags = {flag: meta[flag] for flag in _FLAGS if flag in meta}
    if wrong := [flag for flag, value in flags.items() if not isinstance(value, bool)]:
        raise CatalogueError(f"{where} has a `{wrong[0]}` that is neither true nor false.")
    return Product(schema or meta["schema"], tuple(indexes), readers, **flags)


def _names(value: object) -> tuple[str, ...]:
    """Return a list of names as a tuple; empty for anything else."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value)
    return ()
