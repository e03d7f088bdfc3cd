"""Every benchmark runs, at sizes that measure nothing; the loader and the ratios do what they say."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest

from benchmarks import __main__ as command
from benchmarks.loader import NUMBER, Job, load
from benchmarks.results import Figure, Ratio, Result, keep, machine, shown
from benchmarks.stage import TINY, staged


async def test_every_benchmark_runs_on_a_real_stack(tmp_path: Path) -> None:
    async with staged(TINY, tmp_path / "stack") as stage:
        results = await command.measured(stage, command.NAMES)
    assert [one.name for one in results] == list(command.NAMES)
    for one in results:
        assert all(figure.value > 0 for figure in one.figures), shown(one)
    kept = orjson.loads(keep(results, machine(), tmp_path).read_bytes())
    assert [one["name"] for one in kept["results"]] == list(command.NAMES)
    assert not (tmp_path / "stack").exists()


async def test_the_loader_counts_what_was_accepted_and_never_repeats_a_number() -> None:
    seen: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r")[0])
            seen.append(await reader.readexactly(length))
            status = b"429 Slow" if len(seen) % 5 == 0 else b"202 Accepted"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except asyncio.IncompleteReadError:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    body = f'["{NUMBER.decode()}", "{NUMBER.decode()}"]'
    outcome = await load(Job(f"tcp://{host}:{port}", "/x", {}, [body], seconds=0.2, connections=3))
    server.close()
    assert outcome.requests + outcome.refused["429"] == len(seen)
    numbers = [number for one in seen for number in orjson.loads(one)]
    assert len(set(numbers)) == len(numbers) == 2 * len(seen)


def test_a_ratio_is_taken_round_by_round() -> None:
    ours, theirs = Figure("ours", "req/s", [10, 100, 90]), Figure("theirs", "req/s", [1, 20, 30])
    assert Ratio.of("ours / theirs", ours, theirs).value == 5
    assert "5.00×" in shown(Result("some", "thing", [ours, theirs], [Ratio.of("ours / theirs", ours, theirs)]))


def test_an_unknown_name_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["benchmarks", "speed"])
    assert command.main() == 2
    assert "no benchmark speed" in capsys.readouterr().out
