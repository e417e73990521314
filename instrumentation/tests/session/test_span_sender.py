"""Spans leave in batches; an endpoint that is away costs counted drops and nothing else."""

from __future__ import annotations

import logging
import os
import socket

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from nautilus_instrumentation import span_sender
from nautilus_instrumentation.guard import Guard

SOON, LONG = 20, 60
"""Seconds: what is bounded ends in far less than SOON, what waits takes LONG."""


@pytest.fixture(autouse=True)
def patient_close(monkeypatch):
    """Close waits for what a test wants delivered, however slow the machine is."""
    monkeypatch.setattr(span_sender, "CLOSE_SECONDS", LONG)


def _attributes(pairs):
    return {pair.key: getattr(pair.value, pair.value.WhichOneof("value")) for pair in pairs}


@pytest.fixture
def dead_endpoint(monkeypatch):
    """An endpoint on a port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv(
            "OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{probe.getsockname()[1]}"
        )
        yield


def test_spans_arrive_with_names_attributes_and_parents(start, receiver):
    """A span and its child reach the receiver as they were made."""
    traced = start()
    with (
        traced.tracing.span("outer", {"nautilus.run_id": "r1", "n": 3}),
        traced.tracing.span("inner"),
    ):
        pass
    traced.tracing.flush()
    spans = {span.name: span for span in receiver.spans}
    assert set(spans) == {"outer", "inner"}
    assert _attributes(spans["outer"].attributes) == {"nautilus.run_id": "r1", "n": 3}
    assert spans["inner"].parent_span_id == spans["outer"].span_id
    assert receiver.paths == {"/v1/traces"}


def test_the_resource_names_the_service(start, receiver, monkeypatch):
    """The resource follows OpenTelemetry's names and takes OTEL_RESOURCE_ATTRIBUTES in."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
    traced = start(service_name="lab", service_version="1.2", role="worker", slot=3)
    traced.tracing.start("one").end()
    traced.tracing.flush()
    resource = _attributes(receiver.resource_spans[0].resource.attributes)
    assert len(resource.pop("service.instance.id")) == 36
    expected = {
        "service.name": "lab",
        "service.version": "1.2",
        "nautilus.role": "worker",
        "nautilus.slot": "3",
        "deployment.environment.name": "test",
        "telemetry.sdk.language": "python",
    }
    assert expected.items() <= resource.items()


def test_the_service_name_may_come_from_resource_attributes(start, receiver, monkeypatch):
    """service.name in OTEL_RESOURCE_ATTRIBUTES holds where no setting names the service."""
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=from-attributes")
    traced = start()
    traced.tracing.start("one").end()
    traced.tracing.flush()
    resource = _attributes(receiver.resource_spans[0].resource.attributes)
    assert resource["service.name"] == "from-attributes"


def test_spans_leave_without_a_flush(start, receiver, wait_until):
    """A single span is sent soon after it ended."""
    start().tracing.start("one").end()
    wait_until(lambda: receiver.spans)


def test_a_burst_of_20000_spans_is_not_dropped(start, receiver):
    """The queue holds a burst, and each span is counted as exported exactly once."""
    traced = start()
    for _ in range(20_000):
        traced.tracing.start("one").end()
    traced.close()
    assert (traced.counted("exported"), traced.counted("dropped")) == (20_000, 0)
    assert len(receiver.spans) == 20_000


def test_spans_that_do_not_fit_are_dropped_and_counted(start, receiver):
    """Beyond the queue spans are dropped; exported and dropped add up to the spans that ended."""
    receiver.hang = True
    traced = start(span_queue=512, span_request_seconds=20)
    for _ in range(3000):
        traced.tracing.start("one").end()
    dropped_while_hanging = traced.counted("dropped")
    receiver.hang = False
    receiver.released.set()
    traced.close()
    assert dropped_while_hanging >= 3000 - 2 * 512
    assert traced.counted("exported") == len(receiver.spans)
    assert traced.counted("exported") + traced.counted("dropped") == 3000


def test_a_dead_endpoint_costs_counted_drops(start, dead_endpoint, within):
    """With nothing listening, flush and close are bounded and every span counts as dropped."""
    traced = start()
    for _ in range(2000):
        traced.tracing.start("one").end()
    with within(SOON):
        traced.tracing.flush(LONG)
        traced.close()
    assert (traced.counted("exported"), traced.counted("dropped")) == (0, 2000)
    assert not traced.errors


def test_a_flush_returns_at_once_while_the_endpoint_is_known_to_be_away(
    start, receiver, within, wait_until, monkeypatch
):
    """After a failed attempt a job's flush does not wait for the next one."""
    for pause in ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"):
        monkeypatch.setattr(span_sender, pause, LONG)
    receiver.status = 500
    traced = start()
    traced.tracing.start("one").end()
    wait_until(lambda: receiver.requests)
    traced.tracing.start("two").end()
    with within(SOON):
        traced.tracing.flush(LONG)
    assert receiver.requests == 1


def test_a_hanging_endpoint_does_not_hold_up_close(start, receiver, within, monkeypatch):
    """Close gives up on an endpoint that takes the request and never answers."""
    monkeypatch.setattr(span_sender, "CLOSE_SECONDS", 1.0)
    receiver.hang = True
    traced = start(span_request_seconds=LONG)
    for _ in range(600):
        traced.tracing.start("one").end()
    with within(SOON):
        traced.close()
    assert (traced.counted("exported"), traced.counted("dropped")) == (0, 600)


def test_flush_is_bounded_when_the_endpoint_hangs(start, receiver, within):
    """Flush returns after its timeout."""
    receiver.hang = True
    traced = start(span_request_seconds=LONG)
    traced.tracing.start("one").end()
    with within(SOON):
        traced.tracing.flush(0.2)


@pytest.mark.parametrize("status", [400, 500, 503])
def test_an_endpoint_that_answers_with_an_error(start, receiver, within, status):
    """Refused batches count as dropped."""
    receiver.status = status
    traced = start()
    traced.tracing.start("one").end()
    with within(SOON):
        traced.tracing.flush(LONG)
        traced.close()
    assert (traced.counted("exported"), traced.counted("dropped")) == (0, 1)


def test_spans_leave_again_when_the_endpoint_comes_back(start, receiver, wait_until, quick_pauses):
    """A batch is given up after a few attempts; later spans are sent after the outage."""
    receiver.status = 500
    traced = start()
    traced.tracing.start("lost").end()
    wait_until(lambda: traced.counted("dropped"))
    receiver.status = 200
    traced.tracing.start("kept").end()
    wait_until(lambda: traced.counted("exported"))
    assert [span.name for span in receiver.spans] == ["kept"]


def test_a_short_outage_loses_nothing(start, receiver, wait_until, quick_pauses, monkeypatch):
    """The batch that met the outage is sent when the endpoint is back."""
    # The few attempts of a batch would be over before this thread ends the outage.
    monkeypatch.setattr(span_sender, "ATTEMPTS", 10**9)
    receiver.status = 503
    traced = start()
    traced.tracing.start("one").end()
    wait_until(lambda: receiver.requests)
    receiver.status = 200
    wait_until(lambda: receiver.spans)
    traced.close()
    assert (traced.counted("exported"), traced.counted("dropped")) == (1, 0)


class Away(SpanExporter):
    """Fails for a number of attempts."""

    def __init__(self, failures):
        self.left = failures

    def export(self, spans):
        self.left -= 1
        return SpanExportResult.SUCCESS if self.left < 0 else SpanExportResult.FAILURE


def test_an_outage_of_a_night_ends_too(wait_until, monkeypatch):
    """Pauses stop growing long before a number gets too large."""
    for pause in ("FIRST_PAUSE_SECONDS", "LONGEST_PAUSE_SECONDS"):
        monkeypatch.setattr(span_sender, pause, 0.0)
    monkeypatch.setattr(span_sender, "ATTEMPTS", 10**9)
    exported, dropped = [], []
    sender = span_sender.SpanSender(
        lambda: Away(2000), exported=exported.append, dropped=dropped.append, guard=Guard(),
        queue_size=8, batch_size=1,
    )  # fmt: skip
    sender.on_end(ReadableSpan("one"))
    wait_until(lambda: exported)
    sender.shutdown()
    assert (exported, dropped) == ([1], [])


def test_an_outage_is_logged_once(start, receiver, wait_until, caplog, quick_pauses):
    """Two failed batches make one line that says why, and the exporter's own lines are held."""
    receiver.status = 500
    traced = start()
    with caplog.at_level(logging.WARNING):
        for failures in (1, 2):
            traced.tracing.start("one").end()
            wait_until(lambda expected=failures: traced.counted("dropped") == expected)
    assert len(caplog.records) == 1
    assert "500" in caplog.records[0].getMessage()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_child_of_a_fork_sends_its_own_spans_and_not_its_parents(start, receiver):
    """Spans that wait at a fork are sent once, by the parent."""
    traced = start()
    traced.tracing.start("before").end()
    child = os.fork()
    if child == 0:
        traced.tracing.start("child").end()
        traced.tracing.flush()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    traced.tracing.flush()
    assert sorted(span.name for span in receiver.spans) == ["before", "child"]


def test_none_as_exporter_makes_spans_and_sends_nothing(start, receiver, monkeypatch):
    """OTEL_TRACES_EXPORTER=none keeps trace ids and sends nothing."""
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "none")
    traced = start()
    with traced.tracing.span("one"):
        assert len(traced.tracing.trace_id()) == 32
    traced.tracing.flush()
    traced.close()
    assert receiver.requests == 0


def test_sampling_follows_the_standard_variable(start, receiver, monkeypatch):
    """OTEL_TRACES_SAMPLER=always_off makes no spans, and so counts none."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    traced = start()
    with traced.tracing.span("one"):
        assert traced.tracing.exemplar() is None
    traced.close()
    assert (receiver.requests, traced.counted("exported"), traced.counted("dropped")) == (0, 0, 0)
