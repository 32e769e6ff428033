from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sources import landing, relanding
from street import batch
from street.batch import BatchError

from .conftest import DAY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import psycopg


def test_a_rejected_list_is_read_again_once_the_contract_is_mended(
    household_file: Callable[..., Path], people: Callable[[int], list[dict[str, str]]], warehouse: psycopg.Connection
) -> None:
    household_file(people(5))
    (batch_id,) = landing.land("household_registry", DAY)
    batch.reject(warehouse, batch_id, "缺少必需的列")
    assert landing.land("household_registry", DAY) == []
    warehouse.execute("update ops.batch set contract_version = '0.9.0' where batch_id = %s", (batch_id,))
    warehouse.commit()

    relanding.reopen(warehouse, batch_id)
    assert landing.land("household_registry", DAY) == [batch_id]
    found = warehouse.execute(
        "select status, reason, contract_version <> '0.9.0', rows_received,"
        " (select count(*) from raw.household_registry where _batch_id = batch_id) from ops.batch where batch_id = %s",
        (batch_id,),
    ).fetchone()
    assert found == ("landed", None, True, 5, 5)


def test_a_batch_without_a_bad_verdict_keeps_its_rows(
    household_file: Callable[..., Path], people: Callable[[int], list[dict[str, str]]], warehouse: psycopg.Connection
) -> None:
    household_file(people(5))
    (batch_id,) = landing.land("household_registry", DAY)
    with pytest.raises(BatchError, match="landed"):
        relanding.reopen(warehouse, batch_id)
    assert warehouse.execute("select count(*) from raw.household_registry").fetchone() == (5,)
