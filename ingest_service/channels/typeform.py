"""Typeform webhooks (`form_response`) as submissions (pure).

Scores: a question of type `nps` is an NPS. A `rating` of five steps is `stars`, another one a `rating` on its own
steps. An `opinion_scale` is a `rating` on its scale, unless the source names it as its NPS question: that 0-10 was
asked does not make it one. Where neither the form nor the source tells the scale, the number becomes an attribute,
since a number without its bounds means nothing. A metric that is asked once speaks for the whole; asked more often,
each score carries the `ref` of its question as aspect, so that nothing is mixed.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from ingest_service.channels.mapped import Mapped, Note, NotFeedback
from ingest_service.customers.identities import IdentityUnreadable, Kind, normal
from ingest_service.intake.scales import Metric, Scale, ScaleRefused, fit
from ingest_service.intake.schemas import (
    ATTRIBUTE_KEY_LIMIT,
    ATTRIBUTE_VALUE_LIMIT,
    ATTRIBUTES_LIMIT,
    ID_LIMIT,
    RATINGS_LIMIT,
)

CHANNEL: Final = "typeform"
FIELDS_LIMIT: Final = 1_000
"""Questions and answers looked at; no form has as many."""
PLACEHOLDER: Final = "xxxxx"
"""What Typeform puts for a hidden field into the link it offers for copying: nobody's id."""
_ASPECT_LIMIT: Final = 64
_STARS: Final = Scale(1, 5)
_NPS: Final = Scale(0, 10)
_CUSTOMER_IDS: Final = ("user_id", "customer_id")

Ref = Annotated[str, Field(min_length=1, max_length=ID_LIMIT)]
Label = Annotated[str, Field(min_length=1, max_length=ID_LIMIT, pattern=r"^\S(?:[^\x00-\x1f\x7f]*\S)?$")]


class TypeformScale(BaseModel):
    """The ends of a question's scale, both included."""

    model_config = ConfigDict(extra="forbid")
    min: Annotated[int, Field(ge=0, le=1)]
    max: Annotated[int, Field(ge=2, le=11)]


class TypeformSettings(BaseModel):
    """What the owner of a form knows better than the form says."""

    model_config = ConfigDict(extra="forbid")
    nps_field: Annotated[
        Ref | None, Field(description="`ref` (or id) of an opinion scale 0-10 that asks for a recommendation.")
    ] = None
    scales: Annotated[
        dict[Ref, TypeformScale],
        Field(max_length=50, description="Scale of a question by `ref` (or id), where the webhook does not tell it."),
    ] = {}
    unit: Label | None = None
    touchpoint: Label | None = None


def submission(document: Any, settings: TypeformSettings) -> Mapped:
    """The submission in a Typeform webhook. Raises NotFeedback for anything that is not a form response."""
    if not isinstance(document, dict):
        raise NotFeedback("not_an_object", "A Typeform webhook is a JSON object.")
    if document.get("event_type") != "form_response":
        raise NotFeedback("not_a_form_response", 'Its "event_type" must be "form_response".')
    response = document.get("form_response")
    if not isinstance(response, dict):
        raise NotFeedback("form_response_missing", 'It must hold an object "form_response".')
    form_id, token = _told(response, "form_id"), _told(response, "token")
    reading = _Reading(settings, _fields(response))
    reading.read_hidden(response.get("hidden"))
    answers = response.get("answers") or []
    if not isinstance(answers, list):
        raise NotFeedback("answers_not_a_list", '"form_response.answers" must be a list.')
    for index, answer in enumerate(answers[:FIELDS_LIMIT]):
        reading.read_answer(f"/form_response/answers/{index}", answer)
    body: dict[str, Any] = {"channel": CHANNEL, "source": f"typeform-{form_id}", "submission_id": token}
    optional = {
        "occurred_at": response.get("submitted_at"),
        "customer": reading.customer,
        "ratings": reading.ratings,
        "text": "\n\n".join(reading.texts),
        "unit": settings.unit,
        "touchpoint": settings.touchpoint,
        "attributes": reading.attributes,
    }
    return Mapped(body | {name: value for name, value in optional.items() if value}, reading.notes)


def _told(response: dict[str, Any], name: str) -> str:
    value = response.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > ID_LIMIT - len("typeform-"):
        raise NotFeedback(f"{name}_missing", f'"form_response.{name}" must be a text of usual length.')
    return value.strip()


def _fields(response: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The questions of the form by id, in order."""
    definition = response.get("definition")
    asked = definition.get("fields") if isinstance(definition, dict) else None
    fields: dict[str, dict[str, Any]] = {}
    for field in (asked if isinstance(asked, list) else [])[:FIELDS_LIMIT]:
        if isinstance(field, dict) and isinstance(field.get("id"), str):
            fields[field["id"]] = field
    return fields


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63


class _Reading:
    """One response while it is read."""

    def __init__(self, settings: TypeformSettings, fields: dict[str, dict[str, Any]]) -> None:
        self._settings = settings
        self._fields = fields
        measures = [self._measure(field) for field in fields.values()]
        self._asked = Counter(measure[0] for measure in measures if measure is not None)
        self.customer: dict[str, Any] = {}
        self.ratings: list[dict[str, Any]] = []
        self.texts: list[str] = []
        self.attributes: dict[str, Any] = {}
        self.notes: list[Note] = []

    def read_hidden(self, hidden: Any) -> None:
        """Hidden fields: who it is, and facts for attributes."""
        for name, value in (hidden if isinstance(hidden, dict) else {}).items():
            pointer = f"/form_response/hidden/{name[:64]}"
            if not isinstance(value, str) or not value.strip():
                continue
            if value.strip() == PLACEHOLDER:
                self._note(pointer, "placeholder_ignored")
            elif name in _CUSTOMER_IDS:
                self._identify(pointer, "external_id", value)
            elif name == "email":
                self._identify(pointer, "email", value)
            else:
                self._attribute(pointer, (name,), value)

    def read_answer(self, pointer: str, answer: Any) -> None:
        """One answer, by its type; a type that is not known is noted and left out."""
        if not isinstance(answer, dict) or not isinstance(answer.get("field"), dict):
            self._note(pointer, "answer_unreadable")
            return
        kind, field = str(answer.get("type")), answer["field"]
        value = answer.get(kind)
        if kind == "number" and value is not None and _is_number(value):
            self._number(pointer, field, value)
        elif kind == "text" and isinstance(value, str):
            if value.strip():
                self.texts.append(value.strip())
        elif kind == "email" and isinstance(value, str):
            self._identify(pointer, "email", value)
        elif kind == "phone_number" and isinstance(value, str):
            self._identify(pointer, "phone", value)
        elif kind in {"choice", "choices"} and isinstance(value, dict):
            self._attribute(pointer, _names(field), _choice(value))
        elif (kind == "boolean" and isinstance(value, bool)) or (kind in {"date", "url"} and isinstance(value, str)):
            self._attribute(pointer, _names(field), value)
        else:
            self._note(pointer, "answer_type_ignored")

    def _number(self, pointer: str, field: dict[str, Any], value: float) -> None:
        known = self._fields.get(str(field.get("id")), {})
        measure = self._measure({**known, **field})
        if measure is None:
            if str(field.get("type")) in {"opinion_scale", "rating"}:
                self._note(pointer, "scale_unknown")
            self._attribute(pointer, _names(field), value)
            return
        metric, scale = measure
        aspect = None
        if self._asked[metric] > 1 and not (metric == "nps" and self._settings.nps_field in _names(field)):
            aspect = next((name for name in _names(field) if _usable(name, _ASPECT_LIMIT)), None)
            if aspect is None:
                self._note(pointer, "ref_unusable")
                return
        try:
            fit(metric, value, scale)
        except ScaleRefused as refused:
            self._note(pointer, refused.code)
            self._attribute(pointer, _names(field), value)
            return
        if any(one["metric"] == metric and one.get("aspect") == aspect for one in self.ratings):
            self._note(pointer, "answered_twice")
            return
        if len(self.ratings) == RATINGS_LIMIT:
            self._note(pointer, "too_many_ratings")
            return
        rating: dict[str, Any] = {"metric": metric, "value": value, "scale": {"min": scale.min, "max": scale.max}}
        self.ratings.append(rating if aspect is None else rating | {"aspect": aspect})

    def _measure(self, field: dict[str, Any]) -> tuple[Metric, Scale] | None:
        """Which metric a question asks, on which scale; None when it measures nothing, or the scale is not told."""
        kind, names = str(field.get("type")), _names(field)
        if kind not in {"nps", "opinion_scale", "rating"}:
            return None
        scale = next((Scale(one.min, one.max) for name in names if (one := self._settings.scales.get(name))), None)
        scale = scale or _scale(field)
        if kind == "nps":
            return ("nps", _NPS) if scale in (None, _NPS) else ("rating", scale or _NPS)
        if kind == "opinion_scale" and self._settings.nps_field in names and scale in (None, _NPS):
            return "nps", _NPS
        if scale is None:
            return None
        return ("stars" if kind == "rating" and scale == _STARS else "rating"), scale

    def _identify(self, pointer: str, kind: Kind, value: str) -> None:
        if kind in self.customer:
            self._note(pointer, "further_identity_ignored")
            return
        try:
            readable = _usable(value.strip(), ID_LIMIT) and bool(normal(kind, value))
        except IdentityUnreadable:
            readable = False
        if readable:
            self.customer[kind] = value.strip()
        else:
            self._note(pointer, "identity_unreadable")

    def _attribute(self, pointer: str, names: tuple[str, ...], value: Any) -> None:
        name = next((one for one in names if _usable(one, ATTRIBUTE_KEY_LIMIT)), None)
        if name is None or name in self.attributes:
            self._note(pointer, "name_unusable" if name is None else "name_taken")
        elif isinstance(value, str) and len(value) > ATTRIBUTE_VALUE_LIMIT:
            self._note(pointer, "value_too_long")
        elif len(self.attributes) == ATTRIBUTES_LIMIT:
            self._note(pointer, "too_many_attributes")
        elif value != "":
            self.attributes[name] = value

    def _note(self, pointer: str, code: str) -> None:
        self.notes.append(Note(pointer, code))


def _names(field: dict[str, Any]) -> tuple[str, ...]:
    """What a question is called: by its author first, then by Typeform."""
    return tuple(name for name in (field.get("ref"), field.get("id")) if isinstance(name, str))


def _usable(name: str, limit: int) -> bool:
    return 0 < len(name) <= limit and name == name.strip() and name.isprintable()


def _scale(field: dict[str, Any]) -> Scale | None:
    """From `properties`: `steps`, and for opinion scales `start_at_one`; a rating begins with one."""
    properties = field.get("properties")
    steps = properties.get("steps") if isinstance(properties, dict) else None
    if not isinstance(properties, dict) or not isinstance(steps, int) or not 2 <= steps <= 11:
        return None
    low = 1 if field.get("type") == "rating" or properties.get("start_at_one") is True else 0
    return Scale(low, low + steps - 1)


def _choice(value: dict[str, Any]) -> str:
    """Labels of what was chosen, with what was written under "other"."""
    labels = value.get("labels")
    said = [*(labels if isinstance(labels, list) else []), value.get("label"), value.get("other")]
    return ", ".join(one.strip() for one in said if isinstance(one, str) and one.strip())
