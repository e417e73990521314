"""A drill waits for the right notification and its resolution, and heals whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from stack.client import Api
from stack.drill.drill import Drill
from stack.drill.expected import Timetable
from stack.drill.fault import DEADMAN_ALERT, Expectation, Fault
from stack.drill.outcome import exit_code
from stack.drill.receiver import ALERTS, DEADMAN, Receiver
from stack.drill.world import DrillError, Stopped, World
from stack.monitor import Prometheus
from stack.processes import Supervisor

AT_ONCE = {"scrape": 0, "evaluation": 0, "group_wait": 0, "group_interval": 0, "resend": 0}
RULES = [{"alert": name, "expr": "up == 0"} for name in ("Broken", "AlsoBroken")]
LABELS = {"job": "x", "instance": "127.0.0.1:1"}
WANTED = Expectation("Broken", {"job": "x"}, lead=0)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as started:
        yield started


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def drill(backend: Any, receiver: Receiver, tmp_path: Path, said: list[str]) -> Drill:
    """One that allows no time but a slack of 60 s; Prometheus says that nothing fires."""
    backend.answers["GET /v1/alerts"] = (200, {"data": {"alerts": []}})
    world = World(
        supervisor=Supervisor(tmp_path),
        services={},
        api=Api(backend.url),
        prometheus=Prometheus(backend.url),
        catalog=tmp_path,
        metrics=tmp_path,
        raw=tmp_path,
        memory_limit_mib=1,
    )
    timetable = Timetable(RULES, **AT_ONCE, watchdog=0)
    return Drill(world, receiver.inbox, timetable, said.append, slack=60.0)


def tell(receiver: Receiver, status: str, name: str = "Broken", **labels: str) -> None:
    """Send what Alertmanager would."""
    one = {"status": status, "labels": {"alertname": name, **LABELS, **labels}}
    sent = {"version": "4", "alerts": [one]}
    httpx.post(receiver.url(ALERTS), json=sent, trust_env=False).raise_for_status()


def fault(
    break_it: Callable[[], object] = lambda: None,
    mend_it: Callable[[], object] = lambda: None,
    *,
    expects: tuple[Expectation, ...] = (WANTED,),
    also: dict[str, str] | None = None,
) -> Fault:
    @contextmanager
    def inject(_: World) -> Iterator[None]:
        break_it()
        try:
            yield
        finally:
            mend_it()

    return Fault("break-it", "It is broken", inject, expects, also or {})


def test_a_fault_that_is_told_and_resolved_is_ok(drill: Drill, receiver: Receiver) -> None:
    """The notification comes while the fault is there, the resolution after it is healed."""
    told = fault(lambda: tell(receiver, "firing"), lambda: tell(receiver, "resolved"))
    (outcome,) = drill.run([told])
    assert outcome.ok
    assert outcome.told[0].alert == "Broken{job=x}"
    assert exit_code([outcome]) == 0


def test_an_alert_that_never_comes_fails_the_drill(drill: Drill) -> None:
    """Silence is what a drill is there to find."""
    drill.slack = 0.0
    (outcome,) = drill.run([fault()])
    assert outcome.told[0].fired.took is None
    assert exit_code([outcome]) == 1


@pytest.mark.parametrize(("name", "job"), [("AlsoBroken", "x"), ("Broken", "y")])
def test_another_alert_is_not_the_right_one(
    drill: Drill, receiver: Receiver, name: str, job: str
) -> None:
    """Name and labels must both be those expected; the wrong one is listed."""
    drill.slack = 0.0
    (outcome,) = drill.run([fault(lambda: tell(receiver, "firing", name, job=job))])
    assert outcome.told[0].fired.took is None
    assert outcome.unexpected == [name]
    assert not outcome.ok


def test_an_alert_that_is_not_resolved_fails_the_drill(drill: Drill, receiver: Receiver) -> None:
    """Neither silence nor the end of another alert is a resolution."""
    drill.slack = 0.0
    other = {"instance": "127.0.0.1:2"}
    wrong = fault(
        lambda: tell(receiver, "firing"), lambda: tell(receiver, "resolved", "Broken", **other)
    )
    (outcome,) = drill.run([wrong])
    assert outcome.told[0].fired.ok
    assert outcome.told[0].resolved is not None
    assert outcome.told[0].resolved.took is None
    assert exit_code([outcome]) == 1


def test_what_follows_from_a_fault_is_told_apart_from_what_does_not(
    drill: Drill, receiver: Receiver
) -> None:
    """Alerts beside the expected one: those with a known reason, and findings."""

    def break_it() -> None:
        for name, more in (("Broken", {}), ("AlsoBroken", {}), ("Odd", {"slot": "1"})):
            tell(receiver, "firing", name, **more)

    told = fault(break_it, lambda: tell(receiver, "resolved"), also={"AlsoBroken": "of course"})
    (outcome,) = drill.run([told])
    assert outcome.explained == {"AlsoBroken": "of course"}
    assert outcome.unexpected == ["Odd{slot=1}"]
    assert outcome.ok


def test_the_dead_man_message_is_waited_for_like_an_alert(drill: Drill, receiver: Receiver) -> None:
    """It comes from the backend, past Alertmanager."""

    def deadman(status: str) -> None:
        sent = {"status": status, "alert": DEADMAN_ALERT}
        httpx.post(receiver.url(DEADMAN), json=sent, trust_env=False).raise_for_status()

    expects = (Expectation(DEADMAN_ALERT, {}, lead=0),)
    told = fault(lambda: deadman("firing"), lambda: deadman("resolved"), expects=expects)
    assert drill.run([told])[0].ok


def test_a_fault_is_healed_although_nothing_was_told(drill: Drill) -> None:
    """What a drill breaks it mends."""
    drill.slack, mended = 0.0, []
    drill.run([fault(mend_it=lambda: mended.append(True))])
    assert mended == [True]


def test_a_fault_that_cannot_be_injected_does_not_stop_the_others(
    drill: Drill, receiver: Receiver
) -> None:
    """It fails with its reason, and the drill goes on."""

    def cannot() -> None:
        raise DrillError("no such worker")

    good = fault(lambda: tell(receiver, "firing"), lambda: tell(receiver, "resolved"))
    first, second = drill.run([fault(cannot), good])
    assert (first.ok, first.problem) == (False, "no such worker")
    assert second.ok


def test_an_alert_that_no_rule_raises_is_a_failure_at_once(drill: Drill, said: list[str]) -> None:
    """A renamed alert is found without waiting, and nothing is broken for it."""
    broken: list[bool] = []
    unknown = fault(lambda: broken.append(True), expects=(Expectation("Gone", {}),))
    (outcome,) = drill.run([unknown])
    assert "Gone" in outcome.problem
    assert broken == []


def test_the_next_fault_waits_until_nothing_fires(
    drill: Drill, backend: Any, receiver: Receiver
) -> None:
    """An alert that still fires would be taken for the next fault's; the Watchdog always does."""
    watchdog = {"labels": {"alertname": "Watchdog"}, "state": "firing"}
    broken = {"labels": {"alertname": "Broken"}, "state": "pending"}
    answers = iter([[watchdog, broken], [watchdog]])
    seen: list[int] = []

    def alerts() -> tuple[int, object]:
        found = next(answers)
        seen.append(len(found))
        return 200, {"data": {"alerts": found}}

    backend.answers["GET /v1/alerts"] = alerts
    told = fault(lambda: tell(receiver, "firing"), lambda: tell(receiver, "resolved"))
    assert drill.run([told])[0].ok
    assert seen == [2, 1]


def test_an_interrupt_heals_and_ends_the_drill(drill: Drill) -> None:
    """Ctrl-C in the middle of a wait: the fault is healed, later ones are not begun."""
    mended: list[bool] = []
    interrupted = fault(drill.world.stopping.set, lambda: mended.append(True))
    with pytest.raises(Stopped):
        drill.run([interrupted, fault()])
    assert mended == [True]
    assert len(drill.outcomes) == 1


def test_repeated_acts_go_on_when_the_backend_does_not_answer(drill: Drill) -> None:
    """A fault may take the API away from under itself."""
    twice = threading.Event()
    calls: list[int] = []

    def act() -> None:
        calls.append(1)
        if len(calls) == 2:
            twice.set()
        drill.world.api.get("/no/such/call")

    with drill.world.repeating(act, 0.01):
        assert twice.wait(60)
    made = len(calls)
    assert made >= 2


def test_a_fault_that_ends_early_is_a_problem(drill: Drill) -> None:
    """What is not there any more cannot have been healed."""
    ended = threading.Event()

    def act() -> None:
        ended.set()
        raise OSError("no space left")

    with pytest.raises(DrillError, match="no space left"), drill.world.repeating(act, 0.01):
        assert ended.wait(60)
