"""Tallies: what one answer adds, and sums that return exactly to where they were."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analysis_service.metrics.tally import Tally, of_rating, of_sentiment

values = st.floats(0, 10, allow_nan=False).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(st.sampled_from(["nps", "csat", "ces", "stars", "rating"]), values), max_size=50))
def test_what_is_added_can_be_taken_away_exactly(answers: list[tuple[str, float]]) -> None:
    sum_of = Tally()
    for metric, value in answers:
        sum_of = sum_of + of_rating(metric, "0-10", value)
    for metric, value in reversed(answers):
        sum_of = sum_of + -of_rating(metric, "0-10", value)
    assert sum_of == Tally()


@given(values, st.integers(0, 100))
def test_equal_answers_multiply(value: float, count: int) -> None:
    once = of_rating("nps", "0-10", value)
    assert sum([once] * count, Tally()) == once.times(count)


def test_boxes_by_metric_and_scale() -> None:
    assert of_rating("nps", "0-10", 9) == Tally(1, 1, 0, 0, 9000, 81_000_000)
    assert of_rating("nps", "1-5", 5) == Tally(1, 0, 0, 0, 5000, 25_000_000)  # not an NPS answer: counted, not grouped
    assert of_rating("csat", "1-5", 3).unfavourable == 1
    assert of_rating("csat", "0-100", 100) == Tally(1, 0, 0, 0, 100_000, 10_000_000_000)
    assert of_rating("ces", "1-7", 5).favourable == 1
    assert of_rating("ces", "1-5 descending", 2).favourable == 1
    assert of_rating("rating", "1-5", 5).favourable == 0


def test_mixed_is_what_is_left() -> None:
    mixed = of_sentiment("mixed", 0.1)
    assert (mixed.n, mixed.favourable + mixed.neutral + mixed.unfavourable, mixed.total) == (1, 0, 100)
