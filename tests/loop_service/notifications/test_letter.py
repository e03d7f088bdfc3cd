"""Letters cannot be injected into, in headers or in HTML, and reach exactly one address."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.notifications.letter import AddressInvalid, address, letter, one_line, sender
from shared.foundation.ids import new_id

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CASE: dict[str, Any] = {
    "case_id": "01890000-0000-7000-8000-000000000001",
    "title": "NPS 3 by email",
    "status": "new",
    "priority": "high",
    "due_at": "2026-03-03T12:00:00Z",
    "channel": "email",
    "unit": None,
}


def written(kind: str = "case_opened", **changes: Any) -> EmailMessage:
    """The letter as a mail program would read it."""
    made = letter(
        mail_id=new_id(),
        kind=kind,
        case={**CASE, **changes},
        to=address("agent@example.com", "Agent 1"),
        from_=sender("cxloop <cxloop@example.com>"),
        public_url="https://cx.example.com/",
        at=AT,
    )
    read = message_from_bytes(made.as_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


def test_what_it_says() -> None:
    message = written()
    assert message["subject"] == "New case (high): NPS 3 by email"
    assert message["to"] == "Agent 1 <agent@example.com>"
    assert message["auto-submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        text = part(message, kind)
        assert "https://cx.example.com/dashboard/cases/01890000-0000-7000-8000-000000000001" in text
        assert "2026-03-03 12:00 UTC" in text
        assert "Unit" not in text
    assert "yours now" in part(written("case_assigned"), "plain")


def test_html_is_escaped_and_text_is_not() -> None:
    message = written(title="<script>alert(1)</script> & more")
    assert "<script>" not in part(message, "html")
    assert "&lt;script&gt;" in part(message, "html")
    assert "<script>alert(1)</script> & more" in part(message, "plain")


HEADERS = sorted(written().keys())


@given(st.text(max_size=300), st.text(max_size=60))
def test_no_text_makes_a_new_header_or_recipient(title: str, unit: str) -> None:
    message = written(title=title + "\r\nBcc: victim@example.org\r\n\r\nbody", unit=unit)
    assert sorted(message.keys()) == HEADERS
    assert message["to"] == "Agent 1 <agent@example.com>"
    assert "\n" not in str(message["subject"])


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nobody",
        "a@b@c",
        "a@example.com\r\nBcc: x@example.org",
        "a@example.com, b@example.com",
        "<a@example.com>",
        "a b@example.com",
        "a@" + "x" * 400,
    ],
)
def test_addresses_that_are_none(email: str) -> None:
    with pytest.raises(AddressInvalid) as refused:
        address(email)
    assert len(email) < 2 or email not in str(refused.value)


def test_senders() -> None:
    assert sender("cxloop@example.com") == Address(addr_spec="cxloop@example.com")
    assert sender('"CX team" <cx@example.com>').display_name == "CX team"
    with pytest.raises(AddressInvalid):
        sender("two@example.com three@example.com")


@given(st.text())
def test_one_line_is_one_short_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= 180
    assert len(line.splitlines()) <= 1
