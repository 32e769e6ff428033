"""Names, phones, birth dates, sexes and masks of the sample street's people, whatever list they are known from.

What a record says is read here in the plainest way, and only where there is one way to read it; who somebody is, the
truth says. Which of a person's records is believed is worked out anew, record by record.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from sources.contract import all_contracts

if TYPE_CHECKING:
    from .truth import Street

FEEDS = {
    contract.feed: contract
    for contract in all_contracts()
    if contract.with_role("person_name") and not contract.mentions_persons
}
#: An arrival's passport tells no birth date by its number.
PROVED = re.compile("^[0-9]{17}[0-9X]$")


class Person:
    """Somebody of the truth, and what the records that the warehouse ties to one key say, as written."""

    def __init__(self, true: dict[str, Any], built: dict[str, Any]) -> None:
        self.true = true
        self.built = built
        self.records: list[dict[str, Any]] = []

    @property
    def origins(self) -> set[str]:
        return {record["feed"] for record in self.records}

    def said(self, role: str) -> list[str]:
        """What the records say in this role; nothing where they say nothing."""
        values = [str(record[role] or "") for record in self.records]
        return [value for value in values if not re.fullmatch(r"(\W|_)*(无|不详)?(\W|_)*", value)]


@pytest.fixture(scope="module")
def people(street: Street) -> list[Person]:
    """Everybody whose records are all of one true person, by the warehouse's keys."""
    true = {row["true_person_id"]: row for row in street.truth("persons").iter_rows(named=True)}
    built = {
        row["person_key"]: row
        for row in street.built(
            "select person_key, full_name, sex::text, birth_date::text, id_masked, phone from build.dim_person"
        ).iter_rows(named=True)
    }
    written = {
        (feed, row["batch_id"], row["row_no"]): row
        for feed, contract in FEEDS.items()
        for row in street.built(
            "select _batch_id::text as batch_id, _row_no::text as row_no,"
            + ",".join(f" {column} as {role}" for role, column in contract.roles.items())
            + f" from raw.{feed}"
        ).iter_rows(named=True)
    }
    roles = ("person_name", "person_name_latin", "phone", "birth_date", "document_number", "resident_id")
    found: dict[str, Person] = {}
    strange = set()
    for row in street.records.filter(~street.records["person_key"].is_null()).iter_rows(named=True):
        key = row["person_key"]
        person = found.setdefault(key, Person(true[row["true_person_id"]], built[key]))
        if person.true["true_person_id"] != row["true_person_id"]:
            strange.add(key)
        raw = written[row["feed"], str(row["batch_id"]), str(row["row_no"])]
        person.records.append({
            "feed": row["feed"], "good": row["good_document"], **{role: raw.get(role) for role in roles},
        })  # fmt: skip
    return [person for key, person in found.items() if key not in strange]


def plain(name: str) -> str:
    return re.sub(r"[\s=\u200b]", "", name)


def telephone(written: str) -> str | None:
    """Eleven digits, perhaps behind the country's code or as a float; nothing else is sure."""
    digits = re.sub(r"\D", "", re.sub(r"\.0$", "", written))
    digits = digits[2:] if digits.startswith("86") else digits
    return digits if re.fullmatch("1[0-9]{10}", digits) and "e" not in written.lower() else None


def test_people_of_every_list_are_looked_at(people: list[Person]) -> None:
    assert all(any(feed in person.origins for person in people) for feed in FEEDS)
    only = Counter(feed for person in people for feed in person.origins if len(person.origins) == 1)
    assert sum(known > 5 for known in only.values()) >= 4, "lists that alone know somebody"


def test_everybody_has_the_name_that_is_written_somewhere(people: list[Person]) -> None:
    for person in people:
        in_characters = {plain(name) for name in person.said("person_name") if re.search("[\u4e00-\u9fff]", name)}
        name = person.built["full_name"]
        if in_characters == {person.true["full_name"]}:
            assert plain(name) == person.true["full_name"], person.origins
        elif in_characters:
            assert plain(name) in in_characters, person.origins
        else:
            others = {plain(other) for other in person.said("person_name") + person.said("person_name_latin")}
            assert (plain(name) in others) if others else name is None, person.origins


def test_everybody_has_the_phone_that_some_list_tells(people: list[Person]) -> None:
    told = 0
    for person in people:
        readable = {telephone(written) for written in person.said("phone")}
        if not readable:
            assert person.built["phone"] is None, person.origins
        elif readable == {person.true["phone"]}:
            told += 1
            assert person.built["phone"] == person.true["phone"], person.origins
    assert told > len(people) / 2


def test_birth_date_sex_and_mask_are_the_ids_where_a_list_has_it(people: list[Person]) -> None:
    by_number = 0
    for person in people:
        number = person.true["resident_id"] or ""
        # A number speaks last for a carrier whose birth date denies it, after a child without one (R-PERSON-3).
        if PROVED.match(number) and any(
            record["good"]
            and number in (str(record["document_number"])[:18], record["resident_id"])
            and re.sub(r"\D", "", record["birth_date"] or number[6:14]) in (number[6:14], "")
            for record in person.records
        ):
            by_number += 1
            assert person.built["birth_date"] == person.true["birth_date"].isoformat(), person.origins
            assert person.built["sex"] == str(person.true["sex"]), person.origins
            assert person.built["id_masked"] == f"{number[:6]}********{number[-4:]}", person.origins
    assert by_number > len(people) / 2


def test_without_a_number_the_birth_date_is_the_one_that_is_written(people: list[Person]) -> None:
    for person in people:
        numbers = person.said("document_number") + person.said("resident_id")
        written = {re.sub(r"\D", "", text) for text in person.said("birth_date")}
        if not numbers and not written:
            assert person.built["birth_date"] is None, person.origins
            assert person.built["id_masked"] is None, person.origins
        elif not numbers and written == {person.true["birth_date"].strftime("%Y%m%d")}:
            assert person.built["birth_date"] == person.true["birth_date"].isoformat(), person.origins


def test_an_elder_known_only_by_a_number_on_a_list_has_an_age(street: Street, people: list[Person]) -> None:
    """Whose number the registry never had, or mistyped: the list alone tells the age."""
    listed = [person for person in people if "household_registry" not in person.origins and person.records[0]["good"]]
    with_age = [person for person in listed if person.built["birth_date"] is not None]
    assert len(with_age) > 5
    for person in with_age:
        assert dt.date.fromisoformat(person.built["birth_date"]) == person.true["birth_date"], person.origins


def test_nobody_on_the_worklist_is_nameless_whom_any_list_names(street: Street, people: list[Person]) -> None:
    said = {person.built["person_key"]: person for person in people}
    duties = street.built("select person_key, full_name, phone from build.worklist")
    assert duties.height > 100
    for key, name, phone in duties.iter_rows():
        person = said.get(key)
        if person is None:
            continue
        named = person.said("person_name") + person.said("person_name_latin")
        assert name is not None or not named, person.origins
        assert phone is not None or not any(telephone(written) for written in person.said("phone")), person.origins


def test_what_is_chosen_is_what_a_reader_of_the_records_would_choose(street: Street) -> None:
    records: dict[str, list[dict[str, Any]]] = {}
    for row in street.built(
        "select person_key, leads::text, extract(epoch from known_at)::text as known, batch_id::text, row_no::text,"
        " full_name, name_rank::text, sex::text, birth_date::text, is_birth_date_certified::text as certified,"
        " id_masked, is_resident_id::text as resident, phone from build.person_record"
    ).iter_rows(named=True):
        records.setdefault(row["person_key"], []).append(row)
    chosen = street.built(
        "select person_key, full_name, sex::text, birth_date::text, id_masked, phone from build.dim_person"
    )
    assert sum(len(mine) > 2 for mine in records.values()) > 100
    for key, *told in chosen.iter_rows():
        oldest_first = sorted(records[key], key=lambda r: (float(r["known"]), int(r["batch_id"]), int(r["row_no"])))
        newest_first = oldest_first[::-1]
        led = [r for r in newest_first if r["leads"] == "true"] + newest_first
        certified = [r for r in led if r["certified"] == "true"] + led
        assert told == [
            next((r["full_name"] for rank in "012" for r in newest_first if r["name_rank"] == rank), None),
            next((r["sex"] for r in certified if r["sex"] in ("1", "2")), None)
            or next((r["sex"] for r in certified if r["sex"]), None),
            next((r["birth_date"] for r in certified if r["birth_date"]), None),
            next((r["id_masked"] for r in oldest_first if r["resident"] == "true"), None)
            or next((r["id_masked"] for r in oldest_first if r["id_masked"]), None),
            next((r["phone"] for r in newest_first if r["phone"]), None),
        ], key


def test_records_of_one_person_are_one_person_and_of_two_are_two(street: Street) -> None:
    """By pairs of records: next to none that is wrong; what is missed nobody could tell, or is two rows of one list."""

    def pairs(*by: str) -> int:
        sizes = street.records.filter(street.records["true_person_id"].is_not_null()).group_by(by).len()["len"]
        return int((sizes.cast(int) * (sizes.cast(int) - 1) // 2).sum())

    true, built, right = pairs("true_person_id"), pairs("person_key"), pairs("true_person_id", "person_key")
    assert true > street.records.height / 3
    assert right >= 0.9997 * built
    assert right >= 0.98 * true
