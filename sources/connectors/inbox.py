"""Deliveries that arrive as files: a batch a folder or company, each file copied into the archive before it is read."""

import datetime as dt
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from sources import archive, readers, troubles
from sources.connectors import folders
from sources.connectors.folders import Arrival
from sources.contract import Contract
from sources.deliveries import Delivery, is_today, received_at
from sources.failures import PassingError, PermanentError, UnreadableError
from sources.known import Known
from sources.readers.limits import MEGABYTE
from sources.readers.reading import Reading, together, unreadable
from sources.troubles import Trouble
from street.settings import settings

_log = logging.getLogger(__name__)
_NAMED = 5
"""How many ignored files a line of the log names."""


def deliveries(contract: Contract, known: Known, up_to: dt.date) -> Iterator[Delivery | Trouble]:
    """Hand over what is new or changed in the inbox (`sources.deliveries.Connector`), a source of a folder at a time.

    Raises:
        PassingError: the inbox, or the feed's folder in it, can't be read just now.
        PermanentError: no inbox is set.
        DatabaseError: the database is away.
    """
    place = settings().street_inbox
    if place is None:
        raise PermanentError("没有设置收件箱：请设置 STREET_INBOX")
    found = folders.look(place, contract, up_to)
    _tell_ignored(contract, found)
    for folder in found.folders:
        day = folder.business_date
        if known.removed_through is not None and day <= known.removed_through:
            continue  # its end has come, and nobody copies it into the archive again (R-RET-4)
        if folder.trouble is not None:
            yield Trouble(PassingError, f"文件夹 {day}", folder.trouble)
        for source, files in folders.by_source(contract, folder).items():
            lists = _Lists(contract, known, place, day, source)
            yield from troubles.alone(lists.where, lists.deliveries(files))


def _tell_ignored(contract: Contract, found: folders.Inbox) -> None:
    ignored = [*found.astray, *(each for folder in found.folders for each in folder.ignored)]
    if ignored:
        named = "、".join(f"{each.name}（{each.why}）" for each in ignored[:_NAMED])
        _log.info("%s：收件箱里有 %d 个不是名单，已忽略：%s", contract.feed, len(ignored), named)


@dataclass(frozen=True)
class _Kept:
    """A list of a folder and its copy in the archive; neither copy nor digest, and why, if it couldn't be copied."""

    file: Arrival
    sha256: str | None = None
    copy: Path | None = None
    why: str | None = None

    def fact(self) -> dict[str, Any]:
        """Return what `ops.batch.sources` says of it before it is read."""
        return {**self.file.facts(), "sha256": self.sha256}


@dataclass(frozen=True)
class _Read:
    """A list of a folder, and what reading it gave."""

    kept: _Kept
    reading: Reading

    @property
    def name(self) -> str:
        """The file's name as it is shown."""
        return self.kept.file.name

    @property
    def is_whole(self) -> bool:
        """Whether it was read to its end and lacks nothing."""
        return self.reading.readable and self.reading.problem is None

    def fact(self) -> dict[str, Any]:
        """Return what `ops.batch.sources` says of it."""
        return {**self.kept.fact(), "rows": self.reading.rows if self.reading.readable else 0}


@dataclass(frozen=True)
class _Lists:
    """The lists of one source in the folder of one business date."""

    contract: Contract
    known: Known
    place: Path
    business_date: dt.date
    source: str

    @property
    def where(self) -> str:
        """What a sentence about them calls them."""
        return "/".join(filter(None, (str(self.business_date), self.source)))

    def deliveries(self, files: Sequence[Arrival]) -> Iterator[Delivery | Trouble]:
        """Hand over what is new or changed (R-BATCH-9): whole files together (R-BATCH-1), others alone (R-BATCH-8)."""
        day, is_snapshot = self.business_date, self.contract.load_mode == "snapshot"
        # Closed days are compared by size and times: hashing 35 days of snapshots on every run would cost minutes.
        looked_at = [file for file in files if is_today(day) or not self.known.is_unchanged(day, file.facts())]
        kept, growing = self._kept(looked_at)
        yield from growing
        if is_snapshot and growing:
            return  # a list that is still being written belongs to the folder's batch
        same = [each for each in kept if self.known.holds(day, each.file.name, each.sha256)]
        self.known.remember_times(day, [each.fact() for each in same])
        fresh = [self._read(each) for each in kept if each not in same]
        whole = [each for each in fresh if each.is_whole]
        if whole and is_snapshot:
            unchanged, growing = self._kept([file for file in files if file not in looked_at])
            yield from growing
            whole += [each for each in map(self._read, [*same, *unchanged]) if each.is_whole]
            whole.sort(key=lambda each: files.index(each.kept.file))
        if whole:
            yield self._together(whole)
        # Those that failed come last: the newest verdict is what the feed's health tells.
        yield from (self._alone(each) for each in fresh if not each.is_whole)

    def _kept(self, files: Sequence[Arrival]) -> tuple[list[_Kept], list[Trouble]]:
        """Copy lists into the archive; those that somebody still writes are trouble."""
        found = [self._keep(file) for file in files]
        return [each for each in found if isinstance(each, _Kept)], [
            each for each in found if isinstance(each, Trouble)
        ]

    def _keep(self, file: Arrival) -> _Kept | Trouble:
        """Copy a list into the archive; its trouble while somebody still writes it."""
        most = settings().street_read_file_mb
        if file.size > most * MEGABYTE:
            return _Kept(file, why=f"文件超过 {most} MB（STREET_READ_FILE_MB），请核对后拆分重发")
        try:
            with folders.opened(self.place, file) as source:
                before = os.fstat(source.fileno())
                copy, digest = archive.keep(source, self.contract.feed, self.business_date, self.contract.server.ending)
                after = os.fstat(source.fileno())
        except UnreadableError as error:
            return _Kept(file, why=str(error))
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            return Trouble(PassingError, f"{self.business_date}/{file.name}", "还在写入，稍后再读")
        return _Kept(file, digest, copy)

    def _read(self, kept: _Kept) -> _Read:
        if kept.copy is None:
            return _Read(kept, unreadable(self.contract, str(kept.why)))
        return _Read(kept, readers.read(kept.copy, self.contract))

    def _together(self, lists: Sequence[_Read]) -> Delivery:
        digests = [each.kept.sha256 or "" for each in lists]
        if len(lists) == 1:
            return self._delivery(lists, digests[0], lists[0].reading)
        content = sha256("".join(digests).encode()).hexdigest()
        return self._delivery(lists, content, together(self.contract, [(each.name, each.reading) for each in lists]))

    def _alone(self, one: _Read) -> Delivery:
        """Return a file that isn't whole as a batch of its own: rejected with what could be decoded, or failed."""
        content = one.kept.sha256 or ""
        if not one.reading.readable:
            # Two broken files of equal content are two files to be sent anew.
            content = sha256(f"{one.name}\0{content}".encode()).hexdigest()
        return self._delivery([one], content, replace(one.reading, problem=f"{one.name}：{one.reading.problem}"))

    def _delivery(self, lists: Sequence[_Read], content: str, reading: Reading) -> Delivery:
        facts = [each.fact() for each in lists]
        return Delivery(
            where=self.where,
            business_date=self.business_date,
            source=self.source,
            received_at=received_at(self.business_date),
            facts=facts,
            sha256=content,
            reading=reading,
            repeated=partial(self.known.add_names, files=facts),  # the same bytes under another name
        )
