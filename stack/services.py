"""The services of the embedded stack: their commands, configuration and readiness, in order."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from alerts.build import PLACES, Clock, Links, Place, ReceiverError, Receivers, render
from stack.processes import Service
from stack.provision import ALERTMANAGER, PROMETHEUS, REDIS, Found
from stack.settings import SettingsError, StackSettings
from stack.ticks import RawTicks

ROOT = Path(__file__).resolve().parents[1]
PROMETHEUS_CONFIG = ROOT / "prometheus.yml"

RESEND = "15s"
"""How soon Prometheus sends an alert again. What fires before it has found Alertmanager would
otherwise arrive a minute later; and an alert is over when it was not sent for four times this."""
REDIS_HOST = "127.0.0.1"
"""It asks for no password, so it is for this machine alone, wherever the rest listens."""
REDIS_MEMORY = "128mb"
KEPT = "31d"
"""What error budgets look back on is 30 days; Prometheus' own default is 15."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders of one demo, all below `settings.demo_dir`."""

    demo: Path

    @property
    def catalog(self) -> Path:
        return self.demo / "catalog"

    @property
    def results(self) -> Path:
        return self.demo / "results"

    @property
    def metrics(self) -> Path:
        return self.demo / "metrics"

    @property
    def prometheus(self) -> Path:
        return self.demo / "prometheus"

    @property
    def alertmanager(self) -> Path:
        return self.demo / "alertmanager"

    @property
    def redis(self) -> Path:
        return self.demo / "redis"

    @property
    def traces(self) -> Path:
        return self.demo / "traces"

    @property
    def summary(self) -> Path:
        return self.demo / "summary.json"


def fresh_layout(settings: StackSettings) -> Layout:
    """Empty folders for a new demo; what the previous one wrote is removed."""
    layout = Layout(settings.demo_dir)
    shutil.rmtree(layout.demo, ignore_errors=True)
    for folder in (layout.catalog, layout.results, layout.metrics):
        folder.mkdir(parents=True)
    return layout


def services(
    settings: StackSettings, layout: Layout, raw: RawTicks, found: dict[str, Found]
) -> list[Service]:
    """What to start, in order; `found` maps names of tools to what was found of them.

    Writes their configuration. Raises SettingsError for a receiver that cannot be used.
    """
    planned = [
        _trace_store(settings, layout),
        _exporter(settings, layout),
    ]
    if redis := found.get(REDIS.name):
        planned.append(_redis(settings, layout, redis))
    planned.append(
        _backend(
            settings,
            layout,
            raw,
            with_alertmanager=notifies(found),
            with_redis=REDIS.name in found,
        )
    )
    _write_alerting(settings, layout)
    if alertmanager := found.get(ALERTMANAGER.name):
        planned.append(_alertmanager(settings, layout, alertmanager))
    if prometheus := found.get(PROMETHEUS.name):
        planned.append(_prometheus(settings, layout, prometheus))
        _write_targets(settings, layout, with_alertmanager=ALERTMANAGER.name in found)
    return planned


def place(settings: StackSettings) -> Place:
    """What rules and notifications are rendered for. Raises SettingsError."""
    backend = settings.url("BACKEND_PORT")
    token = settings.environment.get("API_TOKEN_FILE")
    try:
        receivers = Receivers.from_environment(settings.environment, settings.root)
    except ReceiverError as error:
        raise SettingsError(str(error)) from error
    return replace(
        PLACES["embedded"],
        backend=backend,
        links=Links.from_environment(settings.environment, console=backend),
        clock=Clock(settings.alert_time_scale),
        receivers=receivers,
        watchdog_interval=settings.watchdog_interval,
        backend_token_file=str(settings.root / Path(token).expanduser()) if token else "",
    )


def _write_alerting(settings: StackSettings, layout: Layout) -> None:
    """Rules beside Prometheus' configuration, and Alertmanager's own."""
    for name, content in render(place(settings)).items():
        path = (layout.prometheus if name.startswith("rules/") else layout.demo) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def notifies(found: dict[str, Found]) -> bool:
    """Whether alerts reach the backend: without either of the two no Watchdog would come."""
    return ALERTMANAGER.name in found and PROMETHEUS.name in found


def api_token(settings: StackSettings) -> str:
    """What the backend asks for; empty when it asks for nothing."""
    path = settings.environment.get("API_TOKEN_FILE")
    if not path:
        return ""
    try:
        return (settings.root / Path(path).expanduser()).read_text().strip()
    except OSError as error:
        raise SettingsError(f"API_TOKEN_FILE={path}: {error.strerror}") from error


def trace_store_command(layout: Layout) -> list[str]:
    """Serves the traces of a demo, also after it: the ports come from the environment."""
    return [sys.executable, "-m", "tracestore", "--directory", str(layout.traces)]


def _trace_store(settings: StackSettings, layout: Layout) -> Service:
    query, otlp = settings.ports["TEMPO_PORT"], settings.ports["OTLP_PORT"]
    return Service(
        name="tracestore",
        command=trace_store_command(layout),
        port=query, port_variable="TEMPO_PORT", other_ports={"OTLP_PORT": otlp},
        host=settings.bind_host,
        ready_url=settings.url("TEMPO_PORT") + "/ready",
        env={
            **settings.environment, "BIND_HOST": settings.bind_host,
            "TEMPO_PORT": str(query), "OTLP_PORT": str(otlp),
        },
    )  # fmt: skip


def _exporter(settings: StackSettings, layout: Layout) -> Service:
    port = settings.ports["METRICS_PORT"]
    return Service(
        name="exporter",
        command=[
            sys.executable, "-m", "nautilus_instrumentation.exposition",
            "--directory", str(layout.metrics), "--host", settings.bind_host, "--port", str(port),
        ],
        port=port, port_variable="METRICS_PORT", host=settings.bind_host,
        ready_url=settings.url("METRICS_PORT") + "/-/healthy",
        env=settings.environment,
    )  # fmt: skip


def redis_url(settings: StackSettings) -> str:
    """Of the Redis that is started here."""
    return f"redis://{REDIS_HOST}:{settings.ports['REDIS_PORT']}/0"


def _redis(settings: StackSettings, layout: Layout, found: Found) -> Service:
    """A cache: nothing of it is on disk, and what was not used for long makes room."""
    port = settings.ports["REDIS_PORT"]
    layout.redis.mkdir()
    return Service(
        name="redis",
        command=[
            str(found.path), "--bind", REDIS_HOST, "--port", str(port), "--dir", str(layout.redis),
            "--save", "", "--appendonly", "no",
            "--maxmemory", REDIS_MEMORY, "--maxmemory-policy", "allkeys-lru",
        ],
        port=port, port_variable="REDIS_PORT", host=REDIS_HOST,
        ready_url=redis_url(settings),
        env=settings.environment, cwd=layout.redis,
    )  # fmt: skip


def _backend(
    settings: StackSettings,
    layout: Layout,
    raw: RawTicks,
    *,
    with_alertmanager: bool,
    with_redis: bool,
) -> Service:
    port = settings.ports["BACKEND_PORT"]
    inherited = dict(settings.environment)
    inherited.pop("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", None)  # would win over the one below
    inherited.pop("ALERTMANAGER_URL", None)  # of another platform, whose Watchdog comes not here
    if with_alertmanager:
        inherited["ALERTMANAGER_URL"] = settings.url("ALERTMANAGER_PORT")
    if with_redis:
        inherited["REDIS_URL"] = redis_url(settings)
    return Service(
        name="backend",
        command=[sys.executable, "-m", "backend"],
        port=port, port_variable="BACKEND_PORT", host=settings.bind_host,
        ready_url=settings.url("BACKEND_PORT") + "/api/ready",
        token=api_token(settings),
        env={
            **inherited,
            "BIND_HOST": settings.bind_host,
            "BACKEND_PORT": str(port),
            "METRICS_PORT": str(settings.ports["METRICS_PORT"]),
            "RAW_TICK_DIR": str(raw.folder),
            "DATASETS_FILE": str(raw.datasets_file),
            "CATALOG_DIR": str(layout.catalog),
            "RESULTS_DIR": str(layout.results),
            "NAUTOBS_METRICS_DIR": str(layout.metrics),
            "PROMETHEUS_URL": settings.url("PROMETHEUS_PORT"),
            "ALERTMANAGER_PORT": str(settings.ports["ALERTMANAGER_PORT"]),
            "WATCHDOG_INTERVAL": str(settings.watchdog_interval),
            "TEMPO_URL": settings.url("TEMPO_PORT"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": settings.url("OTLP_PORT"),
        },
        # Workers import NautilusTrader; a busy machine of two cores needs its time.
        start_seconds=120.0,
    )  # fmt: skip


def _alertmanager(settings: StackSettings, layout: Layout, found: Found) -> Service:
    config = layout.alertmanager / "alertmanager.yml"
    port = settings.ports["ALERTMANAGER_PORT"]
    return Service(
        name="alertmanager",
        command=[
            str(found.path), f"--config.file={config}",
            f"--storage.path={layout.alertmanager / 'data'}",
            f"--web.listen-address={settings.bind_host}:{port}",
            f"--web.external-url={settings.url('ALERTMANAGER_PORT')}",
            "--cluster.listen-address=",  # one instance: no gossip port
        ],
        port=port, port_variable="ALERTMANAGER_PORT", host=settings.bind_host,
        ready_url=settings.url("ALERTMANAGER_PORT") + "/-/ready",
        env=settings.environment, cwd=found.home,
    )  # fmt: skip


def _prometheus(settings: StackSettings, layout: Layout, found: Found) -> Service:
    config = Path(shutil.copy(PROMETHEUS_CONFIG, layout.prometheus))
    port = settings.ports["PROMETHEUS_PORT"]
    return Service(
        name="prometheus",
        command=[
            str(found.path), f"--config.file={config}",
            f"--storage.tsdb.path={layout.prometheus / 'data'}",
            f"--storage.tsdb.retention.time={KEPT}",
            f"--web.listen-address={settings.bind_host}:{port}",
            f"--web.external-url={settings.url('PROMETHEUS_PORT')}",
            f"--rules.alert.resend-delay={RESEND}",
            "--enable-feature=exemplar-storage",
        ],
        port=port, port_variable="PROMETHEUS_PORT", host=settings.bind_host,
        ready_url=settings.url("PROMETHEUS_PORT") + "/-/ready",
        env=settings.environment, cwd=found.home,
    )  # fmt: skip


def _write_targets(settings: StackSettings, layout: Layout, *, with_alertmanager: bool) -> None:
    ports = {
        "nautilus": "METRICS_PORT",
        "prometheus": "PROMETHEUS_PORT",
        "tracestore": "TEMPO_PORT",
    }
    if with_alertmanager:
        ports["alertmanager"] = "ALERTMANAGER_PORT"
    folder = layout.prometheus / "targets"
    folder.mkdir()
    for job, variable in ports.items():
        target = f"{settings.bind_host}:{settings.ports[variable]}"
        (folder / f"{job}.yml").write_text(f'- targets: ["{target}"]\n')
