"""GET /v1/feedback and /v1/feedback/{id}: filters, pages that stay stable, own writes seen at once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from analysis_service.records import queries
from analysis_service.records.schemas import FeedbackOut
from shared.foundation.ids import new_id
from shared.messaging import publish
from shared.web.pagination import encode_cursor
from tests.analysis_service.feeding import NOON, Feeder, rating, received
from tests.support.api import Api
from tests.support.services import RunningService


async def _all(api: Api, query: str, limit: int = 100) -> list[dict[str, Any]]:
    """Every item over every page."""
    items: list[dict[str, Any]] = []
    cursor = ""
    while True:
        found = await api.get(f"/v1/feedback?limit={limit}&{query}{cursor}")
        assert found.status == 200, found.body
        body = found.json()
        items += body["data"]
        if body["next_cursor"] is None:
            return items
        cursor = f"&cursor={quote(body['next_cursor'])}"


async def test_own_writes_are_seen_before_they_are_analysed(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    sent = received(organisation, text="good", title="Hello", ratings=[rating("nps", 9)], unit="Lisbon")
    async with feeder.database.batch([organisation]) as batch:
        await publish(batch, [sent])
    api = analysis.as_org(organisation)
    waiting = (await api.get(f"/v1/feedback/{sent.id}")).json()
    assert (waiting["status"], waiting["text"], waiting["sentiment_reason"]) == ("received", "good", "not_analysed_yet")
    await feeder.wake([sent])
    done = (await api.get(f"/v1/feedback/{sent.id}")).json()
    FeedbackOut.model_validate(done)
    assert (done["status"], done["title"], done["unit"]) == ("analysed", "Hello", "Lisbon")
    assert done["sentiment"]["label"] == "positive"
    assert done["ratings"][0]["value"] == 9
    assert done["links"]["trace"] == f"/v1/feedback/{sent.id}/trace"
    assert set(waiting) == set(done)


async def test_unknown_and_foreign_feedback_get_the_same_answer(
    analysis: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    sent = received(organisation)
    await feeder.send([sent])
    stranger = analysis.as_org(new_id())
    foreign, unknown = await stranger.get(f"/v1/feedback/{sent.id}"), await stranger.get(f"/v1/feedback/{new_id()}")
    assert foreign.status == unknown.status == 404
    assert {**foreign.json(), "request_id": ""} == {**unknown.json(), "request_id": ""}
    assert (await stranger.get("/v1/feedback/nonsense")).status == 422
    assert (await stranger.get("/v1/feedback")).json() == {"data": [], "next_cursor": None}
    assert (await analysis.as_org(organisation, "metrics:read").get(f"/v1/feedback/{sent.id}")).status == 403


async def test_filters(analysis: RunningService, feeder: Feeder, organisation: UUID) -> None:
    customer = new_id()
    sent = [
        received(organisation, channel="web", unit="Lisbon", text="bad parcel", ratings=[rating("nps", 2)]),
        received(organisation, channel="app", customer_id=customer, ratings=[rating("nps", 6)]),
        received(
            organisation, channel="app", text="good 100% value", title="Parcel", ratings=[rating("csat", 5, 1, 5)]
        ),
        received(organisation, channel="email", occurred_at=NOON + timedelta(days=3), text="bonjour"),
    ]
    await feeder.send(sent)
    api = analysis.as_org(organisation)
    index = {str(one.id): number for number, one in enumerate(sent)}

    async def found(query: str) -> set[int]:
        return {index[item["id"]] for item in await _all(api, query)}

    assert await found("") == {0, 1, 2, 3}
    assert await found("channel=web&channel=email") == {0, 3}
    assert await found("unit=Lisbon") == {0}
    assert await found("unit=") == {1, 2, 3}
    assert await found("nps_max=6") == {0, 1}
    assert await found("nps_min=3&nps_max=6") == {1}
    assert await found("csat_min=4") == {2}
    assert await found(f"customer_id={customer}") == {1}
    assert await found("sentiment=positive&sentiment=negative") == {0, 2}
    assert await found("has_text=true") == {0, 2, 3}
    assert await found("has_text=false") == {1}
    assert await found("q=PARCEL") == {0, 2}
    assert await found("q=100%25") == {2}
    assert await found("q=1_0") == set()
    assert await found("from=2026-03-05") == {3}
    assert await found("to=2026-03-05T00:00:00Z&channel=app") == {1, 2}


@pytest.mark.parametrize("sort", ["-occurred_at", "occurred_at", "-received_at", "received_at"])
async def test_pages_meet_and_stay_stable_while_more_arrives(
    analysis: RunningService, feeder: Feeder, organisation: UUID, sort: str
) -> None:
    sent = [received(organisation, occurred_at=NOON + timedelta(minutes=number // 3)) for number in range(25)]
    await feeder.send(sent)
    api = analysis.as_org(organisation)
    whole = [item["id"] for item in await _all(api, f"sort={sort}")]
    paged = [item["id"] for item in await _all(api, f"sort={sort}", limit=4)]
    assert whole == paged
    assert len(set(whole)) == 25
    first = (await api.get("/v1/feedback", sort=sort, limit=10)).json()
    newest = NOON + timedelta(days=1) if sort.startswith("-") else NOON - timedelta(days=1)
    await feeder.send([received(organisation, occurred_at=newest)])
    second = (await api.get(f"/v1/feedback?sort={sort}&limit=10&cursor={first['next_cursor']}")).json()
    assert [item["id"] for item in first["data"] + second["data"]] == whole[:20]


async def test_a_search_goes_on_over_pages_that_come_back_short(
    analysis: RunningService, feeder: Feeder, organisation: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "SEARCHED_PER_PAGE", 5)
    sent = [
        received(
            organisation, text="needle" if number in (3, 11, 12) else "hay", occurred_at=NOON + timedelta(hours=number)
        )
        for number in range(18)
    ]
    await feeder.send(sent)
    api = analysis.as_org(organisation)
    found = [item["id"] for item in await _all(api, "q=needle", limit=2)]
    assert found == [str(sent[number].id) for number in (12, 11, 3)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("cursor=abc", "cursor_invalid"),
        ("cursor=%C3%A9", "cursor_invalid"),
        ("limit=0", "parameter_invalid"),
        ("limit=101", "parameter_invalid"),
        ("nps_max=lots", "parameter_invalid"),
        ("nps_max=nan", "parameter_invalid"),
        ("q=a%00b", "parameter_invalid"),
        ("customer_id=me", "parameter_invalid"),
        ("from=2026-13-01", "parameter_invalid"),
        ("sort=nps", "parameter_invalid"),
        ("page=2", "parameter_unknown"),
    ],
)
async def test_bad_parameters_are_refused(analysis: RunningService, organisation: UUID, query: str, code: str) -> None:
    found = await analysis.as_org(organisation).get(f"/v1/feedback?{query}")
    assert (found.status, found.code) == (422, code)


async def test_a_cursor_belongs_to_its_order(analysis: RunningService, organisation: UUID) -> None:
    cursor = encode_cursor(["-occurred_at", NOON, new_id()])
    found = await analysis.as_org(organisation).get(f"/v1/feedback?sort=occurred_at&cursor={cursor}")
    assert found.code == "cursor_invalid"


@pytest.mark.parametrize("values", [[], ["-occurred_at"], ["-occurred_at", 7, 8], ["-occurred_at", NOON, "x"], [1, 2]])
async def test_a_cursor_of_another_list_is_refused(
    analysis: RunningService, organisation: UUID, values: list[object]
) -> None:
    found = await analysis.as_org(organisation).get(f"/v1/feedback?cursor={encode_cursor(values)}")
    assert (found.status, found.code) == (422, "cursor_invalid")
