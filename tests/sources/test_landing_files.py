"""What lies beside a good list: it never holds the list, and nothing of it goes unsaid."""

from __future__ import annotations

import ctypes
import datetime as dt
import io
import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pytest
import xlsxwriter
from typer.testing import CliRunner

from runtime.cli import app
from sources import archive, contract, landing, readers, relanding
from sources.connectors import folders
from sources.failures import PassingError, UnreadableError
from street import batch
from street.settings import settings

from .conftest import DAY, csv_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import psycopg

ARRIVALS = "returnees"
COMPANIES = "property_occupancy"
CLOSED = DAY - dt.timedelta(days=1)


def book(*names: str) -> bytes:
    """A registration of arrivals as a workbook."""
    terms = contract.load(ARRIVALS)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as made:
        sheet = made.add_worksheet("登记表")
        sheet.write_row(0, 0, [column.header for column in terms.columns])
        for at, name in enumerate(names, start=1):
            said = {"full_name": name, "arrived_on": "2020-03-27", "serial_no": str(at), "phone": "13916000000"}
            sheet.write_row(at, 0, [said.get(column.name, "") for column in terms.columns])
    return buffer.getvalue()


@pytest.fixture
def put(inbox: Path) -> Callable[..., Path]:
    def write(feed: str, name: str | bytes, content: bytes, day: dt.date = DAY) -> Path:
        folder = inbox / feed / day.isoformat()
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / os.fsdecode(name)
        path.write_bytes(content)
        return path

    return write


def company(rows: int, compound: str = "梅花苑") -> bytes:
    doors = [
        {"compound_name": compound, "building_no": "1", "room_no": str(at), "occupancy": "自住"} for at in range(rows)
    ]
    return b"\xef\xbb\xbf" + csv_text(COMPANIES, doors).encode()


def verdicts(warehouse: psycopg.Connection) -> list[tuple[str, int, list[str]]]:
    """Status, rows received and files of every batch, the oldest first."""
    rows = warehouse.execute(
        "select status, rows_received, array(select file ->> 'name' from jsonb_array_elements(sources) as file)"
        " from ops.batch order by batch_id"
    ).fetchall()
    warehouse.rollback()
    return rows


def reasons(warehouse: psycopg.Connection) -> list[str | None]:
    rows = warehouse.execute("select reason from ops.batch order by batch_id").fetchall()
    warehouse.rollback()
    return [reason for (reason,) in rows]


@contextmanager
def no_superuser() -> Iterator[None]:
    """Let permissions hold for this thread, also where the tests run as root."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    before = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    without = (ctypes.c_uint32 * 6)(*before)
    without[0] &= ~0b110  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH of the effective set
    assert libc.capset(header, without) == 0
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0


# ---------------------------------------------------------------- F3


def test_f3_what_is_not_a_list_is_ignored_and_counted(put, warehouse, caplog):
    put(ARRIVALS, "登记.xlsx", book("张三", "李四"))
    others = (
        "~$登记.xlsx",
        "Thumbs.db",
        "thumbs.DB",
        ".DS_Store",
        "desktop.ini",
        "说明.docx",
        "登记.xlsx.part",
        "登记.csv",
    )
    for name in others:
        put(ARRIVALS, name, b"nothing")
    (put(ARRIVALS, "x", b"").parent / "旧文件").mkdir()
    with caplog.at_level("INFO", logger="sources.connectors.inbox"):
        assert len(landing.land(ARRIVALS, DAY)) == 1
    assert verdicts(warehouse) == [("landed", 2, ["登记.xlsx"])]
    assert f"有 {len(others) + 2} 个不是名单" in caplog.text


def test_f3_a_broken_file_is_a_failed_batch_of_its_own_and_mended_is_read(put, warehouse):
    put(ARRIVALS, "甲.xlsx", book("张三", "李四"))
    broken = put(ARRIVALS, "乙.xlsx", b"PK\x03\x04 half")
    good, failed = landing.land(ARRIVALS, DAY)
    assert verdicts(warehouse) == [("landed", 2, ["甲.xlsx"]), ("failed", 0, ["乙.xlsx"])]
    assert "乙.xlsx" in (reasons(warehouse)[1] or "")
    assert landing.land(ARRIVALS, DAY) == [], "a failed file isn't tried again at every run"
    broken.write_bytes(book("王五"))
    (mended,) = landing.land(ARRIVALS, DAY + dt.timedelta(days=1))
    assert verdicts(warehouse)[2] == ("landed", 1, ["乙.xlsx"])
    assert reasons(warehouse)[1] == f"已由批次 {mended} 取代"
    assert [good, failed, mended] == sorted([good, failed, mended])


def test_f3_a_mended_file_of_a_snapshot_makes_a_batch_of_all_its_readable_files(household_file, people, warehouse):
    household_file(people(3), name="甲.csv.gz")
    cut = household_file(people(5_000), name="乙.csv.gz")
    whole = cut.read_bytes()
    cut.write_bytes(whole[:-9])
    landing.land("household_registry", DAY)
    (first, _, _), (second, received, _) = verdicts(warehouse)
    assert (first, second) == ("landed", "rejected")
    assert received > 0, "what could be decoded is kept"
    assert landing.land("household_registry", DAY) == []
    cut.write_bytes(whole)
    landing.land("household_registry", DAY)
    assert verdicts(warehouse)[2] == ("landed", 5_003, ["乙.csv.gz", "甲.csv.gz"])


def test_f3_a_broken_file_taken_away_leaves_the_others_as_they_are(put, warehouse):
    put(ARRIVALS, "甲.xlsx", book("张三"))
    broken = put(ARRIVALS, "乙.xlsx", b"no workbook")
    landing.land(ARRIVALS, DAY)
    broken.unlink()
    assert landing.land(ARRIVALS, DAY + dt.timedelta(days=1)) == []
    assert [status for status, _, _ in verdicts(warehouse)] == ["landed", "failed"]


def test_a_failed_file_is_tried_again_when_an_operator_asks(put, warehouse):
    put(ARRIVALS, "乙.xlsx", b"no workbook")
    (failed,) = landing.land(ARRIVALS, DAY)
    relanding.reopen(warehouse, failed)
    warehouse.commit()
    assert landing.land(ARRIVALS, DAY) == [failed]
    assert reasons(warehouse) != [batch.AWAITS_LANDING]


def test_two_broken_files_of_equal_content_are_two_failed_batches(put, warehouse):
    for name in ("甲.xlsx", "乙.xlsx"):
        put(ARRIVALS, name, b"no workbook")
    landing.land(ARRIVALS, DAY)
    assert verdicts(warehouse) == [("failed", 0, ["乙.xlsx"]), ("failed", 0, ["甲.xlsx"])]


# ---------------------------------------------------------------- F5


def test_f5_names_may_be_any_bytes(put, warehouse):
    put(COMPANIES, "申花物业.csv".encode("gbk"), company(2))
    put(COMPANIES, "坏\x1b[31m名\n.csv", company(3, "菊花苑"))
    put(COMPANIES, b"\xff\xfe\x81.csv", company(4, "兰花苑"))
    assert len(landing.land(COMPANIES, DAY)) == 3
    sources = warehouse.execute("select source from ops.batch order by rows_received").fetchall()
    assert [source for (source,) in sources] == ["申花物业", r"坏\x1b[31m名\n", r"\xff\xfe\x81"]
    assert landing.land(COMPANIES, DAY) == []


def test_f5_a_company_whose_name_comes_in_another_encoding_is_the_same_company(put, warehouse):
    put(COMPANIES, "申花物业.csv", company(2), CLOSED)
    put(COMPANIES, "申花物业.csv".encode("gb18030"), company(3), DAY)
    landing.land(COMPANIES, DAY)
    assert warehouse.execute("select distinct source from ops.batch").fetchall() == [("申花物业",)]


@pytest.mark.parametrize("kind", ["symlink", "dangling", "fifo", "socket", "folder"])
def test_f5_links_pipes_and_folders_are_never_opened(put, warehouse, tmp_path, kind):
    good = put(ARRIVALS, "登记.xlsx", book("张三"))
    odd = good.with_name("外部.xlsx")
    secret = tmp_path / "secret.xlsx"
    secret.write_bytes(book("别人"))
    match kind:
        case "symlink":
            odd.symlink_to(secret)
        case "dangling":
            odd.symlink_to(tmp_path / "nowhere")
        case "fifo":
            os.mkfifo(odd)
        case "socket":
            os.mknod(odd, 0o140600)
        case "folder":
            odd.mkdir()
    assert len(landing.land(ARRIVALS, DAY)) == 1
    assert verdicts(warehouse) == [("landed", 1, ["登记.xlsx"])]
    kept = [file.read_bytes() for file in (settings().street_var / "archive").rglob("*") if file.is_file()]
    assert kept == [good.read_bytes()]


def test_f5_a_date_folder_that_is_a_link_is_not_followed(put, warehouse, inbox, tmp_path):
    put(ARRIVALS, "登记.xlsx", book("张三"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "登记.xlsx").write_bytes(book("别人", "另人"))
    (inbox / ARRIVALS / CLOSED.isoformat()).symlink_to(elsewhere)
    landing.land(ARRIVALS, DAY)
    assert verdicts(warehouse) == [("landed", 1, ["登记.xlsx"])]


def test_f5_a_feed_folder_that_is_a_link_is_named_and_not_followed(warehouse, inbox, tmp_path):
    (tmp_path / "elsewhere" / DAY.isoformat()).mkdir(parents=True)
    (inbox / ARRIVALS).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(PassingError, match=r"returnees.*链接"):
        landing.land(ARRIVALS, DAY)


def test_f5_a_link_put_in_a_files_place_after_the_look_is_not_followed(put, inbox, tmp_path):
    path = put(ARRIVALS, "登记.xlsx", book("张三"))
    (folder,) = folders.look(inbox, contract.load(ARRIVALS)).folders
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with pytest.raises(UnreadableError, match="链接"), folders.opened(inbox, folder.files[0]):
        pass


def test_f5_a_file_without_permission_fails_alone_and_is_read_once_it_may_be(put, warehouse):
    put(ARRIVALS, "甲.xlsx", book("张三"))
    locked = put(ARRIVALS, "乙.xlsx", book("李四", "王五"))
    locked.chmod(0)
    with no_superuser():
        assert len(landing.land(ARRIVALS, DAY)) == 2
        assert verdicts(warehouse) == [("landed", 1, ["甲.xlsx"]), ("failed", 0, ["乙.xlsx"])]
        assert "没有读取权限" in (reasons(warehouse)[1] or "")
        assert landing.land(ARRIVALS, DAY) == [], "no second notice of the same file"
        locked.chmod(0o600)
        (opened,) = landing.land(ARRIVALS, DAY)
    assert verdicts(warehouse)[2] == ("landed", 2, ["乙.xlsx"])
    assert reasons(warehouse)[1] == f"已由批次 {opened} 取代"


def test_f5_a_bad_company_holds_no_other_company_or_day(put, warehouse):
    put(COMPANIES, "甲.csv", company(2), CLOSED)
    put(COMPANIES, "乙.csv", company(2), CLOSED).chmod(0)
    put(COMPANIES, "甲.csv", company(3), DAY)
    with no_superuser():
        landing.land(COMPANIES, DAY)
    found = warehouse.execute("select source, business_date, status from ops.batch order by 2, 1").fetchall()
    assert found == [("乙", CLOSED, "failed"), ("甲", CLOSED, "landed"), ("甲", DAY, "landed")]


def test_f5_a_file_that_vanishes_while_it_is_read_fails_alone(put, warehouse, monkeypatch):
    put(ARRIVALS, "甲.xlsx", book("张三"))
    gone = put(ARRIVALS, "乙.xlsx", book("李四"))
    look = folders.look

    def looked(place: Path, terms: contract.Contract, up_to: dt.date) -> folders.Inbox:
        found = look(place, terms, up_to)
        gone.unlink()
        return found

    monkeypatch.setattr(folders, "look", looked)
    landing.land(ARRIVALS, DAY)
    assert verdicts(warehouse) == [("landed", 1, ["甲.xlsx"]), ("failed", 0, ["乙.xlsx"])]


@pytest.mark.parametrize(("feed", "landed"), [(ARRIVALS, 1), ("household_registry", 0)], ids=["increment", "snapshot"])
def test_a_file_still_being_written_is_read_later(  # noqa: PLR0913, PLR0917
    put, household_file, people, warehouse, monkeypatch, feed, landed
):
    if feed == ARRIVALS:
        put(ARRIVALS, "甲.xlsx", book("张三"))
        growing = put(ARRIVALS, "乙.xlsx", book("李四"))
    else:
        household_file(people(1), name="甲.csv.gz")
        growing = household_file(people(2), name="乙.csv.gz")
    content, keep = growing.read_bytes(), archive.keep

    def kept(source: BinaryIO, feed: str, day: dt.date, ending: str) -> tuple[Path, str]:
        found = keep(source, feed, day, ending)
        if os.fstat(source.fileno()).st_ino == growing.stat().st_ino:
            growing.write_bytes(content + b" ")
        return found

    with monkeypatch.context() as writing:
        writing.setattr(archive, "keep", kept)
        with pytest.raises(PassingError, match=r"乙.*还在写入"):
            landing.land(feed, DAY)
    assert len(verdicts(warehouse)) == landed
    growing.write_bytes(content)
    landing.land(feed, DAY)
    assert sum(rows for _, rows, _ in verdicts(warehouse)) == (2 if feed == ARRIVALS else 3)


def test_f5_a_file_over_the_limit_is_not_even_copied(put, warehouse, monkeypatch, tmp_path):
    monkeypatch.setenv("STREET_READ_FILE_MB", "1")
    settings.cache_clear()
    huge = put(ARRIVALS, "乙.xlsx", b"PK")
    os.truncate(huge, 3_000_000_000)
    put(ARRIVALS, "甲.xlsx", book("张三"))
    landing.land(ARRIVALS, DAY)
    assert verdicts(warehouse) == [("landed", 1, ["甲.xlsx"]), ("failed", 0, ["乙.xlsx"])]
    assert "STREET_READ_FILE_MB" in (reasons(warehouse)[1] or "")
    assert landing.land(ARRIVALS, DAY) == []


def test_an_unreadable_folder_is_named_after_the_others_have_landed(put, warehouse):
    put(ARRIVALS, "甲.xlsx", book("张三"), CLOSED).parent.chmod(0)
    put(ARRIVALS, "乙.xlsx", book("李四"), DAY)
    with no_superuser(), pytest.raises(PassingError, match=f"{CLOSED}.*没有读取权限") as told:
        landing.land(ARRIVALS, DAY)
    assert str(told.value).startswith(f"{ARRIVALS}：")
    assert verdicts(warehouse) == [("landed", 1, ["乙.xlsx"])]


def test_an_inbox_that_is_not_there_is_a_sentence_that_names_the_setting(inbox, warehouse):
    inbox.rmdir()
    with pytest.raises(PassingError, match="STREET_INBOX"):
        landing.land(ARRIVALS, DAY)


def test_a_fault_of_ours_with_one_company_holds_no_other_and_quotes_nothing(put, warehouse, monkeypatch):
    put(COMPANIES, "甲.csv", company(2))
    put(COMPANIES, "乙.csv", company(3, "菊花苑"))
    real = readers.read

    def read(path: Path, terms: contract.Contract) -> object:
        if path.read_bytes() == company(3, "菊花苑"):
            raise TypeError("张三 13916000000")
        return real(path, terms)

    monkeypatch.setattr(readers, "read", read)
    with pytest.raises(Exception, match=r"乙.*程序出错（TypeError") as told:
        landing.land(COMPANIES, DAY)
    assert "13916000000" not in str(told.value)
    assert verdicts(warehouse) == [("landed", 2, ["甲.csv"])]


# ---------------------------------------------------------------- F6 and equal contents


def test_f6_a_closed_days_file_replaced_by_one_of_equal_size_is_landed_anew(put, warehouse):
    path = put(COMPANIES, "申花物业.csv", company(5), CLOSED)
    landing.land(COMPANIES, DAY)
    times = path.stat()
    path.write_bytes(company(5).replace("自住".encode(), "出租".encode()))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # as a tool that keeps times would leave it
    assert len(landing.land(COMPANIES, DAY)) == 1
    found = warehouse.execute(f"select distinct occupancy from raw.{COMPANIES} where _batch_id = 2").fetchall()
    assert found == [("出租",)]
    warehouse.rollback()
    assert landing.land(COMPANIES, DAY) == []


def test_f6_a_closed_days_unchanged_file_is_not_even_opened(put, monkeypatch):
    path = put(COMPANIES, "申花物业.csv", company(5), CLOSED)
    landing.land(COMPANIES, DAY)
    os.utime(path)
    assert landing.land(COMPANIES, DAY) == [], "touched, not changed"
    monkeypatch.setattr(folders, "opened", None)
    assert landing.land(COMPANIES, DAY) == []


def test_files_landed_before_times_were_kept_are_read_once_and_not_landed_again(put, warehouse, monkeypatch):
    put(COMPANIES, "申花物业.csv", company(5), CLOSED)
    landing.land(COMPANIES, DAY)
    warehouse.execute("update ops.batch set sources = jsonb_build_array((sources -> 0) - 'mtime_ns' - 'ctime_ns')")
    warehouse.commit()
    assert landing.land(COMPANIES, DAY) == []
    monkeypatch.setattr(folders, "opened", None)
    assert landing.land(COMPANIES, DAY) == []


def test_the_same_list_under_a_second_name_brings_no_rows_and_is_known_from_then_on(put, warehouse, monkeypatch):
    put(ARRIVALS, "登记.xlsx", content := book("张三"), CLOSED)
    landing.land(ARRIVALS, DAY)
    put(ARRIVALS, "登记 (1).xlsx", content, CLOSED)
    assert landing.land(ARRIVALS, DAY) == []
    assert verdicts(warehouse) == [("landed", 1, ["登记.xlsx", "登记 (1).xlsx"])]
    monkeypatch.setattr(folders, "opened", None)
    assert landing.land(ARRIVALS, DAY) == []


def test_p2_the_same_file_of_two_companies_is_a_batch_of_each(put, warehouse):
    for name in ("申花物业.csv", "申花物业(1).csv"):
        put(COMPANIES, name, company(2))
    landing.land(COMPANIES, DAY)
    found = warehouse.execute("select source, status, rows_received from ops.batch order by source").fetchall()
    assert found == [("申花物业", "landed", 2), ("申花物业(1)", "landed", 2)]


# ---------------------------------------------------------------- disk


def test_a_full_disk_is_a_sentence_and_leaves_nothing_half(put, warehouse, inbox, tmp_path):
    """A limit on a file's size stops the write to the archive in the middle, as a full disk does."""
    put(ARRIVALS, "登记.xlsx", os.urandom(300_000))
    code = (
        "import resource, datetime as dt\n"
        "from sources import landing\n"
        "from sources.failures import PassingError, UnreadableError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        f"try: landing.land({ARRIVALS!r}, dt.date.fromisoformat({DAY.isoformat()!r}))\n"
        "except PassingError as error: print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], env=os.environ, capture_output=True, text=True, check=True)
    assert "磁盘已满" in told.stdout
    assert "Traceback" not in told.stderr
    assert [path for path in (tmp_path / "var").rglob("*") if path.is_file()] == []
    assert verdicts(warehouse) == []


def test_what_a_killed_landing_left_half_is_removed_by_the_next(put, tmp_path):
    put(ARRIVALS, "登记.xlsx", book("张三"))
    leftover = archive.folder(ARRIVALS, DAY) / ".4711.part"
    leftover.write_bytes(b"half")
    landing.land(ARRIVALS, DAY)
    assert list((tmp_path / "var").rglob("*.part")) == []


# ---------------------------------------------------------------- street inbox


def test_street_inbox_tells_what_became_of_each_file(put, warehouse):
    put(ARRIVALS, "甲.xlsx", book("张三"))
    put(ARRIVALS, "乙.xlsx", b"no workbook")
    changed = put(ARRIVALS, "丙.xlsx", book("李四"))
    landing.land(ARRIVALS, DAY)
    changed.write_bytes(book("李四", "王五"))
    put(ARRIVALS, "~$甲.xlsx", b"")
    put(ARRIVALS, "丁\x1b.xlsx", book("赵六"))
    (changed.parent.parent / "散放.xlsx").write_bytes(b"")
    told = CliRunner().invoke(app, ["inbox", "--feed", ARRIVALS]).output
    lines = {
        name: line
        for line in told.splitlines()
        for name in ("甲", "乙", "丙", "丁", "~$", "散放")
        if f" {name}" in line
    }
    assert "批次 1：已入库，待校验" in lines["甲"]
    assert "读不了" in lines["乙"]
    assert "已改动" in lines["丙"]
    assert "待入库" in lines["丁"]
    assert r"丁\x1b.xlsx" in lines["丁"]
    assert "忽略：系统或软件的临时文件" in lines["~$"]
    assert "忽略：不在以业务日期" in lines["散放"]
    assert "名单 4 份" in told
    of_another_day = CliRunner().invoke(app, ["inbox", "--feed", ARRIVALS, "--date", CLOSED.isoformat()]).output
    assert "名单 0 份" in of_another_day


def test_street_inbox_names_a_folder_that_cannot_be_opened_and_goes_on(put, inbox, warehouse, tmp_path):
    put(ARRIVALS, "甲.xlsx", book("张三"))
    (inbox / COMPANIES).symlink_to(tmp_path)
    told = CliRunner().invoke(app, ["inbox"])
    assert told.exit_code == 0
    assert "property_occupancy 打不开：是链接" in told.output
    assert "甲.xlsx" in told.output
