"""An address in doubt is decided on the board as well: which of the doors it may mean it is."""

from pathlib import Path

from alembic import op

from street.database import run_script

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Apply 0017_addresses_in_doubt.sql."""
    run_script(op.get_bind(), Path(__file__).with_suffix(".sql"))
