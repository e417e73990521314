"""What an objective calls bad: in words, and as a search of the trace store."""

from __future__ import annotations

from collections.abc import Callable

from alerts.objectives import Objective
from nautilus_instrumentation import attributes as keys
from nautilus_instrumentation import metrics as m

_HTTP_ROUTE, _HTTP_STATUS = "http.route", "http.response.status_code"


def traceql(objective: Objective) -> str:
    """Spans of the bad events. Raises KeyError for a metric that no search is known for."""
    return f"{{ {_SEARCH[objective.indicator.metric.name](objective)} }}"


def in_words(objective: Objective) -> str:
    """What bad events did, to follow their share."""
    if objective.threshold is None:
        return "failed"
    unit = objective.indicator.metric.unit
    if unit == "seconds":
        return f"took longer than {_seconds(objective.threshold)}"
    if unit == "bytes":
        return f"took more than {objective.threshold / 1e9:g} GB"
    return f"of the time a repeat took {objective.threshold:.0%} of the first or longer"


def _run(objective: Objective) -> str:
    window = _labels(objective)["window"]
    return _all(
        f'name = "{keys.BACKTEST_RUN}"', f'span.{keys.WINDOW} = "{window}"', _slow(objective)
    )


def _memory(objective: Objective) -> str:
    assert objective.threshold is not None
    return _all(
        f'name = "{keys.BACKTEST_RUN}"', f"span.{keys.PEAK_MEMORY} > {objective.threshold:.0f}"
    )


def _repeat(_: Objective) -> str:
    # A ratio has no span: these are the repeats, of which the slow ones take longest.
    return _all(f'name = "{keys.CONVERSION_FILE}"', f'span.{keys.CONVERSION_OUTCOME} = "cached"')


def _request(objective: Objective) -> str:
    routes = _labels(objective).get("http_route", "")
    if objective.threshold is None:
        found = [f'span.{_HTTP_ROUTE} = "{each}"' for each in routes.split("|")]
        return _all(f"({' || '.join(found)})", f"span.{_HTTP_STATUS} >= 500")
    if routes == "/api/health":
        # Probes make no spans: what held up the event loop does.
        return _all("kind = server", _slow(objective))
    return _all(f'span.{_HTTP_ROUTE} = "{routes}"', _slow(objective))


def _page(_: Objective) -> str:
    # Browsers send no spans: a page waits for the API's answers.
    return _all("kind = server", "duration > 200ms")


_SEARCH: dict[str, Callable[[Objective], str]] = {
    m.BACKTEST_DURATION.name: _run,
    m.ENGINE_PEAK_MEMORY.name: _memory,
    m.CONVERSION_REPEAT_RATIO.name: _repeat,
    m.HTTP_REQUEST_DURATION.name: _request,
    m.WEB_VITAL_SECONDS.name: _page,
}


def _labels(objective: Objective) -> dict[str, str]:
    return {label: "|".join(values) for label, values in objective.indicator.labels.items()}


def _slow(objective: Objective) -> str:
    assert objective.threshold is not None
    return f"duration > {objective.threshold * 1000:g}ms"


def _seconds(threshold: float) -> str:
    return f"{threshold:g} s" if threshold >= 1 else f"{threshold * 1000:g} ms"


def _all(*conditions: str) -> str:
    return " && ".join(conditions)
