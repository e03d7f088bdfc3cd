"""The gateway as a whole: health, metrics, the public document, pages, traces."""

from __future__ import annotations

import orjson
import pytest

from gateway.forwarding.table import ROUTES
from tests.gateway.conftest import RunningGateway, running_gateway
from tests.support.servers import Servers


async def test_health_and_readiness(gateway: RunningGateway) -> None:
    assert (await gateway.api().get("/healthz")).json() == {"status": "ok"}
    ready = await gateway.api().get("/readyz")
    assert (ready.status, ready.json()["status"]) == (200, "ready")
    assert set(ready.json()["dependencies"]) == {"database", "valkey", "ingest", "analysis", "loop"}


async def test_metrics_are_for_the_neighbourhood_only(servers: Servers) -> None:
    async with running_gateway(servers) as gateway:
        api = gateway.with_key(await gateway.key(await gateway.organization()))
        await api.get("/v1/feedback")
        found = await gateway.api().get("/metrics")
        assert b'cxloop_http_requests_total{method="GET",route="/v1/feedback",service="gateway"' in found.body
        proxied = await gateway.api(x_forwarded_for="203.0.113.1").get("/metrics")
        assert (proxied.status, proxied.code) == (404, "not_found")
    async with running_gateway(servers, metrics_networks="10.0.0.0/8") as gateway:
        assert (await gateway.api().get("/metrics")).status == 404


async def test_public_document_lists_every_operation_of_the_table(gateway: RunningGateway) -> None:
    answer = await gateway.api().get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document = orjson.loads(answer.body)
    listed = {
        (method.upper(), path): operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "put", "patch", "delete")
    }
    assert listed == {(route.method, route.path): route.operation_id for route in ROUTES}


@pytest.mark.parametrize("path", ["/", "/docs", "/dashboard", "/sign-in"])
async def test_pages_carry_the_strict_policy(gateway: RunningGateway, path: str) -> None:
    answer = await gateway.api().get(path)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-request-id"]


async def test_widget_may_be_loaded_by_other_sites(gateway: RunningGateway) -> None:
    answer = await gateway.api(origin="https://shop.example.com").get("/widget/v1.js")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


async def test_unknown_pages_are_404(gateway: RunningGateway) -> None:
    for path in ("/nothing", "/assets/x/../../settings.py", "/dashboard/nothing/at/all"):
        assert (await gateway.api().get(path)).status == 404
