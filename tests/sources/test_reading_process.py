"""Reading in a process of its own: limits hold, a parser that dies takes nobody along, and one process serves all."""

import dataclasses
import gzip
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from sources import readers
from sources.contract import load
from sources.readers import process
from sources.readers.limits import Limits
from street.settings import settings

HOUSEHOLD = load("household_registry")
LIST = "人员编号,姓名,现住地址\nP1,张三,x\n".encode("gb18030")


@pytest.fixture(autouse=True)
def _settings_anew():
    yield
    settings.cache_clear()


def _limit(monkeypatch, name, value):
    monkeypatch.setenv(f"STREET_READ_{name}", str(value))
    settings.cache_clear()


def _file(tmp_path, content=LIST, name="x.csv.gz"):
    path = tmp_path / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def test_many_files_are_read_by_one_process_and_a_dead_one_is_replaced(tmp_path):
    path = _file(tmp_path)
    assert readers.read(path, HOUSEHOLD).frame["person_no"].to_list() == ["P1"]
    first = process._readers[0]._process.pid
    assert readers.read(path, HOUSEHOLD).readable
    assert process._readers[0]._process.pid == first
    os.kill(first, signal.SIGKILL)
    process._readers[0]._process.wait()
    assert readers.read(path, HOUSEHOLD).readable
    assert process._readers[0]._process.pid != first


def test_a_parser_that_dies_is_a_file_that_could_not_be_read_and_the_next_is_read(tmp_path):
    readers.read(_file(tmp_path), HOUSEHOLD)
    reader = process._readers[0]
    os.kill(reader._process.pid, signal.SIGSTOP)
    subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -ABRT {reader._process.pid}; kill -CONT {reader._process.pid}"])
    reading = readers.read(_file(tmp_path), HOUSEHOLD)
    assert not reading.readable
    assert "读取程序中断" in (reading.problem or "")
    assert readers.read(_file(tmp_path), HOUSEHOLD).rows == 1


def test_a_file_that_takes_too_long_is_given_up(tmp_path, monkeypatch):
    readers.read(_file(tmp_path), HOUSEHOLD)
    _limit(monkeypatch, "SECONDS", 1)
    stopped = process._readers[0]._process.pid
    os.kill(stopped, signal.SIGSTOP)
    reading = readers.read(_file(tmp_path), HOUSEHOLD)
    assert "STREET_READ_SECONDS" in (reading.problem or "")
    assert not psutil.pid_exists(stopped)


def test_a_file_that_needs_too_much_memory_is_told_so(tmp_path, monkeypatch):
    process._readers[0].end()  # memory is limited when the process starts
    _limit(monkeypatch, "MEMORY_MB", 1_000)
    _limit(monkeypatch, "RATIO", 100_000)
    path = _file(tmp_path, LIST + b"P1,x,y\n" * 8_000_000)
    reading = readers.read(path, HOUSEHOLD)
    assert not reading.readable
    assert "STREET_READ_MEMORY_MB" in (reading.problem or "")
    monkeypatch.undo()
    settings.cache_clear()
    assert readers.read(_file(tmp_path), HOUSEHOLD).rows == 1


@pytest.mark.parametrize(
    ("name", "value", "content"),
    [
        ("FILE_MB", 1, os.urandom(1_200_000)),
        ("OPENED_MB", 1, LIST + b"P1,x,y\n" * 300_000),
        ("RATIO", 50, b" " * 50_000_000),
        ("ROWS", 3, LIST + b"P1,x,y\n" * 3),
        ("COLUMNS", 3, LIST.replace(b"\n", b",x\n", 1)),
        ("COLUMNS", 30, LIST + b"P2,x,y" + b"," * 30 + b"\n"),
        ("CELLS", 10, LIST + b"P1,x,y\n" * 9),
    ],
    ids=["file", "opened", "ratio", "rows", "headings", "columns", "cells"],
)
def test_each_limit_is_a_setting_that_the_sentence_names_f5(tmp_path, monkeypatch, name, value, content):
    _limit(monkeypatch, name, value)
    reading = readers.read(_file(tmp_path, content), HOUSEHOLD)
    assert (reading.readable, reading.rows) == (False, 0)
    assert f"STREET_READ_{name}" in (reading.problem or "")


def test_gigabytes_in_a_few_megabytes_are_refused_before_they_are_opened_f5(tmp_path):
    path = tmp_path / "x.csv.gz"
    block = gzip.compress(b"0" * 30_000_000, 9)
    path.write_bytes(block * 100)
    started = time.monotonic()
    reading = readers.read(path, HOUSEHOLD)
    assert "STREET_READ_RATIO" in (reading.problem or "")
    assert time.monotonic() - started < 30


def test_a_file_that_is_gone_or_not_ours_raises_and_the_next_is_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        readers.read(tmp_path / "gone.csv.gz", HOUSEHOLD)
    with pytest.raises(IsADirectoryError):
        readers.read(tmp_path, HOUSEHOLD)
    assert readers.read(_file(tmp_path), HOUSEHOLD).rows == 1


def test_the_process_ends_with_the_one_it_reads_for(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from sources import readers; from sources.contract import load;"
        "from sources.readers import process; readers.read(Path(sys.argv[1]), load('household_registry'));"
        "print(process._readers[0]._process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(_file(tmp_path))], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 30
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_limit_has_a_setting():
    assert len(dataclasses.fields(Limits)) == sum(
        name.startswith("street_read_") for name in type(settings()).model_fields
    )
