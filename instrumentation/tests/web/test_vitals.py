"""Web vitals come from outside: what they may be is checked, what they are is recorded."""

from __future__ import annotations

import math

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.exposition.cells import MemoryStore
from nautilus_instrumentation.guard import Guard
from nautilus_instrumentation.recorder import NULL_RECORDER, Recorder
from nautilus_instrumentation.web.vitals import VitalError, VitalTelemetry


@pytest.fixture
def recorder():
    guard = Guard(strict=True)
    return Recorder(MemoryStore(guard), guard)


def _count(recorder, spec, *labels):
    return sum(recorder.histogram(spec, *labels).values()[:-1])


@pytest.mark.parametrize("vital", metrics.VITALS)
def test_timings_are_recorded_in_seconds(recorder, vital):
    """Every vital but CLS goes to web_vital_seconds."""
    VitalTelemetry(recorder).record(vital, "/runs", 0.8)
    assert recorder.histogram(metrics.WEB_VITAL_SECONDS, vital, "/runs").values()[-1] == 0.8


def test_layout_shift_is_a_score(recorder):
    """CLS has no unit and a family of its own."""
    VitalTelemetry(recorder).record("CLS", "/runs", 0.02)
    assert _count(recorder, metrics.WEB_VITAL_SCORE, "CLS", "/runs") == 1


@pytest.mark.parametrize(
    ("field", "report"),
    [
        ("vital", ("FID", "/runs", 0.1)),
        ("vital", ("lcp", "/runs", 0.1)),
        ("page", ("LCP", "", 0.1)),
        ("value", ("LCP", "/runs", -0.1)),
        ("value", ("LCP", "/runs", math.nan)),
        ("value", ("LCP", "/runs", math.inf)),
        ("value", ("LCP", "/runs", 1e9)),
    ],
)
def test_a_report_that_cannot_be_is_refused_by_field(recorder, field, report):
    """The error names the field that is wrong."""
    with pytest.raises(VitalError) as caught:
        VitalTelemetry(recorder).record(*report)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


def test_pages_are_capped(recorder):
    """The 51st page is recorded as `other`."""
    vitals = VitalTelemetry(recorder)
    for number in range(60):
        vitals.record("LCP", f"/page-{number}", 0.1)
    assert _count(recorder, metrics.WEB_VITAL_SECONDS, "LCP", metrics.OTHER) == 10


def test_a_long_page_is_cut(recorder):
    """At most 100 characters of a page become a label."""
    VitalTelemetry(recorder).record("LCP", "/" * 5000, 0.1)
    assert _count(recorder, metrics.WEB_VITAL_SECONDS, "LCP", "/" * 100) == 1


def test_the_size_of_the_bundle_is_kept_by_part(recorder):
    """The last size of each part stands; unknown parts are refused."""
    vitals = VitalTelemetry(recorder)
    vitals.bundle("initial", 120_000)
    vitals.bundle("initial", 110_000)
    assert recorder.gauge(metrics.WEB_BUNDLE, "initial").values()[0] == 110_000
    with pytest.raises(VitalError, match="part"):
        vitals.bundle("css", 1)


def test_input_is_checked_without_telemetry_too():
    """Switching telemetry off does not change what the endpoint accepts."""
    with pytest.raises(VitalError):
        VitalTelemetry(NULL_RECORDER).record("FID", "/runs", 0.1)
