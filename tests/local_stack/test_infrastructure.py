"""Which servers a stack stands on: given ones, embedded ones, and half-given ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from local_stack.addresses import free_port
from local_stack.infrastructure import InfrastructureError, servers_for
from tests.support.servers import Servers


def test_nothing_given_means_embedded(tmp_path: Path) -> None:
    servers = servers_for(tmp_path, {})
    servers.start()
    try:
        assert servers.describe() == "embedded PostgreSQL, embedded Valkey"
        assert servers.owner_url == servers.environment["DATABASE_URL"]
        assert servers.environment["REDIS_URL"].startswith("unix:///")
    finally:
        servers.stop()


def test_given_servers_are_used_and_nothing_is_started(tmp_path: Path, servers: Servers) -> None:
    given = servers_for(tmp_path, {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "HOME": "/x"})
    given.start()
    given.stop()
    assert given.environment == {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url}
    assert given.describe() == "the PostgreSQL of DATABASE_URL, the Redis of REDIS_URL"
    assert not list(tmp_path.iterdir())


def test_one_url_for_each_service_is_enough(tmp_path: Path) -> None:
    names = [f"{service}_DATABASE_URL" for service in ("INGEST", "ANALYSIS", "LOOP", "GATEWAY")]
    servers = servers_for(tmp_path, dict.fromkeys(names, "postgresql://h/db"))
    assert servers.postgres is None
    assert servers.owner_url == ""
    assert servers.valkey is not None


def test_some_services_without_a_server_are_named(tmp_path: Path) -> None:
    with pytest.raises(InfrastructureError, match=r"LOOP_REDIS_URL is set but not INGEST_REDIS_URL"):
        servers_for(tmp_path, {"LOOP_REDIS_URL": "redis://h/0"})


def test_a_given_server_that_does_not_answer_is_named_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql://me:hunter2@127.0.0.1:{free_port()}/db"
    servers = servers_for(tmp_path, {"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1:1/0"})
    with pytest.raises(InfrastructureError, match="Nothing answers where DATABASE_URL points") as refused:
        servers.start()
    assert "hunter2" not in str(refused.value)
