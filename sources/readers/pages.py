"""Read the stored pages of a JSON API: `{"data": [entry, ...], "next_cursor": ...}` (docs/rules.md, R-PULL-1)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from sources.contract import Contract
from sources.readers.headings import heading_key
from sources.readers.reading import Reading, empty, schema, without_nul

UNREADABLE_ENTRY = "_entry"
DEEPEST = 100
"""An entry nested deeper than this is no entry (R-FILE-11), and would exhaust the stack of whoever walks it."""


def read(paths: Sequence[Path], contract: Contract) -> Reading:
    """Read pages in the order served; every entry becomes a record, also one that isn't an object.

    Raises:
        OSError: a page can't be read just now.
        ValueError: a stored page isn't JSON (they are checked before they are stored).
    """
    entries = [entry for path in paths for entry in page(path.read_bytes())["data"]]
    if not entries:
        return empty(contract)
    names = {heading_key(column.name): column.name for column in contract.columns}
    records: list[dict[str, str | None]] = []
    unknown: set[str] = set()
    for entry in entries:
        fields = entry if isinstance(entry, dict) else {UNREADABLE_ENTRY: entry}
        record: dict[str, str | None] = dict.fromkeys(names.values())
        extra: dict[str, str] = {}
        for key, value in fields.items():
            name = names.get(heading_key(key))
            text = _text(value)
            if name is not None:
                record[name] = text
            elif text is not None:
                extra[key.replace("\x00", "")] = text.replace("\x00", "")
        unknown |= extra.keys()
        record["_extra"] = json.dumps(extra, ensure_ascii=False) if extra else None
        records.append(record)
    return Reading(without_nul(pl.DataFrame(records, schema=schema(contract))), unknown_columns=sorted(unknown))


def page(content: bytes) -> dict[str, Any]:
    """Parse one answer, numbers kept as they are written.

    Raises:
        ValueError: it isn't JSON, is nested deeper than any entry, or isn't of the agreed form (R-PULL-5).
    """
    try:
        answer = json.loads(content, parse_float=str, parse_int=str)
    except ValueError:
        raise ValueError("the answer isn't JSON") from None  # the parser's error quotes the document
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None
    if _is_deep(answer):
        raise ValueError("the answer is nested too deeply")
    match answer:
        case {"data": list(), "next_cursor": str() | None}:
            return dict(answer)
    raise ValueError('the answer lacks its list "data" or its "next_cursor"')


def _is_deep(answer: object) -> bool:
    """Return whether anything is nested deeper than `DEEPEST`, told level by level."""
    level = [answer]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


def _text(value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()  # a lone surrogate is no text PostgreSQL could hold
    return json.dumps(value, ensure_ascii=False)
