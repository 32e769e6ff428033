"""Accounts and sessions of the board, and who has looked at whom."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply 0010_board.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
