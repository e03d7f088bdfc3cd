"""Alembic environment of the schema `gateway`."""

from shared.database.migrate import run_env

run_env("gateway")
