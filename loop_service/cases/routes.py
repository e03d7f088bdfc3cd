"""HTTP of cases: list, read, change, step through the lifecycle, note."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from loop_service.cases import queries
from loop_service.cases.lifecycle import (
    NEXT,
    Outcome,
    Progress,
    Status,
    TransitionRefused,
    advance,
    inform,
    overdue,
)
from loop_service.cases.opened import change
from loop_service.cases.schemas import (
    Actor,
    CaseDetail,
    CaseFilters,
    CaseList,
    CaseOut,
    CasePatch,
    HistoryEntry,
    NoteIn,
    OwnerOut,
    PriorityReason,
    TransitionIn,
)
from loop_service.cases.tables import Case, CaseHistory, Person
from loop_service.cases.told import changed_event
from loop_service.etags import check_if_match, etag
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database.engine import Transaction
from shared.foundation.clock import now
from shared.messaging.publishing import publish
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import decode_cursor, encode_cursor, reading_cursor
from shared.web.strict import StrictRoute

router = APIRouter(prefix="/v1/cases", tags=["Cases"], route_class=StrictRoute)
IfMatch = Annotated[str | None, Header(description="The ETag you read; a change in between is then refused (412).")]


@router.get("", operation_id="case_list", dependencies=[needs("cases:read")])
async def list_cases(caller: Caller, db: Db, filters: Annotated[CaseFilters, Query()]) -> CaseList:
    """Cases, newest first or as `sort` says, and how many there are in all."""
    at = now()
    statuses = _statuses(filters.status)
    after = None if filters.cursor is None else _position(filters.cursor, filters.sort)
    async with db.transaction(caller.org_id) as tx:
        owner_id = None
        if filters.owner == "me":
            owner_id = caller.actor_id
        elif filters.owner not in (None, "none"):
            person = await queries.find_person(tx, caller.org_id, str(filters.owner))
            owner_id = person.member_id if person else UUID(int=0)
        rows, total = await queries.list_cases(
            tx, caller.org_id, filters, statuses=statuses, owner_id=owner_id, at=at, after=after
        )
        page = rows[: filters.limit]
        owners = {row.owner_id for row in page if row.owner_id}
        people = await queries.people_by_id(tx, caller.org_id, owners)
    more = len(rows) > filters.limit
    cursor = encode_cursor([filters.sort, *queries.position(page[-1], filters.sort)]) if more else None
    return CaseList(data=[_shown(row, people, at) for row in page], next_cursor=cursor, total=total)


@router.get("/{id}", operation_id="case_get", dependencies=[needs("cases:read")])
async def get_case(id: UUID, caller: Caller, db: Db, response: Response) -> CaseDetail:
    """One case with its history."""
    async with db.transaction(caller.org_id) as tx:
        case = await _found(tx, caller.org_id, id)
        return await _detail(tx, case, response)


@router.patch("/{id}", operation_id="case_update", dependencies=[needs("cases:write")])
async def change_case(
    *,
    id: UUID,
    body: CasePatch,
    caller: Caller,
    db: Db,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> CaseDetail:
    """Change owner, priority or due time, or record that the customer was told."""
    at, given = now(), body.model_fields_set
    async with db.transaction(caller.org_id) as tx:
        case = await _found(tx, caller.org_id, id, to_change=True)
        check_if_match(if_match, case.version)
        changes: dict[str, Any] = {}
        if "owner" in given:
            owner = await _owner(tx, caller.org_id, body.owner) if body.owner else None
            _set(case, changes, "owner_id", owner.member_id if owner else None)
            if case.status == Status.ASSIGNED and owner is None:
                raise _refused(TransitionRefused("/owner", "An assigned case needs an owner; triage it first."))
        if body.priority is not None:
            _set(case, changes, "priority", str(body.priority))
        if "due_at" in given:
            _set(case, changes, "due_at", body.due_at)
        if given & {"customer_informed_at", "customer_informed_channel"}:
            try:
                told = inform(_progress(case), body.customer_informed_at, body.customer_informed_channel, at=at)
            except TransitionRefused as refused:
                raise _refused(refused) from None
            _set(case, changes, "customer_informed_at", told.customer_informed_at)
            _set(case, changes, "customer_informed_channel", told.customer_informed_channel)
        if changes:
            case.version, case.changed_at = case.version + 1, at
            await queries.add_history(tx, caller.org_id, case.id, caller, kind="change", at=at, changes=changes)
            first, pair = next(iter(changes.items()))
            kind = "owner" if first == "owner_id" else first
            await _tell(tx, case, change(kind, pair, changes, caller), request)
        return await _detail(tx, case, response)


@router.post("/{id}/transitions", operation_id="case_transition", dependencies=[needs("cases:write")])
async def move_case(
    *,
    id: UUID,
    body: TransitionIn,
    caller: Caller,
    db: Db,
    request: Request,
    response: Response,
    if_match: IfMatch = None,
) -> CaseDetail:
    """Take a step of the lifecycle; `next` of the case lists the steps that are possible."""
    at = now()
    async with db.transaction(caller.org_id) as tx:
        case = await _found(tx, caller.org_id, id, to_change=True)
        check_if_match(if_match, case.version)
        owner = await _owner(tx, caller.org_id, body.owner) if body.owner else None
        before = case.status
        try:
            moved = advance(
                _progress(case),
                body.to,
                at=at,
                outcome=body.outcome,
                owner_id=owner.member_id if owner else None,
                customer_informed_at=body.customer_informed_at,
                customer_informed_channel=body.customer_informed_channel,
            )
        except TransitionRefused as refused:
            raise _refused(refused) from None
        changes: dict[str, Any] = {}
        for name in _MOVED:
            _set(case, changes, name, getattr(moved, name))
        case.version, case.changed_at = case.version + 1, at
        await queries.add_history(
            tx, caller.org_id, case.id, caller,
            kind="transition", at=at, from_status=before, to_status=body.to, note=body.note,
            changes={name: pair for name, pair in changes.items() if name != "status"},
        )  # fmt: skip
        await _tell(tx, case, change("status", changes["status"], changes, caller), request)
        return await _detail(tx, case, response)


@router.post("/{id}/notes", operation_id="case_note_create", status_code=201, dependencies=[needs("cases:write")])
async def note_case(id: UUID, body: NoteIn, caller: Caller, db: Db, request: Request) -> HistoryEntry:
    """Write a note for colleagues."""
    at = now()
    async with db.transaction(caller.org_id) as tx:
        case = await _found(tx, caller.org_id, id, to_change=True)
        case.version, case.changed_at = case.version + 1, at
        entry = await queries.add_history(tx, caller.org_id, id, caller, kind="note", at=at, note=body.note)
        await _tell(tx, case, change("note", {}, {}, caller), request)
        return _entry(entry)


_MOVED = (
    "status",
    "owner_id",
    "outcome",
    "resolved_at",
    "closed_at",
    "reopened",
    "customer_informed_at",
    "customer_informed_channel",
)


def _progress(case: Case) -> Progress:
    return Progress(
        status=Status(case.status),
        owner_id=case.owner_id,
        outcome=Outcome(case.outcome) if case.outcome else None,
        resolved_at=case.resolved_at,
        closed_at=case.closed_at,
        reopened=case.reopened,
        customer_informed_at=case.customer_informed_at,
        customer_informed_channel=case.customer_informed_channel,
    )


def _set(case: Case, changes: dict[str, Any], name: str, value: Any) -> None:
    """Set a column and remember what changed, as JSON values."""
    before = getattr(case, name)
    if before == value:
        return
    setattr(case, name, value)
    changes[name] = {"from": _json(before), "to": _json(value)}


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


async def _found(tx: Transaction, org_id: UUID, case_id: UUID, *, to_change: bool = False) -> Case:
    case = await queries.case_by_id(tx, org_id, case_id, to_change=to_change)
    if case is None:
        raise Problem(Code.NOT_FOUND, "There is no case with this id.")
    return case


async def _owner(tx: Transaction, org_id: UUID, named: str) -> Person:
    person = await queries.find_person(tx, org_id, named)
    if person is None:
        fault = FieldProblem("/owner", "unknown_member", "the id or e-mail of an active member is needed")
        raise Problem(Code.BODY_INVALID, "An owner is a member of the organisation: see GET /v1/members.", [fault])
    return person


def _refused(refused: TransitionRefused) -> Problem:
    fault = FieldProblem(refused.pointer, "transition_refused", str(refused))
    return Problem(Code.TRANSITION_REFUSED, str(refused), [fault])


async def _tell(tx: Transaction, case: Case, what: dict[str, Any], request: Request) -> None:
    await tx.session.flush()
    people = await queries.people_by_id(tx, case.org_id, {case.owner_id} if case.owner_id else set())
    owner = people.get(case.owner_id) if case.owner_id else None
    trace = request.scope.get("cxloop.traceparent")
    await publish(tx, [changed_event(case, owner.email if owner else None, what, trace)])


async def _detail(tx: Transaction, case: Case, response: Response) -> CaseDetail:
    people = await queries.people_by_id(tx, case.org_id, {case.owner_id} if case.owner_id else set())
    history = await queries.history_of(tx, case.org_id, case.id)
    response.headers["etag"] = etag(case.version)
    shown = _shown(case, people, now())
    return CaseDetail(**shown.model_dump(), history=[_entry(entry) for entry in history])


def _shown(case: Case, people: dict[UUID, Person], at: datetime) -> CaseOut:
    owner = None
    if case.owner_id is not None:
        known = people.get(case.owner_id)
        owner = OwnerOut(id=case.owner_id, name=known.name if known else None, email=known.email if known else None)
    status = Status(case.status)
    return CaseOut.model_validate(
        {
            **case.model_dump(exclude={"org_id", "owner_id", "priority_reasons"}),
            "owner": owner,
            "next": list(NEXT[status]),
            "overdue": overdue(status, case.due_at, at),
            "priority_reasons": [PriorityReason(**reason) for reason in case.priority_reasons],
        }
    )


def _entry(entry: CaseHistory) -> HistoryEntry:
    return HistoryEntry.model_validate(
        {
            **entry.model_dump(exclude={"org_id", "case_id", "actor_kind", "actor_id", "actor_name"}),
            "actor": Actor(kind=entry.actor_kind, id=entry.actor_id, name=entry.actor_name),
        }
    )


def _position(cursor: str, sort: str) -> queries.Position:
    with reading_cursor():
        made_for, *values = decode_cursor(cursor)
        if made_for != sort:
            raise Problem(Code.CURSOR_INVALID, "Keep `sort` as it was when this cursor was given, or leave it out.")
        *before, at, case_id = values
        return *before, datetime.fromisoformat(at), UUID(case_id)


def _statuses(given: str | None) -> list[str]:
    if given is None:
        return []
    wanted = [one.strip() for one in given.split(",") if one.strip()]
    if not wanted or any(one not in set(Status) for one in wanted):
        fault = FieldProblem("?status", "unknown_value", f"one or several of: {', '.join(Status)}")
        raise Problem(Code.PARAMETER_INVALID, "Mend the parameters listed in `errors`.", [fault])
    return wanted
