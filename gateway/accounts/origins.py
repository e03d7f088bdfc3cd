"""Origins of web pages, as browsers write them: `https://example.com` or `http://127.0.0.1:8000`, compared exactly."""

from __future__ import annotations

import re

_ORIGIN = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.\-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?\Z")
_DEFAULT_PORT = {"http": "80", "https": "443"}


def normal_origin(text: str) -> str:
    """The origin as a browser sends it (lower case, no default port). Raises ValueError for anything else.

    No path, no trailing slash, no wildcard, no `null`: an allow-list of exact origins is the whole protection.
    """
    found = _ORIGIN.match(text.strip().lower())
    if found is None:
        raise ValueError("an origin is scheme://host or scheme://host:port, without path or wildcard")
    scheme, host, port = found.groups()
    if port is not None and not 1 <= int(port) <= 65535:
        raise ValueError("the port is between 1 and 65535")
    if port is None or port == _DEFAULT_PORT[scheme]:
        return f"{scheme}://{host}"
    return f"{scheme}://{host}:{int(port)}"
