"""PostgreSQL: one way to connect, one way to open a transaction, one way to migrate."""

from shared.database.engine import Batch, Database, Transaction

__all__ = ["Batch", "Database", "Transaction"]
