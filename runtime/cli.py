"""The command line `street`: the office's services, its business days, its data.

The composition root: the only module of the house that knows all others, each inside the command that needs it.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import getpass
import json
import os
import sys
import time
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runtime.day import Day, Step
    from runtime.supervisor import Supervisor

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="街道治理数据仓库。`street up` 启动服务，`street run` 跑完一个工作日，`street sql` 查数，`street down` 停止。",
)
batch_app = typer.Typer(no_args_is_help=True, help="处理单个批次。")
feed_app = typer.Typer(no_args_is_help=True, help="来源及其契约。")
access_app = typer.Typer(no_args_is_help=True, help="谁能看什么。")
app.add_typer(batch_app, name="batch")
app.add_typer(feed_app, name="feed")
app.add_typer(access_app, name="access")

_OURS = ("runtime", "street", "sources", "linkage", "reports", "builtins")
_STATES = {
    "waiting": "等待", "queued": "排队", "running": "运行", "success": "完成", "failed": "失败",
}  # fmt: skip
_HEADLINES = {
    "在住居民": "select sum(residents) from marts.compound_overview",
    "房屋（户）": "select sum(dwellings) from marts.compound_overview",
    "居家隔离中": "select count(*) from marts.isolation_episode where status = 'isolating'",
    "独居老人": "select sum(living_alone_elderly) from marts.compound_overview",
    "待落实记录": "select count(*) from marts.unresolved",
}

DateOption = Annotated[
    dt.datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期；默认今天（上海），虚构街道默认其自身的日期。"),
]


CodeArgument = Annotated[str | None, typer.Argument(help="12 位居委会代码。")]
DashboardOption = Annotated[bool, typer.Option("--dashboard", help="看板：只有计数。")]
StreetOption = Annotated[bool, typer.Option("--street", help="街道：全部数据集市。")]


@app.command()
def up() -> None:
    """启动（或修复）全部服务：PostgreSQL、Airflow、邮件接收器；没有配置真实来源时生成一条虚构的街道。"""
    with _sentences():
        _bring_up()
        status()


@app.command()
def down() -> None:
    """停止全部服务；数据保留。"""
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    with _sentences():
        Supervisor().down()


@app.command("migrate")
def migrate_warehouse() -> None:
    """把数据仓库（WAREHOUSE_URL 或内置的）升到最新结构，并登记各来源的契约；`street up` 会自动做，可重复运行。"""
    with _sentences():
        _prepare_warehouse()


@app.command()
def status() -> None:
    """列出各服务是否在运行、在哪个端口，以及 Airflow 的登录方式。"""
    from runtime.services import AIRFLOW_LOGIN  # noqa: PLC0415
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    with _sentences():
        supervisor = Supervisor()
        found = supervisor.status()
        _print_table(
            ("服务", "状态", "进程", "地址"),
            [(each.name, "运行" if each.running else "停止", each.pid or "", each.address) for each in found],
        )
        if any(each.running for each in found):
            typer.echo(f"Airflow：{supervisor.airflow_url}  用户 {AIRFLOW_LOGIN}  密码 {supervisor.airflow_password}")


@app.command()
def run(date: DateOption = None) -> None:
    """跑完一个工作日：各部门名单入库，建仓，日报寄出。可随时重跑：没有新数据时几秒钟结束，被中断的会接着跑完。"""
    from runtime import day  # noqa: PLC0415
    from sources.contract import all_contracts  # noqa: PLC0415

    with _sentences():
        supervisor = _bring_up()
        as_of = date.date() if date else _default_date(supervisor)
        typer.echo(f"工作日 {as_of}")
        began = time.monotonic()
        # A snapshot is one batch; the others may have many days to catch up, so they begin first.
        contracts = sorted(all_contracts(), key=lambda contract: contract.load_mode == "snapshot")
        feeds = {contract.feed: contract.title_zh for contract in contracts}
        with supervisor.airflow() as api, _progress() as show:
            ended = day.run(api, as_of, feeds, show, supervisor.dead)
        typer.echo(f"共用时 {time.monotonic() - began:.0f} 秒")
        _tell(supervisor, ended)
    if not ended.succeeded:
        raise typer.Exit(1)


@app.command()
def sql(
    query: Annotated[str | None, typer.Argument(help="一条查询；省略则打开 psql。")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="输出 CSV，供程序读取。")] = False,
) -> None:
    """查询数据仓库（只读）；不带查询时打开交互式 psql。"""
    from runtime.postgres import binaries  # noqa: PLC0415
    from street.database import connect, scrubbed  # noqa: PLC0415
    from street.settings import settings  # noqa: PLC0415

    with _sentences():
        if query is None:
            url = _known(settings().warehouse_url)
            psql = str(binaries() / "psql")
            os.execv(psql, [psql, url])  # noqa: S606 - the terminal becomes psql's
        with scrubbed(), connect() as connection:
            connection.read_only = True
            cursor = connection.execute(query.encode())
            headings = [column.name for column in cursor.description or ()]
            rows = cursor.fetchall() if headings else []
        if as_csv:
            csv.writer(sys.stdout).writerows([headings, *rows])
        else:
            _print_table(headings, rows)


@app.command()
def url() -> None:
    """打印数据仓库的连接地址（含口令）。"""
    from street.settings import settings  # noqa: PLC0415

    with _sentences():
        typer.echo(_known(settings().warehouse_url))


@app.command()
def batches(feed: Annotated[str | None, typer.Option(help="只看一个来源。")] = None) -> None:
    """列出各批次：何时收到、多少行、结果和原因。"""
    from street.database import connect, scrubbed  # noqa: PLC0415

    with _sentences():
        with scrubbed(), connect() as connection:
            rows = connection.execute(
                "select batch_id, feed, source, business_date, rows_received, rows_accepted, rows_quarantined,"
                " rows_superseded, status, coalesce(reason, '') from ops.batch"
                " where %(feed)s::text is null or feed = %(feed)s order by batch_id",
                {"feed": feed},
            ).fetchall()
        _print_table(("批次", "来源", "单位", "业务日期", "收到", "接受", "隔离", "被取代", "状态", "原因"), rows)


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

    with _sentences():
        day = date.date() if date else None
        with connect() as connection:
            found = [
                each for terms in ([load(feed)] if feed else all_contracts()) for each in lying(connection, terms, day)
            ]
        _print_table(
            ("来源", "业务日期", "文件", "字节", "下落"),
            [(each.feed, each.day, each.name, each.size, each.state) for each in found],
        )
        lists = sum(each.size is not None for each in found)
        typer.echo(f"名单 {lists} 份，另有 {len(found) - lists} 项不是名单或打不开")


@app.command()
def trace(
    table: Annotated[str, typer.Argument(help="已发布的表，如 household_view。")],
    key: Annotated[str, typer.Argument(help="该表的一个键，如 person_key、dwelling_key；或 来源/批次/行号。")],
    limit: Annotated[int, typer.Option(min=1, help="最多列出多少行。")] = 100,
) -> None:
    """追溯一行或一个数字：来自哪个来源、哪一批、哪个文件、第几行。只供运维使用，不显示任何个人信息。"""
    from street import trace as tracing  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with _sentences():
        with connect() as connection:
            found = tracing.trace(connection, table, key)
        _print_table(
            ("来源", "批次", "业务日期", "文件", "批内行号", "文件内行号"),
            [
                (each.feed, each.batch_id, each.business_date, each.file, each.row_no, each.row_in_file)
                for each in found[:limit]
            ],
        )
        typer.echo(f"共 {len(found):,} 条记录" + (f"，只列出前 {limit} 条（--limit）" if len(found) > limit else ""))


@app.command("docs")
def write_docs() -> None:
    """生成文档站：模型与血缘（dbt）、数据字典、个人信息处理说明、规则、运维手册、校验结果（只有计数）。"""
    from runtime import site  # noqa: PLC0415

    with _sentences():
        typer.echo(site.write())


@batch_app.command("accept")
def batch_accept(batch_id: Annotated[int, typer.Argument(help="`street batches` 中的批次号。")]) -> None:
    """人工接受一个被拒绝的批次；之后 `street run` 用它重新建仓。"""
    from street import batch  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with _sentences():
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

    with _sentences():
        with connect() as connection:
            batch.withdraw(connection, batch_id, by=getpass.getuser(), reason=reason)
        typer.echo(f"批次 {batch_id} 已撤回。运行 `street run` 后生效。")


@batch_app.command("retry")
def batch_retry(batch_id: Annotated[int, typer.Argument(help="`street batches` 中的批次号。")]) -> None:
    """修正契约之后，让一个被拒绝的批次按现行契约重新入库；文件须仍在收件箱里。之后运行 `street run`。"""
    from sources import relanding  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with _sentences():
        with connect() as connection:
            relanding.reopen(connection, batch_id)
        typer.echo(f"批次 {batch_id} 等待重新入库。运行 `street run` 后生效。")


@feed_app.command("new")
def feed_new(
    name: Annotated[str, typer.Argument(help="来源的英文标识，如 school_roll。")],
    sample: Annotated[Path, typer.Option("--from", exists=True, dir_okay=False, help="样表：.csv、.csv.gz 或 .xlsx。")],
) -> None:
    """由一份样表起草契约和清洗模型，并列出须由人填写的各处；填好后 status 改为 active，再 `make render`。"""
    from runtime.supervisor import ROOT  # noqa: PLC0415
    from sources import contract, skeleton  # noqa: PLC0415

    with _sentences():
        paths = skeleton.begin(name, sample, ROOT)
        for path in paths:
            typer.echo(path)
        left = contract.unfinished(paths[0].read_text(encoding="utf-8"))
        typer.echo("\n".join([f"契约中有 {len(left)} 处待填写；填好之前它是草稿，不影响其他来源：", *left]))


@access_app.command("grant")
def access_grant(code: CodeArgument = None, dashboard: DashboardOption = False, street: StreetOption = False) -> None:
    """开通一个只读的数据库登录：居委会只看得到本居委会的行。口令只显示这一次；重复开通即换新口令。"""
    from street import access  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with _sentences():
        with connect() as connection:
            role, password = access.grant(connection, _reader(code, dashboard=dashboard, street=street))
        typer.echo(f"用户 {role}  口令 {password}")


@access_app.command("revoke")
def access_revoke(code: CodeArgument = None, dashboard: DashboardOption = False, street: StreetOption = False) -> None:
    """收回一个登录：不能再登录，什么也看不到，正在进行的会话立即结束。也可写 `street access list` 列出的用户名。"""
    from street import access  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with _sentences():
        with connect() as connection:
            role = access.revoke(connection, _reader(code, dashboard=dashboard, street=street))
        typer.echo(f"用户 {role} 已收回。")


@access_app.command("list")
def access_list() -> None:
    """列出能登录的读者：谁，能看什么，何时开通。不显示口令。"""
    from street import access  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with _sentences():
        with connect() as connection:
            found = access.listed(connection)
        _print_table(
            ("用户", "角色", "居委会", "开通于"),
            [(each.role, each.group, each.committee_code or "", each.since or "") for each in found],
        )


def _reader(code: str | None, *, dashboard: bool, street: bool) -> str:
    from street.access import DASHBOARD, STREET, AccessError  # noqa: PLC0415

    named = [code] if code else []
    named += [DASHBOARD] if dashboard else []
    named += [STREET] if street else []
    if len(named) != 1:
        raise AccessError("请给出一个居委会代码、--dashboard 或 --street，三者取一。")
    return named[0]


@app.command()
def sample(
    out: Annotated[Path, typer.Option(help="写到哪个文件夹。")],
    date: DateOption = None,
    persons: Annotated[int | None, typer.Option(min=1000, help="人数；默认一条完整的街道。")] = None,
    seed: Annotated[int, typer.Option(help="同一种子生成同一条街道。")] = 1,
) -> None:
    """生成一条虚构的街道：各部门的名单、口岸接口的数据，以及用来核对的真相。"""
    from sample.generate import BUSINESS_DATE, FULL_SIZE, generate  # noqa: PLC0415

    with _sentences():
        generate(out, date.date() if date else BUSINESS_DATE, persons or FULL_SIZE, seed)
        typer.echo(f"虚构街道已生成：{out}")


@app.command()
def report(
    date: DateOption = None,
    show: Annotated[bool, typer.Option("--open", help="用浏览器打开。")] = False,
) -> None:
    """由已发布的数据生成某日的日报（不寄出），并打印文件位置。"""
    from reports.daily import render  # noqa: PLC0415
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    with _sentences():
        made = render(date.date() if date else _default_date(Supervisor()))
        typer.echo(made.html)
        if show:
            typer.launch(made.html.resolve().as_uri())


def _bring_up() -> Supervisor:
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    supervisor = Supervisor(say=typer.echo)
    supervisor.up(_prepare_warehouse)
    return supervisor


def _prepare_warehouse() -> None:
    from sources.registry import sync  # noqa: PLC0415
    from street import dbt  # noqa: PLC0415
    from street.database import connect, migrate  # noqa: PLC0415

    migrate()
    with connect() as connection:
        sync(connection)
    dbt.parse()


def _default_date(supervisor: Supervisor) -> dt.date:
    from street.settings import SHANGHAI  # noqa: PLC0415

    if not supervisor.makes_sample:
        return dt.datetime.now(SHANGHAI).date()
    manifest = json.loads((supervisor.sample_dir / "manifest.json").read_text(encoding="utf-8"))
    return dt.date.fromisoformat(manifest["date"])


def _known(warehouse_url: str | None) -> str:
    if warehouse_url is None:
        raise RuntimeError("还没有数据仓库：先运行 `street up`，或设置 WAREHOUSE_URL。")
    return warehouse_url


def _tell(supervisor: Supervisor, ended: Day) -> None:
    """Print the day's headline figures and where to look."""
    from runtime.services import AIRFLOW_LOGIN  # noqa: PLC0415
    from street.database import connect, scrubbed  # noqa: PLC0415

    bad = [step.title for step in ended.steps if step.state == "failed"]
    if bad:
        typer.echo(f"未完成：{'、'.join(bad)}。原因见 Airflow 与 `street batches`；已发布的数据保持不变。")
    late = [step.title for step in ended.feeds if not step.ended]
    if late:
        typer.echo(f"仍在入库，未等待：{'、'.join(late)}。结束后再运行 `street run` 即计入。")
    if ended.warehouse.state == "success":
        with scrubbed(), connect() as connection:
            rows = [(title, _only(connection.execute(query).fetchone())) for title, query in _HEADLINES.items()]
        _print_table(("指标", "数值"), [(title, "无数据" if value is None else f"{value:,}") for title, value in rows])
    typer.echo(f"日报：{supervisor.var / 'reports' / ended.as_of.isoformat() / 'report.html'}")
    typer.echo(f"邮件：{supervisor.var / 'mail'}")
    typer.echo(f"Airflow：{supervisor.airflow_url}  用户 {AIRFLOW_LOGIN}  密码 {supervisor.airflow_password}")
    typer.echo("查数：street sql 'select * from marts.compound_overview limit 10'")


def _only(row: Sequence[Any] | None) -> Any:  # noqa: ANN401 - a value of any column
    return row[0] if row else None


@contextlib.contextmanager
def _progress() -> Iterator[Any]:
    """Give a function that shows a day as it stands: a table that lives on a terminal, lines elsewhere."""
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console()
    if not console.is_terminal:
        told: set[str] = set()

        def tell(day: Day) -> None:
            for step in day.steps:
                if step.ended and step.dag_id not in told:
                    told.add(step.dag_id)
                    typer.echo("  ".join(_line(step)))

        yield tell
        return
    with Live(console=console, refresh_per_second=4) as live:

        def draw(day: Day) -> None:
            table = Table("步骤", "状态", "秒", "行数（收到 = 接受 + 隔离 + 被取代）")
            for step in day.steps:
                table.add_row(*_line(step))
            live.update(table)

        yield draw


def _line(step: Step) -> tuple[str, str, str, str]:
    state = _STATES.get(step.state, step.state) + (f" {step.task}" if step.task else "")
    return step.title, state, f"{step.seconds:.1f}", step.rows


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*headings)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    # A pipe has no width: lines are kept whole there.
    console = Console() if sys.stdout.isatty() else Console(width=1000)
    console.print(table, markup=False)


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """Let our own errors end the command with their sentence instead of a traceback."""
    try:
        yield
    except (RuntimeError, ValueError) as error:
        if type(error).__module__.partition(".")[0] not in _OURS:
            raise
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except BrokenPipeError:
        raise  # whoever read us has gone
    except OSError as error:
        from street.messages import of_system  # noqa: PLC0415

        sentence = of_system(error)
        if sentence is None:
            raise
        typer.echo(f"{sentence}（{error.filename or '未指明文件'}）。", err=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
