"""Metrics over HTTP: one question, one answer, with method, counts, interval and completeness."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import Response

from analysis_service.metrics import queries, windows
from analysis_service.metrics.catalogue import METRICS
from analysis_service.metrics.inputs import instant
from analysis_service.metrics.reading import Question, answer
from analysis_service.metrics.schemas import MetricAnswer, MetricName, MetricQuery
from analysis_service.metrics.series import TooManyPoints
from shared.contracts.problems import Code, FieldProblem, Problem
from shared.foundation.clock import now
from shared.web.identity import Caller, Db, needs
from shared.web.strict import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["Metrics"])

EMPTY_WINDOW = timedelta(days=90)
"""The window shown while there is no record yet."""


@router.get(
    "/v1/metrics/{metric}",
    operation_id="metric_get",
    dependencies=[needs("metrics:read")],
    response_model=MetricAnswer,
)
async def get_metric(
    metric: MetricName, caller: Caller, database: Db, query: Annotated[MetricQuery, Query()]
) -> Response:
    """A metric over a window, cut into days, weeks or months, optionally by one dimension.

    Every value has its count, its customers and its 95 % interval; nothing answered is null. Scales are never mixed.
    """
    try:
        async with database.batch([caller.org_id]) as batch:
            first = None if query.from_ is not None else await queries.first_at(batch, caller.org_id)
            question = _question(metric, query, first)
            found = await answer(batch, caller.org_id, question)
            pending, failed = await queries.unfinished(batch, caller.org_id)
    except windows.WindowRefused as refused:
        raise _refused("?from", str(refused)) from None
    except TooManyPoints as refused:
        raise _refused("?interval", f"{refused}: narrow the window, filter, or take a longer interval") from None
    method = METRICS[metric].method
    # The answer skips pydantic: a year of days by unit is thousands of points that are right by construction. The
    # model documents it, and a test holds the two together.
    document = {
        "metric": metric,
        "method": {"name": method.name, "words": method.words, "source": method.source},
        "from": question.start,
        "to": question.end,
        "interval": query.interval,
        "timezone": query.timezone,
        "group_by": query.group_by,
        "aspect": query.aspect or None,
        **found,
        "completeness": {"pending": pending, "failed": failed, "as_of": now()},
    }
    return Response(orjson.dumps(document, option=orjson.OPT_UTC_Z), media_type="application/json")


def _question(metric: MetricName, query: MetricQuery, first: datetime | None) -> Question:
    try:
        tz = windows.zone(query.timezone)
    except windows.WindowRefused as refused:
        raise _refused("?timezone", str(refused)) from None
    end = now() if query.to is None else instant(query.to, tz)
    if query.from_ is not None:
        start = instant(query.from_, tz)
    else:
        start = first if first is not None and first < end else end - EMPTY_WINDOW
        if query.interval == "day":  # somebody else's import of old data must not make the question too long
            start = max(start, end - timedelta(days=windows.MOST_BUCKETS - 2))
    return Question(metric, query.aspect, start, end, query.interval, tz, query.group_by, query.dimensions())


def _refused(pointer: str, detail: str) -> Problem:
    return Problem(
        Code.PARAMETER_INVALID,
        "Mend the parameters listed in `errors`.",
        [FieldProblem(pointer, "window_refused", detail)],
    )
