"""The guard: errors of the instrumentation are swallowed, logged once per site, and counted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")

_logger = logging.getLogger(__name__)


class Guard:
    """Stands between the instrumentation and its host.

    `strict` re-raises (tests are strict). `on_error(site)` is called for each swallowed error and
    may itself fail or be guarded: it is not called again while it runs.
    """

    def __init__(self, strict: bool = False, on_error: Callable[[str], None] | None = None) -> None:
        self.strict = strict
        self.on_error = on_error
        self.errors: dict[str, int] = {}
        """Errors so far by site, also those that `on_error` could not pass on."""
        self._reporting = threading.local()

    def __call__(self, site: str) -> _Guarded:
        """Context manager that swallows `Exception` (never `BaseException`) raised in its body."""
        return _Guarded(self, site)

    def call(
        self, site: str, fn: Callable[..., T], *args: object, default: T | None = None
    ) -> T | None:
        """Return `fn(*args)`, or `default` when it failed."""
        try:
            return fn(*args)
        except Exception as error:
            self.failed(site, error)
            return default

    def failed(self, site: str, error: Exception) -> None:
        """Count an error caught at `site`; raises it when strict."""
        if self.strict:
            raise error
        first = site not in self.errors
        self.errors[site] = self.errors.get(site, 0) + 1
        if first:
            _logger.warning(
                "Telemetry error at %s: %s: %s. The program goes on with less telemetry; "
                "further errors at this site are counted, not logged.",
                site, type(error).__name__, error, exc_info=error,
            )  # fmt: skip
        self._report(site)

    def _report(self, site: str) -> None:
        if self.on_error is None or getattr(self._reporting, "busy", False):
            return
        self._reporting.busy = True
        try:
            self.on_error(site)
        except Exception:  # the last line of defence: there is nowhere left to report to
            _logger.debug("The error counter failed for site %s", site, exc_info=True)
        finally:
            self._reporting.busy = False


class _Guarded:
    """Context of one guarded block; a class, because a generator costs three times as much."""

    __slots__ = ("_guard", "_site")

    def __init__(self, guard: Guard, site: str) -> None:
        self._guard = guard
        self._site = site

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        if self._guard.strict:
            return False
        self._guard.failed(self._site, error)
        return True
