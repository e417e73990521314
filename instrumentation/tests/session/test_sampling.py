"""Failures and what is asked for are sent though the head turned their traces down."""

from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import DEFAULT_ON, TraceIdRatioBased

from nautilus_instrumentation.sampling import Keeper, recording

UNSAMPLED = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}


@pytest.fixture
def ratio_zero(monkeypatch):
    """The head turns every trace down."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0")


@pytest.fixture
def sampled_out(ratio_zero, request):
    """Tracing with spans in memory under such a head."""
    return request.getfixturevalue("traced")


def names(traced) -> list[str]:
    return [span.name for span in traced.spans]


def says_sampled(tracing) -> bool:
    """The flag that other processes are told; a second one says that the id is random."""
    return int(tracing.carrier()["traceparent"][-2:], 16) % 2 == 1


def test_an_uneventful_trace_is_forgotten(sampled_out):
    """Nothing is sent, and nothing counts as lost."""
    tracing = sampled_out.tracing
    with tracing.span("outer") as outer, tracing.span("inner"):
        assert len(tracing.trace_id()) == 32
        assert not says_sampled(tracing)
        assert (tracing.exemplar(), tracing.kept()) == (None, False)
    tracing.keep(outer)
    assert names(sampled_out) == []
    assert (sampled_out.counted("exported"), sampled_out.counted("dropped")) == (0, 0)


def test_a_span_of_another_program_is_left_out_where_its_children_are(sampled_out):
    """The head is asked about it as well."""
    ids = ("a" * 32, "b" * 16)
    sampled_out.tracing.relay("click home", "console", *ids, start_time_ns=5, end_time_ns=9)
    assert names(sampled_out) == []


def test_a_failure_keeps_the_whole_trace(sampled_out):
    """What ended before, what fails, and what ends after; flags stay as the head decided."""
    tracing = sampled_out.tracing
    with tracing.span("outer"):
        with tracing.span("before"):
            pass
        with pytest.raises(ValueError, match="x"), tracing.span("failing"):
            raise ValueError("x")
        assert tracing.kept()
        assert not says_sampled(tracing)
        with tracing.span("after"):
            pass
    assert names(sampled_out) == ["before", "failing", "after", "outer"]
    assert sampled_out.counted("exported") == 4


def test_a_trace_is_kept_on_demand(sampled_out):
    """From then on exemplars lead to it."""
    tracing = sampled_out.tracing
    with tracing.span("outer") as outer:
        with tracing.span("before"):
            pass
        tracing.keep()
        assert tracing.exemplar("r1") == {
            "trace_id": tracing.trace_id(),
            "span_id": f"{outer.get_span_context().span_id:016x}",
            "run_id": "r1",
        }
    assert names(sampled_out) == ["before", "outer"]


def test_other_traces_are_none_the_wiser(sampled_out):
    """Each trace is decided on for itself."""
    tracing = sampled_out.tracing
    other = tracing.start("other")
    with tracing.span("kept"):
        tracing.keep()
    other.end()
    assert names(sampled_out) == ["kept"]


def test_what_is_done_for_another_process_is_one_piece(sampled_out):
    """Spans that end before the failing one, without a parent in this process, are kept too."""
    tracing = sampled_out.tracing
    with tracing.attached(UNSAMPLED):
        with tracing.span("before"):
            pass
        with pytest.raises(ValueError, match="x"), tracing.span("failing"):
            raise ValueError("x")
        assert tracing.kept()
    other = {"traceparent": UNSAMPLED["traceparent"].replace("0a", "0b")}
    with tracing.attached(other):
        with tracing.span("uneventful"):
            pass
        assert not tracing.kept()
    with tracing.attached(other):
        tracing.keep()  # too late for what is over
    assert names(sampled_out) == ["before", "failing"]


def test_a_hold_puts_the_decision_off(sampled_out):
    """Who will know later how it ended can still keep what has ended by then."""
    tracing = sampled_out.tracing
    with tracing.span("request") as span:
        release = tracing.hold()
    assert names(sampled_out) == []
    tracing.keep(span)
    assert names(sampled_out) == ["request"]
    release()


def test_a_hold_is_let_go_once(sampled_out):
    """A second call does not end what another one holds."""
    tracing = sampled_out.tracing
    with tracing.span("held") as held:
        first, _ = tracing.hold(), tracing.hold()
    with tracing.span("let go") as let_go:
        both = tracing.hold(), tracing.hold()
    for release in (first, first, *both):
        release()
    tracing.keep(let_go)
    tracing.keep(held)
    assert names(sampled_out) == ["held"]


def test_at_default_sampling_an_unsampled_caller_gets_the_same(traced):
    """The caller's head turned the trace down; its failures are kept, its own traces sampled."""
    tracing = traced.tracing
    with tracing.span("uneventful", parent=UNSAMPLED):
        pass
    with pytest.raises(ValueError, match="x"), tracing.span("failing", parent=UNSAMPLED):
        raise ValueError("x")
    with tracing.span("sampled"):
        pass
    assert names(traced) == ["failing", "sampled"]


def test_off_is_off(monkeypatch, request):
    """OTEL_TRACES_SAMPLER=always_off makes no spans at all, failures included."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    traced = request.getfixturevalue("traced")
    with pytest.raises(ValueError, match="x"), traced.tracing.span("failing"):
        raise ValueError("x")
    assert not traced.tracing.start("one").is_recording()
    assert names(traced) == []


def test_a_ratio_is_still_a_ratio(monkeypatch, request):
    """With OTEL_TRACES_SAMPLER_ARG=1 all is sampled, as ever."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "1")
    traced = request.getfixturevalue("traced")
    with traced.tracing.span("one"):
        assert says_sampled(traced.tracing)
    assert names(traced) == ["one"]


def test_the_description_names_the_head():
    """Whoever debugs sampling sees what decides."""
    assert (
        recording(TraceIdRatioBased(0.5)).get_description() == "Recording{TraceIdRatioBased{0.5}}"
    )
    assert "AlwaysOnSampler" in recording(DEFAULT_ON).get_description()


# Bounds ------------------------------------------------------------------------------------------


class Sent(SpanProcessor):
    """A sender that keeps what it is given."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def on_end(self, span) -> None:
        self.names.append(span.name)


@pytest.fixture
def bounded():
    """Makes (tracer, keeper, sent, dropped) with bounds of one's own."""

    def make(**bounds):
        sent, dropped = Sent(), []
        keeper = Keeper(sent, dropped.append, **bounds)
        provider = TracerProvider(sampler=recording(TraceIdRatioBased(0)), shutdown_on_exit=False)
        provider.add_span_processor(keeper)
        return provider.get_tracer("test"), keeper, sent, dropped

    return make


def ended(tracer, name, count):
    """A span that stays open, with some below it that have ended."""
    from opentelemetry.trace import set_span_in_context

    root = tracer.start_span(name)
    for number in range(count):
        tracer.start_span(f"{name}{number}", set_span_in_context(root)).end()
    return root


def test_spans_without_room_count_as_lost_when_their_trace_is_kept(bounded):
    """The oldest trace gives way; of a forgotten trace nothing was lost."""
    tracer, keeper, sent, dropped = bounded(most_spans=4)
    old, new = ended(tracer, "old", 3), ended(tracer, "new", 2)
    keeper.keep(old.context.trace_id)
    keeper.keep(new.context.trace_id)
    assert (sent.names, dropped) == (["new0", "new1"], [3])
    forgotten = ended(tracer, "forgotten", 5)
    forgotten.end()
    assert dropped == [3]


def test_the_room_is_free_again_when_traces_have_ended(bounded):
    """Many uneventful traces after each other cost the waiting one nothing."""
    tracer, keeper, sent, dropped = bounded(most_spans=4, most_traces=2)
    waiting = ended(tracer, "w", 2)
    for number in range(50):
        ended(tracer, f"t{number}", 1).end()
    keeper.keep(waiting.context.trace_id)
    assert (sent.names, dropped) == (["w0", "w1"], [])


def test_more_traces_than_may_wait_push_out_the_oldest(bounded):
    """Spans that never end do not pile up."""
    tracer, keeper, sent, _ = bounded(most_traces=2)
    roots = [ended(tracer, name, 1) for name in ("a", "b", "c")]
    for root in roots:
        keeper.keep(root.context.trace_id)
    roots[0].end()
    assert sent.names == ["b0", "c0"]


def test_a_child_of_a_fork_starts_with_nothing(run_script):
    """What waits in the parent is the parent's to send."""
    out = run_script(
        """
        import os
        from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
        from nautilus_instrumentation.sampling import Keeper, recording

        class Sender(SpanProcessor):
            def on_end(self, span):
                print(os.getpid() == parent, span.name, flush=True)

        parent = os.getpid()
        keeper = Keeper(Sender(), print)
        provider = TracerProvider(sampler=recording(TraceIdRatioBased(0)), shutdown_on_exit=False)
        provider.add_span_processor(keeper)
        tracer = provider.get_tracer("test")
        span = tracer.start_span("one")
        span.end()
        root = tracer.start_span("root")
        with __import__("opentelemetry.trace", fromlist=["x"]).use_span(root):
            tracer.start_span("child").end()
        if os.fork() == 0:
            keeper.keep(root.context.trace_id)
            os._exit(0)
        os.wait()
        keeper.keep(root.context.trace_id)
        """
    )
    assert out == "True child"
