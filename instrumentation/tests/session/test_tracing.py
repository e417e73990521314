"""Spans are made, made current, carried and failed; the host's exceptions pass unchanged."""

from __future__ import annotations

import time

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from nautilus_instrumentation.tracing import NULL_TRACING


def test_a_span_is_current_while_it_is_open(traced):
    """Inside the block the span is current, behind it the one from before."""
    before = trace.get_current_span()
    with traced.tracing.span("one") as span:
        assert trace.get_current_span() is span
    assert trace.get_current_span() is before


def test_a_started_span_is_not_current_and_ends_by_hand(traced):
    """`start` leaves the context alone; the caller ends the span."""
    before = trace.get_current_span()
    span = traced.tracing.start("one", {"n": 1})
    assert trace.get_current_span() is before
    assert traced.spans == []
    span.end()
    assert [ended.name for ended in traced.spans] == ["one"]


def test_an_exception_passes_as_the_same_object_and_is_recorded(traced):
    """The host's exception is raised on, and the span has its type, message and stack."""
    error = ValueError("broken")
    with pytest.raises(ValueError, match="broken") as caught, traced.tracing.span("one"):
        raise error
    assert caught.value is error
    span = traced.spans[0]
    event = span.events[0]
    assert (event.name, event.attributes["exception.type"]) == ("exception", "ValueError")
    assert event.attributes["exception.message"] == "broken"
    assert "raise error" in event.attributes["exception.stacktrace"]
    assert (span.status.status_code, span.status.description) == (
        StatusCode.ERROR,
        "ValueError: broken",
    )


def test_an_interruption_ends_the_span_with_an_error(traced):
    """KeyboardInterrupt is recorded too, and passes."""
    with pytest.raises(KeyboardInterrupt), traced.tracing.span("one"):
        raise KeyboardInterrupt
    assert traced.spans[0].status.status_code is StatusCode.ERROR


def test_a_generator_that_is_closed_early_has_not_failed(traced):
    """GeneratorExit ends the span without an error."""

    def numbers():
        with traced.tracing.span("one"):
            yield 1

    generator = numbers()
    next(generator)
    generator.close()
    assert traced.spans[0].status.status_code is StatusCode.UNSET


def test_an_exception_that_cannot_be_printed_still_ends_the_span(traced):
    """A failing __str__ is a telemetry error, and the host's exception passes."""

    class Hostile(Exception):
        def __str__(self):
            raise RuntimeError("no text")

    with pytest.raises(Hostile), traced.tracing.span("one"):
        raise Hostile
    assert [span.name for span in traced.spans] == ["one"]


def test_a_long_message_is_cut(traced):
    """An exception that prints a data frame does not fill the trace store."""
    with pytest.raises(ValueError, match="x"), traced.tracing.span("one"):
        raise ValueError("x" * 1_000_000)
    event = traced.spans[0].events[0]
    assert len(event.attributes["exception.message"]) == 4096
    assert len(event.attributes["exception.stacktrace"]) <= 16_384


def test_fail_records_what_another_process_reported(traced):
    """`fail` gives a span the event and the status of an exception raised elsewhere."""
    span = traced.tracing.start("one")
    traced.tracing.fail(span, "MemoryError", "worker was killed")
    span.end()
    assert traced.spans[0].events[0].attributes["exception.type"] == "MemoryError"
    assert traced.spans[0].status.description == "MemoryError: worker was killed"


def test_a_carrier_makes_a_span_the_child_of_another(traced):
    """A parent given as W3C headers is the parent, whatever is current."""
    parent = traced.tracing.start("parent")
    carrier = traced.tracing.carrier(parent)
    with traced.tracing.span("other"):
        traced.tracing.start("child", parent=carrier).end()
    child = traced.spans[0]
    assert child.parent.span_id == parent.get_span_context().span_id
    assert child.context.trace_id == parent.get_span_context().trace_id


def test_without_a_parent_the_current_span_is_the_parent(traced):
    """An empty carrier changes nothing."""
    with traced.tracing.span("parent") as parent:
        traced.tracing.start("child", parent={}).end()
    assert traced.spans[0].parent.span_id == parent.get_span_context().span_id


def test_an_attached_carrier_is_the_parent_of_what_follows(traced):
    """In another process, spans below `attached` belong to the sender's trace."""
    carrier = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    with traced.tracing.attached(carrier), traced.tracing.span("child"):
        assert traced.tracing.trace_id() == "a" * 32
    assert f"{traced.spans[0].parent.span_id:016x}" == "b" * 16
    assert traced.tracing.trace_id() == ""


@pytest.mark.parametrize("carrier", [{}, {"traceparent": "nonsense"}, {"traceparent": ""}])
def test_a_carrier_that_says_nothing_starts_a_new_trace(traced, carrier):
    """A broken header is ignored."""
    with traced.tracing.attached(carrier):
        traced.tracing.start("one").end()
    assert traced.spans[0].parent is None


def test_links_are_given_as_carriers(traced):
    """A span of its own trace names the spans it is linked to."""
    request = traced.tracing.start("request")
    traced.tracing.start(
        "run", links=[traced.tracing.carrier(request), {"traceparent": "nonsense"}]
    ).end()
    links = [link.context.span_id for link in traced.spans[0].links]
    assert links == [request.get_span_context().span_id]


def test_a_span_may_start_in_the_past_and_have_a_kind(traced):
    """Start time and kind are as given."""
    began = time.time_ns() - 5_000_000_000
    traced.tracing.start("one", kind=SpanKind.CONSUMER, start_time_ns=began).end()
    assert (traced.spans[0].start_time, traced.spans[0].kind) == (began, SpanKind.CONSUMER)


def test_the_exemplar_of_a_span_names_trace_span_and_run(traced):
    """An exemplar has at most 128 characters; a run id that is too long is left out."""
    with traced.tracing.span("one") as span:
        labels = traced.tracing.exemplar("run-1")
        longest = traced.tracing.exemplar("r" * 59)
        too_long = traced.tracing.exemplar("r" * 60)
    context = span.get_span_context()
    assert labels == {
        "trace_id": f"{context.trace_id:032x}",
        "span_id": f"{context.span_id:016x}",
        "run_id": "run-1",
    }
    assert sum(len(name) + len(value) for name, value in longest.items()) == 128
    assert "run_id" not in too_long
    assert traced.tracing.exemplar() is None


def test_a_broken_attribute_never_reaches_the_host(traced):
    """What the SDK cannot take is left to the guard, and the block runs."""
    ran = []
    with traced.tracing.span("one", links=[None]):
        ran.append(True)
    assert ran == [True]
    assert traced.errors["spans.start"] == 1


def test_the_null_twin_has_the_same_methods_and_makes_nothing():
    """Every call of the twin works and answers with nothing."""
    with NULL_TRACING.span("one", {"n": 1}) as span, NULL_TRACING.attached({}):
        assert not span.is_recording()
    NULL_TRACING.start("two").end()
    NULL_TRACING.fail(span, "Error", "message")
    NULL_TRACING.flush()
    assert NULL_TRACING.carrier() == {}
    assert NULL_TRACING.exemplar("run") is None
    assert NULL_TRACING.trace_id() == ""


def test_the_null_twin_lets_exceptions_pass():
    """The block's exception is the host's."""
    with pytest.raises(KeyError), NULL_TRACING.span("one"):
        raise KeyError


def test_a_span_of_another_program_is_sent_under_its_own_ids(traced):
    """A root that spans of this process were told of, and that its maker cannot send."""
    ids = ("a" * 32, "b" * 16)
    parent = {"traceparent": f"00-{ids[0]}-{ids[1]}-01"}
    traced.tracing.start("request", parent=parent).end()
    traced.tracing.relay(
        "click home", "console", *ids, start_time_ns=5, end_time_ns=9, attributes={"a": 1}
    )
    request, click = traced.spans
    assert (click.name, click.start_time, click.end_time) == ("click home", 5, 9)
    assert click.parent is None
    assert click.context.span_id == request.parent.span_id
    assert click.context.trace_id == request.context.trace_id
    assert click.resource.attributes == {"service.name": "console"}
    assert click.attributes == {"a": 1}


def test_a_span_of_another_program_without_ids_is_not_sent(traced):
    """Zeros are no ids."""
    ids = ("0" * 32, "b" * 16)
    traced.tracing.relay("click home", "console", *ids, start_time_ns=5, end_time_ns=9)
    NULL_TRACING.relay("click home", "console", *ids, start_time_ns=5, end_time_ns=9)
    assert (traced.spans, traced.errors.total()) == ([], 0)
