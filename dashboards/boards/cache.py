"""Cache: what it answers, and what that saves."""

from __future__ import annotations

from dashboards import queries as q
from dashboards.house import Board, board, label_variable, link
from dashboards.model import Panel
from dashboards.panels import GREEN, ORANGE, RED, above, below, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "The hit rate says how often a cache answers, the seconds saved what that is worth. A rate "
    "that falls while evictions rise means the cache is too small; without evictions, the work "
    "changed."
)

CHOSEN = {"cache": "$cache"}
ANSWERED = {"result": ("hit", "miss")}
BACKTESTS = [link("Backtest engine", "backtest")]


def dashboard() -> Board:
    return board(
        "cache",
        "Cache",
        READING,
        [
            ("Worth", _worth()),
            ("Hit rate", _rates()),
            ("Cost and size", _cost()),
        ],
        variables=[label_variable("cache", "Cache", m.CACHE_REQUESTS)],
    )


def _worth() -> list[Panel]:
    hits = {"result": "hit"}
    return [
        stat(
            "Overall hit rate", "Share of look-ups in the time range that a cache answered.",
            "percentunit",
            ("hit rate", q.share(
                m.CACHE_REQUESTS, of=hits, over=q.RANGE, **CHOSEN, **ANSWERED)),
            thresholds=below((0.5, ORANGE), (0.8, GREEN)), width=6, links=BACKTESTS,
        ),
        stat(
            "Seconds saved", "Loading that hits avoided in the time range.", "s",
            ("saved", q.increase(m.CACHE_SECONDS_SAVED, **CHOSEN)), width=6, links=BACKTESTS,
        ),
        stat(
            "Evictions", "Entries dropped in the time range to keep within limits.", "short",
            ("evictions", q.increase(m.CACHE_EVICTIONS, **CHOSEN)), width=6, links=BACKTESTS,
        ),
        stat(
            "Errors", "Look-ups in the time range that a cache could not answer for a fault of its "
            "own.", "short",
            ("errors", q.increase(m.CACHE_REQUESTS, result="error", **CHOSEN)),
            thresholds=above((1, RED)), width=6, links=[link("Incident", "incident")],
        ),
    ]  # fmt: skip


def _rates() -> list[Panel]:
    hits = {"result": "hit"}
    return [
        timeseries(
            "Hit rate by layer", "Share of look-ups that each cache answered, by where it keeps "
            "its entries.", "percentunit",
            ("{{cache}} in {{backend}}", q.share(
                m.CACHE_REQUESTS, "cache", "backend", of=hits, **CHOSEN, **ANSWERED)),
            high=1, links=BACKTESTS,
        ),
        timeseries(
            "Look-ups", "Look-ups per second by cache and result.", "ops",
            ("{{cache}} {{result}}", q.rate(m.CACHE_REQUESTS, "cache", "result", **CHOSEN)),
            stacked=True,
        ),
    ]  # fmt: skip


def _cost() -> list[Panel]:
    duration = m.CACHE_OPERATION_DURATION
    return [
        timeseries(
            "Saved per second", "Seconds of loading that hits avoid per second: above 1, the cache "
            "does more than one worker could.", "none",
            ("{{cache}}", q.rate(m.CACHE_SECONDS_SAVED, "cache", **CHOSEN)), stacked=True,
        ),
        timeseries(
            "Cost of a miss", "Mean time to load what a cache did not have.", "s",
            ("{{cache}}", q.mean(duration, "cache", operation="load", **CHOSEN)),
        ),
        timeseries(
            "Own operations", "Duration that 95 % of the caches' own operations stay below.", "s",
            ("{{cache}} {{operation}} in {{backend}}", q.quantile(
                0.95, duration, "cache", "operation", "backend", operation=("get", "set"),
                **CHOSEN)),
        ),
        timeseries(
            "Evicted", "Entries dropped per second to keep within limits.", "ops",
            ("{{cache}} in {{backend}}", q.rate(m.CACHE_EVICTIONS, "cache", "backend", **CHOSEN)),
            links=BACKTESTS,
        ),
        timeseries(
            "Entries", "Entries that each cache holds.", "short",
            ("{{cache}} in {{backend}}", q.value(m.CACHE_ENTRIES, "cache", "backend", **CHOSEN)),
            width=24, links=BACKTESTS,
        ),
    ]  # fmt: skip
