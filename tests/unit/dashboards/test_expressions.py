"""The boards' expressions are PromQL."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stack.provision import PROMTOOL
from tests.programs import VERSIONS, of_version


@pytest.mark.parametrize("version", VERSIONS)
def test_prometheus_parses_every_expression(
    boards: dict[str, dict[str, Any]], tmp_path: Path, version: str
) -> None:
    """promtool takes each panel's and annotation's expression as a rule."""
    promtool = of_version(PROMTOOL, version)
    expressions = {
        asked["expr"]
        for board in boards.values()
        for asked in [
            *board["annotations"]["list"],
            *(target for panel in board["panels"] for target in panel.get("targets", ())),
        ]
        if "expr" in asked
    }
    rules = [
        {"record": f"parsed:{i}", "expr": re.sub(r"\$__(rate_interval|range|interval)", "5m", each)}
        for i, each in enumerate(sorted(expressions))
    ]
    path = tmp_path / "rules.yml"
    path.write_text(json.dumps({"groups": [{"name": "boards", "rules": rules}]}))
    check = subprocess.run(
        [promtool.path, "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stderr
    assert f"{len(rules)} rules found" in check.stdout
