"""A real SMTP server for the local stack that keeps every mail and delivers none, and reads it back for a page."""

from __future__ import annotations

import email
import email.policy
from dataclasses import asdict, dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 500
MAX_MAIL_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Mail:
    """One received mail, as the page and the JSON show it. `received` is a number that grows with time."""

    number: int
    sender: str
    recipients: list[str]
    subject: str
    date: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_mail(number: int, raw: bytes, sender: str = "", recipients: list[str] | None = None) -> Mail:
    """Decode a mail; the plain text part if there is one, else the HTML source as text."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    text = ""
    if isinstance(message, EmailMessage):
        part = message.get_body(preferencelist=("plain", "html"))
        if part is not None:
            try:
                text = str(part.get_content())
            except (LookupError, ValueError):  # an unknown or broken character set
                text = bytes(part.get_payload(decode=True) or b"").decode(errors="replace")
    return Mail(
        number=number,
        sender=sender or str(message.get("from", "")),
        recipients=recipients or [str(message.get("to", ""))],
        subject=str(message.get("subject", "")),
        date=str(message.get("date", "")),
        text=text,
    )


class Mailbox:
    """Mails in a folder, one file each, the newest KEPT of them. Survives a restart of the stack."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._next = max((int(path.stem) for path in self._files()), default=0) + 1

    def _files(self) -> list[Path]:
        return sorted((path for path in self.folder.glob("*.eml") if path.stem.isdigit()), key=lambda p: int(p.stem))

    def keep(self, raw: bytes) -> int:
        """Store one mail; returns its number."""
        number, self._next = self._next, self._next + 1
        scratch = self.folder / f"{number}.part"
        scratch.write_bytes(raw)
        scratch.rename(self.folder / f"{number}.eml")
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)
        return number

    def newest(self, limit: int = 100) -> list[Mail]:
        """Newest first."""
        return [read_mail(int(path.stem), path.read_bytes()) for path in reversed(self._files()[-limit:])]

    # -- what aiosmtpd calls ------------------------------------------------------------------------------------
    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        """Keep the mail. The answer is given after it lies on disk."""
        content = envelope.original_content or b""
        self.keep(content)
        return "250 2.0.0 Kept in the local mailbox"


def smtp_protocol(mailbox: Mailbox) -> SMTP:
    """One SMTP session (for `loop.create_server`)."""
    return SMTP(
        mailbox,
        data_size_limit=MAX_MAIL_BYTES,
        enable_SMTPUTF8=True,
        hostname="mailbox.localhost",
        ident="cxloop local mailbox",
    )
