"""`street person` and `street review`: who is who, why, and people's word on it."""

from __future__ import annotations

import datetime as dt
import getpass
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from runtime.cli.terminal import print_table, sentences

if TYPE_CHECKING:
    import psycopg

person_app = typer.Typer(no_args_is_help=True, help="谁是谁：为什么，合并，拆分；本人的查阅与删除请求。")
review_app = typer.Typer(no_args_is_help=True, help="待人裁定的成对记录和住址。")

KeyArgument = Annotated[str, typer.Argument(help="person_key。")]
ReasonOption = Annotated[str, typer.Option(help="理由，不要写个人信息；与操作者一起留存。")]
NumberArgument = Annotated[int, typer.Argument(help="`street review list` 中的编号。")]
_NEXT = "运行 `street run` 后生效。"


@person_app.command("explain")
def person_explain(key: KeyArgument) -> None:
    """列出一个人的全部记录，各用一句话说明为什么是这个人。不显示任何个人信息。"""
    from linkage import review  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = review.person(connection, key)
        print_table(("来源/批次/行号", "方法", "依据"), [(link.at, link.method, link.why) for link in found])


@person_app.command("merge")
def person_merge(one: KeyArgument, other: KeyArgument, reason: ReasonOption) -> None:
    """裁定两个人是同一人：保留较早的键，以后每次运行都遵守。"""
    from linkage import review  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            review.merge(connection, one, other, getpass.getuser(), reason)
        typer.echo(f"已裁定为同一人。{_NEXT}")


@person_app.command("split")
def person_split(
    key: KeyArgument,
    record: Annotated[str, typer.Argument(help="不属于此人的记录：来源/批次/行号。")],
    reason: ReasonOption,
) -> None:
    """裁定一条记录不是这个人的：另立一人，以后每次运行都遵守。"""
    from linkage import review  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        feed, batch_id, row_no = (*record.split("/"), "", "")[:3]
        if not (batch_id.isdigit() and row_no.isdigit()):
            raise review.ReviewError(f"{record} 不是 来源/批次/行号。")
        with connect() as connection:
            at = review.Position(feed, int(batch_id), int(row_no))
            review.split(connection, key, at, getpass.getuser(), reason)
        typer.echo(f"已裁定为另一人。{_NEXT}")


NamesArgument = Annotated[list[str] | None, typer.Argument(help="此人的姓名（可给几种写法），或其 person_key。")]
DocumentOption = Annotated[
    bool, typer.Option("--document", help="按证件号码找人：随后输入号码，不显示，也不留在命令记录里。")
]


@person_app.command("export")
def person_export(
    to: Annotated[Path, typer.Option(help="写到哪个文件（.html），只有本人账户可读。")],
    reason: ReasonOption,
    names: NamesArgument = None,
    document: DocumentOption = False,
) -> None:
    """本人请求查阅：写出所持有的关于此人的一切，逐来源、逐字段，凭什么、保存到何时。"""
    from runtime import person_page  # noqa: PLC0415
    from sources.contract import all_contracts  # noqa: PLC0415
    from street import holdings  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415
    from street.settings import SHANGHAI, write_private  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            key = _asked_of(connection, names, document=document)
            held = holdings.find(connection, key, all_contracts())
            holdings.record(connection, "export", key, getpass.getuser(), reason, len(held.rows))
            today = dt.datetime.now(SHANGHAI).date()
            write_private(to, person_page.page_of(connection, held, today, all_contracts()))
        typer.echo(f"{to}：{len(held.rows)} 行。内含个人信息，交本人后请删除。")


@person_app.command("forget")
def person_forget(
    reason: ReasonOption,
    names: NamesArgument = None,
    document: DocumentOption = False,
) -> None:
    """本人请求删除：能删的（以其同意为依据的）现在删除；依法或因在办事项须保留的，逐项说明理由和到期日。"""
    from runtime import person_page  # noqa: PLC0415
    from sources.contract import all_contracts  # noqa: PLC0415
    from street import holdings  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415
    from street.settings import SHANGHAI  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            key = _asked_of(connection, names, document=document)
            held = holdings.find(connection, key, all_contracts())
            found = person_page.of_feeds(connection, held, all_contracts())
            free = {each.contract.feed for each in found if each.may_be_forgotten}
            holdings.record(connection, "forget", key, getpass.getuser(), reason, len(held.of(free)))
            removed = holdings.forget(connection, held, free, dt.datetime.now(SHANGHAI).date())
            duties = person_page.running(held)
        print_table(
            ("来源", "行数", "结果"),
            [
                (each.contract.title_zh, each.rows, "已删除" if each.may_be_forgotten else each.kept_zh)
                for each in found
            ],
        )
        for duty in duties:
            typer.echo(f"在办：{duty}。办结之前保留所依据的记录。")
        typer.echo(
            f"已删除 {removed} 行。由其整理出来的，运行 `street run` 后消失。" if removed else "没有可以删除的。"
        )
        if removed:
            typer.echo("请一并告知报送部门：否则下一份名单会再次带来。")


def _asked_of(connection: psycopg.Connection, names: list[str] | None, *, document: bool) -> str:
    """Return the key of the person whom a request is about, if whoever asks may."""
    from sources.contract import all_contracts  # noqa: PLC0415
    from street import holdings  # noqa: PLC0415

    holdings.authorised(connection)
    if document == bool(names):
        raise holdings.HoldingsError("请给出姓名，或用 --document，二者取一。")
    if document:
        number = typer.prompt("证件号码", hide_input=True)
        return holdings.documented(connection, number, all_contracts())
    return holdings.named(connection, names or [])


@review_app.command("list")
def review_list(limit: Annotated[int, typer.Option(min=1, help="最多列出多少件。")] = 50) -> None:
    """列出待裁定的成对记录和住址：境外和返沪人员在前，其余按等待先后。"""
    from linkage import review  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = review.waiting(connection)
        print_table(
            ("编号", "到达人员", "自", "记录", "另一记录", "依据"),
            [
                (each.candidate_id, "是" if each.is_arrival else "", each.since, each.left, each.right, each.why)
                for each in found[:limit]
            ],
        )
        typer.echo(f"共 {len(found)} 件")


@review_app.command("show")
def review_show(number: NumberArgument) -> None:
    """显示一件：成对记录两边是谁（person_key），什么一致，什么不同；住址可能是哪几户（房屋编码）。"""
    from linkage import review  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = review.waiting(connection, number)
        if not found:
            raise review.ReviewError(f"没有待裁定的 {number}：`street review list` 列出全部。")
        each = found[0]
        sides = [(each.left, each.left_person), (each.right, each.right_person)]
        print_table(("来源/批次/行号", "person_key"), sides[:1] if each.is_address else sides)
        typer.echo(each.why)
        for door in each.doors:
            typer.echo(f"  {door}")


@review_app.command("decide")
def review_decide(
    number: NumberArgument,
    answer: Annotated[
        Literal["same", "different", "unsure", "address"],
        typer.Argument(help="same 同一人，different 两个人，address 住址是哪一户，unsure 无法判断。"),
    ],
    door: Annotated[str, typer.Argument(help="address 的房屋编码（dwelling_code）。")] = "",
    reason: ReasonOption = "",
) -> None:
    """裁定一对记录或一个住址；下一次运行起遵守。"""
    from linkage import review  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            if answer == "address":
                review.place(connection, number, door, getpass.getuser(), reason)
            else:
                review.decide(connection, number, answer, getpass.getuser(), reason)
        typer.echo(f"已记下。{_NEXT}")
