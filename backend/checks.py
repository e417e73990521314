"""What a request for a backtest is checked for before it becomes a job; no NautilusTrader."""

from __future__ import annotations

from typing import Any, TypeVar

from backend.catalog_manager import CatalogManager
from backend.conversion import bar_types
from backend.data_converter import Converter
from backend.errors import Invalid
from backend.models import BacktestRequest, unix_ns
from backend.strategies import registry
from backend.sweeps.grid import expand
from backend.sweeps.models import SweepRequest

_NAMED = 10

Request = TypeVar("Request", bound=BacktestRequest)


def check_sweep(
    request: SweepRequest, catalog: CatalogManager, converter: Converter
) -> tuple[SweepRequest, list[dict[str, Any]]]:
    """The request as `check_backtest` completes it, and the sets of parameters to run.

    Raises Invalid, naming the field. Reads files.
    """
    sets = expand(request)
    request = with_bar_type(request, catalog, converter)
    check_backtest(request.backtest(sets[0]), catalog, converter)
    return request, sets


def check_backtest(
    request: BacktestRequest, catalog: CatalogManager, converter: Converter
) -> BacktestRequest:
    """The request, with the bar type that it may leave out.

    Raises Invalid, naming the field, for a request that could only fail. Reads files.
    """
    registry.validate(request.strategy, request.params)
    request = with_bar_type(request, catalog, converter)
    if request.bar_type is not None:
        registry.check_bars(request.strategy, request.bar_type)
    window = unix_ns(request.start), unix_ns(request.end)
    if converter.missing(request.identifier, request.kind, *window):
        return request  # ticks of it are there to be converted
    _check_instrument(request.instrument_id, catalog, converter)
    if not catalog.files(request.identifier, request.kind, *window):
        raise catalog.no_ticks(request.identifier, request.kind, *window)
    return request


def with_bar_type(request: Request, catalog: CatalogManager, converter: Converter) -> Request:
    """The request, naming its bars. Raises Invalid when there are none such, or several."""
    if request.kind != "bar":
        return request
    name = request.instrument_id
    there = sorted({*catalog.bar_types(name), *converter.bar_types(name)})
    if not there:
        _check_instrument(name, catalog, converter)
    chosen = bar_types.chosen(name, request.bar_type, there)
    return request.model_copy(update={"bar_type": chosen})


def _check_instrument(instrument_id: str, catalog: CatalogManager, converter: Converter) -> None:
    """Raise Invalid for an instrument that neither the catalog nor a raw file has."""
    known = {held.instrument_id for held in catalog.instruments()}
    if instrument_id in known:
        return
    raw = {name for day in converter.days() for file in day.files for name in file.instrument_ids}
    if instrument_id not in raw:
        named = ", ".join(sorted(known | raw)[:_NAMED])
        raise Invalid(
            f"no instrument {instrument_id}",
            field="instrument_id",
            hint=f"there are {named}" if named else "there are no data",
        )
