"""All rules: one group, and one generated file, for each module under topics/."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from alerts import topics
from alerts.model import Alert, Clock, Group

PRODUCTION = Clock()


def groups(clock: Clock = PRODUCTION) -> tuple[Group, ...]:
    """Every group, by name of its module."""
    names = sorted(module.name for module in iter_modules(topics.__path__))
    return tuple(import_module(f"alerts.topics.{name}").group(clock) for name in names)


def alerts(clock: Clock = PRODUCTION) -> dict[str, list[Alert]]:
    """Name → the alerts of that name; an objective's burn rates share theirs."""
    found: dict[str, list[Alert]] = {}
    for group in groups(clock):
        for rule in group.rules:
            if isinstance(rule, Alert):
                found.setdefault(rule.name, []).append(rule)
    return found
