"""Writes of records, a batch at a time, in the transaction that claims their events."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import orjson

from analysis_service.metrics.cells import Facet
from analysis_service.records.counting import Answer, Counted
from analysis_service.records.record import NOTHING_READ, Record
from shared.database import Batch

Key = tuple[UUID, UUID]
"""(organisation, feedback)."""

_COLUMNS: tuple[tuple[str, str], ...] = (
    ("org_id", "uuid"),
    ("feedback_id", "uuid"),
    ("occurred_at", "timestamptz"),
    ("received_at", "timestamptz"),
    ("stored_at", "timestamptz"),
    ("analysed_at", "timestamptz"),
    ("facet", "uuid"),
    ("customer_id", "uuid"),
    ("revision", "integer"),
    ("nps", "double precision"),
    ("csat", "double precision"),
    ("csat_scale", "text"),
    ("ces", "double precision"),
    ("ces_scale", "text"),
    ("stars", "double precision"),
    ("stars_scale", "text"),
    ("rating", "double precision"),
    ("rating_scale", "text"),
    ("sentiment", "text"),
    ("sentiment_score", "double precision"),
    ("sentiment_reason", "text"),
    ("submission_id", "text"),
    ("title", "text"),
    ("text", "text"),
    ("ratings", "jsonb"),
    ("aspects", "jsonb"),
    ("probabilities", "jsonb"),
    ("terms", "jsonb"),
    ("attributes", "jsonb"),
    ("model", "text"),
    ("content_hash", "bytea"),
)
_NAMES = ", ".join(name for name, _ in _COLUMNS)
# Documents travel as text: a list inside an array parameter would be taken for a second dimension of the array.
_ARRAYS = ", ".join(f"${i}::{'text' if kind == 'jsonb' else kind}[]" for i, (_, kind) in enumerate(_COLUMNS, 1))
_VALUES = ", ".join(f"given.{name}::jsonb" if kind == "jsonb" else f"given.{name}" for name, kind in _COLUMNS)
_INSERT = f"""
INSERT INTO analysis.records ({_NAMES})
SELECT {_VALUES} FROM unnest({_ARRAYS}) AS given ({_NAMES})
ON CONFLICT (org_id, feedback_id)"""
_NEW = f"{_INSERT} DO NOTHING RETURNING org_id, feedback_id"
_REPLACE = f"{_INSERT} DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name, _ in _COLUMNS if name not in ("org_id", "feedback_id")
)
_LOCKED = """
SELECT r.org_id, r.feedback_id, r.revision, r.occurred_at, r.facet, r.nps, r.csat, r.csat_scale, r.ces, r.ces_scale,
       r.stars, r.stars_scale, r.rating, r.rating_scale, r.aspects, r.sentiment, r.sentiment_score,
       r.sentiment_reason
FROM unnest($1::uuid[], $2::uuid[]) AS wanted (org_id, feedback_id)
JOIN analysis.records r ON r.org_id = wanted.org_id AND r.feedback_id = wanted.feedback_id
ORDER BY r.org_id, r.feedback_id FOR UPDATE OF r
"""
_FACETS = """
INSERT INTO analysis.facets (org_id, facet, channel, source, unit, touchpoint, language)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
ON CONFLICT (org_id, facet) DO NOTHING
"""
_NPS_SCALE = "0-10"


async def add_facets(batch: Batch, org_ids: Collection[UUID], facets: dict[Key, Facet]) -> None:
    """Make sure that the facets of `org_ids` exist; keys are (organisation, facet key)."""
    ordered = sorted((key, facet) for key, facet in facets.items() if key[0] in org_ids)
    if ordered:
        rows = [(*key, *facet) for key, facet in ordered]
        await batch.conn.execute(_FACETS, *map(list, zip(*rows, strict=True)))


async def insert_new(batch: Batch, org_ids: Collection[UUID], records: Sequence[Record]) -> set[Key]:
    """Insert those records of `org_ids` that are not there yet; returns their keys."""
    rows = await batch.conn.fetch(_NEW, *_arrays(org_ids, records))
    return {(row["org_id"], row["feedback_id"]) for row in rows}


async def locked(batch: Batch, org_ids: Collection[UUID], keys: Sequence[Key]) -> dict[Key, tuple[int, Counted]]:
    """Lock stored records of `org_ids` and say what each counts for: key → (revision, what counts)."""
    mine = sorted(key for key in keys if key[0] in org_ids)
    rows = await batch.conn.fetch(_LOCKED, [key[0] for key in mine], [key[1] for key in mine])
    return {(row["org_id"], row["feedback_id"]): (row["revision"], _counted(row)) for row in rows}


async def replace(batch: Batch, org_ids: Collection[UUID], records: Sequence[Record]) -> None:
    """Overwrite stored records of `org_ids` that the caller has locked and found older."""
    await batch.conn.execute(_REPLACE, *_arrays(org_ids, records))


def _arrays(org_ids: Collection[UUID], records: Sequence[Record]) -> list[list[Any]]:
    ordered = sorted(
        (one for one in records if one.org_id in org_ids),
        key=lambda one: (one.org_id, one.received.feedback_id),
    )
    rows = [_row(one) for one in ordered]
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in _COLUMNS]


def _row(record: Record) -> tuple[Any, ...]:
    received, annotation, counted = record.received, record.annotation, record.counted
    main = {answer.metric: answer for answer in counted.answers if not answer.aspect}
    aspects = [answer._asdict() for answer in counted.answers if answer.aspect]
    scored: list[Any] = []
    for metric in ("csat", "ces", "stars", "rating"):
        answer = main.get(metric)
        scored += (None, None) if answer is None else (answer.value, answer.scale)
    sentiment = annotation.sentiment if annotation else None
    return (
        record.org_id,
        received.feedback_id,
        received.occurred_at,
        received.received_at,
        record.stored_at,
        record.analysed_at,
        record.facet_key,
        received.customer_id,
        received.revision,
        main["nps"].value if "nps" in main else None,
        *scored,
        counted.sentiment,
        counted.score,
        counted.reason,
        received.submission_id,
        received.title,
        received.text,
        _json(record.raw.get("ratings") or []),
        _json(aspects) if aspects else None,
        _json(sentiment.probabilities) if sentiment else None,
        _json(annotation.terms) if annotation else "[]",
        _json(received.attributes),
        annotation.model if annotation else NOTHING_READ,
        record.content_hash,
    )


def _json(document: Any) -> str:
    return orjson.dumps(document).decode()


def _counted(row: Any) -> Counted:
    answers = [Answer("nps", _NPS_SCALE, "", row["nps"])] if row["nps"] is not None else []
    for metric in ("csat", "ces", "stars", "rating"):
        if row[metric] is not None:
            answers.append(Answer(metric, row[f"{metric}_scale"], "", row[metric]))
    answers += [Answer(a["metric"], a["scale"], a["aspect"], a["value"]) for a in row["aspects"] or []]
    return Counted(
        row["org_id"],
        row["occurred_at"],
        row["facet"],
        tuple(answers),
        row["sentiment"],
        row["sentiment_score"],
        row["sentiment_reason"],
    )
