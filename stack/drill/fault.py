"""What a fault is: how it is injected and healed, and what it must raise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

from stack.drill.world import World

Inject = Callable[[World], AbstractContextManager[object]]
"""Entering injects the fault, leaving heals it."""


DEADMAN_ALERT = "WatchdogMissing"
"""What the backend calls its message to DEADMAN_WEBHOOK."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """A notification that must come, and must be resolved after the fault is healed."""

    alert: str
    labels: Mapping[str, str]
    """Those it must have, beside its name; it may have more."""
    lead: float = 5.0
    """Seconds, at most, until a metric can show the fault; on a slow machine too."""
    mend: float = 0.0
    """Seconds, at most, from healing until a metric can show that."""

    @property
    def from_deadman(self) -> bool:
        """Whether the backend tells of it by itself, past Alertmanager."""
        return self.alert == DEADMAN_ALERT

    @property
    def wanted(self) -> dict[str, str]:
        return {"alertname": self.alert, **self.labels}

    def __str__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in self.labels.items())
        return f"{self.alert}{{{inside}}}" if inside else self.alert


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of the drill."""

    name: str
    title: str
    """What is done, for people."""
    inject: Inject
    expects: tuple[Expectation, ...]
    also: Mapping[str, str]
    """Further alerts that a fault of this kind rightly raises → why; others are unexpected."""
