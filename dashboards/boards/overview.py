"""Overview: are the objectives met, and if not, where to look."""

from __future__ import annotations

from alerts.objectives import Objective, objectives, plain
from dashboards import queries as q
from dashboards.house import PEOPLE, Board, board, link
from dashboards.model import Json, Panel
from dashboards.panels import GREEN, ORANGE, RED, above, below, stat, timeseries
from nautilus_instrumentation import metrics as m
from promql.foreign import foreign

READING = (
    "Read the first row from left to right: what share of its events each objective served well "
    "within its window, whatever the time range above. Green meets the objective, red missed it; a "
    "click opens the board that shows why."
)


def dashboard() -> Board:
    found = list(objectives().values())
    return board(
        "overview",
        "Overview",
        READING,
        [
            ("Objectives", [_served(each) for each in found]),
            ("Error budgets", [_budgets(found), _burn(found)]),
            ("What is wrong now", _now()),
            ("Work", _work()),
        ],
    )


def _links(objective: Objective) -> list[Json]:
    topic = objective.board
    return [link(f"Why: board {topic}", topic, **objective.board_variables)]


def _served(objective: Objective) -> Panel:
    target = float(objective.target)
    return stat(
        objective.title,
        f"Share of good events in the last {objective.window}; the objective is "
        f"{plain(objective.target * 100)} %. {objective.protects}",
        "percentunit",
        (objective.title, q.good_share(objective)),
        thresholds=below((target, GREEN)),
        links=_links(objective),
    )


def _budgets(found: list[Objective]) -> Panel:
    return stat(
        "Error budget left",
        "What is left of each objective's error budget within its window: 100 % is untouched, 0 is "
        "spent, below 0 the objective is missed.",
        "percentunit",
        *((each.title, q.budget_left(each)) for each in found),
        thresholds=below((0, ORANGE), (0.5, GREEN)),
        links=[link("What is wrong", "incident")],
        width=12,
        rows=10,
    )


def _burn(found: list[Objective]) -> Panel:
    return timeseries(
        "Burn rate",
        "How many times faster than allowed each error budget was spent in the last hour: at 1 it "
        "lasts for the objective's whole window, at 14.4 a 30-day budget lasts two days.",
        "none",
        *((each.title, q.burn_rate(each)) for each in found),
        thresholds=above((1, ORANGE), (14.4, RED)),
        links=[link("What is wrong", "incident")],
        rows=10,
    )


def _now() -> list[Panel]:
    alerts = foreign("ALERTS")
    return [
        stat(
            "Firing alerts", "Alerts that fire now, the Watchdog left out.", "none",
            ("alerts", q.or_zero(q.value(alerts, how="count", **PEOPLE))),
            thresholds=above((1, RED)), links=[link("Board incident", "incident")],
        ),
        stat(
            "Targets down", "Scrape targets that Prometheus cannot reach.", "none",
            ("targets", q.or_zero(q.count_below(foreign("up"), 1))),
            thresholds=above((1, RED)), links=[link("Board stack health", "stack")],
        ),
        stat(
            "Failed runs", "Runs in the time range that ended in anything but success or a "
            "cancellation.", "short",
            ("runs", q.or_zero(
                q.increase(m.BACKTEST_RUNS, status=("error", "timeout", "killed")))),
            thresholds=above((1, ORANGE)), links=[link("Board backtest engine", "backtest")],
        ),
        stat(
            "Jobs waiting", "Jobs that wait for a worker.", "short",
            ("jobs", q.value(m.JOB_QUEUE_DEPTH)), thresholds=above((10, ORANGE), (50, RED)),
            links=[link("Board runtime", "runtime")],
        ),
        stat(
            "Server errors", "Share of API requests answered with 5xx in the time range.",
            "percentunit",
            ("5xx", q.share_or_zero(
                m.HTTP_REQUEST_DURATION, over=q.RANGE, of={"http_response_status_code": "~5.."})),
            thresholds=above((0.001, ORANGE), (0.01, RED)), links=[link("Board API", "api")],
        ),
        stat(
            "Telemetry errors", "Errors inside the instrumentation in the time range; the platform "
            "ran on with less telemetry.", "short",
            ("errors", q.or_zero(q.increase(m.TELEMETRY_ERRORS))), thresholds=above((1, ORANGE)),
            links=[link("Board stack health", "stack")],
        ),
    ]  # fmt: skip


def _work() -> list[Panel]:
    return [
        timeseries(
            "Runs", "Backtest runs that ended per second, by outcome.", "ops",
            ("{{status}}", q.rate(m.BACKTEST_RUNS, "status")), stacked=True,
            links=[link("Board backtest engine", "backtest")],
        ),
        timeseries(
            "Cache hit rate", "Share of look-ups that a cache answered, all layers together.",
            "percentunit",
            ("hit rate", q.share(
                m.CACHE_REQUESTS, of={"result": "hit"}, result=("hit", "miss"))),
            high=1, links=[link("Board cache", "cache")],
        ),
        timeseries(
            "Memory", "Resident memory by process.", "bytes",
            ("{{role}} {{slot}}", q.value(m.PROCESS_MEMORY, "role", "slot")),
            links=[link("Board runtime", "runtime")],
        ),
        timeseries(
            "Garbage collections", "Collections per second by generation, all processes.", "ops",
            ("generation {{generation}}", q.rate(m.GC_COLLECTIONS, "generation")),
            links=[link("Board runtime", "runtime")],
        ),
    ]  # fmt: skip
