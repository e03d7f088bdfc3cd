"""Mail is tried for about two days, then given up."""

from datetime import UTC, datetime, timedelta

from loop_service.notifications.retries import RETRY_AFTER_S, next_attempt

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_schedule() -> None:
    waits = [next_attempt(number, AT) for number in range(1, len(RETRY_AFTER_S) + 1)]
    assert all(one is not None and one > AT for one in waits)
    assert timedelta(seconds=sum(RETRY_AFTER_S)) > timedelta(days=1)
    assert next_attempt(len(RETRY_AFTER_S) + 1, AT) is None
