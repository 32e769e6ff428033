"""The daily reports for people in the office: a list of the days, each day's page and workbook, nothing to write.

`python -m runtime.report_server --dir DIR --port N [--host ADDRESS]` serves `DIR/<date>/report.html` and `.xlsx`. The
figures are those of the mail; who may open the page is for whoever publishes the port.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse
from starlette.routing import Route

from runtime.processes import HOST

if TYPE_CHECKING:
    from starlette.requests import Request

_DOCUMENTS = {"report.html": "日报", "report.xlsx": "附表"}


def make_app(folder: Path) -> Starlette:
    """Return the application that serves the reports of a folder; only GET and HEAD are answered."""

    def index(_: Request) -> HTMLResponse:
        days = sorted((path.name for path in folder.glob("*-*-*") if _is_date(path.name)), reverse=True)
        items = "".join(f"<li>{day}{''.join(_links(folder, day))}</li>" for day in days) or "<li>还没有日报。</li>"
        return HTMLResponse(
            f'<!doctype html><html lang="zh"><title>数据治理日报</title><h1>数据治理日报</h1><ul>{items}</ul>'
        )

    def document(request: Request) -> FileResponse:
        day, name = request.path_params["day"], request.path_params["name"]
        # Names of files are never a client's: no path leads out of the folder.
        if not _is_date(day) or name not in _DOCUMENTS or not (folder / day / name).is_file():
            raise HTTPException(404)
        return FileResponse(folder / day / name)

    return Starlette(routes=[Route("/", index), Route("/{day}/{name}", document)])


def _links(folder: Path, day: str) -> list[str]:
    known = [(name, label) for name, label in _DOCUMENTS.items() if (folder / day / name).is_file()]
    return [f' <a href="{day}/{name}">{label}</a>' for name, label in known]


def _is_date(name: str) -> bool:
    try:
        return dt.date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False


def main() -> None:
    """Read the command line and serve until stopped."""
    parser = argparse.ArgumentParser(prog="python -m runtime.report_server", description="Serve the daily reports.")
    parser.add_argument("--dir", type=Path, required=True, help="folder with a folder for each date")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=HOST, help="address to listen on (default: this machine alone)")
    arguments = parser.parse_args()
    uvicorn.run(make_app(arguments.dir), host=arguments.host, port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
