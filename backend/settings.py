"""The only reader of the environment in the backend."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, ByteSize, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def _absolute(value: str | Path) -> Path:
    return Path(value).expanduser().resolve()


Folder = Annotated[Path, BeforeValidator(_absolute)]

_REDIS_OPTIONS = ("db", "username", "password", "ssl_")


def _redis_address(value: SecretStr) -> SecretStr:
    """Refuse what the driver would refuse at the first use, without a word of the address."""
    try:
        parts = urlsplit(value.get_secret_value())
        complete = parts.path if parts.scheme == "unix" else parts.hostname and (parts.port or True)
        options = [name for name, _ in parse_qsl(parts.query, strict_parsing=bool(parts.query))]
    except ValueError:  # such as a password with / or #, which must be written as %2F, %23
        complete, options = None, []
    schemes = ("redis", "rediss", "unix")
    if not complete or parts.scheme not in schemes or parts.fragment:
        raise ValueError(
            "must be redis://, rediss:// or unix://, as in redis://:password@host:6379/0 "
            "or unix:///run/redis.sock; special characters of a password as %XX"
        )
    if unknown := [name for name in options if not name.startswith(_REDIS_OPTIONS)]:
        raise ValueError(f"takes no option {unknown[0]!r}; it takes db, username, password, ssl_…")
    return value


RedisAddress = Annotated[SecretStr, AfterValidator(_redis_address)]


class Settings(BaseSettings):
    """Settings of the service; each field is an environment variable of the same name.

    Errors name the variable (pydantic's ValidationError). Paths become absolute. An empty variable
    counts as unset, as compose files leave it.
    """

    model_config = SettingsConfigDict(
        case_sensitive=False, extra="ignore", frozen=True, env_ignore_empty=True,
        hide_input_in_errors=True,  # addresses may hold passwords
    )  # fmt: skip

    raw_tick_dir: Folder = Field(
        default=Path("data_downloads/raw_tick_data"), validate_default=True,
        description="Folder with by_date/day-YYYY-MM-DD/**/*.parquet",
    )  # fmt: skip
    datasets_file: Folder | None = Field(
        default=None, description="Describes the raw files; default $RAW_TICK_DIR/datasets.toml"
    )
    catalog_dir: Folder = Field(
        default=Path("backend/data/parquet"), validate_default=True,
        description="NautilusTrader catalog that conversions write",
    )  # fmt: skip
    results_dir: Folder = Field(
        default=Path("backend/backtest_results"), validate_default=True,
        description="Folder with one JSON file per run and their index",
    )  # fmt: skip
    bind_host: str = Field(default="127.0.0.1", description="Address the API listens on")
    backend_port: int = Field(default=8000, ge=0, le=65535, description="Port of the API")
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1, ge=1, le=256,
        description="Worker processes",
    )  # fmt: skip
    worker_memory_limit: ByteSize = Field(
        default=ByteSize(2 * 1024**3), gt=0,
        description="Resident memory at which a worker is killed, such as 2GiB",
    )  # fmt: skip
    job_timeout: float = Field(default=3600, gt=0, description="Seconds a job may run")
    jobs_per_worker: int = Field(
        default=200, ge=1, description="Jobs after which a worker process is replaced"
    )
    max_rejected: float = Field(
        default=0.01, ge=0, le=1, description="Share of a file's rows that may be rejected"
    )
    api_token_file: Folder | None = Field(
        default=None, description="File with the bearer token that the API asks for"
    )
    tempo_url: str | None = Field(
        default=None, description="Where traces are read: the embedded store or a Tempo"
    )
    tempo_port: int = Field(
        default=3200, ge=0, le=65535, description="Port of the store on this machine without that"
    )
    prometheus_url: str | None = Field(default=None, description="Where metrics are queried")
    prometheus_port: int = Field(
        default=9090, ge=0, le=65535, description="Port of Prometheus on this machine without that"
    )
    alertmanager_url: str | None = Field(
        default=None, description="Alertmanager; when set, its Watchdog is expected to arrive"
    )
    alertmanager_port: int = Field(
        default=9093, ge=0, le=65535,
        description="Port of Alertmanager on this machine without that",
    )  # fmt: skip
    watchdog_interval: float = Field(
        default=60, gt=0, description="Seconds between arrivals of the Watchdog; three may miss"
    )
    deadman_webhook: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Told by JSON when the Watchdog stops coming, and comes again",
    )
    redis_url: RedisAddress | None = Field(
        default=None, description="Redis that processes share cache entries in; a cache, no store"
    )
    nautilus_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR", "OFF"] = Field(
        default="ERROR", description="Least level of NautilusTrader's log lines that are kept"
    )

    @property
    def redis_address(self) -> str | None:
        """With its password: for the driver alone."""
        return self.redis_url.get_secret_value() if self.redis_url else None

    @property
    def prometheus_address(self) -> str:
        """Where metrics are queried."""
        return self.prometheus_url or f"http://127.0.0.1:{self.prometheus_port}"

    @property
    def trace_store_url(self) -> str:
        """Where traces are read."""
        return self.tempo_url or f"http://127.0.0.1:{self.tempo_port}"

    @property
    def alerts_url(self) -> str:
        """Where alerts are read and silenced."""
        return self.alertmanager_url or f"http://127.0.0.1:{self.alertmanager_port}"

    @cached_property
    def datasets_path(self) -> Path:
        """The file that describes the raw data."""
        return self.datasets_file or self.raw_tick_dir / "datasets.toml"
