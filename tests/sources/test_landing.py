"""Landing real files into a real warehouse: nothing lost, nothing doubled, whatever arrives and whenever it stops."""

import datetime as dt
import gzip
import os
import signal
import subprocess
import sys
import time

import pytest

from sources import landing
from sources.failures import PermanentError
from street.settings import as_of_at, settings

FEED = "household_registry"
DAY = dt.date(2020, 3, 28)


def _batches(warehouse):
    rows = warehouse.execute(
        "select business_date, status, rows_received, rows_superseded from ops.batch order by batch_id"
    ).fetchall()
    warehouse.rollback()
    return rows


def test_folders_are_landed_oldest_first_each_as_a_batch_and_only_once(household_file, people, warehouse):
    household_file(people(3), DAY)
    household_file(people(2), DAY - dt.timedelta(days=1))
    household_file(people(1), DAY + dt.timedelta(days=1))
    assert len(landing.land(FEED, DAY)) == 2
    assert landing.land(FEED, DAY) == []
    assert _batches(warehouse) == [(DAY - dt.timedelta(days=1), "landed", 2, 0), (DAY, "landed", 3, 0)]
    rows = warehouse.execute(f"select _batch_id, _row_no, person_no, phone from raw.{FEED} order by 1, 2").fetchall()
    assert rows[-1] == (2, 3, "P2", "13916000000")


def test_a_file_is_kept_as_received_and_unfinished_files_are_not_read(household_file, people, warehouse):
    path = household_file(people(1))
    path.with_name("half.csv.gz.part").write_bytes(b"half")
    path.with_name(".hidden.csv.gz").write_bytes(b"hidden")
    assert len(landing.land(FEED, DAY)) == 1
    kept = [file for file in (settings().street_var / "archive").rglob("*") if file.is_file()]
    assert [file.read_bytes() for file in kept] == [path.read_bytes()]
    assert (kept[0].stat().st_mode & 0o777) == 0o600


def test_yesterdays_file_sent_again_is_repeated_with_all_its_rows_superseded(household_file, people, warehouse):
    household_file(people(2), DAY - dt.timedelta(days=1))
    (first,) = landing.land(FEED, DAY)
    warehouse.execute("update ops.batch set status = 'accepted', rows_accepted = 2 where batch_id = %s", (first,))
    warehouse.commit()
    household_file(people(2), DAY).write_bytes(household_file(people(2), DAY - dt.timedelta(days=1)).read_bytes())
    landing.land(FEED, DAY)
    assert _batches(warehouse)[-1] == (DAY, "repeated", 2, 2)
    assert landing.land(FEED, DAY) == []


def test_a_snapshot_folder_that_gets_another_file_is_landed_anew_with_all_its_files(household_file, people, warehouse):
    household_file(people(2), name="b.csv.gz")
    landing.land(FEED, DAY)
    household_file(people(1), name="a.csv.gz")
    landing.land(FEED, DAY)
    assert [rows for _, _, rows, _ in _batches(warehouse)] == [2, 3]


def test_a_delivery_that_breaks_off_is_rejected_with_a_reason_and_its_rows_are_kept(household_file, people, warehouse):
    path = household_file(people(5_000))
    path.write_bytes(path.read_bytes()[:-9])
    (batch_id,) = landing.land(FEED, DAY)
    status, reason, received = warehouse.execute("select status, reason, rows_received from ops.batch").fetchone()
    assert status == "rejected"
    assert "不完整" in reason
    kept = warehouse.execute(f"select count(*) from raw.{FEED} where _batch_id = %s", (batch_id,)).fetchone()
    assert kept == (received,)
    warehouse.rollback()
    assert landing.land(FEED, DAY) == []


def test_a_renamed_required_column_is_rejected_by_its_heading(household_file, people, warehouse):
    path = household_file(people(1))
    text = gzip.decompress(path.read_bytes()).decode("gb18030").replace("现住地址", "住在哪里")
    path.write_bytes(gzip.compress(text.encode("gb18030")))
    landing.land(FEED, DAY)
    assert warehouse.execute("select status, reason, unknown_columns from ops.batch").fetchone() == (
        "rejected", "常住.csv.gz：缺少必需列:现住地址", ["住在哪里"],
    )  # fmt: skip


def test_now_is_half_past_seven_of_a_past_day(household_file, people, warehouse):
    household_file(people(1))
    landing.land(FEED, DAY)
    assert warehouse.execute("select received_at from ops.batch").fetchone() == (as_of_at(DAY),)


def test_without_an_inbox_the_sentence_names_the_setting(warehouse, monkeypatch, tmp_path):
    monkeypatch.delenv("STREET_INBOX", raising=False)
    monkeypatch.setenv("STREET_VAR", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(PermanentError, match="STREET_INBOX"):
        landing.land(FEED, DAY)


def test_a_kill_at_any_instant_then_a_rerun_lands_every_row_once(household_file, people, warehouse):
    household_file(people(20_000))
    code = (
        "import datetime as dt; from sources import landing; print('go', flush=True);"
        f" landing.land({FEED!r}, dt.date({DAY.year}, {DAY.month}, {DAY.day}))"
    )
    for patience in (0.05, 0.3, 0.6):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(patience)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    landing.land(FEED, DAY)
    assert _batches(warehouse) == [(DAY, "landed", 20_000, 0)]
    counted = warehouse.execute(f"select count(*), count(distinct person_no) from raw.{FEED}").fetchone()
    assert counted == (20_000, 20_000)
