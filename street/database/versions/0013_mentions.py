"""The table of whom records may mean that only mention somebody."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Apply 0013_mentions.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
