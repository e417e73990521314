"""The session installs everything, survives what fails, and undoes all of it in reverse."""

from __future__ import annotations

import gc
import logging
import os
import threading
import weakref

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import nautilus_instrumentation
from nautilus_instrumentation import (
    Session,
    Settings,
    conversion_batch,
    current_session,
    instrument,
    metrics,
    uninstrument,
)
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.nautilus import hooks
from nautilus_instrumentation.recorder import NULL_RECORDER
from nautilus_instrumentation.session import NULL_SESSION
from nautilus_instrumentation.settings import Overrides, SettingsError
from nautilus_instrumentation.tracing import NULL_TRACING


@pytest.fixture(autouse=True)
def _leave_nothing():
    yield
    uninstrument()


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


def _errors(session, site):
    return session.recorder.counter(metrics.TELEMETRY_ERRORS, site).values()[0]


def test_the_public_names_are_sorted_and_few():
    """At most ten names, in order, and all of them there."""
    names = nautilus_instrumentation.__all__
    assert names == sorted(names)
    assert len(names) <= 10
    assert all(hasattr(nautilus_instrumentation, name) for name in names)


def test_an_unknown_name_is_an_attribute_error():
    """Lazy loading answers like any module."""
    with pytest.raises(AttributeError, match="nonsense"):
        nautilus_instrumentation.nonsense  # noqa: B018  # the access is what is tested


def test_the_overrides_are_the_fields_of_the_settings():
    """The typed keywords of `instrument` and the settings stay the same."""
    assert set(Overrides.__annotations__) == set(Settings.__dataclass_fields__)


def test_the_session_is_current_until_uninstrument(exporter):
    """`current_session` finds the session that `instrument` made."""
    session = instrument(span_exporter=exporter)
    assert current_session() is session
    assert session.enabled
    uninstrument()
    assert current_session() is NULL_SESSION


def test_a_second_instrument_returns_the_first_session(exporter, caplog):
    """It is counted each time and logged once."""
    session = instrument(span_exporter=exporter)
    with caplog.at_level(logging.WARNING):
        assert instrument(role="worker") is session
        assert instrument() is session
    assert session.settings.role == "api"
    assert _errors(session, "instrument.again") == 2
    assert len([record for record in caplog.records if "already" in record.message]) == 1


def test_closing_the_session_is_uninstrumenting(exporter):
    """A session that is closed is no longer current; closing again does nothing."""
    session = instrument(span_exporter=exporter)
    session.close()
    session.close()
    uninstrument()
    assert current_session() is NULL_SESSION
    assert instrument(span_exporter=exporter) is not session


def test_nothing_is_left_behind(exporter):
    """Collector hooks and threads are as before, and nothing holds the session."""
    callbacks, threads = list(gc.callbacks), set(threading.enumerate())
    session = weakref.ref(instrument(span_exporter=exporter))
    uninstrument()
    assert gc.callbacks == callbacks
    # An earlier test's thread may end meanwhile.
    assert set(threading.enumerate()) <= threads
    gc.collect()
    assert session() is None


def test_the_global_tracer_provider_is_left_to_the_host(exporter):
    """The host may still set its own provider."""
    instrument(span_exporter=exporter)
    assert isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def test_settings_come_from_the_environment_and_arguments_win(exporter, monkeypatch):
    """Argument, then environment, then default."""
    monkeypatch.setenv("NAUTOBS_ROLE", "worker")
    monkeypatch.setenv("NAUTOBS_SLOT", "3")
    session = instrument(span_exporter=exporter, slot=4)
    assert (session.settings.role, session.settings.slot) == ("worker", 4)


def test_arguments_win_over_given_settings(exporter):
    """Settings may be prepared and still be changed in the call."""
    session = instrument(Settings(role="worker", slot=1), span_exporter=exporter, slot=2)
    assert (session.settings.role, session.settings.slot) == ("worker", 2)


def test_a_setting_that_cannot_be_used_is_named(monkeypatch):
    """The error names the variable, and nothing is installed."""
    monkeypatch.setenv("NAUTOBS_SLOT", "many")
    with pytest.raises(SettingsError, match="NAUTOBS_SLOT"):
        instrument()
    assert current_session() is NULL_SESSION


def test_switched_off_it_is_the_null_twin(monkeypatch):
    """NAUTOBS_ENABLED=false installs nothing."""
    monkeypatch.setenv("NAUTOBS_ENABLED", "false")
    callbacks = list(gc.callbacks)
    assert instrument() is NULL_SESSION
    assert gc.callbacks == callbacks


@pytest.mark.parametrize("how", ["variable", "switch"])
def test_spans_can_be_switched_off_alone(how, monkeypatch):
    """OTEL_SDK_DISABLED and tracing=False leave metrics on."""
    if how == "variable":
        monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    session = instrument(tracing=how == "variable")
    assert session.tracing is NULL_TRACING
    assert session.enabled


def test_parts_can_be_left_out(exporter, monkeypatch):
    """gc=False and nautilus=False install neither."""
    monkeypatch.setattr(hooks, "install", lambda session: pytest.fail("installed"))
    callbacks = list(gc.callbacks)
    instrument(span_exporter=exporter, gc=False, nautilus=False)
    assert gc.callbacks == callbacks


def test_a_part_that_fails_is_counted_and_the_rest_goes_on(exporter, monkeypatch, caplog):
    """A broken integration costs its own telemetry only."""

    def broken(session):
        raise RuntimeError("cannot wrap")

    monkeypatch.setattr(hooks, "install", broken)
    callbacks = list(gc.callbacks)
    session = instrument(span_exporter=exporter)
    assert _errors(session, "install.nautilus") == 1
    assert len(gc.callbacks) == len(callbacks) + 1
    assert "cannot wrap" in caplog.text
    session.close()
    assert gc.callbacks == callbacks


def test_an_undo_that_fails_does_not_stop_the_others(exporter):
    """Closing goes through to the end."""
    session = instrument(span_exporter=exporter)
    undone = []
    session.install("first", lambda: lambda: undone.append("first"))
    session.install("broken", lambda: lambda: 1 / 0)
    session.close()
    assert undone == ["first"]
    assert _errors(session, "close.broken") == 1


def _plain_session():
    return Session(Settings(), guard=Guard(), recorder=NULL_RECORDER, tracing=NULL_TRACING)


@given(st.lists(st.booleans(), max_size=20))
def test_what_was_installed_is_undone_in_reverse(works):
    """Whatever fails on the way in, each part that was installed is undone once, last first."""
    session, log = _plain_session(), []
    for number, fine in enumerate(works):

        def part(number=number, fine=fine):
            if not fine:
                raise RuntimeError
            log.append(number)
            return lambda: log.append(-number - 1)

        session.install(f"part{number}", part)
    session.close()
    session.close()
    installed = [number for number, fine in enumerate(works) if fine]
    assert log == installed + [-number - 1 for number in reversed(installed)]


def test_the_null_session_takes_everything():
    """Callers need not ask whether telemetry is on."""
    session = current_session()
    assert not session.enabled
    session.cache("ticks").hit(1.0, 0.1)
    session.jobs.queued("backtest")
    session.vitals.record("LCP", "/", 1.0)
    session.watchdog_received(1.0)
    with session.tracing.span("one"), conversion_batch("quote"):
        pass
    session.flush()
    session.close()


def test_conversion_batches_are_measured_on_the_current_session(exporter):
    """`conversion_batch` is the short way to the session's own."""
    session = instrument(span_exporter=exporter)
    with conversion_batch("quote"):
        pass
    child = session.recorder.histogram(metrics.CONVERSION_BATCH_DURATION, "quote")
    assert sum(child.values()[:-1]) == 1


def test_caches_are_bound_once(exporter):
    """Asking again gives the same telemetry."""
    session = instrument(span_exporter=exporter)
    assert session.cache("ticks") is session.cache("ticks")
    assert session.cache("ticks") is not session.cache("ticks", "redis")


def test_the_watchdog_is_a_timestamp(exporter):
    """The dead-man switch's arrival is a gauge."""
    session = instrument(span_exporter=exporter)
    session.watchdog_received(1_700_000_000.0)
    assert session.recorder.gauge(metrics.TELEMETRY_WATCHDOG).values()[0] == 1_700_000_000.0


def test_flush_publishes_collections(exporter):
    """What the collector's hook noted is in the metrics behind a flush."""
    session = instrument(span_exporter=exporter)
    child = session.recorder.counter(metrics.GC_COLLECTIONS, "2", "api")
    before = child.values()[0]
    gc.collect()
    session.flush()
    assert child.values()[0] > before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_worker_may_become_its_own_session(exporter):
    """With settings of its own the child gets a session of its own; the parent's stays."""
    session = instrument(span_exporter=exporter)
    child = os.fork()
    if child == 0:
        own = instrument(role="worker", slot=1, span_exporter=InMemorySpanExporter())
        with own.tracing.span("child"):
            pass
        own.close()
        os._exit(0 if own is not session and own.settings.role == "worker" else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert current_session() is session


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_a_forked_child_goes_on_with_the_inherited_session(exporter):
    """Spans and metrics work in a child that does nothing about it."""
    session = instrument(span_exporter=exporter)
    child = os.fork()
    if child == 0:
        with session.tracing.span("child"):
            session.jobs.queued("backtest")
        session.flush()
        session.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_folder_shared_by_processes_gets_the_metrics(exporter, tmp_path):
    """With a folder, the process registers there and its values are files."""
    session = instrument(span_exporter=exporter, metrics_dir=tmp_path / "metrics", strict=True)
    session.jobs.queued("backtest")
    assert list((tmp_path / "metrics").glob("*.db"))


def test_a_folder_that_cannot_be_written_costs_telemetry_only(exporter, tmp_path, caplog):
    """A full or read-only disk is counted and logged; metrics go on in memory."""
    (tmp_path / "file").write_text("in the way")
    session = instrument(span_exporter=exporter, metrics_dir=tmp_path / "file" / "metrics")
    session.jobs.queued("backtest")
    assert session.recorder.gauge(metrics.JOB_QUEUE_DEPTH, "backtest").values()[0] == 1
    assert _errors(session, "store") >= 1
    assert "less telemetry" in caplog.text


def test_a_script_that_ends_sends_its_spans(receiver, run_script):
    """Spans that wait at exit are sent without a flush."""
    run_script(
        """
        from nautilus_instrumentation import instrument
        with instrument(nautilus=False).tracing.span("last words"):
            pass
        """
    )
    assert [span.name for span in receiver.spans] == ["last words"]


def test_a_spawned_process_instruments_itself(receiver, run_script):
    """A spawned worker's spans are children of its parent's."""
    run_script(
        """
        import multiprocessing
        from nautilus_instrumentation import instrument

        def work(carrier):
            session = instrument(role="worker", slot=1, nautilus=False)
            with session.tracing.span("work", parent=carrier):
                pass
            session.flush()

        if __name__ == "__main__":
            session = instrument(nautilus=False)
            with session.tracing.span("request"):
                carrier = session.tracing.carrier()
                process = multiprocessing.get_context("spawn").Process(target=work, args=(carrier,))
                process.start()
                process.join()
        """
    )
    spans = {span.name: span for span in receiver.spans}
    assert set(spans) == {"request", "work"}
    assert spans["work"].parent_span_id == spans["request"].span_id


def test_the_hosts_provider_makes_the_spans(receiver, run_script):
    """With a global provider of the host's, spans leave by its processors alone."""
    printed = run_script(
        """
        from opentelemetry import trace
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
        from nautilus_instrumentation import instrument

        exporter, provider = InMemorySpanExporter(), TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(exporter))
        trace.set_tracer_provider(provider)
        session = instrument(nautilus=False)
        with session.tracing.span("one"):
            pass
        session.flush()
        session.close()
        trace.get_tracer("host").start_span("two").end()
        print([span.name for span in exporter.get_finished_spans()])
        """
    )
    assert printed == "['one', 'two']"
    assert receiver.requests == 0


@pytest.mark.parametrize(
    ("source", "absent"),
    [
        ("import nautilus_instrumentation", "opentelemetry prometheus_client psutil wrapt"),
        (
            "import nautilus_instrumentation.metrics",
            "opentelemetry prometheus_client psutil wrapt",
        ),
        (
            "from nautilus_instrumentation import instrument; instrument().close()",
            "nautilus_trader fastapi starlette redis requests rich numpy pyarrow",
        ),
    ],
)
def test_importing_is_cheap(run_script, source, absent):
    """Host libraries and heavy parts are loaded when they are used, not before."""
    printed = run_script(
        f"""
        import sys
        {source}
        print(*sorted(set({absent.split()!r}) & set(sys.modules)))
        """
    )
    assert printed == ""
