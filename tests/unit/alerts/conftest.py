"""Prometheus' own tools."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from stack.provision import PROMTOOL
from tests.programs import VERSIONS, of_version

ROOT = Path(__file__).resolve().parents[3]

Promtool = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session", params=VERSIONS)
def promtool(request: pytest.FixtureRequest) -> Promtool:
    """promtool of each version, called with arguments."""
    found = of_version(PROMTOOL, request.param)

    def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [found.path, *arguments], capture_output=True, text=True, check=False, cwd=ROOT
        )

    return run
