"""What a new case looks like: made from a rule's action and the facts of the feedback (pure)."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from loop_service.cases.opened import NewCase, PersonRow
from loop_service.cases.priority import urgency
from loop_service.rules.facts import Facts
from loop_service.rules.matching import ReadyRule
from shared.contracts.analysis_events import FeedbackAnalyzed
from shared.foundation.ids import new_id

DEFAULT_TITLE = "{rating} by {channel}"
PLACEHOLDERS = ("rating", "sentiment", "channel", "source", "unit", "touchpoint", "language")
"""What a title template may name: nothing here is the customer's own words."""
MAX_TITLE = 200
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def unknown_placeholders(template: str) -> list[str]:
    """Names in braces that a title cannot have."""
    return [name for name in _PLACEHOLDER.findall(template) if name not in PLACEHOLDERS]


def title(template: str, facts: Facts) -> str:
    """Fill a template; what the feedback does not have reads as a dash. One line, at most 200 characters."""
    values: Mapping[str, str | None] = {
        "rating": _worst(facts),
        "sentiment": facts.sentiment_label,
        "channel": facts.channel,
        "source": facts.source,
        "unit": facts.unit,
        "touchpoint": facts.touchpoint,
        "language": facts.language,
    }
    filled = _PLACEHOLDER.sub(lambda found: values.get(found.group(1)) or "–", template)
    line = _CONTROL.sub(" ", filled).strip()
    return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"


def _worst(facts: Facts) -> str | None:
    """The worst overall rating, as `NPS 3`; an overall one goes before those of single aspects."""
    if not facts.scores:
        return None
    worst = min(
        facts.scores, key=lambda score: (score.aspect is not None, 50 if score.percent is None else score.percent)
    )
    name = worst.metric.upper() if worst.metric in ("nps", "csat", "ces") else worst.metric
    return f"{name} {worst.value:g}"


def open_case(
    *,
    org_id: UUID,
    rule: ReadyRule,
    feedback: FeedbackAnalyzed,
    facts: Facts,
    owner: PersonRow | None,
    open_cases_of_customer: int,
    at: datetime,
    trace: str | None,
) -> NewCase:
    """The case that a rule's `open_case` action asks for; the due time counts from the opening."""
    points = urgency(
        rating_percents=[score.percent for score in facts.scores if score.percent is not None],
        sentiment_score=facts.sentiment_score,
        has_words=facts.words is not None,
        customer_known=facts.customer_known,
        open_cases_of_customer=open_cases_of_customer,
    )
    due_in = rule.action.get("due_in_hours")
    return NewCase(
        org_id=org_id,
        id=new_id(),
        rule_id=rule.id,
        rule_version=rule.version,
        rule_name=rule.name,
        feedback_id=feedback.feedback_id,
        customer_id=feedback.customer_id,
        title=title(rule.action.get("title") or DEFAULT_TITLE, facts),
        owner_id=owner.member_id if owner else None,
        owner_email=owner.email if owner else None,
        priority=rule.action.get("priority") or points.priority,
        urgency=points,
        due_at=at + timedelta(hours=due_in) if due_in else None,
        channel=facts.channel,
        unit=facts.unit,
        touchpoint=facts.touchpoint,
        opened_at=at,
        trace=trace,
    )
