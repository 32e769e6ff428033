"""The other street, drawn and built once; its tests only read it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from street import database
from tests.building import build

from .compare import Comparison
from .draw import DAY, draw
from .oracle import Oracle
from .street import Built

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PERSONS = int(os.environ.get("OTHER_PERSONS", "3000"))
SEED = int(os.environ.get("OTHER_SEED", "1"))


@pytest.fixture(scope="session")
def compared(
    new_warehouse: Callable[[str], str],
    keep_warehouse: Callable[[str], str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Comparison]:
    folder = tmp_path_factory.mktemp("other_street")
    drawn = draw(folder, SEED, PERSONS)
    lines = (folder / "border" / "entries.jsonl").read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    build(new_warehouse("test"), folder, entries, DAY)
    with database.connect(keep_warehouse("other_street")) as conn:
        yield Comparison(Oracle(drawn), Built(conn, drawn))
