"""The memory of linkage: which person each record was given."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply 0002_linkage.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
