"""What a new case looks like: made from a rule's action and the facts of the feedback (pure)."""

from datetime import datetime, timedelta
from uuid import UUID

from loop_service.cases.opened import NewCase, PersonRow
from loop_service.cases.priority import urgency
from loop_service.rules.facts import Facts
from loop_service.rules.matching import ReadyRule
from loop_service.rules.titles import DEFAULT_TITLE, title
from shared.contracts.analysis_events import FeedbackAnalyzed
from shared.foundation.ids import new_id


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
