"""Alembic environment of schema `analysis`."""

from shared.database.migrate import run_env

run_env("analysis")
