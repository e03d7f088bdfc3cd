"""The pages of the local mailbox and webhook inbox: a stranger's text stays text."""

from __future__ import annotations

from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from local_stack.addresses import free_port
from local_stack.receivers import Receivers, with_links
from tests.local_stack.test_inbox import BODY, SECRET, signed


async def test_the_whole_story(tmp_path: Path) -> None:
    port = free_port()
    receivers = Receivers(tmp_path, port)
    receivers.mailbox.keep(
        b"Subject: <script>alert(1)</script>\nTo: a@example.com\n\nSee http://127.0.0.1/x?a=1&b=2 now"
    )
    async with TestClient(TestServer(receivers.app(), host="127.0.0.1", port=port)) as client:
        assert (await client.get("/readyz")).status == 200
        page = await client.get("/mailbox")
        text = await page.text()
        assert "<script>" not in text
        assert 'href="http://127.0.0.1/x?a=1&amp;b=2"' in text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert (await (await client.get("/mailbox.json")).json())["data"][0]["recipients"] == ["a@example.com"]

        assert (await client.put("/hooks/crm/secret", json={"secret": SECRET})).status == 204
        assert (await client.put("/hooks/crm/secret", json={"secret": "x"})).status == 422
        assert (await client.put("/hooks/crm/secret", data="secret=x")).status == 415
        assert (await client.post("/hooks/crm", data=BODY, headers=signed(SECRET))).status == 204
        assert (await client.post("/hooks/crm", data=BODY)).status == 401
        assert (await client.post("/hooks/A..b", data=BODY)).status == 404
        verdicts = [one["verdict"] for one in (await (await client.get("/inbox.json")).json())["data"]]
        assert verdicts == ["refused", "verified"]
        assert "signature: verified" in await (await client.get("/inbox")).text()
        assert (await client.get("/mailbox", headers={"Host": "evil.example.com"})).status == 421


def test_links_are_made_only_of_web_addresses() -> None:
    assert with_links("javascript:alert(1)") == "javascript:alert(1)"
    assert with_links('<a href="http://x.example">') == (
        '&lt;a href=&quot;<a href="http://x.example" rel="noreferrer">http://x.example</a>&quot;&gt;'
    )
