"""Embedded Valkey: its append-only file survives a kill."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import redis

from local_stack.infrastructure import EmbeddedValkey, InfrastructureError


def test_what_was_written_survives_a_kill(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "valkey") as server:
        client: Any = redis.Redis.from_url(server.url())
        client.set("kept", "yes")
        assert client.config_get("appendonly")["appendonly"] == "yes"
        assert client.config_get("port")["port"] == "0"
        client.close()
        server.kill()
        server.start()
        with redis.Redis.from_url(server.url()) as again:
            assert again.get("kept") == b"yes"


def test_one_data_folder_one_server(tmp_path: Path) -> None:
    with (
        EmbeddedValkey(tmp_path / "valkey"),
        pytest.raises(InfrastructureError, match="in use by another running cxloop"),
    ):
        EmbeddedValkey(tmp_path / "valkey").start()


def test_old_data_are_named_with_the_way_out(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / "valkey")
    assert "move it away" in server.explain_failure("Can't handle RDB format version 80")
    assert "nothing is lost" in server.explain_failure("Bad file format reading the append only file")
