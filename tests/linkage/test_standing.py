"""Who isn't concerned by a day's changes stands; what comes of a day is what would come of linking everybody anew."""

import dataclasses
import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from linkage import aliases, cache, standing
from linkage.run import link
from street import database
from street.settings import settings
from tests.linkage.conftest import DAY, FEEDS, HOUSEHOLD, KEY, Feed, Office, with_doors
from tests.linkage.test_mentions import VISITS, with_visits

_CAME_OF_IT = {
    "build.record_link": "*",
    "build.person": "*",
    "build.person_record": "*",
    "build.arrival_place": "*",
    "build.namesake": "*",
    "build.mention": "*",
    "linkage.person": "*",
    "linkage.person_record": "*",
    "linkage.person_document": "*",
    "linkage.compound_alias": "*",
    "linkage.alias_candidate": "*",
    "linkage.tie": "left_feed, left_record, right_feed, right_record, how, agreed, differed, people, made_on",
    "linkage.candidate": "left_feed, left_record, right_feed, right_record, how, agreed, people, first_seen_on",
}


@pytest.fixture
def offices(new_warehouse: Callable[[str], str], monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Office, Office]]:
    """Two offices that receive the same; the second is to forget what it has read."""
    monkeypatch.setenv("STREET_HMAC_KEY", KEY)
    with (
        database.connect(new_warehouse("remembering")) as remembering,
        database.connect(new_warehouse("forgetful")) as forgetful,
    ):
        yield with_visits(with_doors(Office(remembering))), with_visits(with_doors(Office(forgetful)))
    settings.cache_clear()


def _link(office: Office, day: dt.date, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[tuple[Any, ...]]]:
    """Link a day and return all that came of it."""
    info = office.conn.info
    url = f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"
    monkeypatch.setenv("WAREHOUSE_URL", url)
    settings.cache_clear()
    link(day, (*FEEDS, VISITS))
    found = {
        table: sorted(office.conn.execute(f"select {columns} from {table}").fetchall(), key=repr)
        for table, columns in _CAME_OF_IT.items()
    }
    office.conn.commit()
    return found


_NAMES = ["王伟", "王 伟", "李娜", "李静", "张三丰", "欧阳靖轩", "某某", "王〇", "WANG WEI"]
_NUMBERS = [
    "11010519491231002X", "310115198001011259", "31011519800101125X", "E12345678", "310115********1259", "", "无",
]  # fmt: skip
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
        self.persons: list[str] = []  # our own keys, for visits to name
        self.doors: list[str] = []
        self.rows: dict[str, list[dict[str, Any]]] = {
            "household_registry": [self._row("household_registry", n) for n in range(14)],
            "welfare_list": [self._row("welfare_list", n) for n in range(5)],
            "property_occupancy": [self._row("property_occupancy", n) for n in range(12)],
            "returnees": [self._row("returnees", n) for n in range(4)],
            "visit_log": [self._row("visit_log", n) for n in range(6)],
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
        if feed == "visit_log":
            return {
                "visit_no": str(number), "full_name": pick(_NAMES), "document_or_phone": pick([*_NUMBERS, phone]),
                "compound_name": pick(_COMPOUNDS), "building_no": door["building"], "room_no": door["room"],
                "person_key": pick([None, None, *self.persons]), "dwelling_key": pick([None, None, *self.doors]),
            }  # fmt: skip
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


def _decide(offices: tuple[Office, Office], by: random.Random) -> None:
    """Let people say of two records whose they are, or of one where it is: the same in both offices."""
    records = sorted({(feed, link["record"]) for (feed, _, _), link in offices[0].links().items()})
    [(door,)] = (
        offices[0].conn.execute("select dwelling_key from build.dwelling where dwelling_code = 'D01'").fetchall()
    )
    (left, right), kind = by.sample(records, 2), by.choice(["same_person", "different_person", "place"])
    for office in offices:
        office.conn.execute(
            "insert into linkage.decision (kind, left_feed, left_record, right_feed, right_record, dwelling_key,"
            " decided_by, reason) values (%s, %s, %s, %s, %s, %s, 'a test', 'by chance')",
            [kind, *left, *((None, None, door) if kind == "place" else (*right, None))],
        )
        office.conn.commit()


@pytest.mark.parametrize("seed", range(6))
def test_a_day_that_lets_stand_becomes_what_one_that_links_all_anew_does(
    seed: int, offices: tuple[Office, Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, forgetful = offices
    lists = _Lists(seed)
    if seed % 2:  # what changed is left beside what was left first, for all days
        monkeypatch.setattr(standing, "_MOST_SINCE", 1)
    for day in range(6):
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
        lists.persons, lists.doors = (
            [key for (key,) in forgetful.conn.execute(f"select {kind}_key from build.{kind} order by 1").fetchall()]
            for kind in ("person", "dwelling")
        )
        if lists.by.random() < 0.5:
            _decide(offices, lists.by)
        lists.another_day()


def test_what_was_read_is_not_read_again(office: Office) -> None:
    office.receive("household_registry", {"person_no": "1", "full_name": "王伟", "living_address": "银泰小区30-501"})
    office.link()
    _tamper(office, name=pl.lit("被改过"))
    batch = office.receive(
        "household_registry", {"person_no": "1", "full_name": "王伟", "living_address": "银泰小区30-501"}
    )
    office.link(DAY + dt.timedelta(days=1))
    assert office.said("household_registry", batch, 1)["full_name"] == "被改过"


def test_where_an_address_is_is_not_sought_again(office: Office) -> None:
    office.receive("household_registry", {"person_no": "1", "living_address": "银泰小区30-501"})
    office.link()
    _tamper(office, dwelling_key=pl.lit("another"))
    row = {"person_no": "1", "living_address": "银泰小区30-501"}
    batch = office.receive("household_registry", row, {"person_no": "2", "living_address": "银泰小区31-502"})
    links = office.link()
    assert links["household_registry", batch, 1]["dwelling_key"] == "another"
    assert links["household_registry", batch, 2]["dwelling_key"] not in ("another", None)


def test_whoever_changes_at_the_same_address_is_not_sought_again(office: Office) -> None:
    row = {"person_no": "1", "living_address": "银泰小区30-501", "phone": "13900000001"}
    another = {"person_no": "2", "living_address": "银泰小区31-502"}
    office.receive("household_registry", row, another)
    office.link()
    _tamper(office, dwelling_key=pl.lit("another"))
    batch = office.receive("household_registry", row | {"phone": "13900000002"}, another)
    assert office.link()["household_registry", batch, 1]["dwelling_key"] == "another"
    batch = office.receive("household_registry", row | {"registered_address": "锦绣路10号"}, another)
    assert office.link()["household_registry", batch, 1]["dwelling_key"] not in ("another", None)


def test_whoever_changes_at_an_address_that_is_read_otherwise_is_sought_again(office: Office) -> None:
    row = {"person_no": "1", "living_address": "陆新二号院30号502室", "phone": "13900000001"}
    another = {"person_no": "2", "living_address": "银泰小区31-502"}
    batch = office.receive("household_registry", row, another)
    assert office.link()["household_registry", batch, 1]["dwelling_key"] is None
    aliases.decide(office.conn, "陆新2号院", "银泰小区", "clerk", "")
    batch = office.receive("household_registry", row | {"phone": "13900000002"}, another)
    assert office.link()["household_registry", batch, 1]["dwelling_key"] is not None


def test_a_visit_that_names_no_door_any_more_is_where_its_text_says(office: Office) -> None:
    with_visits(office)
    visit = {"visit_no": "1", "compound_name": "银泰小区", "building_no": "30", "room_no": "501"}
    office.receive("household_registry", {"person_no": "1", "full_name": "王伟"})
    batch = office.receive("visit_log", visit)
    link(DAY, (*FEEDS, VISITS))
    written = office.links()["visit_log", batch, 1]["dwelling_key"]
    [(named,)] = office.conn.execute("select dwelling_key from build.dwelling where dwelling_code = 'D01'").fetchall()
    for door, is_at in ((named, named), (None, written)):
        batch = office.receive("visit_log", visit | {"dwelling_key": door})
        link(DAY, (*FEEDS, VISITS))
        assert office.links()["visit_log", batch, 1]["dwelling_key"] == is_at


@pytest.mark.parametrize("is_code", [True, False])
def test_what_another_code_or_key_has_read_is_read_again(
    office: Office, monkeypatch: pytest.MonkeyPatch, *, is_code: bool
) -> None:
    row = {"person_no": "1", "full_name": "王伟"}
    office.receive("household_registry", row)
    office.link()
    _tamper(office, name=pl.lit("被改过"))
    if is_code:
        monkeypatch.setattr(cache, "_code", lambda: b"newer")
    else:
        monkeypatch.setenv("STREET_HMAC_KEY", "another key for tests alone, of no use")
        settings.cache_clear()
    batch = office.receive("household_registry", row)
    office.link()
    assert office.said("household_registry", batch, 1)["full_name"] == "王伟"


def test_of_what_is_no_longer_in_force_nothing_comes_back(office: Office) -> None:
    rows = [{"person_no": str(n), "full_name": "王伟", "living_address": f"银泰小区30-5{n:02}"} for n in range(40)]
    office.receive("household_registry", *rows)
    office.link()
    for left in (39, 38, 37):
        office.receive("household_registry", *rows[:left])
        assert len(office.link()) == left
    [(names,)] = office.conn.execute("select array_agg(name order by name) from staging.linkage_cache").fetchall()
    assert names == ["linked records", "names of compounds", "records linked since", "records that stand no more"]
    assert _kept(office).height == 40, "they are left as they were, and the few that changed beside them"
    batch = office.receive("household_registry", *rows)
    assert {row for _, _, row in office.link()} == set(range(1, 41))
    assert office.said("household_registry", batch, 40)["full_name"] == "王伟"


def test_what_is_left_says_of_which_deliveries_it_holds_rows(office: Office) -> None:
    rows = [{"person_no": str(n), "full_name": "王伟", "living_address": f"银泰小区30-5{n:02}"} for n in range(40)]
    first = office.receive("household_registry", *rows)
    office.link()
    second = office.receive("household_registry", *rows[:-1], rows[-1] | {"full_name": "李娜"})
    office.link()
    batches: dict[str, list[int]] = dict(
        office.conn.execute("select name, batches from staging.linkage_cache where batches <> '{}'").fetchall()
    )
    assert batches == {"linked records": [first], "records linked since": [second]}


@pytest.mark.parametrize("feeds", [(), FEEDS])
def test_a_street_of_which_nobody_is_told_yet_is_linked_day_after_day(office: Office, feeds: tuple[Feed, ...]) -> None:
    for _ in range(2):
        link(DAY, feeds)
        assert office.links() == {}
    office.receive("household_registry", {"person_no": "1", "full_name": "王伟"})
    assert len(office.link()) == 1
    office.receive("household_registry")
    for _ in range(2):
        assert office.link() == {}


@pytest.mark.parametrize("change", [{"about_person": False}, {"business_key": ("person_no", "full_name")}])
def test_what_another_contract_said_is_said_anew(office: Office, change: dict[str, Any]) -> None:
    row = {"person_no": "1", "full_name": "王伟"}
    office.receive("household_registry", row)
    office.link()
    _tamper(office, name=pl.lit("被改过"))
    batch = office.receive("household_registry", row)
    link(DAY, [dataclasses.replace(HOUSEHOLD, **change), *FEEDS[1:]])
    assert office.said("household_registry", batch, 1)["full_name"] == "王伟"


def test_whoever_a_forgotten_record_told_of_is_linked_anew(office: Office) -> None:
    both = {"full_name": "欧阳靖轩", "phone": "13900000001"}
    registered = office.receive("household_registry", both | {"person_no": "1"})
    office.receive("property_occupancy", {
        "occupant_name": "欧阳靖轩", "phone": "13900000001", "compound": "银泰小区", "building": "30", "room": "501",
    })  # fmt: skip
    links = office.link()
    assert links["household_registry", registered, 1]["person_method"] == "linkage"
    office.conn.execute("insert into linkage.unsettled select person_key from linkage.person_record limit 1")
    office.conn.execute("delete from linkage.tie")
    office.conn.commit()
    assert office.link()["household_registry", registered, 1]["person_method"] == "provisional"
    assert office.conn.execute("select count(*) from linkage.unsettled").fetchone() == (0,)


def test_no_number_of_a_person_is_kept(office: Office) -> None:
    number = "310115198001011259"
    office.receive("household_registry", {"person_no": "1", "id_number": number, "kind": "resident_id"})
    office.link()
    kept = _kept(office)
    assert kept.height == 1
    assert not any(number in str(value) for value in kept.row(0))


_NAME = "linked records"


def _made_by(office: Office) -> str:
    row = office.conn.execute("select made_by from staging.linkage_cache where name = %s", [_NAME]).fetchone()
    assert row is not None
    made_by: str = row[0]
    return made_by


def _kept(office: Office) -> pl.DataFrame:
    rows = cache.load(office.conn, _NAME, _made_by(office))
    office.conn.commit()
    assert rows is not None
    return rows


def _tamper(office: Office, **columns: pl.Expr) -> None:
    cache.keep(office.conn, _NAME, _made_by(office), cache.file(_kept(office).with_columns(**columns)))
    office.conn.commit()


_VALUES = {
    "document": "ab",
    "second_document": "ab",
    "number": "nm",
    "person_key": "pqrst",
    "owner": "pqrst",
    "second_owner": "pq",
}
_ROWS = st.lists(
    st.fixed_dictionaries({column: st.none() | st.sampled_from(values) for column, values in _VALUES.items()}),
    max_size=9,
)


@given(stood=_ROWS, changed=_ROWS)
def test_whom_a_change_concerns_is_whoever_can_be_reached_from_it(
    stood: list[dict[str, str | None]], changed: list[dict[str, str | None]]
) -> None:
    kinds = {
        "document": "d",
        "second_document": "d",
        "number": "n",
        "person_key": "p",
        "owner": "p",
        "second_owner": "p",
    }

    def marks(row: dict[str, str | None]) -> set[tuple[str, str]]:
        return {(kinds[column], value) for column, value in row.items() if value is not None}

    reached = set[tuple[str, str]]().union(*map(marks, changed))
    expected: set[int] = set()
    while more := {n for n, row in enumerate(stood) if n not in expected and marks(row) & reached}:
        expected |= more
        reached = reached.union(*(marks(stood[n]) for n in more))
    schema = dict.fromkeys(_VALUES, pl.String)
    parted = standing.parted(pl.DataFrame(stood, schema).with_row_index("n"), pl.DataFrame(changed, schema))
    assert set(parted.anew["n"] if stood else ()) == expected
    assert parted.anew.height + parted.stand.height == len(stood)
