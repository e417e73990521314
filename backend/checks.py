"""What a request for a backtest is checked for before it becomes a job; no NautilusTrader."""

from __future__ import annotations

from typing import Any

from backend.catalog_manager import CatalogManager
from backend.data_converter import Converter
from backend.errors import Invalid
from backend.models import BacktestRequest, unix_ns
from backend.strategies import registry
from backend.sweeps.grid import expand
from backend.sweeps.models import SweepRequest

_NAMED = 10


def check_sweep(
    request: SweepRequest, catalog: CatalogManager, converter: Converter
) -> list[dict[str, Any]]:
    """The sets of parameters to run; raises Invalid, naming the field. Reads files."""
    sets = expand(request)
    check_backtest(request.backtest(sets[0]), catalog, converter)
    return sets


def check_backtest(request: BacktestRequest, catalog: CatalogManager, converter: Converter) -> None:
    """Raise Invalid, naming the field, for a request that could only fail. Reads files."""
    registry.validate(request.strategy, request.params)
    window = unix_ns(request.start), unix_ns(request.end)
    if converter.missing(request.instrument_id, request.kind, *window):
        return  # ticks of it are there to be converted
    known = [held.instrument_id for held in catalog.instruments()]
    if request.instrument_id not in known:
        raw = {
            name for day in converter.days() for file in day.files for name in file.instrument_ids
        }
        if request.instrument_id not in raw:
            named = ", ".join(sorted({*known, *raw})[:_NAMED])
            raise Invalid(
                f"no instrument {request.instrument_id}",
                field="instrument_id",
                hint=f"there are {named}" if named else "there are no data",
            )
        raise Invalid(
            f"no {request.kind} ticks of {request.instrument_id} in this window", field="start"
        )
    if not catalog.files(request.instrument_id, request.kind, *window):
        raise catalog.no_ticks(request.instrument_id, request.kind, *window)
