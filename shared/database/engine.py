"""The database of one service: two doors into a transaction, both bound to named organisations.

`transaction(org_id)` gives a SQLModel session, for routes. `batch(org_ids)` gives the bare asyncpg connection, for
set-based SQL where a request must cost microseconds (intake, handlers). Both set `app.orgs` for the transaction
only, so row-level security shows the rows of those organisations and no others, and both commit once, at the end.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.problems import Code, Problem

ACQUIRE_TIMEOUT_S = 2.0
"""How long a caller waits for a connection before he hears 503."""

SESSION_SETTINGS = {
    "statement_timeout": "20s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "20s",
    "timezone": "UTC",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Published:
    """A delivery that became due with a commit: what the relay wakes a worker for."""

    listener: str
    org_id: UUID
    event_id: UUID


@dataclass(slots=True)
class Transaction:
    """A SQLModel session inside one transaction; commits when its block ends."""

    session: AsyncSession
    published: list[Published] = field(default_factory=list)

    async def driver(self) -> asyncpg.Connection:
        """The asyncpg connection below the session, inside the same transaction."""
        raw = await (await self.session.connection()).get_raw_connection()
        return raw.driver_connection


@dataclass(slots=True)
class Batch:
    """A bare asyncpg connection inside one transaction; commits when its block ends."""

    conn: asyncpg.Connection
    published: list[Published] = field(default_factory=list)

    async def driver(self) -> asyncpg.Connection:
        """The connection itself; the same name as on Transaction so that `publish` takes both."""
        return self.conn


def orgs_literal(org_ids: Iterable[UUID]) -> str:
    """The PostgreSQL array literal of the organisations a transaction may touch."""
    return "{" + ",".join(str(org_id) for org_id in org_ids) + "}"


def _encode_json(value: Any) -> str:
    return orjson.dumps(value).decode()


async def _prepare(conn: asyncpg.Connection) -> None:
    for name in ("json", "jsonb"):
        await conn.set_type_codec(name, schema="pg_catalog", encoder=_encode_json, decoder=orjson.loads)


async def _no_reset(conn: asyncpg.Connection) -> None:
    """Nothing survives a transaction here (only SET LOCAL is used), so a release costs no round trip."""


class Database:
    """Connections of one service under its own role."""

    def __init__(self, pool: asyncpg.Pool, engine: AsyncEngine) -> None:
        self._pool = pool
        self._engine = engine
        self._sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        self.after_commit: list[Callable[[list[Published]], None]] = []

    @classmethod
    async def connect(cls, url: str, *, role: str | None, pool_size: int = 8, application_name: str = "cxloop") -> Self:
        """Connect to `url` and act as `role` (NOLOGIN is fine: the login needs membership only).

        The pool is filled lazily, so a service starts while PostgreSQL is away and answers 503 until it is back.
        """
        settings = {**SESSION_SETTINGS, "application_name": application_name}
        if role:
            settings["role"] = role

        async def connect_one() -> asyncpg.Connection:
            return await asyncpg.connect(url, server_settings=settings, timeout=5, command_timeout=25)

        pool = asyncpg.create_pool(
            url,
            min_size=0,
            max_size=max(2, pool_size - pool_size // 2),
            server_settings=settings,
            init=_prepare,
            reset=_no_reset,
            timeout=5,
            command_timeout=25,
            max_inactive_connection_lifetime=300,
        )
        await pool
        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect_one,
            pool_size=max(2, pool_size // 2),
            max_overflow=0,
            pool_timeout=ACQUIRE_TIMEOUT_S,
            pool_pre_ping=False,
            json_serializer=_encode_json,
            json_deserializer=orjson.loads,
        )
        return cls(pool, engine)

    async def close(self) -> None:
        await self._engine.dispose()
        try:
            await asyncio.wait_for(self._pool.close(), 3)
        except TimeoutError:
            self._pool.terminate()

    async def ping(self) -> None:
        """One round trip. Raises Problem(DATABASE_UNAVAILABLE)."""
        async with self._acquire() as conn:
            await conn.fetchval("SELECT 1")

    @asynccontextmanager
    async def transaction(self, *org_ids: UUID) -> AsyncIterator[Transaction]:
        """A session over the rows of `org_ids`. Commits at the end; rolls back when the block raises."""
        async with self._sessions() as session, session.begin():
            await session.exec(  # type: ignore[call-overload]  # SQLModel types exec for select only
                text("SELECT set_config('app.orgs', :orgs, true)").bindparams(orgs=orgs_literal(org_ids))
            )
            opened = Transaction(session)
            yield opened
        self._announce(opened.published)

    @asynccontextmanager
    async def batch(self, org_ids: Collection[UUID], *, role: str | None = None) -> AsyncIterator[Batch]:
        """A bare connection over the rows of `org_ids`, optionally under another `role` that ours may take."""
        async with self._acquire() as conn:
            taken = f"SET LOCAL ROLE {role};" if role else ""
            try:
                await conn.execute(f"BEGIN; {taken} SELECT set_config('app.orgs', '{orgs_literal(org_ids)}', true)")
                opened = Batch(conn)
                yield opened
                await conn.execute("COMMIT")
            except Exception:
                await _roll_back(conn)
                raise
            except BaseException:  # cancelled, perhaps in the middle of a query: never reuse this connection
                conn.terminate()
                raise
        self._announce(opened.published)

    @asynccontextmanager
    async def _acquire(self) -> AsyncIterator[asyncpg.Connection]:
        try:
            conn = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except (
            TimeoutError,
            OSError,
            asyncpg.PostgresConnectionError,
            asyncpg.InterfaceError,
            asyncpg.InternalClientError,
        ) as away:
            raise unavailable(away) from away
        except (asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError) as away:
            raise unavailable(away) from away
        try:
            yield conn
        finally:
            with suppress(asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError, OSError):
                await self._pool.release(conn)

    def _announce(self, published: list[Published]) -> None:
        if published:
            for hear in self.after_commit:
                hear(published)


async def _roll_back(conn: asyncpg.Connection) -> None:
    """Roll back; a connection that cannot (server gone) is thrown away, never reused."""
    try:
        await conn.execute("ROLLBACK", timeout=2)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        conn.terminate()


def unavailable(cause: BaseException) -> Problem:
    """The problem a client sees while PostgreSQL is away or its connections are all taken."""
    if isinstance(cause, TimeoutError):
        return Problem(Code.OVERLOADED, "All database connections are taken. Try again in a second.")
    return Problem(Code.DATABASE_UNAVAILABLE, "The database does not answer now. Nothing was stored; try again.")
