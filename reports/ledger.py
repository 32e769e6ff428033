"""Ledgers 台账: lists that an office keeps, each a YAML file in `ledgers/`, asked as the role of whoever reads it.

A ledger says what it is about, whom it means (the scenarios' language over the words of ledger_words.yaml), and its
columns. What a reader gets is the rows that the database lets that role see; numbers are masked in the marts
themselves (R-PRIV-3). A new ledger is a YAML file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from scenarios.expression import ExpressionError, Type, Word, condition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FOLDER = Path(__file__).with_name("ledgers")
_WORDS = Path(__file__).with_name("ledger_words.yaml")


class LedgerError(ValueError):
    """A ledger that isn't there, or says what it can't; the sentence names the file and the cause."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Said(_Closed):
    """A word: what people call it, also on forms of their own, its type, and how SQL says it over the marts."""

    title_zh: str
    type: Type
    sql: str
    values: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


class Subject(_Closed):
    """What a ledger can be about: the marts it reads, the key of a person in them (none: not about persons)."""

    title_zh: str
    tables: str = Field(alias="from")
    person: str | None
    order: str
    words: dict[str, Said]


class _File(_Closed):
    ledger: str
    title_zh: str
    purpose: str
    of: str
    filter: str
    columns: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Column:
    """A column of a ledger: its word, its heading and its type."""

    word: str
    title_zh: str
    type: Type


@dataclass(frozen=True)
class Ledger:
    """A ledger: its name, title and purpose, its columns, and the subject with its filter as SQL."""

    name: str
    title_zh: str
    purpose: str
    columns: tuple[Column, ...]
    subject: Subject
    condition: str

    def query(self, columns: Sequence[str] = (), narrower: str = "", committee: str | None = None) -> str:
        """Return the SQL of its rows, of these words or its own columns, behind them the person's key.

        `narrower` is a further condition in the same language; `committee` a code. Raises LedgerError.
        """
        words = self.subject.words
        unknown = [word for word in columns if word not in words]
        if unknown:
            raise LedgerError(f"{self.title_zh} 没有 {'、'.join(unknown)}；可用：{'、'.join(words)}。")
        chosen = ", ".join(f"{words[word].sql} as {word}" for word in columns or [each.word for each in self.columns])
        conditions = [f"({self.condition})"]
        if narrower.strip():
            conditions.append(f"({_compiled(narrower, self.subject, '筛选条件')})")
        if committee is not None:
            if not committee.isdigit():
                raise LedgerError(f"“{committee}”不是居委会代码（12 位数字）。")
            conditions.append(f"{words['committee_code'].sql} = '{committee}'")
        return (
            f"select {chosen}, {self.subject.person or 'null'} as person_key from {self.subject.tables}"
            f" where {' and '.join(conditions)} order by {self.subject.order}"
        )


@cache
def subjects() -> Mapping[str, Subject]:
    """Return what ledgers can be about, as ledger_words.yaml says."""
    return TypeAdapter(dict[str, Subject]).validate_python(yaml.safe_load(_WORDS.read_text(encoding="utf-8")))


@cache
def ledgers(folder: Path = FOLDER) -> Mapping[str, Ledger]:
    """Return every ledger by name, in the order of their titles. Raises LedgerError."""
    found = {each.name: each for each in map(read, sorted(folder.glob("*.yaml")))}
    return dict(sorted(found.items(), key=lambda item: (list(subjects().values()).index(item[1].subject), item[0])))


def ledger(name: str) -> Ledger:
    """Return the ledger of this name. Raises LedgerError."""
    if name not in ledgers():
        raise LedgerError(f"没有台账 {name}；可用：{'、'.join(ledgers())}。")
    return ledgers()[name]


def read(path: Path) -> Ledger:
    """Return the ledger of a file. Raises LedgerError."""
    try:
        said = _File.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (ValidationError, yaml.YAMLError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        where = ".".join(map(str, first["loc"])) if first else "YAML"
        raise LedgerError(f"{path.name}: {where}: {first['msg'] if first else error}.") from None
    if said.ledger != path.stem:
        raise LedgerError(f"{path.name}: ledger is {said.ledger}, not the file's name.")
    if said.of not in subjects():
        raise LedgerError(f"{path.name}: of: there is {', '.join(subjects())}, not {said.of}.")
    subject = subjects()[said.of]
    if unknown := [word for word in said.columns if word not in subject.words]:
        raise LedgerError(f"{path.name}: columns: no {', '.join(unknown)}; there are {', '.join(subject.words)}.")
    columns = tuple(Column(word, subject.words[word].title_zh, subject.words[word].type) for word in said.columns)
    where = _compiled(said.filter, subject, path.name)
    return Ledger(said.ledger, said.title_zh, said.purpose, columns, subject, where)


def _compiled(text: str, subject: Subject, where: str) -> str:
    words = {name: Word(said.type, said.title_zh, said.sql, said.values) for name, said in subject.words.items()}
    try:
        return condition(text, words).sql
    except ExpressionError as error:
        raise LedgerError(f"{where}: {error}") from None
