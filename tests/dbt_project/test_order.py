"""The path through the models: each room reads its own models and those of the rooms before it, never one after it."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from dbt.cli.main import dbtRunner

from street import catalogue, dbt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUBJECTS = (
    "places", "persons", "arrivals", "visits", "isolation", "homes", "care", "scenarios", "duties", "doubts", "days",
)  # fmt: skip
ORDER = ("staging", *(f"core/{subject}" for subject in SUBJECTS), "marts")
#: The checks hold the marts against core, and a mart lists whom they catch: one room.
ROOMS = {folder: rank for rank, folder in enumerate(ORDER)} | {"marts/checks": len(ORDER) - 1}


def folder(node: Mapping[str, Any]) -> str:
    """The folder of a model below `models`."""
    return "/".join(node["fqn"][1:-1])


def misplaced(nodes: Mapping[str, Mapping[str, Any]]) -> Iterable[str]:
    """A sentence for each model outside the rooms, and for each reference that runs against their order."""
    models = {key: node for key, node in nodes.items() if node["resource_type"] == "model"}
    for key, node in nodes.items():
        # A test stands where the model does that it is of.
        reader = models.get(node.get("attached_node") or key)
        if reader is None:
            continue
        if folder(reader) not in ROOMS:
            yield f"{reader['name']} is in {folder(reader)}, which is no room of the project"
            continue
        for parent in node["depends_on"]["nodes"]:
            read = models.get(parent)
            if read and ROOMS.get(folder(read), -1) > ROOMS[folder(reader)]:
                yield f"{reader['name']} ({folder(reader)}) reads {read['name']} ({folder(read)})"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt has read of the project, by node: also a reference that a loop or a macro writes."""
    target = tmp_path_factory.mktemp("target")
    outcome = dbtRunner().invoke(
        ["parse", "--project-dir", str(dbt.PROJECT), "--profiles-dir", str(dbt.PROJECT), "--target-path", str(target),
         "--log-path", str(target), "--log-level", "none", "--no-partial-parse"]
    )  # fmt: skip
    assert outcome.success, outcome.exception
    found: dict[str, Any] = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    return found


def test_no_model_reads_one_of_a_later_room_and_each_stands_in_a_room(nodes: dict[str, Any]) -> None:
    assert {folder(node) for node in nodes.values() if node["resource_type"] == "model"} == set(ROOMS)
    assert list(misplaced(nodes)) == []


def test_a_reference_against_the_order_and_a_folder_of_its_own_are_found(nodes: dict[str, Any]) -> None:
    changed = copy.deepcopy(nodes)
    model = "model.street_warehouse.{}".format
    changed[model("int_duty")]["depends_on"]["nodes"].append(model("worklist"))
    changed[model("int_benefit")]["depends_on"]["nodes"].append(model("int_made_good"))
    changed[model("int_door")]["fqn"][1:-1] = ["core", "attic"]
    assert {
        "int_duty (core/duties) reads worklist (marts)",
        "int_benefit (core/care) reads int_made_good (core/doubts)",
        "int_door is in core/attic, which is no room of the project",
    } == set(misplaced(changed))


def test_what_is_published_is_what_leaves_the_build_durable_described_and_typed(nodes: dict[str, Any]) -> None:
    built = [node for node in nodes.values() if node["resource_type"] == "model" and node["schema"] == "build"]
    assert {node["name"] for node in built} == {
        name for name, product in catalogue.published().items() if product.schema != "linkage"
    }
    for node in built:
        config = node["config"]
        assert config["contract"]["enforced"], node["name"]
        assert not config.get("unlogged"), node["name"]
        assert config["persist_docs"] == {"relation": True, "columns": True}, node["name"]
