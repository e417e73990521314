"""Tables, and what makes the demo fail."""

import dataclasses
import json

import pytest
from rich.console import Console

from stack import status
from stack.alerting import Alerting
from stack.monitor import CACHE_HITS, CACHE_MISSES, MUST_MOVE
from stack.status import Link, View
from stack.tally import Run, Tally

ALL_MOVED = {item.label: 1.0 for item in MUST_MOVE}


def view(tally: Tally | None = None, **now: float) -> View:
    return View(
        elapsed=12.0, duration=60.0, links=(Link("backend", "http://here", "the API"),),
        nautobs="bin/nautobs",
        tally=tally or Tally(), source="Prometheus", before={}, now={**ALL_MOVED, **now},
    )  # fmt: skip


def run(seconds: float, run_id: str = "r") -> Run:
    return Run(run_id, f"trace-of-{run_id}", "idle", "1d", "ok", seconds, 1000, 500.0, 3)


def drawn(renderable: object, width: int = 160) -> str:
    console = Console(width=width, record=True, file=None, quiet=False)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_the_summary_names_the_slowest_run_and_its_trace() -> None:
    """The place to look first is in the summary."""
    tally = Tally()
    for seconds, name in ((1.0, "quick"), (9.0, "slow")):
        tally.job("idle 1d", "ok")
        tally.run(run(seconds, name))
    shown = drawn(status.summary(view(tally)))
    assert "trace-of-slow" in shown
    assert "trace-of-quick" not in shown
    assert "5.00 s" in shown  # the median


def test_the_slowest_run_can_be_looked_at_by_copying_a_line() -> None:
    """While the demo runs, the command names the trace of the slowest run so far."""
    tally = Tally()
    for seconds, name in ((1.0, "quick"), (9.0, "slow")):
        tally.run(run(seconds, name))
    assert "bin/nautobs trace trace-of-slow" in drawn(status.live(view(tally)))


def test_a_line_says_what_failed() -> None:
    """Whoever reads a log need not wait for the end of the demo."""
    tally = Tally()
    assert status.line(view(tally)).endswith("failures 0")
    tally.failure("idle on 1d: no ticks")
    assert status.line(view(tally)).endswith("failures 1, such as idle on 1d: no ticks")


def test_addresses_are_whole_in_a_narrow_terminal() -> None:
    """They are there to be copied; with 80 columns no text beside them may cost their ends."""
    url = "http://127.0.0.1:18000/api/alerts/notifications"
    links = (Link("notifications", url, "who was told what"), Link("x", "http://x", "words " * 9))
    assert url in drawn(status.addresses(links), width=80)


def test_the_summary_shows_the_share_of_cache_hits() -> None:
    """Hits are shown against all look-ups that had an answer."""
    shown = drawn(status.summary(view(**{CACHE_HITS.label: 3.0, CACHE_MISSES.label: 1.0})))
    assert "3 of 4 (75%)" in shown


@pytest.mark.parametrize(
    ("fired", "count", "said"),
    [
        ((), 0, "0 fired, 0 notifications received"),
        (("A", "B"), 1, "2 fired (A, B), 1 notification received"),
    ],
)
def test_the_summary_says_what_fired_and_who_was_told(
    fired: tuple[str, ...], count: int, said: str
) -> None:
    """With the address of the notifications."""
    seen = Alerting(fired, fired, count, True, "http://here/notifications")
    whole = dataclasses.replace(view(), alerting=seen)
    shown = drawn(status.summary(whole))
    assert said in shown
    assert "http://here/notifications" in shown
    assert status.as_json(whole, [])["alerting"]["fired"] == list(fired)


def test_every_view_can_be_drawn_before_anything_happened() -> None:
    """The first table has no runs to take medians of."""
    empty = View(0.0, None, (), "nautobs", Tally(), "exporter", {}, {})
    for text in (drawn(status.live(empty)), drawn(status.summary(empty)), status.line(empty)):
        assert "0" in text


def test_nothing_wrong_is_no_problem() -> None:
    """All moved, none died, none failed: exit code 0."""
    assert status.problems(view(), [], complete=True) == []


def test_a_death_a_failure_and_a_still_metric_are_problems() -> None:
    """Each of the three makes the demo fail and is named."""
    tally = Tally()
    tally.failure("a run failed")
    still = view(tally, **{MUST_MOVE[0].label: 0.0})
    found = status.problems(still, ["exporter ended"], complete=True)
    assert len(found) == 3
    assert MUST_MOVE[0].label in found[2]


def test_still_metrics_are_no_problem_before_all_work_was_done_once() -> None:
    """A demo ended early has not driven everything yet."""
    assert status.problems(view(**{MUST_MOVE[0].label: 0.0}), [], complete=False) == []


def test_the_json_holds_what_ran_and_what_moved() -> None:
    """Programs can read the summary."""
    tally = Tally()
    tally.job("convert", "ok")
    tally.run(run(2.0))
    data = json.loads(json.dumps(status.as_json(view(tally), ["bad"])))
    assert data["jobs"] == {"convert": {"ok": 1}}
    assert data["metrics"]["runs ok"] == {"before": 0.0, "now": 1.0}
    assert (data["problems"], data["runs"][0]["seconds"]) == (["bad"], 2.0)


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0, "0"), (0.25, "0.2"), (1234, "1,234"), (123_456, "123 k"), (4.56e6, "4.56 M")],
)
def test_numbers_are_short(value: float, shown: str) -> None:
    """Five characters or so, whatever the size."""
    assert status.number(value) == shown
