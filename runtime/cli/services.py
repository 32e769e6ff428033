"""Commands for the services: start, look, stop; and Airflow's own command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from runtime.cli.terminal import PASSED_ON, print_table, sentences

if TYPE_CHECKING:
    from runtime.supervisor import Supervisor

app = typer.Typer()


@app.command()
def up() -> None:
    """启动（或修复）全部服务：PostgreSQL、Airflow、邮件接收器；没有配置真实来源时生成一条虚构的街道。"""
    with sentences():
        bring_up()
        status()


@app.command()
def down() -> None:
    """停止全部服务；数据保留。"""
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    with sentences():
        Supervisor().down()


@app.command("migrate")
def migrate_warehouse() -> None:
    """把数据仓库（WAREHOUSE_URL 或内置的）升到最新结构，并登记各来源的契约；`street up` 会自动做，可重复运行。"""
    with sentences():
        prepare_warehouse()


@app.command()
def status() -> None:
    """列出各服务是否在运行、在哪个端口，以及 Airflow 的登录方式。"""
    from runtime.services import AIRFLOW_LOGIN  # noqa: PLC0415
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    with sentences():
        supervisor = Supervisor()
        found = supervisor.status()
        print_table(
            ("服务", "状态", "进程", "地址"),
            [(each.name, "运行" if each.running else "停止", each.pid or "", each.address) for each in found],
        )
        if any(each.running for each in found):
            tell_board(supervisor)
            typer.echo(f"Airflow：{supervisor.airflow_url}  用户 {AIRFLOW_LOGIN}  密码 {supervisor.airflow_password}")


@app.command("airflow", context_settings=PASSED_ON)
def run_airflow(arguments: Annotated[list[str] | None, typer.Argument(help="交给 airflow 的参数。")] = None) -> None:
    """运行 Airflow 自己的命令行（`street airflow dags list`），环境与各服务相同。"""
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    with sentences():
        command = [sys.executable, "-m", "airflow", *(arguments or ["--help"])]
        os.execve(sys.executable, command, Supervisor().environment())  # noqa: S606 - the process becomes Airflow's


def tell_board(supervisor: Supervisor) -> None:
    """Print where the board is, and on a synthetic street the logins to look at it with."""
    from runtime import demo  # noqa: PLC0415

    typer.echo(f"看板：{supervisor.board_url}")
    if supervisor.makes_sample:
        for login in demo.logins(supervisor.var / "secrets"):
            typer.echo(f"  {login.title}  用户 {login.account}  口令 {login.password}")


def bring_up() -> Supervisor:
    """Start or heal every service, and bring the warehouse to its newest form."""
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    supervisor = Supervisor(say=typer.echo)
    supervisor.up(prepare_warehouse)
    return supervisor


def prepare_warehouse() -> None:
    """Bring the warehouse to its newest form, make the contracts known to it, and have dbt read the project."""
    from board import accounts  # noqa: PLC0415
    from sources.registry import sync  # noqa: PLC0415
    from street import dbt  # noqa: PLC0415
    from street.database import connect, migrate  # noqa: PLC0415
    from street.settings import settings  # noqa: PLC0415

    migrate()
    with connect() as connection:
        sync(connection)
        if board := settings().street_board_database_url:
            accounts.provide(connection, board)
    dbt.parse()
