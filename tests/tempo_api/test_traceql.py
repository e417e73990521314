"""TraceQL: which spans of the story each query selects."""

from __future__ import annotations

from typing import Any

import pytest

S = 'span.suite = "SUITE"'

GOOD = {"POST /run", "job queue", "backtest run", "catalog query", "engine run"}

CASES: list[tuple[str, dict[str, set[str]]]] = [
    # Intrinsics
    (f'{{ {S} && name = "engine run" }}', {"good": {"engine run"}, "bad": {"engine run"}}),
    (f"{{ {S} && duration > 10s }}", {"lone": {"GET /slow"}}),
    (
        f"{{ {S} && duration >= 2250ms && duration < 3s }}",
        {"good": {"backtest run"}, "bad": {"backtest run"}},
    ),
    (f"{{ {S} && status = error }}", {"bad": {"backtest run", "engine run"}}),
    (
        f"{{ {S} && status != error && name = `backtest run` }}",
        {"good": {"backtest run"}},
    ),
    (f'{{ {S} && statusMessage = "no ticks" }}', {"bad": {"engine run"}}),
    (
        f"{{ {S} && kind = server }}",
        {"good": {"POST /run"}, "bad": {"POST /run"}, "lone": {"GET /slow"}},
    ),
    (f'{{ {S} && rootName = "GET /slow" }}', {"lone": {"GET /slow"}}),
    (
        f'{{ {S} && rootServiceName =~ "api-.*" && duration > 2900ms }}',
        {"good": {"POST /run"}, "bad": {"POST /run"}, "lone": {"GET /slow"}},
    ),
    (f"{{ {S} && traceDuration > 10s }}", {"lone": {"GET /slow"}}),
    (f"{{ {S} && trace:duration > 10s && span:kind = server }}", {"lone": {"GET /slow"}}),
    # Attributes, their scopes and types
    (f'{{ {S} && span.strategy = "ema_cross" }}', {"good": {"backtest run"}}),
    (f'{{ {S} && span.strategy != "ema_cross" }}', {"bad": {"backtest run"}}),
    (f'{{ {S} && .strategy =~ "market.*" }}', {"bad": {"backtest run"}}),
    (f'{{ {S} && span.strategy =~ "market" }}', {}),
    (f'{{ {S} && span.strategy !~ "market.*" }}', {"good": {"backtest run"}}),
    (f"{{ {S} && span.points = 1000 }}", {"good": {"backtest run"}}),
    (
        f"{{ {S} && span.points > 5 && span.points <= 10 }}",
        {"good": {"catalog query"}, "bad": {"backtest run", "catalog query"}},
    ),
    (f"{{ {S} && span.ratio < 0.6 && span.cached = true }}", {"good": {"backtest run"}}),
    (f"{{ {S} && span.cached = false }}", {"bad": {"backtest run"}}),
    (f'{{ {S} && span.tags = "bad" }}', {"bad": {"backtest run"}}),
    (f"{{ {S} && span.http.status_code = 200 }}", {"lone": {"GET /slow"}}),
    (
        f"{{ {S} && span.strategy != nil }}",
        {"good": {"backtest run"}, "bad": {"backtest run"}},
    ),
    (
        f'{{ {S} && resource.service.name = "worker-SUITE" && status = error }}',
        {"bad": {"backtest run", "engine run"}},
    ),
    (
        f'{{ {S} && .deployment = "test" && duration > 10s }}',
        {"lone": {"GET /slow"}},
    ),
    (f'{{ {S} && span."strategy" = "ema_cross" }}', {"good": {"backtest run"}}),
    # Conditions together
    (
        f'{{ {S} && (name = "job queue" || duration > 10s) }}',
        {"good": {"job queue"}, "bad": {"job queue"}, "lone": {"GET /slow"}},
    ),
    (
        # && and || bind alike, from the left.
        f'{{ name = "GET /slow" || name = "job queue" && {S} }}',
        {"good": {"job queue"}, "bad": {"job queue"}, "lone": {"GET /slow"}},
    ),
    (f"{{ {S} && duration > 2 * 5s }}", {"lone": {"GET /slow"}}),
    # Spansets together
    (
        f'{{ {S} && status = error }} && {{ {S} && name = "POST /run" }}',
        {"bad": {"backtest run", "engine run", "POST /run"}},
    ),
    (
        f"{{ {S} && duration > 10s }} || {{ {S} && status = error }}",
        {"lone": {"GET /slow"}, "bad": {"backtest run", "engine run"}},
    ),
    (
        f"{{ {S} && kind = server }} >> {{ {S} && status = error }}",
        {"bad": {"backtest run", "engine run"}},
    ),
    (f"{{ {S} && status = error }} >> {{ {S} && status = error }}", {"bad": {"engine run"}}),
    (
        f'{{ {S} && name = "backtest run" }} > {{ {S} }}',
        {"good": {"catalog query", "engine run"}, "bad": {"catalog query", "engine run"}},
    ),
    (f"{{ {S} && kind = server }} > {{ {S} && status = error }}", {}),
    (
        f'{{ {S} && kind = server }} > {{ {S} && name = "job queue" }} '
        f">> {{ {S} && status = error }}",
        {"bad": {"backtest run", "engine run"}},
    ),
    # Pipelines
    (f"{{ {S} }} | count() > 1", {"good": GOOD, "bad": GOOD}),
    (f"{{ {S} }} | count() = 1", {"lone": {"GET /slow"}}),
    (f"{{ {S} && status = error }} | count() >= 2", {"bad": {"backtest run", "engine run"}}),
    (f"{{ {S} }} | avg(duration) > 10s", {"lone": {"GET /slow"}}),
    (f"{{ {S} && name =~ `.* run` }} | avg(duration) < 2s | min(duration) > 1400ms",
     {"good": {"backtest run", "engine run"}, "bad": {"backtest run", "engine run"}}),
    (f"{{ {S} }} | max(span.points) > 500", {"good": GOOD}),
    (f"{{ {S} }} | sum(span.points) = 17", {"bad": GOOD}),
    (f"{{ {S} }} | {{ status = error }} | count() = 2", {"bad": {"backtest run", "engine run"}}),
    (f'{{ {S} && name = "GET /slow" }} | select(span.suite)', {"lone": {"GET /slow"}}),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), CASES, ids=[query for query, _ in CASES])
def test_a_query_selects_these_spans(
    tempo: Any, story: Any, query: str, expected: dict[str, set[str]]
) -> None:
    """Exactly the expected spans of the expected traces match."""
    names = {(label, span.span_id.hex()): name for (label, name), span in story.spans.items()}
    answer = tempo.get(
        "/api/search", q=query.replace("SUITE", story.suite), limit=50, spss=50, **story.window
    )
    assert answer.status_code == 200, answer.text
    selected = {}
    for trace in answer.json().get("traces") or []:
        label = story.label(trace["traceID"])
        selected[label] = {
            names[label, span["spanID"].zfill(16)]
            for spans in trace["spanSets"]
            for span in spans["spans"]
        }
    assert selected == expected
