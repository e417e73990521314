"""Spans and metrics of conversions."""

import pytest

from nautilus_instrumentation import attributes, metrics


@pytest.fixture
def watched(world, observed):
    world.session = observed.session
    return world


def parents(spans):
    return {span.parent.span_id if span.parent else None for span in spans}


def test_a_conversion_is_a_tree_of_spans(watched, observed):
    """conversion, conversion file, conversion batch: each inside the one before."""
    watched.quotes([0, 1])
    watched.convert()
    (day,) = observed.spans(attributes.CONVERSION)
    (file,) = observed.spans(attributes.CONVERSION_FILE)
    (batch,) = observed.spans(attributes.CONVERSION_BATCH)
    assert (day.context.span_id, file.context.span_id) == (
        file.parent.span_id, batch.parent.span_id,
    )  # fmt: skip
    assert file.attributes[attributes.CONVERSION_OUTCOME] == "first"
    assert file.attributes[attributes.ROWS] == 2


def test_a_repeat_has_no_batches(watched, observed):
    """A cached file is one short span."""
    watched.quotes([0, 1])
    watched.convert()
    watched.convert()
    outcomes = [
        span.attributes[attributes.CONVERSION_OUTCOME]
        for span in observed.spans(attributes.CONVERSION_FILE)
    ]
    assert outcomes == ["first", "cached"]
    assert len(observed.spans(attributes.CONVERSION_BATCH)) == 1


def test_a_failure_is_on_the_files_span(watched, observed):
    """The span of a file that failed carries the exception."""
    watched.quotes([0]).write_bytes(b"torn")
    watched.convert()
    (file,) = observed.spans(attributes.CONVERSION_FILE)
    assert file.attributes[attributes.CONVERSION_OUTCOME] == "failed"
    assert "exception" in [event.name for event in file.events]


def test_a_file_without_a_dataset_is_on_the_conversions_span(watched, observed):
    """There is no kind to make a file's span of, so the day's span tells."""
    watched.write("stray.parquet", {"x": [1]})
    watched.convert()
    (day,) = observed.spans(attributes.CONVERSION)
    (event,) = day.events
    assert "stray.parquet" in event.attributes["exception.message"]


def test_sorting_is_no_failure(watched, observed):
    """A file that is read twice because of its order has no span in error."""
    watched.quotes([5, 1])
    watched.convert()
    spans = observed.spans(attributes.CONVERSION_BATCH) + observed.spans(attributes.CONVERSION_FILE)
    assert {True} == {span.status.is_ok for span in spans}


def test_rows_and_bytes_are_counted(watched, observed):
    """Written and rejected rows by kind, bytes by direction."""
    watched.max_rejected = 1.0
    path = watched.trades(3, price=[float("nan"), 1.0, 2.0])
    watched.convert()
    watched.convert()
    rows = metrics.CONVERSION_ROWS
    assert observed.count(rows, "trade", "written") == 2
    assert observed.count(rows, "trade", "rejected") == 1
    assert path.stat().st_size == observed.count(metrics.CONVERSION_BYTES, "read")


def test_rows_that_fail_their_file_are_counted(watched, observed):
    """A file that fails for its bad rows shows them too: that is when people must hear of it."""
    watched.trades(3, price=[float("nan"), 1.0, 2.0])
    watched.convert()
    assert observed.count(metrics.CONVERSION_ROWS, "trade", "rejected") == 1
    assert observed.count(metrics.CONVERSION_ROWS, "trade", "written") == 0
