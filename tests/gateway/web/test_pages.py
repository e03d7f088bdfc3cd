"""The pages over HTTP: policy, caching, compression, what is not found."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI

from gateway.web.pages import PAGE_POLICY, catalogue, router
from shared.foundation.serving import Serving
from tests.support.api import Api


@pytest.fixture
async def pages() -> AsyncIterator[Api]:
    """The pages alone, on a free port."""
    app = FastAPI(openapi_url=None)
    app.include_router(router)
    serving = Serving(app, "tcp://127.0.0.1:0")
    await serving.start()
    client = Api(serving.url)
    yield client
    await client.close()
    await serving.stop()


@pytest.mark.parametrize("path", ["/", "/docs", "/sign-in", "/dashboard", "/dashboard/cases", "/dashboard/cases/1"])
async def test_every_page_carries_the_policy(pages: Api, path: str) -> None:
    answer = await pages.get(path)
    assert answer.status == 200
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert "unsafe" not in PAGE_POLICY
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_every_file_a_page_names_exists(pages: Api) -> None:
    for path in ("/", "/docs", "/sign-in", "/dashboard", "/dashboard/cases", "/dashboard/cases/1"):
        text = (await pages.get(path)).body.decode()
        for part in text.split('"'):
            if part.startswith("/assets/"):
                assert (await pages.request("HEAD", part)).status == 200, part


async def test_assets_are_kept_for_ever_by_the_name_of_the_build(pages: Api) -> None:
    answer = await pages.get(f"/assets/{catalogue.build()}/scripts/dom.js")
    assert answer.status == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    other = await pages.get("/assets/another-build/scripts/dom.js")
    assert other.headers["cache-control"] == "no-cache"
    again = await pages.request(
        "GET", f"/assets/{catalogue.build()}/scripts/dom.js", headers={"if-none-match": answer.headers["etag"]}
    )
    assert (again.status, again.body) == (304, b"")


async def test_plain_for_who_takes_no_gzip(pages: Api) -> None:
    answer = await pages.request("GET", "/widget/v1.js", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.body.startswith(b"/* cxloop survey widget")


async def test_the_widget_may_be_loaded_by_other_sites(pages: Api) -> None:
    answer = await pages.get("/widget/v1.js")
    assert answer.headers["content-type"].startswith("text/javascript")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "max-age=300" in answer.headers["cache-control"]


@pytest.mark.parametrize("path", ["/assets/x/pages.py", "/assets/x/..%2Fpages.py", "/assets/x/dashboard/overview.html"])
async def test_what_is_not_in_the_catalogue_is_not_found(pages: Api, path: str) -> None:
    answer = await pages.get(path)
    assert answer.status == 404
    assert b"router" not in answer.body
