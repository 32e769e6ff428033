"""What couldn't be landed: it holds nothing else, and the end tells all of it (docs/rules.md, R-BATCH-10)."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from sources import archive
from sources.failures import PassingError, PermanentError, SourceAwayError
from street.database import DatabaseError

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Trouble:
    """Something that couldn't be landed: where it lies and why, for the duty officer; `kind` says what may mend it."""

    kind: type[PassingError] | type[PermanentError]
    where: str
    why: str


def of(where: str, error: Exception) -> Trouble:
    """Return what an error means to the part of a source that it came from. Raises a DatabaseError that is
    everybody's.
    """
    match error:
        case SourceAwayError():
            return Trouble(SourceAwayError, where, str(error))
        case PassingError():
            return Trouble(PassingError, where, str(error))
        case PermanentError():
            return Trouble(PermanentError, where, str(error))
        case OSError():
            return Trouble(PassingError, where, archive.trouble(error))
        case DatabaseError():
            if not _blames_the_delivery(error):
                raise error
            why = f"数据库不接受其内容（SQLSTATE {error.sqlstate}），请联系数据管理员"
            return Trouble(PermanentError, where, why)
    return Trouble(PermanentError, where, f"程序出错（{_place(error)}），请联系数据管理员")


def alone(where: str, found: Iterator[_Found]) -> Iterator[_Found | Trouble]:
    """Hand on what one part of a source gives, and last the trouble that it ended in, if any.

    Raises:
        DatabaseError: the database is away.
    """
    try:
        yield from found
    except Exception as error:  # noqa: BLE001 -- a fault of ours with one part mustn't hold the others
        yield of(where, error)


def told(feed: str, found: Sequence[Trouble]) -> PassingError | PermanentError:
    """Return one error for all that couldn't be landed: it may pass if anything in it may."""
    kinds = {each.kind for each in found} - {PermanentError}
    kind = SourceAwayError if kinds == {SourceAwayError} else PassingError if kinds else PermanentError
    return kind(f"{feed}：{'；'.join(f'{each.where}：{each.why}' for each in found)}")


def _place(error: Exception) -> str:
    """Return the kind of an error and where it happened: its text may quote a value."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}，{Path(at.filename).name}:{at.lineno}"


def _blames_the_delivery(error: DatabaseError) -> bool:
    """Return whether it was the values that the database refused (PostgreSQL, appendix A: data, integrity, program
    limit).
    """
    return error.sqlstate is not None and error.sqlstate.startswith(("22", "23", "54"))
