from __future__ import annotations

import asyncio
import datetime as dt
import socket
import threading
import time
import traceback
from email import message_from_bytes
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import pytest
from aiosmtpd.controller import Controller

from reports import daily, mail
from street.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.reports.conftest import Street

DAY = dt.date(2020, 3, 28)
OFFICE = ["director@hs.example", "duty@hs.example"]


class Mailbox:
    """A mail server's end: keeps what it takes and answers as the test wants."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.answer: Callable[[str], str | None] = lambda _: None
        self.slow = 0.0

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        refusal = self.answer(address)
        if refusal:
            return refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        await asyncio.sleep(self.slow)
        self.taken.append((envelope.rcpt_tos[0], message_from_bytes(envelope.content, policy=SMTP)))
        return "250 Taken"

    def served(self) -> list[str]:
        return [recipient for recipient, _ in self.taken]


@pytest.fixture
def mailbox(street: Street, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailbox]:
    """A running SMTP server, and a report rendered to send to it."""
    box = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    monkeypatch.setenv("SMTP_HOST", "127.0.0.1")
    monkeypatch.setenv("SMTP_PORT", str(port))
    monkeypatch.setenv("SMTP_FROM", "花木街道 <report@hs.example>")
    settings.cache_clear()
    daily.render(DAY)
    yield box
    server.stop()


def test_each_recipient_gets_the_report_once_however_often_it_is_sent(mailbox: Mailbox) -> None:
    assert mail.send(DAY, OFFICE) == mail.Delivery(sent=2, already=0)
    assert mail.send(DAY, [*OFFICE, "late@hs.example"]) == mail.Delivery(sent=1, already=2)
    assert mailbox.served() == [*OFFICE, "late@hs.example"]


def test_the_mail_is_addressed_to_its_recipient_alone(mailbox: Mailbox) -> None:
    mail.send(DAY, OFFICE)
    message = mailbox.taken[0][1]
    assert message["To"] == OFFICE[0]
    assert message["From"] == "花木街道 <report@hs.example>"
    assert message["Message-ID"] == mail.message_id(DAY, OFFICE[0])
    assert len(message.get_all("Date")) == 1
    assert OFFICE[1] not in message.as_string()
    assert message.get_body(("html",)) is not None
    assert len(list(message.iter_attachments())) == 1


def test_another_day_is_another_mail(mailbox: Mailbox) -> None:
    tomorrow = DAY + dt.timedelta(days=1)
    daily.render(tomorrow)
    mail.send(DAY, OFFICE[:1])
    mail.send(tomorrow, OFFICE[:1])
    assert len({message["Message-ID"] for _, message in mailbox.taken}) == 2


def test_a_recipient_put_off_for_now_gets_it_at_the_retry_and_nobody_twice(mailbox: Mailbox) -> None:
    mailbox.answer = lambda recipient: "451 Try later" if recipient == OFFICE[0] else None
    with pytest.raises(mail.MailDeferredError, match=r"1 of 2 recipients \(SMTP 451\)") as raised:
        mail.send(DAY, OFFICE)
    assert mailbox.served() == [OFFICE[1]]
    assert OFFICE[0] not in "".join(traceback.format_exception(raised.value))
    mailbox.answer = lambda _: None
    assert mail.send(DAY, OFFICE) == mail.Delivery(sent=1, already=1)
    assert sorted(mailbox.served()) == sorted(OFFICE)


def test_a_recipient_refused_for_good_stops_nobody_else(mailbox: Mailbox) -> None:
    mailbox.answer = lambda recipient: "550 No such user" if recipient == OFFICE[0] else None
    with pytest.raises(mail.MailRefusedError, match="SMTP 550"):
        mail.send(DAY, OFFICE)
    assert mailbox.served() == [OFFICE[1]]


def test_two_senders_at_once_send_one_mail(mailbox: Mailbox) -> None:
    mailbox.slow = 0.5
    deliveries: list[mail.Delivery] = []
    senders = [threading.Thread(target=lambda: deliveries.append(mail.send(DAY, OFFICE[:1]))) for _ in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout=30)
    assert mailbox.served() == OFFICE[:1]
    assert sorted(delivery.sent for delivery in deliveries) == [0, 0, 1]


def test_when_the_first_of_two_senders_fails_the_second_sends(mailbox: Mailbox) -> None:
    refusals = iter(["451 Busy"])

    def busy_once(recipient: str) -> str | None:
        time.sleep(0.3)
        return next(refusals, None)

    mailbox.answer = busy_once
    outcomes: list[object] = []

    def attempt() -> None:
        try:
            outcomes.append(mail.send(DAY, OFFICE[:1]))
        except mail.MailDeferredError as error:
            outcomes.append(type(error))

    senders = [threading.Thread(target=attempt) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(timeout=30)
    assert mailbox.served() == OFFICE[:1]
    assert mail.MailDeferredError in outcomes
    assert mail.Delivery(1, 0) in outcomes


def test_a_server_that_is_down_loses_nothing(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    port = str(settings().smtp_port)
    monkeypatch.setenv("SMTP_PORT", "1")
    settings.cache_clear()
    with pytest.raises(mail.MailDeferredError, match="2 of 2 recipients"):
        mail.send(DAY, OFFICE)
    monkeypatch.setenv("SMTP_PORT", port)
    settings.cache_clear()
    assert mail.send(DAY, OFFICE).sent == 2


def test_a_sender_killed_before_its_commit_sends_again_under_the_same_message_id(
    mailbox: Mailbox, street: Street
) -> None:
    mail.send(DAY, OFFICE[:1])
    street.conn.execute("delete from ops.mail")  # what a kill between the server's answer and the commit leaves
    street.conn.commit()
    mail.send(DAY, OFFICE[:1])
    identities = [message["Message-ID"] for _, message in mailbox.taken]
    assert len(identities) == 2
    assert len(set(identities)) == 1


def test_a_password_is_never_sent_in_the_clear(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_USER", "report")
    monkeypatch.setenv("SMTP_PASSWORD", "a secret")
    settings.cache_clear()
    with pytest.raises(mail.MailRefusedError):
        mail.send(DAY, OFFICE)
    assert not mailbox.taken


def test_sending_before_rendering_is_an_error(mailbox: Mailbox) -> None:
    with pytest.raises(FileNotFoundError):
        mail.send(DAY + dt.timedelta(days=5), OFFICE)
