"""Commands for what arrives: the inbox, batches, feeds and their contracts."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - Typer reads the annotation
import getpass
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import Annotated

import typer

from runtime.cli.terminal import print_table, sentences

app = typer.Typer()
batch_app = typer.Typer(no_args_is_help=True, help="处理单个批次。")
feed_app = typer.Typer(no_args_is_help=True, help="来源及其契约。")


@app.command()
def inbox(
    feed: Annotated[str | None, typer.Option(help="只看一个来源。")] = None,
    date: Annotated[
        dt.datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="只看一个业务日期的文件夹。")
    ] = None,
) -> None:
    """列出收件箱里有什么、各文件的下落：待入库、在哪一批、读不了的原因、因不是名单而忽略。"""
    from sources.contract import all_contracts, load  # noqa: PLC0415
    from sources.lying import lying  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        day = date.date() if date else None
        with connect() as connection:
            found = [
                each for terms in ([load(feed)] if feed else all_contracts()) for each in lying(connection, terms, day)
            ]
        print_table(
            ("来源", "业务日期", "文件", "字节", "下落"),
            [(each.feed, each.day, each.name, each.size, each.state) for each in found],
        )
        lists = sum(each.size is not None for each in found)
        typer.echo(f"名单 {lists} 份，另有 {len(found) - lists} 项不是名单或打不开")


@app.command()
def batches(feed: Annotated[str | None, typer.Option(help="只看一个来源。")] = None) -> None:
    """列出各批次：何时收到、多少行、结果和原因。"""
    from street.database import connect, scrubbed  # noqa: PLC0415

    with sentences():
        with scrubbed(), connect() as connection:
            rows = connection.execute(
                "select batch_id, feed, source, business_date, rows_received, rows_accepted, rows_quarantined,"
                " rows_superseded, status, coalesce(reason, '') from ops.batch"
                " where %(feed)s::text is null or feed = %(feed)s order by batch_id",
                {"feed": feed},
            ).fetchall()
        print_table(("批次", "来源", "单位", "业务日期", "收到", "接受", "隔离", "被取代", "状态", "原因"), rows)


@batch_app.command("accept")
def batch_accept(batch_id: Annotated[int, typer.Argument(help="`street batches` 中的批次号。")]) -> None:
    """人工接受一个被拒绝的批次；之后 `street run` 用它重新建仓。"""
    from street import batch  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            batch.accept(connection, batch_id, by=getpass.getuser())
        typer.echo(f"批次 {batch_id} 已接受。运行 `street run` 后生效。")


@batch_app.command("withdraw")
def batch_withdraw(
    batch_id: Annotated[int, typer.Argument(help="`street batches` 中的批次号。")],
    reason: Annotated[str, typer.Option(help="原因，不要写个人信息；与操作者一起留在批次上。")],
) -> None:
    """撤回一个错误接受的批次，恢复使用它之前的一批；之后 `street run` 重新建仓。"""
    from street import batch  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            batch.withdraw(connection, batch_id, by=getpass.getuser(), reason=reason)
        typer.echo(f"批次 {batch_id} 已撤回。运行 `street run` 后生效。")


@batch_app.command("retry")
def batch_retry(batch_id: Annotated[int, typer.Argument(help="`street batches` 中的批次号。")]) -> None:
    """修正契约之后，让一个被拒绝的批次按现行契约重新入库；文件须仍在收件箱里。之后运行 `street run`。"""
    from sources import relanding  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            relanding.reopen(connection, batch_id)
        typer.echo(f"批次 {batch_id} 等待重新入库。运行 `street run` 后生效。")


@feed_app.command("new")
def feed_new(
    name: Annotated[str, typer.Argument(help="来源的英文标识，如 school_roll。")],
    sample: Annotated[Path, typer.Option("--from", exists=True, dir_okay=False, help="样表：.csv、.csv.gz 或 .xlsx。")],
) -> None:
    """由一份样表起草契约和清洗模型，并列出须由人填写的各处；填好后 status 改为 active，再 `make render`。"""
    from sources import contract, skeleton  # noqa: PLC0415
    from street.settings import ROOT  # noqa: PLC0415

    with sentences():
        paths = skeleton.begin(name, sample, ROOT)
        for path in paths:
            typer.echo(path)
        left = contract.unfinished(paths[0].read_text(encoding="utf-8"))
        typer.echo("\n".join([f"契约中有 {len(left)} 处待填写；填好之前它是草稿，不影响其他来源：", *left]))
