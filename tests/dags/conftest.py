"""The DAG files as Airflow reads them, without a scheduler and without a database of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.dag_processing.dagbag import DagBag

FOLDER = Path(__file__).parents[2] / "dags"


@pytest.fixture
def read_dags(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], DagBag]]:
    # Airflow reads its configuration when it is first imported.
    os.environ.setdefault("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
    os.environ.setdefault("AIRFLOW__CORE__LOAD_EXAMPLES", "False")
    monkeypatch.syspath_prepend(str(FOLDER))

    def read() -> DagBag:
        from airflow.dag_processing.dagbag import DagBag

        settings.cache_clear()
        sys.modules.pop("office", None)
        return DagBag(FOLDER, bundle_path=FOLDER, bundle_name="dags", load_op_links=False)

    yield read
    settings.cache_clear()
