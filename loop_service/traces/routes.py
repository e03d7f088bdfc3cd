"""HTTP of traces."""

from dataclasses import asdict
from uuid import UUID

from fastapi import APIRouter

from loop_service.cases.queries import cases_of_feedback
from loop_service.notifications.queries import mails_of_feedback
from loop_service.rules.queries import outcome_of
from loop_service.traces import queries
from loop_service.traces.schemas import StageOut, TraceOut
from loop_service.traces.stages import Judged, OpenedCase, Stage, Told, stages
from loop_service.webhooks.queries import deliveries_of_feedback
from shared.contracts.problems import Code, Problem
from shared.database.engine import Transaction
from shared.web.identity import Caller, Db, needs
from shared.web.strict import StrictRoute

router = APIRouter(tags=["Feedback"], route_class=StrictRoute)


@router.get("/v1/feedback/{id}/trace", operation_id="feedback_trace_get", dependencies=[needs("feedback:read")])
async def trace(id: UUID, caller: Caller, db: Db) -> TraceOut:
    """What happened to a piece of feedback, stage by stage, with times and reasons; also while it is on its way."""
    async with db.transaction(caller.org_id) as tx:
        outcome = await outcome_of(tx, caller.org_id, id)
        received = await queries.received_event(tx, caller.org_id, id)
        if outcome is None and received is None:
            raise Problem(Code.NOT_FOUND, "There is no feedback with this id.")
        if outcome is None:
            analysis = await queries.work_on_event(tx, caller.org_id, id, "analysis.records")
            judging = await queries.judging_of(tx, caller.org_id, id)
            made = stages(
                received_at=received.received_at if received else None,
                published_at=received.published_at if received else None,
                analysis=analysis,
                loop=judging,
                judged=None,
                cases=(),
                told=(),
            )
        else:
            cases = await cases_of_feedback(tx, caller.org_id, id)
            made = stages(
                received_at=outcome.received_at,
                published_at=None,
                analysis=None,
                loop=None,
                judged=Judged(
                    received_at=outcome.received_at,
                    stored_at=outcome.stored_at,
                    analysed_at=outcome.analysed_at,
                    evaluated_at=outcome.evaluated_at,
                    rules=outcome.rules,
                    sentiment_label=outcome.sentiment_label,
                    sentiment_reason=outcome.sentiment_reason,
                    model=outcome.model,
                ),
                cases=[OpenedCase(str(case.id), case.title, case.status, case.opened_at) for case in cases],
                told=await _told(tx, caller.org_id, id),
                case_work=await queries.work_on_events(
                    tx, caller.org_id, [case.id for case in cases], ("loop.webhooks", "loop.notifications")
                ),
            )
    return _shown(id, made)


async def _told(tx: Transaction, org_id: UUID, feedback_id: UUID) -> list[Told]:
    webhooks = [
        Told(
            kind="webhook",
            what=delivery.type,
            state=delivery.state,
            created_at=delivery.created_at,
            settled_at=delivery.settled_at,
            attempts=delivery.attempts,
            next_at=delivery.next_at,
            reason=delivery.last_reason or (endpoint.disabled_reason if delivery.state == "held" else None),
            link=f"/v1/webhook-deliveries/{delivery.id}",
        )
        for delivery, endpoint in await deliveries_of_feedback(tx, org_id, feedback_id)
    ]
    mails = [
        Told(
            kind="mail",
            what=mail.kind,
            state=mail.state,
            created_at=mail.created_at,
            settled_at=mail.settled_at,
            attempts=mail.attempts,
            next_at=mail.next_at,
            reason=mail.last_reason,
            link=f"/v1/mail?case_id={mail.case_id}",
        )
        for mail in await mails_of_feedback(tx, org_id, feedback_id)
    ]
    return sorted([*webhooks, *mails], key=lambda one: one.created_at)


def _shown(feedback_id: UUID, made: list[Stage]) -> TraceOut:
    times = [stage.at for stage in made if stage.at is not None]
    total = round((max(times) - min(times)).total_seconds() * 1000) if times else None
    return TraceOut(
        feedback_id=feedback_id,
        complete=not any(stage.state in ("pending", "waiting") for stage in made),
        total_ms=total,
        stages=[StageOut.model_validate(asdict(stage)) for stage in made],
    )
