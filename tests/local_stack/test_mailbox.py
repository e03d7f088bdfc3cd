"""The local mail server keeps what it is sent, whatever the mail looks like."""

from __future__ import annotations

import asyncio
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from local_stack import mailbox as boxes
from local_stack.mailbox import Mailbox, read_mail, smtp_protocol


async def test_a_mail_sent_over_smtp_is_kept_and_read_back(tmp_path: Path) -> None:
    mailbox = Mailbox(tmp_path)
    server = await asyncio.get_running_loop().create_server(lambda: smtp_protocol(mailbox), "127.0.0.1", 0)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "cxloop@example.com", "owner@example.org", "Ein Fall für Sie – ✓"
    mail.set_content("Grüße\n")
    mail.add_alternative("<p>Grüße</p>", subtype="html")
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=server.sockets[0].getsockname()[1])
    server.close()
    (kept,) = mailbox.newest()
    assert (kept.subject, kept.recipients, kept.text.strip()) == (
        "Ein Fall für Sie – ✓",
        ["owner@example.org"],
        "Grüße",
    )


def test_numbers_go_on_after_a_restart_and_old_mails_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boxes, "KEPT", 2)
    first = Mailbox(tmp_path)
    assert [first.keep(b"Subject: a\n\n"), first.keep(b"Subject: b\n\n")] == [1, 2]
    assert Mailbox(tmp_path).keep(b"Subject: c\n\n") == 3
    assert [mail.subject for mail in Mailbox(tmp_path).newest()] == ["c", "b"]


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xff\xfe\x00", b"Content-Type: text/plain; charset=klingon\n\n\xe4", b"Subject: =?x?q?=\n\nx", b"\n\n\0"],
)
def test_a_broken_mail_is_still_shown(raw: bytes) -> None:
    assert isinstance(read_mail(1, raw).text, str)
