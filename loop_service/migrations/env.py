"""Alembic entry of the schema `loop`."""

from shared.database.migrate import run_env

run_env("loop")
