"""Names of compounds that were learned from records or decided by a person."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply 0006_aliases.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
