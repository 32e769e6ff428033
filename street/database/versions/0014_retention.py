"""What is over is removed, what was removed leaves a tombstone, and a day that lacks it is closed."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Apply 0014_retention.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
