"""THE list of processes cxloop is made of. `docker-compose.yml` must equal it; a test compares them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["gateway", "api", "worker"]


@dataclass(frozen=True, slots=True)
class Process:
    """One process: `python -m module argument`, answering `health_path` at the address in `address_variable`."""

    name: str
    service: str
    kind: Kind
    module: str
    health_path: str = "/readyz"
    upstreams: tuple[tuple[str, str], ...] = ()
    """Variables that name another process's address: (variable, process name)."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What follows `python` on the command line."""
        return ("-m", self.module, "serve" if self.kind == "gateway" else self.kind)

    @property
    def address_variable(self) -> str:
        """The setting that says where it listens; a worker serves nothing but health and metrics."""
        return f"{self.service.upper()}_{'ADMIN_LISTEN' if self.kind == 'worker' else 'LISTEN'}"


PROCESSES: tuple[Process, ...] = (
    Process("ingest-api", "ingest", "api", "ingest_service"),
    Process("analysis-api", "analysis", "api", "analysis_service"),
    Process("loop-api", "loop", "api", "loop_service", upstreams=(("LOOP_ANALYSIS_URL", "analysis-api"),)),
    Process("ingest-worker", "ingest", "worker", "ingest_service"),
    Process("analysis-worker", "analysis", "worker", "analysis_service"),
    Process("loop-worker", "loop", "worker", "loop_service"),
    Process(
        "gateway",
        "gateway",
        "gateway",
        "gateway",
        upstreams=(
            ("GATEWAY_INGEST_URL", "ingest-api"),
            ("GATEWAY_ANALYSIS_URL", "analysis-api"),
            ("GATEWAY_LOOP_URL", "loop-api"),
        ),
    ),
)
"""In the order they are started; they are stopped the other way round, the door first."""

SERVICES: dict[str, str] = {process.service: process.module for process in PROCESSES}
"""Service → its Python package."""


def role_of(service: str) -> str:
    """The database role a service acts under."""
    return f"cxloop_{service}"
