"""A line to the mail server: one connection, made when it is first needed and used for the next mails (aiosmtplib).

Making a connection costs a round trip or six, with TLS and sign-in more than the mail itself. Whatever goes wrong
drops the connection, and the next mail gets a new one.
"""

from contextlib import suppress
from email.message import EmailMessage
from typing import Self

import aiosmtplib

from loop_service.settings import LoopSettings

TIMEOUT_S = 15.0
_CLOSING = 421  # "service closing the channel": many servers say so after some mails


class Line:
    """Use as `async with`; one mail at a time."""

    def __init__(self, settings: LoopSettings) -> None:
        self._settings = settings
        self._client: aiosmtplib.SMTP | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            with suppress(aiosmtplib.SMTPException, OSError, TimeoutError):
                await self._client.quit()
            self._drop()

    async def send(self, message: EmailMessage) -> None:
        """Send; raises what aiosmtplib raises. A server that ended a line it had served before gets a second try."""
        used_before = self._client is not None
        try:
            await self._send(message)
        except aiosmtplib.SMTPResponseException as answer:
            if not used_before or answer.code != _CLOSING:
                raise
            await self._send(message)
        except aiosmtplib.SMTPServerDisconnected:
            if not used_before:
                raise
            await self._send(message)

    async def _send(self, message: EmailMessage) -> None:
        try:
            if self._client is None:
                self._client = self._made()
                await self._client.connect()
            await self._client.send_message(message)
        except BaseException:
            self._drop()
            raise

    def _made(self) -> aiosmtplib.SMTP:
        settings = self._settings
        return aiosmtplib.SMTP(
            hostname=settings.smtp_host,
            port=settings.smtp_port,
            username=settings.smtp_username or None,
            password=settings.smtp_password.get_secret_value() or None,
            use_tls=settings.smtp_tls == "tls",
            start_tls={"auto": None, "starttls": True, "tls": False, "none": False}[settings.smtp_tls],
            timeout=TIMEOUT_S,
        )

    def _drop(self) -> None:
        if self._client is not None:
            self._client.close()
            self._client = None
