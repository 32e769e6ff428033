"""`python -m runtime.cli` is `street`."""

from runtime.cli import app

app()
