"""What is over leaves raw, quarantine and archive, tombstones stay, and what lies in the inbox for it isn't landed."""

from __future__ import annotations

import datetime as dt
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from expectations.gate import validate
from runtime.cli import app
from sources import contract, landing
from sources.lying import lying
from street import batch, database, publish, retention
from street.settings import as_of_at, settings

from .conftest import DAY, PERSON

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import psycopg

FEED = "household_registry"
KEPT = dt.timedelta(days=contract.load(FEED).retention_days)
ONE_DAY = dt.timedelta(days=1)
STAYS = {"person_no": "P-STAYS"}
LEAVES = {"person_no": "P-LEAVES", "full_name": "璟琮珏"}
BROKEN = {"person_no": "", "full_name": "璟琮珏"}


def test_what_is_over_leaves_raw_quarantine_and_archive_and_its_tombstones_stay(
    warehouse: psycopg.Connection, two_days: tuple[int, int]
) -> None:
    first, second = two_days
    assert removed(warehouse, DAY + KEPT) == {}, "its last day"
    assert removed(warehouse, DAY + KEPT + ONE_DAY) == {"raw": 3, "archive": 1}
    assert rows(warehouse, "select distinct _batch_id from raw.household_registry") == [(second,)]
    assert rows(warehouse, "select count(*) from quarantine.household_registry") == [(0,)]
    assert rows(warehouse, "select count(*) from ops.check_result where batch_id = %s", first) == [(0,)]
    # The one who is in the next list too isn't gone yet.
    told = rows(warehouse, "select feed, batch_id, row_no, removed_on, rule from ops.tombstone order by row_no")
    assert told == [(FEED, first, row_no, DAY + KEPT + ONE_DAY, "R-RET-1") for row_no in (2, 3)]
    assert [day for day, _ in archived()] == [str(DAY + ONE_DAY)]
    # Of the batch its counts stay, of its files' names nothing.
    assert rows(
        warehouse, "select rows_received, rows_accepted, rows_quarantined, sources -> 0 ->> 'name' from ops.batch"
        " where batch_id = %s", first,
    ) == [(3, 2, 1, "（已删除）")]  # fmt: skip
    assert removed(warehouse, DAY + KEPT + ONE_DAY) == {}, "again"


def test_each_removal_is_written_down_with_its_rule(warehouse: psycopg.Connection, two_days: tuple[int, int]) -> None:
    removed(warehouse, DAY + KEPT + ONE_DAY)
    assert rows(warehouse, "select place, feed, rule, items from ops.removal order by removal_id") == [
        ("raw", FEED, "R-RET-1", 3),
        ("archive", FEED, "R-RET-1", 1),
    ]


def test_the_list_in_force_stays_while_its_feed_brings_nothing_newer(
    warehouse: psycopg.Connection, two_days: tuple[int, int]
) -> None:
    late = DAY + 3 * KEPT
    assert removed(warehouse, late) == {"raw": 3, "archive": 1}
    assert retention.in_force_beyond_end(warehouse, late) == [(FEED, DAY + ONE_DAY)]
    assert rows(warehouse, "select person_no from raw.household_registry") == [("P-STAYS",)]
    assert len(archived()) == 1


def test_a_rehearsal_tells_the_same_and_removes_nothing(
    warehouse: psycopg.Connection, two_days: tuple[int, int]
) -> None:
    before = rows(warehouse, "select to_jsonb(batch) from ops.batch order by batch_id")
    assert removed(warehouse, DAY + KEPT + ONE_DAY, rehearsal=True) == {"raw": 3, "archive": 1}
    assert rows(warehouse, "select to_jsonb(batch) from ops.batch order by batch_id") == before
    assert rows(warehouse, "select count(*) from raw.household_registry") == [(4,)]
    assert rows(warehouse, "select count(*) from ops.tombstone") == [(0,)]
    assert len(archived()) == 2


def test_a_removed_day_is_closed_and_says_so_to_whoever_asks(
    warehouse: psycopg.Connection, two_days: tuple[int, int], inbox: Path
) -> None:
    first, _ = two_days
    removed(warehouse, DAY + KEPT + ONE_DAY)
    with pytest.raises(batch.ClosedDayError, match=rf"{DAY} 已关闭，不能重跑.*R-RET-4"):
        publish.start_version(warehouse, DAY, as_of_at(DAY))
    with pytest.raises(batch.ClosedDayError, match=r"实有人口登记.*不能重跑"):
        landing.land(FEED, DAY)
    for overrule in (
        lambda: batch.accept(warehouse, first, by="duty"),
        lambda: batch.withdraw(warehouse, first, by="duty", reason="错"),
        lambda: batch.reopen(warehouse, first),
    ):
        with pytest.raises(batch.BatchError, match=f"批次 {first}（{FEED}）已于 .* 到期删除"):
            overrule()
    assert [each.state for each in lying(warehouse, contract.load(FEED), DAY)] == [
        "已到期删除，不再入库；请部门收回（R-RET-4）"
    ]
    batch.refuse_closed(warehouse, DAY + ONE_DAY)
    batch.refuse_closed(warehouse, DAY + KEPT + ONE_DAY)


def test_what_lies_in_the_inbox_for_a_removed_day_is_neither_archived_nor_landed(
    warehouse: psycopg.Connection, two_days: tuple[int, int], household_file: Callable[..., Path],
    people: Callable[[int], Sequence[dict[str, str]]],
) -> None:  # fmt: skip
    removed(warehouse, DAY + KEPT + ONE_DAY)
    household_file(people(5), day=DAY, name="补报.csv.gz")
    assert landing.land(FEED, DAY + KEPT) == []
    assert len(archived()) == 1


@pytest.mark.parametrize(
    ("instant", "rows_left", "found_by_the_next"),
    [("street.retention._note", 4, {"raw": 3, "archive": 1}), ("pathlib.Path.unlink", 1, {"archive": 1})],
)
def test_a_run_that_is_killed_is_finished_by_the_next(  # noqa: PLR0913, PLR0917
    warehouse: psycopg.Connection, two_days: tuple[int, int], monkeypatch: pytest.MonkeyPatch,
    instant: str, rows_left: int, found_by_the_next: dict[str, int],
) -> None:  # fmt: skip
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as power_cut:
        power_cut.setattr(instant, killed)
        with pytest.raises(KeyboardInterrupt):
            retention.carry_out(warehouse, DAY + KEPT + ONE_DAY)
    assert rows(warehouse, "select count(*) from raw.household_registry") == [(rows_left,)]
    assert len(archived()) == 2
    assert removed(warehouse, DAY + KEPT + ONE_DAY) == found_by_the_next
    assert len(archived()) == 1


def test_two_runs_at_once_remove_everything_once(
    warehouse: psycopg.Connection, warehouse_url: str, two_days: tuple[int, int]
) -> None:
    def run(_: int) -> dict[str, int]:
        with database.connect(warehouse_url) as conn:
            return removed(conn, DAY + KEPT + ONE_DAY)

    with ThreadPoolExecutor(2) as both:
        told = list(both.map(run, range(2)))
    assert sum(each.get("raw", 0) for each in told) == 3
    assert rows(warehouse, "select count(*), count(distinct row_no) from ops.tombstone") == [(2, 2)]
    assert len(archived()) == 1


def test_files_of_the_offices_own_end_too(warehouse: psycopg.Connection, two_days: tuple[int, int]) -> None:
    var, today = settings().street_var, dt.date(2024, 1, 1)
    for name, changed in {
        "logs/api-server.log": "2023-09-30", "logs/scheduler.log": "2023-12-31", "mail/1.eml": "2020-12-31",
        "mail/2.eml": "2021-01-02",
    }.items():  # fmt: skip
        path = var / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        at = dt.datetime.fromisoformat(f"{changed}T12:00:00+08:00").timestamp()
        os.utime(path, (at, at))
    for day in ("2020-12-31", "2021-01-02"):
        (var / "reports" / day).mkdir(parents=True)
        (var / "reports" / day / "report.html").touch()
    removed(warehouse, today)
    left = {
        path.relative_to(var).as_posix() for name in ("logs", "mail", "reports") for path in (var / name).rglob("*")
    }
    assert left == {"logs/scheduler.log", "mail/2.eml", "reports/2021-01-02", "reports/2021-01-02/report.html"}


def test_a_column_that_ends_before_its_row_is_emptied_and_the_received_file_goes(
    warehouse: psycopg.Connection, two_days: tuple[int, int]
) -> None:
    warehouse.execute("update ops.feed set column_days = '{\"phone\": 3}' where feed = %s", (FEED,))
    warehouse.commit()
    assert removed(warehouse, DAY + 4 * ONE_DAY) == {"columns": 4, "archive": 1}
    assert rows(warehouse, "select _batch_id, count(phone) from raw.household_registry group by 1 order by 1") == [
        (two_days[0], 0),
        (two_days[1], 1),
    ]
    assert rows(warehouse, "select count(full_name) from raw.household_registry") == [(4,)]
    assert rows(warehouse, "select count(phone), count(full_name) from quarantine.household_registry") == [(0, 1)]


def test_the_command_tells_what_it_removed_and_by_which_rule(
    warehouse: psycopg.Connection, two_days: tuple[int, int]
) -> None:
    for arguments, told in ((["--dry-run"], "演练，什么也没有删"), ([], "以上已删除"), ([], "没有到期的")):
        done = CliRunner().invoke(app, ["retain", "--date", str(DAY + KEPT + ONE_DAY), *arguments])
        assert done.exit_code == 0, done.output
        assert told in done.output
    done = CliRunner().invoke(app, ["retain", "--date", "2999-01-01"])
    assert (done.exit_code, "还没有到" in done.output) == (1, True)


def test_no_run_looks_ahead_of_today(warehouse: psycopg.Connection) -> None:
    with pytest.raises(retention.RetentionError, match="2999-01-01 还没有到"):
        retention.carry_out(warehouse, dt.date(2999, 1, 1))


@pytest.fixture
def two_days(warehouse: psycopg.Connection, household_file: Callable[..., Path]) -> tuple[int, int]:
    """Two accepted lists of following days: the second lacks two rows of the first, one of which was broken."""
    batches = []
    for day, listed in ((DAY, [STAYS, LEAVES, BROKEN]), (DAY + ONE_DAY, [STAYS])):
        household_file([PERSON | each for each in listed], day=day)
        (batch_id,) = landing.land(FEED, day)
        validate(batch_id)
        # The second is too short for its floor.
        if batch.promote(warehouse, batch_id, "snapshot") == "rejected":
            batch.accept(warehouse, batch_id, by="duty")
        batches.append(batch_id)
    warehouse.commit()
    return batches[0], batches[1]


def removed(conn: psycopg.Connection, as_of: dt.date, *, rehearsal: bool = False) -> dict[str, int]:
    conn.rollback()
    return {line.place.name: line.items for line in retention.carry_out(conn, as_of, rehearsal=rehearsal)}


def rows(conn: psycopg.Connection, query: str, *values: object) -> list[tuple[object, ...]]:
    found = conn.execute(query.encode(), values).fetchall()
    conn.rollback()
    return found


def archived() -> list[tuple[str, str]]:
    """Day and name of each file in the archive."""
    root = settings().street_var / "archive" / FEED
    return sorted((path.parent.name, path.name) for path in root.rglob("*") if path.is_file())
