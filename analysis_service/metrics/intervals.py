"""Says how sure a score is: 95 % intervals for shares, net scores and means (pure).

Sources: Wilson (1927), "Probable inference", JASA 22; Zou & Donner (2008), "Construction of confidence limits
about effect measures", Statistics in Medicine 27 (MOVER); measured coverage of these against Wald and others
is in docs/reference/metrics.md. A score over nothing has no interval: every function answers None for n = 0.
"""

from __future__ import annotations

from math import sqrt

from scipy.special import stdtrit

Interval = tuple[float, float]

Z95 = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


def wilson(successes: int, n: int) -> Interval | None:
    """Wilson score interval of a share, as shares 0…1. None for n = 0.

    Wald would call five promoters of five "100 % ± 0"; Wilson does not.
    """
    if n <= 0:
        return None
    if not 0 <= successes <= n:
        raise ValueError("successes must lie between 0 and n")
    share = successes / n
    spread = Z95 * Z95 / n
    centre = (share + spread / 2) / (1 + spread)
    half = Z95 / (1 + spread) * sqrt(share * (1 - share) / n + spread / (4 * n))
    # At the ends the formula is exact only up to rounding; the ends themselves are known.
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return max(0.0, low), min(1.0, high)


def net_score(favourable: int, unfavourable: int, n: int) -> Interval | None:
    """MOVER-Wilson interval of favourable − unfavourable among n answers, as shares −1…1. None for n = 0.

    The two shares come from one multinomial sample, hence the correlation r = −p·d/√(p(1−p)d(1−d)); where a
    share is 0 or 1 it is taken as 0. Coverage is 93–97 % from n = 10 on; at n = 5 with both groups equally likely
    it falls to 88 % (tests/analysis_service/metrics/test_intervals.py measures both).
    """
    favourable_limits = wilson(favourable, n)
    unfavourable_limits = wilson(unfavourable, n)
    if favourable_limits is None or unfavourable_limits is None:
        return None
    if favourable + unfavourable > n:
        raise ValueError("favourable and unfavourable together exceed n")
    p, d = favourable / n, unfavourable / n
    l1, u1 = favourable_limits
    l2, u2 = unfavourable_limits
    inner = p * (1 - p) * d * (1 - d)
    r = -p * d / sqrt(inner) if inner > 0 else 0.0
    below = (p - l1) ** 2 - 2 * r * (p - l1) * (u2 - d) + (u2 - d) ** 2
    above = (u1 - p) ** 2 - 2 * r * (u1 - p) * (d - l2) + (d - l2) ** 2
    return max(-1.0, p - d - sqrt(max(0.0, below))), min(1.0, p - d + sqrt(max(0.0, above)))


def mean(n: int, total: float, total_squares: float, bounds: Interval | None = None) -> Interval | None:
    """Student's t interval of a mean, cut at the ends of the scale. None for n < 2, which shows no spread.

    `total` and `total_squares` are the sums of the answers and of their squares. Where every answer is the
    same the sample shows no spread either, and an interval of no width would claim certainty: then, on a
    scale with known bounds, one imagined answer at each end widens it (an honest, conservative rule of ours,
    named in the method).
    """
    if n < 2:
        return None
    centre = total / n
    spread = max(0.0, total_squares - total * total / n)
    # Rounding of the sums must not look like spread.
    if spread <= 1e-9 * max(1.0, total_squares) and bounds is not None:
        low, high = bounds
        spread = (centre - low) ** 2 + (high - centre) ** 2
    half = float(stdtrit(n - 1, 0.975)) * sqrt(spread / (n - 1) / n)
    if bounds is None:
        return centre - half, centre + half
    return max(bounds[0], centre - half), min(bounds[1], centre + half)
