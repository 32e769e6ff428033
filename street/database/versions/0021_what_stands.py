"""Let records stand from run to run that a day does not concern, and end with what they were made of."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    """Apply 0021_what_stands.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
