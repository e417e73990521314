"""Conversions: spans and metrics of days, files and batches."""

from __future__ import annotations

import pytest

from nautilus_instrumentation import attributes, metrics
from nautilus_instrumentation.nautilus import conversion
from nautilus_instrumentation.nautilus.conversion import NULL_CONVERSION


def test_a_conversion_is_a_trace_of_day_file_and_batch(uninstalled):
    """Spans nest, and durations are counted by kind and outcome."""
    telemetry = uninstalled
    with (
        telemetry.conversion.conversion("2024-01-02", files=1),
        telemetry.conversion.file("quote", "a.parquet") as file,
    ):
        file.bytes(read=10, written=4)
        with telemetry.conversion.batch("quote") as batch:
            batch.rows(written=5, rejected=1)

    inner, middle, outer = telemetry.spans()
    assert [inner.name, middle.name, outer.name] == [
        attributes.CONVERSION_BATCH, attributes.CONVERSION_FILE, attributes.CONVERSION,
    ]  # fmt: skip
    assert outer.attributes == {attributes.DATE: "2024-01-02", attributes.FILES: 1}
    assert middle.attributes == {
        attributes.KIND: "quote",
        attributes.FILE_PATH: "a.parquet",
        attributes.BYTES_READ: 10,
        attributes.BYTES_WRITTEN: 4,
        attributes.ROWS: 5,
        attributes.ROWS_REJECTED: 1,
        attributes.CONVERSION_OUTCOME: "first",
    }
    assert telemetry.value(metrics.CONVERSION_DURATION, "quote", "first") == 1
    assert telemetry.value(metrics.CONVERSION_BATCH_DURATION, "quote") == 1
    assert telemetry.value(metrics.CONVERSION_ROWS, "quote", "written") == 5
    assert telemetry.value(metrics.CONVERSION_ROWS, "quote", "rejected") == 1
    assert telemetry.value(metrics.CONVERSION_BYTES, "read") == 10
    assert telemetry.value(metrics.CONVERSION_BYTES, "written") == 4


def test_a_file_from_the_manifest_is_cached(uninstalled):
    """The caller's outcome is the label."""
    with uninstalled.conversion.file("trade", "a") as file:
        file.outcome = "cached"

    assert uninstalled.value(metrics.CONVERSION_DURATION, "trade", "cached") == 1


def test_a_file_that_raises_has_failed(uninstalled):
    """An exception passes, and the outcome is `failed`."""
    error = OSError("gone")
    with pytest.raises(OSError, match="gone") as caught, uninstalled.conversion.file("quote", "a"):
        raise error

    assert caught.value is error
    assert uninstalled.value(metrics.CONVERSION_DURATION, "quote", "failed") == 1
    (span,) = uninstalled.spans()
    assert not span.status.is_ok


def test_a_failure_that_the_host_reports_is_shown(uninstalled):
    """`fail` marks span and outcome where the host goes on with the next file."""
    with uninstalled.conversion.file("quote", "a") as file:
        file.fail(ValueError("crossed"))

    assert uninstalled.value(metrics.CONVERSION_DURATION, "quote", "failed") == 1
    assert uninstalled.spans()[0].events[0].attributes["exception.message"] == "crossed"


def test_spans_of_batches_are_capped_and_durations_are_not(uninstalled, monkeypatch):
    """Beyond the limit batches share one span; each still counts."""
    monkeypatch.setattr(conversion, "BATCH_SPANS", 3)
    with uninstalled.conversion.file("quote", "a"):
        for _ in range(10):
            with uninstalled.conversion.batch("quote") as batch:
                batch.rows(written=2)

    spans = uninstalled.spans(attributes.CONVERSION_BATCH)
    assert len(spans) == 4
    assert spans[-1].attributes[attributes.CALLS] == 7
    assert spans[-1].attributes[attributes.ROWS] == 14
    assert uninstalled.value(metrics.CONVERSION_BATCH_DURATION, "quote") == 10


@pytest.mark.parametrize(("first", "expected"), [(2.0, 0.1), (0.49, 0.0)])
def test_the_repeat_ratio_needs_a_long_first(uninstalled, first, expected):
    """Firsts under half a second say nothing about caching."""
    uninstalled.conversion.repeat("quote", first, 0.2)

    assert uninstalled.value(metrics.CONVERSION_REPEAT_RATIO, "quote") == expected


def test_a_conversion_inside_a_run_is_its_stage(uninstalled):
    """The run is charged with the time of the conversion."""
    with (
        uninstalled.backtests.run(strategy="s", window="1d") as scope,
        uninstalled.conversion.conversion("2024-01-02"),
    ):
        pass

    assert list(scope.stages) == ["convert"]


def test_a_wrangler_makes_a_batch(telemetry, host):
    """`process` of a wrangler is a batch with its rows."""
    host.quotes(50)
    host.trades(20)

    quotes, trades = telemetry.spans(attributes.CONVERSION_BATCH)
    assert quotes.attributes == {attributes.KIND: "quote", attributes.ROWS: 50}
    assert trades.attributes == {attributes.KIND: "trade", attributes.ROWS: 20}
    assert telemetry.value(metrics.CONVERSION_BATCH_DURATION, "quote") == 1
    assert telemetry.value(metrics.CONVERSION_BATCH_DURATION, "trade") == 1


def test_a_wrangler_inside_a_batch_is_part_of_it(telemetry, host):
    """A converter that uses wranglers counts its batch once."""
    with telemetry.conversion.batch("quote"):
        host.quotes(50)

    assert telemetry.value(metrics.CONVERSION_BATCH_DURATION, "quote") == 1
    assert len(telemetry.spans()) == 1


def test_the_null_twin_does_nothing():
    """Without telemetry all calls work and nothing is published."""
    with (
        NULL_CONVERSION.conversion("2024-01-02"),
        NULL_CONVERSION.file("quote", "a") as file,
        NULL_CONVERSION.batch("quote") as batch,
    ):
        batch.rows(1, 1)
        file.fail(ValueError("x"))
    NULL_CONVERSION.repeat("quote", 1, 1)
