"""Which states has a case, and how does it go from one to the next? (pure)

new -> triaged -> assigned -> contacting -> in_progress -> awaiting_customer -> resolved
    -> verified | reopened -> closed(outcome)

The table NEXT is the whole machine; the rules beside it are four: an assigned case has an owner; closing
(and only closing) names an outcome; reopening takes the outcome back; a customer is informed at most once
per resolution, and never in the future.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Status(StrEnum):
    NEW = "new"
    TRIAGED = "triaged"
    ASSIGNED = "assigned"
    CONTACTING = "contacting"
    IN_PROGRESS = "in_progress"
    AWAITING_CUSTOMER = "awaiting_customer"
    RESOLVED = "resolved"
    VERIFIED = "verified"
    REOPENED = "reopened"
    CLOSED = "closed"


class Outcome(StrEnum):
    RECOVERED = "recovered"
    UNRESOLVED = "unresolved"
    NO_REPLY = "no_reply"
    NOT_ACTIONABLE = "not_actionable"
    DUPLICATE = "duplicate"


_WORK = (Status.CONTACTING, Status.IN_PROGRESS, Status.AWAITING_CUSTOMER, Status.RESOLVED, Status.CLOSED)

NEXT: dict[Status, tuple[Status, ...]] = {
    Status.NEW: (Status.TRIAGED, Status.ASSIGNED, *_WORK),
    Status.TRIAGED: (Status.ASSIGNED, *_WORK),
    Status.ASSIGNED: (Status.TRIAGED, *_WORK),
    Status.CONTACTING: (
        Status.ASSIGNED,
        Status.IN_PROGRESS,
        Status.AWAITING_CUSTOMER,
        Status.RESOLVED,
        Status.CLOSED,
    ),
    Status.IN_PROGRESS: (
        Status.ASSIGNED,
        Status.CONTACTING,
        Status.AWAITING_CUSTOMER,
        Status.RESOLVED,
        Status.CLOSED,
    ),
    Status.AWAITING_CUSTOMER: (Status.CONTACTING, Status.IN_PROGRESS, Status.RESOLVED, Status.CLOSED),
    Status.RESOLVED: (Status.VERIFIED, Status.REOPENED, Status.CLOSED),
    Status.VERIFIED: (Status.CLOSED, Status.REOPENED),
    Status.REOPENED: (Status.TRIAGED, Status.ASSIGNED, *_WORK),
    Status.CLOSED: (Status.REOPENED,),
}
"""Where each status may lead. A step may be skipped forward; only `reopened` leads back from an end."""

OPEN = tuple(status for status in Status if status not in (Status.RESOLVED, Status.VERIFIED, Status.CLOSED))
"""Statuses in which somebody still has to do something: only these can be overdue."""

HALF_TOLD = "Say when and how the customer was told: customer_informed_at and customer_informed_channel."
CLOCK_TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Progress:
    """The part of a case that the machine moves. Times are aware UTC."""

    status: Status = Status.NEW
    owner_id: UUID | None = None
    outcome: Outcome | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    reopened: int = 0
    customer_informed_at: datetime | None = None
    customer_informed_channel: str | None = None


class TransitionRefused(ValueError):
    """The step is not allowed; `.pointer` names the field of the request to mend, the text says how."""

    def __init__(self, pointer: str, detail: str) -> None:
        super().__init__(detail)
        self.pointer = pointer


def advance(
    case: Progress,
    to: Status,
    *,
    at: datetime,
    outcome: Outcome | None = None,
    owner_id: UUID | None = None,
    customer_informed_at: datetime | None = None,
    customer_informed_channel: str | None = None,
) -> Progress:
    """Take one step; raises TransitionRefused. `at` is now; an owner given here is taken over first."""
    if to not in NEXT[case.status]:
        allowed = ", ".join(NEXT[case.status])
        raise TransitionRefused("/to", f"From {case.status} a case can go to: {allowed}.")
    if to is Status.CLOSED and outcome is None:
        raise TransitionRefused("/outcome", f"Closing needs an outcome: {', '.join(Outcome)}.")
    if to is not Status.CLOSED and outcome is not None:
        raise TransitionRefused("/outcome", "An outcome belongs to closing only.")
    owner = owner_id or case.owner_id
    if to is Status.ASSIGNED and owner is None:
        raise TransitionRefused("/owner", "An assigned case needs an owner.")
    moved = replace(case, status=to, owner_id=owner, outcome=outcome)
    if customer_informed_at is not None or customer_informed_channel is not None:
        if to is Status.REOPENED:
            raise TransitionRefused("/customer_informed_at", "Reopening takes back that the customer was told.")
        moved = inform(moved, customer_informed_at, customer_informed_channel, at=at)
    if to is Status.RESOLVED:
        return replace(moved, resolved_at=at)
    if to is Status.CLOSED:
        return replace(moved, closed_at=at, resolved_at=case.resolved_at)
    if to is Status.REOPENED:
        # What was said to the customer stays in the history; the new resolution has to be told anew.
        return replace(
            moved,
            resolved_at=None,
            closed_at=None,
            reopened=case.reopened + 1,
            customer_informed_at=None,
            customer_informed_channel=None,
        )
    return moved


def inform(case: Progress, told_at: datetime | None, channel: str | None, *, at: datetime) -> Progress:
    """Record that the customer was told, when and how; raises TransitionRefused for half or future facts."""
    if told_at is None or not channel:
        raise TransitionRefused("/customer_informed_channel", HALF_TOLD)
    if told_at > at + CLOCK_TOLERANCE:
        raise TransitionRefused("/customer_informed_at", "The time lies in the future.")
    return replace(case, customer_informed_at=told_at, customer_informed_channel=channel)


def overdue(status: Status, due_at: datetime | None, at: datetime) -> bool:
    """Whether somebody still owes something whose time has passed."""
    return due_at is not None and due_at < at and status in OPEN
