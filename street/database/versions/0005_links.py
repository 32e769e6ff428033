"""The tables that linkage writes for every build."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply 0005_links.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
