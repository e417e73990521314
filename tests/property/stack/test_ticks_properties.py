"""What holds for generated days of any seed and size."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from stack import ticks

SEEDS = st.integers(0, 2**32 - 1)


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, rows=st.integers(10, 30_000))
def test_any_day_is_sound(seed: int, rows: int) -> None:
    """Rows as asked for, times in order within one day, no crossed quote, no price out of reach."""
    quotes, trades = ticks.generate_day(seed=seed, total_rows=rows)
    assert len(quotes) + len(trades) == rows
    for table in (quotes, trades):
        times = table["time"].to_numpy()
        assert (np.diff(times) >= 0).all()
        assert times[-1] // 86_400_000_000 == times[0] // 86_400_000_000
    bid, ask = quotes["bid"].to_numpy(), quotes["ask"].to_numpy()
    assert (ask > bid).all()
    assert bid.min() > 0.9
    assert ask.max() < 1.3


@settings(max_examples=3, deadline=None)
@given(seed=SEEDS)
def test_a_seed_always_gives_the_same_day(seed: int) -> None:
    """Two calls with one seed give equal tables, another seed other ones."""
    first = ticks.generate_day(seed=seed, total_rows=2_000)
    again = ticks.generate_day(seed=seed, total_rows=2_000)
    other = ticks.generate_day(seed=seed + 1, total_rows=2_000)
    assert all(one.equals(two) for one, two in zip(first, again, strict=True))
    assert not first[0].equals(other[0])
