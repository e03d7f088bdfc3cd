"""Alembic's entry for the schema `ingest`."""

from shared.database.migrate import run_env

run_env("ingest")
