"""dim_committee becomes a mart that everybody reads."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply 0007_dim_committee.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
