"""Land a rejected delivery once more: for a list that was right while our contract was wrong (a renamed column)."""

import psycopg

from sources import raw
from street import batch
from street.database import scrubbed


def reopen(conn: psycopg.Connection, batch_id: int) -> None:
    """Forget the rows of a rejected or failed batch, so that the next landing reads the same files again.

    The files must still be in the inbox, or be put back from the archive. Joins the transaction open on the
    connection, else is one of its own.

    Raises:
        BatchError: the batch is in force, repeated, or not yet judged.
        DatabaseError: the warehouse refused a statement.
    """
    with scrubbed(), conn.transaction():
        raw.drop(conn, batch.reopen(conn, batch_id), batch_id)
