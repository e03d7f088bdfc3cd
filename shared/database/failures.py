"""What a database error means to a client: which are temporary, and which problem answers each."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.contracts.problems import Code, Problem

_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "unknown protocol state": the server died in the middle of an answer
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    FileNotFoundError,  # the unix socket of a server that is restarting
)
_FULL = (asyncpg.DiskFullError,)
_BUSY = (
    asyncpg.QueryCanceledError,
    asyncpg.LockNotAvailableError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    TimeoutError,
    PoolTimeout,
)


def original(error: BaseException) -> BaseException:
    """The asyncpg error below SQLAlchemy's wrappings, or the error itself."""
    seen: BaseException = error
    while isinstance(seen, DBAPIError) and seen.orig is not None:
        seen = seen.orig
    if seen.__cause__ is not None and isinstance(error, DBAPIError):
        return seen.__cause__
    return seen


def is_temporary(error: BaseException) -> bool:
    """Whether the same work may succeed later without any change to it."""
    found = original(error)
    if isinstance(found, Problem):
        return found.code in {Code.DATABASE_UNAVAILABLE, Code.OVERLOADED, Code.STORAGE_FULL}
    return isinstance(found, _GONE + _FULL + _BUSY)


def as_problem(error: BaseException) -> Problem | None:
    """The problem that answers a database failure; None when it is no such failure (a fault of ours)."""
    found = original(error)
    if isinstance(found, Problem):
        return found
    if isinstance(found, _FULL):
        return Problem(Code.STORAGE_FULL, "The database has no space left. Nothing was stored; try again later.")
    if isinstance(found, _BUSY):
        return Problem(Code.OVERLOADED, "The database is busy. Nothing was stored; try again in a second.")
    if isinstance(found, _GONE):
        return Problem(
            Code.DATABASE_UNAVAILABLE,
            "The database went away before it confirmed. Repeat the call; where it writes, with the same "
            "Idempotency-Key or submission_id, since it may have been stored.",
        )
    return None
