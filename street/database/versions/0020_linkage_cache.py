"""Linkage keeps what it read and placed, so that the next run reads and places what is new."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Apply 0020_linkage_cache.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
