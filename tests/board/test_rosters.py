"""Ledgers over HTTP: the role's rows alone, the reason asked and kept, a department's own form."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import openpyxl

from reports.ledger import ledgers
from tests.board.conftest import OURS, Server

if TYPE_CHECKING:
    import httpx


def test_every_ledger_is_answered_with_the_role_s_rows_alone(server: Server, ours: httpx.Client) -> None:
    for name, each in ledgers().items():
        answer = ours.post(f"/rosters/{name}", data={"do": "show"})
        assert answer.status_code == 200, name
        rows = server.rows(f"select count(*) as n from ({each.query(committee=OURS)}) as told")
        assert f"共 {rows[0]['n']} 行" in answer.text, name


def test_the_street_says_why_it_asks_and_the_workbook_says_who_when_and_why(
    server: Server, street: httpx.Client
) -> None:
    address = "/rosters/living_alone_elderly"
    assert street.post(address, data={"do": "workbook", "reason": ""}).status_code == 422
    answer = street.post(address, data={"do": "workbook", "reason": "高温走访", "narrower": "age >= 75"})
    book = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[0]
    look = server.rows("select * from audit.access order by access_id desc limit 1")[0]
    assert (look["what"], look["reason"], look["account"]) == ("ledger", "高温走访", "street")
    assert f"查阅记录 {look['access_id']} 号" in str(book["A2"].value)
    assert "street" in str(book["A2"].value)
    assert book.max_row - 3 == look["persons"] == server.rows(
        "select count(*) as n from marts.household_view where 'living_alone_elderly' = any(tags) and age >= 75"
    )[0]["n"]  # fmt: skip
    wrong = street.post(address, data={"do": "show", "reason": "高温走访", "narrower": "age >"})
    assert wrong.status_code == 422


def test_a_department_s_form_comes_back_filled(ours: httpx.Client) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["序号", "姓名", "手机号", "血型"])
    buffer = io.BytesIO()
    book.save(buffer)
    answer = ours.post("/rosters/elderly", data={"do": "form"}, files={"form": ("调查表.xlsx", buffer.getvalue())})
    sheet, told = openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets
    assert [cell.value for cell in sheet[1]] == ["序号", "姓名", "手机号", "血型"]
    assert sheet.max_row > 10
    assert any("血型" in str(row[0].value) for row in told)
    assert ours.post("/rosters/elderly", data={"do": "form"}).status_code == 422
