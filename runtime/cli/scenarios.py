"""`street scenario`: check a scenario before it runs, and switch one on or off between its dates."""

from __future__ import annotations

import getpass
import time
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import Annotated

import typer

from runtime.cli.days import business_date
from runtime.cli.terminal import DateOption, print_table, sentences

scenario_app = typer.Typer(
    no_args_is_help=True, help="场景：看谁、凭什么、到哪天，一个场景一个 YAML 文件（scenarios/）。"
)

NameArgument = Annotated[str, typer.Argument(help="场景代码，如 `street scenario list` 所列。")]
_STATES = {"running": "运行中", "off": "已关闭", "coming": "未开始", "ended": "已到期"}
_NEXT = "运行 `street run` 后生效。"


@scenario_app.command("check")
def scenario_check(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="场景文件，如 scenarios/heatwave.yaml。")],
    date: DateOption = None,
) -> None:
    """检查一个场景文件：能不能用，在已建好的街道上各居委会涉及几人、几人无法判断、每天几项任务。什么也不改。"""
    from scenarios import register  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    began = time.monotonic()
    with sentences():
        on = business_date(date)
        with connect() as connection:
            said, found = register.check(connection, file)
        print_table(
            ("居委会", "人数", "无法判断", "每天任务"),
            [(line.committee, line.population, line.unknown, f"{line.duties_a_day:.1f}") for line in found],
        )
        people, unknown = sum(line.population for line in found), sum(line.unknown for line in found)
        a_day = sum(line.duties_a_day for line in found)
        typer.echo(f"{said.title_zh}：{people:,} 人，无法判断 {unknown:,} 人，每天约 {a_day:,.0f} 项任务。")
        typer.echo(f"从 {said.runs.since} 到 {said.runs.until}；{on} {_STATES[said.state(on)]}。")
        typer.echo(f"用时 {time.monotonic() - began:.1f} 秒")


@scenario_app.command("list")
def scenario_list(date: DateOption = None) -> None:
    """列出 scenarios/ 中的场景：起止、在这一天是否运行、版本，以及不能用的原因。"""
    from scenarios import register  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        on = business_date(date)
        with connect() as connection:
            register.sync(connection)
            connection.commit()
            found = register.known(connection, on)
        print_table(
            ("场景", "名称", "从", "到", on.isoformat(), "版本"),
            [
                (each.scenario, each.title_zh, each.runs_from, each.runs_until, _STATES.get(each.state, "不能用"),
                 each.digest and each.digest[:8])
                for each in found
            ],
        )  # fmt: skip
        for each in found:
            if each.refused:
                typer.echo(each.refused + ("沿用上一次可用的设定。" if each.digest and each.state != "refused" else ""))


@scenario_app.command("on")
def scenario_on(name: NameArgument, date: DateOption = None) -> None:
    """打开一个场景；只能在它的起止日期之间。"""
    _switch(name, date, is_on=True)


@scenario_app.command("off")
def scenario_off(name: NameArgument, date: DateOption = None) -> None:
    """关闭一个场景；只能在它的起止日期之间。"""
    _switch(name, date, is_on=False)


def _switch(name: str, date: DateOption, *, is_on: bool) -> None:
    from scenarios import register  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with sentences():
        with connect() as connection:
            register.sync(connection)
            register.switch(connection, name, is_on=is_on, on=business_date(date), by=getpass.getuser())
            connection.commit()
        typer.echo(f"场景 {name} 已{'打开' if is_on else '关闭'}。{_NEXT}")
