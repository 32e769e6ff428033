"""Commands for readers: who may see what."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - Typer reads the annotations
import getpass
from typing import Annotated

import typer

from runtime.cli.terminal import print_table, sentences

app = typer.Typer(no_args_is_help=True, help="谁能看什么。")
person_app = typer.Typer(no_args_is_help=True, help="看板账户，每人一个。")
app.add_typer(person_app, name="person")

CodeArgument = Annotated[str | None, typer.Argument(help="12 位居委会代码。")]
DashboardOption = Annotated[bool, typer.Option("--dashboard", help="看板：只有计数。")]
StreetOption = Annotated[bool, typer.Option("--street", help="街道：全街道。")]


@app.command("grant")
def access_grant(  # noqa: PLR0913, PLR0917 - the options of a command
    code: CodeArgument = None,
    dashboard: DashboardOption = False,
    street: StreetOption = False,
    persons: Annotated[bool, typer.Option("--persons", help="例外：也看人员数据，须写明截止日期和理由。")] = False,
    until: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m-%d"], help="例外到哪一天为止（含当日）。")
    ] = None,
    reason: Annotated[str, typer.Option(help="为什么不能通过看板查看。")] = "",
) -> None:
    """开通一个只读的数据库登录：只看计数，居委会只看得到本居委会的行；人员数据在看板上看，每次查阅都有记录。

    口令只显示这一次；重复开通即换新口令，并以新的范围为准。
    """
    from street import access  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        if persons != (until is not None):
            raise access.AccessError("--persons 与 --until 须同时给出：看人员数据的登录必须有截止日期。")
        exception = access.Persons(until.date(), reason, getpass.getuser()) if until else None
        with connect() as connection:
            role, password = access.grant(connection, _reader(code, dashboard=dashboard, street=street), exception)
        typer.echo(f"用户 {role}  口令 {password}")


@app.command("revoke")
def access_revoke(code: CodeArgument = None, dashboard: DashboardOption = False, street: StreetOption = False) -> None:
    """收回一个登录：不能再登录，什么也看不到，正在进行的会话立即结束。也可写 `street access list` 列出的用户名。"""
    from street import access  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            role = access.revoke(connection, _reader(code, dashboard=dashboard, street=street))
        typer.echo(f"用户 {role} 已收回。")


@app.command("list")
def access_list() -> None:
    """列出能登录的读者：谁，能看什么，何时开通。不显示口令。"""
    from street import access  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = access.listed(connection)
        print_table(
            ("用户", "角色", "居委会", "开通于", "人员数据截止", "理由"),
            [
                (
                    each.role,
                    each.group,
                    each.committee_code or "",
                    each.since or "",
                    each.until or "",
                    each.reason or "",
                )
                for each in found
            ],
        )


def _reader(code: str | None, *, dashboard: bool, street: bool) -> str:
    from street.access import DASHBOARD, STREET, AccessError  # noqa: PLC0415

    named = [code] if code else []
    named += [DASHBOARD] if dashboard else []
    named += [STREET] if street else []
    if len(named) != 1:
        raise AccessError("请给出一个居委会代码、--dashboard 或 --street，三者取一。")
    return named[0]


@person_app.command("add")
def person_add(
    account: Annotated[str, typer.Argument(help="账户名：小写字母开头。")],
    reader: Annotated[str, typer.Argument(help="12 位居委会代码、street、dashboard（只有计数）或 auditor。")],
    name: Annotated[str, typer.Option(help="姓名。")],
) -> None:
    """给一个人开通看板账户。口令只显示这一次；重复即换新口令，已登录的会话结束。"""
    from board import accounts  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            password = accounts.add(connection, account, name, reader, getpass.getuser())
        typer.echo(f"用户 {account}  口令 {password}")


@person_app.command("end")
def person_end(account: Annotated[str, typer.Argument(help="账户名。")]) -> None:
    """收回一个人的看板账户：已登录的会话立即结束。"""
    from board import accounts  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            accounts.end(connection, account)
        typer.echo(f"账户 {account} 已收回。")


@person_app.command("list")
def person_list() -> None:
    """列出看板账户：谁，以哪个角色查看，何时开通、收回。"""
    from board import accounts  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = accounts.listed(connection)
        print_table(
            ("账户", "姓名", "角色", "开通于", "收回于"),
            [
                (each.account, each.full_name, each.role_name, f"{each.added_at:%Y-%m-%d}",
                 f"{each.ended_at:%Y-%m-%d}" if each.ended_at else "")
                for each in found
            ],
        )  # fmt: skip
