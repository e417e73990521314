"""Bars through the real service: listed, read, run over, swept over, counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from nautilus_instrumentation import metrics
from tests.integration.service_process import DATASETS, Service, until, write_raw_day

BARS = 'bars = ["1-MINUTE-MID", "1-MINUTE-BID"]'


@pytest.fixture(scope="module")
def service(
    start_service: Callable[..., Service], tmp_path_factory: pytest.TempPathFactory
) -> Service:
    """A service whose raw day is to become bars as well, and is not converted yet."""
    raw = tmp_path_factory.mktemp("barred")
    write_raw_day(raw)
    (raw / "datasets.toml").write_text(
        DATASETS.replace('kind = "quote"\n', f'kind = "quote"\n{BARS}\n')
    )
    return start_service(RAW_TICK_DIR=str(raw)).until_ready()


def request(service: Service, strategy: str = "ema_cross", **fields: Any) -> dict[str, Any]:
    return service.request(strategy) | {"kind": "bar", "bar_type": "1-MINUTE-MID"} | fields


@pytest.fixture(scope="module")
def first(service: Service) -> dict[str, Any]:
    """The first run ever."""
    return service.result(request(service))


def test_an_unconverted_window_of_bars_is_converted_first(first: dict[str, Any]) -> None:
    """An hour has sixty bars, the one that closes at its end is not in the window."""
    assert (first["status"], first["error"]) == ("ok", None)
    assert first["data_points"] == 59
    assert "convert" in first["stages"]
    assert first["request"]["bar_type"] == "1-MINUTE-MID"


def test_the_catalog_lists_and_gives_them(service: Service, first: dict[str, Any]) -> None:
    """A day of them, by type."""
    (instrument,) = service.http.get("/catalog/instruments").json()
    held = {name: holding["rows"] for name, holding in instrument["bars"].items()}
    assert held == {"1-MINUTE-BID": 1440, "1-MINUTE-MID": 1440}
    window = {key: first["request"][key] for key in ("instrument_id", "kind", "start", "end")}
    answer = service.http.get("/catalog/ticks", params={**window, "bar_type": "1-MINUTE-BID"})
    bars = answer.json()["ticks"]
    assert len(bars) == first["data_points"]
    assert all(bar["low"] <= bar["open"] <= bar["high"] for bar in bars)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"bar_type": None}, "bar_type"),
        ({"bar_type": "1-HOUR-MID"}, "bar_type"),
        ({"bar_type": "1-MINUTE-BID"}, "bar_type"),
        ({"strategy": "market_maker"}, "kind"),
        ({"kind": "quote"}, "bar_type"),
    ],
)
@pytest.mark.parametrize("call", ["run", "sweep"])
def test_what_cannot_run_is_refused(
    service: Service, first: dict[str, Any], call: str, fields: dict[str, Any], field: str
) -> None:
    """Before any work, with the field; for runs and sweeps alike."""
    body = request(service, **fields)
    if call == "sweep":
        body["sets"] = [{}]
    answer = service.http.post(f"/backtest/{call}", json=body)
    assert answer.status_code == 422
    problem = answer.json()
    assert [problem.get("field"), *(e["field"] for e in problem.get("errors", []))].count(field)


def test_a_sweep_over_bars_ends_well(service: Service, first: dict[str, Any]) -> None:
    """Each of its runs says which bars it ran over."""
    body = request(service) | {"grid": {"fast_ema_period": [2, 3]}}
    sweep = service.http.post("/backtest/sweep", json=body).json()
    path = f"/backtest/sweeps/{sweep['sweep_id']}"
    done = until(lambda: (s := service.http.get(path).json())["status"] == "done" and s)
    assert done["counts"] == {"ok": 2}
    assert done["request"]["bar_type"] == "1-MINUTE-MID"
    assert [run["figures"]["data_points"] for run in done["runs"]] == [59, 59]


def test_their_metrics_say_bar(service: Service, first: dict[str, Any]) -> None:
    """Conversions and queries of the kind."""
    value = service.metrics()
    assert value(metrics.CONVERSION_ROWS, kind="bar", outcome="written") == 2 * 1440
    assert value(metrics.CATALOG_QUERY_DURATION, kind="bar", operation="query") >= 1
    assert value(metrics.CATALOG_QUERY_ROWS, kind="bar") >= 59
    assert value(metrics.CATALOG_ROW_GROUPS, kind="bar", outcome="read") >= 1
    assert service.errors() == []
