"""The backend's HTTP API as the load uses it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

PROBLEM = "application/problem+json"
REQUEST_SECONDS = 30.0
POLL_SECONDS = 0.2
FINISHED = frozenset({"ok", "error", "cancelled", "timeout", "killed"})

Json = dict[str, Any]


class ApiError(Exception):
    """An answer that is not a success, or none; `status` is 0 when there was none."""

    def __init__(self, message: str, status: int = 0, *, is_problem: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.is_problem = is_problem
        """Whether it is a problem document (RFC 9457), as every error of the API must be."""


class Interrupted(Exception):
    """The load was told to stop while it waited for a job."""


class Api:
    """Calls of the API under `base_url`; safe to share between threads."""

    def __init__(self, base_url: str, token: str = "") -> None:
        self._client = httpx.Client(
            base_url=f"{base_url}/api", timeout=REQUEST_SECONDS, trust_env=False,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )  # fmt: skip

    def call(self, method: str, path: str, **options: Any) -> Any:
        """The decoded answer; raises ApiError with the problem's own words."""
        try:
            answer = self._client.request(method, path, **options)
        except httpx.HTTPError as error:
            raise ApiError(f"{method} {path}: {error or type(error).__name__}") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        is_problem = answer.headers.get("content-type", "").startswith(PROBLEM)
        said = answer.json() if is_problem else {}
        message = said.get("detail") or said.get("title") or answer.text[:200]
        raise ApiError(
            f"{method} {path}: {answer.status_code} {message}",
            answer.status_code,
            is_problem=is_problem,
        )

    def get(self, path: str, **params: Any) -> Any:
        return self.call("GET", path, params=params)

    def is_unchanged(self, path: str) -> bool:
        """Ask twice, the second time with the first answer's ETag; whether that was all.

        Raises ApiError for an answer without a tag.
        """
        try:
            answer = self._client.get(path).raise_for_status()
            tag = answer.headers["etag"]
            again = self._client.get(path, headers={"If-None-Match": tag})
        except httpx.HTTPError as error:
            raise ApiError(f"GET {path}: {error or type(error).__name__}") from error
        except KeyError as error:
            raise ApiError(f"GET {path}: no ETag", answer.status_code) from error
        return again.status_code == httpx.codes.NOT_MODIFIED

    def post(self, path: str, body: Json) -> Any:
        return self.call("POST", path, json=body)

    def first_byte_seconds(self, path: str) -> float:
        """Time until a page's answer begins."""
        start = time.perf_counter()
        try:
            with self._client.stream("GET", path):
                return time.perf_counter() - start
        except httpx.HTTPError as error:
            raise ApiError(f"GET {path}: {error or type(error).__name__}") from error

    def wait(self, job_id: str, stopping: Callable[[], bool]) -> Json:
        """The job once it has finished. Raises Interrupted when `stopping()` turns true first."""
        while True:
            job: Json = self.get(f"/jobs/{job_id}")
            if job["status"] in FINISHED:
                return job
            if stopping():
                raise Interrupted(job_id)
            time.sleep(POLL_SECONDS)
