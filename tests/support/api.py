"""A small HTTP client for tests: one call, one answer with everything read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import orjson


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def code(self) -> str | None:
        """The `code` of a problem+json answer, or None."""
        return self.json().get("code") if "problem+json" in self.headers.get("content-type", "") else None


class Api:
    """Calls one base address (`tcp://host:port`, `http://host:port` or `unix:///path`) with fixed headers."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        parts = urlsplit(address)
        self._headers = dict(headers or {})
        connector: aiohttp.BaseConnector
        if parts.scheme == "unix":
            connector = aiohttp.UnixConnector(path=parts.path)
            self.base = "http://service"
        else:
            connector = aiohttp.TCPConnector()
            self.base = f"http://{parts.netloc}"
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)

    def with_headers(self, **headers: str) -> Api:
        """The same connection with other fixed headers (underscores become dashes)."""
        other = object.__new__(Api)
        other.base = self.base
        other._session = self._session
        other._headers = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return other

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        data: Any = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; redirects are not followed."""
        sent = {**self._headers, **(headers or {})}
        if json is not None:
            data = orjson.dumps(json)
            sent.setdefault("content-type", "application/json")
        async with self._session.request(
            method,
            self.base + path,
            data=data,
            params={name: str(value) for name, value in (params or {}).items() if value is not None},
            headers=sent,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=60),
        ) as response:
            body = await response.read()
            return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body)

    async def get(self, path: str, **params: Any) -> Answer:
        return await self.request("GET", path, params=params)

    async def post(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return await self.request("POST", path, json=json, **kwargs)

    async def put(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return await self.request("PUT", path, json=json, **kwargs)

    async def patch(self, path: str, json: Any = None, **kwargs: Any) -> Answer:
        return await self.request("PATCH", path, json=json, **kwargs)

    async def delete(self, path: str, **kwargs: Any) -> Answer:
        return await self.request("DELETE", path, **kwargs)

    async def close(self) -> None:
        await self._session.close()
