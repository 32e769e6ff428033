"""More ways in which two names are one person's; addresses wait for people as well."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply 0009_name_ties.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
