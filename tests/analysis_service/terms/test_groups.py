"""Groups: who is contrasted with whom, and the customers behind a term."""

from __future__ import annotations

from uuid import UUID

import pytest

from analysis_service.terms.groups import GROUPS, Group, Spoken, contrast

ANA, BEN = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("group", "inside", "rest"),
    [
        ("critical", {0, 4}, {1, 2, 5}),
        ("detractors", {0}, {1, 2}),
        ("passives", {1}, {0, 2}),
        ("promoters", {2}, {0, 1}),
        ("negative", {2, 4}, {0, 5}),
        ("positive", {0}, {2, 4, 5}),
    ],
)
def test_who_belongs_where(group: Group, inside: set[int], rest: set[int]) -> None:
    records = [
        Spoken("", None, 6, "positive"),
        Spoken("", None, 7, None),
        Spoken("", None, 10, "negative"),
        Spoken("", None, None, None),
        Spoken("", None, None, "negative"),
        Spoken("", None, None, "mixed"),
    ]
    sides = GROUPS[group]
    eligible = {index for index, one in enumerate(records) if sides.eligible(one)}
    assert {index for index in eligible if sides.inside(records[index])} == inside
    assert eligible - inside == rest


def test_terms_come_with_records_and_customers() -> None:
    slow = [Spoken("the delivery was slow", who, 2, None) for who in (ANA, ANA, BEN, None)]
    fine = [Spoken("the staff was kind", None, 9, None) for _ in range(6)]
    found = contrast(slow + fine, "detractors", 10)
    assert (found["n"], found["n_rest"]) == (4, 6)
    by_term = {one["term"]: one for one in found["terms"]}
    assert by_term["slow"]["n"] == 4
    assert by_term["slow"]["n_customers"] == 2
    assert (by_term["slow"]["share"], by_term["slow"]["share_rest"]) == (1.0, 0.0)
    assert "kind" not in by_term


def test_nobody_inside_is_no_term() -> None:
    assert contrast([], "critical", 5) == {"n": 0, "n_rest": 0, "terms": []}
