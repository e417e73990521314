"""From a grid to checked sets of parameters."""

from __future__ import annotations

import itertools
import math
from typing import Any

from pydantic import ValidationError

from backend.errors import Invalid
from backend.strategies import registry
from backend.sweeps.models import MAX_SETS, SweepRequest


def expand(request: SweepRequest) -> list[dict[str, Any]]:
    """The sets to run, each with the common `params`, in order and without repetition.

    Raises Invalid that names the field: `grid`, `grid.<parameter>`, `sets.<place>.<parameter>`,
    `params.<parameter>` or `strategy`.
    """
    wanted = math.prod(map(len, request.grid.values())) if request.grid else 0
    wanted += len(request.sets)
    if wanted > MAX_SETS:  # before they are made: a short request can ask for billions
        raise Invalid(
            f"{wanted:,} sets of parameters, more than the {MAX_SETS:,} that a sweep may have",
            field="grid" if request.grid else "sets",
        )
    found: dict[str, dict[str, Any]] = {}
    for origin, varied in _sets(request):
        params = {**request.params, **varied}
        try:
            checked = registry.validate(request.strategy, params)
        except Invalid as error:
            if request.skip_invalid and _combined(error):
                continue
            raise _named(error, origin, varied) from error
        found.setdefault(checked.model_dump_json(), params)
    if not found:
        raise Invalid(
            "the strategy refuses every combination", field="grid" if request.grid else "sets"
        )
    return list(found.values())


def _sets(request: SweepRequest) -> list[tuple[str, dict[str, Any]]]:
    """(where the set comes from, its parameters)."""
    sets: list[tuple[str, dict[str, Any]]] = []
    if request.grid:
        names = list(request.grid)
        for values in itertools.product(*request.grid.values()):
            sets.append(("grid", dict(zip(names, values, strict=True))))
    sets += [(f"sets.{place}", params) for place, params in enumerate(request.sets)]
    return sets


def _combined(error: Invalid) -> bool:
    """True when a check of the strategy's own refused the value, not its type or bounds."""
    cause = error.__cause__
    return isinstance(cause, ValidationError) and cause.errors()[0]["type"] == "value_error"


def _named(error: Invalid, origin: str, varied: dict[str, Any]) -> Invalid:
    """The same error with the field as the request of a sweep has it."""
    name = (error.field or "").removeprefix("params.")
    if name not in varied:
        return error
    hint = error.hint
    if len(varied) > 1:
        hint = f"in {varied}; skip_invalid leaves such combinations out"[:500]
    return Invalid(error.message, field=f"{origin}.{name}", hint=hint)
