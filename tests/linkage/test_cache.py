"""What the last run read and placed is taken from it; what comes of a day is what would come of reading all of it."""

import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest

from linkage import cache
from street import database
from street.settings import settings
from tests.linkage.conftest import DAY, KEY, Office, with_doors

_MADE = ("build.record_link", "build.person", "build.person_record", "build.arrival_place", "build.namesake")
_REMEMBERED = ("linkage.person_record", "linkage.person_document", "linkage.compound_alias", "linkage.alias_candidate")


@pytest.fixture
def offices(new_warehouse: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Office, Office]]:
    """Two offices that receive the same; the second is to forget what it has read."""
    monkeypatch.setenv("STREET_HMAC_KEY", KEY)
    with (
        database.connect(new_warehouse("remembering")) as remembering,
        database.connect(new_warehouse("forgetful")) as forgetful,
    ):
        yield with_doors(Office(remembering)), with_doors(Office(forgetful))
    settings.cache_clear()


def _link(office: Office, day: dt.date, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """Link a day and return all that came of it."""
    info = office.conn.info
    url = f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"
    monkeypatch.setenv("WAREHOUSE_URL", url)
    settings.cache_clear()
    office.link(day)
    found = {
        table: sorted(office.conn.execute(f"select * from {table}").fetchall(), key=repr)
        for table in (*_MADE, *_REMEMBERED)
    }
    office.conn.commit()
    return found


_NAMES = ["王伟", "王 伟", "李娜", "李静", "张三丰", "欧阳靖轩", "某某", "王〇", "WANG WEI"]
_NUMBERS = ["11010519491231002X", "310115198001011259", "31011519800101125X", "E12345678", "", "无"]
_ADDRESSES = [
    "梅花路1099弄30号502室", "梅花路1099弄31号", "银泰小区30-501", "锦绣苑二期1号101", "兰花路5弄1号2单元502室",
    "兰馨园", "陆新二号院30号502室", "松江区新桥镇某路1号", "同户籍地址", "云山路88号201室", "双弄苑1号", "",
    "花木街道",
]  # fmt: skip
_COMPOUNDS = ["银泰小区", "锦绣苑", "陆新二号院", "陆新二号院", "双弄苑", "不知道的小区"]


class _Lists:
    """The lists of a street by chance; each day some rows change, come, go, change about or say a key twice."""

    def __init__(self, seed: int) -> None:
        self.by = random.Random(seed)
        self.rows: dict[str, list[dict[str, Any]]] = {
            "household_registry": [self._row("household_registry", n) for n in range(14)],
            "welfare_list": [self._row("welfare_list", n) for n in range(5)],
            "property_occupancy": [self._row("property_occupancy", n) for n in range(12)],
            "returnees": [self._row("returnees", n) for n in range(4)],
        }

    def _row(self, feed: str, number: int) -> dict[str, Any]:
        pick = self.by.choice
        phone = f"139000000{self.by.randrange(20):02}"
        who = {"full_name": pick(_NAMES), "id_number": pick(_NUMBERS), "phone": phone}
        door = {"building": pick(["30", "三十", "1"]), "room": pick(["502", "501", "101"])}
        if feed == "household_registry":
            return who | {
                "person_no": str(number), "birth_date": pick(["19491231", "19800101", None]), "sex": pick(["1", "2"]),
                "living_address": pick(_ADDRESSES), "registered_address": pick(_ADDRESSES),
                "updated_at": f"2020-03-{self.by.randrange(1, 28):02} 08:00", "kind": pick(["resident_id", None]),
            }  # fmt: skip
        if feed == "welfare_list":
            return who | {"benefit": pick(["A", "B"]), "living_address": pick(_ADDRESSES), "kind": "resident_id"}
        if feed == "returnees":
            return who | door | {"compound": pick(_COMPOUNDS), "arrived_on": "2020-03-20"}
        return {"occupant_name": pick(_NAMES), "phone": phone, "compound": pick(_COMPOUNDS)} | door

    def another_day(self) -> None:
        for feed, rows in self.rows.items():
            for n in range(len(rows)):
                if self.by.random() < 0.15:
                    changed = self._row(feed, n)
                    column = self.by.choice([*rows[n]])
                    rows[n] = rows[n] | {column: changed[column]}
            if self.by.random() < 0.4:
                rows.append(self._row(feed, self.by.randrange(20)))  # also under a key that another row has
            if self.by.random() < 0.3:
                rows.append(dict(self.by.choice(rows)))
            if self.by.random() < 0.3:
                rows.pop(self.by.randrange(len(rows)))
            if self.by.random() < 0.3:
                self.by.shuffle(rows)


@pytest.mark.parametrize("seed", range(2))
def test_a_street_that_remembers_what_it_read_becomes_what_one_that_reads_all_anew_does(
    seed: int, offices: tuple[Office, Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    remembering, forgetful = offices
    lists = _Lists(seed)
    for day in range(5):
        for feed, rows in lists.rows.items():
            for office in offices:
                office.receive(feed, *rows)
        if day == 3:  # a door less: places are sought anew
            for office in offices:
                office.housing(("D01", "310115016001", "银泰小区", "梅花路", "1099弄", "30号", "502"))
        forgetful.conn.execute("truncate staging.linkage_cache")
        forgetful.conn.commit()
        on = DAY + dt.timedelta(days=day)
        became, expected = (_link(office, on, monkeypatch) for office in offices)
        assert became == expected
        lists.another_day()
    kept = remembering.conn.execute("select name from staging.linkage_cache").fetchall()
    assert {"places", "records of household_registry"} <= {name for (name,) in kept}


def test_what_was_read_is_not_read_again(office: Office) -> None:
    office.receive("household_registry", {"person_no": "1", "full_name": "王伟", "living_address": "银泰小区30-501"})
    office.link()
    _tamper(office, "records of household_registry", name=pl.lit("被改过"))
    batch = office.receive(
        "household_registry", {"person_no": "1", "full_name": "王伟", "living_address": "银泰小区30-501"}
    )
    office.link(DAY + dt.timedelta(days=1))
    assert office.said("household_registry", batch, 1)["full_name"] == "被改过"


def test_where_an_address_is_is_not_sought_again(office: Office) -> None:
    office.receive("household_registry", {"person_no": "1", "living_address": "银泰小区30-501"})
    office.link()
    _tamper(office, "places", dwelling_key=pl.lit("another"))
    row = {"person_no": "1", "living_address": "银泰小区30-501"}
    batch = office.receive("household_registry", row, {"person_no": "2", "living_address": "银泰小区31-502"})
    links = office.link()
    assert links["household_registry", batch, 1]["dwelling_key"] == "another"
    assert links["household_registry", batch, 2]["dwelling_key"] not in ("another", None)


@pytest.mark.parametrize("is_code", [True, False])
def test_what_another_code_or_key_has_read_is_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, is_code: bool
) -> None:
    row = {"person_no": "1", "full_name": "王伟"}
    office.receive("household_registry", row)
    office.link()
    _tamper(office, "records of household_registry", name=pl.lit("被改过"))
    if is_code:
        monkeypatch.setattr(cache, "_code", lambda: b"newer")
    else:
        monkeypatch.setenv("STREET_HMAC_KEY", "another key for tests alone, of no use")
        settings.cache_clear()
    batch = office.receive("household_registry", row)
    office.link()
    assert office.said("household_registry", batch, 1)["full_name"] == "王伟"


def test_nothing_stays_of_what_is_no_longer_in_force(office: Office) -> None:
    both = [{"person_no": n, "full_name": "王伟", "living_address": f"银泰小区30-50{n}"} for n in ("1", "2")]
    office.receive("household_registry", *both)
    office.link()
    office.receive("household_registry", both[0])
    office.link()
    for name in ("records of household_registry", "places"):
        texts = _kept(office, name)
        assert "银泰小区30-502" not in texts["address" if "address" in texts.columns else "text"]


def test_no_number_of_a_person_is_kept(office: Office) -> None:
    number = "310115198001011259"
    office.receive("household_registry", {"person_no": "1", "id_number": number, "kind": "resident_id"})
    office.link()
    kept = _kept(office, "records of household_registry")
    assert kept.height == 1
    assert not any(number in str(value) for value in kept.row(0))


def _made_by(office: Office, name: str) -> str:
    row = office.conn.execute("select made_by from staging.linkage_cache where name = %s", [name]).fetchone()
    assert row is not None
    made_by: str = row[0]
    return made_by


def _kept(office: Office, name: str) -> pl.DataFrame:
    rows = cache.load(office.conn, name, _made_by(office, name))
    office.conn.commit()
    assert rows is not None
    return rows


def _tamper(office: Office, table: str, **columns: pl.Expr) -> None:
    cache.keep(office.conn, table, _made_by(office, table), _kept(office, table).with_columns(**columns))
    office.conn.commit()
