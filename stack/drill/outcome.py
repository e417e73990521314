"""What was measured, and whether it was right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

SLACK_SECONDS = 15.0
"""Allowed above what rules and routes say: on a machine of two cores the fault, the load, the
evaluation and the delivery get into each other's way."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One message that had to come: how long it took and how long it may."""

    expected: float
    took: float | None
    """Seconds; None: it did not come within `expected` and the slack."""

    @property
    def ok(self) -> bool:
        return self.took is not None and self.took <= self.expected + SLACK_SECONDS

    def __str__(self) -> str:
        took = "never" if self.took is None else f"{self.took:.0f} s"
        return f"{took} of {self.expected:.0f} s"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one expectation of a fault."""

    alert: str
    """With the labels it had to have."""
    fired: Wait
    resolved: Wait | None
    """None when it was not waited for, because it had not fired."""
    made_of: str = ""

    @property
    def ok(self) -> bool:
        return self.fired.ok and self.resolved is not None and self.resolved.ok


@dataclass(slots=True)
class Outcome:
    """One fault of a drill."""

    fault: str
    title: str
    told: list[Told] = field(default_factory=list)
    explained: Mapping[str, str] = field(default_factory=dict)
    """Alerts that came beside it for a known reason → the reason."""
    unexpected: Sequence[str] = ()
    """Those without one: findings, which do not fail the drill."""
    problem: str = ""
    """Why the fault could not be injected or healed."""

    @property
    def ok(self) -> bool:
        return not self.problem and bool(self.told) and all(told.ok for told in self.told)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0 when every notification came and was resolved in time, else 1."""
    return 0 if outcomes and all(outcome.ok for outcome in outcomes) else 1


def table(outcomes: Sequence[Outcome]) -> RenderableType:
    """One line for each expectation."""
    shown = Table(header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("fault", "", "notification", "told after", "resolved after", "beside it"):
        shown.add_column(name, overflow="fold")
    for outcome in outcomes:
        end = Text("ok", style="green") if outcome.ok else Text("FAILED", style="bold red")
        for told in outcome.told:
            fired, resolved = _shown(told.fired), _shown(told.resolved)
            shown.add_row(outcome.fault, end, told.alert, fired, resolved, _beside(outcome))
        if not outcome.told:
            shown.add_row(outcome.fault, end, "", "", "", _beside(outcome))
    note = f"`a of b`: measured, and at most expected; up to {SLACK_SECONDS:.0f} s more are allowed"
    problems = [f"{o.fault}: {o.problem}" for o in outcomes if o.problem]
    return Group(shown, Text(note, style="dim"), *(Text(each, style="red") for each in problems))


def as_json(outcomes: Sequence[Outcome], scale: str, elapsed: float) -> dict[str, Any]:
    """The table for programs."""
    return {
        "alert_time_scale": scale,
        "elapsed_seconds": round(elapsed, 1),
        "slack_seconds": SLACK_SECONDS,
        "ok": exit_code(outcomes) == 0,
        "faults": [
            {
                "fault": outcome.fault,
                "title": outcome.title,
                "ok": outcome.ok,
                "problem": outcome.problem,
                "notifications": [
                    {
                        "alert": told.alert,
                        "ok": told.ok,
                        "fired": _wait(told.fired),
                        "resolved": _wait(told.resolved),
                        "expected_is": told.made_of,
                    }
                    for told in outcome.told
                ],
                "explained": dict(outcome.explained),
                "unexpected": list(outcome.unexpected),
            }
            for outcome in outcomes
        ],
    }


def _wait(wait: Wait | None) -> dict[str, float | None] | None:
    if wait is None:
        return None
    took = None if wait.took is None else round(wait.took, 1)
    return {"seconds": took, "expected": round(wait.expected, 1)}


def _shown(wait: Wait | None) -> Text:
    if wait is None:
        return Text("not waited for", style="dim")
    return Text(str(wait), style="" if wait.ok else "bold red")


def _beside(outcome: Outcome) -> Text:
    text = Text(", ".join(sorted(outcome.explained)), style="dim")
    if outcome.unexpected:
        text.append(", " if text.plain else "")
        text.append("unexpected: " + ", ".join(outcome.unexpected), style="yellow")
    return text
