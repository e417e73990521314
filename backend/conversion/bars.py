"""Bars of ordered ticks: first, highest, lowest and last price, and the sum of the sizes.

A bar holds the ticks from its start up to, and without, its close, which is its time. Starts are
multiples of the step since the epoch. Where there are no ticks there is no bar.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backend.conversion import fixed
from backend.conversion.bar_types import BarSpec
from backend.conversion.layout import BAR_LAYOUT, FIXED_PRECISION, SIZE_RAW_MAX
from backend.conversion.sorting import times_of

Places = npt.NDArray[np.intp]

_U = np.uint64
_PART = _U(0xFFFFFFFF)
_BITS = _U(32)
_SIGN = _U(1 << 63)
_ONE = _U(1)


@dataclass
class Bars:
    """Rows to be put together: bars, or ticks as bars of one tick each; ordered by time."""

    starts: npt.NDArray[np.int64]
    """Nanoseconds since the epoch."""
    open: fixed.Words
    high: fixed.Words
    low: fixed.Words
    close: fixed.Words
    volume: fixed.Words
    """Unsigned: sums of sizes may pass 127 bits."""

    def __len__(self) -> int:
        return len(self.starts)

    def slice(self, start: int, stop: int | None = None) -> Bars:
        return Bars(*(getattr(self, f.name)[start:stop] for f in fields(self)))

    def copied(self) -> Bars:
        """The same without what it is a slice of."""
        return Bars(*(getattr(self, f.name).copy() for f in fields(self)))

    def followed_by(self, other: Bars) -> Bars:
        pairs = ((getattr(self, f.name), getattr(other, f.name)) for f in fields(self))
        return Bars(*(np.concatenate(pair) for pair in pairs))

    def merged(self, step_ns: int) -> Bars:
        """The same by steps; one row for each that has any."""
        first = _groups(self.starts, step_ns)
        last = np.append(first[1:], len(self)) - 1
        return Bars(
            self.starts[first] // step_ns * step_ns,
            self.open[first],
            _extremes(self.high, first, np.maximum, 0),
            _extremes(self.low, first, np.minimum, 2**64 - 1),
            self.close[last],
            _sums(self.volume, first),
        )


def _groups(times: npt.NDArray[np.int64], step_ns: int) -> Places:
    """Where ordered times pass into another step; the first place is 0."""
    start, end = int(times[0]) // step_ns, int(times[-1]) // step_ns
    if (
        end - start < len(times) // 16
    ):  # a search for each step is less than a division for each row
        edges = np.searchsorted(times, np.arange(start + 1, end + 1) * step_ns)
        edges = edges[np.flatnonzero(np.diff(edges, prepend=0))]  # steps without rows
        return np.concatenate([np.zeros(1, np.intp), edges])
    steps = times // step_ns
    return np.flatnonzero(np.diff(steps, prepend=steps[0] - 1))


def _extremes(words: fixed.Words, first: Places, pick: np.ufunc, never: int) -> fixed.Words:
    """Highest or lowest of each group; `never` is picked from no group of two."""
    high, low = words[:, 1], words[:, 0]
    out = np.empty((len(first), 2), _U)
    if (high == high[0]).all():
        out[:, 0], out[:, 1] = pick.reduceat(low, first), high[0]
        return out
    high = high ^ _SIGN  # so that unsigned order is the order of signed values
    picked = pick.reduceat(high, first)
    sizes = np.diff(np.append(first, len(high)))
    low = np.where(high == np.repeat(picked, sizes), low, _U(never))
    out[:, 0] = pick.reduceat(low, first)
    out[:, 1] = picked ^ _SIGN
    return out


def _sums(words: fixed.Words, first: Places) -> fixed.Words:
    """Of each group, in 128 bits."""
    low = np.ascontiguousarray(words[:, 0])
    lower, upper = np.add.reduceat(low & _PART, first), np.add.reduceat(low >> _BITS, first)
    upper += lower >> _BITS
    out = np.empty((len(first), 2), _U)
    out[:, 0] = (upper << _BITS) | (lower & _PART)
    out[:, 1] = np.add.reduceat(words[:, 1], first) + (upper >> _BITS)
    return out


def of_ticks(batch: pa.RecordBatch, price: str, precision: int) -> Bars:
    """Decoded ticks as bars of one tick. Volumes of MID are twice what they are to be."""

    def words(name: str) -> fixed.Words:
        return fixed.words_of(batch.column(name))

    if price == "MID":
        values = middle(words("bid_price"), words("ask_price"), precision)
        volume = fixed.add(words("bid_size"), words("ask_size"))
    else:
        side = "" if price == "LAST" else f"{price.lower()}_"
        values, volume = words(f"{side}price"), words(f"{side}size")
    return Bars(times_of(batch), values, values, values, values, volume)


def middle(bids: fixed.Words, asks: fixed.Words, precision: int) -> fixed.Words:
    """Half of the sum, rounded to the precision, halves away from zero: exact, unlike floats."""
    total = fixed.add(bids, asks)
    zeros = FIXED_PRECISION - precision
    odd = ((total[:, 0] >> _U(zeros)) & _ONE).astype(bool)  # 10**n has n factors of two
    if odd.any():
        step = fixed.from_integers(np.where(total[:, 1] & _SIGN, -1, 1) * odd, 10**zeros)
        total = fixed.add(total, step)
    return fixed.halved(total)


class Maker:
    """Makes bars of one length of rows that come in order; the last one is kept until the end."""

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._open: Bars | None = None

    def add(self, rows: Bars) -> Bars:
        """The bars that are complete now."""
        bars = rows.merged(self._step_ns)
        if self._open is not None and len(bars):
            bars = self._open.followed_by(bars).merged(self._step_ns)
        if not len(bars):
            return bars
        self._open = bars.slice(-1)
        return bars.slice(0, -1)

    def finish(self) -> Bars | None:
        """The last bar, unless there was no row."""
        last, self._open = self._open, None
        return last


class Aggregator:
    """All bars of one price that are made of one instrument's ticks.

    Ticks are put together once, to bars of the longest step that divides all others.
    """

    def __init__(self, specs: list[BarSpec], price_precision: int, size_precision: int) -> None:
        self._price = specs[0].price
        self._precision = price_precision
        self._size_precision = size_precision
        self._finest = Maker(math.gcd(*(spec.step_ns for spec in specs)))
        self._makers = [(spec, Maker(spec.step_ns)) for spec in specs]
        self.left_out: dict[BarSpec, int] = {}
        """Bars whose volume the catalog cannot hold."""
        self.ends: dict[BarSpec, tuple[Bars, Bars]] = {}
        """The first and the last bar, of which other files may have ticks as well."""

    def add(self, ticks: pa.RecordBatch) -> Iterator[tuple[BarSpec, pa.RecordBatch]]:
        """Complete bars as the catalog's columns but `ts_init`."""
        if ticks.num_rows:
            yield from self._pass_on(
                self._finest.add(of_ticks(ticks, self._price, self._precision))
            )

    def finish(self) -> Iterator[tuple[BarSpec, pa.RecordBatch]]:
        """What is left at the end."""
        last = self._finest.finish()
        if last is None:
            return
        yield from self._pass_on(last)
        for spec, maker in self._makers:
            bars = maker.finish()
            if bars is not None:
                yield spec, self._batch(spec, bars)

    def _pass_on(self, finest: Bars) -> Iterator[tuple[BarSpec, pa.RecordBatch]]:
        if not len(finest):
            return
        for spec, maker in self._makers:
            bars = maker.add(finest)
            if len(bars):
                yield spec, self._batch(spec, bars)

    def _batch(self, spec: BarSpec, bars: Bars) -> pa.RecordBatch:
        first = self.ends[spec][0] if spec in self.ends else bars.slice(0, 1).copied()
        self.ends[spec] = first, bars.slice(-1).copied()
        batch, left_out = batch_of(bars, spec, self._size_precision)
        if left_out:
            self.left_out[spec] = self.left_out.get(spec, 0) + left_out
        return batch


def batch_of(bars: Bars, spec: BarSpec, size_precision: int) -> tuple[pa.RecordBatch, int]:
    """The catalog's columns but `ts_init`, and how many bars it cannot hold, which are left out."""
    volume, fits = _volume(bars.volume, spec.price, 10 ** (FIXED_PRECISION - size_precision))
    columns = [bars.open, bars.high, bars.low, bars.close, volume]
    closes = bars.starts + spec.step_ns
    if not fits.all():
        columns, closes = [column[fits] for column in columns], closes[fits]
    arrays = [fixed.to_array(np.ascontiguousarray(column)) for column in columns]
    arrays.append(pa.array(closes.view(_U), pa.uint64()))
    batch = pa.RecordBatch.from_arrays(arrays, schema=BAR_LAYOUT.decoded)
    return batch, len(bars) - batch.num_rows


def _volume(sums: fixed.Words, price: str, unit: int) -> tuple[fixed.Words, npt.NDArray[np.bool_]]:
    """Sums as the catalog's numbers, and which of them it can hold."""
    fits = sums[:, 1] < _U(1 << 62)  # the sign must stay free
    if price == "MID":
        odd = (sums[:, 0] // _U(unit & -unit)) & _ONE
        halves = fixed.from_integers(odd.view(np.int64), unit)
        sums = fixed.halved(fixed.add(sums, halves))
    return sums, fits & ~fixed.above(sums[:, 0], sums[:, 1], SIZE_RAW_MAX)
