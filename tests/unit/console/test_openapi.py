"""The description of the API that the console's types come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend import openapi


@pytest.fixture(scope="module")
def document() -> bytes:
    return openapi.document()


def test_it_describes_problems_and_calls(document: bytes) -> None:
    """Whole, though nothing was started for it."""
    found = json.loads(document)
    assert "Problem" in found["components"]["schemas"]
    assert "/api/backtest/run" in found["paths"]


def test_pages_are_no_calls(document: bytes) -> None:
    """Only what is below /api is described."""
    assert all(path.startswith("/api/") for path in json.loads(document)["paths"])


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a service writes at its start goes with the folder it was given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    openapi.document()
    assert list(tmp_path.iterdir()) == []
