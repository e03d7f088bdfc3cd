"""The demo's story is the same every time and holds what was planted."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from local_stack.demo.story import CHANNELS, RECORDS, WAVE_UNIT, story

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def test_the_story_is_deterministic_and_whole() -> None:
    told = story(NOW)
    assert told == story(NOW)
    assert len(told) == RECORDS
    assert set(Counter(one.body["channel"] for one in told)) == set(CHANNELS)
    assert len({one.body["submission_id"] for one in told}) == RECORDS
    visits = Counter(one.body["customer"]["external_id"] for one in told if "customer" in one.body)
    assert sum(count > 1 for count in visits.values()) > 300


def test_the_wave_and_the_recovery_are_there() -> None:
    told = story(NOW)

    def nps(unit: str, first: int, last: int) -> float:
        scores = [
            rating["value"]
            for one in told
            if one.body["unit"] == unit
            and NOW - timedelta(days=last)
            <= datetime.fromisoformat(one.body["occurred_at"])
            <= NOW - timedelta(days=first)
            for rating in one.body["ratings"]
            if rating["metric"] == "nps"
        ]
        return float(100 * (sum(s >= 9 for s in scores) - sum(s <= 6 for s in scores)) / len(scores))

    def stars(first: int, last: int) -> float:
        values = [
            rating["value"]
            for one in told
            if NOW - timedelta(days=last)
            <= datetime.fromisoformat(one.body["occurred_at"])
            <= NOW - timedelta(days=first)
            for rating in one.body["ratings"]
            if rating["metric"] == "stars"
        ]
        return float(sum(values) / len(values))

    assert nps(WAVE_UNIT, 28, 40) < nps(WAVE_UNIT, 45, 90) - 40
    assert stars(0, 20) > stars(22, 90) + 1
