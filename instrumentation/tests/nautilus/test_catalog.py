"""Calls of the catalog outside a run: only the outermost one is seen."""

from __future__ import annotations

import pytest
from nautilus_trader.model.data import QuoteTick, TradeTick

from nautilus_instrumentation import attributes, metrics


@pytest.fixture
def catalog(host, tmp_path):
    """Catalog with two files of quotes, an hour and the next minute."""
    catalog = host.catalog(tmp_path, host.quotes(1000, 3599))
    later = host.quotes(1100, 3659)
    catalog.write_data([tick for tick in later if tick.ts_init > host.start.value + 3600 * 10**9])
    return catalog


@pytest.fixture
def telemetry(catalog, uninstalled):
    uninstalled.patches.install()
    return uninstalled


def test_a_query_is_one_span_with_what_it_read(telemetry, host, catalog):
    """A query tells rows, files, row groups and bytes, on the span and in the counters."""
    found = catalog.query(QuoteTick, identifiers=["EUR/USD.SIM"])

    (span,) = telemetry.spans()
    assert span.name == attributes.CATALOG_QUERY
    assert span.attributes[attributes.KIND] == "quote"
    assert span.attributes[attributes.OPERATION] == "query"
    assert span.attributes[attributes.ROWS] == len(found)
    assert span.attributes[attributes.FILES] == 2
    assert span.attributes[attributes.ROW_GROUPS_READ] == 2
    assert span.attributes[attributes.BYTES_READ] > 1000
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "query") == 1
    assert telemetry.total(metrics.CATALOG_QUERY_DURATION) == 1
    assert telemetry.value(metrics.CATALOG_QUERY_ROWS, "quote") == len(found)
    assert telemetry.value(metrics.CATALOG_ROW_GROUPS, "quote", "read") == 2
    assert telemetry.value(metrics.CATALOG_ROW_GROUPS, "quote", "pruned") == 0
    assert telemetry.total(metrics.CATALOG_BYTES) == span.attributes[attributes.BYTES_READ]


def test_files_outside_the_window_are_not_counted(telemetry, host, catalog):
    """Files that the catalog rules out by name are not opened and not counted."""
    end = host.start.value + 60 * 10**9
    catalog.query(QuoteTick, identifiers=["EUR/USD.SIM"], start=host.start.value, end=end)

    (span,) = telemetry.spans()
    assert span.attributes[attributes.FILES] == 1


def test_files_that_a_host_chooses_are_counted(telemetry, host, catalog):
    """A catalog that overrides `backend_session` to name the files tells as much as any other."""

    class Chosen(type(catalog)):
        def backend_session(self, *args, chosen, **kwargs):
            return super().backend_session(*args, **kwargs | {"files": chosen})

    files = sorted(catalog._query_files(QuoteTick, ["EUR/USD.SIM"]))
    chosen = Chosen(catalog.path)
    found = chosen.query(QuoteTick, identifiers=["EUR/USD.SIM"], chosen=files[1:])

    (span,) = telemetry.spans()
    assert 0 < len(found) < 100
    assert span.attributes[attributes.FILES] == 1
    assert span.attributes[attributes.ROWS] == len(found)
    assert telemetry.value(metrics.CATALOG_ROW_GROUPS, "quote", "read") == 1
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "query") == 1


def test_instruments_make_one_span(telemetry, catalog):
    """The fourteen queries inside `instruments()` make no spans and no durations."""
    found = catalog.instruments()

    (span,) = telemetry.spans()
    assert span.name == attributes.CATALOG_INSTRUMENTS
    assert span.attributes[attributes.ROWS] == len(found) == 1
    assert telemetry.total(metrics.CATALOG_QUERY_DURATION) == 0  # no ticks, no kind


def test_a_write_is_one_span(telemetry, host, catalog):
    """Writing trades makes a span with the rows and a duration."""
    trades = host.trades(50)
    telemetry.exporter.clear()
    catalog.write_data(trades)

    (span,) = telemetry.spans()
    assert span.name == attributes.CATALOG_WRITE
    assert span.attributes[attributes.ROWS] == 50
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "trade", "write") == 1


def test_a_consolidation_is_one_span(telemetry, catalog):
    """Consolidating one kind of data makes a span and a duration."""
    catalog.consolidate_data(QuoteTick, identifier="EUR/USD.SIM", ensure_contiguous_files=False)

    (span,) = telemetry.spans()
    assert span.name == attributes.CATALOG_CONSOLIDATE
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "consolidate") == 1


def test_a_consolidation_by_period_does_not_show_its_queries(telemetry, host, catalog):
    """The queries and writes inside a consolidation belong to it."""
    import pandas as pd

    catalog.consolidate_data_by_period(
        QuoteTick, "EUR/USD.SIM", period=pd.Timedelta(days=1), ensure_contiguous_files=False
    )

    (span,) = telemetry.spans()
    assert span.name == attributes.CATALOG_CONSOLIDATE
    assert telemetry.total(metrics.CATALOG_QUERY_DURATION) == 1


def test_consolidating_everything_is_a_span_without_a_kind(telemetry, catalog):
    """The whole catalog has no kind: a span, no metric."""
    catalog.consolidate_catalog(ensure_contiguous_files=False)

    (span,) = telemetry.spans()
    assert span.name == attributes.CATALOG_CONSOLIDATE
    assert attributes.KIND not in span.attributes


def test_a_session_for_streaming_is_a_stream(telemetry, catalog):
    """`backend_session` on its own is a streaming read."""
    catalog.backend_session(QuoteTick, identifiers=["EUR/USD.SIM"])

    (span,) = telemetry.spans()
    assert span.attributes[attributes.OPERATION] == "stream"
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "quote", "stream") == 1
    assert telemetry.value(metrics.CATALOG_ROW_GROUPS, "quote", "read") == 2


def test_a_failing_query_shows_its_error(telemetry, host, catalog):
    """A query that fails raises what the catalog raises, marks the span and counts nothing."""
    with pytest.raises(Exception, match=r".") as caught:
        catalog.query(QuoteTick, identifiers=["EUR/USD.SIM"], where="no such column")

    (span,) = telemetry.spans()
    assert not span.status.is_ok
    assert span.events[0].attributes["exception.message"] == str(caught.value)
    assert telemetry.total(metrics.CATALOG_QUERY_DURATION) == 0


def test_an_empty_query_is_counted(telemetry, catalog):
    """A query without files returns nothing and tells so."""
    assert catalog.query(TradeTick, identifiers=["EUR/USD.SIM"]) == []

    (span,) = telemetry.spans()
    assert span.attributes[attributes.FILES] == 0
    assert span.attributes[attributes.ROWS] == 0
    assert telemetry.value(metrics.CATALOG_QUERY_DURATION, "trade", "query") == 1


def test_a_query_inside_a_run_is_its_stage(telemetry, catalog):
    """Queries of a run add to its stage `query` and hang below its span."""
    with telemetry.backtests.run(strategy="s", window="1h") as scope:
        catalog.query(QuoteTick, identifiers=["EUR/USD.SIM"])
        catalog.query(QuoteTick, identifiers=["EUR/USD.SIM"])

    assert scope.stages["query"] > 0
    assert telemetry.value(metrics.BACKTEST_STAGE_DURATION, "query") == 1
    (run,) = telemetry.spans(attributes.BACKTEST_RUN)
    for span in telemetry.spans(attributes.CATALOG_QUERY):
        assert span.parent.span_id == run.context.span_id
