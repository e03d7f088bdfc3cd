"""When is a webhook tried again, and when do we give up? All of it as data (pure).

Twelve attempts: at once, then after the delays below. They add up to 109 h 35 min; with the worst jitter
still 87 h, so a receiver that is down from Friday evening to Monday morning loses nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum

SECOND, MINUTE, HOUR = 1.0, 60.0, 3600.0
DELAYS: tuple[float, ...] = (
    0,  # at once, after the commit
    5 * SECOND,  # a restart of the receiver
    5 * MINUTE,  # a deployment
    30 * MINUTE,  # a small incident
    2 * HOUR,  # an incident
    5 * HOUR,  # a bad day
    10 * HOUR,  # a night
    10 * HOUR,
    14 * HOUR,  # spread over the hours of the day, in case one hour is always bad
    20 * HOUR,
    24 * HOUR,  # a weekend
    24 * HOUR,
)
"""Seconds from one attempt to the next; DELAYS[0] is from the commit to the first attempt."""

JITTER = 0.2  # each delay is spread by ±20 %, so that failures of one moment do not come back in one moment
LONGEST_RETRY_AFTER = 24 * HOUR  # a receiver may ask for patience, not for silence
DISABLE_AFTER = timedelta(hours=120)  # nothing but failures for this long switches the endpoint off
GONE = 410  # the receiver says that it will never come back


class Result(StrEnum):
    """What one attempt means for the delivery."""

    DELIVERED = "delivered"
    RETRY = "retry"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Decision:
    """`next_at` is set for a retry; `disable` asks to switch the endpoint off, with the reason."""

    result: Result
    next_at: datetime | None = None
    quiet_until: datetime | None = None
    """Set when the receiver asked for patience: nothing goes to this endpoint before."""
    disable: str | None = None


def decide(
    *,
    status: int | None,
    attempt: int,
    at: datetime,
    chance: float,
    retry_after: str | None = None,
    failing_since: datetime | None = None,
) -> Decision:
    """Judge attempt number `attempt` (from 1) that ended at `at`.

    `status` is the HTTP status, None when there was no answer; any 2xx is success, everything else a
    failure (a redirect too: following it would let a receiver send us anywhere). `chance` in [0, 1)
    spreads the delay. `failing_since` is when the endpoint's unbroken row of failures began.
    """
    if status is not None and 200 <= status < 300:
        return Decision(Result.DELIVERED)
    if status == GONE:
        return Decision(Result.DEAD, disable="the receiver answered 410 Gone")
    disable = None
    if failing_since is not None and at - failing_since >= DISABLE_AFTER:
        disable = "nothing but failures for 120 hours"
    asked = retry_after_seconds(retry_after, at) if status in (429, 502, 503, 504) else None
    quiet_until = at + timedelta(seconds=asked) if asked else None
    if attempt >= len(DELAYS):
        return Decision(Result.DEAD, quiet_until=quiet_until, disable=disable)
    wait = max(delay(attempt, chance), asked or 0.0)
    return Decision(Result.RETRY, at + timedelta(seconds=wait), quiet_until, disable)


def delay(attempts_made: int, chance: float) -> float:
    """Seconds to wait after `attempts_made` attempts, spread by ±20 % with `chance` in [0, 1)."""
    return DELAYS[attempts_made] * (1 - JITTER + 2 * JITTER * chance)


def retry_after_seconds(header: str | None, at: datetime) -> float | None:
    """Read Retry-After (seconds or a date, RFC 9110 10.2.3); None when absent, past or nonsense; ≤ 24 h."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:12])
    else:
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if moment.tzinfo is None:
            return None
        seconds = (moment - at).total_seconds()
    return min(seconds, LONGEST_RETRY_AFTER) if seconds > 0 else None
