"""Surveys: made, revised, never edited, read by browsers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.foundation.ids import new_id
from tests.ingest_service.stored import feedback, rows
from tests.support.services import RunningService, identity

SURVEY: dict[str, Any] = {
    "name": "After delivery",
    "question": "How likely are you to recommend us?",
    "follow_up": "Why?",
    "thanks": "Thank you.",
    "unit": "north",
    "touchpoint": "delivery",
    "colour": "#3355ff",
    "locales": {"de": {"question": "Empfehlen Sie uns?", "follow_up": "Warum?", "thanks": "Danke."}},
}


async def made(ingest: RunningService, org_id: UUID, **more: Any) -> dict[str, Any]:
    answer = await ingest.as_org(org_id).post("/v1/surveys", {**SURVEY, **more})
    assert answer.status == 201, answer.body
    survey: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/v1/surveys/{survey['id']}"
    return survey


async def test_a_revision_leaves_the_earlier_one_as_it_was(ingest: RunningService, organisation: UUID) -> None:
    survey = await made(ingest, organisation)
    client = ingest.as_org(organisation)
    where = f"/v1/surveys/{survey['id']}"
    etag = (await client.get(where)).headers["etag"]
    revised = await client.put(where, {**SURVEY, "question": "Would you?"}, headers={"if-match": etag})
    assert (revised.status, revised.json()["revision"]) == (200, 2)
    late = await client.put(where, SURVEY, headers={"if-match": etag})
    assert (late.status, late.code) == (412, "version_mismatch")
    stored = await rows(ingest, organisation, "SELECT content FROM ingest.survey_revisions ORDER BY revision")
    assert [row["content"]["question"] for row in stored] == [SURVEY["question"], "Would you?"]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await rows(ingest, organisation, "UPDATE ingest.survey_revisions SET content = '{}' RETURNING revision")


async def test_browsers_read_what_is_published(ingest: RunningService, organisation: UUID) -> None:
    survey = await made(ingest, organisation)
    browser = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    where = f"/v1/surveys/{survey['id']}/published"
    answer = await browser.get(where)
    told = answer.json()
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert [(one["type"], one["text"]) for one in told["questions"]] == [
        ("nps", SURVEY["question"]),
        ("text", "Why?"),
    ]
    assert told["locales"]["de"]["questions"][0]["text"] == "Empfehlen Sie uns?"
    assert "name" not in told
    assert "unit" not in told
    same = await browser.request("GET", where, headers={"if-none-match": answer.headers["etag"]})
    assert (same.status, same.body) == (304, b"")
    await ingest.as_org(organisation).put(f"/v1/surveys/{survey['id']}", {**SURVEY, "thanks": "Bye."})
    fresh = await browser.request("GET", where, headers={"if-none-match": answer.headers["etag"]})
    assert (fresh.status, fresh.json()["thanks"]) == (200, "Bye.")


async def test_the_default_survey_exists_for_everybody(ingest: RunningService, organisation: UUID) -> None:
    browser = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    answer = await browser.get("/v1/surveys/default/published")
    assert (answer.status, answer.json()["revision"], answer.json()["questions"]) == (200, 0, [])


async def test_an_answer_belongs_where_its_survey_belongs(ingest: RunningService, organisation: UUID) -> None:
    survey = await made(ingest, organisation)
    browser = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    body = {"ratings": [{"metric": "nps", "value": 2}], "survey_id": survey["id"]}
    assert (await browser.post("/v1/responses", body)).status == 202
    [stored] = await feedback(ingest, organisation)
    assert (stored["unit"], stored["touchpoint"], stored["survey_id"]) == ("north", "delivery", survey["id"])


async def test_the_list_goes_on_page_by_page(ingest: RunningService, organisation: UUID) -> None:
    expected = [(await made(ingest, organisation, name=f"S{number}"))["id"] for number in range(5)][::-1]
    client = ingest.as_org(organisation)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await client.get("/v1/surveys", limit=2, cursor=cursor)).json()
        seen += [one["id"] for one in page["data"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == expected


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"question": ""}, "/question"),
        ({"colour": "red"}, "/colour"),
        ({"locales": {"English!": SURVEY["locales"]["de"]}}, "/locales/English!/[key]"),
        ({"unit": " x"}, "/unit"),
        ({"more": 1}, "/more"),
    ],
)
async def test_faults_are_named(
    ingest: RunningService, organisation: UUID, change: dict[str, Any], pointer: str
) -> None:
    answer = await ingest.as_org(organisation).post("/v1/surveys", {**SURVEY, **change})
    assert answer.status == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [pointer]


async def test_surveys_stay_within_their_organisation(ingest: RunningService, organisation: UUID) -> None:
    survey = await made(ingest, organisation)
    other_org = UUID(int=organisation.int ^ 1)
    other = ingest.as_org(other_org)
    for survey_id in (survey["id"], new_id(), "nonsense"):
        assert (await other.get(f"/v1/surveys/{survey_id}/published")).status == 404
    assert (await other.get(f"/v1/surveys/{survey['id']}")).status == 404
    assert (await other.put(f"/v1/surveys/{survey['id']}", SURVEY)).status == 404
    answer = await other.post("/v1/responses", {"text": "x", "survey_id": survey["id"]})
    assert answer.status == 422


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", ""), ("GET", "/{id}"), ("PUT", "/{id}")])
async def test_a_browser_neither_makes_nor_lists_surveys(
    ingest: RunningService, organisation: UUID, method: str, path: str
) -> None:
    browser = ingest.as_identity(identity(organisation, "responses:write", kind="publishable_key"))
    body = SURVEY if method in {"POST", "PUT"} else None
    answer = await browser.request(method, "/v1/surveys" + path.format(id=new_id()), json=body)
    assert (answer.status, answer.code) == (403, "scope_missing")
