"""The inbox of visits that are recorded one at a time."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply 0008_visit_inbox.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
