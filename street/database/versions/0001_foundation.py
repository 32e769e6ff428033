"""The schemas, the operational tables, linkage's key maps, the roles."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply 0001_foundation.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
