"""What a mail about a case says: text and HTML from templates, headers that nobody can inject into (pure)."""

import re
from collections.abc import Mapping
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

_CONTROL = re.compile(r"[\x00-\x1f\x7f\u0085\u2028\u2029]+")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
MAX_SUBJECT = 180

_templates = Environment(
    loader=PackageLoader("loop_service.notifications"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=False,
)


class AddressInvalid(ValueError):
    """The address cannot stand in a mail; the text never holds it."""


def one_line(text: str, limit: int = MAX_SUBJECT) -> str:
    """Text that is safe in a header: one line, no control characters, bounded."""
    line = _SURROGATES.sub("\ufffd", _CONTROL.sub(" ", text)).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def address(email: str, name: str = "") -> Address:
    """An address for a header; raises AddressInvalid for what is none (or tries to be several)."""
    if len(email) > 320 or any(character in email for character in '\r\n,;<>"() \t') or email.count("@") != 1:
        raise AddressInvalid("the e-mail address is not valid")
    try:
        return Address(display_name=one_line(name, 100), addr_spec=email)
    except (HeaderParseError, ValueError, IndexError):
        raise AddressInvalid("the e-mail address is not valid") from None


def sender(text: str) -> Address:
    """Read `Name <address>` or an address from the settings; raises AddressInvalid."""
    found = re.fullmatch(r"\s*(?:(.*?)\s*<([^<>]+)>|([^<>\s]+))\s*", text)
    if found is None:
        raise AddressInvalid("MAIL_FROM is not an address")
    return address(found.group(2) or found.group(3), (found.group(1) or "").strip('"'))


def letter(
    *,
    mail_id: UUID,
    kind: str,
    case: Mapping[str, Any],
    to: Address,
    from_: Address,
    public_url: str,
    at: datetime,
) -> EmailMessage:
    """The mail to the owner of a case. `kind`: case_opened or case_assigned; `case` as in the events."""
    shown = {name: case.get(name) for name in ("title", "priority", "status", "due_at", "channel", "unit")}
    if isinstance(shown["due_at"], str):
        shown["due_at"] = datetime.fromisoformat(shown["due_at"]).strftime("%Y-%m-%d %H:%M UTC")
    values = {"kind": kind, "case": shown, "link": f"{public_url.rstrip('/')}/dashboard/cases/{case.get('case_id')}"}
    message = EmailMessage(policy=SMTP)
    lead = "New case" if kind == "case_opened" else "Your case"
    message["Subject"] = one_line(f"{lead} ({shown['priority']}): {shown['title']}")
    message["From"] = from_
    message["To"] = to
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail_id.hex}@{from_.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_SURROGATES.sub("\ufffd", _templates.get_template("case.txt").render(values)))
    html = _SURROGATES.sub("\ufffd", _templates.get_template("case.html").render(values))
    message.add_alternative(html, subtype="html")
    return message
