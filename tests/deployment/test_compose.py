"""docker-compose.yml runs what `street up` runs, and gives no secret away."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from runtime.services import AIRFLOW, SERVICES, SMTP_SINK
from sources.contract import all_contracts
from street.settings import Settings

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
OPTION = ROOT / "compose.warehouse.yml"
SECRET = re.compile(r"PASSWORD|SECRET|HMAC|FERNET|TOKEN|SQL_ALCHEMY_CONN|WAREHOUSE_URL")
LOCAL = {"AIRFLOW_HOME", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["services"]
    return found


@pytest.mark.parametrize("file", [FILE, OPTION])
def test_each_file_meets_the_compose_specification(file: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    done = subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_every_service_of_the_list_is_there_but_the_mail_sink_whose_place_mailpit_takes(
    services: dict[str, dict[str, Any]],
) -> None:
    assert {each.name for each in SERVICES} - services.keys() == {SMTP_SINK.name}
    assert "mailpit" in services


def test_airflow_and_its_tasks_are_told_every_setting_of_the_office(services: dict[str, dict[str, Any]]) -> None:
    for each in AIRFLOW:
        assert {name.upper() for name in Settings.model_fields} - services[each.name]["environment"].keys() == set()
        access = [Settings().access(terms.server.name) for terms in all_contracts() if terms.server.type == "api"]
        named = {name for server in access for name in (server.url_setting, server.token_setting)}
        assert named - services[each.name]["environment"].keys() == set()


def test_one_image_is_built_once(services: dict[str, dict[str, Any]]) -> None:
    assert [name for name, service in services.items() if "build" in service] == ["migrate"]
    ours = {service["image"] for service in services.values() if service["image"].startswith("street-office")}
    assert ours == {services["migrate"]["image"]}


def test_what_people_open_is_published_on_this_machine_alone_and_the_warehouse_by_an_option(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published.keys() == {each.name for each in SERVICES if each.pages} | {"mailpit"}
    assert all(port.startswith("127.0.0.1:") for ports in published.values() for port in ports)
    option = yaml.safe_load(OPTION.read_text(encoding="utf-8"))["services"]
    assert option == {"postgres": {"ports": ["${WAREHOUSE_ADDRESS:-127.0.0.1}:${WAREHOUSE_PORT:-5432}:5432"]}}


def test_the_reports_are_served_from_a_disk_that_cannot_be_written(services: dict[str, dict[str, Any]]) -> None:
    shown = services["reports"]
    assert shown["read_only"]
    assert shown["volumes"] == ["reports:/var/lib/street/reports:ro"]
    assert "environment" not in shown  # no secret is told


def test_no_log_fills_the_disk_and_no_service_takes_the_whole_machine(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert {"max-size", "max-file"} <= service["logging"]["options"].keys(), name
        assert {"mem_limit", "pids_limit"} <= service.keys(), name


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
