"""`python -m board`: serve the board at an address and port of this machine."""

from __future__ import annotations

import argparse
import logging

import uvicorn

from board.app import make_app
from street.settings import settings


def main() -> None:
    """Serve until told to end."""
    parser = argparse.ArgumentParser(prog="board", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8081)
    told = parser.parse_args()
    known = settings()
    if known.street_board_database_url is None:
        raise SystemExit("STREET_BOARD_DATABASE_URL is not set: `street up` sets it, or .env.")
    logging.basicConfig(level=logging.WARNING)
    uvicorn.run(
        make_app(known.street_board_database_url),
        host=told.host,
        port=told.port,
        access_log=False,  # an address may hold a key; who looked at whom is written down in the database
        timeout_keep_alive=75,
        server_header=False,
        ssl_certfile=known.street_board_tls_certificate,
        ssl_keyfile=known.street_board_tls_key,
        # TLS may end at a proxy of the office's: it says so in X-Forwarded-Proto.
        forwarded_allow_ips=known.street_board_proxy or "127.0.0.1",
    )


if __name__ == "__main__":
    main()
