"""GET /v1/metrics/{metric}: the shape, the arithmetic against a plain recount, cells against records."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from analysis_service.metrics import nps, windows
from analysis_service.metrics.filters import Dimensions
from analysis_service.metrics.reading import Question, answer
from analysis_service.metrics.schemas import MetricAnswer
from shared.contracts.envelope import Event
from shared.foundation.ids import new_id
from shared.messaging import publish
from tests.analysis_service.feeding import NOON, Feeder, rating, received
from tests.support.services import RunningService


async def test_the_answer_has_the_promised_shape(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    customer = new_id()
    await feeder.send(
        [
            received(organisation, ratings=[rating("nps", value)], customer_id=who)
            for value, who in [(10, customer), (9, customer), (8, new_id()), (3, None)]
        ]
    )
    api = analysis.as_org(organisation)
    found = await api.get("/v1/metrics/nps", **{"from": "2026-03-02", "to": "2026-03-16"})
    assert found.status == 200, found.body
    body = found.json()
    MetricAnswer.model_validate(body)
    assert set(body) >= {"metric", "method", "series", "completeness", "total"}
    assert set(body["method"]) == {"name", "words", "source"}
    first, second = body["series"]
    assert first == {
        "start": "2026-03-02T00:00:00Z",
        "group": None,
        "partial": False,
        "scale": "0-10",
        "n": 4,
        "n_customers": 2,
        "n_anonymous": 1,
        "value": 25.0,
        "ci95": [round(end, 2) for end in nps.interval(2, 1, 4) or ()],
        "promoters": 2,
        "passives": 1,
        "detractors": 1,
    }
    assert (second["n"], second["value"], second["ci95"], second["n_customers"]) == (0, None, None, 0)
    assert body["total"]["value"] == 25.0
    assert body["totals"] == [body["total"]]
    assert body["completeness"]["pending"] == 0


@pytest.mark.parametrize("metric", ["nps", "csat", "ces", "stars", "rating", "volume", "sentiment"])
async def test_nothing_answered_is_null(analysis: RunningService, organisation: UUID, metric: str) -> None:
    found = (await analysis.as_org(organisation).get(f"/v1/metrics/{metric}", interval="month")).json()
    MetricAnswer.model_validate(found)
    assert all(point["n"] == 0 and point["ci95"] is None for point in found["series"])
    assert found["total"]["value"] == (0 if metric == "volume" else None)


async def test_scales_never_mix(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    customer = new_id()
    await feeder.send(
        [
            received(organisation, ratings=[rating("csat", 5, 1, 5)], customer_id=customer),
            received(organisation, ratings=[rating("csat", 1, 1, 5)], customer_id=customer),
            received(organisation, ratings=[rating("csat", 7, 1, 7)], customer_id=customer),
        ]
    )
    body = (
        await analysis.as_org(organisation).get(
            "/v1/metrics/csat", **{"from": "2026-03-01", "to": "2026-04-01", "interval": "total"}
        )
    ).json()
    assert [(p["scale"], p["value"], p["n"]) for p in body["series"]] == [("1-5", 50.0, 2), ("1-7", 100.0, 1)]
    assert (body["total"]["value"], body["total"]["n"], body["total"]["n_customers"]) == (None, 3, 1)
    assert len(body["totals"]) == 2
    assert "1-5, 1-7" in body["notes"][0]


async def test_an_aspect_is_a_score_of_its_own(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    await feeder.send(
        [received(organisation, ratings=[rating("rating", 2, 1, 5, aspect="noise"), rating("rating", 5, 1, 5)])]
    )
    api = analysis.as_org(organisation)
    window = {"from": "2026-03-01", "to": "2026-04-01", "interval": "total"}
    whole = (await api.get("/v1/metrics/rating", **window)).json()
    noise = (await api.get("/v1/metrics/rating", aspect="noise", **window)).json()
    assert (whole["total"]["value"], noise["total"]["value"]) == (5.0, 2.0)
    assert noise["aspect"] == "noise"


async def test_the_widest_scale_does_not_overflow(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    wide = [received(organisation, ratings=[rating("rating", 1e6, -1e6, 1e6)]) for _ in range(20)]
    await feeder.send(wide)
    body = (
        await analysis.as_org(organisation).get(
            "/v1/metrics/rating", **{"from": "2026-03-01", "to": "2026-04-01", "interval": "total"}
        )
    ).json()
    assert (body["total"]["n"], body["total"]["value"], body["total"]["scale"]) == (20, 1e6, "-1000000-1000000")


async def test_other_organisations_see_nothing(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    await feeder.send([received(organisation, ratings=[rating("nps", 9)])])
    body = (await analysis.as_org(new_id()).get("/v1/metrics/nps", **{"from": "2026-03-01", "to": "2026-04-01"})).json()
    assert body["total"]["n"] == 0


async def test_what_is_received_and_not_analysed_is_told(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    async with feeder.database.batch([organisation]) as batch:
        await publish(batch, [received(organisation), received(organisation)])
    body = (await analysis.as_org(organisation).get("/v1/metrics/volume")).json()
    assert body["completeness"]["pending"] == 2
    assert body["completeness"]["failed"] == 0
    await feeder.wake([])


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("timezone=Mars/Olympus", "parameter_invalid", "?timezone"),
        ("from=2026-03-02&to=2026-03-01", "parameter_invalid", "?from"),
        ("from=1990-01-01&interval=day", "parameter_invalid", "?from"),
        ("from=yesterday", "parameter_invalid", "?from"),
        ("interval=decade", "parameter_invalid", "?interval"),
        ("group_by=customer", "parameter_invalid", "?group_by"),
        ("channel=a%00b", "parameter_invalid", "?channel"),
        ("from=0001-01-01T00:00:00%2B14:00", "parameter_invalid", "?from"),
        ("fromm=2026-01-01", "parameter_unknown", "?fromm"),
    ],
)
async def test_bad_questions_are_refused_with_a_pointer(
    analysis: RunningService, organisation: UUID, query: str, code: str, pointer: str
) -> None:
    found = await analysis.as_org(organisation).get(f"/v1/metrics/nps?{query}")
    assert found.status == 422
    assert found.code == code
    assert pointer in [error["pointer"] for error in found.json()["errors"]]


async def test_an_unknown_metric_and_a_missing_scope(analysis: RunningService, organisation: UUID) -> None:
    assert (await analysis.as_org(organisation).get("/v1/metrics/happiness")).status == 422
    assert (await analysis.as_org(organisation, "feedback:read").get("/v1/metrics/nps")).code == "scope_missing"


@dataclass
class History:
    """Random feedback with revisions, replays and disorder, and what a person would count by hand."""

    events: list[Event]

    def newest(self) -> list[dict[str, Any]]:
        by_id: dict[str, dict[str, Any]] = {}
        for one in self.events:
            known = by_id.get(one.data["feedback_id"])
            if known is None or known["revision"] < one.data["revision"]:
                by_id[one.data["feedback_id"]] = one.data
        return list(by_id.values())


def _history(org_id: UUID, seed: int) -> History:
    rng = random.Random(seed)
    customers = [new_id() for _ in range(12)]
    events = []
    for _ in range(150):
        feedback_id = new_id()
        for revision in range(1, rng.choice([2, 2, 2, 3, 4])):
            ratings = []
            if rng.random() < 0.8:
                ratings.append(rating("nps", rng.randint(0, 10)))
            if rng.random() < 0.4:
                top = rng.choice([5, 7])
                ratings.append(rating("csat", rng.randint(1, top), 1, top))
            if rng.random() < 0.2:
                ratings.append(rating("rating", rng.randint(10, 50) / 10, 1, 5, aspect=rng.choice(["noise", "food"])))
            events.append(
                received(
                    org_id,
                    feedback_id=feedback_id,
                    revision=revision,
                    channel=rng.choice(["email", "web", "app"]),
                    unit=rng.choice([None, "Lisbon", "Porto"]),
                    customer_id=rng.choice([None, *customers]),
                    occurred_at=NOON
                    + timedelta(minutes=rng.randint(-40 * 1440, 40 * 1440), seconds=rng.randint(0, 59)),
                    ratings=ratings,
                    text=rng.choice([None, "good and quick", "bad and slow", "it was a parcel"]),
                )
            )
    rng.shuffle(events)
    return History(events)


def _recount(history: History, question: Question) -> dict[tuple[Any, ...], tuple[int, int, int]]:
    """(bucket start, group) → (n, promoters, distinct customers), counted as plainly as can be."""
    local = defaultdict(list)
    for data in history.newest():
        at = datetime.fromisoformat(data["occurred_at"])
        values = [one["value"] for one in data["ratings"] if one["metric"] == "nps"]
        if not values or not question.start <= at < question.end:
            continue
        if question.dimensions.channel and data["channel"] not in question.dimensions.channel:
            continue
        day = at.astimezone(question.tz).date()
        if question.interval == "week":
            day -= timedelta(days=day.weekday())
        elif question.interval == "month":
            day = day.replace(day=1)
        label = question.start if question.interval == "total" else windows.midnight(day, question.tz)
        group = data[question.group_by] if question.group_by else None
        local[label, group].append((values[0], data["customer_id"]))
    return {
        key: (len(rows), sum(value >= 9 for value, _ in rows), len({who for _, who in rows if who}))
        for key, rows in local.items()
    }


CUTS: list[tuple[windows.IntervalName, str, str | None, tuple[str, ...]]] = [
    ("day", "UTC", None, ()),
    ("week", "Europe/Paris", "channel", ()),
    ("month", "America/New_York", "unit", ("email", "web")),
    ("week", "Asia/Kathmandu", "channel", ()),
    ("total", "UTC", None, ("app",)),
]


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_cells_records_and_a_recount_by_hand_agree(
    analysis: RunningService, feeder: Feeder, organisation: UUID, seed: int
) -> None:
    """Over random histories with revisions, out of order, and replayed; in zones that cells can and cannot cut."""
    history = _history(organisation, seed)
    half = len(history.events) // 2
    await feeder.send(history.events[:half])
    await feeder.send(history.events[half:])
    await feeder.wake(history.events)
    questions = [
        Question(metric, aspect, start, end, interval, ZoneInfo(zone), group, Dimensions(channel=channels))
        for metric, aspect in [("nps", ""), ("csat", ""), ("rating", "noise"), ("volume", ""), ("sentiment", "")]
        for interval, zone, group, channels in CUTS
        for start, end in [
            (datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 4, 10, tzinfo=UTC)),
            (datetime(2026, 2, 11, 7, 31, 9, tzinfo=UTC), datetime(2026, 3, 29, 16, 44, tzinfo=UTC)),
        ]
    ]
    for question in questions:
        async with analysis.database.batch([organisation]) as batch:
            by_cells = await answer(batch, organisation, question)
            exact = Question(**{**_fields(question), "exact": True})
            by_records = await answer(batch, organisation, exact)
        assert by_cells == by_records
        if question.metric == "nps":
            told = {
                (point["start"], point["group"]): (point["n"], point["promoters"], point["n_customers"])
                for point in by_cells["series"]
                if point["n"]
            }
            assert told == _recount(history, question)


def _fields(question: Question) -> dict[str, Any]:
    return {name: getattr(question, name) for name in Question.__dataclass_fields__}


async def test_without_a_beginning_everything_counts_however_old(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    old = datetime(2015, 5, 20, 9, 30, tzinfo=UTC)
    await feeder.send(
        [
            received(organisation, ratings=[rating("nps", 10)], occurred_at=old),
            received(organisation, ratings=[rating("nps", 2)]),
        ]
    )
    body = (await analysis.as_org(organisation).get("/v1/metrics/nps", interval="month")).json()
    assert body["total"]["n"] == 2
    assert body["from"] == "2015-05-20T09:30:00Z"
    assert (body["series"][0]["start"], body["series"][0]["n"]) == ("2015-05-01T00:00:00Z", 1)


async def test_one_ancient_record_does_not_make_the_daily_question_too_long(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    await feeder.send(
        [
            received(organisation, ratings=[rating("nps", 10)], occurred_at=datetime(1999, 12, 31, tzinfo=UTC)),
            received(organisation, ratings=[rating("nps", 2)]),
        ]
    )
    answered = await analysis.as_org(organisation).get("/v1/metrics/nps", interval="day")
    assert answered.status == 200, answered.body
    assert answered.json()["total"]["n"] == 1
