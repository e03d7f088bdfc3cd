"""The servers a stack stands on: those whose URLs are given, embedded ones otherwise."""

from __future__ import annotations

from local_stack.binaries import InfrastructureError
from local_stack.postgres import EmbeddedPostgres
from local_stack.valkey import EmbeddedValkey

__all__ = ["EmbeddedPostgres", "EmbeddedValkey", "InfrastructureError"]
