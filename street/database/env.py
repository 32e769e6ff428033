"""Alembic's environment: it works in the connection and the transaction that `street.database.migrate` opened."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
