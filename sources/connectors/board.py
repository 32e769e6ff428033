"""Visits that were recorded on the board, one at a time: what waits in `ops.visit_inbox` is a batch (R-VISIT-1).

The inbox keeps its rows, each with the batch that took it in. That is noted once the batch has landed; where a kill
came between, the next drain notes it before it looks for what still waits.
"""

import datetime as dt
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

import polars as pl

from sources.contract import Contract
from sources.deliveries import Delivery, received_at
from sources.known import Known
from sources.readers.reading import Reading, schema
from sources.troubles import Trouble

SOURCE: Final = "board"


def deliveries(contract: Contract, known: Known, up_to: dt.date) -> Iterator[Delivery | Trouble]:
    """Hand over the visits that wait and had been made by the "now" of the run (`sources.deliveries.Connector`).

    Raises:
        DatabaseError: the database is away.
    """
    now = received_at(up_to)
    known.note_drained_visits(SOURCE)
    visits = known.waiting_visits(now)
    if not visits:
        return
    frame = pl.DataFrame(visits, schema_overrides=schema(contract), infer_schema_length=None)
    numbers = frame["visit_no"].to_list()
    content = sha256("\x1f".join(numbers).encode()).hexdigest()
    yield Delivery(
        where=SOURCE,
        business_date=up_to,
        source=SOURCE,
        received_at=now,
        facts=[{"name": f"{SOURCE} {content[:8]}", "sha256": content, "rows": frame.height}],
        sha256=content,
        reading=Reading(
            frame.select(
                pl.col(name) if name in frame.columns else pl.lit(None, pl.String).alias(name)
                for name in schema(contract)
            )
        ),
        repeated=lambda _: None,
    )
    known.note_drained_visits(SOURCE)
