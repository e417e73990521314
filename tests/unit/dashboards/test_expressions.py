"""The boards' expressions are PromQL."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dashboards import queries as q
from nautilus_instrumentation import metrics as m
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


@pytest.mark.parametrize("version", VERSIONS)
def test_a_quantile_of_nothing_is_a_gap(tmp_path: Path, version: str) -> None:
    """A route that was asked for once has buckets that do not move: no value, and not NaN."""
    promtool = of_version(PROMTOOL, version)
    spec = m.HTTP_REQUEST_DURATION
    series = f'{spec.name}_bucket{{job="j", instance="i", http_route="/%s", le="%s"}}'
    expr = q.quantile(0.5, spec, "http_route", over="5m").expr
    for variable, value in (("$job", "j"), ("$instance", "i")):
        expr = expr.replace(variable, value)
    test = {
        "interval": "1m",
        "input_series": [
            {"series": series % ("idle", "1"), "values": "1x10"},
            {"series": series % ("idle", "+Inf"), "values": "1x10"},
            {"series": series % ("busy", "1"), "values": "0+1x10"},
            {"series": series % ("busy", "+Inf"), "values": "0+1x10"},
        ],
        "promql_expr_test": [
            {
                "expr": expr,
                "eval_time": "10m",
                "exp_samples": [{"labels": '{http_route="/busy"}', "value": 0.5}],
            }
        ],
    }
    path = tmp_path / "test.yml"
    path.write_text(json.dumps({"tests": [test]}))
    check = subprocess.run(
        [promtool.path, "test", "rules", path], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr
