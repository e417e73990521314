"""Errors as RFC 9457 problem documents; the only place that maps errors to HTTP."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from backend.errors import (
    BadQuery,
    Conflict,
    DomainError,
    NotFound,
    QueueFull,
    TooMany,
    TooSlow,
    Unavailable,
)
from nautilus_instrumentation import current_session

MEDIA_TYPE = "application/problem+json"
_LONGEST_VALUE = 200
_RETRY_SECONDS = "10"
_STATUS = {
    BadQuery: 400, NotFound: 404, Conflict: 409, TooMany: 429, QueueFull: 503, Unavailable: 503,
    TooSlow: 504, DomainError: 422,
}  # fmt: skip


class FieldProblem(BaseModel):
    """What is wrong with one field of the request."""

    field: str
    detail: str


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str = Field(description="path of the request")
    field: str | None = Field(default=None, description="the (first) field that is wrong")
    hint: str | None = Field(default=None, description="what to do about it")
    errors: list[FieldProblem] | None = None
    trace_id: str | None = None


RESPONSES: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""For routers, so that OpenAPI says what errors look like."""


def problem_response(
    path: str, status: int, detail: str, *, headers: Any = None, **more: Any
) -> Response:
    """A response with one problem document; `more` are further members of `Problem`."""
    problem = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=path,
        trace_id=current_session().tracing.trace_id() or None,
        **more,
    )
    content = problem.model_dump_json(exclude_none=True)
    return Response(content, status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Answer every error of the application with a problem document."""
    app.add_exception_handler(DomainError, _domain)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, http_problem)
    app.add_exception_handler(Exception, _unexpected)


async def _domain(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    headers = {"Retry-After": _RETRY_SECONDS} if status in (429, 503) else None
    return problem_response(
        request.url.path,
        status,
        error.message,
        headers=headers,
        field=error.field,
        hint=error.hint,
    )


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    path, problems = request.url.path, error.errors()
    if problems and problems[0]["type"] == "json_invalid":
        where = f"{problems[0]['ctx']['error']} at character {problems[0]['loc'][-1]}"
        return problem_response(path, 400, f"the body is not JSON: {where}")
    errors = [FieldProblem(field=_field(one["loc"]), detail=_detail(one)) for one in problems]
    first = errors[0]
    return problem_response(
        path, 422, f"{first.field}: {first.detail}", field=first.field, errors=errors
    )


def _field(location: tuple[str | int, ...]) -> str:
    """`("body", "venue", "oms_type")` is `venue.oms_type` to the caller."""
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _detail(problem: dict[str, Any]) -> str:
    detail = problem["msg"].removeprefix("Value error, ")
    value = problem.get("input")
    if isinstance(value, str | int | float | bool):
        detail += f", not {repr(value)[:_LONGEST_VALUE]}"
    return detail


async def http_problem(request: Request, error: Exception) -> Response:
    """The document of an error that has its status already."""
    assert isinstance(error, HTTPException)
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = f"there is nothing at {request.url.path[:_LONGEST_VALUE]}"
    if error.status_code == 405:
        detail = f"{request.method} is not possible here"
    return problem_response(request.url.path, error.status_code, detail, headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    """The server's log has the stack trace; the caller gets the trace id to ask with."""
    return problem_response(request.url.path, 500, "an unexpected error; the log has the details")


# Bodies ------------------------------------------------------------------------------------------

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class BodyLimit:
    """ASGI middleware that refuses bodies over `limit` bytes, while they arrive.

    A body that says its length is refused before it is read, any other at the first byte too many.
    `by_path` holds the limits of single paths that have their own.
    """

    def __init__(self, app: Any, limit: int, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._limit = limit
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._by_path.get(scope["path"], self._limit)
        detail = f"the body is larger than {limit} bytes"
        announced = dict(scope["headers"]).get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit:
            await problem_response(scope["path"], 413, detail)(scope, receive, send)
            return
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > limit:
                raise HTTPException(413, detail)
            return message

        await self._app(scope, counted, send)
