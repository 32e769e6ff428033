"""The one protocol of connectors: whatever a feed comes from, it gives deliveries, and each becomes a batch."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sources.contract import Contract
from sources.known import Known
from sources.readers.reading import Reading
from sources.troubles import Trouble
from street.settings import SHANGHAI, as_of_at


@dataclass(frozen=True)
class Delivery:
    """One batch to be: what `ops.batch` says of it, and what reading it gave (docs/rules.md, R-BATCH-1).

    What was received is in the archive before a delivery is handed over. `where` is what a sentence about it calls it,
    `facts` go into `ops.batch.sources`, each with a `name`. `sha256` tells equal deliveries of a source: if these bytes
    are a batch already, `repeated` is called with it, and nothing else happens.
    """

    where: str
    business_date: dt.date
    source: str
    received_at: dt.datetime
    facts: Sequence[dict[str, Any]]
    sha256: str
    reading: Reading
    repeated: Callable[[int], None]


class Connector(Protocol):
    """What fetches the deliveries of a feed from the kind of server that its contract names."""

    def __call__(self, contract: Contract, known: Known, up_to: dt.date) -> Iterator[Delivery | Trouble]:
        """Hand over what has arrived at or before a date and isn't landed yet, oldest first.

        Each delivery is landed before the next is asked for, so `known` knows it by then. What can't be fetched is
        handed over as its trouble, and the rest goes on.

        Raises:
            PassingError: nothing can be fetched just now.
            PermanentError: the source isn't configured.
            DatabaseError: the database is away.
        """


def received_at(business_date: dt.date) -> dt.datetime:
    """Return the "now" of a delivery: the wall clock when its date is today, else 07:30 of it (docs/rules.md,
    R-DAY-4).
    """
    now = dt.datetime.now(SHANGHAI)
    return now if now.date() == business_date else as_of_at(business_date)


def is_today(business_date: dt.date) -> bool:
    """Return whether it is the business date's own day: the date isn't closed yet."""
    return business_date == dt.datetime.now(SHANGHAI).date()
