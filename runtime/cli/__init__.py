"""The command line `street`: the office's services, its business days, its data.

The composition root: the only package of the house that knows all others, each inside the command that needs it.
"""

import typer

from runtime.cli import access, aliases, days, deliveries, ledgers, persons, retention, scenarios, services, warehouse

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="街道治理数据仓库。`street up` 启动服务，`street run` 跑完一个工作日，`street sql` 查数，`street down` 停止。",
)
app.add_typer(services.app)
app.add_typer(days.app)
app.add_typer(warehouse.app)
app.add_typer(deliveries.app)
app.add_typer(ledgers.app)
app.add_typer(deliveries.batch_app, name="batch")
app.add_typer(deliveries.feed_app, name="feed")
app.add_typer(retention.app)
app.add_typer(access.app, name="access")
app.add_typer(aliases.alias_app, name="alias")
app.add_typer(persons.person_app, name="person")
app.add_typer(persons.review_app, name="review")
app.add_typer(scenarios.scenario_app, name="scenario")

__all__ = ["app"]
