"""API shapes of `POST /v1/text/annotate`, and the strict reading of its body.

The body is read by hand: a thousand texts through a model would cost more than understanding them.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from shared.contracts.problems import Code, FieldProblem, Problem

MOST_TEXTS = 1000
LONGEST_TEXT = 20_000
"""Characters per text."""
LARGEST_BODY = 4 * 1024 * 1024
LONGEST_ID = 255
LONGEST_LANGUAGE = 35
MOST_ERRORS = 100


class TextIn(BaseModel):
    """One text. `language` is a hint (ISO 639-1) where the caller knows it."""

    id: str | int | None = Field(default=None, description="Echoed in the result.")
    text: str = Field(max_length=LONGEST_TEXT)
    language: str | None = Field(default=None, max_length=LONGEST_LANGUAGE)


class AnnotateIn(BaseModel):
    """Texts to understand."""

    texts: list[TextIn] = Field(max_length=MOST_TEXTS)


class SentimentOut(BaseModel):
    """Sentiment of a text: score −1…1, calibrated probabilities that sum to 1."""

    label: Literal["positive", "neutral", "negative", "mixed"]
    score: float = Field(ge=-1, le=1)
    probabilities: dict[str, float]


class TermOut(BaseModel):
    """Words that weighed; `text` is [start, end) of what was sent, in characters."""

    text: str
    start: int
    end: int
    weight: float


class AnnotationOut(BaseModel):
    """What one text means. `sentiment` is null where it cannot be told; `reason` is there then, and says why."""

    id: str | int | None
    language: str | None
    sentiment: SentimentOut | None
    reason: str | None = None
    terms: list[TermOut]
    model: str


class AnnotateOut(BaseModel):
    """One result per text, in the order asked."""

    results: list[AnnotationOut]


def read(body: Any) -> tuple[list[Any], list[str], list[str | None]]:
    """(ids, texts, languages) of a parsed body. Raises Problem with a pointer for each fault, up to 100."""
    if not isinstance(body, dict) or not isinstance(body.get("texts"), list):
        raise _invalid([FieldProblem("/texts", "required", 'send {"texts": [{"id": …, "text": …}]}')])
    unknown = [FieldProblem(f"/{key[:64]}", "unknown_field", "is not known here") for key in body if key != "texts"]
    if unknown:
        raise _invalid(unknown)
    items = body["texts"]
    if len(items) > MOST_TEXTS:
        raise _invalid([FieldProblem("/texts", "too_long", f"holds more than {MOST_TEXTS} texts; send them in parts")])
    faults: list[FieldProblem] = []
    ids: list[Any] = []
    texts: list[str] = []
    languages: list[str | None] = []
    for index, item in enumerate(items):
        fault = _fault(item)
        if fault is not None:
            faults.append(FieldProblem(f"/texts/{index}{fault[0]}", fault[1], fault[2]))
            if len(faults) >= MOST_ERRORS:
                break
            continue
        ids.append(item.get("id"))
        texts.append(item["text"])
        languages.append(item.get("language"))
    if faults:
        raise _invalid(faults)
    return ids, texts, languages


_KNOWN = {"id", "text", "language"}


def _fault(item: Any) -> tuple[str, str, str] | None:
    """(pointer below the item, code, detail) of its first fault."""
    if type(item) is not dict:
        return "", "not_an_object", "must be an object with `text`"
    text, found, language = item.get("text"), item.get("id"), item.get("language")
    fault = None
    if type(text) is not str:
        fault = "/text", "required" if text is None else "not_text", "must be a text"
    elif len(text) > LONGEST_TEXT:
        fault = "/text", "too_long", f"is longer than {LONGEST_TEXT} characters"
    elif not (found is None or type(found) is int or (type(found) is str and len(found) <= LONGEST_ID)):
        fault = "/id", "not_an_id", f"must be a whole number or a text of at most {LONGEST_ID} characters"
    elif not (language is None or (type(language) is str and len(language) <= LONGEST_LANGUAGE)):
        fault = "/language", "not_a_language", "must be a language code such as en"
    elif not item.keys() <= _KNOWN:
        fault = "", "unknown_field", "knows id, text and language only"
    return fault


def _invalid(errors: list[FieldProblem]) -> Problem:
    return Problem(Code.BODY_INVALID, "Mend the fields listed in `errors`; nothing was read.", errors)
