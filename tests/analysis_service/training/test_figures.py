"""Figures by hand."""

from __future__ import annotations

import numpy as np
import pytest

from analysis_service.training.figures import accuracy, calibration_error, interval, macro_f1, spearman

TRUTH = np.array([0, 0, 1, 2])
FOUND = np.array([0, 1, 1, 2])


def test_accuracy_and_macro_f1() -> None:
    assert accuracy(TRUTH, FOUND) == 0.75
    assert macro_f1(TRUTH, FOUND) == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_a_class_never_found_counts_as_zero() -> None:
    assert macro_f1(np.array([0, 1]), np.array([0, 0])) == pytest.approx(1 / 3)


def test_calibration_error_is_the_gap_between_said_and_right() -> None:
    odds = np.array([[0.9, 0.05, 0.05]] * 10)
    truth = np.array([0] * 6 + [1] * 4)
    assert calibration_error(truth, odds) == pytest.approx(0.3)


def test_spearman_ranks_ties_in_the_middle() -> None:
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 90.0])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2.0, 2.0, 3.0]), np.array([3.0, 2.0, 2.0, 1.0])) == pytest.approx(-1)


def test_the_interval_holds_the_figure_and_is_always_the_same() -> None:
    truth = np.array([0, 1] * 100)
    found = np.array([0, 0] * 100)
    low, high = interval(lambda rows: accuracy(truth[rows], found[rows]), 200)
    assert low < 0.5 < high
    assert (low, high) == interval(lambda rows: accuracy(truth[rows], found[rows]), 200)
