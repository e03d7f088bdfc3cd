"""Reads and writes of rules and outcomes."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import tuple_
from sqlmodel import col, func, select

from loop_service.rules import default_rule
from loop_service.rules.matching import ReadyRule, ready
from loop_service.rules.tables import Outcome, Rule
from shared.contracts.analysis_events import FeedbackAnalyzed
from shared.database.engine import Batch, Transaction
from shared.foundation.ids import new_id

_ENSURE = """
INSERT INTO loop.rules (org_id, id, name, enabled, condition, actions, preset, version, created_at, updated_at)
SELECT given.org_id, given.id, $3, true, ($4::text)::jsonb, ($5::text)::jsonb, $6, 1, $7, $7
FROM unnest($1::uuid[], $2::uuid[]) AS given (org_id, id)
ORDER BY given.org_id
ON CONFLICT (org_id, preset) DO NOTHING
"""


async def ensure_default(tx: Transaction | Batch, org_ids: Collection[UUID], at: datetime) -> None:
    """Give each organisation the default rule unless it ever had it (removed ones stay removed)."""
    ordered = sorted(org_ids)
    conn = await tx.driver()
    await conn.execute(
        _ENSURE,
        ordered,
        [new_id() for _ in ordered],
        default_rule.NAME,
        orjson.dumps(default_rule.CONDITION).decode(),  # text: a session has codecs of its own
        orjson.dumps(default_rule.ACTIONS).decode(),
        default_rule.PRESET,
        at,
    )


async def ready_rules(batch: Batch, org_ids: Collection[UUID], at: datetime) -> dict[UUID, list[ReadyRule]]:
    """The enabled rules of each organisation, oldest first; an organisation without any gets the default."""
    found = await _rules(batch, org_ids)
    bare = set(org_ids) - set(found)
    if bare:
        await ensure_default(batch, bare, at)
        found |= await _rules(batch, bare)
    return {org_id: [rule for rule, usable in rules if usable and rule is not None] for org_id, rules in found.items()}


async def _rules(batch: Batch, org_ids: Collection[UUID]) -> dict[UUID, list[tuple[ReadyRule | None, bool]]]:
    rows = await batch.conn.fetch(
        "SELECT org_id, id, version, name, condition, actions, enabled AND archived_at IS NULL AS usable "
        "FROM loop.rules WHERE org_id = ANY ($1::uuid[]) ORDER BY org_id, created_at, id",
        list(org_ids),
    )
    found: dict[UUID, list[tuple[ReadyRule | None, bool]]] = defaultdict(list)
    for row in rows:
        rule = ready(row["id"], row["version"], row["name"], row["condition"], row["actions"])
        found[row["org_id"]].append((rule, row["usable"]))
    return found


@dataclass(frozen=True, slots=True)
class NewOutcome:
    """What became of one revision of a feedback record."""

    org_id: UUID
    event_id: UUID
    feedback: FeedbackAnalyzed
    evaluated_at: datetime
    rules: list[dict[str, Any]]


_KEEP = """
INSERT INTO loop.outcomes AS known (org_id, feedback_id, revision, event_id, received_at, stored_at, analysed_at,
    evaluated_at, model, sentiment_label, sentiment_reason, rules)
SELECT given.org_id, given.feedback_id, given.revision, given.event_id, given.received_at, given.stored_at,
    given.analysed_at, given.evaluated_at, given.model, given.label, given.reason, given.rules::jsonb
FROM unnest($1::uuid[], $2::uuid[], $3::int[], $4::uuid[], $5::timestamptz[], $6::timestamptz[],
    $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::text[])
    AS given (org_id, feedback_id, revision, event_id, received_at, stored_at, analysed_at, evaluated_at, model,
        label, reason, rules)
WHERE given.org_id = ANY ($13::uuid[])
ORDER BY given.org_id, given.feedback_id
ON CONFLICT (org_id, feedback_id) DO UPDATE SET revision = excluded.revision, event_id = excluded.event_id,
    received_at = excluded.received_at, stored_at = excluded.stored_at, analysed_at = excluded.analysed_at,
    evaluated_at = excluded.evaluated_at, model = excluded.model, sentiment_label = excluded.sentiment_label,
    sentiment_reason = excluded.sentiment_reason, rules = excluded.rules
WHERE known.revision <= excluded.revision
"""


async def keep_outcomes(batch: Batch, org_ids: Collection[UUID], outcomes: Sequence[NewOutcome]) -> None:
    """Write outcomes; the newest revision of a feedback wins, late ones of older revisions change nothing."""
    newest: dict[tuple[UUID, UUID], NewOutcome] = {}
    for one in sorted(outcomes, key=lambda outcome: outcome.feedback.revision):
        newest[(one.org_id, one.feedback.feedback_id)] = one
    kept = [newest[key] for key in sorted(newest)]
    await batch.conn.execute(
        _KEEP,
        [one.org_id for one in kept],
        [one.feedback.feedback_id for one in kept],
        [one.feedback.revision for one in kept],
        [one.event_id for one in kept],
        [one.feedback.received_at for one in kept],
        [one.feedback.stored_at for one in kept],
        [one.feedback.analysed_at for one in kept],
        [one.evaluated_at for one in kept],
        [one.feedback.model for one in kept],
        [one.feedback.sentiment.label if one.feedback.sentiment else None for one in kept],
        [one.feedback.sentiment_reason for one in kept],
        [orjson.dumps(one.rules).decode() for one in kept],
        list(org_ids),
    )


async def outcome_of(tx: Transaction, org_id: UUID, feedback_id: UUID) -> Outcome | None:
    """The outcome of one feedback record, None while it is on its way."""
    query = select(Outcome).where(Outcome.org_id == org_id, Outcome.feedback_id == feedback_id)
    return (await tx.session.exec(query)).first()


async def rule_by_id(tx: Transaction, org_id: UUID, rule_id: UUID, *, to_change: bool = False) -> Rule | None:
    """One rule that was not removed."""
    query = select(Rule).where(Rule.org_id == org_id, Rule.id == rule_id, col(Rule.archived_at).is_(None))
    return (await tx.session.exec(query.with_for_update() if to_change else query)).first()


async def list_rules(tx: Transaction, org_id: UUID, *, limit: int, after: tuple[datetime, UUID] | None) -> list[Rule]:
    """Oldest first, one row more than asked for."""
    query = select(Rule).where(Rule.org_id == org_id, col(Rule.archived_at).is_(None))
    if after is not None:
        query = query.where(tuple_(col(Rule.created_at), col(Rule.id)) > after)
    query = query.order_by(col(Rule.created_at), col(Rule.id)).limit(limit + 1)
    return list((await tx.session.exec(query)).all())


async def count_rules(tx: Transaction, org_id: UUID) -> int:
    """Rules that were not removed."""
    query = select(func.count()).select_from(Rule).where(Rule.org_id == org_id, col(Rule.archived_at).is_(None))
    return (await tx.session.exec(query)).one()
