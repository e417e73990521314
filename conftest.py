"""What holds for all tests."""

from __future__ import annotations


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes give no names: compressed ones hold the time, and each worker would have its own."""
    return argname if isinstance(val, bytes) else None
