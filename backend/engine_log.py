"""NautilusTrader's own log: how much of it is written, and when all of it has arrived."""

from __future__ import annotations

from nautilus_trader.common.component import Logger
from nautilus_trader.config import LoggingConfig

from backend import printed
from backend.settings import Settings


def config(settings: Settings) -> LoggingConfig:
    """Log lines of the level that is set and above; none at all for OFF."""
    if settings.nautilus_log_level == "OFF":
        return LoggingConfig(bypass_logging=True)
    return LoggingConfig(log_level=settings.nautilus_log_level, log_colors=False)


def settle(settings: Settings) -> None:
    """Wait, a second at most, until the lines of the run that has ended are written."""
    if settings.nautilus_log_level != "OFF":
        printed.settle(Logger("backend").error)
