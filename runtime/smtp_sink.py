"""A mail server for a desk: it takes every message and keeps it as a file, `var/mail/<arrival>_<id>.eml`.

Run it as `python -m runtime.smtp_sink --dir DIR --port PORT`.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import secrets
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

HOST = "127.0.0.1"


class Keeper:
    """Writes each message, with its envelope in `X-Envelope-*` headers, before it is acknowledged."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        """Keep a message; the names are the SMTP server's interface."""
        content = envelope.content or b""
        body = content.encode("utf-8") if isinstance(content, str) else content
        recipients = ", ".join(envelope.rcpt_tos)
        head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {recipients}\r\n".encode()
        name = f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S%f}_{secrets.token_hex(4)}"
        partial = self._folder / f".{name}.part"
        partial.write_bytes(head + body)
        partial.rename(self._folder / f"{name}.eml")  # a reader never sees half a message
        return "250 Message kept"


async def _serve(folder: Path, port: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stopped.set)
    keeper = Keeper(folder)
    server = await loop.create_server(lambda: SMTP(keeper, enable_SMTPUTF8=True, loop=loop), host=HOST, port=port)
    async with server:
        await stopped.wait()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True, help="folder that receives the .eml files")
    parser.add_argument("--port", type=int, required=True)
    arguments = parser.parse_args()
    os.umask(0o077)
    asyncio.run(_serve(arguments.dir, arguments.port))


if __name__ == "__main__":
    main()
