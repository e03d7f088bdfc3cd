"""The webhook inbox tells a true signature from a false one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from local_stack.inbox import Inbox

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
OTHER = "whsec_" + base64.b64encode(b"o" * 32).decode()
BODY = b'{"type":"case.opened"}'


def signed(secret: str, body: bytes = BODY, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    return {
        "Webhook-Id": "msg_1",
        "Webhook-Timestamp": str(int(at.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("msg_1", at, body.decode()),
    }


def test_verdicts(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path)
    assert inbox.take("crm", signed(SECRET), BODY).verdict == "unknown secret"
    inbox.learn("crm", SECRET)
    assert inbox.take("crm", signed(SECRET), BODY).verdict == "verified"
    assert inbox.take("crm", signed(OTHER), BODY).verdict == "refused"
    assert inbox.take("crm", signed(SECRET), BODY + b" ").verdict == "refused"
    assert inbox.take("crm", {}, BODY).verdict == "refused"
    assert inbox.take("crm", signed(SECRET, at=datetime.now(UTC) - timedelta(hours=1)), BODY).verdict == "refused"
    assert inbox.take("crm", {}, b"\xff\xfe").verdict == "refused"
    assert [one.number for one in inbox.newest()] == [7, 6, 5, 4, 3, 2, 1]


def test_during_a_rotation_both_secrets_hold_and_are_remembered(tmp_path: Path) -> None:
    Inbox(tmp_path).learn("crm", OTHER)
    Inbox(tmp_path).learn("crm", SECRET)
    inbox = Inbox(tmp_path)
    assert inbox.take("crm", signed(OTHER), BODY).verdict == "verified"
    assert inbox.take("crm", signed(SECRET), BODY).verdict == "verified"
    assert (tmp_path / "secrets.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(("box", "secret"), [("../etc", SECRET), ("Ä", SECRET), ("crm", "whsec_not base64!")])
def test_bad_names_and_secrets_are_refused(tmp_path: Path, box: str, secret: str) -> None:
    with pytest.raises((ValueError, RuntimeError)):
        Inbox(tmp_path).learn(box, secret)
