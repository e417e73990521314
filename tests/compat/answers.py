"""Puts questions to a platform and says, in sentences that name them, what is wrong."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from nautilus_instrumentation import attributes
from tests.compat import grafana
from tests.compat.asked import Question, Search, Values
from tests.compat.platform import Platform, Refused

Json = dict[str, Any]
Series = list[tuple[dict[str, str], list[float]]]

RUN = f'name = "{attributes.BACKTEST_RUN}"'
RUNS_LOOKED_AT = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """What is wrong with it (empty: nothing), and whether there was data."""

    problem: str
    has_data: bool


def answered(platform: Platform, question: Question) -> Answer:
    """The answer of Prometheus: it parses, has data, and its values are sound."""
    window = platform.window(question.span)
    text = question.text(window)
    try:
        series = _series(platform, question, text, window)
    except Refused as error:
        return Answer(f"{question.where}: {error}\n  {text}", False)
    has_data = any(math.isfinite(value) for _, values in series for value in values)
    problems = list(_unsound(question, series))
    if question.must_return and not has_data:
        problems.append("no data")
    if not problems:
        return Answer("", has_data)
    return Answer(f"{question.where}: {'; '.join(problems)}\n  {text}", has_data)


def _series(platform: Platform, question: Question, text: str, window: grafana.Window) -> Series:
    if question.instant:
        answer = platform.prometheus("query", query=text, time=f"{window.end:.3f}")
        if answer["resultType"] == "scalar":
            return [({}, [float(answer["result"][1])])]
        return [(each["metric"], [float(each["value"][1])]) for each in answer["result"]]
    step = question.step or window.step
    start, end = window.aligned(step)
    answer = platform.prometheus("query_range", query=text, start=start, end=end, step=step)
    return [
        (each["metric"], [float(value) for _, value in each["values"]]) for each in answer["result"]
    ]


def _unsound(question: Question, series: Series) -> Iterator[str]:
    """Values that no panel can draw, or that lie outside its axis."""
    low = -math.inf if question.low is None else question.low
    high = math.inf if question.high is None else question.high
    for labels, values in series:
        wrong = [value for value in values if _is_wrong(value, question.may_be_nan, low, high)]
        if wrong:
            yield f"{len(wrong)} of {len(values)} values of {labels} are like {wrong[0]}"


def _is_wrong(value: float, may_be_nan: bool, low: float, high: float) -> bool:
    if math.isnan(value):
        return not may_be_nan
    return math.isinf(value) or not low <= value <= high


def label_values(platform: Platform, values: Values) -> list[str]:
    """The values that a variable offers. Raises Refused."""
    window = platform.window(3600)
    found: list[str] = platform.prometheus(
        f"label/{values.label}/values",
        **{"match[]": values.series, "start": window.start, "end": window.end},
    )
    return found


def exemplars(platform: Platform, question: Question) -> list[str]:
    """Trace ids of the exemplars that a panel draws, newest first. Raises Refused."""
    window = platform.window(question.span)
    series = platform.prometheus(
        "query_exemplars", query=question.text(window), start=window.start, end=window.end
    )
    found = [one for each in series for one in each["exemplars"]]
    found.sort(key=lambda one: one["timestamp"], reverse=True)
    return [one["labels"]["trace_id"] for one in found]


# Traces ------------------------------------------------------------------------------------------


def searched(platform: Platform, search: Search) -> Answer:
    """The answer of the trace store: it parses and finds traces."""
    window = platform.window(search.span)
    try:
        traces = list(_found(platform, search, window))
    except Refused as error:
        return Answer(f"{search.where}: {error}\n  {search.query}", False)
    problem = "" if traces else f"{search.where}: no traces\n  {search.query}"
    return Answer(problem, bool(traces))


def missing(platform: Platform, search: Search) -> list[str]:
    """Attributes that a search selects and no span that it finds has. Raises Refused."""
    traces = list(_found(platform, search, platform.window(search.span)))
    return sorted(search.selected - set(_attributes(traces)))


def _found(platform: Platform, search: Search, window: grafana.Window) -> Iterator[Json]:
    """Traces of the search; of one about a run, for several that a person may have chosen."""
    queries = [search.query]
    if "$run_id" in search.query:
        chosen = runs(platform, window, search.selected)
        queries = [grafana.filled(search.query, {"run_id": run_id}) for run_id in sorted(chosen)]
    for query in queries:
        yield from platform.search(query, window, search.limit, search.spans_per_trace)


def runs(platform: Platform, window: grafana.Window, having: Iterable[str] = ()) -> dict[str, str]:
    """Run id → trace id of recent runs, failed runs, and runs that have each of the attributes.

    Raises Refused.
    """
    conditions = [RUN, f"{RUN} && status = error"]
    conditions += [f"{RUN} && span.{key} != nil" for key in sorted(having)]
    found = {}
    for condition in conditions:
        query = f"{{ {condition} }} | select(span.{attributes.RUN_ID})"
        for trace in platform.search(query, window, RUNS_LOOKED_AT, 1):
            for span in _spans([trace]):
                for attribute in span.get("attributes", ()):
                    if attribute["key"] == attributes.RUN_ID:
                        found[attribute["value"]["stringValue"]] = trace["traceID"].zfill(32)
    return found


def _spans(traces: Iterable[Json]) -> Iterator[Json]:
    for trace in traces:
        for spans in trace.get("spanSets") or ():
            yield from spans["spans"]


def _attributes(traces: Iterable[Json]) -> Iterator[str]:
    for span in _spans(traces):
        for attribute in span.get("attributes", ()):
            yield attribute["key"]
