"""With Docker people log in by Airflow's FAB manager: its login is made as docker-compose.yml makes it, and let in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from runtime.airflow_api import AirflowApi, AirflowError
from runtime.compose import CONTAINERS
from runtime.processes import HOST, free_port
from runtime.services import AIRFLOW_LOGIN
from tests.e2e.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.conftest import Office

pytestmark = pytest.mark.e2e

PASSWORD = "a password with 'quotes' and $signs"


@pytest.fixture(scope="module")
def server(office: Office) -> Iterator[str]:
    """Address of a second API server on the office's database, with the authentication manager of the containers."""
    told = office.run(
        sys.executable, "-c", "import json, runtime.supervisor as s; print(json.dumps(s.Supervisor().environment()))"
    )
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**json.loads(told), **CONTAINERS.logins, "PATH": path, "AIRFLOW_PASSWORD": PASSWORD}
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    # Both databases are in their newest form already.
    script = [line for line in services["migrate"]["command"][-1].splitlines() if "migrate" not in line]
    subprocess.run(
        ["sh", "-euc", "\n".join(script).replace("$$", "$")],
        env=environment,
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=300,
        start_new_session=True,  # as a container: no terminal to ask for a password
    )
    port = free_port(8400)
    silent = subprocess.DEVNULL
    command = [sys.executable, "-m", "airflow", "api-server", "--port", str(port)]
    started = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=silent, stderr=silent)
    url = f"http://{HOST}:{port}"
    with AirflowApi(url, AIRFLOW_LOGIN, PASSWORD) as api:
        deadline = time.monotonic() + 300
        while not api.health() and time.monotonic() < deadline:
            time.sleep(0.5)
    yield url
    started.terminate()
    started.wait(60)


def test_the_login_that_compose_makes_is_let_in_and_a_wrong_password_is_not(office: Office, server: str) -> None:
    with AirflowApi(server, AIRFLOW_LOGIN, PASSWORD) as api:
        assert "warehouse" in api.dag_ids()
    with AirflowApi(server, AIRFLOW_LOGIN, "guessed") as api, pytest.raises(AirflowError):
        api.log_in()
