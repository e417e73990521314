"""Every HTTP request is measured once, under its route's template, and passes unchanged."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from nautilus_instrumentation import metrics
from nautilus_instrumentation.web.asgi import SERVER_SPAN_KEY, MetricsMiddleware, waits

DURATION = metrics.HTTP_REQUEST_DURATION


@pytest.fixture
def wrap(lab):
    """Wraps an ASGI application in the middleware."""
    session = lab.session

    def make(app):
        return MetricsMiddleware(
            app, recorder=session.recorder, tracing=session.tracing, guard=session.guard
        )

    return make


def _answer(*bodies, status=200, headers=(), route="/runs/{run_id}"):
    async def app(scope, receive, send):
        if route is not None:
            scope["route"] = SimpleNamespace(path=route)
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        for body in bodies[:-1]:
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": bodies[-1]})

    return app


def test_a_request_is_counted_under_method_template_and_status(lab, wrap, drive):
    """The label is the route's template, not the path."""
    drive(wrap(_answer(b"ok", status=201)), method="POST", path="/runs/17")
    assert lab.count(DURATION, "POST", "/runs/{run_id}", "201") == 1


def test_a_request_that_no_route_took_is_other(lab, wrap, drive):
    """Paths that scanners try never become labels."""
    drive(wrap(_answer(b"", status=404, route=None)), path="/.env")
    assert lab.count(DURATION, "GET", "other", "404") == 1


def test_an_unknown_method_is_other(lab, wrap, drive):
    """Methods that HTTP does not know become OpenTelemetry's _OTHER."""
    drive(wrap(_answer(b"", status=405)), method="BREW")
    assert lab.count(DURATION, "_OTHER", "/runs/{run_id}", "405") == 1


def test_the_messages_pass_unchanged(wrap, drive):
    """What the application sends is what the server gets."""
    app = _answer(b"one", b"two", headers=[(b"x-test", b"1")])
    assert drive(wrap(app)) == drive(app)


def test_the_size_is_that_of_the_body_as_sent(lab, wrap, drive):
    """All parts of the body add up."""
    drive(wrap(_answer(b"12345", b"678")))
    child = lab.session.recorder.histogram(metrics.HTTP_RESPONSE_BODY_SIZE, "/runs/{run_id}")
    assert child.values()[-1] == 8


def test_an_exception_counts_as_500_and_is_raised_on(lab, wrap, drive):
    """The server gets the same exception object."""
    error = RuntimeError("broken")

    async def app(scope, receive, send):
        scope["route"] = SimpleNamespace(path="/broken")
        raise error

    with pytest.raises(RuntimeError) as caught:
        drive(wrap(app))
    assert caught.value is error
    assert lab.count(DURATION, "GET", "/broken", "500") == 1
    assert lab.count(metrics.HTTP_ACTIVE_REQUESTS, "GET") == 0


def test_a_failing_background_task_leaves_the_answer_as_it_was(lab, wrap, drive):
    """An exception after the last byte does not count the request again."""
    answer = _answer(b"ok")

    async def app(scope, receive, send):
        await answer(scope, receive, send)
        raise RuntimeError("in the background")

    with pytest.raises(RuntimeError):
        drive(wrap(app))
    assert lab.count(DURATION, "GET", "/runs/{run_id}", "200") == 1
    assert lab.count(DURATION, "GET", "/runs/{run_id}", "500") == 0


def test_a_cancelled_request_is_no_longer_active(lab, wrap, drive):
    """Cancellation passes, and the gauge goes down."""

    async def app(scope, receive, send):
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        drive(wrap(app))
    assert lab.count(metrics.HTTP_ACTIVE_REQUESTS, "GET") == 0


def test_a_request_is_active_while_it_is_answered(lab, wrap, drive):
    """The gauge counts the request by its method."""
    seen = []

    async def app(scope, receive, send):
        seen.append(lab.count(metrics.HTTP_ACTIVE_REQUESTS, "GET"))
        await _answer(b"")(scope, receive, send)

    drive(wrap(app))
    assert seen == [1]
    assert lab.count(metrics.HTTP_ACTIVE_REQUESTS, "GET") == 0


def test_an_event_stream_is_timed_to_its_first_byte(lab, wrap, drive):
    """An endless stream is counted while it runs."""
    seen = []

    async def app(scope, receive, send):
        scope["route"] = SimpleNamespace(path="/events")
        headers = [(b"Content-Type", b"text/event-stream; charset=utf-8")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        seen.append(lab.count(DURATION, "GET", "/events", "200"))
        await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
        seen.append(lab.count(DURATION, "GET", "/events", "200"))
        await send({"type": "http.response.body", "body": b"data: 2\n\n", "more_body": True})

    drive(wrap(app))
    assert seen == [0, 1]
    assert lab.count(DURATION, "GET", "/events", "200") == 1
    child = lab.session.recorder.histogram(metrics.HTTP_RESPONSE_BODY_SIZE, "/events")
    assert child.values()[-1] == 18


def test_a_response_that_is_cut_short_is_counted_once(lab, wrap, drive):
    """A stream whose client left has no last message, and still counts."""

    async def app(scope, receive, send):
        scope["route"] = SimpleNamespace(path="/download")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    drive(wrap(app))
    assert lab.count(DURATION, "GET", "/download", "200") == 1


def test_a_request_that_waits_has_no_duration(lab, wrap, drive):
    """`?wait` says how long the client is patient, not how fast the server is."""
    drive(wrap(_answer(b"ok")), query_string=b"limit=1&wait=30")
    assert lab.count(DURATION, "GET", "/runs/{run_id}", "200") == 0
    assert lab.count(metrics.HTTP_RESPONSE_BODY_SIZE, "/runs/{run_id}") == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (b"wait", True),
        (b"wait=", True),
        (b"a=1&wait=2", True),
        (b"await=1", False),
        (b"a=wait", False),
        (b"waiting=1", False),
        (b"\xff\xfe&wait=1", True),
        (b"", False),
    ],
)
def test_only_the_parameter_wait_waits(query, expected):
    """Other parameters that contain the word do not count."""
    assert waits(query) is expected


@pytest.mark.parametrize("kind", ["websocket", "lifespan"])
def test_other_protocols_pass_untouched(lab, wrap, drive, kind):
    """Websockets and the lifespan see the server's own send."""
    seen = []

    async def app(scope, receive, send):
        seen.append((scope["type"], send.__name__))

    drive(wrap(app), type=kind)
    assert seen == [(kind, "send")]
    assert lab.count(metrics.HTTP_ACTIVE_REQUESTS, "GET") == 0


def test_the_exemplar_names_the_current_span(lab, wrap, drive):
    """A slow bucket leads to the trace of a request in it."""
    with lab.session.tracing.span("server"):
        expected = lab.session.tracing.exemplar()
        drive(wrap(_answer(b"ok")))
    assert lab.exemplars(DURATION, "GET", "/runs/{run_id}", "200") == [expected]


def test_the_exemplar_is_the_server_span_even_below_another(lab, wrap, drive):
    """A span that is open while the response is sent does not take the server span's place."""
    server = lab.session.tracing.start("server")
    expected = lab.session.tracing.exemplar(span=server)
    with lab.session.tracing.span("inner"):
        drive(wrap(_answer(b"ok")), **{SERVER_SPAN_KEY: server})
    assert lab.exemplars(DURATION, "GET", "/runs/{run_id}", "200") == [expected]


def test_a_route_that_cannot_be_read_does_not_harm_the_answer(lab, wrap, drive):
    """A telemetry error is counted, and the response is complete."""
    lab.session.guard.strict = False

    class Hostile:
        @property
        def path(self):
            raise RuntimeError("no path")

    async def app(scope, receive, send):
        scope["route"] = Hostile()
        await _answer(b"ok", route=None)(scope, receive, send)

    assert [message["type"] for message in drive(wrap(app))] == [
        "http.response.start",
        "http.response.body",
    ]
    assert lab.count(metrics.TELEMETRY_ERRORS, "http.duration") == 1
