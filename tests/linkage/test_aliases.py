"""Names of compounds that the housing list lacks: learned where enough people bear them out, else asked about."""

import datetime as dt

import pytest
from typer.testing import CliRunner

from linkage import aliases
from runtime.cli import app

DAY = dt.date(2020, 3, 28)
_ROOMS = ["501", "502"]
#: People of 银泰小区 by the register of the population: (name, phone, address).
_PEOPLE = [
    (f"{surname}一凡", f"1390000000{number}", "梅花路1099弄30号502室") for number, surname in enumerate("赵钱孙李周吴")
]
_ELSEWHERE = ("郑一凡", "13900000009", "锦绣路10弄1号101室")


def _registered(office, people) -> None:
    office.receive(
        "household_registry",
        *(
            {"person_no": str(number), "full_name": name, "phone": phone, "living_address": text}
            for number, (name, phone, text) in enumerate(people)
        ),
    )


def _listed(office, people, compound: str, **rest: str) -> int:
    batch: int = office.receive(
        "property_occupancy",
        *(
            {"compound": compound, "building": "30", "room": "502", "occupant_name": name, "phone": phone} | rest
            for name, phone, _ in people
        ),
    )
    return batch


def _doors(office, batch: int) -> set[str | None]:
    links = office.link()
    doors = dict(office.conn.execute("select dwelling_key, dwelling_code from build.dwelling").fetchall())
    office.conn.commit()
    return {doors.get(link["dwelling_key"]) for (_, of, _), link in links.items() if of == batch}


def test_a_company_s_own_name_is_believed_when_five_occupants_live_in_one_compound(office) -> None:
    _registered(office, _PEOPLE)
    batch = _listed(office, _PEOPLE[:5], "陆新二号院")
    assert _doors(office, batch) == {"D01"}
    link = office.links()["property_occupancy", batch, 1]
    assert link["place_method"] == "alias"
    kept = office.conn.execute("select alias, people, of_people, learned_on from linkage.compound_alias").fetchall()
    assert kept == [("陆新2号院", 5, 5, DAY)]


def test_four_occupants_are_a_question_not_a_name(office) -> None:
    _registered(office, _PEOPLE)
    batch = _listed(office, _PEOPLE[:4], "陆新二号院")
    assert _doors(office, batch) == {None}
    assert aliases.waiting(office.conn) == [("陆新2号院", "银泰小区", 4, 4, DAY)]


def test_a_name_that_occupants_of_two_compounds_have_is_a_question(office) -> None:
    _registered(office, [*_PEOPLE[:5], _ELSEWHERE])
    batch = _listed(office, [*_PEOPLE[:5], _ELSEWHERE], "陆新二号院")
    assert _doors(office, batch) == {None}
    assert aliases.waiting(office.conn) == [("陆新2号院", "银泰小区", 5, 6, DAY)]


def test_a_person_s_word_is_obeyed_and_a_refused_name_is_never_learned(office) -> None:
    _registered(office, _PEOPLE)
    batch = _listed(office, _PEOPLE[:4], "陆新二号院")
    office.link()
    aliases.decide(office.conn, "陆新2号院", "银泰小区", "clerk", "")
    assert aliases.waiting(office.conn) == []
    assert _doors(office, batch) == {"D01"}
    aliases.decide(office.conn, "陆新2号院", None, "clerk", "")
    assert _doors(office, batch) == {None}
    batch = _listed(office, _PEOPLE[:5], "陆新二号院")
    assert _doors(office, batch) == {None}
    assert aliases.waiting(office.conn) == []


def test_the_command_shows_what_waits_and_takes_a_person_s_word(office) -> None:
    _registered(office, _PEOPLE)
    batch = _listed(office, _PEOPLE[:4], "陆新二号院")
    office.link()
    run = CliRunner().invoke
    assert "陆新2号院" in run(app, ["alias", "list"]).output
    refused = run(app, ["alias", "accept", "陆新2号院", "没有的小区"])
    assert (refused.exit_code, "有 0 个" in refused.output) == (1, True)
    assert run(app, ["alias", "accept", "陆新2号院", "银泰小区"]).exit_code == 0
    assert _doors(office, batch) == {"D01"}
    assert run(app, ["alias", "refuse", "陆新2号院"]).exit_code == 0
    assert _doors(office, batch) == {None}


def test_a_word_on_a_compound_that_isn_t_listed_is_refused(office) -> None:
    office.link()
    with pytest.raises(ValueError, match="有 0 个"):
        aliases.decide(office.conn, "陆新2号院", "没有的小区", "clerk", "")


def test_a_name_beside_numbers_that_fix_the_door_is_learned_and_then_read_alone(office) -> None:
    people = [(name, phone, "梅花路1099弄丽景华都30号502室") for name, phone, _ in _PEOPLE[:5]]
    _registered(office, people)
    batch = office.receive(
        "welfare_list", {"full_name": "郑一凡", "id_number": "1", "living_address": "丽景华都31号502室"}
    )
    assert _doors(office, batch) == {"D03"}


def test_a_learned_name_gives_no_door_that_the_compound_doesn_t_have(office) -> None:
    _registered(office, _PEOPLE)
    batch = _listed(office, _PEOPLE[:5], "陆新二号院", room="909")
    assert _doors(office, batch) == {None}
    assert office.links()["property_occupancy", batch, 1]["place_level"] == "building"


def test_a_past_day_knows_no_name_that_was_learned_later(office) -> None:
    _registered(office, _PEOPLE)
    _listed(office, _PEOPLE[:5], "陆新二号院")
    office.link()
    batch = office.receive(
        "returnees", {"full_name": "郑一凡", "compound": "陆新二号院", "building": "31", "room": "502"}
    )
    office.receive("property_occupancy", {"compound": "银泰小区", "building": "30", "room": "502"})
    assert _doors(office, batch) == {"D03"}
    links = office.link(DAY - dt.timedelta(days=1))
    assert links["returnees", batch, 1]["dwelling_key"] is None


def test_a_renamed_compound_and_a_renamed_road_are_found_by_their_former_names(office) -> None:
    office.link()
    office.housing(
        ("D11", "310115016003", "东园", "兰花路", "7", "1", "101"),
        ("D05", "310115016002", "锦绣苑一期", "锦绣西路", "10", "1", "101"),
        ("D12", "310115016003", "西苑华庭", "兰花路", "7", "2", "101"),
    )
    for text, door in [
        ("西园2号101室", "D12"),
        ("锦绣路10弄1号101室", "D05"),
        ("锦绣西路10弄1号101室", "D05"),
    ]:
        batch = office.receive("welfare_list", {"full_name": "郑一凡", "id_number": "1", "living_address": text})
        assert _doors(office, batch) == {door}, text
