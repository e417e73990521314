"""Searches: their parameters, and the shape of what they answer."""

from __future__ import annotations

from typing import Any

import pytest


def found(tempo: Any, story: Any, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """The traces that a query finds in the story."""
    given = {"limit": 50, **story.window, **parameters}
    answer = tempo.get("/api/search", q=query, **given)
    assert answer.status_code == 200, answer.text
    return answer.json().get("traces") or []


def test_a_trace_is_summed_up(tempo: Any, story: Any) -> None:
    """Root, start and duration, and the spans that matched."""
    query = f'{{ span.suite = "{story.suite}" && span.strategy = "ema_cross" }}'
    (trace,) = found(tempo, story, query)
    assert story.label(trace["traceID"]) == "good"
    assert trace["rootServiceName"] == f"api-{story.suite}"
    assert trace["rootTraceName"] == "POST /run"
    assert trace["startTimeUnixNano"] == str(story.spans["good", "POST /run"].start_time_unix_nano)
    assert trace["durationMs"] == 3000
    (spans,) = trace["spanSets"]
    assert spans["matched"] == 1
    (span,) = spans["spans"]
    sent = story.spans["good", "backtest run"]
    assert span["spanID"] == sent.span_id.hex()
    assert span["startTimeUnixNano"] == str(sent.start_time_unix_nano)
    assert span["durationNanos"] == str(sent.end_time_unix_nano - sent.start_time_unix_nano)


def test_selected_fields_come_with_the_spans(tempo: Any, story: Any) -> None:
    """select() adds attributes and intrinsics of each span, with their types."""
    query = (
        f'{{ span.suite = "{story.suite}" && span.strategy = "market_maker" }} '
        "| select(span.points, span.ratio, span.cached, resource.deployment, status)"
    )
    (trace,) = found(tempo, story, query)
    (span,) = trace["spanSets"][0]["spans"]
    values = {item["key"]: item["value"] for item in span["attributes"]}
    assert values["points"] == {"intValue": "10"}
    assert values["ratio"] == {"doubleValue": 0.5}
    assert values["cached"] == {"boolValue": False}
    assert values["deployment"] == {"stringValue": "test"}
    assert values["status"] == {"stringValue": "error"}


def test_limit_bounds_traces(tempo: Any, story: Any) -> None:
    """At most so many traces are answered."""
    query = f'{{ span.suite = "{story.suite}" }}'
    assert len(found(tempo, story, query, limit=2)) == 2
    assert len(found(tempo, story, query)) == 3


def test_spss_bounds_spans_but_not_the_count(tempo: Any, story: Any) -> None:
    """`matched` tells how many spans there were; three are shown by default."""
    query = f'{{ span.suite = "{story.suite}" && rootName = "POST /run" && status = unset }}'
    for parameters, shown in (({}, 3), ({"spss": 1}, 1), ({"spss": 10}, 5)):
        traces = found(tempo, story, query, **parameters)
        good = next(t for t in traces if story.label(t["traceID"]) == "good")
        assert good["spanSets"][0]["matched"] == 5
        assert len(good["spanSets"][0]["spans"]) == shown


def test_times_bound_what_is_found(tempo: Any, story: Any) -> None:
    """Traces of another hour are not found."""
    query = f'{{ span.suite = "{story.suite}" }}'
    start = story.window["start"]
    assert found(tempo, story, query, start=start - 7200, end=start - 3600) == []


def test_nothing_found_is_an_empty_answer(tempo: Any, story: Any) -> None:
    """200 without traces."""
    assert found(tempo, story, '{ span.suite = "nobody" }') == []


def test_tags_and_durations_are_the_older_way_to_ask(tempo: Any, story: Any) -> None:
    """logfmt of attributes, and bounds of the trace's duration."""
    parameters = {"tags": f"suite={story.suite}", "limit": 50, **story.window}
    longer = tempo.get("/api/search", **parameters, minDuration="5s").json()["traces"]
    shorter = tempo.get("/api/search", **parameters, maxDuration="5s").json()["traces"]
    assert {story.label(trace["traceID"]) for trace in longer} == {"lone"}
    assert {story.label(trace["traceID"]) for trace in shorter} == {"good", "bad"}


@pytest.mark.parametrize(
    "parameters",
    [
        {"q": "{ span.a = }"}, {"q": "{"}, {"q": "{ name ="}, {"q": "{} && "},
        {"q": '{ span.a =~ "[" }'}, {"q": "{}", "limit": "many"}, {"q": "{}", "start": "now"},
        {"q": "{}", "spss": "x"}, {"q": "{}", "start": 200, "end": 100},
    ],
)  # fmt: skip
def test_a_wrong_search_is_a_bad_request(tempo: Any, parameters: dict[str, Any]) -> None:
    """The status says so, and the text says what is wrong."""
    answer = tempo.get("/api/search", **parameters)
    assert answer.status_code == 400
    assert answer.text
