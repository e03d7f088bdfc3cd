"""The load: a closed loop over keep-alive connections, in a process of its own.

    python -m benchmarks.loader < job.json > outcome.json

Requests are bytes made beforehand; only a running number of fixed width changes from one to the next. Answers are read
just far enough to know status and length, so that the loader costs little of the machine that it measures; its
ceiling against the smallest ASGI app is part of every result.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from time import perf_counter, process_time
from typing import Any

import orjson
import uvloop

from local_stack.places import ROOT

NUMBER = b"#########"
"""Where the running number goes in a body."""


@dataclass(slots=True)
class Job:
    """What to send. `address`: tcp://host:port or unix:///path. The loop ends after `seconds`."""

    address: str
    path: str
    headers: dict[str, str]
    bodies: list[str]
    seconds: float
    connections: int
    first_number: int = 0
    accepted: tuple[int, ...] = (200, 202)

    def request(self, body: str) -> list[bytes]:
        """The request around `body`, split where running numbers go."""
        raw = body.encode()
        lines = [f"POST {self.path} HTTP/1.1", "host: bench", f"content-length: {len(raw)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode().split(NUMBER) + raw.split(NUMBER)


@dataclass(slots=True)
class Outcome:
    """What came of it. Milliseconds are from the first byte sent to the last one read."""

    requests: int = 0
    seconds: float = 0.0
    p50_ms: float = 0.0
    p99_ms: float = 0.0
    loader_cpu_s: float = 0.0
    next_number: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        """Accepted requests a second."""
        return self.requests / self.seconds if self.seconds else 0.0


class _Load:
    """All connections together: the next request, and what came of those before."""

    def __init__(self, job: Job) -> None:
        self.accepted = set(job.accepted)
        self.requests = []
        for body in job.bodies:
            head, *rest = job.request(body)
            self.requests.append((head + rest[0], rest[1:]))
        self.number = job.first_number
        self.latencies: list[float] = []
        self.refused: dict[str, int] = {}
        self.until = perf_counter() + job.seconds
        self.open = 0
        self.ended = asyncio.Event()

    def next(self) -> bytes | None:
        if perf_counter() >= self.until:
            return None
        self.number += 1
        head, rest = self.requests[self.number % len(self.requests)]
        if not rest:
            return head
        parts = [head]
        for place, part in enumerate(rest):
            parts += (b"%09d" % (self.number * len(rest) + place), part)
        return b"".join(parts)


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load) -> None:
        self._load = load
        self._buffer = b""
        self._begun = 0.0
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._load.open += 1
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.open -= 1
        if not self._load.open:
            self._load.ended.set()

    def _send(self) -> None:
        request = self._load.next()
        if request is None:
            self._transport.close()
            return
        self._begun = perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = buffer[:end].lower()
        place = head.find(b"content-length:")
        if place < 0:
            raise RuntimeError("the answer has no content-length")
        stop = head.find(b"\r\n", place)
        if len(buffer) < end + 4 + int(head[place + 15 : stop if stop > 0 else end]):
            return
        self._buffer = b""
        status = int(head[9:12])
        if status in self._load.accepted:
            self._load.latencies.append(perf_counter() - self._begun)
        else:
            self._load.refused[str(status)] = self._load.refused.get(str(status), 0) + 1
        self._send()


async def load(job: Job) -> Outcome:
    """Send until the time is over. Raises OSError when nobody listens."""
    loop = asyncio.get_running_loop()
    all_of_it = _Load(job)
    begun, cpu = perf_counter(), process_time()
    for _ in range(job.connections):
        if job.address.startswith("unix://"):
            await loop.create_unix_connection(lambda: _Connection(all_of_it), job.address.removeprefix("unix://"))
        else:
            host, _, port = job.address.partition("://")[2].rpartition(":")
            await loop.create_connection(lambda: _Connection(all_of_it), host, int(port))
    await all_of_it.ended.wait()
    found = sorted(all_of_it.latencies)
    return Outcome(
        requests=len(found),
        seconds=perf_counter() - begun,
        p50_ms=1000 * median(found) if found else 0.0,
        p99_ms=1000 * quantiles(found, n=100)[98] if len(found) > 1 else 0.0,
        loader_cpu_s=process_time() - cpu,
        next_number=all_of_it.number + 1,
        refused=all_of_it.refused,
    )


class Loader:
    """Runs jobs in processes of their own, and never sends the same running number twice."""

    def __init__(self) -> None:
        self._number = 0

    async def run(self, address: str, path: str, headers: dict[str, str], bodies: Sequence[str], **how: Any) -> Outcome:
        """One job. Raises RuntimeError when anything was refused: a refusal is cheap, and would flatter."""
        job = Job(address, path, headers, list(bodies), first_number=self._number, **how)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, stdin=-1, stdout=-1, stderr=-1, cwd=ROOT
        )
        out, err = await process.communicate(orjson.dumps(asdict(job)))
        if process.returncode != 0:
            raise RuntimeError(f"the loader failed: {err.decode()[-500:]}")
        outcome = Outcome(**orjson.loads(out))
        self._number = outcome.next_number
        if outcome.refused:
            raise RuntimeError(f"{path} refused: {outcome.refused} beside {outcome.requests} accepted")
        return outcome


def main() -> None:
    """Read a job, run it, write its outcome."""
    told = orjson.loads(sys.stdin.buffer.read())
    outcome = uvloop.run(load(Job(**{**told, "accepted": tuple(told["accepted"])})))
    sys.stdout.buffer.write(orjson.dumps(asdict(outcome)))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
