"""A sweep as one writes it first: for each set a new engine and a new load, one after the other.

    python -m benchmarks.baseline_sweep CATALOG COUNT [generated|real]

Prints seconds, CPU seconds and PnL of each set as JSON. NautilusTrader alone; the strategy is the
platform's `ema_cross`, so that both sides trade the same.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from benchmarks.sweep_data import GENERATED, REAL, Hour, sets


def run(catalog_path: str, hour: Hour, params: dict[str, Any]) -> float:
    """One set; returns its PnL."""
    from nautilus_trader.backtest.config import BacktestEngineConfig
    from nautilus_trader.backtest.engine import BacktestEngine
    from nautilus_trader.config import LoggingConfig
    from nautilus_trader.model.currencies import USD
    from nautilus_trader.model.data import QuoteTick
    from nautilus_trader.model.enums import AccountType, OmsType
    from nautilus_trader.model.objects import Money
    from nautilus_trader.persistence.catalog.parquet import ParquetDataCatalog

    from backend.strategies.ema_cross import EmaCross
    from backend.strategies.params import EmaCrossParams

    catalog = ParquetDataCatalog(catalog_path)
    (instrument,) = catalog.instruments(instrument_ids=[hour.instrument_id])
    start, end = hour.window_ns
    ticks = catalog.query(QuoteTick, identifiers=[hour.instrument_id], start=start, end=end)
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(log_level="ERROR")))
    engine.add_venue(
        venue=instrument.id.venue,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,
        starting_balances=[Money(1_000_000, USD)],
    )
    engine.add_instrument(instrument)
    engine.add_data(ticks)
    engine.add_strategy(EmaCross(instrument, "quote", EmaCrossParams(**params)))
    engine.run()
    result = engine.get_result()
    engine.dispose()
    pnl: float = result.stats_pnls["USD"]["PnL (total)"]
    return pnl


def main() -> None:
    """Warm up on one set, then time `COUNT` of them."""
    path, count = sys.argv[1], int(sys.argv[2])
    hour = REAL if sys.argv[3:] == ["real"] else GENERATED
    run(path, hour, sets(1)[0])
    seconds, cpu, pnls = [], [], []
    for params in sets(count):
        began, began_cpu = time.perf_counter(), time.process_time()
        pnls.append(run(path, hour, params))
        seconds.append(time.perf_counter() - began)
        cpu.append(time.process_time() - began_cpu)
    print(json.dumps({"seconds": seconds, "cpu": cpu, "pnls": pnls}))


if __name__ == "__main__":
    main()
