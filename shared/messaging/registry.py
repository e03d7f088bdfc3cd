"""Which function handles which event, and which timers a worker runs: filled by the decorators at import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared.contracts.envelope import Event
from shared.contracts.topology import listeners

if TYPE_CHECKING:
    from shared.messaging.work import Handling

Handler = Callable[[list[Event], "Handling"], Awaitable[None]]
Tick = Callable[["Handling"], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Timer:
    """A function that a worker calls again and again, `seconds` apart (one run at a time per process)."""

    name: str
    seconds: float
    tick: Tick
    service: str


HANDLERS: dict[tuple[str, str], Handler] = {}
"""(listener, event name) → handler."""

TIMERS: list[Timer] = []


def listener_of(module: str) -> str:
    """`loop_service.webhooks.handlers` → `loop.webhooks`."""
    service, slice_name = module.split(".")[:2]
    return f"{service.removesuffix('_service')}.{slice_name}"


def handles(*names: str) -> Callable[[Handler], Handler]:
    """Declare the handler of the events `names` for the listener that the module's path spells.

    Raises ValueError when the topology does not send such an event to this listener, or it has a handler already.
    """

    def register(handler: Handler) -> Handler:
        listener = listener_of(handler.__module__)
        for name in names:
            if listener not in listeners(name):
                raise ValueError(f"the topology does not send {name} to {listener}")
            if (listener, name) in HANDLERS:
                raise ValueError(f"{listener} has a handler for {name} already")
            HANDLERS[(listener, name)] = handler
        return handler

    return register


def every(seconds: float) -> Callable[[Tick], Tick]:
    """Declare a timer of the worker of the service that the module belongs to."""

    def register(tick: Tick) -> Tick:
        service = listener_of(tick.__module__ + ".timer").split(".", 1)[0]
        TIMERS.append(Timer(f"{tick.__module__}.{getattr(tick, '__name__', 'tick')}", seconds, tick, service))
        return tick

    return register
