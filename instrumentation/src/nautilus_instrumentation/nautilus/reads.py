"""Streaming reads of a node: the catalog hands out a session, Rust reads it between the chunks."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from nautilus_instrumentation import attributes, metrics

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from nautilus_instrumentation.recorder import Recorder


@dataclass
class Stream:
    """One registered read; its span is open until the stream ends."""

    span: Span
    kind: str | None
    seconds: float
    bytes_read: int
    exemplar: dict[str, str] | None


@dataclass
class StreamReads:
    """The reads of one streaming run, and the rows that came out of them."""

    streams: list[Stream] = field(default_factory=list)
    rows: int = 0

    def _shares(self) -> list[float]:
        """Part of the reading that each stream stands for: by its bytes, evenly when unknown."""
        total = sum(stream.bytes_read for stream in self.streams)
        if not total:
            return [1 / len(self.streams) for _ in self.streams]
        return [stream.bytes_read / total for stream in self.streams]

    def end(self, recorder: Recorder, seconds: float) -> None:
        """Conclude: the chunks took `seconds` to read, beyond registering the streams.

        Rows are counted when all streams are of one kind; chunks do not tell whose rows they hold.
        """
        kinds = {stream.kind for stream in self.streams}
        if len(kinds) == 1 and None not in kinds:
            recorder.counter(metrics.CATALOG_QUERY_ROWS, *kinds).inc(self.rows)  # type: ignore[arg-type]
        for stream, share in zip(self.streams, self._shares(), strict=True):
            took = stream.seconds + share * seconds
            stream.span.set_attribute(attributes.BUSY_SECONDS, took)
            if len(self.streams) == 1:
                stream.span.set_attribute(attributes.ROWS, self.rows)
            stream.span.end()
            if stream.kind:
                recorder.histogram(metrics.CATALOG_QUERY_DURATION, stream.kind, "stream").observe(
                    took, stream.exemplar
                )


reads_var: ContextVar[StreamReads | None] = ContextVar("nautobs_stream_reads", default=None)


def current_reads() -> StreamReads | None:
    """The streaming reads that the calling context works for."""
    return reads_var.get()
