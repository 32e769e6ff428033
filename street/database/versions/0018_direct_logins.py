"""Logins to the database itself read counts; whoever reads persons by one is an exception with a reason and an end."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    """Apply 0018_direct_logins.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
