"""Alembic environment of the schema `messaging`."""

from shared.database.migrate import run_env

run_env("messaging")
