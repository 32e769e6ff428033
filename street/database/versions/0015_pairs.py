"""A pair in doubt is listed once, however many rows its records have."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Apply 0015_pairs.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
