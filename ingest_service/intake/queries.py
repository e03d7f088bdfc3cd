"""Set-based SQL of the intake: each statement serves a whole group of submissions of several organisations.

Arrays go in sorted by key, since concurrent ON CONFLICT statements that lock rows in different orders deadlock.
LATERAL with LIMIT 1, or the keys once more as `= ANY`, where a join would do: see customers.queries.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import exists, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from ingest_service.intake.preparation import Prepared
from ingest_service.intake.tables import FeedbackRow
from shared.database import Batch, Transaction

SubmissionKey = tuple[UUID, str, str]
"""(organisation, source, submission_id)."""
IdempotencyRef = tuple[UUID, str]


@dataclass(frozen=True, slots=True)
class Voice:
    """What a sender's id stands for: the feedback, its revision now, and when it happened."""

    feedback_id: UUID
    revision: int
    occurred_at: datetime
    is_new: bool
    changed: bool


_REMEMBER = """
INSERT INTO ingest.submissions AS known
    (org_id, source, submission_id, feedback_id, revision, content_hash, occurred_at, trusted)
SELECT org_id, source, submission_id, feedback_id, 1, content_hash, occurred_at, trusted
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::timestamptz[], $7::boolean[])
     AS told (org_id, source, submission_id, feedback_id, content_hash, occurred_at, trusted)
ON CONFLICT (org_id, source, submission_id) DO UPDATE
    SET revision = known.revision + 1, content_hash = excluded.content_hash,
        trusted = known.trusted OR excluded.trusted
    WHERE known.erased_at IS NULL AND known.content_hash <> excluded.content_hash
        AND (excluded.trusted OR NOT known.trusted)
RETURNING org_id, source, submission_id, feedback_id, revision, occurred_at
"""

_RECALL = """
SELECT told.org_id, told.source, told.submission_id, known.feedback_id, known.revision, known.occurred_at
FROM unnest($1::uuid[], $2::text[], $3::text[]) AS told (org_id, source, submission_id)
CROSS JOIN LATERAL (
    SELECT * FROM ingest.submissions AS one
    WHERE one.org_id = told.org_id AND one.source = told.source AND one.submission_id = told.submission_id
    LIMIT 1
) AS known
"""

_INSERT = """
INSERT INTO ingest.feedback
    (org_id, id, revision, channel, source, submission_id, occurred_at, received_at, customer_id,
     ratings, text, title, language, unit, touchpoint, attributes, survey_id)
SELECT org_id, id, revision, channel, source, submission_id, occurred_at, received_at, customer_id,
     ratings::jsonb, text, title, language, unit, touchpoint, attributes, survey_id
FROM unnest(
    $1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::timestamptz[],
    $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::jsonb[],
    $17::text[])
    AS said (org_id, id, revision, channel, source, submission_id, occurred_at, received_at, customer_id,
     ratings, text, title, language, unit, touchpoint, attributes, survey_id)
"""
"""Ratings travel as text: a list of lists would be taken for an array of two dimensions and come apart."""

_CLAIM_KEYS = """
INSERT INTO ingest.idempotency_keys AS kept (org_id, key, fingerprint, created_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::timestamptz[])
ON CONFLICT (org_id, key) DO UPDATE
    SET fingerprint = excluded.fingerprint, status = NULL, body = NULL, created_at = excluded.created_at
    WHERE kept.created_at < $5
RETURNING org_id, key
"""

_KEPT_ANSWERS = """
SELECT told.org_id, told.key, kept.fingerprint, kept.status, kept.body
FROM unnest($1::uuid[], $2::text[]) AS told (org_id, key)
CROSS JOIN LATERAL (
    SELECT * FROM ingest.idempotency_keys AS one WHERE one.org_id = told.org_id AND one.key = told.key LIMIT 1
) AS kept
"""

_KEEP_ANSWERS = """
UPDATE ingest.idempotency_keys AS kept SET status = told.status, body = told.body
FROM unnest($1::uuid[], $2::text[], $3::int[], $4::bytea[]) AS told (org_id, key, status, body)
WHERE kept.org_id = told.org_id AND kept.key = told.key AND kept.key = ANY ($2)
"""


async def remember(batch: Batch, org_ids: Collection[UUID], told: Sequence[Prepared]) -> dict[SubmissionKey, Voice]:
    """Note the submission ids of `told` (each with a content_hash, each key once); says what each stands for.

    A key that is new is taken; a known one with other content gets the next revision; with the same content it is
    read back. So it is when what was said is erased, and when a browser's words meet what was told with a secret
    key: everybody who sees a page has its publishable key.
    """
    mine = (one for one in told if one.org_id in org_ids)
    rows = sorted(mine, key=lambda one: (one.org_id, one.source, one.submission_id or ""))
    voices: dict[SubmissionKey, Voice] = {}
    written = await batch.conn.fetch(
        _REMEMBER,
        [one.org_id for one in rows],
        [one.source for one in rows],
        [one.submission_id for one in rows],
        [one.id for one in rows],
        [one.content_hash for one in rows],
        [one.occurred_at for one in rows],
        [one.trusted for one in rows],
    )
    for org_id, source, submission_id, feedback_id, revision, occurred_at in written:
        voices[(org_id, source, submission_id)] = Voice(feedback_id, revision, occurred_at, revision == 1, True)
    silent = [one for one in rows if (one.org_id, one.source, one.submission_id or "") not in voices]
    if silent:
        recalled = await batch.conn.fetch(
            _RECALL,
            [one.org_id for one in silent],
            [one.source for one in silent],
            [one.submission_id for one in silent],
        )
        for org_id, source, submission_id, feedback_id, revision, occurred_at in recalled:
            voices[(org_id, source, submission_id)] = Voice(feedback_id, revision, occurred_at, False, False)
    return voices


async def insert_feedback(
    batch: Batch, org_ids: Collection[UUID], rows: Sequence[tuple[Prepared, UUID, int, datetime, UUID | None]]
) -> None:
    """Insert revisions: (submission, feedback id, revision, occurred_at, customer id). All within `org_ids`."""
    ordered = sorted((row for row in rows if row[0].org_id in org_ids), key=lambda row: (row[0].org_id, row[1]))
    told = [row[0] for row in ordered]
    await batch.conn.execute(
        _INSERT,
        [one.org_id for one in told],
        [row[1] for row in ordered],
        [row[2] for row in ordered],
        [one.channel for one in told],
        [one.source for one in told],
        [one.submission_id for one in told],
        [row[3] for row in ordered],
        [one.received_at for one in told],
        [row[4] for row in ordered],
        [orjson.dumps(one.ratings).decode() for one in told],
        [one.text for one in told],
        [one.title for one in told],
        [one.language for one in told],
        [one.unit for one in told],
        [one.touchpoint for one in told],
        [one.attributes for one in told],
        [one.survey_id for one in told],
    )


async def claim_keys(
    batch: Batch, org_ids: Collection[UUID], told: Sequence[tuple[UUID, str, bytes]], *, at: datetime, expired: datetime
) -> set[IdempotencyRef]:
    """Take idempotency keys (organisation, key, fingerprint) that nobody has, or that are older than `expired`.

    Waits for another transaction that is taking the same key now. Returns those taken.
    """
    rows = sorted((org_id, key, fingerprint) for org_id, key, fingerprint in told if org_id in org_ids)
    taken = await batch.conn.fetch(
        _CLAIM_KEYS,
        [org_id for org_id, _, _ in rows],
        [key for _, key, _ in rows],
        [fingerprint for _, _, fingerprint in rows],
        [at] * len(rows),
        expired,
    )
    return {(org_id, key) for org_id, key in taken}


async def kept_answers(
    batch: Batch, org_ids: Collection[UUID], refs: Sequence[IdempotencyRef]
) -> dict[IdempotencyRef, tuple[bytes, int | None, bytes | None]]:
    """(fingerprint, status, body) of each key that is kept."""
    mine = [ref for ref in refs if ref[0] in org_ids]
    rows = await batch.conn.fetch(_KEPT_ANSWERS, [org_id for org_id, _ in mine], [key for _, key in mine])
    return {(org_id, key): (fingerprint, status, body) for org_id, key, fingerprint, status, body in rows}


async def keep_answers(
    batch: Batch, org_ids: Collection[UUID], answers: Sequence[tuple[UUID, str, int, bytes]]
) -> None:
    """Keep the answer (organisation, key, status, body) of each key that was claimed in this transaction."""
    rows = sorted(answer for answer in answers if answer[0] in org_ids)
    await batch.conn.execute(
        _KEEP_ANSWERS,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        [row[3] for row in rows],
    )


async def forget_keys(batch: Batch, org_ids: Collection[UUID], *, expired: datetime) -> None:
    """Delete idempotency keys older than `expired`."""
    await batch.conn.execute(
        "DELETE FROM ingest.idempotency_keys WHERE org_id = ANY ($1::uuid[]) AND created_at < $2",
        list(org_ids),
        expired,
    )


async def feedback_of_customer(
    tx: Transaction, org_id: UUID, customer_id: UUID, before: tuple[datetime, UUID] | None, limit: int
) -> list[FeedbackRow]:
    """Feedback of a customer in its newest revision, newest first, strictly before (occurred_at, id)."""
    newer = aliased(FeedbackRow)
    query = (
        select(FeedbackRow)
        .where(
            col(FeedbackRow.org_id) == org_id,
            col(FeedbackRow.customer_id) == customer_id,
            ~exists().where(
                col(newer.org_id) == FeedbackRow.org_id,
                col(newer.id) == FeedbackRow.id,
                col(newer.revision) > FeedbackRow.revision,
            ),
        )
        .order_by(col(FeedbackRow.occurred_at).desc(), col(FeedbackRow.id).desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(col(FeedbackRow.occurred_at), col(FeedbackRow.id)) < tuple_(*before))
    return list((await tx.session.exec(query)).all())
