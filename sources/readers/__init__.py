"""Decode what a department sent into text columns, named as in its contract."""

from pathlib import Path

from sources.contract import Contract
from sources.readers import delimited, workbook
from sources.readers.reading import Reading

_READERS = {"csv": delimited.read, "xlsx": workbook.read}


def read(path: Path, contract: Contract) -> Reading:
    """Read one file of a feed.

    Raises:
        OSError: the file can't be read just now.
    """
    return _READERS[contract.properties.format](path, contract)
