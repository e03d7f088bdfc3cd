"""Which rules hold for a record, with the reasons: rules made ready once, judged per record (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from loop_service.rules.conditions import Condition, ConditionInvalid, Verdict, evaluate, parse
from loop_service.rules.facts import Facts

OPEN_CASE = "open_case"
REASONS_KEPT = 12
"""Reasons kept per rule and feedback: enough to understand a decision, bounded for a rule of 50 clauses."""


@dataclass(frozen=True, slots=True)
class ReadyRule:
    """An enabled rule whose condition is parsed; `action` is its `open_case` action."""

    id: UUID
    version: int
    name: str
    condition: Condition
    action: Mapping[str, Any]


def ready(
    rule_id: UUID, version: int, name: str, condition: Any, actions: Sequence[Mapping[str, Any]]
) -> ReadyRule | None:
    """Make a stored rule ready; None when it cannot be used any more (it was valid when it was saved)."""
    try:
        parsed = parse(condition)
    except ConditionInvalid:
        return None
    action = next((one for one in actions if one.get("type") == OPEN_CASE), {})
    return ReadyRule(rule_id, version, name, parsed, action)


def judge(rules: Sequence[ReadyRule], facts: Facts) -> list[tuple[ReadyRule, Verdict]]:
    """Every rule with its verdict, in the order given."""
    return [(rule, evaluate(rule.condition, facts)) for rule in rules]


def told(rule: ReadyRule, verdict: Verdict) -> dict[str, Any]:
    """The verdict as it is kept for the trace."""
    return {
        "rule_id": str(rule.id),
        "name": rule.name,
        "version": rule.version,
        "matched": verdict.matched,
        "reasons": [
            {"pointer": reason.pointer, "matched": reason.matched, "text": reason.text}
            for reason in verdict.reasons[:REASONS_KEPT]
        ],
    }
