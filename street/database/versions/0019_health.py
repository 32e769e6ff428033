"""The board's page of feeds says which rules rows have broken, and where a key's records stand."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    """Apply 0019_health.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
