"""Where feeds come from: one connector for each kind of server that a contract may name, and this is where it is found.

Another kind is a module here, a line in CONNECTORS and its word in `sources.contract.ServerType`.
"""

import datetime as dt
from collections.abc import Iterator, Mapping

from sources.connectors import board, inbox, paged_api
from sources.contract import Contract, ServerType
from sources.deliveries import Connector, Delivery
from sources.known import Known
from sources.troubles import Trouble

CONNECTORS: Mapping[ServerType, Connector] = {
    "local": inbox.deliveries,
    "api": paged_api.deliveries,
    "custom": board.deliveries,
}


def deliveries(contract: Contract, known: Known, up_to: dt.date) -> Iterator[Delivery | Trouble]:
    """Hand over what has arrived of a feed, from wherever its contract says (`sources.deliveries.Connector`)."""
    # What waits in the warehouse itself comes first: an inbox that is away doesn't hold it.
    for server in reversed(contract.servers):
        yield from CONNECTORS[server.type](contract, known, up_to)
