"""The public API accepts what it should and refuses what it should, by its types."""

from __future__ import annotations

from pathlib import Path

from mypy import api


def test_the_public_api_is_typed():
    """mypy finds nothing in the accepted calls, and every refused call is an error."""
    here = Path(__file__).parent
    config = here.parents[2] / "pyproject.toml"
    output, errors, status = api.run(
        ["--config-file", str(config), "--strict", "--warn-unused-ignores", str(here / "api.py")]
    )
    assert (output, errors, status) == ("Success: no issues found in 1 source file\n", "", 0)
