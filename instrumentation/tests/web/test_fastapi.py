"""A FastAPI application gets request metrics and one server span a request, and is restored."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, FastAPI
from opentelemetry.trace import SpanKind, StatusCode
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from nautilus_instrumentation import metrics, uninstrument

DURATION = metrics.HTTP_REQUEST_DURATION


@pytest.fixture
def app(tmp_path):
    """An application with routers inside routers, a mounted one and static files."""
    (tmp_path / "app.js").write_text("1")
    made = FastAPI(docs_url="/api/docs")
    backtest = APIRouter(prefix="/backtest")

    @backtest.post("/run", status_code=202)
    async def run() -> dict[str, str]:
        return {"run_id": "r1"}

    @backtest.get("/results/{run_id}")
    async def result(run_id: str) -> dict[str, str]:
        return {"run_id": run_id}

    api = APIRouter(prefix="/api")
    api.include_router(backtest)

    @api.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    @api.get("/broken")
    async def broken() -> None:
        raise RuntimeError("broken")

    @api.get("/later")
    async def later(tasks: BackgroundTasks) -> dict[str, str]:
        tasks.add_task(lambda: None)
        return {}

    made.include_router(api)
    child = FastAPI()

    @child.get("/items/{item_id}")
    async def item(item_id: str) -> dict[str, str]:
        return {"item_id": item_id}

    made.mount("/child", child)
    made.mount("/tenants/{tenant}", child)
    made.mount("/static", StaticFiles(directory=tmp_path))
    return made


@pytest.fixture
def instrumented(lab, app):
    lab.session.instrument_app(app)
    return app


def _server_spans(lab):
    return [span for span in lab.spans if span.kind is SpanKind.SERVER]


def test_the_server_span_is_named_by_method_and_full_route(lab, instrumented, request_app):
    """The name has the prefixes of all routers, and there are no receive and send spans."""
    request_app(instrumented, "POST", "/api/backtest/run")
    assert [span.name for span in lab.spans] == ["POST /api/backtest/run"]


def test_the_server_span_has_the_stable_names(lab, instrumented, request_app):
    """Method, path, route and status stand under OpenTelemetry's stable keys."""
    request_app(instrumented, "GET", "/api/backtest/results/r7")
    expected = {
        "http.request.method": "GET",
        "url.path": "/api/backtest/results/r7",
        "http.route": "/api/backtest/results/{run_id}",
        "http.response.status_code": 200,
    }
    assert expected.items() <= dict(_server_spans(lab)[0].attributes).items()


def test_the_browsers_trace_goes_on(lab, instrumented, request_app):
    """The server span is the child of the traceparent header."""
    header = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    request_app(instrumented, "POST", "/api/backtest/run", headers=header)
    span = _server_spans(lab)[0]
    assert f"{span.context.trace_id:032x}" == "a" * 32
    assert f"{span.parent.span_id:016x}" == "b" * 16


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("POST", "/api/backtest/run", "/api/backtest/run", 202),
        ("GET", "/api/backtest/results/r7", "/api/backtest/results/{run_id}", 200),
        ("GET", "/api/backtest/run", "/api/backtest/run", 405),
        ("GET", "/api/health", "/api/health", 200),
        ("GET", "/child/items/3", "/child/items/{item_id}", 200),
        ("GET", "/tenants/acme/items/3", "/items/{item_id}", 200),
        ("GET", "/nope", "other", 404),
        ("GET", "/api/broken", "/api/broken", 500),
    ],
)
def test_requests_are_counted_under_the_full_template(
    lab, instrumented, request_app, method, path, route, status
):
    """The label has the prefixes of routers and mounts, never values of the path."""
    assert request_app(instrumented, method, path).status_code == status
    assert lab.count(DURATION, method, route, str(status)) == 1


def test_the_exemplar_is_the_server_span(lab, instrumented, request_app):
    """The bucket leads to the server span of the request."""
    request_app(instrumented, "POST", "/api/backtest/run")
    context = _server_spans(lab)[0].context
    assert lab.exemplars(DURATION, "POST", "/api/backtest/run", "202") == [
        {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
    ]


@pytest.mark.parametrize("path", ["/api/health", "/static/app.js", "/api/health?verbose=1"])
def test_probes_and_static_files_make_no_spans(lab, instrumented, request_app, path):
    """They are measured, but not traced."""
    assert request_app(instrumented, "GET", path).status_code == 200
    assert lab.spans == []


def test_a_failing_route_has_its_exception_on_the_span(lab, instrumented, request_app):
    """The server span carries the error and the status 500."""
    request_app(instrumented, "GET", "/api/broken")
    span = _server_spans(lab)[0]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes["http.response.status_code"] == 500
    assert [event.name for event in span.events] == ["exception"]


def test_nothing_is_set_on_a_span_that_has_ended(lab, instrumented, request_app, caplog):
    """The SDK would log a warning for each request."""
    with caplog.at_level(logging.WARNING):
        for path in ("/api/backtest/results/r7", "/api/broken", "/nope", "/api/later"):
            request_app(instrumented, "GET", path)
    assert [record for record in caplog.records if record.name.startswith("opentelemetry")] == []


def test_closing_the_session_restores_the_application(lab, app, request_app):
    """Attributes, middleware and Starlette's background tasks are as before."""
    request_app(app, "GET", "/api/health")
    before, middleware = dict(vars(app)), list(app.user_middleware)
    background = BackgroundTask.__call__
    lab.session.instrument_app(app)
    request_app(app, "GET", "/api/later")
    uninstrument()
    after = dict(vars(app))
    assert app.user_middleware == middleware
    assert BackgroundTask.__call__ is background
    assert "build_middleware_stack" not in after
    assert after.keys() == before.keys()
    spans, requests = len(lab.spans), lab.count(DURATION, "GET", "/api/later", "200")
    assert request_app(app, "GET", "/api/later").status_code == 200
    assert (len(lab.spans), lab.count(DURATION, "GET", "/api/later", "200")) == (spans, requests)


def test_an_application_that_was_not_started_can_still_be_changed(lab, app):
    """Restoring does not start the application: middleware can be added behind it."""
    lab.session.instrument_app(app)
    uninstrument()
    app.add_middleware(lambda inner: inner)


def test_an_application_that_runs_already_is_measured_too(lab, app, request_app):
    """Instrumenting behind the first request takes hold."""
    request_app(app, "GET", "/api/health")
    lab.session.instrument_app(app)
    request_app(app, "POST", "/api/backtest/run")
    assert lab.count(DURATION, "POST", "/api/backtest/run", "202") == 1
    assert len(_server_spans(lab)) == 1


def test_instrumenting_twice_measures_once(lab, app, request_app):
    """A second call changes nothing."""
    lab.session.instrument_app(app)
    lab.session.instrument_app(app)
    request_app(app, "POST", "/api/backtest/run")
    assert lab.count(DURATION, "POST", "/api/backtest/run", "202") == 1
    assert len(_server_spans(lab)) == 1


def test_the_hosts_own_middleware_keeps_working(lab, app, request_app):
    """Middleware of the application stays in place and in order."""

    class Stamp:
        def __init__(self, inner):
            self.inner = inner

        async def __call__(self, scope, receive, send):
            async def stamped(message):
                if message["type"] == "http.response.start":
                    message["headers"] = [*message["headers"], (b"x-stamp", b"1")]
                await send(message)

            await self.inner(scope, receive, stamped)

    app.add_middleware(Stamp)
    lab.session.instrument_app(app)
    assert request_app(app, "POST", "/api/backtest/run").headers["x-stamp"] == "1"


def test_a_starlette_application_has_metrics(lab, request_app):
    """Applications that are not FastAPI's are measured without server spans."""

    async def hello(request):
        return PlainTextResponse("hello")

    app = Starlette(routes=[Route("/hello/{name}", hello)])
    lab.session.instrument_app(app)
    request_app(app, "GET", "/hello/you")
    assert lab.count(DURATION, "GET", "/hello/{name}", "200") == 1
    assert lab.spans == []


def test_something_else_is_refused(lab):
    """A bare ASGI callable cannot be changed in place; the error says what to do."""

    async def app(scope, receive, send):
        """Nothing."""

    with pytest.raises(TypeError, match="MetricsMiddleware"):
        lab.session.instrument_app(app)


def test_a_span_inside_a_streamed_body_belongs_to_the_request(lab, app, request_app):
    """The context of the request reaches the generator of a stream."""

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts():
            for _ in range(2):
                await asyncio.sleep(0)
                yield b"part"

        return StreamingResponse(parts())

    lab.session.instrument_app(app)
    assert request_app(app, "GET", "/stream").content == b"partpart"
    assert lab.count(metrics.HTTP_RESPONSE_BODY_SIZE, "/stream") == 1


def test_concurrent_requests_keep_their_own_spans(lab, instrumented):
    """Each bucket's exemplar is a span of its own route."""

    async def many():
        transport = httpx.ASGITransport(app=instrumented)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            await asyncio.gather(
                *(client.get(f"/api/backtest/results/{number}") for number in range(20)),
                *(client.post("/api/backtest/run") for _ in range(20)),
            )

    asyncio.run(many())
    routes = {f"{span.context.span_id:016x}": span.name for span in _server_spans(lab)}
    assert len(routes) == 40
    for method, route, status in (
        ("GET", "/api/backtest/results/{run_id}", "200"),
        ("POST", "/api/backtest/run", "202"),
    ):
        for labels in lab.exemplars(DURATION, method, route, status):
            assert routes[labels["span_id"]] == f"{method} {route}"
