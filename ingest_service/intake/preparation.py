"""From what arrived to what is stored: validate, normalise, redact, fingerprint; every fault is named (pure).

Nothing is changed silently but this: Unicode is brought to NFC, an empty text counts as no text, 9.0 is 9, times
become UTC, e-mail addresses lower case, telephone numbers E.164, and personal data in texts is masked.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import TypeAdapter, ValidationError

from ingest_service.customers.identities import IdentityUnreadable, Kind, normal
from ingest_service.intake.scales import Scale, ScaleRefused, fit
from ingest_service.intake.schemas import (
    ATTRIBUTE_KEY_LIMIT,
    ATTRIBUTE_VALUE_LIMIT,
    CustomerIn,
    RatingIn,
    Submission,
    SurveyResponse,
)
from ingest_service.privacy.redact import redact, redact_value
from shared.contracts.problems import FieldProblem
from shared.foundation.ids import new_id

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
FUTURE: Final = timedelta(days=1)
"""Clocks are wrong and time zones are mistaken by hours, not by days."""
FAULTS_SHOWN: Final = 20

_SUBMISSION: Final = TypeAdapter(Submission)
_RESPONSE: Final = TypeAdapter(SurveyResponse)
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a submission came in: the same for all records of a request."""

    org_id: UUID
    received_at: datetime
    trace: str | None = None
    trusted: bool = True
    """False for a browser: anyone can claim to be a customer there, so it never changes what we know of one."""


@dataclass(slots=True)
class Prepared:
    """A submission ready to be stored. `content_hash` is set when it has a submission_id."""

    org_id: UUID
    id: UUID
    channel: str
    source: str
    submission_id: str | None
    content_hash: bytes | None
    occurred_at: datetime
    occurred_at_told: bool
    received_at: datetime
    trace: str | None
    trusted: bool
    identities: tuple[tuple[Kind, str], ...]
    customer_name: str | None
    customer_attributes: dict[str, Any]
    ratings: list[dict[str, Any]]
    text: str | None
    title: str | None
    language: str | None
    unit: str | None
    touchpoint: str | None
    attributes: dict[str, Any]
    survey_id: str | None


class Refused(Exception):
    """A submission that cannot be stored, with each fault (at most 20)."""

    def __init__(self, errors: list[FieldProblem]) -> None:
        super().__init__(f"{len(errors)} faults")
        self.errors = errors[:FAULTS_SHOWN]


def prepare(body: Any, origin: Origin) -> Prepared:
    """Make `body` (decoded JSON in the shape of schemas.Submission) ready to be stored. Raises Refused."""
    try:
        return _finish(_SUBMISSION.validate_python(body), origin, None)
    except ValidationError as invalid:
        raise Refused(_faults(invalid)) from None


def prepare_response(body: Any, origin: Origin, *, unit: str | None, touchpoint: str | None) -> Prepared:
    """The same for a survey response; `unit` and `touchpoint` of the survey count where none is told."""
    try:
        response = _RESPONSE.validate_python(body)
    except ValidationError as invalid:
        raise Refused(_faults(invalid)) from None
    prepared = _finish(response, origin, response.survey_id)
    prepared.unit = prepared.unit or unit
    prepared.touchpoint = prepared.touchpoint or touchpoint
    return prepared


def _finish(given: Submission, origin: Origin, survey_id: str | None) -> Prepared:
    faults: list[FieldProblem] = []
    channel = _label(given.channel, "/channel", faults)
    source = channel if given.source is None else _label(given.source, "/source", faults)
    submission_id = _optional_label(given.submission_id, "/submission_id", faults)
    unit = _optional_label(given.unit, "/unit", faults)
    touchpoint = _optional_label(given.touchpoint, "/touchpoint", faults)
    told = _moment(given.occurred_at, origin.received_at, faults) if given.occurred_at is not None else None
    text = _text(given.text, "/text", faults)
    title = _text(given.title, "/title", faults)
    ratings = _ratings(given.ratings, faults) if given.ratings else []
    if not given.ratings and text is None:
        faults.append(FieldProblem("", "nothing_said", 'give at least one of "ratings" and "text"'))
    attributes = _attributes(given.attributes, "/attributes", faults) if given.attributes else {}
    identities: tuple[tuple[Kind, str], ...] = ()
    customer_name: str | None = None
    customer_attributes: dict[str, Any] = {}
    if given.customer is not None:
        identities, customer_name, customer_attributes = _customer(given.customer, faults)
    if faults:
        raise Refused(faults)
    content_hash = None
    if submission_id is not None:
        content_hash = _fingerprint(
            channel,
            told,
            identities,
            customer_name,
            customer_attributes,
            ratings,
            text,
            title,
            given.language,
            unit,
            touchpoint,
            attributes,
        )
    return Prepared(
        org_id=origin.org_id,
        id=new_id(),
        channel=channel,
        source=source,
        submission_id=submission_id,
        content_hash=content_hash,
        occurred_at=told or origin.received_at,
        occurred_at_told=told is not None,
        received_at=origin.received_at,
        trace=origin.trace,
        trusted=origin.trusted,
        identities=identities,
        customer_name=customer_name,
        customer_attributes=customer_attributes,
        ratings=ratings,
        text=None if text is None else redact(text),
        title=None if title is None else redact(title),
        language=given.language,
        unit=unit,
        touchpoint=touchpoint,
        attributes={key: redact_value(value) if isinstance(value, str) else value for key, value in attributes.items()},
        survey_id=survey_id,
    )


def _fingerprint(*content: Any) -> bytes:
    """16 bytes that change when the content does; what was left out is not part of it, so a retry is no change."""
    return hashlib.blake2b(orjson.dumps(content, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _clean(text: str, pointer: str, faults: list[FieldProblem]) -> str:
    """NFC, storable: no NUL, no lone surrogate."""
    if text.isascii():
        if "\x00" in text:
            faults.append(FieldProblem(pointer, "nul_character", "the character U+0000 cannot be stored: leave it out"))
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        faults.append(FieldProblem(pointer, "not_unicode", "the text holds half of a surrogate pair"))
        return ""
    if "\x00" in text:
        faults.append(FieldProblem(pointer, "nul_character", "the character U+0000 cannot be stored: leave it out"))
    return unicodedata.normalize("NFC", text)


def _label(text: str, pointer: str, faults: list[FieldProblem]) -> str:
    label = _clean(text, pointer, faults)
    if label != label.strip() or not label:
        faults.append(FieldProblem(pointer, "surrounding_space", "leave out the space before and after it"))
    elif _CONTROL.search(label) is not None and "\x00" not in label:
        faults.append(
            FieldProblem(pointer, "control_character", "control characters and line ends are not allowed here")
        )
    return label


def _optional_label(text: str | None, pointer: str, faults: list[FieldProblem]) -> str | None:
    return None if text is None else _label(text, pointer, faults)


def _text(text: str | None, pointer: str, faults: list[FieldProblem]) -> str | None:
    if text is None or not text.strip():
        return None
    return _clean(text, pointer, faults)


def _moment(text: str, received_at: datetime, faults: list[FieldProblem]) -> datetime | None:
    pointer = "/occurred_at"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        faults.append(
            FieldProblem(pointer, "time_invalid", "write the time as ISO 8601 with its offset: 2026-01-31T09:30:00Z")
        )
        return None
    if moment.tzinfo is None:
        faults.append(
            FieldProblem(
                pointer, "time_naive", "say which time zone: add Z or an offset, as in 2026-01-31T09:30:00+01:00"
            )
        )
        return None
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        moment = datetime.min.replace(tzinfo=UTC)
    if moment < EARLIEST:
        faults.append(FieldProblem(pointer, "time_too_early", "the time must not lie before 1970"))
    elif moment > received_at + FUTURE:
        faults.append(FieldProblem(pointer, "time_in_future", "the time must not lie more than a day in the future"))
    return moment


def _ratings(given: list[RatingIn], faults: list[FieldProblem]) -> list[dict[str, Any]]:
    ratings: list[dict[str, Any]] = []
    seen: set[tuple[str, str | None]] = set()
    for index, rating in enumerate(given):
        told = rating.scale
        try:
            scale = fit(
                rating.metric, rating.value, None if told is None else Scale(told.min, told.max, told.direction)
            )
        except ScaleRefused as refused:
            faults.append(FieldProblem(f"/ratings/{index}/{refused.part}", refused.code, refused.detail))
            continue
        aspect = _optional_label(rating.aspect, f"/ratings/{index}/aspect", faults)
        if (rating.metric, aspect) in seen:
            faults.append(
                FieldProblem(
                    f"/ratings/{index}",
                    "rating_twice",
                    'one score per metric and aspect: name sub-scores with "aspect"',
                )
            )
        seen.add((rating.metric, aspect))
        ratings.append(
            {
                "metric": rating.metric,
                "value": rating.value,
                "scale": {"min": scale.min, "max": scale.max, "direction": scale.direction},
                "aspect": aspect,
            }
        )
    return ratings


def _attributes(given: dict[str, Any], pointer: str, faults: list[FieldProblem]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for key, value in given.items():
        where = f"{pointer}/{_escape(key)}"
        if not 0 < len(key) <= ATTRIBUTE_KEY_LIMIT:
            faults.append(FieldProblem(where, "key_too_long", f"a name has 1 to {ATTRIBUTE_KEY_LIMIT} characters"))
            continue
        name = _label(key, where, faults)
        if isinstance(value, str):
            if len(value) > ATTRIBUTE_VALUE_LIMIT:
                faults.append(
                    FieldProblem(where, "value_too_long", f"a value has at most {ATTRIBUTE_VALUE_LIMIT} characters")
                )
            else:
                attributes[name] = _clean(value, where, faults)
        elif value is None or isinstance(value, bool) or _is_number(value):
            attributes[name] = value
        else:
            faults.append(
                FieldProblem(where, "not_scalar", "a value is a string, a finite number, true, false or null")
            )
    return attributes


def _is_number(value: Any) -> bool:
    """Finite and within 64 bits: what JSON, PostgreSQL and every client read alike."""
    return isinstance(value, int | float) and abs(value) < 2**63


def _customer(
    given: CustomerIn, faults: list[FieldProblem]
) -> tuple[tuple[tuple[Kind, str], ...], str | None, dict[str, Any]]:
    identities: list[tuple[Kind, str]] = []
    if given.external_id is not None:
        external_id = _label(given.external_id, "/customer/external_id", faults)
        identities.append(("external_id", external_id))
    addresses: tuple[tuple[Kind, str | None], ...] = (("email", given.email), ("phone", given.phone))
    for kind, told in addresses:
        if told is None:
            continue
        try:
            identities.append((kind, normal(kind, _clean(told, f"/customer/{kind}", faults))))
        except IdentityUnreadable as unreadable:
            faults.append(FieldProblem(f"/customer/{kind}", f"{kind}_invalid", unreadable.detail))
    if given.external_id is None and given.email is None and given.phone is None:
        faults.append(
            FieldProblem(
                "/customer",
                "customer_unnamed",
                'give at least one of "external_id", "email" and "phone", or leave the customer out',
            )
        )
    attributes = _attributes(given.attributes, "/customer/attributes", faults) if given.attributes else {}
    return tuple(identities), _optional_label(given.name, "/customer/name", faults), attributes


_DETAILS: Final = {
    "extra_forbidden": "this field is not known here",
    "missing": "this field is required",
    "model_type": "a JSON object is expected",
    "float_type": "a number is expected",
    "string_type": "a string is expected",
    "string_unicode": "the text holds half of a surrogate pair",
}


def _faults(invalid: ValidationError) -> list[FieldProblem]:
    """Pydantic's findings as JSON pointers; what was sent is never repeated, but the name of an unknown field is."""
    faults = []
    for error in invalid.errors(include_input=False, include_url=False, include_context=False)[:FAULTS_SHOWN]:
        pointer = "".join(f"/{_escape(str(part))}" for part in error["loc"])
        faults.append(FieldProblem(pointer, error["type"], _DETAILS.get(error["type"], error["msg"])))
    return faults


def _escape(part: str) -> str:
    return part[:64].replace("~", "~0").replace("/", "~1").encode(errors="replace").decode()
