"""Which runs of a sweep go to a worker together, to share a pass of an engine."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import pairwise

from backend.errors import Invalid
from backend.models import BacktestRequest
from backend.strategies import registry
from backend.work import BacktestWork

_log = logging.getLogger(__name__)

MOST_RUNS = 25
"""Runs of a pass at most: with more, results come late, and each is charged next to nothing."""


def passes(works: Sequence[BacktestWork], workers: int) -> list[list[BacktestWork]]:
    """The works of one sweep in groups, each for one task; in order, and as even as can be."""
    alike: dict[str, list[BacktestWork]] = {}
    for work in works:
        key = shares(work.request)
        alike.setdefault(work.run_id if key is None else f"shares {key}", []).append(work)
    most = min(MOST_RUNS, -(-len(works) // workers))
    return [part for group in alike.values() for part in _parts(group, most)]


def _parts(works: list[BacktestWork], most: int) -> list[list[BacktestWork]]:
    count = -(-len(works) // most)
    size, larger = divmod(len(works), count)
    borders = [place * size + min(place, larger) for place in range(count + 1)]
    return [works[begin:end] for begin, end in pairwise(borders)]


def shares(request: BacktestRequest) -> str | None:
    """Runs of a sweep with the same text are known to do side by side what they do alone.

    None: the run needs an engine of its own.

    On a margin account no order is refused for what others did to the balance, and with netting
    each strategy has a position of its own.
    """
    venue = request.venue
    plain = (venue.account_type, venue.oms_type, venue.base_currency) == ("MARGIN", "NETTING", None)
    plain = plain and request.kind != "bar"
    try:
        return registry.shares(request.strategy, request.params) if plain else None
    except Invalid:  # its run will say so
        return None
    except Exception as error:  # of a strategy that is not ours
        _log.warning("sets of %s run alone, its spec fails: %r", request.strategy, error)
        return None
