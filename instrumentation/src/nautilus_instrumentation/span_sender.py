"""Getting spans out of the process: a bounded queue, one background thread, OTLP over HTTP.

The SDK's BatchSpanProcessor is not used because it cannot keep three promises of ours: its
`force_flush` ignores the timeout, its shutdown waits 30 s for an endpoint that hangs, and it does
not tell how many spans it dropped (opentelemetry-python issues 4555 and 4568).
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from opentelemetry.context import _SUPPRESS_INSTRUMENTATION_KEY, attach, detach, set_value
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from nautilus_instrumentation.span_export import Count, Outage

if TYPE_CHECKING:
    from nautilus_instrumentation.guard import Guard

logger = logging.getLogger(__name__)

BATCH_SIZE = 512
DELAY_SECONDS = 1.0
"""How long the first span of a batch waits for others."""

CLOSE_SECONDS = 5.0
SECONDS_FOR_EXPORTER = 0.5
"""Part of CLOSE_SECONDS in which an exporter that still works is told to stop."""

FLUSH_CHECK_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
MOST_DOUBLINGS = 64
ATTEMPTS = 3
"""Times a batch is tried: enough for a collector that restarts."""


class SpanSender(SpanProcessor):
    """Span processor that sends in batches from one daemon thread and counts every span once.

    `exported(n)` and `dropped(n)` are called so that their sum is the number of spans that it was
    given, at the latest when `shutdown` returns. The exporter is made in the thread, at the first
    batch: its import takes 0.2 s that the host must not wait for, and a child of a fork must not
    share its parent's connection.

    While the endpoint does not answer, batches are held back in growing pauses; what does not fit
    into the queue meanwhile is dropped, so that an endpoint that is away costs one attempt per
    pause and no more.
    """

    def __init__(
        self,
        make_exporter: Callable[[], SpanExporter],
        *,
        exported: Count,
        dropped: Count,
        guard: Guard,
        queue_size: int,
        batch_size: int = BATCH_SIZE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_exporter = make_exporter
        self._exported = exported
        self._dropped = dropped
        self._guard = guard
        self._queue_size = queue_size
        self._batch_size = batch_size
        self._clock = clock
        self._outage = Outage()
        self._closed = False
        self._reset()
        if hasattr(os, "register_at_fork"):
            reset = weakref.WeakMethod(self._reset)
            os.register_at_fork(after_in_child=lambda: (again := reset()) and again())

    def _reset(self) -> None:
        """Start with nothing: spans that wait at a fork are the parent's to send."""
        # SimpleQueue.put is re-entrant: a span may end inside a garbage collection that
        # interrupted another put on the same thread.
        self._queue: queue.SimpleQueue[ReadableSpan | threading.Event] = queue.SimpleQueue()
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._exporter: SpanExporter | None = None
        self._hurry = threading.Event()
        self._in_flight = 0
        self._failures = 0
        self._pause_until = 0.0

    # The host's side -----------------------------------------------------------------------------

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a span, or count it as dropped; never waits."""
        if self._closed or self._queue.qsize() >= self._queue_size or not self._running():
            self._dropped(1)
            return
        self._queue.put(span)

    def _running(self) -> bool:
        if self._thread is not None:
            return True
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="span sender", daemon=True)
                with self._guard("spans.thread"):
                    thread.start()
                    self._thread = thread
        return self._thread is not None

    def force_flush(self, timeout_millis: int | None = None) -> bool:
        """Send what waits, for at most `timeout_millis`; False when some of it still waits.

        Returns at once while the endpoint is known to be away.
        """
        if self._thread is None or self._closed or self._paused():
            return self._queue.empty()
        seconds = CLOSE_SECONDS if timeout_millis is None else timeout_millis / 1000
        deadline = self._clock() + seconds
        reached = threading.Event()
        self._queue.put(reached)
        while not reached.wait(min(FLUSH_CHECK_SECONDS, max(0.0, deadline - self._clock()))):
            if self._paused() or self._clock() >= deadline:
                return False
        return True

    def shutdown(self) -> None:
        """Send what waits for at most CLOSE_SECONDS; what is left counts as dropped."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._hurry.set()
        thread, deadline = self._thread, self._clock() + CLOSE_SECONDS
        if thread is not None:
            self._queue.put(threading.Event())  # wakes the thread when nothing waits
            thread.join(CLOSE_SECONDS - SECONDS_FOR_EXPORTER)
        exporter = self._exporter
        if exporter is not None:
            with self._guard("spans.close"):
                exporter.shutdown()
        if thread is not None:
            thread.join(max(0.0, deadline - self._clock()))
        with self._lock:
            left, self._in_flight = self._in_flight + self._drain(), 0
        if left:
            self._dropped(left)

    def _drain(self) -> int:
        spans = 0
        while True:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return spans
            if isinstance(item, threading.Event):
                item.set()
            else:
                spans += 1

    # The thread's side ---------------------------------------------------------------------------

    def _work(self) -> None:
        mine = self._queue
        token = attach(set_value(_SUPPRESS_INSTRUMENTATION_KEY, True))
        try:
            while not (self._closed and (mine.empty() or self._paused())):
                batch, reached = self._collect(mine)
                if batch:
                    self._deliver(batch)
                if reached is not None:
                    reached.set()
        finally:
            detach(token)

    def _deliver(self, batch: Sequence[ReadableSpan]) -> None:
        """Send the batch, in a few attempts; `shutdown` counts it when it comes meanwhile."""
        for _ in range(ATTEMPTS):
            sent = self._send(batch)
            self._remember(sent)
            if sent:
                break
            if self._hurry.wait(self._pause_until - self._clock()):
                return
        with self._lock:
            mine, self._in_flight = self._in_flight, 0
        if mine:
            (self._exported if sent else self._dropped)(mine)

    def _collect(
        self, source: queue.SimpleQueue[ReadableSpan | threading.Event]
    ) -> tuple[list[ReadableSpan], threading.Event | None]:
        """Wait for the first span, then for a full batch, the delay or a flush."""
        batch: list[ReadableSpan] = []
        item = source.get()
        deadline = self._clock() + DELAY_SECONDS
        while True:
            if isinstance(item, threading.Event):
                return batch, item
            with self._lock:
                batch.append(item)
                self._in_flight += 1
            if len(batch) >= self._batch_size:
                return batch, None
            wait = 0.0 if self._closed else deadline - self._clock()
            try:
                item = source.get(timeout=wait) if wait > 0 else source.get_nowait()
            except queue.Empty:
                return batch, None

    def _send(self, batch: Sequence[ReadableSpan]) -> bool:
        try:
            with self._outage.listening():
                if self._exporter is None:
                    self._exporter = self._make_exporter()
                return self._exporter.export(batch) is SpanExportResult.SUCCESS
        except Exception as error:
            # An exporter that raises is an exporter that failed; it is counted as such.
            self._outage.reason = repr(error)
            return False

    def _paused(self) -> bool:
        return self._failures > 0 and self._clock() < self._pause_until

    def _remember(self, sent: bool) -> None:
        """Lengthen the pause after a failure, log the first failure and the recovery."""
        if sent:
            if self._failures:
                logger.info("spans leave the process again")
            self._failures = 0
            return
        self._failures += 1
        # Bounded, because an outage of a night has more failures than a float can be doubled.
        doublings = min(self._failures - 1, MOST_DOUBLINGS)
        pause = min(FIRST_PAUSE_SECONDS * 2**doublings, LONGEST_PAUSE_SECONDS)
        self._pause_until = self._clock() + pause
        if self._failures == 1:
            logger.warning(
                "spans do not leave the process for %s (%s). The program goes on: up to %d spans "
                "wait, the rest is dropped and counted; further failures are not logged.",
                getattr(self._exporter, "_endpoint", "their exporter"),
                self._outage.reason or "no reason given",
                self._queue_size,
            )
