"""The compose file as Docker Compose reads it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from deploy.lint import load


@pytest.fixture(scope="session")
def parsed() -> Any:
    """The configuration; not to be changed."""
    return load()


@pytest.fixture
def config(parsed: Any) -> Any:
    """The configuration, to be broken."""
    return deepcopy(parsed)
