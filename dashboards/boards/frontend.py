"""Frontend: what the console feels like in the browsers of those who use it."""

from __future__ import annotations

from alerts.objectives import objectives
from dashboards import queries as q
from dashboards.house import Board, board, label_variable, link
from dashboards.model import Panel
from dashboards.panels import ORANGE, RED, above, heatmap, stat, timeseries
from nautilus_instrumentation import metrics as m

READING = (
    "Real page views, reported by browsers. The dashed lines are our objectives, or what web.dev "
    "calls good; a slow first byte points at the API, a late interaction at the page."
)

API = [link("API", "api")]
CHOSEN = {"page": "$page"}


def dashboard() -> Board:
    names = ("page_load", "time_to_interactive", "interaction")
    return board(
        "frontend",
        "Frontend",
        READING,
        [
            ("Promises", [_promise(name) for name in names]),
            ("Web vitals", _vitals()),
            ("Bundle", _bundle()),
        ],
        variables=[label_variable("page", "Page", m.WEB_VITAL_SECONDS)],
    )


def _promise(name: str) -> Panel:
    objective = objectives()[name]
    assert objective.threshold is not None
    labels = {**objective.indicator.labels, **CHOSEN}
    return timeseries(
        objective.title,
        f"{objective.target:%} should stay below {objective.threshold:g} s.",
        "s",
        ("95 %", q.quantile(0.95, objective.indicator.metric, **labels)),
        ("median", q.quantile(0.5, objective.indicator.metric, **labels)),
        thresholds=above((objective.threshold, RED)),
        links=API,
        width=8,
    )


def _vitals() -> list[Panel]:
    # https://web.dev/articles/vitals: good up to the first bound, poor above the second.
    vitals = [
        ("LCP", "Largest paint: when the main content is there.", 2.5, 4.0),
        ("FCP", "First paint: when something is there.", 1.8, 3.0),
        ("TTFB", "First byte: when the server has answered.", 0.8, 1.8),
    ]
    panels = [
        timeseries(
            vital, f"{meaning} The value that 75 % of page views stay below, by page.", "s",
            ("{{page}}", q.quantile(0.75, m.WEB_VITAL_SECONDS, "page", vital=vital, **CHOSEN)),
            thresholds=above((good, ORANGE), (poor, RED)), links=API, width=8,
        )
        for vital, meaning, good, poor in vitals
    ]  # fmt: skip
    return [
        *panels,
        timeseries(
            "CLS", "Layout shift: how much the page jumps. The value that 75 % of page views stay "
            "below, by page.", "none",
            ("{{page}}", q.quantile(0.75, m.WEB_VITAL_SCORE, "page", vital="CLS", **CHOSEN)),
            thresholds=above((0.1, ORANGE), (0.25, RED)),
        ),
        heatmap(
            "Page loads", "Page views by load time.", "s",
            q.heat(m.WEB_VITAL_SECONDS, vital="LOAD", **CHOSEN),
        ),
    ]  # fmt: skip


def _bundle() -> list[Panel]:
    return [
        stat(
            "Bundle", "Compressed size of the console's code: what the first page needs, and all.",
            "bytes", ("{{part}}", q.value(m.WEB_BUNDLE, "part", how="max")), width=12,
        ),
        stat(
            "Page views", "Page views in the time range that reported their load time.", "short",
            ("views", q.increase(m.WEB_VITAL_SECONDS, vital="LOAD", **CHOSEN)), width=12,
        ),
    ]  # fmt: skip
