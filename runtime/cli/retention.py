"""`street retain`: what is over is removed, or first rehearsed."""

from __future__ import annotations

from typing import Annotated

import typer

from runtime.cli.terminal import DateOption, print_table, sentences

app = typer.Typer()


@app.command()
def retain(
    date: DateOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只演练：列出会删除什么，什么也不删。")] = False,
) -> None:
    """删除保存期限已满的一切：原始记录、隔离的行、收到的文件、中间表、旧版本、关联记忆、邮件、日志；并报告删了什么。

    可随时重跑；被中断的会接着删完。被删除的日期不能再跑。
    """
    from runtime.cli.days import business_date  # noqa: PLC0415
    from street import access, retention  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        as_of = business_date(date)
        with connect() as connection:
            for role in [] if dry_run else access.end_overdue(connection):
                typer.echo(f"登录 {role} 查看人员数据的期限已过，已收回。")
            removed = retention.carry_out(connection, as_of, rehearsal=dry_run)
            kept = retention.in_force_beyond_end(connection, as_of)
            follows = retention.is_published_still(connection)
        print_table(
            ("在哪里", "来源", "数量", "依据"),
            [
                (each.place.title_zh, each.feed, f"{each.items:,} {each.place.unit_zh}", each.place.rule)
                for each in removed
            ],
        )
        typer.echo(
            f"{as_of}：" + ("演练，什么也没有删。" if dry_run else "以上已删除。" if removed else "没有到期的。")
        )
        for feed, day in kept:
            typer.echo(f"{feed} {day} 的名单已超过保存期限，因没有更新的名单而仍在用：请部门尽快报送。")
        if follows:
            typer.echo("已发布的数据仍由删除之前的记录建成：运行 `street run` 后即不再含有。")
