"""One connection to the database for each of dbt's threads, for the whole of a command.

dbt itself opens one for each node and closes it behind it: a sixth of what a build of a small street takes.
"""

from __future__ import annotations

from dbt.adapters.contracts.connection import ConnectionState
from dbt.adapters.postgres.connections import PostgresConnectionManager
from dbt.adapters.postgres.impl import PostgresAdapter


class OnePerThread(PostgresConnectionManager):
    """Keeps what a node leaves behind for the next one of its thread; dbt closes all when the command ends."""

    def release(self) -> None:
        """End the node's transaction, and the connection only where the server has."""
        connection = self.get_if_exists()
        if connection is None or connection.state != ConnectionState.OPEN:
            return
        self._rollback_handle(connection)  # dbt doesn't know of those that psycopg2 begins by itself
        connection.transaction_open = False
        if connection.handle.closed:
            super().release()


def keep() -> None:
    """Have dbt's adapters of this process keep their connections."""
    PostgresAdapter.ConnectionManager = OnePerThread
