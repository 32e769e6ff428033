"""Make the contracts known to the warehouse: `ops.feed`, and each feed's raw and quarantine tables."""

from collections.abc import Sequence

import psycopg
from psycopg.types.json import Jsonb

from sources import raw
from sources.contract import Contract, all_contracts
from street.database import scrubbed


def sync(conn: psycopg.Connection, contracts: Sequence[Contract] | None = None) -> None:
    """Write what the contracts say into `ops.feed` and create or extend the tables that follow from them.

    Joins the transaction open on the connection, else is one of its own; may be repeated. A feed without a contract
    any more stays: its batches refer to it.

    Raises:
        ContractError: a contract can't be used.
        DatabaseError: the warehouse refused a statement.
    """
    with scrubbed(), conn.transaction():
        for contract in all_contracts() if contracts is None else contracts:
            said = contract.properties
            conn.execute(
                "insert into ops.feed (feed, title_zh, department, load_mode, cadence, due_at, late_after_hours,"
                " row_floor, retention_days, about_person, about_arrival, contract_version, column_days)"
                " values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
                " on conflict (feed) do update set title_zh = excluded.title_zh, department = excluded.department,"
                " load_mode = excluded.load_mode, cadence = excluded.cadence, due_at = excluded.due_at,"
                " late_after_hours = excluded.late_after_hours, row_floor = excluded.row_floor,"
                " retention_days = excluded.retention_days, about_person = excluded.about_person,"
                " about_arrival = excluded.about_arrival, contract_version = excluded.contract_version,"
                " column_days = excluded.column_days",
                (
                    contract.feed, contract.title_zh, contract.department, said.load_mode, said.cadence, said.due_at,
                    said.late_after, said.row_floor, contract.retention_days, said.about_person, said.about_arrival,
                    contract.version, Jsonb(contract.column_days),
                ),
            )  # fmt: skip
            raw.ensure(conn, contract)
