"""Injects faults one after another and waits for what they must raise."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from stack.client import ApiError
from stack.drill.expected import Expected, Timetable, UnknownAlert
from stack.drill.fault import Expectation, Fault
from stack.drill.outcome import SLACK_SECONDS, Outcome, Told, Wait
from stack.drill.receiver import Inbox, Notice
from stack.drill.world import DrillError, Stopped, World
from stack.monitor import MonitorError

QUIET_SECONDS = 180.0
"""How long the traces of one fault may keep the next one waiting."""
POLL_SECONDS = 1.0
ALWAYS_FIRING = "Watchdog"
WHATEVER_THE_FAULT = {
    "BacktestThroughputLow": "fault, load and whatever else the machine does share its cores"
}
"""Alerts that any fault may raise → why."""


@dataclass(slots=True)
class Drill:
    """One drill. `say` is told what happens, a line at a time."""

    world: World
    inbox: Inbox
    timetable: Timetable
    say: Callable[[str], None]
    slack: float = SLACK_SECONDS
    outcomes: list[Outcome] = field(default_factory=list)

    def run(self, faults: Sequence[Fault]) -> list[Outcome]:
        """All faults in turn. Raises Stopped when told to end; `outcomes` holds what was done."""
        for fault in faults:
            outcome = Outcome(fault.name, fault.title)
            self.outcomes.append(outcome)
            self._quiet(outcome)
            began = time.monotonic()
            try:
                self._inject(fault, outcome)
            except (DrillError, ApiError, UnknownAlert, OSError) as error:
                outcome.problem = str(error)
                self.say(f"  {error}")
            finally:
                self._beside(fault, outcome, began)
            for death in self.world.supervisor.deaths():
                outcome.problem = str(death)
                self.say(f"  {death}")
        return self.outcomes

    def _quiet(self, outcome: Outcome) -> None:
        """Wait until no alert fires: none of an earlier fault must be taken for this one's."""
        deadline = time.monotonic() + QUIET_SECONDS
        while firing := self._firing():
            if time.monotonic() > deadline:
                self.say(f"  still firing, going on: {', '.join(sorted(firing))}")
                return
            self.world.pause(POLL_SECONDS)

    def _firing(self) -> set[str]:
        """Names of the alerts that fire or are about to."""
        try:
            alerts = self.world.prometheus.get("alerts")["alerts"]
        except MonitorError:
            return set()
        return {alert["labels"]["alertname"] for alert in alerts} - {ALWAYS_FIRING}

    # One fault -----------------------------------------------------------------------------------

    def _inject(self, fault: Fault, outcome: Outcome) -> None:
        plans = [(each, self._expected(each)) for each in fault.expects]
        self.say(f"{fault.name}: {fault.title}")
        began = time.monotonic()
        with fault.inject(self.world):
            injected = time.monotonic()
            fired = [self._await_firing(each, plan, began, injected) for each, plan in plans]
        healed = time.monotonic()
        self.say(f"  healed after {healed - injected:.0f} s")
        for (each, plan), (notice, wait) in zip(plans, fired, strict=True):
            resolved = None
            if notice is not None:
                resolved = self._await_resolved(each, plan, notice, healed)
            outcome.told.append(Told(str(each), wait, resolved, plan.made_of))

    def _expected(self, expectation: Expectation) -> Expected:
        if expectation.from_deadman:
            return self.timetable.deadman(expectation.lead)
        return self.timetable.expected(expectation.alert, expectation.labels, expectation.lead)

    def _await_firing(
        self, expectation: Expectation, plan: Expected, began: float, injected: float
    ) -> tuple[Notice | None, Wait]:
        notice = self._first(
            lambda n: n.status == "firing" and n.fits(expectation.wanted),
            began,
            injected + plan.firing + self.slack,
        )
        wait = _wait(notice, injected, plan.firing)
        self.say(f"  {expectation} told after {wait} ({plan.made_of})")
        return notice, wait

    def _await_resolved(
        self, expectation: Expectation, plan: Expected, fired: Notice, healed: float
    ) -> Wait:
        allowed = expectation.mend + plan.resolved
        notice = self._first(
            lambda n: n.status == "resolved" and n.identity == fired.identity,
            fired.received,
            healed + allowed + self.slack,
        )
        wait = _wait(notice, healed, allowed)
        self.say(f"  {expectation} resolved after {wait}")
        return wait

    def _first(
        self, wanted: Callable[[Notice], bool], since: float, deadline: float
    ) -> Notice | None:
        notice = self.inbox.first(wanted, since, deadline, self.world.stopping.is_set)
        if notice is None and self.world.stopping.is_set():
            raise Stopped
        return notice

    def _beside(self, fault: Fault, outcome: Outcome, began: float) -> None:
        """Sort what else was told while the fault was there."""
        others = {
            notice.name: notice
            for notice in self.inbox.since(began)
            if notice.status == "firing" and not any(notice.fits(e.wanted) for e in fault.expects)
        }
        known = {**WHATEVER_THE_FAULT, **fault.also}
        outcome.explained = {name: known[name] for name in others if name in known}
        outcome.unexpected = sorted(
            _described(notice) for name, notice in others.items() if name not in known
        )
        for each in outcome.unexpected:
            self.say(f"  unexpected: {each}")


def _wait(notice: Notice | None, since: float, expected: float) -> Wait:
    # What arrived while the fault was still being injected, or healed, took no time.
    return Wait(expected, None if notice is None else max(0.0, notice.received - since))


def _described(notice: Notice) -> str:
    """Name and labels; without those that say only which target."""
    shown = {k: v for k, v in notice.labels.items() if k not in ("alertname", "job", "instance")}
    inside = ", ".join(f"{name}={value}" for name, value in sorted(shown.items()))
    return f"{notice.name}{{{inside}}}" if inside else notice.name
