"""Metrics on their way out: stores, the shared folder, rendering, the exporter."""

from nautilus_instrumentation.exposition.cells import MemoryStore, Store
from nautilus_instrumentation.exposition.shared import SharedStore

__all__ = ["MemoryStore", "SharedStore", "Store"]
