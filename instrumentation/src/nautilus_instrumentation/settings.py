"""Settings of the library, and the only reader of its environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypedDict


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable or the argument."""


def _flag(text: str) -> bool:
    if text.lower() in ("1", "true", "yes", "on"):
        return True
    if text.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("use true or false")


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError("must be a positive number")
    return value


def _count(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"must lie between {low} and {high}")
        return value

    return parse


def _role(text: str) -> str:
    if text not in ("api", "worker"):
        raise ValueError("must be api or worker")
    return text


def _spans_to(text: str) -> str:
    # A standard variable: other exporters it may name are for other readers of it.
    return "none" if text == "none" else "otlp"


def _setting(default: Any, variable: str, parse: Callable[[str], Any]) -> Any:
    return field(default=default, metadata={"variable": variable, "parse": parse})


@dataclass(frozen=True, slots=True)
class Settings:
    """What `instrument()` can be told: argument, else environment, else default."""

    role: str = _setting("api", "NAUTOBS_ROLE", _role)
    """`api` or `worker`; value of the label `role`."""
    slot: int = _setting(0, "NAUTOBS_SLOT", _count(0, 255))
    """Place of a worker, 0 to WORKERS-1; the api is 0."""
    metrics_dir: Path | None = _setting(None, "NAUTOBS_METRICS_DIR", Path)  # noqa: RUF009 - a field()
    """Folder that all processes of a host share; unset: one process, metrics in memory."""
    strict: bool = _setting(False, "NAUTOBS_STRICT", _flag)
    """Errors of the instrumentation are raised instead of counted (for tests)."""
    enabled: bool = _setting(True, "NAUTOBS_ENABLED", _flag)
    """False: nothing is installed and every telemetry object is the no-op twin."""
    spans_disabled: bool = _setting(False, "OTEL_SDK_DISABLED", _flag)
    """OpenTelemetry's own switch: metrics without spans."""
    service_name: str = _setting("nautilus", "OTEL_SERVICE_NAME", str)
    """`service.name` of the spans."""
    service_version: str = _setting("", "NAUTOBS_SERVICE_VERSION", str)
    """`service.version` of the spans; unset: the version of this library."""
    spans_to: str = _setting("otlp", "OTEL_TRACES_EXPORTER", _spans_to)
    """`otlp`, or `none`: spans are made, so that trace ids exist, and sent nowhere."""
    span_request_seconds: float = _setting(3.0, "OTEL_EXPORTER_OTLP_TIMEOUT", _positive)
    """Time that sending one batch of spans may take, retries included."""
    span_queue: int = _setting(32_768, "OTEL_BSP_MAX_QUEUE_SIZE", _count(1, 2**20))
    """Spans that wait at most: a burst of 20,000 fits; about 60 MB when it is full."""
    strategy_cap: int = _setting(50, "NAUTOBS_STRATEGY_CAP", _count(1, 10_000))
    """Values that the label `strategy` may take before the rest become `other`."""
    sample_seconds: float = _setting(1.0, "NAUTOBS_SAMPLE_SECONDS", _positive)
    """Period of the sampler thread."""
    memory_limit_bytes: int | None = _setting(
        None, "NAUTOBS_MEMORY_LIMIT_BYTES", _count(1, 2**63 - 1)
    )
    """Resident memory at which the owner of this process replaces it."""
    metrics_port: int = _setting(9464, "METRICS_PORT", _count(0, 65535))
    """Port of the exporter; 0 picks a free one."""
    bind_host: str = _setting("127.0.0.1", "BIND_HOST", str)
    """Address the exporter listens on."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
        """Settings from `env` (default: the process's); overrides that are not None win.

        Raises SettingsError that names the variable or the argument.
        """
        env = os.environ if env is None else env
        known = {item.name: item for item in fields(cls)}
        unknown = sorted(set(overrides) - set(known))
        if unknown:
            raise SettingsError(f"unknown setting: {', '.join(unknown)}")
        values: dict[str, Any] = {}
        for name, item in known.items():
            if overrides.get(name) is not None:
                values[name] = _checked(name, item.metadata["parse"], overrides[name])
            elif text := env.get(item.metadata["variable"], "").strip():
                values[name] = _checked(item.metadata["variable"], item.metadata["parse"], text)
        return cls(**values)

    def changed(self, **overrides: Any) -> Settings:
        """These settings with some replaced, checked as `from_environment` checks them."""
        own = {item.name: getattr(self, item.name) for item in fields(self)}
        return self.from_environment({}, **{**own, **overrides})

    @property
    def caps(self) -> dict[str, int]:
        """Caps by label name, where they differ from those in `metrics.py`."""
        return {"strategy": self.strategy_cap}


class Overrides(TypedDict, total=False):
    """Settings as keyword arguments; the fields of `Settings` again, because typing needs it."""

    role: str
    slot: int
    metrics_dir: Path | str | None
    strict: bool
    enabled: bool
    spans_disabled: bool
    service_name: str
    service_version: str
    spans_to: str
    span_request_seconds: float
    span_queue: int
    strategy_cap: int
    sample_seconds: float
    memory_limit_bytes: int | None
    metrics_port: int
    bind_host: str


def _checked(name: str, parse: Callable[[str], Any], value: object) -> Any:
    try:
        return parse(str(value))
    except ValueError as error:
        raise SettingsError(f"{name}={str(value)[:80]!r}: {error}") from error
