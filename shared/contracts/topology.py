"""Who hears an event: THE map from event name to its listeners.

A listener is `service.slice`; the part before the dot is also the queue whose worker runs it. Each listener has
a delivery of its own, so that one that fails never holds up another.
"""

from __future__ import annotations

LISTENERS: dict[str, tuple[str, ...]] = {
    "FeedbackReceived": ("analysis.records",),
    "FeedbackAnalyzed": ("loop.rules",),
    "CustomerErased": ("analysis.records", "loop.cases"),
    "ImportContinues": ("ingest.imports",),
    "CaseOpened": ("loop.webhooks", "loop.notifications", "ingest.customers"),
    "CaseChanged": ("loop.webhooks", "loop.notifications", "ingest.customers"),
    "MemberChanged": ("loop.cases",),
}

QUEUES: tuple[str, ...] = ("ingest", "analysis", "loop")


def listeners(name: str) -> tuple[str, ...]:
    """Listeners of the event `name`. Raises KeyError for an event nobody declared."""
    return LISTENERS[name]


def queue_of(listener: str) -> str:
    """The queue of a listener: `loop.webhooks` runs on `loop`."""
    return listener.split(".", 1)[0]
