"""Commands for business days: run them, make their report, draw the street that they are tried on."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from pathlib import Path  # noqa: TC003 - Typer reads the annotation
from typing import TYPE_CHECKING, Annotated, Any

import typer

from runtime.cli.services import bring_up, tell_board
from runtime.cli.terminal import DateOption, print_table, sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.table import Table

    from runtime.day import Day, Step
    from runtime.supervisor import Supervisor

app = typer.Typer()

_STATES = {
    "waiting": "等待", "queued": "排队", "running": "运行", "success": "完成", "failed": "失败", "paused": "已暂停",
}  # fmt: skip
_HEADLINES = {
    "在住居民": "select sum(residents) from marts.compound_overview",
    "房屋（户）": "select sum(dwellings) from marts.compound_overview",
    "居家隔离中": "select count(*) from marts.isolation_episode where status = 'isolating'",
    "独居老人": "select sum(living_alone_elderly) from marts.compound_overview",
    "待落实记录": "select count(*) from marts.unresolved",
}

FromOption = Annotated[
    dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="与 --to 一起：从这一天起逐日跑。")
]
ToOption = Annotated[dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="跑到这一天为止（含）。")]


@app.command()
def run(date: DateOption = None, first: FromOption = None, last: ToOption = None) -> None:
    """跑完一个工作日：各部门名单入库，建仓，日报寄出。可随时重跑：没有新数据时几秒钟结束，被中断的会接着跑完。

    `--from`、`--to` 逐日跑完一段日期，遇到没有跑完的一天即停。虚构的街道第一次连跑两天，日报才有昨日可比。
    """
    with sentences():
        asked = _days(date, first, last)
        supervisor = bring_up()
        days = asked or _default_days(supervisor)
        _refuse_closed(days)
        ended = _run_days(supervisor, days)
        _tell(supervisor, ended)
    if not ended.succeeded:
        if len(days) > 1:
            typer.echo(f"停在 {ended.as_of}；解决后用 --from {ended.as_of} --to {days[-1]} 接着跑。")
        raise typer.Exit(1)


def _days(date: dt.datetime | None, first: dt.datetime | None, last: dt.datetime | None) -> list[dt.date]:
    """Return the business dates asked for; none when that is left to the set-up."""
    if (first is None) != (last is None) or (date and first):
        raise typer.BadParameter("请只给 --date，或同时给 --from 和 --to。")
    if first is None or last is None:
        return [date.date()] if date else []
    if first > last:
        raise typer.BadParameter("--from 不能晚于 --to。")
    return [first.date() + dt.timedelta(days=passed) for passed in range((last - first).days + 1)]


def _refuse_closed(days: Sequence[dt.date]) -> None:
    from street import batch  # noqa: PLC0415
    from street.database import connect  # noqa: PLC0415

    with connect() as connection:
        for as_of in days:
            batch.refuse_closed(connection, as_of)


def _run_days(supervisor: Supervisor, days: Sequence[dt.date]) -> Day:
    from runtime import day  # noqa: PLC0415
    from sample import clock  # noqa: PLC0415
    from sources.contract import all_contracts  # noqa: PLC0415
    from street.settings import as_of_at  # noqa: PLC0415

    def open_day(on: dt.date) -> None:
        if supervisor.makes_sample:
            clock.set_now(supervisor.sample_dir, as_of_at(on))

    began = time.monotonic()
    # A snapshot is one batch; the others may have many days to catch up, so they begin first.
    contracts = sorted(all_contracts(), key=lambda contract: contract.load_mode == "snapshot")
    feeds = {contract.feed: contract.title_zh for contract in contracts}
    with supervisor.airflow() as api, _progress() as show:
        ended = day.run(api, [day.Day.of(on, feeds) for on in days], open_day, show, supervisor.dead)
    typer.echo(f"共用时 {time.monotonic() - began:.0f} 秒")
    return ended


@app.command()
def report(
    date: DateOption = None,
    show: Annotated[bool, typer.Option("--open", help="用浏览器打开。")] = False,
) -> None:
    """由已发布的数据生成某日的日报（不寄出），并打印文件位置。"""
    from reports.daily import render  # noqa: PLC0415

    with sentences():
        made = render(business_date(date))
        typer.echo(made.html)
        if show:
            typer.launch(made.html.resolve().as_uri())


@app.command()
def sample(  # noqa: PLR0913, PLR0917 - each is an option
    out: Annotated[Path, typer.Option(help="写到哪个文件夹。")],
    date: DateOption = None,
    persons: Annotated[int | None, typer.Option(min=1000, help="人数；默认一条完整的街道。")] = None,
    seed: Annotated[int, typer.Option(help="同一种子生成同一条街道。")] = 1,
    dirt: Annotated[str, typer.Option(help="名单写得有多不规范：light、specified 或 heavy。")] = "specified",
    day_before: Annotated[bool, typer.Option("--day-before", help="也生成前一日的全量名单，可连跑两天。")] = False,
) -> None:
    """生成一条虚构的街道：各部门的名单、口岸接口的数据，以及用来核对的真相。"""
    from sample.generate import BUSINESS_DATE, FULL_SIZE, generate  # noqa: PLC0415

    with sentences():
        day = date.date() if date else BUSINESS_DATE
        generate(out, day, persons or FULL_SIZE, seed, dirt=dirt, day_before=day_before)
        typer.echo(f"虚构街道已生成：{out}")


def business_date(date: dt.datetime | None) -> dt.date:
    """Return the date that was asked for, else that of the set-up: today, or the synthetic street's own."""
    from runtime.supervisor import Supervisor  # noqa: PLC0415

    if date:
        return date.date()
    supervisor = Supervisor()
    return _sample_days(supervisor)[-1] if supervisor.makes_sample else _today()


def _default_days(supervisor: Supervisor) -> list[dt.date]:
    """Return today; of a synthetic street its last day, and all of its days while nothing has been published."""
    from street.database import connect  # noqa: PLC0415
    from street.publish import has_published  # noqa: PLC0415

    if not supervisor.makes_sample:
        return [_today()]
    days = _sample_days(supervisor)
    with connect() as connection:
        return days[-1:] if has_published(connection) else days


def _today() -> dt.date:
    from street.settings import SHANGHAI  # noqa: PLC0415

    return dt.datetime.now(SHANGHAI).date()


def _sample_days(supervisor: Supervisor) -> list[dt.date]:
    manifest = json.loads((supervisor.sample_dir / "manifest.json").read_text(encoding="utf-8"))
    return [dt.date.fromisoformat(day) for day in manifest["days"]]


def _tell(supervisor: Supervisor, ended: Day) -> None:
    """Print the day's headline figures and where to look."""
    from runtime.services import AIRFLOW_LOGIN  # noqa: PLC0415
    from street.database import connect, scrubbed  # noqa: PLC0415

    bad = [step.title for step in ended.steps if step.state == "failed"]
    if bad:
        typer.echo(f"未完成：{'、'.join(bad)}。原因见 Airflow 与 `street batches`；已发布的数据保持不变。")
    paused = [step.title for step in ended.steps if step.state == "paused"]
    if paused:
        typer.echo(f"在 Airflow 中已暂停，未运行：{'、'.join(paused)}。恢复后再运行 `street run` 即计入。")
    late = [step.title for step in ended.feeds if not step.ended]
    if late:
        typer.echo(f"仍在入库，未等待：{'、'.join(late)}。结束后再运行 `street run` 即计入。")
    if ended.warehouse.state == "success":
        with scrubbed(), connect() as connection:
            rows = [(title, _only(connection.execute(query).fetchone())) for title, query in _HEADLINES.items()]
        print_table(("指标", "数值"), [(title, "无数据" if value is None else f"{value:,}") for title, value in rows])
    typer.echo(f"日报：{supervisor.var / 'reports' / ended.as_of.isoformat() / 'report.html'}")
    typer.echo(f"邮件：{supervisor.var / 'mail'}")
    tell_board(supervisor)
    typer.echo(f"Airflow：{supervisor.airflow_url}  用户 {AIRFLOW_LOGIN}  密码 {supervisor.airflow_password}")
    typer.echo("查数：street sql 'select * from marts.compound_overview limit 10'")


def _only(row: Sequence[Any] | None) -> Any:  # noqa: ANN401 - a value of any column
    return row[0] if row else None


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[Day], None]]:
    """Give a function that shows a day as it stands: a table that lives on a terminal, lines elsewhere."""
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console()
    if not console.is_terminal:
        told: set[tuple[dt.date, str]] = set()

        def tell(day: Day) -> None:
            if all(on != day.as_of for on, _ in told):
                told.add((day.as_of, ""))
                typer.echo(f"工作日 {day.as_of}")
            for step in day.steps:
                if step.ended and (day.as_of, step.dag_id) not in told:
                    told.add((day.as_of, step.dag_id))
                    typer.echo("  ".join(_line(step)))

        yield tell
        return
    with Live(console=console, refresh_per_second=4) as live:
        shown: list[Day] = []

        def draw(day: Day) -> None:
            if shown and shown[-1] is not day:
                console.print(_table(shown[-1]))  # stays above the one that lives
            shown[:] = [day]
            live.update(_table(day))

        yield draw


def _table(day: Day) -> Table:
    from rich.table import Table  # noqa: PLC0415

    table = Table("步骤", "状态", "秒", "行数（收到 = 接受 + 隔离 + 被取代）", title=f"工作日 {day.as_of}")
    for step in day.steps:
        table.add_row(*_line(step))
    return table


def _line(step: Step) -> tuple[str, str, str, str]:
    state = _STATES.get(step.state, step.state) + (f" {step.task}" if step.task else "")
    return step.title, state, f"{step.seconds:.1f}", step.rows
