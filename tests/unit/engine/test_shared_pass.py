"""Runs of a sweep that one pass of an engine serves, from requests to stored results."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest

from backend.backtest_engine import execute_backtest
from backend.context import JobContext
from backend.models import BacktestRequest, BacktestResult
from backend.result_store import ResultStore
from backend.settings import Settings
from backend.sharing import shared_pass
from backend.sharing.shared_pass import SharedPass
from backend.strategies import registry
from backend.strategies.common import TickStrategy
from backend.strategies.spec import StrategyParams, StrategySpec
from nautilus_instrumentation import attributes

Requests = Callable[..., BacktestRequest]
Contexts = Callable[..., JobContext]

FIGURES = (
    "status", "error", "data_points", "events", "orders", "positions", "pnl", "statistics",
    "equity_curve", "trading",
)  # fmt: skip
SETS = [{"fast_ema_period": fast, "slow_ema_period": 9, "interval": "10s"} for fast in (2, 3, 4)]


def figures(result: BacktestResult) -> dict[str, Any]:
    return {name: getattr(result, name) for name in FIGURES}


def together(
    requests: list[BacktestRequest], make_context: Contexts
) -> list[tuple[BacktestResult, dict[str, Any]] | None]:
    """Result and attributes of each run; None for those that must run apart."""
    contexts = [make_context(100 + n, sweep_id="sweep-1") for n in range(len(requests))]
    ids = [context.run_id for context in contexts]
    shared = SharedPass(dict(zip(ids, requests, strict=True)))
    found = []
    for place, (request, context) in enumerate(zip(requests, contexts, strict=True)):
        served = not place or shared.serves(context.run_id)
        found.append(execute_backtest(request, context, shared) if served else None)
    return found


def alone(requests: list[BacktestRequest], make_context: Contexts) -> list[dict[str, Any]]:
    return [
        figures(execute_backtest(request, make_context(n))[0]) for n, request in enumerate(requests)
    ]


def test_shared_runs_give_what_single_runs_give(
    make_request: Requests, make_context: Contexts, settings: Settings
) -> None:
    """Everything but the times, which are parts of the pass's."""
    requests = [make_request("ema_cross", params=params) for params in SETS]
    found = together(requests, make_context)
    results = [one[0] for one in found if one]
    assert [figures(result) for result in results] == alone(requests, make_context)
    store = ResultStore(settings.results_dir)
    for n, result in enumerate(results):
        mine, single = (
            json.loads(store.orders(run_id, 0, 1_000)) for run_id in (result.run_id, f"run-{n}")
        )
        assert mine["rows"] == single["rows"]
    store.close()
    assert [result.shared_runs for result in results] == [3, 3, 3]
    assert len({result.stages["run"] for result in results}) == 1
    for one in found:
        assert one is not None
        result, carried = one
        assert carried[attributes.SHARED_RUNS] == 3
        assert carried[attributes.stage_seconds("run")] == result.stages["run"]
        assert result.orders > 5


def test_a_pass_is_charged_once(make_request: Requests, make_context: Contexts) -> None:
    """The parts of the runs add up to the time of the pass, in stages, durations and results."""
    session = make_context().session
    ended: list[tuple[float, dict[str, float]]] = []
    count = session.backtests.count
    session.backtests.count = lambda scope, seconds, exemplar: (
        ended.append((seconds, dict(scope.stages))), count(scope, seconds, exemplar)
    )  # fmt: skip
    began = time.perf_counter()
    try:
        found = together(
            [make_request("ema_cross", params=params) for params in SETS], make_context
        )
    finally:
        session.backtests.count = count
    took = time.perf_counter() - began
    results = [one[0] for one in found if one]
    assert len(ended) == len(results) == 3
    for result in results:
        assert result.duration_seconds >= sum(result.stages.values())
    assert sum(result.duration_seconds for result in results) <= took
    for seconds, stages in ended:
        assert seconds >= sum(stages.values()) > stages["run"] > 0


def offer(monkeypatch: pytest.MonkeyPatch, on_price: Callable[[Any, float, int], None]) -> None:
    """Offer a strategy `own` that may share an engine, and does that with each price."""

    class OwnParams(StrategyParams):
        which: int = 0

    class Own(TickStrategy):
        def __init__(self, instrument: Any, kind: Any, params: OwnParams) -> None:
            super().__init__(instrument, kind)
            self.which, self.seen = params.which, 0

        def on_start(self) -> None:
            self.subscribe_ticks()

        def order(self, side: int, size: float = 1_000, **more: Any) -> None:
            market = self.order_factory.market(
                self.instrument.id, side, self.instrument.make_qty(size), **more
            )
            self.submit_order(market)

    def counted(self: Any, price: float, ts_init: int) -> None:
        self.seen += 1
        on_price(self, price, ts_init)

    Own.on_price = counted  # type: ignore[method-assign]
    spec = StrategySpec("own", "", OwnParams, lambda: Own, shares=lambda _: "")
    offered = {**registry.specs(), "own": spec}
    monkeypatch.setattr(registry, "specs", lambda: offered)


def raises(self: Any, price: float, ts_init: int) -> None:
    if self.which == 1 and self.seen == 50:
        raise ValueError("boom")


def stops(self: Any, price: float, ts_init: int) -> None:
    if self.which == 1 and self.seen == 50:
        self.shutdown_system("enough")


@pytest.mark.parametrize(("act", "warned"), [(raises, True), (stops, False)])
def test_a_strategy_that_ends_the_pass_leaves_all_to_themselves(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture, act: Any, warned: bool,
) -> None:  # fmt: skip
    """The first has an engine of its own at once, the others are not served; a failure is said."""
    offer(monkeypatch, act)
    requests = [make_request("own", 5, params={"which": which}) for which in (0, 1, 2)]
    first, second, third = together(requests, make_context)
    assert (second, third) == (None, None)
    assert first is not None
    assert figures(first[0]) == alone(requests[:1], make_context)[0]
    assert first[0].shared_runs == 1
    said = [one for one in caplog.records if one.name == "backend.sharing.shared_pass"]
    assert [one.levelname for one in said if one.levelno > logging.INFO] == ["WARNING"] * warned


def overdraws(self: Any, price: float, ts_init: int) -> None:
    if self.seen % 50 == 0:  # turns to and fro, at the cost of spread and commission
        self.order(1 + self.seen // 50 % 2, 5_000_000 if self.which else 1_000)


def waits(self: Any, price: float, ts_init: int) -> None:
    if self.which and self.seen == 50:
        order = self.order_factory.limit(
            self.instrument.id, 1, self.instrument.make_qty(1_000),
            self.instrument.make_price(price - 0.01),
        )  # fmt: skip
        self.submit_order(order)
    elif self.seen == 60:
        self.order(1)


def turns_by_an_order_that_reduces(self: Any, price: float, ts_init: int) -> None:
    if self.seen == 50:
        self.order(1, 1_000)
    elif self.seen == 60:
        self.order(2, 3_000, reduce_only=bool(self.which))


def opens_by_an_order_that_reduces(self: Any, price: float, ts_init: int) -> None:
    if self.seen in (50, 60):
        self.order(1, reduce_only=bool(self.which))


def too_many_at_once(self: Any, price: float, ts_init: int) -> None:
    if self.seen == 50:
        for _ in range(101 if self.which else 3):
            self.order(1)


@pytest.mark.parametrize(
    "act", [overdraws, waits, turns_by_an_order_that_reduces, opens_by_an_order_that_reduces]
)
def test_a_set_that_others_could_have_touched_runs_apart(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch, act: Any
) -> None:
    """It alone; the others are what they would be without it."""
    offer(monkeypatch, act)
    requests = [
        make_request("own", 10, params={"which": which}, starting_balances=["1000 USD"])
        for which in (0, 1, 0)
    ]
    first, second, third = together(requests, make_context)
    assert second is None
    wanted = alone(requests[:1], make_context)[0]
    for one in (first, third):
        assert one is not None
        assert figures(one[0]) == wanted
        assert one[0].shared_runs == 3
        assert one[0].orders > 0


def test_a_set_whose_orders_were_refused_for_those_of_others_runs_apart(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All strategies of an engine have one allowance of orders per second."""
    offer(monkeypatch, too_many_at_once)
    requests = [make_request("own", 10, params={"which": which}) for which in (0, 1, 0)]
    first, *others = together(requests, make_context)
    assert others == [None, None]
    assert first is not None
    assert figures(first[0]) == alone(requests[:1], make_context)[0]
    assert first[0].shared_runs == 3


def test_a_busy_pass_is_given_up(
    make_request: Requests, make_context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where orders cost more than ticks, engines of their own are faster."""
    monkeypatch.setattr(shared_pass, "FREE_ORDERS", 10)
    requests = [make_request("ema_cross", params=params) for params in SETS]
    first, *others = together(requests, make_context)
    assert others == [None, None]
    assert first is not None
    assert figures(first[0]) == alone(requests[:1], make_context)[0]


def test_a_window_that_is_streamed_is_not_shared(
    make_request: Requests, make_context: Contexts, settings: Settings
) -> None:
    """Its runs take long: each is a task of its own."""
    tight = settings.model_copy(update={"worker_memory_limit": 3_000 * 200 * 4})
    requests = [make_request("ema_cross", params=params) for params in SETS]
    first, *others = together(requests, lambda n, **f: make_context(n, settings=tight, **f))
    assert others == [None, None]
    assert first is not None
    assert figures(first[0]) == alone(requests[:1], make_context)[0]
