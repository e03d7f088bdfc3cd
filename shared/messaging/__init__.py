"""Events between services: PostgreSQL is the record, arq is the alarm clock."""

from shared.messaging.publishing import publish
from shared.messaging.registry import every, handles
from shared.messaging.retry import Permanent
from shared.messaging.work import Handling

__all__ = ["Handling", "Permanent", "every", "handles", "publish"]
