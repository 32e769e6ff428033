"""Begin a feed: a contract and a staging model from a sample file, with what only people know left open.

Headings that other contracts know get their names, types and roles; the others are `column_1`, `column_2`, ... of the
type that the sample's values have. The contract is a draft: it is skipped until people have filled in whatever says
UNFINISHED, named the columns, made it active and enabled the model.
"""

import csv
import gzip
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from sources.contract import UNFINISHED, Column, ContractError, LogicalType, all_contracts, check_feed_name
from sources.failures import UnreadableError
from sources.readers import workbook
from sources.readers.headings import HEADING_ROWS_SEARCHED
from sources.readers.limits import Limits

CONTRACTS = Path("sources/contracts")
STAGING = Path("dbt_project/models/staging")

_READERS = {
    "birth_date": "rules.read_birth_date({0})",
    "sex": "rules.read_sex({0})",
    "phone": "rules.read_phone({0})",
    "person_name": "rules.mask_text({0})",
    "address": "rules.mask_text({0})",
    "registered_address": "rules.mask_text({0})",
    "date": "rules.read_date({0}, _business_date)",
    "timestamp": "rules.read_timestamp({0})",
    "integer": "rules.read_int({0})",
    "number": "rules.read_numeric({0})",
}
_DOCUMENTS = ("document_number", "resident_id")

_DAY = r"(?:19|20)\d\d(?:[-/.年]\d{1,2}[-/.月]\d{1,2}日?|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
# The first whose every value fits. A number that begins with 0, or is too long to count anything, is a code.
_SHAPES: dict[LogicalType, re.Pattern[str]] = {
    "date": re.compile(_DAY),
    "timestamp": re.compile(_DAY + r"[T ]\d{1,2}:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?"),
    "integer": re.compile(r"-?(?:0|[1-9]\d{0,8})"),
    "number": re.compile(r"-?(?:0|[1-9]\d{0,8})(?:\.\d+)?"),
}


def begin(feed: str, sample: Path, root: Path = Path()) -> list[Path]:
    """Write the skeleton of a feed below `root` and return the files; `sample` is a CSV (also gzip) or XLSX file.

    Raises:
        ContractError: the name is no identifier or taken, or the file has no headings that can be read.
    """
    check_feed_name(feed)
    texts = files(feed, sample)
    taken = [path for path in texts if (root / path).exists()]
    if taken:
        raise ContractError(f"{feed}: {taken[0]} exists already")
    for path, text in texts.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return [root / path for path in texts]


def files(feed: str, sample: Path) -> dict[Path, str]:
    """Return the texts of the skeleton: contract, staging model and its description."""
    fields, facts = _read(sample)
    known = {
        written: column
        for contract in reversed(all_contracts())
        for column in contract.columns
        for written in (*column.synonyms, column.header)
    }
    columns: list[dict[str, Any]] = []
    for number, (heading, values) in enumerate(fields, start=1):
        column = known.get(heading)
        name = column.name if column else f"column_{number}"
        if any(name == earlier["name"] for earlier in columns):
            column, name = None, f"column_{number}"  # two headings of one meaning: people tell them apart
        columns.append(_property(name, heading, column, _guessed(values)))
    person = any(each.get("customProperties", [{}])[0].get("value") == "person_name" for each in columns)
    return {
        CONTRACTS / f"{feed}.yaml": _contract(feed, columns, facts, about_person=person),
        STAGING / f"stg_{feed}.sql": _model(feed, columns),
        STAGING / f"stg_{feed}.yml": (
            f"models:\n  - name: stg_{feed}\n"
            f'    description: "{UNFINISHED}(整理) | One row per record of the feed in force"\n'
            "    data_tests:\n      - key: {arguments: {columns: [batch_id, row_no]}}\n"
        ),
    }


def _read(sample: Path) -> tuple[list[tuple[str, list[str]]], dict[str, str]]:
    """Return each heading of a sample file with the values below it, and what its name and bytes tell of the server."""
    name = sample.name.lower()
    if name.endswith(".xlsx"):
        try:
            tables = workbook.visible(sample.read_bytes(), Limits.of_office())
        except UnreadableError as error:
            raise ContractError(f"{sample.name}: {error}") from None
        rows = [[(cell or "").strip() for cell in row] for table in tables[:1] for row in table.rows]
        # Titles stand above the headings in one cell: the headings are the first row that is filled like a table.
        filled = (at for at, row in enumerate(rows[:HEADING_ROWS_SEARCHED]) if sum(map(bool, row)) >= 2)
        rows = rows[next(filled, len(rows)) :]
        facts = {"format": "xlsx", "ending": ".xlsx"}
    elif name.endswith((".csv", ".csv.gz")):
        content = sample.read_bytes()
        facts = {"format": "csv", "ending": ".csv.gz" if name.endswith(".gz") else ".csv"}
        content = gzip.decompress(content) if name.endswith(".gz") else content
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text, facts["encoding"] = content.decode("gb18030", errors="replace"), "GB18030"
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines())]
    else:
        raise ContractError(f"{sample.name}: a sample is a .csv, .csv.gz or .xlsx file")
    headings = rows[0] if rows else []
    fields = [
        (heading, [row[at] for row in rows[1:] if at < len(row) and row[at]])
        for at, heading in enumerate(headings)
        if heading
    ]
    if not fields:
        raise ContractError(f"{sample.name}: no headings found")
    return fields, facts


def _guessed(values: Sequence[str]) -> LogicalType:
    """Return the type that all values of a column have; no value is kept."""
    fitting = (name for name, shape in _SHAPES.items() if values and all(map(shape.fullmatch, values)))
    return next(fitting, "string")


def _property(name: str, heading: str, known: Column | None, guessed: LogicalType) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": name,
        "businessName": heading,
        "description": known.description if known else UNFINISHED,
        "logicalType": known.logical_type if known else guessed,
        "classification": known.classification if known else "sensitive",
    }
    if known and known.role:
        made["customProperties"] = [{"property": "role", "value": known.role}]
    return made


def _contract(feed: str, columns: list[dict[str, Any]], facts: dict[str, str], *, about_person: bool) -> str:
    said: dict[str, Any] = {
        "legalBasis": [UNFINISHED, f"{UNFINISHED}：《中华人民共和国个人信息保护法》第十三条第一款第几项"],
        "loadMode": "snapshot",
        "cadence": "daily",
        "dueAt": "02:00",
        "aboutPerson": about_person,
    }
    ending = facts.pop("ending")
    document = {
        "version": "0.1.0",
        "kind": "DataContract",
        "apiVersion": "v3.2.0",
        "id": feed,
        "name": UNFINISHED,
        "status": "draft",
        "domain": UNFINISHED,
        "description": {"purpose": UNFINISHED, "usage": UNFINISHED, "limitations": UNFINISHED},
        "team": {"name": UNFINISHED},
        "servers": [{"server": "inbox", "type": "local", "path": f"{feed}/{{business_date}}/*{ending}", **facts}],
        "slaProperties": [{"property": "retention", "value": 35, "unit": "d"}],
        "customProperties": [{"property": name, "value": value} for name, value in said.items()],
        "schema": [
            {
                "name": feed,
                "businessName": UNFINISHED,
                "logicalType": "object",
                "dataGranularityDescription": UNFINISHED,
                "properties": columns,
            }
        ],
    }
    head = f"# Every {UNFINISHED} and column_N is for you (copy from a contract nearby); then make the status active.\n"
    return head + yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _model(feed: str, columns: list[dict[str, Any]]) -> str:
    lines = [f"    {_expression(column)}" for column in columns]
    return (
        f"-- One row per record of {feed} in force.\n"
        "{#- Take `enabled=false` away once the contract is active. -#}\n"
        "{{ config(enabled=false, indexes=[{'columns': ['batch_id', 'row_no'], 'unique': true}]) }}\n\n"
        f"with received as ({{{{ rows_in_force('{feed}') }}}})\n\n"
        "select\n    _batch_id as batch_id,\n    _row_no as row_no,\n"
        "    hashtextextended(_row_hash, 0) as row_digest,\n    _business_date as business_date,\n"
        "    _received_at as received_at,\n" + ",\n".join(lines) + "\nfrom received\n"
    )


def _expression(column: dict[str, Any]) -> str:
    name = column["name"]
    role = column.get("customProperties", [{}])[0].get("value")
    if role in _DOCUMENTS:
        return f"rules.mask(null, {name}) as {name}_masked"
    reader = _READERS.get(role or "") or _READERS.get(column["logicalType"]) or "rules.clean({0})"
    return f"{reader.format(name)} as {name}"
