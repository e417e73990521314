"""128-bit integers in numpy: an array of n is uint64[n, 2], low word first, two's complement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from backend.conversion.layout import FIXED

Words = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

_U = np.uint64
_LOW = _U(0xFFFFFFFF)
_HALF = _U(32)
_SIGN = _U(63)


def multiply(low: Words, high: Words | None, negative: Mask | None, factor: int) -> Words:
    """(low + 2**64 * high) * factor, negated where told; 0 < factor < 2**63.

    The products must fit into 127 bits. Gives uint64[n, 2].
    """
    out = np.empty((len(low), 2), _U)
    f0, f1 = _U(factor & 0xFFFFFFFF), _U(factor >> 32)
    np.multiply(low, _U(factor), out=out[:, 0])
    if int(low.max(initial=0)) < 2**32:  # five-digit FX, most crypto
        np.right_shift(low * f1 + ((low * f0) >> _HALF), _HALF, out=out[:, 1])
    else:
        a0, a1 = low & _LOW, low >> _HALF
        middle = a1 * f0 + ((a0 * f0) >> _HALF)
        lower = a0 * f1 + (middle & _LOW)
        out[:, 1] = a1 * f1 + (middle >> _HALF) + (lower >> _HALF)
    if high is not None:
        out[:, 1] += high * _U(factor)
    if negative is not None and negative.any():
        _negate(out, negative)
    return out


def _negate(words: Words, where: Mask) -> None:
    low = ~words[where, 0] + _U(1)
    words[where, 1] = ~words[where, 1] + (low == 0).astype(_U)
    words[where, 0] = low


def from_integers(values: npt.NDArray[np.int64], factor: int) -> Words:
    """int64[n] * factor as words."""
    lowest, highest = int(values.min(initial=0)), int(values.max(initial=0))
    shift = (factor & -factor).bit_length() - 1
    if max(-lowest, highest) * (factor >> shift) < 2**63:  # most prices and sizes there are
        return _shifted(values * np.int64(factor >> shift), shift)
    if lowest >= 0:
        return multiply(values.view(_U), None, None, factor)
    return multiply(np.abs(values).view(_U), None, values < 0, factor)  # abs(-2**63) views as 2**63


def _shifted(values: npt.NDArray[np.int64], shift: int) -> Words:
    """int64[n] * 2**shift as words, for shifts below 64."""
    out = np.empty((len(values), 2), np.int64)
    np.left_shift(values, shift, out=out[:, 0])
    np.right_shift(values, 64 - shift if shift else 63, out=out[:, 1])  # the sign goes along
    return out.view(_U)


def from_floats(values: npt.NDArray[np.float64], factor: int) -> Words:
    """Whole floats below 2**127 / factor, exactly, times factor as words."""
    if float(np.abs(values).max(initial=0.0)) < 2.0**63:
        return from_integers(values.astype(np.int64), factor)
    size = np.abs(values)
    high = np.floor(size / 2.0**64)  # exact: a power of two
    low = (size - high * 2.0**64).astype(_U)
    return multiply(low, high.astype(_U), values < 0, factor)


def from_python(values: list[int]) -> Words:
    """Python integers of at most 127 bits as words."""
    data = b"".join(value.to_bytes(16, "little", signed=True) for value in values)
    return np.frombuffer(data, _U).reshape(-1, 2)


def add(a: Words, b: Words) -> Words:
    """Sums; they must fit into 127 bits."""
    out = np.empty((len(a), 2), _U)
    np.add(a[:, 0], b[:, 0], out=out[:, 0])
    np.add(a[:, 1], b[:, 1], out=out[:, 1])
    out[:, 1] += out[:, 0] < a[:, 0]
    return out


def halved(words: Words) -> Words:
    """Halves, of odd values rounded down."""
    out = np.empty((len(words), 2), _U)
    np.bitwise_or(words[:, 0] >> _U(1), words[:, 1] << _SIGN, out=out[:, 0])
    out[:, 1] = (words[:, 1].view(np.int64) >> np.int64(1)).view(_U)
    return out


def magnitudes(words: Words) -> tuple[Words, Words, Mask]:
    """Low and high words of the absolute values, and which are negative."""
    negative = (words[:, 1] >> _SIGN).astype(bool)
    if not negative.any():
        return words[:, 0], words[:, 1], negative
    size = words.copy()
    _negate(size, negative)
    return size[:, 0], size[:, 1], negative


def above(low: Words, high: Words, limit: int) -> Mask:
    """Where low + 2**64 * high > limit."""
    top, rest = _U(limit >> 64), _U(limit & (2**64 - 1))
    return (high > top) | ((high == top) & (low > rest))


def remainders(low: Words, high: Words, divisor: int) -> Words:
    """(low + 2**64 * high) % divisor for divisor <= 10**16 (any power of ten)."""
    k = _U(divisor)
    # Contiguous words divided by a scalar take a tenth of the time of strided ones, or of `%`.
    low = np.ascontiguousarray(low)
    rest = low - low // k * k
    if not high.any() or divisor == 1:
        return rest
    # 2**64 * high folded in 16-bit steps: the remainder stays below 10**16, so that
    # remainder * 2**10 cannot leave 64 bits; 64 bits of `high` are taken 10 at a time.
    carry = high % k
    for bits in (10, 10, 10, 10, 10, 10, 4):
        carry = (carry << _U(bits)) % k
    return (carry + rest) % k


def to_array(words: Words) -> pa.Array:
    """Words as the catalog's 16-byte column, without a copy."""
    return pa.Array.from_buffers(FIXED, len(words), [None, pa.py_buffer(words)])


def words_of(column: pa.Array) -> Words:
    """Words of a 16-byte or decimal128 column, without a copy; nulls hold anything."""
    data = np.frombuffer(column.buffers()[1], _U)
    return data[2 * column.offset : 2 * (column.offset + len(column))].reshape(-1, 2)
