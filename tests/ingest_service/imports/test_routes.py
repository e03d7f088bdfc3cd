"""Imports at the edge of the service: upload, dry run, progress, errors, cancelling, and who may."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import pytest

from ingest_service.imports import queries, routes
from shared.foundation.ids import new_id
from tests.support.api import Answer, Api
from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import RunningService

SURVEY = (
    "Response Date;How likely are you to recommend us?;Reason for score;Journey stage;E-mail\r\n"
    "22/01/2026 21:03;10;Everything was easy to do here;Order;c1@example.com\r\n"
    "07/02/2026 19:38;0;Nobody answered my call for a week;Delivery;c2@example.com\r\n"
    "03/02/2026 10:00;8;;Order;c1@example.com\r\n"
)


async def send(client: Api, body: str | bytes, kind: str = "text/csv", **params: Any) -> Answer:
    data = io.BytesIO(body.encode() if isinstance(body, str) else body)
    return await client.request("POST", "/v1/imports", data=data, params=params, headers={"content-type": kind})


async def ended(client: Api, sent: Answer) -> dict[str, Any]:
    assert sent.status == 202, sent.body
    path = sent.json()["links"]["self"]

    async def shown() -> dict[str, Any] | None:
        found: dict[str, Any] = (await client.get(path)).json()
        return found if found["finished_at"] else None

    found = await until(shown, timeout=60, what="the end of the import")
    assert found is not None
    return found


async def stored(servers: Servers, org_id: UUID) -> list[asyncpg.Record]:
    conn = await asyncpg.connect(servers.database_url)
    try:
        rows: list[asyncpg.Record] = await conn.fetch(
            "SELECT text, touchpoint, ratings #>> '{0,value}' AS score, occurred_at::text, submission_id, revision, "
            "channel, source, customer_id FROM ingest.feedback WHERE org_id = $1 ORDER BY id, revision",
            org_id,
        )
        return rows
    finally:
        await conn.close()


async def left_over(servers: Servers, org_id: UUID) -> int:
    conn = await asyncpg.connect(servers.database_url)
    try:
        found: int = await conn.fetchval("SELECT count(*) FROM ingest.import_parts WHERE org_id = $1", org_id)
        return found
    finally:
        await conn.close()


async def test_a_survey_from_upload_to_feedback(ingest: RunningService, servers: Servers, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    shown = await ended(client, await send(client, SURVEY, filename="survey.csv"))
    assert (shown["status"], shown["rows_total"], shown["rows_read"], shown["accepted"]) == ("completed", 3, 3, 3)
    assert (shown["duplicates"], shown["revised"], shown["rejected"], shown["failure"]) == (0, 0, 0, None)
    assert shown["mapping"]["date_order"] == "DMY"
    assert shown["mapping"]["columns"]["How likely are you to recommend us?"]["metric"] == "nps"
    assert (shown["file"]["delimiter"], shown["file"]["encoding"], shown["filename"]) == (";", "utf-8", "survey.csv")
    rows = await stored(servers, organisation)
    assert sorted((row["score"], row["touchpoint"], row["occurred_at"]) for row in rows) == [
        ("0.0", "Delivery", "2026-02-07 19:38:00+00"),
        ("10.0", "Order", "2026-01-22 21:03:00+00"),
        ("8.0", "Order", "2026-02-03 10:00:00+00"),
    ]
    assert len({row["customer_id"] for row in rows}) == 2
    assert await left_over(servers, organisation) == 0


async def test_the_same_file_is_the_same_feedback_and_a_better_mapping_a_revision(
    ingest: RunningService, servers: Servers, organisation: UUID
) -> None:
    client = ingest.as_org(organisation)
    one, other = await asyncio.gather(send(client, SURVEY), send(client, SURVEY))
    first, second = await ended(client, one), await ended(client, other)
    assert first["accepted"] + second["accepted"] == 3
    assert first["duplicates"] + second["duplicates"] == 3
    assert len(await stored(servers, organisation)) == 3
    third = await ended(client, await send(client, SURVEY, mapping="Journey stage=unit"))
    assert (third["revised"], third["accepted"]) == (3, 0)


async def test_a_dry_run_shows_and_stores_nothing(ingest: RunningService, servers: Servers, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    answer = await send(client, SURVEY + "01/03/2026 10:00;11;x;Order;\r\n;;;;\r\n", dry_run="true", filename="s.csv")
    assert answer.status == 200
    shown = answer.json()
    assert shown["rows"] == {"total": 5, "checked": 5, "valid": 3, "rejected": 2, "complete": True}
    assert shown["errors"]["counts"] == {"empty": 1, "score_out_of_scale": 1}
    assert [one["code"] for one in shown["warnings"]] == ["scale_unsure"]
    assert [row["row"] for row in shown["sample"]] == [1, 2, 3]
    assert shown["sample"][0]["feedback"]["ratings"][0]["value"] == 10.0
    assert {column["name"] for column in shown["columns"]} == set(SURVEY.splitlines()[0].split(";"))
    assert all(column["reason"] for column in shown["columns"])
    assert (await client.get("/v1/imports")).json()["data"] == []
    assert await stored(servers, organisation) == []
    assert await left_over(servers, organisation) == 0


async def test_the_mapping_of_a_dry_run_can_be_sent_back(ingest: RunningService, organisation: UUID) -> None:
    import orjson

    client = ingest.as_org(organisation)
    shown = (await send(client, SURVEY, dry_run="true")).json()
    again = await ended(client, await send(client, SURVEY, mapping=orjson.dumps(shown["mapping"]).decode()))
    assert again["mapping"] == shown["mapping"]
    assert again["accepted"] == 3


async def test_a_form_with_a_mapping(ingest: RunningService, servers: Servers, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    form = aiohttp.FormData()
    form.add_field("file", SURVEY.encode(), filename="answers.csv", content_type="text/csv")
    form.add_field("mapping", "Journey stage=unit,@channel=phone,@source=calls")
    sent = await client.request("POST", "/v1/imports", data=form)
    shown = await ended(client, sent)
    assert shown["filename"] == "answers.csv"
    assert {(row["channel"], row["source"]) for row in await stored(servers, organisation)} == {("phone", "calls")}


async def test_jsonl_in_our_own_shape(ingest: RunningService, servers: Servers, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    lines = (
        '{"channel": "app", "submission_id": "s1", "ratings": [{"metric": "csat", "value": 4}]}\n'
        '{"channel": "app", "text": "Slow today", "customer": {"email": "c@example.com"}}\n'
        '{"channel": "app", "ratings": [{"metric": "nps", "value": 99}]}\n'
        "{broken\n"
    )
    sent = await send(client, lines, "application/x-ndjson")
    shown = await ended(client, sent)
    assert (shown["status"], shown["accepted"], shown["rejected"]) == ("completed_with_errors", 2, 2)
    assert shown["error_counts"] == {"out_of_scale": 1, "invalid_json": 1}
    rows = await stored(servers, organisation)
    assert {row["source"] for row in rows} == {"app", "import"}


async def test_errors_by_row_as_pages_and_as_a_file(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    body = "=cmd|calc,why\n" + "".join(f"{score},fine words here\n" for score in [9, 10, 11, 3, "=1+1", 12])
    sent = await send(client, body, mapping='{"columns": {"=cmd|calc": "nps", "why": "text"}}')
    shown = await ended(client, sent)
    assert (shown["accepted"], shown["rejected"]) == (3, 3)
    path = sent.json()["links"]["errors"]
    first = (await client.get(path, limit=2)).json()
    rest = (await client.get(path, limit=2, cursor=first["next_cursor"])).json()
    found = first["data"] + rest["data"]
    assert [(one["row"], one["line"], one["code"]) for one in found] == [
        (3, 4, "score_out_of_scale"), (5, 6, "score_unreadable"), (6, 7, "score_out_of_scale"),
    ]  # fmt: skip
    assert rest["next_cursor"] is None
    assert "1+1" not in str(found)
    answer = await client.get(path, format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    table = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert [row["column"] for row in table] == ["'=cmd|calc"] * 3
    other_list = await client.get("/v1/imports", cursor=first["next_cursor"])
    assert (other_list.status, other_list.code) == (422, "cursor_invalid")


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_cells_that_a_spreadsheet_would_run(cell: str) -> None:
    assert routes.unharmed(cell) == f"'{cell}"
    assert routes.unharmed("x=1") == "x=1"


@pytest.mark.parametrize(
    ("body", "kind", "params", "status", "code"),
    [
        (SURVEY, "image/png", {}, 415, "content_type_unsupported"),
        (SURVEY, "application/x-www-form-urlencoded", {}, 415, "content_type_unsupported"),
        ("", "text/csv", {}, 422, "body_invalid"),
        ("PK\x03\x04", "text/csv", {}, 422, "body_invalid"),
        (SURVEY, "text/csv", {"mapping": "colour=nps"}, 422, "parameter_invalid"),
        (SURVEY, "text/csv", {"mapping": "{"}, 422, "parameter_invalid"),
        (SURVEY, "text/csv", {"speed": "fast"}, 422, "parameter_unknown"),
        (SURVEY, "text/csv", {"mapping": "@encoding=klingon"}, 422, "parameter_invalid"),
        (SURVEY, "text/csv; charset=klingon", {}, 422, "body_invalid"),
        (SURVEY, "multipart/form-data", {}, 400, "request_malformed"),
    ],
)
async def test_what_is_refused_leaves_nothing(  # noqa: PLR0917 - a table of cases
    ingest: RunningService, servers: Servers, organisation: UUID, body: str, kind: str, params: dict[str, str],
    status: int, code: str,
) -> None:  # fmt: skip
    client = ingest.as_org(organisation)
    answer = await send(client, body, kind, **params)
    assert (answer.status, answer.code) == (status, code)
    assert (await client.get("/v1/imports")).json()["data"] == []
    assert await left_over(servers, organisation) == 0


async def test_a_file_without_scores_or_texts_fails_in_words(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    shown = await ended(client, await send(client, "colour,size\nred,200\nblue,300\n"))
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "nothing_found")
    shown = await ended(client, await send(client, "score,comment\n"))
    assert (shown["status"], shown["failure"]["code"]) == ("failed", "no_rows")


async def test_a_told_encoding_and_broken_bytes(ingest: RunningService, servers: Servers, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    body = "note,kommentar\n5,Schöne Größe überall\n1,Ganz übel für mich\n".encode("cp1252")
    await ended(client, await send(client, body))
    wide = "score,comment\n4,Größe wie immer gut\n".encode("utf-16")
    await ended(client, await send(client, wide))
    broken = "score,comment\n3,Größe ä ö ü gut so\n2,it\ufffds odd today\n".encode() + b"1,it\x92s late again\n"
    await ended(client, await send(client, broken))
    assert {row["text"] for row in await stored(servers, organisation)} == {
        "Schöne Größe überall", "Ganz übel für mich", "Größe wie immer gut", "Größe ä ö ü gut so",
        "it\ufffds odd today", "it’s late again",
    }  # fmt: skip


async def test_imports_belong_to_their_organisation_and_need_scopes(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    sent = await send(client, SURVEY)
    await ended(client, sent)
    path = sent.json()["links"]["self"]
    stranger = ingest.as_org(new_id())
    for answer in (await stranger.get(path), await stranger.get(path + "/errors"), await stranger.delete(path)):
        assert (answer.status, answer.code) == (404, "not_found")
    reader = ingest.as_org(organisation, "imports:read")
    assert (await send(reader, SURVEY)).code == "scope_missing"
    assert (await reader.delete(path)).code == "scope_missing"
    assert (await reader.get(path)).status == 200
    assert (await ingest.as_org(organisation, "feedback:read").get(path)).code == "scope_missing"


async def test_imports_are_listed_newest_first_in_pages(ingest: RunningService, organisation: UUID) -> None:
    client = ingest.as_org(organisation)
    sent = [(await send(client, SURVEY)).json()["id"] for _ in range(3)]
    first = (await client.get("/v1/imports", limit=2)).json()
    rest = (await client.get("/v1/imports", limit=2, cursor=first["next_cursor"])).json()
    assert [one["id"] for one in first["data"] + rest["data"]] == sent[::-1]
    assert rest["next_cursor"] is None


async def test_too_many_at_once(ingest: RunningService, organisation: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "UNFINISHED_LIMIT", 0)
    answer = await send(ingest.as_org(organisation), SURVEY)
    assert (answer.status, answer.code) == (409, "limit_reached")


async def test_an_upload_that_breaks_off_leaves_nothing(
    ingest: RunningService, servers: Servers, organisation: UUID
) -> None:
    async def half() -> Any:
        yield b"x" * (queries.PART_BYTES + 10)
        raise ConnectionResetError

    client = ingest.as_org(organisation)
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await client.request("POST", "/v1/imports", data=half(), headers={"content-type": "text/csv"})

    async def gone() -> bool:
        return await left_over(servers, organisation) == 0

    await until(gone, what="clearing the upload")
    assert (await client.get("/v1/imports")).json()["data"] == []
