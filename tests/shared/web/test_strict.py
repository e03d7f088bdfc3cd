"""Strict routes: what a query may hold, and which bodies are read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, FastAPI, Query
from pydantic import BaseModel

from shared.contracts.problems import Problem
from shared.foundation.serving import Serving
from shared.web.errors import on_error
from shared.web.strict import StrictRoute
from tests.support.api import Api


class Filters(BaseModel):
    """Some of everything."""

    channel: list[str] | None = None
    limit: int = 50


router = APIRouter(route_class=StrictRoute)


@router.get("/things")
async def things(filters: Annotated[Filters, Query()]) -> dict[str, Any]:
    return filters.model_dump()


@router.post("/things")
async def make(body: Filters) -> dict[str, Any]:
    return body.model_dump()


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Api]:
    app = FastAPI()
    app.include_router(router)
    app.add_exception_handler(Problem, on_error)
    serving = Serving(app, f"unix://{tmp_path}/strict.sock")
    await serving.start()
    api = Api(serving.url)
    yield api
    await api.close()
    await serving.stop()


@pytest.mark.parametrize(
    ("query", "code", "pointer"),
    [
        ("colour=red", "parameter_unknown", "?colour"),
        ("limit=1&limit=2", "parameter_invalid", "?limit"),
        ("channel=a%00", "parameter_invalid", "?channel"),
    ],
)
async def test_a_query_that_says_too_much_is_refused(client: Api, query: str, code: str, pointer: str) -> None:
    answer = await client.get(f"/things?{query}")
    assert (answer.status, answer.code) == (422, code)
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_list_may_be_repeated(client: Api) -> None:
    answer = await client.get("/things?channel=a&channel=b&limit=3")
    assert answer.json() == {"channel": ["a", "b"], "limit": 3}


async def test_only_json_is_read(client: Api) -> None:
    refused = await client.request("POST", "/things", data=b"limit=1", headers={"content-type": "text/plain"})
    assert (refused.status, refused.code) == (415, "content_type_unsupported")
    assert (await client.post("/things", {"limit": 1})).status == 200
