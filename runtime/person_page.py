"""The page that a resident gets on request: all that is held on them, by what right and until when (R-RET-8).

Written for the person alone: a file that only its owner can read, in Chinese, without a reference to any other file.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from street.database import scrubbed
from street.vocabulary import STREET_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import psycopg

    from sources.contract import Contract, Ground
    from street.holdings import Holdings, Row

GROUNDS: Mapping[Ground, str] = {
    "consent": "取得个人同意",
    "contract": "订立、履行合同或人力资源管理所必需",
    "duty": "履行法定职责或者法定义务所必需",
    "emergency": "应对突发公共卫生事件所必需",
    "news": "为公共利益实施新闻报道、舆论监督",
    "published": "个人自行公开或已合法公开的信息",
    "law": "法律、行政法规规定的其他情形",
}
"""What each ground of article 13 (1) is called."""

_INNER = ("staging", "build")
_HIDDEN = ("version", "as_of")


@dataclass(frozen=True)
class Held:
    """One wording of a record, with the batches that hold it: `fields` are heading and value."""

    fields: Sequence[tuple[str, str]]
    copies: int
    first: dt.date
    last: dt.date
    ends: dt.date
    is_broken: bool
    is_about: bool


@dataclass(frozen=True)
class OfFeed:
    """What a feed brought of the person."""

    contract: Contract
    ground_zh: str
    records: Sequence[Held]
    files: int

    @property
    def may_be_forgotten(self) -> bool:
        """Whether the person may have it deleted before its end: only what stands on their consent (article 47)."""
        return self.contract.ground == "consent"

    @property
    def kept_zh(self) -> str:
        """Why it is kept, and until when."""
        ends = max(each.ends for each in self.records)
        return f"保留到 {ends}：{self.ground_zh}"

    @property
    def rows(self) -> int:
        """How many rows, copies included."""
        return sum(each.copies for each in self.records)


@dataclass(frozen=True)
class Made:
    """What was made of it: a table, and of each of its rows heading and value."""

    title: str
    rows: Sequence[Sequence[tuple[str, str]]]


def of_feeds(conn: psycopg.Connection, held: Holdings, contracts: Iterable[Contract]) -> list[OfFeed]:
    """Return what each feed brought of the person. Raises DatabaseError."""
    with scrubbed(), conn.transaction():
        days: dict[int, dt.date] = dict(
            conn.execute(
                "select batch_id, business_date from ops.batch where batch_id = any(%s)",
                ([row.batch_id for row in held.rows if row.feed],),
            ).fetchall()
        )
    return [
        OfFeed(contract, GROUNDS[contract.ground], list(_records(contract, rows, days)), len(held.files[contract.feed]))
        for contract in contracts
        if (rows := [row for row in held.rows if row.feed == contract.feed])
    ]


def _records(contract: Contract, rows: Sequence[Row], days: Mapping[int, dt.date]) -> Iterator[Held]:
    """Yield the wordings, the newest first: a snapshot of each day says mostly the same."""
    worded: dict[tuple[tuple[tuple[str, str], ...], bool, bool], list[dt.date]] = {}
    for row in rows:
        fields = tuple(
            (column.header, str(row.values[column.name]))
            for column in contract.columns
            # Of another person's record the person is shown what is theirs alone.
            if row.values.get(column.name) and (row.about or column.name in row.said)
        )
        worded.setdefault((fields, row.schema == "quarantine", row.about), []).append(days[row.batch_id])
    for (fields, is_broken, is_about), on in sorted(worded.items(), key=lambda each: max(each[1]), reverse=True):
        ends = max(on) + dt.timedelta(days=contract.retention_days)
        yield Held(fields, len(on), min(on), max(on), ends, is_broken, is_about)


def made_of_it(conn: psycopg.Connection, held: Holdings) -> list[Made]:
    """Return what was made of the records, table by table: what people see with its values, the rest as counts."""
    found: dict[str, list[Sequence[tuple[str, str]]]] = {}
    with scrubbed(), conn.transaction():
        for row in held.rows:
            if row.feed is not None:
                continue
            name, _, version = row.table.rpartition("__")
            table = name if row.schema == "versions" and version.isdigit() else row.table
            title, labels = _labels(conn, row.schema, row.table, table)
            shown = [
                (labels.get(column, column), _text(value))
                for column, value in row.values.items()
                if value not in (None, [], "") and column not in _HIDDEN and (row.about or column in row.said)
            ]
            inner = row.schema in _INNER
            found.setdefault(f"{row.schema}.{row.table}　{title}", []).append([] if inner else shown)
    return [Made(title, rows) for title, rows in sorted(found.items())]


def _labels(conn: psycopg.Connection, schema: str, table: str, published: str) -> tuple[str, dict[str, str]]:
    """Return what a table and its columns are called; the same texts are comments in the database."""
    comments: dict[str, str] = dict(
        conn.execute(
            "select coalesce(a.attname, ''), d.description from pg_description as d"
            " left join pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0"
            " where d.classoid = 'pg_class'::regclass"
            "  and d.objoid = to_regclass(format('%%I.%%I', %s::text, %s::text))",
            (schema, table),
        ).fetchall()
    )
    labels = {name: text.partition(" | ")[0] for name, text in comments.items()}
    return labels.pop("", published), labels


def _text(value: Any) -> str:  # noqa: ANN401 -- a value of any column
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list):
        return "、".join(map(_text, value))
    return str(value)


def running(held: Holdings) -> list[str]:
    """Return the duties towards the person that run, in words: what they stand on is kept until they are done."""
    return sorted(
        {
            str(row.values["duty_zh"])
            for row in held.rows
            if row.about and row.schema == "versions" and row.table.startswith("worklist__")
        }
    )


def page_of(conn: psycopg.Connection, held: Holdings, on: dt.date, contracts: Sequence[Contract]) -> str:
    """Return the page, as of a day. Raises DatabaseError."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("person_page.html.j2").render(
        street=STREET_NAME,
        on=on,
        feeds=of_feeds(conn, held, contracts),
        made=made_of_it(conn, held),
        duties=running(held),
        rows=len(held.rows),
    )
