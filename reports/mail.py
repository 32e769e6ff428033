"""The report to its recipients: once per recipient and day, however often it is retried.

A recipient is claimed by inserting the row of ``ops.mail`` in a transaction that stays open while the message is
handed to the SMTP server, and is committed when the server has taken it:

* two senders at once: the second insert waits for the first transaction, then finds the row and sends nothing;
* the server refuses, or the line breaks before it answers: the claim is rolled back and a retry sends: nothing is lost;
* the sender dies between the server's answer and the commit: the retry sends again. No order of two independent
  commits closes this gap of a few milliseconds; committing first would lose the mail instead. The second copy carries
  the same Message-ID, made from report, date and recipient, by which mail servers and clients drop it.

Each recipient is a transaction and a message of its own: one that fails stops nobody else's, and nobody reads the
others' addresses.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import smtplib
import ssl
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any

from street import database
from street.settings import SHANGHAI, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

REPORT = "daily_governance"
_TIMEOUT = 30  # seconds, for each step of the conversation with the server


class MailError(RuntimeError):
    """Some recipients have not got the report; says how many and the server's codes, never an address."""


class MailDeferredError(MailError):
    """The server can't be reached or refuses for now (4xx): a retry may succeed, and sends to those left only."""


class MailRefusedError(MailError):
    """The server refuses for good (5xx): a retry won't help, the settings or the list of recipients must change."""


@dataclass(frozen=True)
class Delivery:
    """What became of the recipients: sent now, or already served by an earlier attempt."""

    sent: int
    already: int


def send(as_of: dt.date, recipients: Sequence[str]) -> Delivery:
    """Send the rendered report of the date to each recipient who hasn't got it.

    Raises FileNotFoundError when the report hasn't been rendered, MailDeferredError when somebody was put off for now,
    MailRefusedError when the only ones left were refused for good, street.database.DatabaseError.
    """
    path = settings().street_var / "reports" / as_of.isoformat() / "report.eml"
    content = path.read_bytes()
    sent = 0
    failures: list[smtplib.SMTPException | OSError] = []
    wanted = list(dict.fromkeys(recipients))
    for recipient in wanted:
        try:
            sent += _send_once(as_of, recipient, content)
        except (smtplib.SMTPException, OSError) as error:
            failures.append(error)
    if failures:
        kind = MailRefusedError if all(map(_is_final, failures)) else MailDeferredError
        answers = ", ".join(sorted({_answer(error) for error in failures}))
        # The server's own words may repeat an address: they stay out of the message and of the exception chain.
        raise kind(f"The report of {as_of} did not reach {len(failures)} of {len(wanted)} recipients ({answers}).")
    return Delivery(sent, len(wanted) - sent)


def message_id(as_of: dt.date, recipient: str) -> str:
    """Return the Message-ID of the report of a date to a recipient: the same at every attempt."""
    recipient_hash = hashlib.sha256(recipient.encode()).hexdigest()[:16]
    return f"<{REPORT}.{as_of:%Y%m%d}.{recipient_hash}@{_sender()[1]}>"


def _sender() -> tuple[str, str]:
    """Return the bare address the report is sent from, and its domain."""
    address = parseaddr(settings().smtp_from)[1]
    return address, address.rpartition("@")[2] or "localhost"


def _send_once(as_of: dt.date, recipient: str, content: bytes) -> bool:
    """Send to one recipient unless it was done before; tell whether it was sent now."""
    with database.scrubbed(), database.connect() as conn:
        if not _claim(conn, as_of, recipient):
            return False
        with _server() as server:
            server.send_message(_addressed(content, as_of, recipient), _sender()[0], [recipient])
            # Taken (250): commit before the polite end of the conversation, which may take its time or fail.
            conn.commit()
    return True


def _claim(conn: psycopg.Connection, as_of: dt.date, recipient: str) -> bool:
    """Insert the row of ops.mail, uncommitted; False when it is there. Waits while another sender holds it."""
    claimed = conn.execute(
        """insert into ops.mail (report, business_date, recipient, message_id) values (%s, %s, %s, %s)
        on conflict do nothing returning 1""",
        (REPORT, as_of, recipient, message_id(as_of, recipient)),
    ).fetchone()
    return claimed is not None


def _addressed(content: bytes, as_of: dt.date, recipient: str) -> EmailMessage:
    message = message_from_bytes(content, _class=EmailMessage, policy=SMTP)
    for header in ("Date", "From"):
        del message[header]
    message["Date"] = dt.datetime.now(SHANGHAI)
    message["From"] = settings().smtp_from
    message["To"] = recipient
    message["Message-ID"] = message_id(as_of, recipient)
    return message


@contextmanager
def _server() -> Iterator[smtplib.SMTP]:
    """Open a conversation with the mail server: TLS when it offers it, always before a password."""
    chosen = settings()
    if not chosen.smtp_host:
        raise OSError("SMTP_HOST is not set")
    tls = ssl.create_default_context()
    implicit = chosen.smtp_port == 465
    # Said by name: asking the resolver who we are can take longer than the mail.
    options: dict[str, Any] = {"local_hostname": _sender()[1], "timeout": _TIMEOUT}
    server = (
        smtplib.SMTP_SSL(chosen.smtp_host, chosen.smtp_port, context=tls, **options)
        if implicit
        else smtplib.SMTP(chosen.smtp_host, chosen.smtp_port, **options)
    )
    try:
        server.ehlo_or_helo_if_needed()
        if not implicit and server.has_extn("starttls"):
            server.starttls(context=tls)
            server.ehlo()
        if chosen.smtp_user and chosen.smtp_password:
            if not isinstance(server.sock, ssl.SSLSocket):
                raise smtplib.SMTPNotSupportedError("the server offers no TLS to send the password over")
            server.login(chosen.smtp_user, chosen.smtp_password.get_secret_value())
        yield server
    finally:
        server.close()


def _codes(error: Exception) -> list[int]:
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return [code for code, _ in error.recipients.values()]
    return [error.smtp_code] if isinstance(error, smtplib.SMTPResponseException) else []


def _is_final(error: Exception) -> bool:
    codes = _codes(error)
    return isinstance(error, smtplib.SMTPNotSupportedError) or (bool(codes) and all(code >= 500 for code in codes))


def _answer(error: Exception) -> str:
    codes = _codes(error)
    return "/".join(f"SMTP {code}" for code in codes) if codes else type(error).__name__
