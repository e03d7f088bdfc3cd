"""Filters on dimensions become bound conditions, never text of the query."""

from __future__ import annotations

from analysis_service.metrics.filters import Dimensions, conditions


def test_values_are_bound() -> None:
    arguments: list[object] = ["before"]
    sql = conditions(Dimensions(channel=("web", "app"), unit=("'; DROP TABLE x; --",)), "f", arguments)
    assert sql == "AND f.channel = ANY ($2::text[]) AND f.unit = ANY ($3::text[])"
    assert arguments == ["before", ["web", "app"], ["'; DROP TABLE x; --"]]


def test_no_filter_is_no_condition() -> None:
    assert conditions(Dimensions(), "f", []) == ""
    assert not Dimensions().any()
    assert Dimensions(language=("en",)).any()
