from typing import get_args

import pytest
import yaml

from sources import raw
from sources.connectors import CONNECTORS
from sources.contract import COLUMN_LIMIT, FEED_LIMIT, ContractError, Format, ServerType, all_contracts, load, parse
from sources.readers.worker import READERS
from street.vocabulary import labels

PATH = "household_registry.yaml"


def _document():
    from importlib import resources  # noqa: PLC0415

    return yaml.safe_load((resources.files("sources") / "contracts" / PATH).read_text(encoding="utf-8"))


def _parse(document):
    return parse(yaml.safe_dump(document, allow_unicode=True), name=PATH)


def test_every_contract_can_be_read_and_says_by_what_right():
    contracts = all_contracts()
    assert {"household_registry", "housing_registry", "border_entries"} <= {each.feed for each in contracts}
    for each in contracts:
        assert each.legal_basis
        assert each.purpose
        assert each.retention_days > 0
        assert all(column.header and column.description for column in each.columns)


@pytest.mark.parametrize("said", [None, [], [" "], ["《中华人民共和国传染病防治法》第十二条"]])
def test_a_contract_that_names_no_ground_is_refused(said):
    document = _document()
    basis = next(item for item in document["customProperties"] if item["property"] == "legalBasis")
    if said is None:
        document["customProperties"].remove(basis)
    else:
        basis["value"] = said
    with pytest.raises(ContractError, match=r"household_registry\.yaml: Properties\.legalBasis"):
        _parse(document)


@pytest.mark.parametrize("said", [None, "", " "])
def test_a_contract_without_a_purpose_is_refused(said):
    document = _document()
    document["description"] |= {"purpose": said}
    with pytest.raises(ContractError, match="purpose"):
        _parse(document)


@pytest.mark.parametrize("said", [None, 0, -1, 1.5, "35"])
def test_a_contract_without_an_end_is_refused(said):
    document = _document()
    document["slaProperties"] = [] if said is None else [{"property": "retention", "value": said, "unit": "d"}]
    with pytest.raises(ContractError, match="retention"):
        _parse(document)


def test_a_column_may_end_before_its_row():
    document = _document()
    ends = {"property": "retention", "value": 7, "unit": "d", "element": "household_registry.phone"}
    document["slaProperties"].insert(0, ends)
    read = _parse(document)
    assert (read.column_days, read.retention_days) == ({"phone": 7}, 35)
    ends["element"] = "household_registry.nickname"
    with pytest.raises(ContractError, match="nickname"):
        _parse(document)


def test_a_contract_says_on_which_ground_it_stands():
    grounds = {each.feed: each.ground for each in all_contracts()}
    assert grounds["household_registry"] == "duty"
    assert grounds["border_entries"] == "emergency"
    assert grounds["property_occupancy"] == "consent"


def test_an_unknown_key_deep_inside_is_an_error_with_its_path():
    document = _document()
    document["schema"][0]["properties"][2]["synonim"] = []
    with pytest.raises(ContractError, match=r"household_registry\.yaml: \$\.schema\[0\]\.properties\[2\].*synonim"):
        _parse(document)


def test_an_unknown_custom_property_is_an_error_with_its_name():
    document = _document()
    document["customProperties"].append({"property": "rowCeiling", "value": 1})
    with pytest.raises(ContractError, match="rowCeiling"):
        _parse(document)


@pytest.mark.parametrize("name", ["role", "documentKind"])
def test_a_role_or_kind_outside_the_closed_set_is_an_error(name):
    document = _document()
    document["schema"][0]["properties"][3]["customProperties"] = [{"property": name, "value": "nickname"}]
    with pytest.raises(ContractError, match=name):
        _parse(document)


def test_a_rule_about_a_column_that_is_not_declared_is_an_error():
    document = _document()
    rule = {"kind": "present", "columns": ["nickname"]}
    document["schema"][0]["quality"] = [
        {"name": "nickname_present", "type": "custom", "engine": "street", "severity": "flag", "implementation": rule}
    ]
    with pytest.raises(ContractError, match="nickname"):
        _parse(document)


def test_a_feed_without_a_contract_is_an_error():
    with pytest.raises(ContractError, match="there is no contract nobody"):
        load("nobody")


def _named(feed="household_registry", column=None):
    document = _document()
    document["id"] = document["schema"][0]["name"] = feed
    document["servers"][0]["path"] = f"{feed}/{{business_date}}/*.csv.gz"
    if column:
        document["schema"][0]["properties"][0]["name"] = column
    return document


def test_f13_a_feed_name_that_leaves_no_room_for_its_partitions_is_refused_with_the_limit():
    assert _parse(_named("f" * FEED_LIMIT)).feed == "f" * FEED_LIMIT
    for length in (FEED_LIMIT + 1, 60, 64):
        with pytest.raises(ContractError, match=f"{length} characters; at most {FEED_LIMIT}"):
            _parse(_named("f" * length))


def test_f13_the_longest_feed_names_partitions_differ_in_postgresql(warehouse):
    feed, most = "f" * FEED_LIMIT, 2**63 - 1
    names = {
        warehouse.execute("select %s::text::name::text", (raw.partition(feed, most - at),)).fetchone() for at in (0, 1)
    }
    assert len(names) == 2


def test_f13_a_column_name_that_leaves_no_room_is_refused_with_the_limit():
    assert "c" * COLUMN_LIMIT in {column.name for column in _parse(_named(column="c" * COLUMN_LIMIT)).columns}
    with pytest.raises(ContractError, match=f"at most {COLUMN_LIMIT}"):
        _parse(_named(column="c" * (COLUMN_LIMIT + 1)))


@pytest.mark.parametrize(("feed", "column"), [("a__1", None), ("a\n", None), ("a", "batch_id"), ("a", "ctid")])
def test_f13_a_name_that_the_warehouse_needs_itself_is_refused(feed, column):
    with pytest.raises(ContractError):
        _parse(_named(feed, column))


def test_every_kind_of_server_has_a_connector_and_every_format_a_reader():
    assert set(CONNECTORS) == set(get_args(ServerType))
    assert set(READERS) == set(get_args(Format))


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"type": "custom", "location": "ops.inbox"}, "the location of server inbox must be one of ops.visit_inbox"),
        ({"type": "custom", "location": "ops.visit_inbox"}, "exactly one"),
        ({"format": "parquet"}, "'csv' or 'xlsx'"),
        ({"encoding": "UTF-16"}, "'utf-8' or 'gb18030'"),
        ({"path": "elsewhere/*.csv.gz"}, r"must be household_registry/\{business_date\}/\*\.csv"),
        ({"server": "Inbox 1"}, "name"),
        ({"customProperties": [{"property": "pageCount", "value": 1}]}, "pageCount"),
    ],
)
def test_a_server_that_cannot_be_connected_to_is_an_error_that_says_what_can(said, wrong):
    document = _document()
    document["servers"][0] |= said
    with pytest.raises(ContractError, match=wrong):
        _parse(document)


def test_a_feed_comes_from_one_server():
    document = _document()
    document["servers"] *= 2
    with pytest.raises(ContractError, match="exactly one"):
        _parse(document)


def test_the_words_of_a_visits_kind_are_those_of_its_contract():
    kinds = load("visit_log").column("kind").enum
    assert {code.value: code.label for code in kinds} == labels("visit_kind")
