"""docker-compose.yml runs what `street up` runs, and gives no secret away."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime import supervisor
from street.settings import Settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
SECRET = re.compile(r"PASSWORD|SECRET|HMAC|FERNET|TOKEN|SQL_ALCHEMY_CONN|WAREHOUSE_URL")
LOCAL = {"AIRFLOW_HOME", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


def test_the_file_meets_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", FILE], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_airflow_is_started_by_the_very_commands_of_the_supervisor(services: dict[str, dict[str, Any]]) -> None:
    for name, arguments in supervisor.AIRFLOW_COMMANDS.items():
        assert services[name]["command"] == ["python", *arguments]


def test_every_setting_that_the_supervisor_gives_is_given_here_too(services: dict[str, dict[str, Any]]) -> None:
    given = services["scheduler"]["environment"]
    assert supervisor.AIRFLOW_TUNING.items() <= given.items()
    source = Path(supervisor.__file__).read_text(encoding="utf-8")
    names = set(re.findall(r'"(AIRFLOW_\w+|DO_NOT_TRACK|GX_\w+|MPLCONFIGDIR)":', source))
    assert len(names) > 30
    assert names - given.keys() == set()
    assert {name.upper() for name in Settings.model_fields} - given.keys() == set()


def test_every_service_that_stays_says_when_it_is_well(services: dict[str, dict[str, Any]]) -> None:
    once = {"migrate", "sample"}
    assert {name for name, service in services.items() if "healthcheck" not in service} == once
    assert all(services[name]["restart"] == "no" for name in once)


def test_no_secret_has_a_default(services: dict[str, dict[str, Any]]) -> None:
    text = FILE.read_text(encoding="utf-8")
    optional = {"SMTP_PASSWORD", "STREET_BORDER_API_TOKEN"}  # empty where none is needed
    for variable, rest in re.findall(r"\$\{(\w+)([^}]*)\}", text):
        if SECRET.search(variable):
            assert rest == ":-" if variable in optional else rest.startswith(":?"), variable
    for name, service in services.items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and variable not in LOCAL:
                assert "${" in str(value), f"{name}: {variable}"


def test_the_demo_gives_every_value_that_must_be_given_and_nothing_of_it_is_in_the_file() -> None:
    text = FILE.read_text(encoding="utf-8")
    demo = dict(
        line.split("=", 1)
        for line in (ROOT / "compose.demo.env").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert set(re.findall(r"\$\{(\w+):\?", text)) <= demo.keys()
    assert not [value for name, value in demo.items() if SECRET.search(name) and value in text and value != "demo"]


def test_what_is_only_for_looking_is_in_the_demo_profile(services: dict[str, dict[str, Any]]) -> None:
    demo = {name for name, service in services.items() if service.get("profiles") == ["demo"]}
    assert demo == {"sample", "border-api", "mailpit"}
