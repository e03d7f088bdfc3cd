"""Retries last days, are spread, honour Retry-After, and end where they must."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loop_service.webhooks.schedule import (
    DELAYS,
    JITTER,
    LONGEST_RETRY_AFTER,
    Result,
    decide,
    delay,
    retry_after_seconds,
)

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHANCE = st.floats(0, 1, exclude_max=True)


def test_even_with_the_worst_jitter_retries_last_three_days() -> None:
    assert sum(DELAYS) * (1 - JITTER) >= timedelta(days=3).total_seconds()
    assert DELAYS[0] == 0


@given(st.integers(1, len(DELAYS) - 1), CHANCE)
def test_jitter_is_twenty_percent_around_the_delay(attempt: int, chance: float) -> None:
    assert DELAYS[attempt] * 0.8 <= delay(attempt, chance) <= DELAYS[attempt] * 1.2


@given(st.integers(200, 299), st.integers(1, 12), CHANCE)
def test_any_2xx_is_delivered(status: int, attempt: int, chance: float) -> None:
    assert decide(status=status, attempt=attempt, at=AT, chance=chance).result is Result.DELIVERED


@given(st.none() | st.integers(100, 199) | st.integers(300, 599).filter(lambda status: status != 410), CHANCE)
def test_everything_else_is_tried_again_until_the_schedule_ends(status: int | None, chance: float) -> None:
    first = decide(status=status, attempt=1, at=AT, chance=chance)
    assert first.result is Result.RETRY
    assert first.next_at is not None
    assert timedelta(seconds=4) <= first.next_at - AT <= timedelta(seconds=6)
    assert decide(status=status, attempt=len(DELAYS), at=AT, chance=chance).result is Result.DEAD


def test_410_is_the_end_of_the_endpoint() -> None:
    decision = decide(status=410, attempt=1, at=AT, chance=0.5)
    assert (decision.result, decision.next_at) == (Result.DEAD, None)
    assert decision.disable


def test_disabled_after_120_hours_of_nothing_but_failures() -> None:
    def judged(hours: float) -> str | None:
        return decide(status=500, attempt=3, at=AT, chance=0, failing_since=AT - timedelta(hours=hours)).disable

    assert judged(119.9) is None
    assert judged(120)


@pytest.mark.parametrize(("status", "honoured"), [(429, True), (503, True), (502, True), (504, True), (500, False)])
def test_retry_after_is_honoured_where_it_means_something(status: int, honoured: bool) -> None:
    decision = decide(status=status, attempt=1, at=AT, chance=0.5, retry_after="600")
    assert decision.next_at == AT + timedelta(seconds=600 if honoured else 5)
    assert (decision.quiet_until is not None) is honoured


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("120", 120.0),
        (" 5 ", 5.0),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("²", None),
        ("999999999999999999999999", LONGEST_RETRY_AFTER),
        (format_datetime(AT + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(AT - timedelta(seconds=90), usegmt=True), None),
        ("Sun, 99 Xyz 2026 99:99:99 GMT", None),
    ],
)
def test_reading_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, AT) == seconds


@given(st.text())
def test_any_retry_after_is_read_or_ignored(header: str) -> None:
    seconds = retry_after_seconds(header, AT)
    assert seconds is None or 0 < seconds <= LONGEST_RETRY_AFTER
