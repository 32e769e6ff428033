"""Whose a row is: a namesake's, a relative's and a doubtful record's isn't the person's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from street import holdings

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg

NUMBER, PHONE = "11010519491231002X", "13916000000"


@dataclass(frozen=True)
class AFeed:
    feed: str = "list"
    roles: Mapping[str, str] = field(
        default_factory=lambda: {"person_name": "name", "document_number": "number", "phone": "phone"}
    )


@pytest.fixture
def conn(warehouse: psycopg.Connection) -> psycopg.Connection:
    """Two batches of one list; the second is linked. Row 1 is the person's in both."""
    warehouse.execute(
        "create table raw.list (_batch_id bigint, _row_no int, _row_hash text, name text, number text, phone text,"
        " guardian text, note text) partition by list (_batch_id)"
    )
    for batch_id in (1, 2):
        warehouse.execute(f"create table raw.list__{batch_id} partition of raw.list for values in ({batch_id})")
    warehouse.execute(
        "create table linkage.record_link (feed text, batch_id bigint, row_no int, person_key text, dwelling_key text,"
        " flags text[])"
    )
    warehouse.execute("create table core.dim_person (person_key text, full_name text, phone text, id_masked text)")
    warehouse.execute(
        "insert into core.dim_person values ('pA', '张三', %s, null), ('pB', '张三', null, null)", (PHONE,)
    )
    given = [
        (1, "张三", NUMBER, PHONE, None, None),  # older, linked by nothing any more
        (2, "张三", NUMBER, PHONE, None, None),
        (2, "张三", None, "13800000000", None, None),  # a namesake
        (2, "李四", None, PHONE, None, None),  # shares the phone
        (2, "张三丰", None, PHONE, None, None),  # the name within another
        (2, "王五", None, PHONE, "张三", None),  # whose guardian the person is
        (2, "赵六", None, None, None, f"见{NUMBER}"),  # mentions the number
    ]
    row_nos: dict[int, int] = {}
    for batch_id, *values in given:
        row_nos[batch_id] = row_no = row_nos.get(batch_id, 0) + 1
        warehouse.execute("insert into raw.list values (%s, %s, 'h', %s, %s, %s, %s, %s)", (batch_id, row_no, *values))
    for row_no, key in ((1, "pA"), (2, "pB"), (3, "pC")):
        warehouse.execute("insert into linkage.record_link values ('list', 2, %s, %s, null, '{}')", (row_no, key))
    warehouse.commit()
    return warehouse


def of_the_list(held: holdings.Holdings) -> list[tuple[int, int, bool]]:
    return [(row.batch_id, row.values["_row_no"], row.about) for row in held.rows if row.feed == "list"]


def test_a_persons_rows_are_found_in_every_batch_and_nobody_elses(conn: psycopg.Connection) -> None:
    assert of_the_list(holdings.find(conn, "pA", [AFeed()])) == [
        (1, 1, True),
        (2, 1, True),
        (2, 5, False),
        (2, 6, False),
    ]
    assert of_the_list(holdings.find(conn, "pB", [AFeed()])) == [(2, 2, True)]


def test_the_number_of_a_doubtful_record_leads_to_nobody(conn: psycopg.Connection) -> None:
    conn.execute("insert into raw.list values (2, 7, 'h', '钱七', %s, null, null, null)", (NUMBER,))
    conn.execute("insert into linkage.record_link values ('list', 2, 7, 'pD', null, '{document_of_another}')")
    conn.commit()
    assert of_the_list(holdings.find(conn, "pD", [AFeed()])) == []


def test_who_is_asked_for_must_be_one_person(conn: psycopg.Connection) -> None:
    with pytest.raises(holdings.HoldingsError, match=r"有 2 人符合.*pA、pB"):
        holdings.named(conn, ["张三"])
    with pytest.raises(holdings.HoldingsError, match="没有在用的记录"):
        holdings.named(conn, ["无名"])
    assert holdings.documented(conn, f" {NUMBER.lower()} ", [AFeed()]) == "pA"


def test_a_request_without_a_reason_is_not_carried_out(conn: psycopg.Connection) -> None:
    with pytest.raises(holdings.HoldingsError, match="请写明原因"):
        holdings.record(conn, "export", "pA", "duty", " ", 1)
