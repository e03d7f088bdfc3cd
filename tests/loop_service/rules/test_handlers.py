"""Analysed feedback meets the rules: cases once, reasons kept, people given work fairly."""

from collections import Counter
from typing import Any
from uuid import UUID

from shared.foundation.ids import new_id
from shared.messaging.work import handle
from tests.loop_service.feeding import Feeder, analysed, rating
from tests.support.services import RunningService


async def cases_of(loop: RunningService, org_id: UUID, **filters: Any) -> list[dict[str, Any]]:
    answer = await loop.as_org(org_id).get("/v1/cases", limit=100, **filters)
    assert answer.status == 200, answer.body
    cases: list[dict[str, Any]] = answer.json()["data"]
    return cases


async def test_a_detractor_becomes_a_case_by_the_default_rule(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    manager = await feeder.member(organisation, "manager@example.com")
    detractor, promoter = analysed(organisation), analysed(organisation, ratings=[rating("nps", 9)])
    await feeder.send(detractor, promoter)
    (case,) = await cases_of(loop, organisation)
    assert case["feedback_id"] == detractor.data["feedback_id"]
    assert (case["title"], case["status"], case["unit"], case["channel"]) == (
        "NPS 3 · email · north",
        "new",
        "north",
        "email",
    )
    assert case["owner"] == {"id": str(manager), "name": "Agent 1", "email": "manager@example.com"}
    assert case["due_at"] is not None
    assert case["overdue"] is False
    assert case["priority_score"] == sum(reason["points"] for reason in case["priority_reasons"])


async def test_low_stars_need_negative_words(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    low = [rating("stars", 1, 1, 5)]
    angry = analysed(organisation, ratings=low)
    slip = analysed(organisation, ratings=low, sentiment=None, sentiment_reason="no_text", text=None)
    only_words = analysed(organisation, ratings=[])
    await feeder.send(angry, slip, only_words)
    (case,) = await cases_of(loop, organisation)
    assert case["feedback_id"] == angry.data["feedback_id"]


async def test_no_second_case_for_a_revision_a_repetition_or_a_replay(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    first = analysed(organisation)
    feedback_id = UUID(first.data["feedback_id"])
    await feeder.send(first)
    await feeder.send(analysed(organisation, feedback_id=feedback_id, revision=2, ratings=[rating("nps", 1)]))
    await handle(loop.worker.handling, "loop.rules", [(organisation, first.id)])
    await feeder.send(
        analysed(organisation, feedback_id=feedback_id, revision=3),
        analysed(organisation, feedback_id=feedback_id, revision=4),
    )
    assert len(await cases_of(loop, organisation)) == 1


async def test_work_is_spread_over_the_responsible(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    for number in range(3):
        await feeder.member(organisation, f"manager{number}@example.com", name=f"Manager {number}")
    await feeder.member(organisation, "analyst@example.com", role="analyst")
    await feeder.member(organisation, "gone@example.com", active=False)
    await feeder.send(*(analysed(organisation) for _ in range(9)))
    owners = Counter(case["owner"]["email"] for case in await cases_of(loop, organisation))
    assert owners == {f"manager{number}@example.com": 3 for number in range(3)}


async def test_news_of_a_member_out_of_order(loop: RunningService, feeder: Feeder, organisation: UUID) -> None:
    member = await feeder.member(organisation, "new@example.com", version=3)
    await feeder.member(organisation, "old@example.com", member_id=member, version=2)
    await feeder.send(analysed(organisation))
    (case,) = await cases_of(loop, organisation)
    assert case["owner"]["email"] == "new@example.com"


async def test_one_batch_of_two_organisations_stays_apart(loop: RunningService, feeder: Feeder) -> None:
    one, other = new_id(), new_id()
    events = [analysed(one), analysed(other), analysed(other, ratings=[rating("nps", 10)])]
    await feeder.send(*events)
    for org_id, expected in ((one, events[0]), (other, events[1])):
        (case,) = await cases_of(loop, org_id)
        assert case["feedback_id"] == expected.data["feedback_id"]


async def test_a_malformed_event_is_dead_at_once_and_its_neighbours_go_through(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    good, bad = analysed(organisation), analysed(organisation, ratings="secret words")
    await feeder.send(good, bad)
    assert len(await cases_of(loop, organisation)) == 1
    async with loop.database.batch([organisation]) as batch:
        row = await batch.conn.fetchrow(
            "SELECT state, last_error FROM messaging.deliveries WHERE org_id = $1 AND event_id = $2",
            organisation,
            bad.id,
        )
    assert row["state"] == "dead"
    assert "ratings" in row["last_error"]
    assert "secret" not in row["last_error"]


async def test_a_removed_default_rule_does_not_come_back(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    api = loop.as_org(organisation)
    (rule,) = (await api.get("/v1/rules")).json()["data"]
    assert rule["preset"] == "detractor"
    assert (await api.delete(f"/v1/rules/{rule['id']}")).status == 204
    assert (await api.get("/v1/rules")).json()["data"] == []
    await feeder.send(analysed(organisation))
    assert await cases_of(loop, organisation) == []


async def test_own_rule_with_its_owner_title_and_due_time(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    agent = await feeder.member(organisation, "agent@example.com", role="agent")
    api = loop.as_org(organisation)
    made = await api.post(
        "/v1/rules",
        {
            "name": "Late parcels",
            "condition": {"field": "text", "op": "contains", "value": ["late"]},
            "actions": [
                {
                    "type": "open_case",
                    "owner": "AGENT@example.com",
                    "priority": "urgent",
                    "due_in_hours": 2,
                    "title": "Late: {unit} {rating}",
                }
            ],
        },
    )
    assert made.status == 201, made.body
    await feeder.send(analysed(organisation, ratings=[rating("nps", 8)]))
    (case,) = await cases_of(loop, organisation)
    assert (case["title"], case["priority"], case["owner"]["id"]) == ("Late: north NPS 8", "urgent", str(agent))
    assert case["rule_id"] == made.json()["id"]


async def test_repeat_trouble_of_a_customer_raises_priority(
    loop: RunningService, feeder: Feeder, organisation: UUID
) -> None:
    customer = new_id()
    await feeder.send(analysed(organisation, customer_id=customer))
    await feeder.send(analysed(organisation, customer_id=customer))
    second, first = await cases_of(loop, organisation, customer_id=customer)
    assert second["priority_score"] > first["priority_score"]
    assert "repeat" in [reason["factor"] for reason in second["priority_reasons"]]
