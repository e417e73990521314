"""Prometheus' own tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.provision import PROMTOOL, find

ROOT = Path(__file__).resolve().parents[3]

Promtool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def promtool() -> Promtool:
    """promtool, called with arguments."""
    found = find(PROMTOOL, ROOT / "var" / "tools")
    if found is None:
        pytest.skip("no promtool: `make doctor` says how to get it")

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [found.path, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )

    return run
