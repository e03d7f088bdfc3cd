"""HTTP of rules: create, read, replace, remove, try on the past."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from loop_service.cases.queries import find_person
from loop_service.etags import check_if_match, etag
from loop_service.rules import queries
from loop_service.rules.conditions import Condition, ConditionInvalid, parse
from loop_service.rules.past import AnalysisClient, look_back
from loop_service.rules.schemas import (
    DryRunExample,
    DryRunIn,
    DryRunOut,
    DryRunReason,
    RuleFilters,
    RuleIn,
    RuleOut,
)
from loop_service.rules.tables import Rule
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.database.engine import Transaction
from shared.foundation.clock import now
from shared.foundation.ids import new_id
from shared.web.identity import Caller, Db, needs
from shared.web.pagination import Page, decode_cursor, encode_cursor, reading_cursor
from shared.web.strict import StrictRoute

MAX_RULES = 100

router = APIRouter(prefix="/v1/rules", tags=["Rules"], route_class=StrictRoute)
IfMatch = Annotated[str | None, Header(description="The ETag you read; a change in between is then refused (412).")]
_reading, _writing = needs("rules:read"), needs("rules:write")


@router.post("", operation_id="rule_create", status_code=201, dependencies=[_writing])
async def create(body: RuleIn, caller: Caller, db: Db, response: Response) -> RuleOut:
    """Create a rule. It judges feedback that is analysed from now on; try it on the past first."""
    _ready(body.condition)
    async with db.transaction(caller.org_id) as tx:
        await queries.ensure_default(tx, [caller.org_id], now())
        if await queries.count_rules(tx, caller.org_id) >= MAX_RULES:
            raise Problem(Code.LIMIT_REACHED, f"An organisation has at most {MAX_RULES} rules. Remove one.")
        await _check_owner(tx, caller.org_id, body)
        at = now()
        rule = Rule(org_id=caller.org_id, id=new_id(), version=1, created_at=at, updated_at=at, **_columns(body))
        tx.session.add(rule)
    response.headers["location"] = f"/v1/rules/{rule.id}"
    response.headers["etag"] = etag(rule.version)
    return _shown(rule)


@router.get("", operation_id="rule_list", dependencies=[_reading])
async def list_all(caller: Caller, db: Db, filters: Annotated[RuleFilters, Query()]) -> Page[RuleOut]:
    """Rules, oldest first; a new organisation has one: a detractor becomes a case."""
    after = None
    if filters.cursor is not None:
        with reading_cursor():
            created_at, rule_id = decode_cursor(filters.cursor)
            after = (datetime.fromisoformat(created_at), UUID(rule_id))
    async with db.transaction(caller.org_id) as tx:
        await queries.ensure_default(tx, [caller.org_id], now())
        rows = await queries.list_rules(tx, caller.org_id, limit=filters.limit, after=after)
    page = rows[: filters.limit]
    cursor = encode_cursor([page[-1].created_at, page[-1].id]) if len(rows) > filters.limit else None
    return Page[RuleOut](data=[_shown(row) for row in page], next_cursor=cursor)


@router.post("/dry-run", operation_id="rule_dry_run", dependencies=[_reading])
async def dry_run(body: DryRunIn, caller: Caller, request: Request) -> DryRunOut:
    """What a condition would have matched, with reasons; nothing is opened or sent."""
    if not caller.may("feedback:read"):
        raise Problem(Code.SCOPE_MISSING, "This reads feedback and needs the scope feedback:read too.")
    client: AnalysisClient = request.scope["cxloop.app"].resources["analysis"]
    past = await look_back(client.of(caller.org_id), _ready(body.condition), since=body.since)
    return DryRunOut.model_validate(
        {
            "matched": past.matched,
            "looked_at": past.looked_at,
            "complete": past.complete,
            "stopped_because": past.stopped_because,
            "oldest": past.oldest,
            "newest": past.newest,
            "examples": [
                DryRunExample(
                    feedback_id=record["id"],
                    occurred_at=record["occurred_at"],
                    channel=record.get("channel"),
                    reasons=[
                        DryRunReason(pointer=reason.pointer, matched=reason.matched, text=reason.text)
                        for reason in verdict.reasons
                    ],
                )
                for record, verdict in past.examples
            ],
        }
    )


@router.get("/{id}", operation_id="rule_get", dependencies=[_reading])
async def get(id: UUID, caller: Caller, db: Db, response: Response) -> RuleOut:
    """One rule."""
    async with db.transaction(caller.org_id) as tx:
        rule = await _found(tx, caller.org_id, id)
    response.headers["etag"] = etag(rule.version)
    return _shown(rule)


@router.put("/{id}", operation_id="rule_replace", dependencies=[_writing])
async def replace(
    *, id: UUID, body: RuleIn, caller: Caller, db: Db, response: Response, if_match: IfMatch = None
) -> RuleOut:
    """Replace a rule; cases it opened keep the version that opened them."""
    _ready(body.condition)
    async with db.transaction(caller.org_id) as tx:
        rule = await _found(tx, caller.org_id, id, to_change=True)
        check_if_match(if_match, rule.version)
        await _check_owner(tx, caller.org_id, body)
        for name, value in _columns(body).items():
            setattr(rule, name, value)
        rule.version, rule.updated_at = rule.version + 1, now()
    response.headers["etag"] = etag(rule.version)
    return _shown(rule)


@router.delete("/{id}", operation_id="rule_remove", status_code=204, dependencies=[_writing])
async def remove(id: UUID, caller: Caller, db: Db) -> None:
    """Remove a rule; its cases stay."""
    async with db.transaction(caller.org_id) as tx:
        rule = await _found(tx, caller.org_id, id, to_change=True)
        rule.archived_at = rule.updated_at = now()
        rule.enabled = False


def _ready(tree: dict[str, Any]) -> Condition:
    try:
        return parse(tree)
    except ConditionInvalid as invalid:
        faults = [FieldProblem(f"/condition{one.pointer}", one.code, one.detail) for one in invalid.faults]
        raise Problem(Code.BODY_INVALID, "Mend the condition where `errors` points.", faults) from None


async def _check_owner(tx: Transaction, org_id: UUID, body: RuleIn) -> None:
    for index, action in enumerate(body.actions):
        if action.owner in (None, "auto"):
            continue
        if await find_person(tx, org_id, str(action.owner)) is None:
            fault = FieldProblem(f"/actions/{index}/owner", "unknown_member", "id or e-mail of an active member")
            raise Problem(Code.BODY_INVALID, 'An owner is a member (see GET /v1/members), "auto" or null.', [fault])


async def _found(tx: Transaction, org_id: UUID, rule_id: UUID, *, to_change: bool = False) -> Rule:
    rule = await queries.rule_by_id(tx, org_id, rule_id, to_change=to_change)
    if rule is None:
        raise Problem(Code.NOT_FOUND, "There is no rule with this id.")
    return rule


def _columns(body: RuleIn) -> dict[str, Any]:
    return {
        "name": body.name,
        "enabled": body.enabled,
        "condition": body.condition,
        "actions": [action.model_dump(mode="json") for action in body.actions],
    }


def _shown(rule: Rule) -> RuleOut:
    return RuleOut.model_validate(rule.model_dump(exclude={"org_id", "archived_at"}))
