"""An inbox of the test's own, and writers of the departments' formats."""

import csv
import datetime as dt
import gzip
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sources import contract
from street.settings import settings

DAY = dt.date(2020, 3, 28)

PERSON = {
    "person_no": "P0001", "id_type": "10", "id_number": "11010519491231002X", "full_name": "张三", "sex": "2",
    "ethnic_group": "01", "birth_date": "19491231", "household_no": "H1", "relation_to_head": "01",
    "residence_type": "1", "registered_address": "梅花路1099弄30号502室", "living_address": "梅花路1099弄30号502室",
    "phone": "13916000000", "status": "1", "updated_at": "2020-03-01 08:00:00",
}  # fmt: skip


@pytest.fixture
def people() -> Callable[[int], list[dict[str, str]]]:
    return lambda count: [{**PERSON, "person_no": f"P{number}"} for number in range(count)]


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, warehouse_url: str) -> Path:
    place = tmp_path / "inbox"
    place.mkdir()
    monkeypatch.setenv("STREET_INBOX", str(place))
    monkeypatch.setenv("STREET_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    return place


def csv_text(feed: str, rows: Sequence[dict[str, str]], *, line_end: str = "\r\n") -> str:
    terms = contract.load(feed)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator=line_end)
    writer.writerow([column.header for column in terms.columns])
    writer.writerows([[row.get(column.name, "") for column in terms.columns] for row in rows])
    return buffer.getvalue()


@pytest.fixture
def household_file(inbox: Path) -> Callable[..., Path]:
    def write(rows: Sequence[dict[str, str]], day: dt.date = DAY, name: str = "常住.csv.gz") -> Path:
        folder = inbox / "household_registry" / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        path.write_bytes(gzip.compress(csv_text("household_registry", rows).encode("gb18030"), mtime=0))
        return path

    return write
