"""Every metric of the stack, each written once.

A `MetricSpec` is the only place that knows a family's name, help, labels, allowed label values and
buckets. Recorder, exporter, dashboards, rules, docs and tests import it. Standard library only, so
that generators of dashboards and rules need nothing else.

Naming follows Prometheus (base units, `_total` on counters) and, where a semantic convention
exists, OpenTelemetry.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
GaugeMode = Literal["sum", "latest"]

OTHER = "other"
"""The label value that takes what a cap, or a closed set, has no place for."""


@dataclass(frozen=True, slots=True)
class Capped:
    """A label whose values come from the host: `limit` are kept, the rest become `other`."""

    limit: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label name with its closed set of values, or with a cap."""

    name: str
    values: tuple[str, ...] | Capped

    @property
    def closed(self) -> bool:
        """True when every value is listed, so that zeros can be shown from the start."""
        return not isinstance(self.values, Capped)


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric family. `name` is composed from namespace, subsystem, what and unit."""

    kind: Kind
    namespace: str
    subsystem: str
    what: str
    unit: str
    help: str
    labels: tuple[Label, ...] = ()
    buckets: tuple[float, ...] = ()
    exemplars: bool = False
    mode: GaugeMode = "sum"
    """Gauges only: `sum` adds up live processes, `latest` keeps the newest value written."""

    @property
    def family(self) -> str:
        """Name of the family, without the `_total` that counters carry on their samples."""
        parts = (self.namespace, self.subsystem, self.what, self.unit)
        return "_".join(part for part in parts if part)

    @property
    def name(self) -> str:
        """Name as queries use it: counters end in `_total`; histograms add `_bucket` and so on."""
        return f"{self.family}_total" if self.kind == "counter" else self.family

    @property
    def label_names(self) -> tuple[str, ...]:
        return tuple(label.name for label in self.labels)

    @property
    def sample_names(self) -> tuple[str, ...]:
        """Names of all samples that the family exposes."""
        if self.kind == "histogram":
            return tuple(f"{self.family}{suffix}" for suffix in ("_bucket", "_sum", "_count"))
        return (self.name,)


# Label values ------------------------------------------------------------------------------------

TICK_KINDS = ("quote", "trade", "bar")
WINDOWS = ("5m", "1h", "1d", "longer")
RUN_STATUSES = ("ok", "error", "cancelled", "timeout", "killed")
STAGES = ("convert", "query", "build", "load", "sort", "run", "report", "persist")
JOB_TYPES = ("convert", "backtest", "sweep")
CACHES = ("catalog", "datasets", "results", "config", "ticks")
HTTP_METHODS = (
    "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "_OTHER",
)  # fmt: skip
VITALS = ("LCP", "FCP", "TTFB", "INP", "TTI", "LOAD")

KIND = Label("kind", TICK_KINDS)
WINDOW = Label("window", WINDOWS)
STRATEGY = Label("strategy", Capped(50))
STATUS = Label("status", RUN_STATUSES)
SLOT = Label("slot", Capped(256))
ROLE = Label("role", ("api", "worker"))
JOB_TYPE = Label("job_type", JOB_TYPES)
CACHE = Label("cache", CACHES)
CACHE_BACKEND = Label("backend", ("memory", "redis"))
GENERATION = Label("generation", ("0", "1", "2"))
HTTP_METHOD = Label("http_request_method", HTTP_METHODS)
HTTP_ROUTE = Label("http_route", Capped(100))
HTTP_STATUS = Label("http_response_status_code", Capped(60))

# Buckets (seconds, bytes); every objective's threshold is one of the bounds ----------------------

WORK_BUCKETS = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1800)
QUICK_WORK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, *WORK_BUCKETS)
QUERY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
OPERATION_BUCKETS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10)
# OpenTelemetry's advice for http.server.request.duration, plus the platform's own 200 ms target.
HTTP_BUCKETS = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
)  # fmt: skip
VITAL_BUCKETS = (0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 10)
# web.dev rates layout shift good up to 0.1 and poor above 0.25.
SHIFT_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1)
MEMORY_BUCKETS = (2.5e8, 5e8, 7.5e8, 1e9, 1.5e9, 2e9, 2.0**31, 3e9, 4e9, 8e9, 16e9)
GC_PAUSE_BUCKETS = (1e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1)
GC_RUN_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30)
LAG_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)
SIZE_BUCKETS = (100, 1e3, 1e4, 1e5, 5e5, 1e6, 5e6, 1e7, 5e7)

# Backtests and engine ----------------------------------------------------------------------------

BACKTEST_RUNS = MetricSpec(
    "counter", "nautilus", "backtest", "runs", "",
    "Backtest runs that ended, by outcome.",
    (STRATEGY, STATUS), exemplars=True,
)  # fmt: skip
BACKTEST_DURATION = MetricSpec(
    "histogram", "nautilus", "backtest", "duration", "seconds",
    "Duration of a backtest run, from the start of its work to the stored result.",
    (STRATEGY, WINDOW), WORK_BUCKETS, exemplars=True,
)  # fmt: skip
BACKTEST_STAGE_DURATION = MetricSpec(
    "histogram", "nautilus", "backtest", "stage_duration", "seconds",
    "Time a backtest run spent in one of its stages.",
    (Label("stage", STAGES),), QUICK_WORK_BUCKETS, exemplars=True,
)  # fmt: skip
BACKTEST_IN_PROGRESS = MetricSpec(
    "gauge", "nautilus", "backtest", "in_progress", "", "Backtest runs being worked on now.",
)  # fmt: skip
BACKTEST_LAST_PROGRESS = MetricSpec(
    "gauge", "nautilus", "backtest", "last_progress_timestamp", "seconds",
    "Unix time at which the run in this slot last moved on; 0 when the slot has no run.",
    (SLOT,), mode="latest",
)  # fmt: skip
BACKTEST_THROUGHPUT_RATIO = MetricSpec(
    "gauge", "nautilus", "backtest", "throughput", "ratio",
    "Data points per second of the last run against the median of the last 20 like it.",
    (STRATEGY, WINDOW), mode="latest",
)  # fmt: skip
ENGINE_DATA_POINTS = MetricSpec(
    "counter", "nautilus", "engine", "data_points", "",
    "Data points the engine processed; moves during a run.",
    (STRATEGY, WINDOW), exemplars=True,
)  # fmt: skip
ENGINE_EVENTS = MetricSpec(
    "counter", "nautilus", "engine", "events", "",
    "Order events the execution engine processed.", (STRATEGY,),
)  # fmt: skip
ENGINE_ORDERS = MetricSpec(
    "counter", "nautilus", "engine", "orders", "", "Orders that runs created.", (STRATEGY,),
)  # fmt: skip
ENGINE_RESETS = MetricSpec(
    "counter", "nautilus", "engine", "resets", "", "Calls of BacktestEngine.reset().", (STRATEGY,),
)  # fmt: skip
ENGINE_PEAK_MEMORY = MetricSpec(
    "histogram", "nautilus", "engine", "peak_memory", "bytes",
    "Highest resident memory of the process during a run.",
    (WINDOW,), MEMORY_BUCKETS, exemplars=True,
)  # fmt: skip
ENGINE_GC_PAUSE = MetricSpec(
    "histogram", "nautilus", "engine", "gc_pause", "seconds",
    "Garbage collection pauses charged to a run, in total.",
    (WINDOW,), GC_RUN_BUCKETS, exemplars=True,
)  # fmt: skip
ENGINE_RETAINED_MEMORY = MetricSpec(
    "gauge", "nautilus", "engine", "retained_memory", "bytes",
    "Resident memory left after the last run was disposed.",
    (SLOT,), mode="latest",
)  # fmt: skip

# Conversion --------------------------------------------------------------------------------------

CONVERSION_DURATION = MetricSpec(
    "histogram", "nautilus", "conversion", "duration", "seconds",
    "Time to convert one raw file; `cached` means the manifest answered.",
    (KIND, Label("outcome", ("first", "cached", "failed"))), QUICK_WORK_BUCKETS, exemplars=True,
)  # fmt: skip
CONVERSION_BATCH_DURATION = MetricSpec(
    "histogram", "nautilus", "conversion", "batch_duration", "seconds",
    "Time to convert one batch of rows.",
    (KIND,), QUICK_WORK_BUCKETS, exemplars=True,
)  # fmt: skip
CONVERSION_ROWS = MetricSpec(
    "counter", "nautilus", "conversion", "rows", "", "Rows that conversions handled.",
    (KIND, Label("outcome", ("written", "rejected"))),
)  # fmt: skip
CONVERSION_BYTES = MetricSpec(
    "counter", "nautilus", "conversion", "", "bytes", "File bytes that conversions handled.",
    (Label("direction", ("read", "written")),),
)  # fmt: skip
CONVERSION_REPEAT_RATIO = MetricSpec(
    "gauge", "nautilus", "conversion", "repeat", "ratio",
    "Duration of the last repeated conversion over its first, where the first took 0.5 s or more.",
    (KIND,), mode="latest",
)  # fmt: skip

# Catalog -----------------------------------------------------------------------------------------

READ_OR_PRUNED = Label("outcome", ("read", "pruned"))
CATALOG_QUERY_DURATION = MetricSpec(
    "histogram", "nautilus", "catalog", "query_duration", "seconds",
    "Duration of catalog operations.",
    (KIND, Label("operation", ("query", "stream", "instruments", "write", "consolidate"))),
    QUICK_WORK_BUCKETS, exemplars=True,
)  # fmt: skip
CATALOG_QUERY_ROWS = MetricSpec(
    "counter", "nautilus", "catalog", "query_rows", "", "Rows that catalog queries returned.",
    (KIND,),
)  # fmt: skip
CATALOG_ROW_GROUPS = MetricSpec(
    "counter", "nautilus", "catalog", "row_groups", "",
    "Parquet row groups of queried files, by whether the query had to read them.",
    (KIND, READ_OR_PRUNED),
)  # fmt: skip
CATALOG_BYTES = MetricSpec(
    "counter", "nautilus", "catalog", "", "bytes",
    "Compressed bytes of row groups in queried files, by whether the query had to read them.",
    (KIND, READ_OR_PRUNED),
)  # fmt: skip

# Caches ------------------------------------------------------------------------------------------

CACHE_REQUESTS = MetricSpec(
    "counter", "cache", "", "requests", "", "Look-ups in a cache, by result.",
    (CACHE, CACHE_BACKEND, Label("result", ("hit", "miss", "error"))),
)  # fmt: skip
CACHE_OPERATION_DURATION = MetricSpec(
    "histogram", "cache", "", "operation_duration", "seconds",
    "Duration of a cache's own operations; `load` is what a miss costs.",
    (CACHE, CACHE_BACKEND, Label("operation", ("get", "set", "load"))), OPERATION_BUCKETS,
)  # fmt: skip
CACHE_EVICTIONS = MetricSpec(
    "counter", "cache", "", "evictions", "", "Entries a cache dropped to keep its limits.",
    (CACHE, CACHE_BACKEND),
)  # fmt: skip
CACHE_ENTRIES = MetricSpec(
    "gauge", "cache", "", "entries", "", "Entries a cache holds.", (CACHE, CACHE_BACKEND),
)  # fmt: skip
CACHE_SECONDS_SAVED = MetricSpec(
    "counter", "cache", "", "seconds_saved", "",
    "Seconds of loading that hits avoided: the entry's own load time, less the hit's.",
    (CACHE,),
)  # fmt: skip

# HTTP server -------------------------------------------------------------------------------------

HTTP_REQUEST_DURATION = MetricSpec(
    "histogram", "http", "server", "request_duration", "seconds",
    "Duration of HTTP requests; event streams up to their first byte.",
    (HTTP_METHOD, HTTP_ROUTE, HTTP_STATUS), HTTP_BUCKETS, exemplars=True,
)  # fmt: skip
HTTP_ACTIVE_REQUESTS = MetricSpec(
    "gauge", "http", "server", "active_requests", "", "HTTP requests being answered now.",
    (HTTP_METHOD,),
)  # fmt: skip
HTTP_RESPONSE_BODY_SIZE = MetricSpec(
    "histogram", "http", "server", "response_body_size", "bytes",
    "Size of response bodies as sent.", (HTTP_ROUTE,), SIZE_BUCKETS,
)  # fmt: skip

# Jobs --------------------------------------------------------------------------------------------

JOB_QUEUE_DEPTH = MetricSpec(
    "gauge", "job", "", "queue_depth", "", "Jobs waiting for a worker.", (JOB_TYPE,),
)  # fmt: skip
JOB_QUEUE_WAIT = MetricSpec(
    "histogram", "job", "", "queue_wait", "seconds", "Time a job waited for a worker.",
    (JOB_TYPE,), QUICK_WORK_BUCKETS, exemplars=True,
)  # fmt: skip
JOB_DURATION = MetricSpec(
    "histogram", "job", "", "duration", "seconds", "Time a worker spent on a job.",
    (JOB_TYPE, STATUS), WORK_BUCKETS, exemplars=True,
)  # fmt: skip
JOB_WORKER_RESTARTS = MetricSpec(
    "counter", "job", "", "worker_restarts", "", "Worker processes that were replaced, by reason.",
    (Label("reason", ("recycled", "memory", "timeout", "cancelled", "crashed")),),
)  # fmt: skip

# Runtime -----------------------------------------------------------------------------------------

GC_PAUSE = MetricSpec(
    "histogram", "python", "gc", "pause", "seconds", "Pauses by the garbage collector.",
    (GENERATION, ROLE), GC_PAUSE_BUCKETS,
)  # fmt: skip
GC_COLLECTIONS = MetricSpec(
    "counter", "python", "gc", "collections", "", "Garbage collections.", (GENERATION, ROLE),
)  # fmt: skip
GC_COLLECTED = MetricSpec(
    "counter", "python", "gc", "objects_collected", "", "Objects the collector freed.",
    (GENERATION, ROLE),
)  # fmt: skip
GC_UNCOLLECTABLE = MetricSpec(
    "counter", "python", "gc", "objects_uncollectable", "", "Objects the collector could not free.",
    (GENERATION, ROLE),
)  # fmt: skip
PROCESS_MEMORY = MetricSpec(
    "gauge", "process", "", "resident_memory", "bytes", "Resident memory.", (ROLE, SLOT),
)  # fmt: skip
PROCESS_FDS = MetricSpec(
    "gauge", "process", "", "open_fds", "", "Open file descriptors.", (ROLE, SLOT),
)  # fmt: skip
PROCESS_THREADS = MetricSpec(
    "gauge", "process", "", "threads", "", "Threads.", (ROLE, SLOT),
)  # fmt: skip
PROCESS_MEMORY_LIMIT = MetricSpec(
    "gauge", "process", "", "memory_limit", "bytes",
    "Resident memory at which the process is replaced.", (ROLE, SLOT),
)  # fmt: skip
PROCESS_CPU = MetricSpec(
    "counter", "process", "", "cpu_seconds", "",
    "CPU time, user and system; carried on when a slot's process is replaced.",
    (ROLE, SLOT),
)  # fmt: skip
EVENT_LOOP_LAG = MetricSpec(
    "histogram", "asyncio", "event_loop", "lag", "seconds",
    "How much later than asked the event loop came back.", (), LAG_BUCKETS,
)  # fmt: skip

# Browser -----------------------------------------------------------------------------------------

PAGE = Label("page", Capped(50))
WEB_VITAL_SECONDS = MetricSpec(
    "histogram", "web", "", "vital", "seconds", "Web vitals that browsers reported.",
    (Label("vital", VITALS), PAGE), VITAL_BUCKETS,
)  # fmt: skip
WEB_VITAL_SCORE = MetricSpec(
    "histogram", "web", "", "vital_score", "", "Unitless web vitals that browsers reported.",
    (Label("vital", ("CLS",)), PAGE), SHIFT_BUCKETS,
)  # fmt: skip
WEB_BUNDLE = MetricSpec(
    "gauge", "web", "", "bundle", "bytes", "Compressed size of the console's bundle.",
    (Label("part", ("initial", "total")),), mode="latest",
)  # fmt: skip

# Telemetry itself --------------------------------------------------------------------------------

BUILD_INFO = MetricSpec(
    "gauge", "nautilus", "build", "info", "", "Always 1; the versions are labels.",
    (
        Label("version", Capped(20)),
        Label("nautilus_version", Capped(20)),
        Label("python_version", Capped(20)),
    ),
)  # fmt: skip
TELEMETRY_SPANS = MetricSpec(
    "counter", "telemetry", "", "spans", "", "Spans that left the process, and those that did not.",
    (Label("outcome", ("exported", "dropped")),),
)  # fmt: skip
TELEMETRY_ERRORS = MetricSpec(
    "counter", "telemetry", "", "errors", "",
    "Errors inside the instrumentation, swallowed to spare the host, by where they happened.",
    (Label("site", Capped(100)),),
)  # fmt: skip
TELEMETRY_SERIES_LIMITED = MetricSpec(
    "counter", "telemetry", "", "series_limited", "",
    "Label values recorded as `other` because the cap was reached.",
    (Label("metric", Capped(100)),),
)  # fmt: skip
TELEMETRY_WATCHDOG = MetricSpec(
    "gauge", "telemetry", "watchdog", "received_timestamp", "seconds",
    "Unix time at which the dead-man switch last arrived.", mode="latest",
)  # fmt: skip

# Embedded trace store; it exposes these itself, from its own registry ----------------------------

TRACESTORE_SPANS = MetricSpec(
    "counter", "tracestore", "", "spans", "", "Spans that were sent to the trace store.",
    (Label("outcome", ("stored", "rejected")),),
)  # fmt: skip
TRACESTORE_QUERY_DURATION = MetricSpec(
    "histogram", "tracestore", "", "query_duration", "seconds",
    "Duration of queries to the trace store.",
    (Label("endpoint", ("search", "trace", "tags", "values")),), QUERY_BUCKETS,
)  # fmt: skip
TRACESTORE_SIZE = MetricSpec(
    "gauge", "tracestore", "", "size", "bytes",
    "Bytes the trace store takes on disk, its write-ahead log included.",
)  # fmt: skip

TRACESTORE: tuple[MetricSpec, ...] = (TRACESTORE_SPANS, TRACESTORE_QUERY_DURATION, TRACESTORE_SIZE)
"""Families of the trace store's own process, which the host's exporter has no business showing."""

ALL: tuple[MetricSpec, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, MetricSpec)
)
"""Every family, in the order of this file."""

HOST: tuple[MetricSpec, ...] = tuple(spec for spec in ALL if spec not in TRACESTORE)
"""The families that an instrumented host exposes."""

BY_NAME: dict[str, MetricSpec] = {spec.name: spec for spec in ALL}


RUN_OBJECTIVES = {"5m": 10.0, "1h": 60.0, "1d": 300.0}
"""Seconds a backtest may take, by the window it runs over; longer windows have no objective."""


def is_slow(window: str, seconds: float) -> bool:
    """True when a run of `seconds` over `window` has missed its objective."""
    return seconds > RUN_OBJECTIVES.get(window, float("inf"))


def window_of(seconds: float) -> str:
    """Value of the label `window` for a requested span of `seconds`, with 1 % slack.

    Raises ValueError for a negative span.
    """
    if seconds < 0:
        raise ValueError(f"a window cannot be negative: {seconds} s")
    for limit, name in ((300, "5m"), (3600, "1h"), (86400, "1d")):
        if seconds <= limit * 1.01:
            return name
    return "longer"
