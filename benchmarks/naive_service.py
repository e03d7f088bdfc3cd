"""The service that people write: FastAPI + SQLModel, one commit per request. What intake is measured against.

It does less than ours: no key, no rate limit, no recognition of repeats, no customers, no redaction, no events.
Nothing in it is slow on purpose: asyncpg, a connection pool, uvloop, httptools, no access log.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, FastAPI, Request
from sqlalchemy import JSON, Column, DateTime, MetaData
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.foundation.clock import now
from shared.foundation.ids import new_id

SCHEMA = "naive"


class Base(SQLModel, registry=registry(metadata=MetaData(schema=SCHEMA))):
    """Tables of this service, apart from everybody else's."""


class FeedbackIn(SQLModel):
    """What a client sends."""

    channel: str
    source: str | None = None
    submission_id: str | None = None
    occurred_at: datetime | None = None
    customer: dict[str, Any] | None = None
    ratings: list[dict[str, Any]] = []
    text: str | None = None
    title: str | None = None
    language: str | None = None
    unit: str | None = None
    touchpoint: str | None = None
    attributes: dict[str, Any] = {}


class Feedback(Base, table=True):
    """One row per request."""

    id: UUID = Field(default_factory=new_id, primary_key=True)
    received_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))
    channel: str
    source: str | None = None
    submission_id: str | None = None
    occurred_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    customer: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON))
    ratings: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSON))
    text: str | None = None
    title: str | None = None
    language: str | None = None
    unit: str | None = None
    touchpoint: str | None = None
    attributes: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON))


router = APIRouter()


@router.post("/v1/feedback", status_code=202)
async def post_feedback(sent: FeedbackIn, request: Request) -> dict[str, Any]:
    """Store one and answer with its id."""
    row = Feedback(**sent.model_dump())
    async with request.app.state.sessions() as session:
        session.add(row)
        await session.commit()
    return {"id": row.id, "status": "accepted"}


def create_app() -> FastAPI:
    """The application; DATABASE_URL names the database, whose schema `naive` the runner made."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://", 1)
        engine = create_async_engine(url, pool_size=8, max_overflow=0)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        app.state.sessions = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app
