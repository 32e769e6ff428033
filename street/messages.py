"""What may be told of a message of dbt or the database: its fixed words and known names, never a piece of a value.

A sentence is told only when it is one of those listed here, for whatever else stands in a message may be a person's:
a name in lower-case letters looks like an identifier, a quote inside a value ends no quotation (R-PRIV-7).
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_SENTENCES = (
    # PostgreSQL, by the classes of its appendix A
    "invalid input syntax for type {}: {}",
    "invalid input syntax for type {}",
    "invalid input value for enum {}: {}",
    "date/time field value out of range: {}",
    "timestamp out of range: {}",
    "date out of range: {}",
    "value {} is out of range for type {}",
    "{} out of range",
    "numeric field overflow",
    "division by zero",
    "value too long for type {}",
    "invalid byte sequence for encoding {}: {}",
    "unsupported Unicode escape sequence",
    "invalid regular expression: {}",
    "malformed array literal: {}",
    "null value in column {} of relation {} violates not-null constraint",
    "new row for relation {} violates check constraint {}",
    "duplicate key value violates unique constraint {}",
    "could not create unique index {}",
    "more than one row returned by a subquery used as an expression",
    "column {} does not exist",
    "column {} of relation {} does not exist",
    "Perhaps you meant to reference the column {}.",
    "Perhaps you meant to reference the table alias {}.",
    "No operator matches the given name and argument types. You might need to add explicit type casts.",
    "No function matches the given name and argument types. You might need to add explicit type casts.",
    "column reference {} is ambiguous",
    "column {} must appear in the GROUP BY clause or be used in an aggregate function",
    "missing FROM-clause entry for table {}",
    "relation {} does not exist",
    "relation {} already exists",
    "schema {} does not exist",
    "table {} does not exist",
    "function {} does not exist",
    "operator does not exist: {}",
    "type {} does not exist",
    "syntax error at or near {}",
    "syntax error at end of input",
    "cannot cast type {} to {}",
    "permission denied for {} {}",
    "cannot execute {} in a read-only transaction",
    "must be owner of {} {}",
    "cannot drop {} {} because other objects depend on it",
    "could not serialize access due to concurrent update",
    "deadlock detected",
    "canceling statement due to statement timeout",
    "canceling statement due to lock timeout",
    "canceling statement due to user request",
    "terminating connection due to administrator command",
    "server closed the connection unexpectedly",
    "the database system is starting up",
    "the database system is shutting down",
    "the database system is in recovery mode",
    "sorry, too many clients already",
    "remaining connection slots are reserved for {}",
    "out of memory",
    "out of shared memory",
    "temporary file size exceeds {}",
    "could not extend file {}: No space left on device",
    "could not write to file {}: No space left on device",
    # dbt
    "Got {#} result, configured to {} if {}",
    "Got {#} results, configured to {} if {}",
    "This model has an enforced contract that failed.",
    "| {} | {} | {} | data type mismatch |",
    "| {} | {} | | missing in contract |",
    "| {} | | {} | missing in definition |",
)
_KINDS = re.compile(
    r"(Database|Compilation|Runtime|Parsing|Internal|Dependency|Validation|Contract|Connection) Error\b"
)
_PLACES = re.compile(r"(\{#?\})")
_UNKNOWN = "'…'"
_TYPES = frozenset(
    (
        "bigint", "boolean", "character varying", "date", "double precision", "integer", "json", "jsonb", "numeric",
        "real", "smallint", "text", "time", "timestamp with time zone", "timestamp without time zone", "uuid",
        "table", "schema", "view", "function", "sequence", "database", "!= 0", "fail", "warn",
    )
)  # fmt: skip


_SYSTEM = {
    errno.ENOSPC: "磁盘已满：清出空间后再试，已发布的数据保持不变",
    errno.EDQUOT: "磁盘配额已用完：清出空间或提高配额后再试，已发布的数据保持不变",
    errno.EACCES: "没有权限读写：请管理员核对文件夹的属主和权限",
    errno.EPERM: "没有权限读写：请管理员核对文件夹的属主和权限",
    errno.EROFS: "文件系统是只读的：请管理员核对挂载",
    errno.EIO: "磁盘读写出错：请管理员检查磁盘",
    errno.EMFILE: "打开的文件过多：请管理员提高上限",
}


def of_system(error: OSError) -> str | None:
    """Return the sentence for a failure of the machine that people can mend, without the path; else None."""
    return _SYSTEM.get(error.errno or 0)


def _compiled(sentence: str) -> tuple[re.Pattern[str], list[str]]:
    parts = _PLACES.split(sentence)
    fixed = [re.sub(r"(?:\\ )+", r"\\s+", re.escape(part)) for part in parts[::2]]
    places = [r"(\d{1,6})" if part == "{#}" else "(.*?)" for part in parts[1::2]]
    pattern = fixed[0] + "".join(place + text for place, text in zip(places, fixed[1:], strict=True))
    return re.compile(pattern), parts


_READ = [_compiled(sentence) for sentence in _SENTENCES]


def told(message: str, known: Collection[str] = frozenset()) -> str:
    """Return what may be told of a message; `known` are the names of tables, columns and models it may carry."""
    kind = _KINDS.search(message.splitlines()[0]) if message.strip() else None
    lines = filter(None, (_line(line.strip(), known) for line in message.splitlines()))
    return " ".join(filter(None, [kind.group(0) if kind else "", "; ".join(dict.fromkeys(lines))]))


def _line(line: str, known: Collection[str]) -> str | None:
    for pattern, parts in _READ:
        found = pattern.fullmatch(line)
        if found:
            values = iter(found.groups())
            return "".join(part if not _PLACES.fullmatch(part) else _value(next(values), part, known) for part in parts)
    return None


def _value(value: str, place: str, known: Collection[str]) -> str:
    bare = value.strip().strip('"')
    if place == "{#}" or bare in _TYPES:
        return bare
    parts = bare.replace('"', "").split(".")
    return f'"{bare}"' if all(part in known for part in parts) else _UNKNOWN
