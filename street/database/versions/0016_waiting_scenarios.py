"""A scenario that asks what no connected feed tells waits for one; what it says of isolation holds all the same."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Apply 0016_waiting_scenarios.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
