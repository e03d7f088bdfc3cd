"""A service's worker: arq under supervision, the sweeper, the timers, and the admin address.

arq ends when Valkey restarts; here it is started anew, for as long as the process lives. Everything that matters
is in PostgreSQL, so a fresh start loses nothing.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeVar

from arq.connections import ArqRedis
from arq.worker import Worker, func
from redis.exceptions import RedisError

from shared.database.engine import Database
from shared.database.failures import is_temporary
from shared.foundation.settings import ServiceSettings
from shared.messaging.gathering import Gathering, Ref
from shared.messaging.jobs import JOB, connect, deserialize, queue_key, serialize, unpack
from shared.messaging.registry import TIMERS
from shared.messaging.relay import Relay
from shared.messaging.retry import describe
from shared.messaging.sweeper import forget, measure, sweep
from shared.messaging.work import Handling, handle
from shared.telemetry import logs, tracing
from shared.telemetry.exposition import serve_admin
from shared.telemetry.logs import log
from shared.telemetry.names import TIMER_FAILURES

Settings = TypeVar("Settings", bound=ServiceSettings)

JOBS_AT_ONCE = 8
"""Wake-ups in hand. Each is done when it is gathered; only in a flood do they wait, and then those of a killed worker
stay in the queue until their time is over. Few, so that the sweeper does not take the queue for busy meanwhile."""
JOB_TIMEOUT_S = 40
BATCH_TIMEOUT_S = 20
POLL_S = 0.05
SWEEP_EVERY_S = 1.0
MEASURE_EVERY_S = 5.0
FORGET_EVERY_S = 300.0
FORGET_AFTER_DAYS = 14


class QueueWorker:
    """Runs one queue until `stop`; usable inside a process of its own or inside a test."""

    def __init__(
        self, service: str, redis_url: str, database: Database, resources: dict[str, Any] | None = None
    ) -> None:
        self.service = service
        self.database = database
        self.redis: ArqRedis | None = None
        self._url = redis_url
        self._resources: dict[str, Any] = dict(resources or {})
        self._relay = Relay(redis_url)
        self._tasks: list[asyncio.Task[None]] = []
        self._arq: Worker | None = None
        self._gathering = Gathering(self._batch)

    @property
    def handling(self) -> Handling:
        """What handlers and timers get; `resources["redis"]` is the current connection or None."""
        return Handling(self.database, resources={**self._resources, "redis": self.redis})

    async def start(self) -> None:
        self.database.after_commit.append(self._relay.hear)
        self._relay.start()
        loops: list[tuple[str, Callable[[], Awaitable[None]], float]] = [
            ("sweeper", self._sweep, SWEEP_EVERY_S),
            ("gauges", self._measure, MEASURE_EVERY_S),
        ]
        if self.service == "loop":
            loops.append(("retention", self._forget, FORGET_EVERY_S))
        for timer in TIMERS:
            if timer.service == self.service:
                loops.append((timer.name, lambda tick=timer.tick: tick(self.handling), timer.seconds))  # type: ignore[misc]  # mypy cannot type a lambda's default
        self._tasks = [asyncio.create_task(self._arq_forever(), name="arq")]
        self._tasks += [asyncio.create_task(_repeat(name, act, pause), name=name) for name, act, pause in loops]

    async def stop(self) -> None:
        """Let what is under way end (bounded), then everything else."""
        if self._arq is not None:
            self._arq.allow_pick_jobs = False
        await self._gathering.stop(within_s=8)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._relay.stop()
        if self._relay.hear in self.database.after_commit:
            self.database.after_commit.remove(self._relay.hear)
        if self.redis is not None:
            await self.redis.aclose(close_connection_pool=True)
            self.redis = None

    async def _arq_forever(self) -> None:
        while True:
            try:
                self.redis = await connect(self._url)
                self._arq = Worker(
                    functions=[func(self._job, name=JOB, timeout=JOB_TIMEOUT_S, keep_result=0, max_tries=1)],  # type: ignore[arg-type]  # a bound method is a coroutine function too
                    queue_name=queue_key(self.service),
                    redis_pool=self.redis,
                    max_jobs=JOBS_AT_ONCE,
                    job_timeout=JOB_TIMEOUT_S,
                    keep_result=0,
                    max_tries=1,
                    poll_delay=POLL_S,
                    health_check_interval=5,
                    handle_signals=False,
                    log_results=False,
                    job_serializer=serialize,
                    job_deserializer=deserialize,
                )
                await self._arq.async_run()
            except (RedisError, OSError, TimeoutError) as away:
                log.warning("worker.queue_away", service=self.service, error=type(away).__name__)
            finally:
                if self._arq is not None:
                    for task in self._arq.tasks.values():
                        task.cancel()
                    await asyncio.gather(*self._arq.tasks.values(), return_exceptions=True)
                    self._arq = None
                if self.redis is not None:
                    with suppress(RedisError, OSError):
                        await self.redis.aclose(close_connection_pool=True)
                    self.redis = None
            await asyncio.sleep(0.3)

    async def _job(self, _ctx: dict[str, Any], payload: dict[str, Any]) -> None:
        """One wake-up: done as soon as it is gathered, since what is not settled is sent again anyway."""
        try:
            parts, alone = unpack(payload)
        except (KeyError, ValueError, TypeError):
            log.error("worker.malformed_job", service=self.service)
            return
        for listener, refs in parts:
            await self._gathering.add(listener, refs, alone=alone)

    async def _batch(self, listener: str, refs: list[Ref]) -> None:
        """What has gathered for a listener. Failures are told in PostgreSQL or left to the sweeper."""
        try:
            async with asyncio.timeout(BATCH_TIMEOUT_S):
                await handle(self.handling, listener, refs)
        except Exception as error:
            if isinstance(error, TimeoutError) or not is_temporary(error):
                log.error("worker.batch_failed", service=self.service, listener=listener, error=describe(error))

    async def _sweep(self) -> None:
        if self.redis is not None:
            await sweep(self.database, self.redis, self.service)

    async def _measure(self) -> None:
        await measure(self.database, self.service)

    async def _forget(self) -> None:
        await forget(self.database, older_than_days=FORGET_AFTER_DAYS)


async def _repeat(name: str, act: Callable[[], Awaitable[None]], pause: float) -> None:
    while True:
        try:
            await act()
        except Exception as error:
            TIMER_FAILURES.labels(name).inc()
            if not is_temporary(error) and not isinstance(error, RedisError):
                log.error("timer.failed", timer=name, error=describe(error))
        await asyncio.sleep(pause)


async def run_worker(
    settings: Settings, resources: Callable[[Settings, Database], AbstractAsyncContextManager[dict[str, Any]]]
) -> None:
    """Run the worker of `settings.service` with what `resources` gives its handlers, until SIGTERM or SIGINT."""
    logs.configure(settings.service, settings.log_level)
    tracing.configure(settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    database = await Database.connect(
        settings.database_url,
        role=f"cxloop_{settings.service}",
        pool_size=settings.db_pool_size,
        application_name=settings.instance_name or f"cxloop-{settings.service}-worker",
    )
    async with resources(settings, database) as found:
        worker = QueueWorker(settings.service, settings.redis_url, database, {"settings": settings, **found})
        admin = await serve_admin(settings.admin_listen, readiness={"database": database.ping})
        await worker.start()
        log.info("worker.started", service=settings.service)
        await stop.wait()
        await worker.stop()
        await admin.stop()
    await database.close()
    tracing.shutdown()
