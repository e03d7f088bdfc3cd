"""Serving ASGI: uvicorn with the options that were measured and proven, on TCP or a unix socket.

httptools refuses what smuggles requests (Content-Length with Transfer-Encoding, bare LF, folded headers); h11 does
not, so it is never used.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the process (a test, a worker, or `serve`)."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def bind(listen: str) -> socket.socket:
    """A listening socket for `tcp://host:port`, `unix:///path` or `fd://N`.

    `fd://N` is a socket that whoever started this process bound and keeps: nobody can take its port, and while the
    process restarts, connections wait in its backlog instead of being refused. Raises OSError or ValueError.
    """
    parts = urlsplit(listen)
    if parts.scheme == "fd":
        inherited = socket.socket(fileno=int(parts.netloc))
        inherited.setblocking(False)
        return inherited
    if parts.scheme == "unix":
        path = Path(parts.path)
        with suppress(FileNotFoundError):
            path.unlink()
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        path.chmod(0o600)
    elif parts.scheme == "tcp" and parts.hostname and parts.port is not None:
        family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
        listening = socket.socket(family)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((parts.hostname, parts.port))
    else:
        raise ValueError("an address is tcp://host:port, unix:///path or fd://N")
    listening.listen(1024)
    listening.setblocking(False)
    return listening


class Serving:
    """An ASGI app being served in the current event loop."""

    def __init__(self, app: Any, listen: str, *, keep_alive_s: int = 65, http: Any = "httptools") -> None:
        """`http`: a subclass of uvicorn's HttpToolsProtocol, where its behaviour needs a change."""
        self._app = app
        self._socket = bind(listen)
        self._server = _Server(
            uvicorn.Config(
                app,
                http=http,
                ws="none",
                lifespan="on" if getattr(app, "has_lifespan", False) else "off",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=True,
                timeout_keep_alive=keep_alive_s,
                timeout_graceful_shutdown=8,
                proxy_headers=False,
                backlog=1024,
            )
        )
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it listens: `tcp://127.0.0.1:40123` or `unix:///path`."""
        name = self._socket.getsockname()
        return f"unix://{name}" if isinstance(name, str) else f"tcp://{name[0]}:{name[1]}"

    async def start(self) -> None:
        """Serve; returns when requests are answered. Raises RuntimeError when the app's start-up failed."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="serving")
        while not self._server.started:
            if self._task.done():
                await self._task
                raise RuntimeError("the application did not start; its log says why")
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Stop taking connections, let requests under way end, then return.

        An app with endless answers (server-sent events) has a method `closing` and ends them when it is called.
        """
        closing = getattr(self._app, "closing", None)
        if closing is not None:
            closing()
        self._server.should_exit = True
        if self._task is not None:
            await self._task

    async def wait(self) -> None:
        """Until the server ends by itself."""
        if self._task is not None:
            await self._task
