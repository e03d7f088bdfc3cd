"""The schema `ingest` as SQLModel sees it: the base of every table class of this service."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class IngestTable(SQLModel, registry=registry(metadata=MetaData(schema="ingest"))):
    """Base of the table classes; only a slice's own queries and handlers use them."""
