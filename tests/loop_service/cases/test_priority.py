"""The priority score is the sum of its reasons, bounded and monotone."""

from hypothesis import given
from hypothesis import strategies as st

from loop_service.cases.priority import Priority, level, urgency

PERCENTS = st.lists(st.floats(0, 100), max_size=3)
SENTIMENT = st.none() | st.floats(-1, 1)


@given(PERCENTS, SENTIMENT, st.booleans(), st.booleans(), st.integers(0, 9))
def test_score_is_the_sum_of_its_points(
    percents: list[float], sentiment: float | None, words: bool, known: bool, open_cases: int
) -> None:
    result = urgency(
        rating_percents=percents,
        sentiment_score=sentiment,
        has_words=words,
        customer_known=known,
        open_cases_of_customer=open_cases,
    )
    assert 0 <= result.score <= 100
    assert result.score == sum(points.points for points in result.points)
    assert result.priority is level(result.score)
    assert all(points.because for points in result.points)


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_worse_rating_is_never_less_urgent(one: float, other: float) -> None:
    scores = [
        urgency(
            rating_percents=[percent],
            sentiment_score=None,
            has_words=True,
            customer_known=True,
            open_cases_of_customer=0,
        ).score
        for percent in sorted((one, other))
    ]
    assert scores[0] >= scores[1]


def test_levels() -> None:
    worst = urgency(
        rating_percents=[0], sentiment_score=-1, has_words=True, customer_known=True, open_cases_of_customer=1
    )
    assert (worst.score, worst.priority) == (100, Priority.URGENT)
    mild = urgency(
        rating_percents=[60],
        sentiment_score=None,
        has_words=False,
        customer_known=False,
        open_cases_of_customer=0,
    )
    assert (mild.score, mild.priority) == (0, Priority.LOW)
    assert [level(score) for score in (24, 25, 50, 75)] == [
        Priority.LOW,
        Priority.NORMAL,
        Priority.HIGH,
        Priority.URGENT,
    ]
