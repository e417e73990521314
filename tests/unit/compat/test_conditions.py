"""What an alert compares."""

from __future__ import annotations

import pytest

from tests.compat.conditions import compared


@pytest.mark.parametrize(
    ("expression", "operands"),
    [
        ("up == 0", ["up"]),
        ("1 < up", ["up"]),
        ('rate(a{b=~"x>1 and"}[5m]) / (c > 0) > 0.5', ['rate(a{b=~"x>1 and"}[5m]) / (c > 0)']),
        ("a > 0.1 and on (job) (b == 1)", ["a", "b"]),
        ("(a > 1 or b >= bool 2) unless ignoring (x) c", ["a", "b", "c"]),
        ("a > on (job) group_left (slot) 0.5 * b", ["a", "0.5 * b"]),
        ("a > 2 * 3", ["a"]),
        ("vector(1)", ["vector(1)"]),
        ("absent(up)", ["absent(up)"]),
        ("((a))", ["a"]),
        ("(a) / (b) != 1", ["(a) / (b)"]),
    ],
)
def test_comparisons_are_taken_off(expression: str, operands: list[str]) -> None:
    """Operands remain whole; constants and matching are left out."""
    assert compared(expression) == operands
