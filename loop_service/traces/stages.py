"""The way of one piece of feedback as stages: received, stored, analysed, rules, case, delivered (pure).

A stage is done, pending (with its attempt and when it is tried again), failed (given up; a person has to
replay it) or skipped (with the reason). What comes after a stage that is not done is waiting for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["done", "pending", "failed", "skipped", "waiting"]
NAMES = ("received", "stored", "analysed", "rules", "case", "delivered")


@dataclass(frozen=True, slots=True)
class Work:
    """Where an event stands with one listener."""

    state: str
    attempt: int
    due_at: datetime
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """What the loop remembers about the feedback."""

    received_at: datetime
    stored_at: datetime
    analysed_at: datetime
    evaluated_at: datetime
    rules: Sequence[dict[str, Any]]
    sentiment_label: str | None
    sentiment_reason: str | None
    model: str


@dataclass(frozen=True, slots=True)
class Told:
    """A webhook delivery or a mail: `state` as in their logs."""

    kind: Literal["webhook", "mail"]
    what: str
    state: str
    created_at: datetime
    settled_at: datetime | None
    attempts: int
    next_at: datetime | None
    reason: str | None
    link: str


@dataclass(frozen=True, slots=True)
class OpenedCase:
    """A case of this feedback."""

    id: str
    title: str
    status: str
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage; `duration_ms` is the time since the stage before was done."""

    name: str
    state: State
    at: datetime | None = None
    duration_ms: int | None = None
    reason: str | None = None
    attempt: int | None = None
    next_at: datetime | None = None
    details: list[dict[str, Any]] = field(default_factory=list)


def stages(
    *,
    received_at: datetime | None,
    published_at: datetime | None,
    analysis: Work | None,
    loop: Work | None,
    judged: Judged | None,
    cases: Sequence[OpenedCase],
    told: Sequence[Told],
    case_work: Sequence[Work] = (),
) -> list[Stage]:
    """The six stages in order. `analysis`, `loop`: the event's standing with their handlers, while it has one."""
    if judged is None:
        return _on_its_way(received_at, published_at, analysis, loop)
    made = [
        Stage("received", "done", judged.received_at),
        Stage("stored", "done", judged.stored_at, _ms(judged.received_at, judged.stored_at)),
        Stage("analysed", "done", judged.analysed_at, _ms(judged.stored_at, judged.analysed_at), _read(judged)),
        Stage(
            "rules",
            "done",
            judged.evaluated_at,
            _ms(judged.analysed_at, judged.evaluated_at),
            _matched(judged.rules),
            details=list(judged.rules),
        ),
    ]
    return [*made, _case(cases, judged), _delivered(cases, told, case_work)]


def _on_its_way(
    received_at: datetime | None, published_at: datetime | None, analysis: Work | None, loop: Work | None
) -> list[Stage]:
    made = [
        Stage("received", "done", received_at),
        Stage("stored", "done", published_at, _ms(received_at, published_at)),
    ]
    if loop is not None:
        made += [Stage("analysed", "done", reason="understood; the loop has not judged it yet"), _open("rules", loop)]
    elif analysis is not None and analysis.state != "done":
        made.append(_open("analysed", analysis))
    else:
        made.append(Stage("analysed", "pending", reason="on its way"))
    return [*made, *(Stage(name, "waiting") for name in NAMES[len(made) :])]


def _open(name: str, work: Work) -> Stage:
    if work.state == "dead":
        reason = f"given up after {work.attempt} failed attempts: {work.last_error or 'unknown'}; it can be replayed"
        return Stage(name, "failed", reason=reason, attempt=work.attempt)
    reason = f"failed and will be tried again: {work.last_error}" if work.attempt else "on its way"
    return Stage(name, "pending", reason=reason, attempt=work.attempt, next_at=work.due_at if work.attempt else None)


def _read(judged: Judged) -> str:
    if judged.sentiment_label is not None:
        return f"sentiment {judged.sentiment_label}, by {judged.model}"
    return f"no sentiment: {judged.sentiment_reason or 'unknown'}"


def _matched(rules: Sequence[dict[str, Any]]) -> str:
    matched = sum(bool(rule.get("matched")) for rule in rules)
    if not rules:
        return "no rule is enabled"
    return f"{matched} of {len(rules)} rules matched"


def _case(cases: Sequence[OpenedCase], judged: Judged) -> Stage:
    if not cases:
        return Stage("case", "skipped", reason="no rule matched, so nothing has to be done")
    first = min(case.opened_at for case in cases)
    details = [
        {"case_id": case.id, "title": case.title, "status": case.status, "link": f"/v1/cases/{case.id}"}
        for case in cases
    ]
    return Stage("case", "done", first, _ms(judged.evaluated_at, first), f"{len(cases)} opened", details=details)


def _delivered(cases: Sequence[OpenedCase], told: Sequence[Told], case_work: Sequence[Work]) -> Stage:
    details = [
        {
            "kind": one.kind,
            "what": one.what,
            "state": one.state,
            "at": one.settled_at,
            "duration_ms": _ms(one.created_at, one.settled_at),
            "attempts": one.attempts,
            "next_at": one.next_at,
            "reason": one.reason,
            "link": one.link,
        }
        for one in told
    ]
    open_work = [work for work in case_work if work.state != "done"]
    if open_work:
        stage = _open("delivered", open_work[0])
        return Stage("delivered", stage.state, None, None, stage.reason, stage.attempt, stage.next_at, details)
    if not told:
        reason = "no endpoint subscribes and the case has no owner" if cases else "nothing to tell"
        return Stage("delivered", "skipped", reason=reason)
    done = [one for one in told if one.state in ("delivered", "sent")]
    waiting = [one for one in told if one.state == "pending"]
    lost = [one for one in told if one.state == "dead"]
    state: State = "pending" if waiting else "done" if done else "failed" if lost else "skipped"
    last = max((one.settled_at for one in done if one.settled_at), default=None)
    since = min(one.created_at for one in told)
    reason = f"{len(done)} delivered, {len(waiting)} waiting, {len(told) - len(done) - len(waiting)} not delivered"
    next_at = min((one.next_at for one in waiting if one.next_at), default=None)
    return Stage("delivered", state, last, _ms(since, last), reason, next_at=next_at, details=details)


def _ms(start: datetime | None, end: datetime | None) -> int | None:
    """Milliseconds between two times; clocks of two machines may differ a little, so never below 0."""
    if start is None or end is None:
        return None
    return max(0, round((end - start).total_seconds() * 1000))
