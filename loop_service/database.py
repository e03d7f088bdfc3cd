"""The schema `loop` as SQLModel sees it: the base of every table class of this service."""

from sqlalchemy import MetaData
from sqlalchemy.orm import registry
from sqlmodel import SQLModel


class LoopTable(SQLModel, registry=registry(metadata=MetaData(schema="loop"))):
    """Base of the table classes; only a slice's own queries and handlers use them."""
