"""Scenarios and the conditions of tags; which versions of scenarios a build used."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply 0011_scenarios.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
