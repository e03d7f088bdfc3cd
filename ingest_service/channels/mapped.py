"""What a channel makes of a provider's document: a submission, with notes of what was left out (pure)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was left out or read in a particular way; `pointer` into the provider's document, no content."""

    pointer: str
    code: str


@dataclass(slots=True)
class Mapped:
    """`body` has the shape of POST /v1/feedback; it still has to be prepared, which may refuse it."""

    body: dict[str, Any]
    notes: list[Note] = field(default_factory=list)


class NotFeedback(ValueError):
    """The document is not what this channel sends; `detail` says what was expected and repeats nothing."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
