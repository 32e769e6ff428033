"""`street alias`: names of compounds that the housing list doesn't have, and people's word on them."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from runtime.cli.terminal import print_table, sentences

alias_app = typer.Typer(no_args_is_help=True, help="小区别名：物业或居民的叫法对应底册上的哪个小区。")

AliasArgument = Annotated[str, typer.Argument(help="别名，如 `street alias list` 所列。")]
ReasonOption = Annotated[str, typer.Option(help="理由，不要写个人信息；与操作者一起留存。")]
_NEXT = "运行 `street run` 后生效。"


@alias_app.command("list")
def alias_list() -> None:
    """列出待裁定的小区别名：可能是哪个小区，几人中有几人可以印证。"""
    from linkage import aliases  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = aliases.waiting(connection)
        print_table(
            ("别名", "可能是", "印证人数", "共", "自"),
            [(name, compound, people, of_people, since) for name, compound, people, of_people, since in found],
        )
        typer.echo(f"共 {len(found)} 个")


@alias_app.command("accept")
def alias_accept(
    alias: AliasArgument,
    compound: Annotated[str, typer.Argument(help="底册上的小区名称。")],
    reason: ReasonOption = "",
) -> None:
    """裁定一个别名就是底册上的这个小区，以后每次运行都遵守。"""
    _decide(alias, compound, reason)


@alias_app.command("refuse")
def alias_refuse(alias: AliasArgument, reason: ReasonOption = "") -> None:
    """裁定一个别名不是本街道任何小区的名称，以后不再学习、不再询问。"""
    _decide(alias, None, reason)


def _decide(alias: str, compound: str | None, reason: str) -> None:
    from linkage import aliases  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            aliases.decide(connection, alias, compound, getpass.getuser(), reason)
        typer.echo(f"已记下。{_NEXT}")
