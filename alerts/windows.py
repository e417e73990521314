"""Windows and burn rates of the objectives' alerts, read from windows.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from alerts.model import seconds
from alerts.objectives import Objective, Severity, objectives

FILE = Path(__file__).with_name("windows.toml")


@dataclass(frozen=True, slots=True)
class BurnWindow:
    """The budget burns too fast when both windows say so; windows.toml explains the fields."""

    severity: Severity
    burn_rate: Decimal
    long: str
    short: str
    spent: Decimal
    bad_events: int
    values: int

    def error_ratio(self, objective: Objective) -> Decimal:
        """Share of bad events above which the objective's budget burns this fast."""
        return self.burn_rate * objective.error_budget


@cache
def burn_windows() -> tuple[BurnWindow, ...]:
    """All rows, the most urgent first."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"), parse_float=Decimal)["alert"]
    return tuple(
        BurnWindow(**{**table, "burn_rate": Decimal(table["burn_rate"])}) for table in tables
    )


def windows_of(objective: Objective) -> tuple[BurnWindow, ...]:
    """The rows that apply: an objective that may wait opens only tickets."""
    return tuple(
        row for row in burn_windows() if objective.severity == "page" or row.severity == "ticket"
    )


@cache
def windows() -> tuple[str, ...]:
    """Every window that ratios are recorded over, shortest first: the alerts' and the budgets'."""
    found = {each for row in burn_windows() for each in (row.long, row.short)}
    found |= {objective.window for objective in objectives().values()}
    return tuple(sorted(found, key=seconds))
