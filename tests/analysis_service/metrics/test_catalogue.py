"""The catalogue: every metric says how it is made, and shows its count and interval or null."""

from __future__ import annotations

import pytest

from analysis_service.metrics.catalogue import METRICS
from analysis_service.metrics.scales import Scale
from analysis_service.metrics.tally import Tally, of_rating, of_sentiment


@pytest.mark.parametrize("name", sorted(METRICS))
def test_every_metric_explains_itself_and_is_null_over_nothing(name: str) -> None:
    metric = METRICS[name]
    assert metric.name == name
    assert all((metric.method.name, metric.method.words, metric.method.source))
    figures = metric.figures(Tally(), Scale(0, 10), 0)
    assert figures["value"] == (0 if name == "volume" else None)  # nothing received is known to be nothing
    assert figures["ci95"] is None


def _sum(metric: str, scale: str, values: list[float]) -> Tally:
    return sum((of_rating(metric, scale, value) for value in values), Tally())


def test_nps_figures() -> None:
    figures = METRICS["nps"].figures(_sum("nps", "0-10", [10, 9, 8, 3]), Scale(0, 10), 0)
    assert (figures["value"], figures["promoters"], figures["passives"], figures["detractors"]) == (
        25.0,
        2,
        1,
        1,
    )


def test_nps_on_another_scale_is_refused_in_the_figure() -> None:
    figures = METRICS["nps"].figures(_sum("nps", "1-5", [5, 5]), Scale(1, 5), 0)
    assert figures["value"] is None


def test_csat_ces_stars_rating_figures() -> None:
    assert METRICS["csat"].figures(_sum("csat", "1-5", [5, 4, 3, 1]), Scale(1, 5), 0)["value"] == 50.0
    assert METRICS["csat"].figures(_sum("csat", "0-100", [50]), Scale(0, 100), 0)["value"] is None
    effort = METRICS["ces"].figures(_sum("ces", "1-7", [7, 5, 3]), Scale(1, 7), 0)
    assert (effort["value"], effort["agree_percent"], effort["agreeing"]) == (5.0, 66.67, 2)
    stars = METRICS["stars"].figures(_sum("stars", "1-5", [5, 1]), Scale(1, 5), 0)
    assert (stars["value"], stars["top_box_percent"]) == (3.0, 50.0)
    assert METRICS["rating"].figures(_sum("rating", "1-10", [4.5, 5.5]), Scale(1, 10), 0)["value"] == 5.0


def test_sentiment_figures_count_mixed_and_unscored_apart() -> None:
    tally = sum((of_sentiment(label, 0) for label in ("positive", "positive", "negative", "mixed")), Tally())
    figures = METRICS["sentiment"].figures(tally, None, 3)
    assert (figures["value"], figures["mixed"], figures["unscored"]) == (25.0, 1, 3)


def test_volume_has_no_interval() -> None:
    assert METRICS["volume"].figures(Tally(n=7), None, 0) == {"value": 7, "ci95": None}
