"""What commands share: tables, sentences instead of tracebacks, and the option of a business date."""

from __future__ import annotations

import contextlib
import datetime as dt
import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_OURS = ("runtime", "street", "sources", "linkage", "reports", "board", "scenarios", "builtins")

#: For a command that hands its arguments on to another program.
PASSED_ON = {"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []}

DateOption = Annotated[
    dt.datetime | None,
    typer.Option("--date", formats=["%Y-%m-%d"], help="业务日期；默认今天（上海），虚构街道默认其自身的日期。"),
]


def print_table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; a value that is None is empty."""
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(*headings)
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    # A pipe has no width: lines are kept whole there.
    console = Console() if sys.stdout.isatty() else Console(width=1000)
    console.print(table, markup=False)


@contextlib.contextmanager
def sentences() -> Iterator[None]:
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
