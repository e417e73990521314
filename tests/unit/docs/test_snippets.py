"""The Python on the pages runs, and does what the pages say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from alerts import model
from backend.datasets import parse
from dashboards import queries
from dashboards.panels import timeseries
from nautilus_instrumentation import metrics
from tracestore.traceql.parser import parse as parse_traceql

ROOT = Path(__file__).resolve().parents[3]
GUIDE = ROOT / "docs" / "guide"


def fences(page: str, language: str) -> list[str]:
    """What is inside the fences of one language."""
    pattern = rf"^```{language}\n(.*?)^```"
    return re.findall(pattern, page, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def instrumented() -> dict[str, Any]:
    """What the snippets of instrument.md make, executed with a real engine."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name("run_snippets.py"),
         GUIDE / "instrument.md"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def named(spans: list[dict[str, Any]], name: str) -> dict[str, Any]:
    (found,) = [span for span in spans if span["name"] == name]
    return found


def test_a_worker_adds_its_spans_to_the_run_of_its_parent(instrumented: dict[str, Any]) -> None:
    """The parent owns the span of the run; the carrier joins both into one trace."""
    run = named(instrumented["parent"], "backtest run")
    assert run["attributes"]["nautilus.run_id"] == "run-0"
    assert named(instrumented["worker"], "engine run")["trace"] == run["trace"]
    assert "backtest run" not in [span["name"] for span in instrumented["worker"]]


def test_steps_of_ones_own_become_spans_and_stages(instrumented: dict[str, Any]) -> None:
    """The engine adds itself to the run around it."""
    spans = instrumented["alone"]
    assert named(spans, "build features")["attributes"]["nautilus.run_id"] == "run-1"
    run = named(spans, "backtest run")
    assert run["attributes"]["nautilus.strategy"] == "mine"
    assert run["attributes"]["nautilus.status"] == "ok"
    assert "nautilus.stage.query_seconds" in run["attributes"]
    assert named(spans, "engine run")["trace"] == run["trace"]


def test_the_page_s_metrics_are_served(instrumented: dict[str, Any]) -> None:
    """The run, a hit with what it saved, and a miss."""
    served = instrumented["metrics"].splitlines()
    assert 'nautilus_backtest_runs_total{strategy="mine",status="ok"} 1.0' in served
    assert 'cache_requests_total{cache="ticks",backend="memory",result="hit"} 1.0' in served
    assert 'cache_requests_total{cache="ticks",backend="memory",result="miss"} 1.0' in served
    assert 'cache_seconds_saved_total{cache="ticks"} 0.5' in served


# How to extend it --------------------------------------------------------------------------------


def added(marker: str) -> str:
    """The lines that a diff of extending.md adds, of the one that holds `marker`."""
    (diff,) = [diff for diff in fences((GUIDE / "extending.md").read_text(), "diff")
               if marker in diff]  # fmt: skip
    lines = [line[1:] for line in diff.splitlines() if line.startswith("+")]
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[indent:] for line in lines)


@pytest.fixture
def spec() -> metrics.MetricSpec:
    """The metric that the page adds."""
    names = dict(vars(metrics))
    exec(added("CACHE_EXPIRED = "), names)
    made: metrics.MetricSpec = names["CACHE_EXPIRED"]
    return made


@pytest.fixture
def library(spec: metrics.MetricSpec, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The library's metrics with it."""
    monkeypatch.setattr(metrics, "CACHE_EXPIRED", spec, raising=False)
    return metrics


def test_the_metric_of_the_page_is_one(spec: metrics.MetricSpec) -> None:
    """Its name is the one that the other changes ask for."""
    assert spec.name == "cache_expired_total"


def test_the_panel_of_the_page_is_made(library: Any) -> None:
    """It asks for the page's metric by labels that this has."""
    names = {"timeseries": timeseries, "q": queries, "m": library, "CHOSEN": {"cache": "$cache"}}
    (panel,) = eval(f"[{added('timeseries(')}]", names)
    assert "cache_expired_total" in json.dumps(panel, default=str)


def test_the_alert_of_the_page_is_made(library: Any) -> None:
    """It has all that a rule needs, and finds its culprits."""
    clock = model.Clock(Decimal(1))
    names = {**vars(model), "m": library, "clock": clock, "over": clock.over("5m")}
    (alert,) = eval(f"[{added('Alert(')}]", names)
    assert 'cache_expired_total{job="nautilus"}' in alert.expr
    parse_traceql(alert.traceql)


@pytest.mark.parametrize("number", range(2))
def test_the_lines_around_a_change_are_still_there(number: int) -> None:
    """What a diff leaves alone stands in the file that the text before it names."""
    page = (GUIDE / "extending.md").read_text()
    diff = fences(page, "diff")[number]
    source = "".join(
        (ROOT / "instrumentation/src/nautilus_instrumentation" / name).read_text()
        for name in ("metrics.py", "cache.py")
    )
    for line in diff.splitlines():
        assert line.startswith("+") or line[1:] in source


# The datasets file -------------------------------------------------------------------------------


def test_the_datasets_of_the_page_can_be_read() -> None:
    """Every table of BACKTEST_SPEC.md is one that a conversion would take."""
    snippets = fences((ROOT / "docs" / "BACKTEST_SPEC.md").read_text(), "toml")
    tables = [table for text in snippets for table in tomllib.loads(text)["dataset"]]
    assert tables
    for table in tables:
        parse(table, "dataset")
