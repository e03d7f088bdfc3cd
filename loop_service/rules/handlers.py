"""What the rules slice does with analysed feedback: judge it, open cases, remember why.

1. Read the rules, the people and who is busy, for all organisations of the batch.
2. Judge every record (pure, no transaction).
3. ONE transaction: claim, outcomes, cases, messages for webhooks, CaseOpened.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pydantic import ValidationError

from loop_service.cases.bulk import open_cases, open_cases_by_customer, open_cases_by_owner, people_of
from loop_service.cases.opened import NewCase, PersonRow, pick_owner
from loop_service.cases.told import opened_event
from loop_service.rules.facts import facts_of
from loop_service.rules.matching import ReadyRule, judge, told
from loop_service.rules.opening import open_case
from loop_service.rules.queries import NewOutcome, keep_outcomes, ready_rules
from loop_service.webhooks.deliver import wake_sender
from loop_service.webhooks.messages import tell_endpoints
from shared.contracts.analysis_events import FeedbackAnalyzed
from shared.contracts.envelope import Event
from shared.foundation.clock import now
from shared.messaging.erasure import without_erased
from shared.messaging.live import announce
from shared.messaging.publishing import publish
from shared.messaging.registry import handles
from shared.messaging.retry import Permanent
from shared.messaging.work import Handling


@dataclass(slots=True)
class _Known:
    """What has to be known before a record can be judged and a case opened."""

    rules: dict[UUID, list[ReadyRule]]
    people: dict[UUID, list[PersonRow]]
    by_customer: dict[tuple[UUID, UUID], int]
    by_owner: dict[UUID, dict[UUID, int]] = field(default_factory=dict)


@handles("FeedbackAnalyzed")
async def evaluate_feedback(events: list[Event], handling: Handling) -> None:
    """Match the rules of each organisation against a batch of analysed feedback."""
    read = [(one, _read(one)) for one in events]
    known = await _known(handling, read)
    outcomes: list[NewOutcome] = []
    drafts: list[NewCase] = []
    for one, feedback in read:
        outcome, opened = _judged(one, feedback, known)
        outcomes.append(outcome)
        drafts += opened
    async with handling.claim(events) as (batch, claimed):
        if not claimed:
            return
        told_now = await without_erased(batch, "loop", claimed)
        late = [one for one, was in zip(told_now, claimed, strict=True) if one is not was and one.data != was.data]
        if late:  # erased while it was judged: judge what is left of it
            judged = [_judged(one, _read(one), known) for one in late]
            gone = {(outcome.org_id, outcome.feedback.feedback_id) for outcome, _ in judged}
            outcomes = [one for one in outcomes if (one.org_id, one.feedback.feedback_id) not in gone]
            outcomes += [outcome for outcome, _ in judged]
            drafts = [one for one in drafts if (one.org_id, one.feedback_id) not in gone]
            drafts += [case for _, opened in judged for case in opened]
        mine = {one.id for one in claimed}
        org_ids = {one.org_id for one in claimed}
        await keep_outcomes(batch, org_ids, [one for one in outcomes if one.event_id in mine])
        feedback_ids = {(one.org_id, one.feedback.feedback_id) for one in outcomes if one.event_id in mine}
        cases = await open_cases(
            batch, org_ids, [one for one in drafts if (one.org_id, one.feedback_id) in feedback_ids]
        )
        await tell_endpoints(batch, org_ids, told_now)
        await publish(batch, [opened_event(case) for case in cases])
    wake_sender(handling)
    await announce(handling.resources.get("redis"), {case.org_id for case in cases}, "cases")


def _read(one: Event) -> FeedbackAnalyzed:
    try:
        return FeedbackAnalyzed.model_validate(one.data)
    except ValidationError as malformed:
        # A publisher that breaks the contract; trying again cannot help. The message names fields, no values.
        fields = sorted({".".join(map(str, error["loc"])) for error in malformed.errors(include_input=False)})
        raise Permanent(f"FeedbackAnalyzed does not fit its contract: {', '.join(fields)[:200]}") from None


async def _known(handling: Handling, read: Sequence[tuple[Event, FeedbackAnalyzed]]) -> _Known:
    at = now()
    org_ids = {one.org_id for one, _ in read}
    customers = {feedback.customer_id for _, feedback in read if feedback.customer_id}
    async with handling.database.batch(org_ids) as batch:
        return _Known(
            rules=await ready_rules(batch, org_ids, at),
            people=await people_of(batch, org_ids),
            by_customer=await open_cases_by_customer(batch, org_ids, customers),
            by_owner=await open_cases_by_owner(batch, org_ids),
        )


def _judged(one: Event, feedback: FeedbackAnalyzed, known: _Known) -> tuple[NewOutcome, list[NewCase]]:
    at, facts = now(), facts_of(one.data)
    opened: list[NewCase] = []
    verdicts = judge(known.rules.get(one.org_id, []), facts)
    for rule, verdict in verdicts:
        if not verdict.matched:
            continue
        busy = known.by_owner.setdefault(one.org_id, {})
        owner = pick_owner(rule.action.get("owner"), known.people.get(one.org_id, []), busy)
        repeats = known.by_customer.get((one.org_id, feedback.customer_id), 0) if feedback.customer_id else 0
        case = open_case(
            org_id=one.org_id, rule=rule, feedback=feedback, facts=facts, owner=owner,
            open_cases_of_customer=repeats, at=at, trace=one.trace,
        )  # fmt: skip
        opened.append(case)
        if owner is not None:
            # counted at once, so that a batch of a hundred detractors is spread over the people
            busy[owner.member_id] = busy.get(owner.member_id, 0) + 1
    outcome = NewOutcome(one.org_id, one.id, feedback, at, [told(rule, verdict) for rule, verdict in verdicts])
    return outcome, opened
