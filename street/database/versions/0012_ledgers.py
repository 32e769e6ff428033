"""Whoever reads the whole street says why it asks for a ledger."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply 0012_ledgers.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
