"""`street ledger`: a ledger 台账 as a workbook, asked by whoever runs the warehouse."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path
from typing import Annotated

import typer

from runtime.cli.terminal import print_table, sentences

app = typer.Typer()


@app.command("ledger")
def make_ledger(
    name: Annotated[str | None, typer.Argument(help="台账的英文标识；省略则列出全部。")] = None,
    committee: Annotated[str | None, typer.Option(help="12 位居委会代码；省略则全街道。")] = None,
    reason: Annotated[str, typer.Option(help="用途；与操作者一起留在查阅记录里。")] = "",
    out: Annotated[Path | None, typer.Option(help="写到哪个文件；默认当前目录。")] = None,
) -> None:
    """把一本台账导出为表格；与看板一样留下查阅记录。"""
    from reports.ledger import LedgerError, ledger, ledgers  # noqa: PLC0415
    from reports.ledger_book import Origin, workbook  # noqa: PLC0415
    from street.database import connect, scrubbed  # noqa: PLC0415
    from street.settings import SHANGHAI  # noqa: PLC0415

    with sentences():
        if name is None:
            print_table(
                ("台账", "名称", "用途"), [(each.name, each.title_zh, each.purpose) for each in ledgers().values()]
            )
            return
        chosen = ledger(name)
        if len(reason.strip()) < 2:
            raise LedgerError("请用 --reason 写明用途：会与查阅记录一起留存。")
        account = f"street:{getpass.getuser()}"
        with connect() as connection, scrubbed():
            rows = connection.execute(chosen.query(committee=committee).encode()).fetchall()
            as_of = connection.execute("select max(as_of) from ops.published").fetchall()[0][0]
            persons = len({row[-1] for row in rows} - {None}) if chosen.subject.person else len(rows)
            number = connection.execute(
                "insert into audit.access (account, role_name, what, keys, persons, reason)"
                " values (%s, current_user, 'ledger', %s, %s, %s) returning access_id",
                (account, [key for key in (name, committee) if key], persons, reason.strip()),
            ).fetchall()[0][0]
        origin = Origin(account, dt.datetime.now(SHANGHAI), reason.strip(), number, as_of)
        path = out or Path(f"{chosen.title_zh}-{as_of:%Y%m%d}.xlsx")
        path.write_bytes(workbook(chosen.title_zh, chosen.columns, [row[:-1] for row in rows], origin))
        typer.echo(f"{path}：{len(rows):,} 行，查阅记录 {number} 号")
