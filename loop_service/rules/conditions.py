"""Does this feedback match? A condition tree in JSON, checked once, evaluated often (pure).

    {"all": [...]} | {"any": [...]} | {"not": {...}} | {"field", "op", "value", "aspect"?}

Fields and what they may be asked (the whole language is the table FIELDS):
  rating.<metric>          lt lte gt gte eq ne exists     the value as told (nps 0..10, stars 1..5, ...)
  rating.<metric>.percent  lt lte gt gte eq ne exists     0..100 by the rating's own scale, 100 is best
  sentiment.score          lt lte gt gte exists           -1..1
  sentiment.label          eq ne in not_in exists         positive neutral negative mixed
  text                     contains contains_all exists   words or phrases; "refund*" matches any ending
  channel source unit touchpoint language                 eq ne in not_in exists
  attributes.<key>         eq ne in not_in lt lte gt gte exists
  customer.known           eq                             true or false

A clause about something the record does not have is false, `ne` and `not_in` included ("nps is not 10"
does not match a record without an nps); ask {"op": "exists", "value": false} for absence.
Reasons name the rule's own words and numbers, never the customer's text or attribute values: they are
kept for the trace and must not become a second copy of personal data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from loop_service.rules.facts import LARGEST, Facts, Scalar
from loop_service.rules.phrases import Phrase, PhraseInvalid, contains, phrase

METRICS = ("nps", "csat", "ces", "stars", "rating")
LABELS = ("positive", "neutral", "negative", "mixed")
MAX_DEPTH = 8
MAX_CLAUSES = 50
MAX_VALUES = 100
MAX_VALUE_LENGTH = 200

_ORDER = ("lt", "lte", "gt", "gte")
_NUMBER = (*_ORDER, "eq", "ne", "exists")
_CHOICE = ("eq", "ne", "in", "not_in", "exists")
FIELDS: dict[str, tuple[str, ...]] = {
    **{f"rating.{metric}": _NUMBER for metric in METRICS},
    **{f"rating.{metric}.percent": _NUMBER for metric in METRICS},
    "sentiment.score": (*_ORDER, "exists"),
    "sentiment.label": _CHOICE,
    "text": ("contains", "contains_all", "exists"),
    "channel": _CHOICE,
    "source": _CHOICE,
    "unit": _CHOICE,
    "touchpoint": _CHOICE,
    "language": _CHOICE,
    "customer.known": ("eq",),
}
ATTRIBUTE_OPS = (*_CHOICE, *_ORDER)
SIGNS = {
    "lt": "<",
    "lte": "≤",
    "gt": ">",
    "gte": "≥",
    "eq": "=",
    "ne": "≠",
    "in": "is one of",
    "not_in": "is none of",
    "contains": "contains one of",
    "contains_all": "contains all of",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a condition: `pointer` is a JSON pointer into the condition itself."""

    pointer: str
    code: str
    detail: str


class ConditionInvalid(ValueError):
    """The tree cannot be used; `.faults` lists every fault found, not only the first."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(f"{len(faults)} faults in the condition")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one clause did or did not match; `pointer` tells which clause of the rule."""

    pointer: str
    matched: bool
    text: str


@dataclass(frozen=True, slots=True)
class Verdict:
    matched: bool
    reasons: tuple[Reason, ...]


class Condition(Protocol):
    def judge(self, facts: Facts, reasons: list[Reason]) -> bool: ...


def evaluate(condition: Condition, facts: Facts) -> Verdict:
    """Judge every clause (no short circuit, so the trace is complete) and give the reasons in rule order."""
    reasons: list[Reason] = []
    return Verdict(condition.judge(facts, reasons), tuple(reasons))


@dataclass(frozen=True, slots=True)
class _Group:
    kind: Literal["all", "any"]
    parts: tuple[Condition, ...]

    def judge(self, facts: Facts, reasons: list[Reason]) -> bool:
        results = [part.judge(facts, reasons) for part in self.parts]
        return all(results) if self.kind == "all" else any(results)


@dataclass(frozen=True, slots=True)
class _Not:
    part: Condition

    def judge(self, facts: Facts, reasons: list[Reason]) -> bool:
        return not self.part.judge(facts, reasons)


@dataclass(frozen=True, slots=True)
class _Clause:
    pointer: str
    field: str
    op: str
    value: Any
    aspect: str | None
    phrases: tuple[Phrase, ...] = ()

    def judge(self, facts: Facts, reasons: list[Reason]) -> bool:
        found = list(_values(self, facts))
        if self.op == "exists":
            matched = bool(found) is self.value
            text = f"{self._name()} is {'given' if found else 'not given'}"
        elif not found:
            matched, text = False, f"{self._name()} is not given"
        else:
            matched = any(self._holds(value) for value in found)
            text = f"{self._seen(found)}, wanted {SIGNS[self.op]} {_shown(self.value)}"
        reasons.append(Reason(self.pointer, matched, text))
        return matched

    def _holds(self, found: Scalar) -> bool:
        if self.field == "text":
            hits = (contains(str(found), part) for part in self.phrases)
            return all(hits) if self.op == "contains_all" else any(hits)
        if self.op in _ORDER:
            return _ordered(self.op, found, self.value)
        wanted = self.value if isinstance(self.value, list) else [self.value]
        hit = any(_same(found, one) for one in wanted)
        return not hit if self.op in ("ne", "not_in") else hit

    def _name(self) -> str:
        return f"{self.field} ({self.aspect})" if self.aspect else self.field

    def _seen(self, found: list[Scalar]) -> str:
        """Ratings and sentiment are shown with their values; text and attributes only by name."""
        if self.field.startswith(("rating.", "sentiment.", "customer.")):
            return f"{self._name()} is {', '.join(_shown(value) for value in found)}"
        return f"{self._name()} is given"


def _values(clause: _Clause, facts: Facts) -> Iterator[Scalar]:
    head, _, rest = clause.field.partition(".")
    if head == "rating":
        metric, _, percent = rest.partition(".")
        for score in facts.scores:
            if score.metric == metric and score.aspect == clause.aspect:
                value = score.percent if percent else score.value
                if value is not None:
                    yield value
        return
    if head == "attributes":
        one: Scalar | None = facts.attributes.get(rest)
    else:
        one = {
            "sentiment.score": facts.sentiment_score,
            "sentiment.label": facts.sentiment_label,
            "text": facts.words,
            "channel": facts.channel,
            "source": facts.source,
            "unit": facts.unit,
            "touchpoint": facts.touchpoint,
            "language": facts.language,
            "customer.known": facts.customer_known,
        }.get(clause.field)
    if one is not None:
        yield one


def _ordered(op: str, found: Scalar, wanted: float) -> bool:
    if isinstance(found, bool | str):
        return False
    if not -LARGEST <= found <= LARGEST:
        return False
    return {"lt": found < wanted, "lte": found <= wanted, "gt": found > wanted, "gte": found >= wanted}[op]


def _same(found: Scalar, wanted: Scalar) -> bool:
    """Strings compare case-folded; True equals only True, never 1."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.casefold() == wanted.casefold()
    if isinstance(found, bool) or isinstance(wanted, bool):
        return found is wanted
    if isinstance(found, str) or isinstance(wanted, str):
        return False
    return found == wanted


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value[:10]) + (", …" if len(value) > 10 else "")
    return f"“{value}”" if isinstance(value, str) else str(value)


class _Reader:
    """Reads a tree, collecting every fault with its pointer."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.clauses = 0

    def fault(self, pointer: str, code: str, detail: str) -> None:
        self.faults.append(Fault(pointer, code, detail))

    def tree(self, node: Any, pointer: str, depth: int) -> Condition | None:
        if depth > MAX_DEPTH:
            self.fault(pointer, "too_deep", f"Conditions may be nested {MAX_DEPTH} deep.")
            return None
        if not isinstance(node, dict):
            self.fault(
                pointer,
                "type",
                'A condition is an object: {"all"}, {"any"}, {"not"} or {"field", "op", "value"}.',
            )
            return None
        kind = next((kind for kind in ("all", "any", "not") if kind in node), None)
        if kind is None:
            return self.clause(node, pointer)
        if len(node) > 1:
            self.fault(pointer, "unknown_field", f'Beside "{kind}" nothing else may stand in the same object.')
        if kind == "not":
            inner = self.tree(node["not"], f"{pointer}/not", depth + 1)
            return _Not(inner) if inner is not None else None
        return self.group("all" if kind == "all" else "any", node[kind], f"{pointer}/{kind}", depth)

    def group(self, kind: Literal["all", "any"], parts: Any, pointer: str, depth: int) -> Condition | None:
        if not isinstance(parts, list) or not parts:
            self.fault(pointer, "type", "A list of at least one condition is needed.")
            return None
        if self.clauses + len(parts) > MAX_CLAUSES:
            self.fault(pointer, "too_many", f"A rule may have {MAX_CLAUSES} clauses.")
            return None
        read = [self.tree(part, f"{pointer}/{index}", depth + 1) for index, part in enumerate(parts)]
        return _Group(kind, tuple(part for part in read if part is not None))

    def clause(self, node: dict[str, Any], pointer: str) -> Condition | None:
        self.clauses += 1
        before = len(self.faults)
        for key in node:
            if key not in ("field", "op", "value", "aspect"):
                self.fault(pointer, "unknown_field", "A clause has field, op, value and, for ratings, aspect.")
                break
        field, op, aspect = node.get("field"), node.get("op"), node.get("aspect")
        allowed = self.allowed(field)
        if allowed is None:
            self.fault(f"{pointer}/field", "unknown_value", f"Fields: {', '.join(FIELDS)}, attributes.<key>.")
            return None
        if not isinstance(op, str) or op not in allowed:
            self.fault(f"{pointer}/op", "unknown_value", f"For this field op is one of: {', '.join(allowed)}.")
            return None
        if aspect is not None and not (isinstance(aspect, str) and aspect and str(field).startswith("rating.")):
            self.fault(f"{pointer}/aspect", "type", "Aspect is a name and goes with rating fields only.")
        value = node.get("value", True) if op == "exists" else node.get("value")
        read = self.value(str(field), op, value, f"{pointer}/value")
        if len(self.faults) > before:
            return None
        try:
            phrases = tuple(phrase(one) for one in read) if field == "text" and op != "exists" else ()
        except PhraseInvalid as problem:
            self.fault(f"{pointer}/value", "value", str(problem))
            return None
        return _Clause(pointer or "/", str(field), op, read, aspect, phrases)

    def allowed(self, field: Any) -> tuple[str, ...] | None:
        if not isinstance(field, str):
            return None
        if field.startswith("attributes.") and 0 < len(field) - len("attributes.") <= 64:
            return ATTRIBUTE_OPS
        return FIELDS.get(field)

    def value(self, field: str, op: str, value: Any, pointer: str) -> Any:
        if op == "exists" or field == "customer.known":
            if not isinstance(value, bool):
                self.fault(pointer, "type", "true or false is needed.")
            return value
        if op in _ORDER or field.startswith("rating."):
            if isinstance(value, bool) or not isinstance(value, int | float) or not -LARGEST <= value <= LARGEST:
                self.fault(pointer, "type", "A number is needed.")
            return value
        if op in ("in", "not_in", "contains", "contains_all"):
            return self.values(field, [value] if isinstance(value, str) else value, pointer)
        return self.single(field, value, pointer)

    def values(self, field: str, value: Any, pointer: str) -> Any:
        if not isinstance(value, list) or not 1 <= len(value) <= MAX_VALUES:
            self.fault(pointer, "type", f"A list of 1 to {MAX_VALUES} values is needed.")
            return value
        return [self.single(field, one, f"{pointer}/{index}") for index, one in enumerate(value)]

    def single(self, field: str, value: Any, pointer: str) -> Any:
        if field.startswith("attributes.") and isinstance(value, int | float):
            if not isinstance(value, bool) and not -LARGEST <= value <= LARGEST:
                self.fault(pointer, "type", "This number is too large.")
            return value
        if not isinstance(value, str) or not value.strip() or len(value) > MAX_VALUE_LENGTH:
            self.fault(pointer, "type", f"A text of 1 to {MAX_VALUE_LENGTH} characters is needed.")
        elif field == "sentiment.label" and value not in LABELS:
            self.fault(pointer, "unknown_value", f"One of: {', '.join(LABELS)}.")
        return value


def parse(tree: Any) -> Condition:
    """Check a JSON tree and make it ready to evaluate; raises ConditionInvalid with every fault."""
    reader = _Reader()
    condition = reader.tree(tree, "", 1)
    if reader.clauses > MAX_CLAUSES:
        reader.fault("", "too_many", f"A rule may have {MAX_CLAUSES} clauses.")
    if reader.faults or condition is None:
        raise ConditionInvalid(reader.faults)
    return condition
