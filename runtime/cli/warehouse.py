"""Commands for the warehouse: ask it, trace what it says, build it by hand, write its documents."""

from __future__ import annotations

import csv
import datetime as dt  # noqa: TC003 - Typer reads the annotation
import os
import sys
from typing import Annotated

import typer

from runtime.cli.terminal import PASSED_ON, print_table, sentences

app = typer.Typer()


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="一条查询；省略则打开 psql。")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="输出 CSV，供程序读取。")] = False,
) -> None:
    """查询数据仓库（只读）；不带查询时打开交互式 psql。"""
    from runtime.postgres import binaries  # noqa: PLC0415
    from street.database import answer  # noqa: PLC0415
    from street.settings import settings  # noqa: PLC0415

    with sentences():
        if query is None:
            url = _known(settings().warehouse_url)
            psql = str(binaries() / "psql")
            os.execv(psql, [psql, url])  # noqa: S606 - the terminal becomes psql's
        headings, rows = answer(query)
        if as_csv:
            csv.writer(sys.stdout, lineterminator="\n").writerows([headings, *rows])
        else:
            print_table(headings, rows)


@app.command()
def url() -> None:
    """打印数据仓库的连接地址（含口令）。"""
    from street.settings import settings  # noqa: PLC0415

    with sentences():
        typer.echo(_known(settings().warehouse_url))


@app.command()
def trace(
    table: Annotated[str, typer.Argument(help="已发布的表，如 household_view。")],
    key: Annotated[str, typer.Argument(help="该表的一个键，如 person_key、dwelling_key；或 来源/批次/行号。")],
    limit: Annotated[int, typer.Option(min=1, help="最多列出多少行。")] = 100,
) -> None:
    """追溯一行或一个数字：来自哪个来源、哪一批、哪个文件、第几行。只供运维使用，不显示任何个人信息。"""
    from street import trace as tracing  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            found = tracing.trace(connection, table, key)
        print_table(
            ("来源", "批次", "业务日期", "文件", "批内行号", "文件内行号"),
            [
                (each.feed, each.batch_id, each.business_date, each.file, each.row_no, each.row_in_file)
                for each in found[:limit]
            ],
        )
        typer.echo(f"共 {len(found):,} 条记录" + (f"，只列出前 {limit} 条（--limit）" if len(found) > limit else ""))


@app.command("dbt", context_settings=PASSED_ON)
def run_dbt(
    arguments: Annotated[list[str] | None, typer.Argument(help="交给 dbt 的参数。")] = None,
    date: Annotated[
        dt.datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期；默认有批次的最新一天。写在 dbt 的参数之前。"),
    ] = None,
) -> None:
    """运行 dbt（`street dbt build --select +household_view`），项目、连接和业务日期都已设好；结果不会发布。"""
    from linkage.run import link  # noqa: PLC0415
    from sources.contract import all_contracts  # noqa: PLC0415
    from street import dbt  # noqa: PLC0415

    def link_all(as_of: dt.date) -> None:
        link(as_of, all_contracts())

    with sentences():
        if not dbt.command(arguments or ["--help"], date.date() if date else None, typer.echo, link_all):
            raise typer.Exit(1)


@app.command("docs")
def write_docs() -> None:
    """生成文档站（可搜索）：架构、模型与血缘、数据字典、规则、运维手册、个人信息处理说明、校验结果（只有计数）。"""
    from runtime import site  # noqa: PLC0415

    with sentences():
        typer.echo(site.write())


def _known(warehouse_url: str | None) -> str:
    if warehouse_url is None:
        raise RuntimeError("还没有数据仓库：先运行 `street up`，或设置 WAREHOUSE_URL。")
    return warehouse_url
