"""What lies in the inbox: `<inbox>/<feed>/<YYYY-MM-DD>/<any name>.<ext>` (docs/rules.md, R-BATCH-7).

A link is never followed, whatever part of the path it stands for; names may be any bytes.
"""

import datetime as dt
import errno
import os
import stat
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from sources.contract import Contract
from sources.failures import PassingError, UnreadableError

UNFINISHED = (".part", ".tmp")
SYSTEM_FILES = ("thumbs.db", "desktop.ini")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Without O_NONBLOCK a pipe that took the file's place in between would block for ever.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True)
class Arrival:
    """A list in the inbox: `place` is its path within it, `name` its name as it is written down and shown."""

    place: tuple[str, ...]
    name: str
    size: int
    mtime_ns: int
    ctime_ns: int

    def facts(self) -> dict[str, Any]:
        """Return what `ops.batch.sources` says of the file before it is read."""
        return {"name": self.name, "bytes": self.size, "mtime_ns": self.mtime_ns, "ctime_ns": self.ctime_ns}


@dataclass(frozen=True)
class Ignored:
    """What lies in the inbox and isn't a list, and why."""

    name: str
    why: str


@dataclass(frozen=True)
class Folder:
    """What lies in the inbox for one feed and business date, the lists in order of the code points of their names.

    `trouble` says why nothing of it can be read just now, if so.
    """

    business_date: dt.date
    files: tuple[Arrival, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    trouble: str | None = None


@dataclass(frozen=True)
class Inbox:
    """What lies in the inbox for one feed: dated folders, oldest first, and what nobody will look into."""

    folders: tuple[Folder, ...]
    astray: tuple[Ignored, ...]


def by_source(contract: Contract, folder: Folder) -> dict[str, list[Arrival]]:
    """Return the lists of a folder by their source (docs/rules.md, R-BATCH-1).

    The company, a file's name without its ending, or "" for all together.
    """
    found: dict[str, list[Arrival]] = defaultdict(list)
    for file in folder.files:
        is_company = contract.properties.sources == "file_name"
        found[file.name[: -len(contract.server.ending)] if is_company else ""].append(file)
    return found


def look(inbox: Path, contract: Contract, up_to: dt.date | None = None) -> Inbox:
    """Return what lies in the inbox for a feed, at or before a date if one is given.

    Raises:
        PassingError: the inbox, or the feed's folder in it, can't be read just now (R-BATCH-11).
    """
    try:
        root = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise PassingError(f"收件箱 {inbox} 打不开：{_why(error)}。请核对 STREET_INBOX 和共享盘的挂载") from None
    try:
        feed = os.open(contract.feed, _FOLDER, dir_fd=root)
    except FileNotFoundError:
        return Inbox((), ())
    except OSError as error:
        raise PassingError(f"收件箱的文件夹 {contract.feed} 打不开：{_why(error)}") from None
    finally:
        os.close(root)
    try:
        dated: dict[dt.date, list[str]] = defaultdict(list)
        astray: list[Ignored] = []
        for name, facts in _entries(feed):
            day = _date(name)
            if day is not None and stat.S_ISDIR(facts.st_mode):
                dated[day].append(name)
            elif stat.S_ISLNK(facts.st_mode):
                astray.append(Ignored(written(name), "是链接，不跟随"))
            elif not name.startswith("."):
                astray.append(Ignored(written(name), "不在以业务日期（YYYY-MM-DD）命名的文件夹里"))
        found = tuple(
            _folder(feed, contract, day, dated[day]) for day in sorted(dated) if up_to is None or day <= up_to
        )
    except OSError as error:
        raise PassingError(f"收件箱的文件夹 {contract.feed} 打不开：{_why(error)}") from None
    finally:
        os.close(feed)
    return Inbox(found, tuple(astray))


@contextmanager
def opened(inbox: Path, arrival: Arrival) -> Iterator[BinaryIO]:
    """Open a list for reading, none of the path's parts below the inbox being a link.

    Raises:
        UnreadableError: it isn't there any more, may not be read, or isn't a file any more.
    """
    try:
        at = os.open(inbox, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in arrival.place[:-1]:
            at = _step(at, part, _FOLDER)
        file = os.fdopen(_step(at, arrival.place[-1], _FILE), "rb")
    except OSError as error:
        raise UnreadableError(_why(error)) from None
    with file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnreadableError("已不是普通文件")
        yield file


def _step(folder: int, name: str, flags: int) -> int:
    """Open what is in a folder, and let go of the folder."""
    try:
        return os.open(name, flags, dir_fd=folder)
    finally:
        os.close(folder)


def written(name: str) -> str:
    """Return a file's name as text that can be stored and shown: read as UTF-8 or GB18030, control characters
    escaped.
    """
    raw = os.fsencode(name)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            text = raw.decode(errors="backslashreplace")
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    hidden = unicodedata.category(character) in ("Cc", "Cf", "Zl", "Zp")
    return character.encode("unicode_escape").decode() if hidden else character


def _folder(feed: int, contract: Contract, day: dt.date, names: list[str]) -> Folder:
    files: list[Arrival] = []
    ignored: list[Ignored] = []
    for folder in sorted(names):
        try:
            at = os.open(folder, _FOLDER, dir_fd=feed)
        except OSError as error:
            return Folder(day, trouble=_why(error))
        try:
            for name, facts in _entries(at):
                why = _no_list(name, facts, contract.server.ending)
                if why is not None:
                    ignored.append(Ignored(written(name), why))
                    continue
                place = (contract.feed, folder, name)
                files.append(Arrival(place, written(name), facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns))
        except OSError as error:
            return Folder(day, trouble=_why(error))
        finally:
            os.close(at)
    in_order = sorted(files, key=lambda file: (file.name, os.fsencode("/".join(file.place))))
    return Folder(day, tuple(in_order), tuple(sorted(ignored, key=lambda each: each.name)))


def _entries(folder: int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                yield entry.name, entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # taken away since the folder was read


def _no_list(name: str, facts: os.stat_result, suffix: str) -> str | None:
    """Return why something isn't a list, if it isn't (docs/rules.md, R-BATCH-7)."""
    folded = name.lower()
    reasons = {
        "是链接，不跟随": stat.S_ISLNK(facts.st_mode),
        "是文件夹": stat.S_ISDIR(facts.st_mode),
        "不是普通文件": not stat.S_ISREG(facts.st_mode),
        "还没有传完": folded.endswith(UNFINISHED),
        "系统或软件的临时文件": folded.startswith((".", "~$")) or folded in SYSTEM_FILES,
        f"不是约定的 {suffix} 文件": not folded.endswith(suffix),
    }
    return next((why for why, holds in reasons.items() if holds), None)


def _date(name: str) -> dt.date | None:
    try:
        return dt.datetime.strptime(name, "%Y-%m-%d").date()  # noqa: DTZ007 -- a day, no point in time
    except ValueError:
        return None


def _why(error: OSError) -> str:
    match error.errno:
        case errno.EACCES | errno.EPERM:
            return "没有读取权限，请放开权限"
        case errno.ENOENT:
            return "已不在原处"
        case errno.ELOOP | errno.ENOTDIR:
            return "是链接，不跟随"
    return f"暂时无法读取（{errno.errorcode.get(error.errno or 0, type(error).__name__)}）"
