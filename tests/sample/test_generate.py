"""The sample street: the same from the same seed, in the departments' formats, with the figures it promises."""

import csv
import gzip
import hashlib
import io
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import fastexcel
import numpy as np
import polars as pl
import pytest

from sample.addresses import chinese_number
from sample.documents import check_characters, legacy, resident_ids, wrong_check
from sample.generate import FEEDS, Manifest, generate

PERSONS = 12_000
DAY = date(2020, 3, 28)


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    out = tmp_path_factory.mktemp("street")
    return out, generate(out, DAY, PERSONS, seed=7)


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def _household(out: Path, day: str = DAY.isoformat()) -> Iterator[dict[str, str]]:
    path = next((out / "inbox" / "household_registry" / day).iterdir())
    text = gzip.decompress(path.read_bytes()).decode("gb18030")
    # A quote that opens one living address and never closes: what reads plain CSV would swallow the rows behind it.
    text, stray = re.subn(r'(?<=,)"(?=[^",\r\n]*,)', "", text)
    assert stray == 1
    return iter(csv.DictReader(io.StringIO(text, newline="")))


def _truth(out: Path, table: str) -> pl.DataFrame:
    return pl.read_parquet(out / "truth" / f"{table}.parquet")


def test_the_same_seed_gives_the_same_bytes_in_another_process_and_another_seed_does_not(tmp_path: Path) -> None:
    generate(tmp_path / "one", DAY, 1000, seed=3)
    command = [
        sys.executable,
        "-m",
        "sample",
        "--out",
        str(tmp_path / "two"),
        "--persons",
        "1000",
        "--seed",
        "3",
    ]
    subprocess.run(command, check=True, capture_output=True)
    generate(tmp_path / "three", DAY, 1000, seed=4)
    one, two, three = (_digests(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two
    household = next(name for name in one if "household" in name)
    assert one[household] != three[household]


def test_sizes_follow_the_number_of_persons(street: tuple[Path, Manifest]) -> None:
    out, manifest = street
    assert manifest.feeds == list(dict.fromkeys(manifest.feeds))
    assert set(manifest.feeds) == set(FEEDS)
    registered = _truth(out, "persons").filter("in_registry")
    assert registered.height == PERSONS
    dwellings = _truth(out, "dwellings")
    assert dwellings.height == 95_000 * PERSONS // 240_000
    assert PERSONS < manifest.rows["household_registry"] < PERSONS * 1.01


@pytest.mark.parametrize(("day", "persons", "words"), [
    (DAY, 999, "1,000 persons"),
    (date(2020, 1, 1), 1000, "too early"),
])  # fmt: skip
def test_what_cannot_be_made_is_refused_in_a_sentence(tmp_path: Path, day: date, persons: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        generate(tmp_path, day, persons)


def test_an_unknown_feed_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no feed weather"):
        generate(tmp_path, DAY, 1000, feeds=["weather"])


def test_doors_are_unique_and_every_building_stands_within_the_street(street: tuple[Path, Manifest]) -> None:
    dwellings = _truth(street[0], "dwellings")
    door = ["road", "lane", "building_no", "room_no"]
    assert dwellings.select(door).is_duplicated().sum() == 0
    assert dwellings["dwelling_code"].is_duplicated().sum() == 0
    assert dwellings["longitude"].is_between(121.515, 121.575).all()
    assert dwellings["latitude"].is_between(31.188, 31.232).all()
    yintai = dwellings.filter((pl.col("compound_name") == "银泰小区") & (pl.col("building_no") == "30"))
    assert yintai.select("road", "lane").unique().rows() == [("梅花路", "1099")]


def test_resident_ids_carry_right_check_digits_unless_the_truth_says_otherwise(street: tuple[Path, Manifest]) -> None:
    ids = _truth(street[0], "persons").filter(pl.col("resident_id") != "")
    numbers = ids["resident_id"]
    assert numbers.is_duplicated().sum() == 0
    right = check_characters(numbers.str.slice(0, 17).cast(pl.Int64).to_numpy())
    assert (numbers.str.slice(17, 1).to_numpy() == right).all()
    assert (numbers.str.slice(6, 8) == ids["birth_date"].dt.strftime("%Y%m%d")).all()
    assert ((numbers.str.slice(16, 1).cast(pl.Int64) % 2 == 1) == (ids["sex"] == 1)).all()
    # GB 11643's own example.
    assert check_characters(np.array([11010519491231002]))[0] == "X"
    assert wrong_check("11010519491231002X") == "110105194912310020"
    assert legacy("11010519491231002X") == "110105491231002"


def test_resident_ids_stay_unique_when_many_share_a_birthday() -> None:
    n = 400
    ones = np.ones(n, dtype=np.int64)
    numbers = resident_ids(np.random.default_rng(1), ones * 310115, ones * 19500101, ones)
    assert len(set(numbers)) == n


def test_the_list_of_the_day_before_lacks_who_was_registered_since(tmp_path: Path) -> None:
    manifest = generate(tmp_path, DAY, 10_000, seed=7, feeds=["household_registry"], day_before=True)
    assert manifest.days == ["2020-03-27", "2020-03-28"]
    before, after = (
        [tuple(row.values()) for row in _household(tmp_path, day) if row["人员编号"]] for day in manifest.days
    )
    assert set(before) < set(after)
    assert len(before) > 0.99 * len(after)


def test_rows_in_the_file_are_the_rows_of_the_truth_in_order(street: tuple[Path, Manifest]) -> None:
    out, manifest = street
    rows = list(_household(out))
    truth = _truth(out, "records").filter(pl.col("feed") == "household_registry").sort("row_no")
    assert len(rows) == manifest.rows["household_registry"] == truth.height
    assert truth["row_no"].to_list() == list(range(1, len(rows) + 1))
    assert [row["人员编号"] for row in rows] == truth["business_key"].to_list()
    for row, bad in zip(rows, truth["is_quarantined"], strict=True):
        nobody = row["姓名"] in ("不详", "") and row["证件号码"] in ("-", "")
        assert bad == (not row["人员编号"] or nobody)


def test_the_household_file_has_the_dirt_the_departments_send(street: tuple[Path, Manifest]) -> None:
    out, _ = street
    raw = gzip.decompress(next((out / "inbox" / "household_registry" / "2020-03-28").iterdir()).read_bytes())
    assert b"\x00" in raw
    assert b"\r\n" in raw
    assert b"\n" in raw.replace(b"\r\n", b"")
    with pytest.raises(UnicodeDecodeError):
        raw.decode("utf-8")
    rows = list(_household(out))
    assert any(len(row["户籍地址"]) > 10_000 for row in rows)
    assert any("\n" in row["现住地址"] for row in rows)
    assert any("１" in row["现住地址"] for row in rows)
    assert any(row["联系电话"].endswith(".0") for row in rows)
    assert any(row["证件号码"].endswith("x") for row in rows)
    assert any(ord(character) > 0xFFFF for row in rows for character in row["姓名"])


def test_the_housing_file_is_utf_8_with_a_byte_order_mark(street: tuple[Path, Manifest]) -> None:
    path = next((street[0] / "inbox" / "housing_registry" / "2020-03-23").iterdir())
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    assert len(rows) == street[1].rows["housing_registry"]
    assert {row["居委会代码"][:9] for row in rows} == {"310115016"}


def test_isolating_on_the_day_and_the_busiest_day_are_a_scaled_street_s(street: tuple[Path, Manifest]) -> None:
    out, manifest = street
    scale = PERSONS / 240_000
    episodes = _truth(out, "episodes")
    isolating = episodes.filter(pl.col("status") == "isolating")
    assert isolating.height == manifest.isolating
    assert abs(isolating.height - 1159 * scale) <= 4
    assert abs(isolating.filter(pl.col("origin_kind") == "border").height - 1000 * scale) <= 4
    assert isolating["true_person_id"].is_duplicated().sum() == 0
    assert isolating["started_on"].is_between(date(2020, 3, 15), DAY).all()
    assert manifest.busiest_day == "2020-03-26"
    assert abs(manifest.busiest_day_arrivals - 166 * scale) <= 1


def test_an_episode_lasts_fourteen_days_unless_it_was_cut_short(street: tuple[Path, Manifest]) -> None:
    episodes = _truth(street[0], "episodes")
    lasted = (pl.col("release_on") - pl.col("started_on")).dt.total_days()
    cut_short = pl.col("status").is_in(["transferred", "released_early"])
    assert episodes.filter(~cut_short).select((lasted == 14).all()).item()
    assert episodes.filter(cut_short).select((lasted < 14).all()).item()


def test_entries_stand_in_the_order_they_were_recorded_before_half_past_seven(street: tuple[Path, Manifest]) -> None:
    out, manifest = street
    entries = [json.loads(line) for line in (out / "border" / "entries.jsonl").read_text(encoding="utf-8").splitlines()]
    recorded = [entry["recorded_at"] for entry in entries]
    assert recorded == sorted(recorded)
    assert recorded[-1] <= manifest.now == "2020-03-28T07:30:00+08:00"
    truth = _truth(out, "records").filter(pl.col("feed") == "border_entries").sort("row_no")
    assert [entry["entry_id"] or "" for entry in entries] == truth["business_key"].to_list()
    usable = truth.filter(~pl.col("is_quarantined") & ~pl.col("is_superseded"))
    assert usable["business_key"].is_duplicated().sum() == 0


def test_each_sheet_of_a_day_has_a_title_the_headings_and_a_total(street: tuple[Path, Manifest]) -> None:
    out, _ = street
    folders = sorted((out / "inbox" / "returnees").iterdir())
    truth = _truth(out, "records").filter(pl.col("feed") == "returnees")
    assert {folder.name for folder in folders} == {str(day) for day in truth["business_date"]}
    hidden = shown = 0
    for folder in folders:
        book = fastexcel.read_excel(next(folder.iterdir()))
        sheets = [book.load_sheet(name, header_row=None, dtypes="string") for name in book.sheet_names]
        numbered = 0
        for sheet in sheets:
            if sheet.visible != "visible":
                hidden += 1
                continue
            shown += 1
            table = sheet.to_polars()
            assert str(table.row(0)[0]).startswith("返沪人员登记表(2020年")
            assert table.row(1)[:3] == ("序号", "姓名", "证件号码")
            assert table.row(-1)[0] == "合计"
            numbered += table[2:-1].filter(pl.nth(0).str.contains(r"^\d")).height
        assert numbered == truth.filter(pl.col("business_date") == date.fromisoformat(folder.name)).height
    assert hidden > 0
    assert shown > len(folders)


def test_property_companies_send_a_file_each_and_occupancy_follows_them(street: tuple[Path, Manifest]) -> None:
    out, manifest = street
    files = sorted((out / "inbox" / "property_occupancy" / "2020-03-23").iterdir())
    assert len(files) >= 2
    lines = [list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))) for path in files]
    assert sum(map(len, lines)) == manifest.rows["property_occupancy"]
    known = {"owner_occupied", "rented", "vacant", "unknown"}
    assert set(_truth(out, "occupancy")["occupancy"].unique()) <= known


def test_every_tag_that_looks_at_a_home_counts_its_residents(street: tuple[Path, Manifest]) -> None:
    out, _ = street
    residents = _truth(out, "residents")
    assert residents["true_person_id"].is_duplicated().sum() == 0
    alone = _truth(out, "tags").filter(pl.col("tag") == "living_alone_elderly")
    together = residents.group_by("dwelling_code").len().rename({"len": "residents"})
    assert alone.height > 0
    assert alone.join(together, on="dwelling_code")["residents"].unique().to_list() == [1]


def test_about_a_third_of_the_residents_are_sixty_and_over(street: tuple[Path, Manifest]) -> None:
    out, _ = street
    elderly = _truth(out, "tags").filter(pl.col("tag") == "elderly").height
    assert 0.28 < elderly / _truth(out, "residents").height < 0.42


@pytest.mark.parametrize(("number", "text"), [(3, "三"), (10, "十"), (14, "十四"), (30, "三十"), (105, "一百零五"),
                                              (1099, "一千零九十九"), (2004, "二千零四")])  # fmt: skip
def test_numbers_are_written_in_chinese_numerals(number: int, text: str) -> None:
    assert chinese_number(number) == text


def test_lists_show_what_other_streets_showed(street: tuple[Path, Manifest]) -> None:
    records = _truth(street[0], "records").filter(~pl.col("is_quarantined"))
    numbers = records["said_number"].drop_nulls()
    assert numbers.str.contains(r"^\d{6}\*{8}\d{3}[\dX]$").sum() > 500
    assert numbers.str.contains(r"^\d{3}\*{11}\d{3}[\dX]$").sum() > 0
    lists = records.filter(pl.col("feed").is_in(["welfare_list", "returnees"]))
    assert lists.filter(pl.col("said_number").is_in(["", "-", "无"])).height > 10
    forms = set(records["address_form"])
    assert {"developer", "developer_short", "no_kind", "lettered"} <= forms
    doors = _truth(street[0], "dwellings")
    assert doors["room_no"].str.contains("^甲").any()
    assert doors["building_no"].str.contains("[0-9][A-C]$").any()
    assert doors["compound_name"].str.contains("二期$|南区$").any()
    registered = records.filter(pl.col("feed") == "returnees")
    assert registered.filter(pl.len().over("true_person_id") > 1).height > 0
    names = _truth(street[0], "persons").select("true_person_id", "full_name")
    typed = records.filter(pl.col("feed") == "property_occupancy").join(names, on="true_person_id")
    wrong = typed.filter(pl.col("said_name") != pl.col("full_name"), pl.col("said_name") != "")
    assert 0.005 < wrong.height / typed.height < 0.04


def test_some_children_of_one_home_are_born_on_one_day(street: tuple[Path, Manifest]) -> None:
    persons = _truth(street[0], "persons").filter(pl.col("in_registry"), pl.col("birth_date") > date(1990, 1, 1))
    assert persons.filter(pl.len().over("birth_date", "phone") > 1, pl.col("phone") != "").height > 2


def test_the_level_of_dirt_is_how_much_of_it_there_is(tmp_path: Path) -> None:
    plain = {}
    for dirt in ("light", "specified", "heavy"):
        generate(tmp_path / dirt, DAY, 3000, seed=2, dirt=dirt)
        forms = _truth(tmp_path / dirt, "records").filter(pl.col("feed") == "household_registry")["address_form"]
        plain[dirt] = forms.is_in(["plain", "elsewhere", "lettered"]).sum() / forms.len()
    assert plain["light"] > plain["specified"] > plain["heavy"]
    with pytest.raises(ValueError, match="light, specified, heavy, not filthy"):
        generate(tmp_path / "filthy", DAY, 1000, dirt="filthy")
