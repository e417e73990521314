"""A host with one process serves its own metrics, off the event loop."""

from __future__ import annotations

import threading

import pytest
from fastapi import FastAPI
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

from nautilus_instrumentation import instrument, uninstrument

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


@pytest.fixture
def app(lab):
    made = FastAPI()

    @made.get("/hello")
    async def hello() -> dict[str, str]:
        return {}

    lab.session.instrument_app(made)
    made.mount("/metrics", lab.session.metrics_app())
    return made


def _names(families):
    return {sample.name for family in families for sample in family.samples}


def test_openmetrics_has_exemplars(app, request_app):
    """A client that asks for OpenMetrics gets it, with the trace of the request."""
    request_app(app, "GET", "/hello")
    answer = request_app(app, "GET", "/metrics/", headers=OPENMETRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    exemplars = [
        sample.exemplar.labels
        for family in openmetrics(answer.text)
        for sample in family.samples
        if sample.name == "http_server_request_duration_seconds_bucket" and sample.exemplar
    ]
    assert [set(labels) for labels in exemplars] == [{"trace_id", "span_id"}]


def test_plain_text_is_the_default(app, request_app):
    """Without an Accept header the classic format is served."""
    answer = request_app(app, "GET", "/metrics/", headers={"Accept": "*/*"})
    assert answer.headers["content-type"].startswith("text/plain")
    assert "nautilus_backtest_runs_total" not in _names(text(answer.text))
    assert "python_gc_collections_total" in _names(text(answer.text))


def test_it_is_compressed_when_asked(app, request_app):
    """gzip is used for clients that take it."""
    answer = request_app(app, "GET", "/metrics/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "http_server_request_duration_seconds" in answer.text


def test_scraping_twice_gives_the_same_families(app, request_app):
    """A scrape changes nothing but its own request's series."""
    request_app(app, "GET", "/metrics/")
    once = _names(text(request_app(app, "GET", "/metrics/").text))
    assert _names(text(request_app(app, "GET", "/metrics/").text)) == once


def test_head_has_no_body_and_post_is_refused(app, request_app):
    """Only GET and HEAD are answered."""
    assert request_app(app, "HEAD", "/metrics/").content == b""
    assert request_app(app, "POST", "/metrics/").status_code == 405


def test_a_scrape_is_rendered_off_the_event_loop(app, lab, request_app, monkeypatch):
    """Another thread renders."""
    from nautilus_instrumentation.exposition.registry import MemoryCollector

    threads = []
    scrape = MemoryCollector.scrape

    def noted(self, *args):
        threads.append(threading.current_thread())
        return scrape(self, *args)

    monkeypatch.setattr(MemoryCollector, "scrape", noted)
    request_app(app, "GET", "/metrics/")
    assert threads
    assert threading.main_thread() not in threads


def test_a_broken_collector_answers_500_and_is_counted(app, lab, request_app, monkeypatch):
    """The host's other routes go on."""
    from nautilus_instrumentation.exposition.registry import MemoryCollector

    def broken(self, *args):
        raise RuntimeError("broken collector")

    lab.session.guard.strict = False
    monkeypatch.setattr(MemoryCollector, "scrape", broken)
    assert request_app(app, "GET", "/metrics/").status_code == 500
    assert lab.session.guard.errors == {"exposition.scrape": 1}
    assert request_app(app, "GET", "/hello").status_code == 200


@pytest.fixture
def single():
    """A session without web parts; settings as keywords."""

    def start(**settings):
        return instrument(span_exporter=InMemorySpanExporter(), nautilus=False, **settings)

    yield start
    uninstrument()


@pytest.mark.parametrize("shown", [True, False])
def test_process_figures_can_be_left_out(single, request_app, shown):
    """process=False shows no process_* samples."""
    app = single(process=shown).metrics_app()
    names = _names(text(request_app(app, "GET", "/").text))
    assert ("process_resident_memory_bytes" in names) is shown


def test_metrics_of_several_processes_are_elsewhere(single, request_app, tmp_path):
    """With a shared folder the answer says who serves them."""
    app = single(metrics_dir=tmp_path).metrics_app()
    answer = request_app(app, "GET", "/")
    assert answer.status_code == 503
    assert "nautilus_instrumentation.exposition" in answer.text
