"""The clock can be held and shifted, and goes on afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.foundation import clock
from shared.foundation.ids import new_id


def test_held_and_shifted() -> None:
    at = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    with clock.frozen(at):
        assert clock.now() == at
    with clock.shifted(timedelta(days=1)):
        assert clock.now() - datetime.now(UTC) > timedelta(hours=23)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
    with pytest.raises(ValueError, match="aware"), clock.frozen(datetime(2026, 1, 1)):
        pass


def test_ids_sort_by_time_and_are_version_7() -> None:
    ids = [new_id() for _ in range(1000)]
    assert ids == sorted(ids)
    assert len(set(ids)) == 1000
    assert {one.version for one in ids} == {7}
