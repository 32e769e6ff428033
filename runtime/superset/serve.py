"""A real Superset to try the bundle in: `make superset`, an environment of its own, made anew each time.

It logs in to the warehouse as the dashboard and as one committee, so that each sees what it would see at work.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
import zipfile
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import yaml
from psycopg.conninfo import conninfo_to_dict

from runtime.processes import HOST, free_port
from runtime.superset import bundle
from street import access, database
from street.settings import ROOT, settings, write_private
from street.vocabulary import seed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER = ROOT / "reports/superset"
LOGIN = "admin"
_PROGRAM = ROOT / ".venv-superset/bin/superset"
_PATIENCE_SECONDS = 300

_CONFIGURATION = """SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = {database!r}
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {{"zh": {{"flag": "cn", "name": "简体中文"}}, "en": {{"flag": "us", "name": "English"}}}}
"""


class SupersetError(RuntimeError):
    """Superset doesn't start, or refuses the bundle or a chart; the sentence says which."""


def archive(warehouse: str, logins: Mapping[bundle.Source, str]) -> bytes:
    """Return the bundle as the file that Superset imports, its connections leading to this warehouse by these logins.

    `warehouse`: a URL of PostgreSQL; `logins`: the role of each connection. No password is in it.
    """
    target = conninfo_to_dict(warehouse)
    place = f"{target['host']}:{target.get('port', 5432)}/{target['dbname']}"
    uris = {
        bundle.database_file(source): f"postgresql+psycopg2://{role}:XXXXXXXXXX@{place}"
        for source, role in logins.items()
    }
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in sorted(FOLDER.rglob("*.yaml")):
            path, text = file.relative_to(FOLDER).as_posix(), file.read_text(encoding="utf-8")
            if path in uris:
                part = {**yaml.safe_load(text), "sqlalchemy_uri": uris[path]}
                text = yaml.safe_dump(part, allow_unicode=True, sort_keys=False)
            packed.writestr(f"superset/{path}", text)
    return written.getvalue()


class Superset:
    """The REST API of a running Superset, logged in as its administrator. Raises SupersetError."""

    def __init__(self, url: str, password: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/api/v1", timeout=120, headers={"Referer": url})
        body = {"username": LOGIN, "password": password, "provider": "db"}
        token = self._told(self._client.post("/security/login", json=body))["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        self._client.headers["X-CSRFToken"] = self._told(self._client.get("/security/csrf_token/"))["result"]

    def import_bundle(self, packed: bytes, passwords: Mapping[str, str]) -> None:
        """Import dashboards with all they need; `passwords` by the file of each connection."""
        form = {"passwords": json.dumps(dict(passwords)), "overwrite": "true"}
        files = {"formData": ("superset.zip", packed, "application/zip")}
        self._told(self._client.post("/dashboard/import/", data=form, files=files))

    def charts(self) -> dict[str, int]:
        """Return the charts: title -> id."""
        return {each["slice_name"]: each["id"] for each in self._told(self._client.get("/chart/"))["result"]}

    def rows(self, chart: int) -> list[dict[str, Any]]:
        """Return what a chart draws, as the warehouse answers its connection's login."""
        rows: list[dict[str, Any]] = self._told(self._client.get(f"/chart/{chart}/data/"))["result"][0]["data"]
        return rows

    @staticmethod
    def _told(answer: httpx.Response) -> dict[str, Any]:
        if answer.is_error:
            raise SupersetError(
                f"Superset 拒绝了 {answer.request.url.path}（{answer.status_code}）：{answer.text[:500]}"
            )
        told: dict[str, Any] = answer.json()
        return told


def _prepare(home: Path, environment: Mapping[str, str], password: str) -> None:
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, mode=0o700)
    configuration = _CONFIGURATION.format(key=secrets.token_urlsafe(42), database=f"sqlite:///{home / 'superset.db'}")
    write_private(home / "superset_config.py", configuration)
    admin = ["fab", "create-admin", "--username", LOGIN, "--firstname", "Office", "--lastname", "Street",
             "--email", "admin@localhost", "--password", password]  # fmt: skip
    with (home / "superset.log").open("ab") as log:
        for arguments in (["db", "upgrade"], admin, ["init"]):
            done = subprocess.run([str(_PROGRAM), *arguments], env=environment, stdout=log, stderr=log, check=False)
            if done.returncode:
                raise SupersetError(f"superset {arguments[0]} 未成功：见 {home / 'superset.log'}。")


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=5).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(1)
    raise SupersetError(f"Superset 没有启动：见 {log}。")


def main() -> None:
    """Start Superset, import the bundle, draw every chart once, and serve until it is interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "--committee", default=seed("committees")[0]["committee_code"], help="the committee to log in as"
    )
    parser.add_argument("--once", action="store_true", help="end after every chart has been drawn")
    asked = parser.parse_args()
    with closing(database.connect()) as conn:
        dashboard, committee = access.grant(conn, access.DASHBOARD), access.grant(conn, asked.committee)
        conn.commit()
    given = {bundle.DASHBOARD: dashboard, bundle.COMMITTEE: committee}
    home, password = settings().street_var.resolve() / "superset", secrets.token_urlsafe(12)
    environment = {
        **os.environ, "SUPERSET_HOME": str(home), "SUPERSET_CONFIG_PATH": str(home / "superset_config.py"),
        "FLASK_APP": "superset.app:create_app()",
    }  # fmt: skip
    _prepare(home, environment, password)
    port = free_port(8088)
    url = f"http://{HOST}:{port}"
    with (home / "superset.log").open("ab") as log:
        command = [str(_PROGRAM), "run", "--host", HOST, "--port", str(port), "--with-threads"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait(url, process, home / "superset.log")
        superset = Superset(url, password)
        packed = archive(settings().warehouse_url or "", {source: role for source, (role, _) in given.items()})
        superset.import_bundle(packed, {bundle.database_file(source): word for source, (_, word) in given.items()})
        for title, chart in superset.charts().items():
            sys.stdout.write(f"{title}：{len(superset.rows(chart))} 行\n")
        sys.stdout.write(f"Superset：{url}，登录 {LOGIN}，密码 {password}\n")
        sys.stdout.flush()
        if not asked.once:
            process.wait()
    except KeyboardInterrupt:
        pass
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    try:
        main()
    except SupersetError as error:
        sys.exit(str(error))
