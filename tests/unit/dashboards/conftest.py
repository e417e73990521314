"""The generated boards, as Grafana reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboards.build import render


@pytest.fixture(scope="session")
def rendered() -> dict[str, str]:
    """File name → content."""
    return render()


@pytest.fixture(scope="session")
def boards(rendered: dict[str, str]) -> dict[str, dict[str, Any]]:
    """Uid → board."""
    found = [json.loads(text) for text in rendered.values()]
    return {board["uid"]: board for board in found}
