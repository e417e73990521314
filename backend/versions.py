"""Versions that a result was made with."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version


@cache
def versions() -> dict[str, str]:
    """Python's and the packages' that shape a result; read without importing them."""
    found = {"python": platform.python_version()}
    for package in ("nautilus_trader", "nautilus-monitoring", "nautilus-instrumentation"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "unknown"
    return found
