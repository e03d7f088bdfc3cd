"""The schema `analysis` as SQLModel sees it: the base of every table class of this service."""

from __future__ import annotations

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class AnalysisTable(SQLModel, registry=registry(metadata=MetaData(schema="analysis"))):
    """Base of the table classes; only a slice's own queries and handlers use them."""
