"""Counts of values that are read otherwise than they are written."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply 0004_notes.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
