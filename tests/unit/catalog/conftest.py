from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.catalog_manager import CatalogManager
from backend.settings import Settings


@pytest.fixture
def manager(tick_catalog: Any) -> CatalogManager:
    return CatalogManager(Settings(catalog_dir=tick_catalog.path))


@pytest.fixture
def empty(tmp_path: Path) -> CatalogManager:
    """A catalog that nothing was ever written to."""
    return CatalogManager(Settings(catalog_dir=tmp_path / "none"))
