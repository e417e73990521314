"""Scrapes as text."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.registry import MemoryCollector, build_registry
from nautilus_instrumentation.exposition.render import escape, number
from nautilus_instrumentation.labels import Caps, clean
from nautilus_instrumentation.metrics import Capped, Label, MetricSpec
from nautilus_instrumentation.testing import Recording

OPENMETRICS = "application/openmetrics-text"
HOSTILE = ['"', "\\", "\n", "a\\nb", 'x"} 1\n# EOF\n', "\r\0\x1b", "日本 🙂", "x" * 10_000, " ", ""]

ORDERS = metrics.ENGINE_ORDERS


def _text(recording: Recording, accept: str = "") -> str:
    return MemoryCollector(recording.store).scrape(accept).body.decode()


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_label_values_come_back_as_they_went_in(
    value: str, parsed: Callable[[str], Any]
) -> None:
    """In both formats; what cannot be kept was cleaned before."""
    recording = Recording()
    exemplar = {"run_id": value[:100]}
    recording.recorder.counter(ORDERS, value).inc(exemplar=exemplar)
    expected = {clean(value): 1.0}
    (sample,) = parsed(_text(recording, OPENMETRICS)).named(ORDERS.name)
    assert {sample.labels["strategy"]: sample.value} == expected
    assert sample.exemplar.labels == {"run_id": clean(value[:100]).replace('"', "'")}
    (family,) = [f for f in parse_text(_text(recording)) if f.name == ORDERS.family]
    assert {one.labels["strategy"]: one.value for one in family.samples} == expected


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_any_label_value_survives(text: str) -> None:
    """Whatever users call their strategies."""
    recording = Recording()
    recording.recorder.counter(ORDERS, text).inc()
    lines = [line for line in _text(recording).split("\n") if line.startswith(ORDERS.name)]
    assert lines == [f'{ORDERS.name}{{strategy="{escape(clean(text))}"}} 1.0']


def _busy() -> Recording:
    recording = Recording()
    for spec in metrics.HOST:
        labels = [
            "x" if isinstance(label.values, Capped) else label.values[0] for label in spec.labels
        ]
        child = getattr(recording.recorder, spec.kind)(spec, *labels)
        if spec.kind == "histogram":
            child.observe(0.3, {"trace_id": "a", "run_id": 'b"\n'} if spec.exemplars else None)
        else:
            child.inc(2.5)
    return recording


def _steady(text: str) -> list[str]:
    """Lines without the figures of the process, which change by themselves."""
    return sorted(line for line in text.splitlines() if not line.startswith("process_"))


def test_it_is_what_prometheus_client_would_write() -> None:
    """Its encoders, given the same families, yield the same lines in either format."""
    recording = _busy()
    registry = build_registry(recording.store)

    def same(ours: str, theirs: str) -> None:
        # They sort labels within a line; the order means nothing.
        def normal(line: str) -> list[str]:
            return sorted(line.replace("{", ",").replace("}", ",").split(","))

        assert sorted(map(normal, _steady(ours))) == sorted(map(normal, _steady(theirs)))

    same(_text(recording), generate_latest(registry).decode())
    same(_text(recording, OPENMETRICS), generate_openmetrics(registry).decode())


def test_each_family_has_one_head_in_both_formats(parsed: Callable[[str], Any]) -> None:
    """Counters are named with their suffix in the text format and without it in OpenMetrics."""
    recording = _busy()
    plain, openmetrics = _text(recording), _text(recording, OPENMETRICS)
    parsed(openmetrics)
    for spec in metrics.HOST:
        assert plain.count(f"# TYPE {spec.name} {spec.kind}\n") == 1
        assert openmetrics.count(f"# TYPE {spec.family} {spec.kind}\n") == 1
    assert openmetrics.endswith("# EOF\n")
    assert "# {" not in plain


def test_figures_of_the_process_are_shown_without_an_exporter(
    parsed: Callable[[str], Any],
) -> None:
    """A host with one process reports on itself."""
    collector = MemoryCollector(Recording().store, "worker", 3, memory_limit_bytes=2**31)
    seen = parsed(collector.scrape(OPENMETRICS).body.decode())
    place = {"role": "worker", "slot": "3"}
    assert seen.value(metrics.PROCESS_MEMORY.name, **place) > 1e6
    assert seen.value(metrics.PROCESS_CPU.name, **place) > 0
    assert seen.value(metrics.PROCESS_MEMORY_LIMIT.name, **place) == 2**31


def test_a_hosts_own_metric_is_shown(parsed: Callable[[str], Any]) -> None:
    """Users may record specs of their own with the same recorder."""
    spec = MetricSpec("counter", "shop", "", "orders", "", "Orders.", (Label("desk", Capped(3)),))
    recording = Recording()
    recording.recorder.counter(spec, "fx").inc(4)
    assert parsed(_text(recording, OPENMETRICS)).value(spec.name, desk="fx") == 4


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.1",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
        ("application/openmetrics-text;q=0", "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_the_format_is_what_the_client_accepts(accept: str, content_type: str) -> None:
    """Prometheus asks for OpenMetrics, a browser does not."""
    headers = dict(MemoryCollector(Recording().store).scrape(accept).headers)
    assert headers["Content-Type"] == content_type


@pytest.mark.parametrize(
    ("accept", "compressed"), [("gzip, deflate", True), ("br", False), ("gzip;q=0", False)]
)
def test_it_is_compressed_for_those_who_can_read_it(accept: str, compressed: bool) -> None:
    """And the length tells the bytes that are sent."""
    answer = MemoryCollector(Recording().store).scrape("", accept)
    headers = dict(answer.headers)
    assert (headers.get("Content-Encoding") == "gzip") == compressed
    assert int(headers["Content-Length"]) == len(answer.body)
    assert b"# HELP" in (gzip.decompress(answer.body) if compressed else answer.body)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.0"), (1e300, "1e+300"), (float("inf"), "+Inf"), (float("-inf"), "-Inf"),
     (float("nan"), "NaN")],
)  # fmt: skip
def test_values_are_written_as_prometheus_reads_them(value: float, text: str) -> None:
    """Also the ones without digits."""
    assert number(value) == text


def test_caps_of_the_recorder_are_not_applied_twice(parsed: Callable[[str], Any]) -> None:
    """A host that raised a cap sees all its values."""
    limit = Caps({"strategy": 100})
    recording = Recording(caps={"strategy": 100})
    for index in range(80):
        recording.recorder.counter(ORDERS, limit.admit(metrics.STRATEGY, f"s{index}")).inc()
    assert len(parsed(_text(recording, OPENMETRICS)).named(ORDERS.name)) == 80
