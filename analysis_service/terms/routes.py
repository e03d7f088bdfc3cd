"""Terms over HTTP."""

from __future__ import annotations

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response

from analysis_service.metrics.inputs import instant
from analysis_service.metrics.queries import unfinished
from analysis_service.records.queries import Asked, spoken
from analysis_service.terms.groups import GROUPS, METHOD, Spoken, contrast
from analysis_service.terms.schemas import TermQuery, TermsAnswer
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.foundation.clock import now
from shared.web.identity import Caller, Db, needs
from shared.web.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Metrics"])

MOST_READ = 10_000
"""Records read for one answer; beyond, the newest."""


@router.get("/v1/terms", operation_id="term_list", dependencies=[needs("metrics:read")], response_model=TermsAnswer)
async def list_terms(caller: Caller, database: Db, query: Annotated[TermQuery, Query()]) -> Response:
    """The words and pairs of words that set a group of feedback apart from the rest."""
    end = now() if query.to is None else instant(query.to)
    start = None if query.from_ is None else instant(query.from_)
    if start is not None and start >= end:
        raise Problem(
            Code.PARAMETER_INVALID,
            "Mend the parameters listed in `errors`.",
            [FieldProblem("?from", "window_refused", "must lie before `to`")],
        )
    asked = Asked(dimensions=query.dimensions(), start=start, end=end, has_text=True)
    async with database.transaction(caller.org_id) as tx:
        rows = await spoken(tx, caller.org_id, asked, MOST_READ + 1)
        pending, failed = await unfinished(tx, caller.org_id)
    records = [Spoken(*row) for row in rows[:MOST_READ]]
    found = await asyncio.to_thread(contrast, records, query.group, query.limit)
    document = {
        "group": query.group,
        "group_words": GROUPS[query.group].words,
        "method": METHOD,
        "from": start,
        "to": end,
        "sampled": len(rows) > MOST_READ,
        **found,
        "completeness": {"pending": pending, "failed": failed, "as_of": now()},
    }
    return Response(orjson.dumps(document, option=orjson.OPT_UTC_Z), media_type="application/json")
