"""Locks that no reader can take, the ingests under way, the notices given."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply 0003_readers.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
