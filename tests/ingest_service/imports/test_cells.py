"""What single cells say."""

from __future__ import annotations

from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_service.imports.cells import is_absent, number, out_of


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("4", 4), (" 4.5 ", 4.5), ("4,5", 4.5), ("4/5", 4), ("4 out of 5", 4), ("5 stars", 5), ("★★★★☆", 4), ("-1", -1),
        ("10 - Extremely likely", 10), ("1 (very bad)", 1), ("80%", 80), ("7 %", 7), ("", None), ("good", None),
        ("12:30", None), ("1.2.3", None), ("2018-01-22", None), ("1e5", None),
        ("22-Jan-2018", None), ("nan", None), ("٣", 3),
    ],
)  # fmt: skip
def test_numbers(cell: str, value: float | None) -> None:
    assert number(cell) == value


def test_upper_bounds() -> None:
    assert (out_of("4/5"), out_of("7 out of 10"), out_of("7")) == (5, 10, None)


@pytest.mark.parametrize("cell", ["", "  ", "nan", "NaN", "NULL", "n/a", "N/A", "#N/A", "NaT", "-", "<NA>"])
def test_nothing(cell: str) -> None:
    assert is_absent(cell)


@pytest.mark.parametrize("cell", ["0", "none", "NA", "no", "none of it was good"])
def test_something(cell: str) -> None:
    assert not is_absent(cell)


@given(st.text(max_size=60))
def test_any_cell(cell: str) -> None:
    value = number(cell)
    assert value is None or isfinite(value)
