"""What is read from an engine: its own counters, at 20 to 45 ns each, never per tick."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary

from nautilus_instrumentation import attributes, metrics

if TYPE_CHECKING:
    from nautilus_instrumentation.nautilus.runs import RunScope

KINDS = {"QuoteTick": "quote", "TradeTick": "trade", "Bar": "bar"}
"""Values of the label `kind` by name of the data class, so that nothing has to be imported."""


class Facts(NamedTuple):
    """Counters of an engine since it was made or reset."""

    data_points: int = 0
    events: int = 0
    orders: int = 0
    positions: int = 0

    def since(self, base: Facts) -> Facts:
        """Growth over `base`; a counter below its base was reset and counts from 0."""
        return Facts(
            *(now - then if now >= then else now for now, then in zip(self, base, strict=True))
        )


def read_facts(engine: Any) -> Facts:
    """Facts of a BacktestEngine; sizes of index sets, which are O(1) where totals are O(n)."""
    kernel = engine.kernel
    cache = kernel.cache
    return Facts(
        data_points=engine.iteration,
        events=kernel.exec_engine.event_count,
        orders=len(cache.client_order_ids()),
        positions=len(cache.position_ids()),
    )


def simulated_ns(engine: Any) -> int:
    """Simulated time of the engine, UNIX nanoseconds."""
    return int(engine.kernel.clock.timestamp_ns())


def strategy_label(engine: Any) -> str:
    """Class name of the only strategy, `multiple` for several, `none` for none."""
    strategies = engine.trader.strategies()
    if len(strategies) == 1:
        return type(strategies[0]).__name__
    return "multiple" if strategies else "none"


def nanoseconds(moment: Any) -> int | None:
    """UNIX nanoseconds of what NautilusTrader takes for a time: int, ISO 8601, datetime, None.

    None also for what is no time: the host will say so itself.
    """
    if moment is None or isinstance(moment, int):
        return moment
    # The host's own dependency, loaded with it; its stubs are no dependency of this library.
    import pandas  # type: ignore[import-untyped, unused-ignore]

    try:
        return int(pandas.to_datetime(moment, utc=True).value)
    except (AttributeError, OverflowError, TypeError, ValueError):
        return None


def isoformat(unix_ns: int) -> str:
    """ISO 8601 in UTC, to the microsecond."""
    return datetime.fromtimestamp(unix_ns / 1e9, UTC).isoformat()


def instrument_of(item: Any) -> str:
    """Instrument id of a piece of data; "" when it has none."""
    source = getattr(item, "bar_type", item)
    return str(getattr(source, "instrument_id", ""))


def requested_window(start: Any, end: Any) -> str:
    """Value of the label `window` for a requested span; "" when one of its ends is open."""
    first, last = nanoseconds(start), nanoseconds(end)
    if first is None or last is None:
        return ""
    return metrics.window_of(max(0, last - first) / 1e9)


def kind_of(data_cls: Any) -> str | None:
    """Value of the label `kind` for a class of data; None for classes that have none."""
    return KINDS.get(getattr(data_cls, "__name__", ""))


class DataSeen:
    """The data that an engine holds, or that a run was given: its span and its instruments."""

    def __init__(self) -> None:
        self._span_ns: tuple[int, int] | None = None
        self._instruments: set[str] = set()

    def __bool__(self) -> bool:
        return self._span_ns is not None

    def add(self, start_ns: int, end_ns: int) -> None:
        """Data between two UNIX times in ns, inclusive."""
        if self._span_ns is not None:
            start_ns, end_ns = min(start_ns, self._span_ns[0]), max(end_ns, self._span_ns[1])
        self._span_ns = (start_ns, end_ns)

    def add_items(self, items: list[Any]) -> None:
        """Data of one instrument. Only its ends are read: ticks come sorted in practice.

        A window off by a little is better than a scan.
        """
        if not items:
            return
        first, last = (int(getattr(item, "ts_init", 0)) for item in (items[0], items[-1]))
        self.add(min(first, last), max(first, last))
        self._instruments.update(filter(None, (instrument_of(items[0]), instrument_of(items[-1]))))

    def include(self, other: DataSeen) -> None:
        """All that the other has seen."""
        if other._span_ns is not None:
            self.add(*other._span_ns)
        self._instruments |= other._instruments

    @property
    def window(self) -> str:
        """Value of the label `window` for the span so far.

        Data that come from a generator are not seen. A run of unknown length goes where runs are
        held to no time, not among the shortest.
        """
        if self._span_ns is None:
            return metrics.WINDOWS[-1]
        start, end = self._span_ns
        return metrics.window_of((end - start) / 1e9)

    def attributes(self) -> dict[str, str]:
        """Attributes of the span `backtest run`."""
        seen = {}
        if self._instruments:
            seen[attributes.INSTRUMENT_ID] = ",".join(sorted(self._instruments))
        if self._span_ns is not None:
            start, end = self._span_ns
            seen[attributes.WINDOW_START] = isoformat(start)
            seen[attributes.WINDOW_END] = isoformat(end)
        return seen


@dataclass(eq=False)
class EngineState:
    """What the library knows of one engine; holds no reference to it."""

    published: Facts = field(default_factory=Facts)
    """Facts already counted."""
    scope: RunScope | None = None
    """The run that the library opened for a bare engine, until it ends."""
    data: DataSeen = field(default_factory=DataSeen)
    """The data the engine holds: they outlive a reset, and with it the run that loaded them."""
    carrier: dict[str, str] = field(default_factory=dict)
    """Trace context of the last bare run, for what is done to the engine afterwards."""
    running: bool = False
    """True inside `run()`, which calls `end()` itself."""
    ended: bool = False


class EngineStates:
    """State by engine. Engines are C types without weak references; their kernels have them."""

    def __init__(self) -> None:
        self._states: WeakKeyDictionary[Any, EngineState] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._states)

    def of(self, engine: Any) -> EngineState:
        kernel = engine.kernel
        state = self._states.get(kernel)
        if state is None:
            state = self._states[kernel] = EngineState()
        return state

    def drop(self, engine: Any) -> None:
        self._states.pop(engine.kernel, None)

    def take_scopes(self) -> list[RunScope]:
        """The open runs of all bare engines, which are forgotten."""
        scopes = []
        for state in list(self._states.values()):
            if state.scope is not None:
                scopes.append(state.scope)
                state.scope = None
        return scopes
