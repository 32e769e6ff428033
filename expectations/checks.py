"""The rules of one batch, as SQL conditions that hold for an offending row; all of them follow from the contract.

The conditions call the functions of schema `rules`, which staging calls too: what is flagged here is null there. Where
a value is plainly harmless a cheap test on the text answers first (240,000 rows, four seconds).
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sources.contract import (
    Between,
    CertificateAgrees,
    Column,
    Contract,
    Ordered,
    Present,
    Rule,
    Severity,
)
from sources.readers.reading import CELL_ERROR_MARK, NUL_MARK, RAGGED_MARK, STRAY_QUOTE_MARK, UNDECODABLE_MARK

LONGEST_FIELD = 10_000  # R-VAL-1; rules.clean has the same limit, and a test holds the two equal
OLDEST_ARRIVAL_DAYS = 365  # R-DATE-3
CLOCK_TOLERANCE = dt.timedelta(minutes=10)  # R-DAY-4
MONTH, DAY = "(0[1-9]|1[0-2])", "(0[1-9]|1[0-9]|2[0-8])"  # days that every month of every year has
# Marks for what couldn't be written, as linkage.names knows them, but for those that also stand for a dot.
UNWRITTEN = "[?？*＊●○◯□■〓_＿\ufffd\ue000-\uf8ff]"
CHECKED_ROLES = ("phone", "document_number", "resident_id", "document_or_phone", "body_temperature", "event_time")


@dataclass(frozen=True)
class Check:
    """One rule: its name, what a breach means for the row, and the SQL condition of an offending row.

    A `note` is no defect: it counts the values that are read, but not as they are written (R-ROW-2).
    """

    rule: str
    severity: Severity | Literal["note"]
    offending: str


@dataclass(frozen=True)
class Arrived:
    """What the rules need to know of a batch: the day it describes, and when it was received."""

    business_date: dt.date
    received_at: dt.datetime


def checks(contract: Contract, arrived: Arrived) -> list[Check]:
    """Return every rule of a feed for one batch: few quarantine, most flag, some note (R-ROW-1, R-ROW-2)."""
    found = [*_unusable(contract, arrived)]
    for column in contract.columns:
        found += _of_column(contract, column, arrived)
        found += _read_otherwise(column, arrived)
    found += _of_document(contract)
    found += [_stated(contract, rule) for rule in contract.rules]
    found += [
        Check("nul_bytes_removed", "flag", f"jsonb_exists(_extra, '{NUL_MARK}')"),
        Check("wrong_number_of_fields", "flag", f"jsonb_exists(_extra, '{RAGGED_MARK}')"),
        Check("stray_quote", "flag", f"jsonb_exists(_extra, '{STRAY_QUOTE_MARK}')"),
        Check("undecodable_bytes", "flag", f"jsonb_exists(_extra, '{UNDECODABLE_MARK}')"),
        Check("cell_with_error", "flag", f"jsonb_exists(_extra, '{CELL_ERROR_MARK}')"),
    ]
    return found


def literal(value: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def key(contract: Contract) -> str:
    """Return the SQL expression of a row's business key as one text; rows without one are quarantined first.

    Its parts are compared as what they mean: 30, 30号楼 and 三十号 are one building. A number that tells nobody apart
    (masked, or its digits lost by a spreadsheet) makes no version of another row: such rows are one only where they are
    equal (docs/rules.md, R-ROW-4).
    """
    columns = [contract.column(name) for name in contract.business_key]
    parts = [f"coalesce({_compared(column)}, '')" for column in columns]
    told_apart = " and ".join(_tells_apart(contract, column) for column in columns)
    return " || chr(31) || ".join([*parts, f"case when {told_apart} then '' else _row_hash end"])


def _tells_apart(contract: Contract, column: Column) -> str:
    if column.role == "document_number":
        return f"{_document(contract, column)} is not null"
    return f"({_has_lost_digits(column.name)}) is not true"


def _has_lost_digits(name: str) -> str:
    # A number without a dot or an exponent's sign is whole: most rows need no more than this look.
    return f"{name} ~ '[.+．＋]' and rules.has_lost_digits({name})"


def _compared(column: Column) -> str:
    name = column.name
    match column.role:
        case "compound":
            return f"rules.place_name({name})"
        case "building" | "room":
            return f"rules.place_number({name})"
        case "phone":
            return f"coalesce(rules.read_phone({name}), rules.clean({name}))"
        case "document_number":
            return f"rules.document_text({name})"
        case _ if column.logical_type == "date":
            return f"coalesce(rules.read_date({name}, null)::text, rules.clean({name}))"
        case _:
            return f"rules.clean({name})"


def has_documents(contract: Contract) -> bool:
    """Return whether the feed tells who somebody is by a document."""
    return any(column.role in ("document_number", "resident_id") for column in contract.columns)


def read(column: Column, arrived: Arrived) -> str:
    """Return the SQL expression that reads a column's text as its logical type, as staging does."""
    match column.logical_type:
        case "date" if column.role == "birth_date":
            return f"rules.read_birth_date({column.name})"
        case "date":
            return f"rules.read_date({column.name}, {_date(arrived.business_date)})"
        case "timestamp":
            return f"rules.read_timestamp({column.name})"
        case "integer":
            return f"rules.read_int({column.name})"
        case "number":
            return f"rules.read_numeric({column.name})"
        case _:
            return f"rules.clean({column.name})"


def _unusable(contract: Contract, arrived: Arrived) -> Iterator[Check]:
    """Yield the only causes of quarantine, except those that a contract states itself (R-ROW-1)."""
    if contract.business_key:
        yield Check("business_key__missing", "quarantine", _all_blank(*contract.business_key))
    # A feed without documents (who lives where, as a company sees it) may leave the name out: the home is vacant.
    if contract.about_person and has_documents(contract):  # R-ROW-5
        roles = ("person_name", "person_name_latin", "document_number", "resident_id")
        telling = [column.name for column in contract.columns if column.role in roles]
        yield Check("person__without_name_and_document", "quarantine", _all_blank(*telling))
    event = contract.with_role("event_time")
    if event is None:
        return
    time = read(event, arrived)
    if event.logical_type == "timestamp":
        on, limit = f"({time} at time zone 'Asia/Shanghai')::date", _timestamp(arrived.received_at + CLOCK_TOLERANCE)
    else:
        on, limit = time, _date(arrived.business_date)
    unreadable = f"{time} is null"
    if contract.about_arrival:  # R-DATE-3
        unreadable += f" or {on} < {_date(arrived.business_date - dt.timedelta(days=OLDEST_ARRIVAL_DAYS))}"
    yield Check(f"{event.name}__unreadable", "quarantine", unreadable)
    yield Check(f"{event.name}__in_future", "quarantine", f"{time} > {limit}")


def _of_column(contract: Contract, column: Column, arrived: Arrived) -> Iterator[Check]:
    name = column.name
    said = f"not rules.is_blank({name})"
    yield Check(
        f"{name}__too_long", "flag", f"octet_length({name}) > {LONGEST_FIELD} and length({name}) > {LONGEST_FIELD}"
    )
    if (column.required or name in contract.business_key) and contract.business_key != (name,):
        yield Check(f"{name}__blank", "flag", f"rules.is_blank({name})")
    if column.max_length is not None:
        yield Check(f"{name}__wrong_format", "flag", f"length(rules.clean({name})) > {column.max_length}")
    if column.pattern is not None:
        yield Check(f"{name}__wrong_format", "flag", f"rules.clean({name}) !~ {literal(column.pattern)} and {said}")
    if column.role == "sex":
        yield Check(f"{name}__unknown_code", "flag", f"rules.read_sex({name}) is null and {said}")
    elif column.enum:
        codes = ", ".join(literal(code.value) for code in column.enum)
        yield Check(
            f"{name}__unknown_code",
            "flag",
            f"{name} not in ({codes}) and rules.clean({name}) not in ({codes}) and {said}",
        )
    elif column.role in ("person_name", "person_name_latin"):
        yield Check(f"{name}__unwritten_characters", "flag", f"{name} ~ '{UNWRITTEN}' and {said}")
    elif column.logical_type == "string" and column.pattern is None and column.role not in CHECKED_ROLES:
        yield Check(f"{name}__undecodable", "flag", f"{name} like '%\ufffd%'")
    unreadable = {
        "phone": f"rules.read_phone({name}) is null",
        "document_or_phone": f"rules.document_text({name}) !~ '[0-9]{{6}}' and rules.read_phone({name}) is null",
        "body_temperature": f"rules.read_temperature({name}) is null",
    }.get(column.role or "")
    if unreadable:
        yield Check(f"{name}__unreadable", "flag", f"{unreadable} and {said}")
    if column.role != "event_time":
        yield from _of_value(column, arrived, said)


def _read_otherwise(column: Column, arrived: Arrived) -> Iterator[Check]:
    """Yield the notes on values that are read, but not as they are written: a day with a time, a quoted cell."""
    name, value = column.name, read(column, arrived)
    plain = [f"{name} ~ '^[0-9]+$'"]
    match column.role or column.logical_type:
        case "phone":
            value = f"rules.read_phone({name})"
        case "document_number" | "resident_id":
            plain, value = [f"{name} ~ '^[0-9]+X?$'"], f"nullif(rules.document_text({name}), {name})"
        case "person_name" | "person_name_latin":
            plain, value = [f"{name} ~ '^[\u3400-\u9fff]+$'"], f"nullif(rules.clean({name}), {name})"
        case _ if column.logical_type == "date":
            plain.append(f"{name} ~ '^[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}$'")
        case _ if column.logical_type == "timestamp":
            plain = [
                f"{name} like '____-__-__ __:__:__'",
                f"{name} ~ '^[0-9-]{{10}}T[0-9:]{{8}}(Z|[+-][0-9:]{{5,6}})$'",
            ]
        case _ if column.logical_type in ("integer", "number"):
            plain.append(f"{name} ~ '^[+-]?[0-9]+([.][0-9]+)?$'")
        case _:
            return
    yield Check(f"{name}__read_otherwise", "note", f"({' or '.join(plain)}) is false and {value} is not null")


def _of_value(column: Column, arrived: Arrived, said: str) -> Iterator[Check]:
    name, value = column.name, read(column, arrived)
    match column.logical_type:
        case "date":
            plain = f"{name} ~ '^(19|20)[0-9]{{2}}{MONTH}{DAY}$'"
            yield Check(f"{name}__unreadable", "flag", f"({plain}) is not true and {value} is null and {said}")
            if column.role == "birth_date":
                suspect = f"({name} like '____00%' or {name} like '%00' or {name} !~ '^[0-9]+$')"
                yield Check(f"{name}__incomplete", "flag", f"{suspect} and rules.is_partial_birth_date({name})")
            if not column.may_be_future:
                day = arrived.business_date
                past = f"length({name}) = 8 and {name} ~ '^[0-9]+$' and {name} <= {literal(day.strftime('%Y%m%d'))}"
                yield Check(f"{name}__in_future", "flag", f"({past}) is not true and {value} > {_date(day)}")
        case "timestamp":
            following = (arrived.business_date + dt.timedelta(days=1)).isoformat()
            plain = f"{name} ~ '^(19|20)[0-9]{{2}}-{MONTH}-{DAY} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]$'"
            yield Check(f"{name}__unreadable", "flag", f"({plain}) is not true and {value} is null and {said}")
            past = f"{name} like '____-__-__ __:__:__' and left({name}, 10) < {literal(following)}"
            midnight = f"timestamptz {literal(following + ' 00:00:00+08')}"
            yield Check(f"{name}__in_future", "flag", f"({past}) is not true and {value} >= {midnight}")
        case "integer" | "number":
            yield Check(f"{name}__unreadable", "flag", f"{value} is null and {said}")


def _of_document(contract: Contract) -> Iterator[Check]:
    """Yield the rules on documents: what is evidence only, and a birth date or sex that contradicts the number."""
    birth, sex = contract.with_role("birth_date"), contract.with_role("sex")
    for column in contract.columns:
        if column.role not in ("document_number", "resident_id"):
            continue
        name = column.name
        no_identity = f"{_document(contract, column)} is null and not rules.is_blank({name})"
        yield Check(f"{name}__not_an_identity", "flag", no_identity)
        yield Check(f"{name}__lost_digits", "flag", _has_lost_digits(name))
        yield Check(f"{name}__two_numbers", "flag", f"length({name}) >= 30 and rules.holds_two_numbers({name})")
        canonical = f"(select rules.resident_id({name}) as number offset 0) as id"
        if birth is not None:
            agrees = f"replace({birth.name}, '-', '') = substr({name}, 7, 8)"
            yield Check(
                f"{birth.name}__contradicts_{name}",
                "flag",
                f"{agrees} is not true and (select rules.id_birth_date(id.number)"
                f" <> rules.read_birth_date({birth.name}) from {canonical})",
            )
        if sex is not None:
            digit = f"substr({name}, 17, 1)"
            agrees = (
                f"({digit} in ('1', '3', '5', '7', '9') and {sex.name} in ('1', '男', 'M')"
                f" or {digit} in ('0', '2', '4', '6', '8') and {sex.name} in ('2', '女', 'F'))"
            )
            yield Check(
                f"{sex.name}__contradicts_{name}",
                "flag",
                f"{agrees} is not true and rules.read_sex({sex.name}) in (1, 2)"
                f" and (select rules.id_sex(id.number) <> rules.read_sex({sex.name}) from {canonical})",
            )


def _document(contract: Contract, column: Column) -> str:
    """Return the SQL expression of the identity that a number stands for, null where it is evidence only (R-DOC-1)."""
    country = contract.with_role("document_country")
    return f"rules.document({_document_kind(contract, column)}, {column.name}, {country.name if country else 'null'})"


def _document_kind(contract: Contract, column: Column) -> str:
    kind = contract.with_role("document_type")
    if column.role == "resident_id":
        return literal("resident_id")
    if column.document_kind is not None:
        return literal(column.document_kind)
    if kind is None:
        return literal("resident_id")
    cases = " ".join(
        f"when {literal(code.value)} then {literal(code.document_kind)}" for code in kind.enum if code.document_kind
    )
    return f"case rules.clean({kind.name}) {cases} end"


def _stated(contract: Contract, rule: Rule) -> Check:
    """Return the check of a rule that the contract states itself."""
    check = rule.check
    match check:
        case Present():
            offending = _all_blank(*check.columns)
        case Between():
            value = f"rules.read_numeric({check.columns[0]})"
            bounds = [
                f"{value} {sign} {bound}"
                for sign, bound in (("<", check.minimum), (">", check.maximum))
                if bound is not None
            ]
            offending = " or ".join(bounds)
        case Ordered():
            first, second = (
                f"rules.read_date({name}, null)" for name in (contract.column(c).name for c in check.columns)
            )
            offending = f"{first} > {second}"
        case CertificateAgrees():
            number, kind, level = check.columns
            digits = f"rules.document('disability_certificate', {number}, null) is not null and "
            compact = f"rules.document_text({number})"
            offending = (
                f"{digits} (substr({compact}, 19, 1) <> rules.clean({kind})"
                f" or substr({compact}, 20, 1) <> rules.clean({level}))"
            )
    return Check(rule.name, rule.severity, offending)


def _all_blank(*names: str) -> str:
    return " and ".join(f"rules.is_blank({name})" for name in names)


def _date(day: dt.date) -> str:
    return f"date {literal(day.isoformat())}"


def _timestamp(time: dt.datetime) -> str:
    return f"timestamptz {literal(time.isoformat())}"
