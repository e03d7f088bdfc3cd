"""The five real exports, where a setting says where they lie: the figures must equal the file's own.

CXLOOP_REAL_DATA=/path/to/real runs it; without the setting the test says so and checks nothing, since the files may
not enter the repository.
"""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest

from tests.support.drain import until
from tests.support.servers import Servers
from tests.support.services import RunningService

FOLDER = os.environ.get("CXLOOP_REAL_DATA", "")
EXPECTED = {
    "telecom_nps.csv": 598,
    "airline_reviews.csv": 1_493,
    "lounge_reviews.csv": 2_259,
    "app_reviews.csv": 2_356,
    "airline_tweets.csv": 10_161,
}


def _rows(name: str) -> list[dict[str, str]]:
    with (Path(FOLDER) / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


async def _imported(ingest: RunningService, servers: Servers, org: UUID, name: str) -> list[asyncpg.Record]:
    client = ingest.as_org(org)
    body = io.BytesIO((Path(FOLDER) / name).read_bytes())
    sent = await client.request(
        "POST", "/v1/imports", data=body, params={"filename": name}, headers={"content-type": "text/csv"}
    )
    assert sent.status == 202, sent.json()
    path = sent.json()["links"]["self"]

    async def done() -> Any:
        shown = (await client.get(path)).json()
        return shown if shown["finished_at"] else None

    shown = await until(done, timeout=120, what="the import")
    assert shown["status"] == "completed", shown
    assert (shown["rows_total"], shown["accepted"]) == (EXPECTED[name], EXPECTED[name])
    print(name, {key: shown[key] for key in ("rows_read", "accepted", "rejected", "notes", "rate")})
    conn = await asyncpg.connect(servers.database_url)
    try:
        await conn.set_type_codec("jsonb", encoder=str, decoder=orjson.loads, schema="pg_catalog")
        rows: list[asyncpg.Record] = await conn.fetch("SELECT * FROM ingest.feedback WHERE org_id = $1", org)
        return rows
    finally:
        await conn.close()


def _overall(rows: list[Any], metric: str) -> Counter[float]:
    return Counter(
        rating["value"]
        for row in rows
        for rating in row["ratings"]
        if rating["metric"] == metric and rating["aspect"] is None
    )


def _aspect(rows: list[Any], aspect: str) -> Counter[float]:
    return Counter(rating["value"] for row in rows for rating in row["ratings"] if rating["aspect"] == aspect)


def _told(rows: list[dict[str, str]], column: str) -> Counter[float]:
    return Counter(float(row[column]) for row in rows if row[column].strip())


async def test_every_real_file_is_stored_as_it_is(ingest: RunningService, servers: Servers) -> None:
    if not FOLDER:
        print("CXLOOP_REAL_DATA is not set: the real exports were not checked")
        return
    from shared.foundation.ids import new_id

    # telecom: NPS, day first
    told = _rows("telecom_nps.csv")
    rows = await _imported(ingest, servers, new_id(), "telecom_nps.csv")
    assert _overall(rows, "nps") == _told(told, "How likely are you to recommend us?")
    assert Counter(row["touchpoint"] for row in rows) == Counter(row["Journey stage"] for row in told)
    assert Counter(row["occurred_at"] for row in rows) == Counter(
        datetime.strptime(row["Response Date"], "%d/%m/%Y %H:%M").replace(tzinfo=UTC) for row in told
    )
    assert sum("\ufffd" in row["text"] for row in rows) == sum("\ufffd" in row["Reason for score"] for row in told)
    answers = _overall(rows, "nps")
    nps = 100 * (answers[9] + answers[10] - sum(answers[n] for n in range(7))) / sum(answers.values())
    assert nps == pytest.approx(100 * (39 + 119 - 343) / 598)

    # airline and lounge: an overall score with sub-scores
    for name, overall, aspects in (
        ("airline_reviews.csv", "rating_out_of_10", "seat_comfort cabin_staff ground_service value_for_money food"),
        ("lounge_reviews.csv", "overall_rating", "comfort cleanliness staff"),
    ):
        told = _rows(name)
        rows = await _imported(ingest, servers, new_id(), name)
        assert _overall(rows, "rating") == _told(told, overall)
        for aspect in aspects.split():
            assert _aspect(rows, aspect) == _told(told, aspect)
        assert Counter(str(row["attributes"]["recommended"]) for row in rows) == Counter(
            row["recommended"] for row in told
        )

    # apps: stars
    told = _rows("app_reviews.csv")
    rows = await _imported(ingest, servers, new_id(), "app_reviews.csv")
    assert _overall(rows, "stars") == _told(told, "score")
    assert sum("appVersion" in row["attributes"] for row in rows) == sum(row["appVersion"] != "nan" for row in told)
    assert {row["submission_id"] for row in rows} == {row["reviewId"] for row in told}

    # tweets: words only, each time with its offset
    told = _rows("airline_tweets.csv")
    rows = await _imported(ingest, servers, new_id(), "airline_tweets.csv")
    assert {row["submission_id"]: row["occurred_at"] for row in rows} == {
        row["tweet_id"]: datetime.strptime(row["tweet_created"], "%Y-%m-%d %H:%M:%S %z") for row in told
    }
    assert Counter(row["attributes"]["airline"] for row in rows) == Counter(row["airline"] for row in told)
