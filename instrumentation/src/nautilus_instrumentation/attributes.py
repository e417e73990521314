"""Names of spans and keys of attributes, each written once. Standard library only.

OpenTelemetry's semantic conventions are used where they exist; the rest is `nautilus.*`.
"""

from __future__ import annotations

# Spans -------------------------------------------------------------------------------------------

JOB_QUEUE = "job queue"
BACKTEST_RUN = "backtest run"
CONVERSION = "conversion"
CONVERSION_FILE = "conversion file"
CONVERSION_BATCH = "conversion batch"
CATALOG_INSTRUMENTS = "catalog instruments"
CATALOG_QUERY = "catalog query"
CATALOG_WRITE = "catalog write"
CATALOG_CONSOLIDATE = "catalog consolidate"
ENGINE_BUILD = "engine build"
ENGINE_LOAD = "engine load"
ENGINE_SORT = "engine sort"
ENGINE_RUN = "engine run"
ENGINE_END = "engine end"
ENGINE_REPORT = "engine report"
ENGINE_RESET = "engine reset"
ENGINE_DISPOSE = "engine dispose"
RESULT_PERSIST = "result persist"

PROGRESS_EVENT = "progress"

# Attributes --------------------------------------------------------------------------------------

RUN_ID = "nautilus.run_id"
JOB_ID = "nautilus.job_id"
JOB_TYPE = "nautilus.job_type"
ROLE = "nautilus.role"
SLOT = "nautilus.slot"
STRATEGY = "nautilus.strategy"
INSTRUMENT_ID = "nautilus.instrument_id"
KIND = "nautilus.kind"
WINDOW = "nautilus.window"
WINDOW_START = "nautilus.window.start"
WINDOW_END = "nautilus.window.end"
STATUS = "nautilus.status"
STAGE = "nautilus.stage"
REASON = "nautilus.reason"
LAST_STAGE = "nautilus.last_stage"
PEAK_MEMORY = "nautilus.peak_memory_bytes"
GC_SECONDS = "nautilus.gc_seconds"
CACHE_SOURCE = "nautilus.cache_source"
DATA_POINTS = "nautilus.data_points"
EVENTS = "nautilus.events"
ORDERS = "nautilus.orders"
POSITIONS = "nautilus.positions"
ITERATION = "nautilus.iteration"
SIMULATED_TIME = "nautilus.simulated_time"
ROWS = "nautilus.rows"
ROWS_REJECTED = "nautilus.rows_rejected"
FILES = "nautilus.files"
FILE_PATH = "file.path"
BYTES_READ = "nautilus.bytes_read"
BYTES_PRUNED = "nautilus.bytes_pruned"
BYTES_WRITTEN = "nautilus.bytes_written"
ROW_GROUPS_READ = "nautilus.row_groups_read"
ROW_GROUPS_PRUNED = "nautilus.row_groups_pruned"
CONVERSION_OUTCOME = "nautilus.conversion.outcome"
OPERATION = "nautilus.catalog.operation"
DATE = "nautilus.date"
CALLS = "nautilus.calls"
BUSY_SECONDS = "nautilus.busy_seconds"


def stage_seconds(stage: str) -> str:
    """Key that holds the seconds a run spent in `stage` on the span `backtest run`."""
    return f"nautilus.stage.{stage}_seconds"
