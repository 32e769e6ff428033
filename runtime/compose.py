"""Render docker-compose.yml: what the list of services says (runtime/services.py), in the frame of a template.

The template has what compose alone knows: volumes, secrets that must be given, what waits for what.
"""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from runtime.services import (
    AIRFLOW,
    AIRFLOW_LOGIN,
    AIRFLOW_MIGRATION,
    AIRFLOW_TUNING,
    API_SERVER,
    BOARD,
    BORDER_API,
    POSTGRES,
    POSTGRES_INITDB,
    POSTGRES_RIGHTS,
    REPORTS,
    Place,
    Service,
    airflow_environment,
)
from sources.contract import all_contracts
from street.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEMPLATE = Path(__file__).with_name("docker-compose.yml.j2")
_LINE = 90  # a longer command gets a line for each word


def _given(variable: str, why: str) -> str:
    """Return the value of a variable that must be given; compose says why where it isn't."""
    return f"${{{variable}:?{why}}}"


def _database(role: str, secret: str, why: str) -> str:
    return f"postgresql://{role}:{_given(secret, why)}@{POSTGRES.name}:{POSTGRES.port}/{role}"


_SCHEDULES = "${STREET_SCHEDULES:-true}"
CONTAINERS = Place(
    python="python",
    code="/opt/street",
    var="/var/lib/street",
    sample="/srv/street",
    listen="0.0.0.0",  # noqa: S104 - inside its container; what is published, and where, the template says
    api_server=f"http://{API_SERVER.name}:{API_SERVER.port}",
    pages="${AIRFLOW_BASE_URL:-http://localhost:8080}",
    api_port=str(API_SERVER.port),
    database=_database("airflow", "AIRFLOW_DATABASE_PASSWORD", "give Airflow a database password"),
    schedules=_SCHEDULES,
    fernet_key=_given("AIRFLOW_FERNET_KEY", "give a Fernet key"),
    secret_key=_given("AIRFLOW_SECRET_KEY", "give a random secret"),
    jwt_secret=_given("AIRFLOW_JWT_SECRET", "give a random secret of 64 bytes"),
    # Airflow's own manager is for looking; this one keeps people and their roles in the database, and bears guessing.
    logins={"AIRFLOW__CORE__AUTH_MANAGER": "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"},
)
"""A container as a place for a service."""

_OFFICE = {
    "street_var": CONTAINERS.var,
    "street_inbox": "/srv/inbox",
    "street_hmac_key": _given("STREET_HMAC_KEY", "give the key of the hashes, and keep a copy of it"),
    "street_schedules": _SCHEDULES,
    "warehouse_url": _database("warehouse", "WAREHOUSE_PASSWORD", "give the warehouse a database password"),
    "street_board_database_url": "postgresql://street_board:"
    f"{_given('BOARD_PASSWORD', 'give the board a database password')}@{POSTGRES.name}:{POSTGRES.port}/warehouse",
    "smtp_host": _given("SMTP_HOST", "name the mail server"),
    "report_recipients": _given("REPORT_RECIPIENTS", "name who gets the report"),
}
"""The settings that containers need; every other one is passed on as it is given."""


def compose() -> str:
    """Return the text of docker-compose.yml."""
    frame = Environment(  # noqa: S701 - it renders YAML
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined
    )
    office = {name.upper(): _passed_on(name) for name in (*Settings.model_fields, *_of_servers())}
    return frame.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        airflow=_lines({**airflow_environment(CONTAINERS), **AIRFLOW_TUNING}, 2),
        office=_lines(office, 2),
        postgres=_lines(_told(POSTGRES), 4),
        initdb=" ".join(POSTGRES_INITDB),
        rights=POSTGRES_RIGHTS,
        login=AIRFLOW_LOGIN,
        smtp={name: Settings.model_fields[f"smtp_{name}"].default for name in ("port", "from")},
        migration=" ".join(AIRFLOW_MIGRATION),
        services=[_rendered(each) for each in AIRFLOW],
        border=_rendered(BORDER_API),
        reports=_rendered(REPORTS),
        board=_rendered(BOARD),
    )


def _of_servers() -> list[str]:
    """Return the settings of each API that a contract names (docs/rules.md, R-PULL-6)."""
    servers = dict.fromkeys(
        server.name for terms in all_contracts() for server in terms.servers if server.type == "api"
    )
    return [f"street_{server}_{what}" for server in servers for what in ("url", "token")]


def _rendered(service: Service) -> dict[str, str]:
    return {"name": service.name, "told": _lines(_told(service), 4), "probe": _scalar(_probe(service))}


def _told(service: Service) -> dict[str, Any]:
    """Return what the list says of a service, in the words of compose."""
    told: dict[str, Any] = {"command": service.started(CONTAINERS)}
    if service.settings:
        told["environment"] = {name.upper(): _passed_on(name) for name in service.settings}
    if service.pages:  # for this machine; whoever opens them to others puts TLS and a login before them
        told["ports"] = [f"127.0.0.1:{service.port}:{service.port}"]
    return {**told, "mem_limit": service.limits.memory, "pids_limit": service.limits.pids}


def _probe(service: Service) -> list[str]:
    """Return the command that tells, inside its container, whether a service is well."""
    if service.component is None:
        code = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{service.port}{service.answers}', timeout=5)"
    else:
        health = f"{CONTAINERS.api_server}/api/v2/monitor/health"
        code = (
            f"import json, sys, urllib.request as r; h = json.load(r.urlopen('{health}', timeout=5)); "
            f"sys.exit(h['{service.component}']['status'] != 'healthy')"
        )
    return ["CMD", CONTAINERS.python, "-c", code]


def _passed_on(setting: str) -> str:
    return _OFFICE.get(setting, f"${{{setting.upper()}:-}}")


def _lines(told: Mapping[str, Any], indent: int) -> str:
    """Return a mapping as lines of YAML, whose scalars are JSON's: nothing in a value can break them."""
    lines = []
    for name, value in told.items():
        if isinstance(value, dict):
            lines += [f"{name}:", _lines(value, 2)]
        elif isinstance(value, list) and sum(map(len, value)) > _LINE:
            lines += [f"{name}:", *(f"  - {_scalar(each)}" for each in value)]
        else:
            lines.append(f"{name}: {_scalar(value)}")
    return textwrap.indent("\n".join(lines), " " * indent)


def _scalar(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
