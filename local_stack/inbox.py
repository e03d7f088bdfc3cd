"""A webhook receiver of the local stack: takes POSTs, checks their Standard Webhooks signature, shows them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from standardwebhooks import Webhook, WebhookVerificationError

KEPT = 500
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
Verdict = Literal["verified", "refused", "unknown secret"]


@dataclass(frozen=True, slots=True)
class Received:
    """One webhook as it arrived at the box `box`."""

    number: int
    box: str
    at: str
    message_id: str
    verdict: Verdict
    headers: dict[str, str]
    body: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Inbox:
    """Received webhooks in a folder, and the secrets of the boxes they arrive at (`/hooks/NAME`)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._secrets_path = folder / "secrets.json"
        self._secrets: dict[str, list[str]] = {}
        if self._secrets_path.exists():
            self._secrets = json.loads(self._secrets_path.read_text())
        self._next = max((int(path.stem) for path in self._files()), default=0) + 1

    def _files(self) -> list[Path]:
        return sorted((path for path in self.folder.glob("*.json") if path.stem.isdigit()), key=lambda p: int(p.stem))

    def learn(self, box: str, secret: str) -> None:
        """Remember a signing secret of a box (several may be valid while one is rotated). Raises ValueError."""
        if not NAME.fullmatch(box):
            raise ValueError("a box is named by small letters, digits and hyphens")
        Webhook(secret)  # raises on a malformed secret
        known = [secret, *(old for old in self._secrets.get(box, []) if old != secret)]
        self._secrets[box] = known[:4]
        scratch = self._secrets_path.with_suffix(".part")
        scratch.touch(mode=0o600)
        scratch.write_text(json.dumps(self._secrets))
        scratch.rename(self._secrets_path)

    def verdict(self, box: str, headers: Mapping[str, str], body: bytes) -> Verdict:
        """Whether one of the known secrets of the box signed exactly this body within the last five minutes."""
        secrets = self._secrets.get(box)
        if not secrets:
            return "unknown secret"
        for secret in secrets:
            try:
                Webhook(secret).verify(body.decode(), dict(headers))
            except (WebhookVerificationError, ValueError):
                continue
            return "verified"
        return "refused"

    def take(self, box: str, headers: Mapping[str, str], body: bytes) -> Received:
        """Keep one webhook, whatever its signature says: the page shows the verdict."""
        lowered = {name.lower(): value for name, value in headers.items()}
        number, self._next = self._next, self._next + 1
        received = Received(
            number=number,
            box=box,
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            message_id=lowered.get("webhook-id", ""),
            verdict=self.verdict(box, lowered, body),
            headers={
                name: lowered[name] for name in sorted(lowered) if name.startswith(("webhook-", "content-", "user-"))
            },
            body=body.decode(errors="replace"),
        )
        scratch = self.folder / f"{number}.part"
        scratch.write_text(json.dumps(received.as_dict()))
        scratch.rename(self.folder / f"{number}.json")
        for old in self._files()[:-KEPT]:
            old.unlink(missing_ok=True)
        return received

    def newest(self, limit: int = 100) -> list[Received]:
        """Newest first."""
        return [Received(**json.loads(path.read_text())) for path in reversed(self._files()[-limit:])]
