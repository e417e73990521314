"""The parts of a report that need no engine."""

from __future__ import annotations

import itertools

import pytest

from backend.reporting import thinned


def curve(points: int) -> list[tuple[int, float]]:
    return [(n, float(n)) for n in range(points)]


@pytest.mark.parametrize("points", [0, 1, 1_000])
def test_a_short_curve_stays_as_it_is(points: int) -> None:
    """Up to the limit nothing is left out."""
    assert thinned(curve(points)) == curve(points)


@pytest.mark.parametrize("points", [1_001, 1_500, 123_457])
def test_a_long_curve_keeps_its_ends_and_its_order(points: int) -> None:
    """Beyond the limit a thousand points are left, evenly spread, with the first and the last."""
    thin = thinned(curve(points))
    assert len(thin) == 1_000
    assert (thin[0], thin[-1]) == ((0, 0.0), (points - 1, points - 1.0))
    gaps = {after[0] - before[0] for before, after in itertools.pairwise(thin)}
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1
