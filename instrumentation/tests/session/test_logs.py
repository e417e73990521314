"""Log lines that name the trace and the run they belong to."""

import io
import logging
from collections.abc import Iterator

import pytest

from nautilus_instrumentation import Session, instrument, uninstrument


@pytest.fixture
def session() -> Iterator[Session]:
    yield instrument(nautilus=False, gc=False, spans_to="none", strict=True)
    uninstrument()


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    logger, written = logging.getLogger("a.host"), io.StringIO()
    yield logger, written
    logger.handlers.clear()


def test_a_line_inside_a_span_and_a_run_names_both(
    session: Session, log: tuple[logging.Logger, io.StringIO]
) -> None:
    """Ids stand before the message."""
    logger, written = log
    logger.addHandler(session.log_handler("worker 1 ", written))
    with (
        session.tracing.span("work") as span,
        session.backtests.run(strategy="s", window="5m", run_id="run-1"),
    ):
        logger.warning("slow")
    trace_id = f"{span.get_span_context().trace_id:032x}"
    assert f"WARNING worker 1 a.host [trace_id={trace_id} span_id=" in written.getvalue()
    assert written.getvalue().endswith(" run_id=run-1]: slow\n")


def test_a_line_outside_shows_no_ids(
    session: Session, log: tuple[logging.Logger, io.StringIO]
) -> None:
    """Nothing stands where there is nothing to name."""
    logger, written = log
    logger.addHandler(session.log_handler(stream=written))
    logger.warning("idle")
    assert written.getvalue().endswith(" WARNING a.host: idle\n")


def test_ids_given_with_the_line_win(
    session: Session, log: tuple[logging.Logger, io.StringIO]
) -> None:
    """A parent can speak for a run of its worker."""
    logger, written = log
    logger.addHandler(session.log_handler(stream=written))
    with session.tracing.span("other"):
        logger.warning("died", extra={"trace_id": "abc", "run_id": "run-2"})
    assert "[trace_id=abc span_id=" in written.getvalue()
    assert "run_id=run-2]: died" in written.getvalue()
