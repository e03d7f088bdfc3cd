"""Set-based SQL over cases and people, for handlers that work on batches of many organisations."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from uuid import UUID

import orjson

from loop_service.cases.lifecycle import OPEN, Status
from loop_service.cases.opened import NewCase, PersonRow
from shared.contracts.gateway_events import MemberChanged
from shared.database.engine import Batch
from shared.foundation.ids import new_id

_INSERT_CASES = """
INSERT INTO loop.cases (org_id, id, rule_id, rule_version, feedback_id, customer_id, title, status, owner_id,
    priority, priority_score, priority_reasons, due_at, channel, unit, touchpoint, opened_at, changed_at)
SELECT given.org_id, given.id, given.rule_id, given.rule_version, given.feedback_id, given.customer_id,
    given.title, $18, given.owner_id, given.priority, given.score, given.reasons::jsonb, given.due_at,
    given.channel, given.unit, given.touchpoint, given.opened_at, given.opened_at
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::int[], $5::uuid[], $6::uuid[], $7::text[], $8::uuid[],
    $9::text[], $10::int[], $11::text[], $12::timestamptz[], $13::text[], $14::text[], $15::text[],
    $16::timestamptz[]) AS given (org_id, id, rule_id, rule_version, feedback_id, customer_id, title, owner_id,
    priority, score, reasons, due_at, channel, unit, touchpoint, opened_at)
WHERE given.org_id = ANY ($17::uuid[])
ORDER BY given.org_id, given.rule_id, given.feedback_id
ON CONFLICT (org_id, rule_id, feedback_id) DO NOTHING
RETURNING org_id, id
"""

_INSERT_HISTORY = """
INSERT INTO loop.case_history (org_id, case_id, id, kind, at, actor_kind, actor_id, actor_name, to_status, changes)
SELECT given.org_id, given.case_id, given.id, 'opened', given.at, 'rule', given.rule_id, given.rule_name, $8,
    '{}'::jsonb
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::uuid[], $6::text[])
    AS given (org_id, case_id, id, at, rule_id, rule_name)
WHERE given.org_id = ANY ($7::uuid[])
"""


async def open_cases(batch: Batch, org_ids: Collection[UUID], drafts: Sequence[NewCase]) -> list[NewCase]:
    """Insert cases; returns those that are new. One that exists for (rule, feedback) stays as it is."""
    if not drafts:
        return []
    rows = await batch.conn.fetch(
        _INSERT_CASES,
        [one.org_id for one in drafts],
        [one.id for one in drafts],
        [one.rule_id for one in drafts],
        [one.rule_version for one in drafts],
        [one.feedback_id for one in drafts],
        [one.customer_id for one in drafts],
        [one.title for one in drafts],
        [one.owner_id for one in drafts],
        [one.priority for one in drafts],
        [one.urgency.score for one in drafts],
        [orjson.dumps([asdict(points) for points in one.urgency.points]).decode() for one in drafts],
        [one.due_at for one in drafts],
        [one.channel for one in drafts],
        [one.unit for one in drafts],
        [one.touchpoint for one in drafts],
        [one.opened_at for one in drafts],
        list(org_ids),
        Status.NEW,
    )
    fresh = {(row["org_id"], row["id"]) for row in rows}
    opened = [one for one in drafts if (one.org_id, one.id) in fresh]
    await batch.conn.execute(
        _INSERT_HISTORY,
        [one.org_id for one in opened],
        [one.id for one in opened],
        [new_id() for _ in opened],
        [one.opened_at for one in opened],
        [one.rule_id for one in opened],
        [one.rule_name for one in opened],
        list(org_ids),
        Status.NEW,
    )
    return opened


async def people_of(batch: Batch, org_ids: Collection[UUID]) -> dict[UUID, list[PersonRow]]:
    """The directory of each organisation."""
    rows = await batch.conn.fetch(
        "SELECT org_id, member_id, email, name, role, active FROM loop.people WHERE org_id = ANY ($1::uuid[])",
        list(org_ids),
    )
    found: dict[UUID, list[PersonRow]] = defaultdict(list)
    for row in rows:
        found[row["org_id"]].append(PersonRow(**dict(row)))
    return found


async def open_cases_by_owner(batch: Batch, org_ids: Collection[UUID]) -> dict[UUID, dict[UUID, int]]:
    """How many open cases each owner has, per organisation."""
    rows = await batch.conn.fetch(
        "SELECT org_id, owner_id, count(*)::int AS n FROM loop.cases "
        "WHERE org_id = ANY ($1::uuid[]) AND owner_id IS NOT NULL AND status = ANY ($2::text[]) "
        "GROUP BY org_id, owner_id",
        list(org_ids),
        list(OPEN),
    )
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for row in rows:
        found[row["org_id"]][row["owner_id"]] = row["n"]
    return found


async def open_cases_by_customer(
    batch: Batch, org_ids: Collection[UUID], customer_ids: Collection[UUID]
) -> dict[tuple[UUID, UUID], int]:
    """(organisation, customer) → open cases, for those customers."""
    rows = await batch.conn.fetch(
        "SELECT org_id, customer_id, count(*)::int AS n FROM loop.cases "
        "WHERE org_id = ANY ($1::uuid[]) AND customer_id = ANY ($2::uuid[]) AND status = ANY ($3::text[]) "
        "GROUP BY org_id, customer_id",
        list(org_ids),
        list(customer_ids),
        list(OPEN),
    )
    return {(row["org_id"], row["customer_id"]): row["n"] for row in rows}


async def keep_people(batch: Batch, org_ids: Collection[UUID], members: Sequence[tuple[UUID, MemberChanged]]) -> None:
    """Take members over as told; news older than what is known is ignored (`members`: organisation, news)."""
    newest = {}
    for org_id, member in sorted(members, key=lambda one: one[1].version):
        newest[(org_id, member.member_id)] = member
    ordered = sorted(newest.items(), key=lambda one: one[0])
    await batch.conn.execute(
        """
        INSERT INTO loop.people AS known (org_id, member_id, email, name, role, active, version)
        SELECT given.* FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::bool[], $7::int[])
            AS given (org_id, member_id, email, name, role, active, version)
        WHERE given.org_id = ANY ($8::uuid[])
        ON CONFLICT (org_id, member_id) DO UPDATE SET email = excluded.email, name = excluded.name,
            role = excluded.role, active = excluded.active, version = excluded.version
        WHERE known.version <= excluded.version
        """,
        [key[0] for key, _ in ordered],
        [key[1] for key, _ in ordered],
        [member.email for _, member in ordered],
        [member.name for _, member in ordered],
        [member.role for _, member in ordered],
        [member.active for _, member in ordered],
        [member.version for _, member in ordered],
        list(org_ids),
    )
