"""The only reader of the environment in the launcher."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

ENV_FILE = ".env"

DEFAULT_PORTS = {
    "BACKEND_PORT": 8000,
    "METRICS_PORT": 9464,
    "PROMETHEUS_PORT": 9090,
    "ALERTMANAGER_PORT": 9093,
    "TEMPO_PORT": 3200,
    "OTLP_PORT": 4318,
    "REDIS_PORT": 0,
}
"""Port variables of the services started here; 0 asks for any free port."""

LONGEST_INTERVAL = 3600


class SettingsError(ValueError):
    """A setting that cannot be used; the message names its variable."""


@dataclass(frozen=True, slots=True)
class StackSettings:
    """Where the stack listens, what it reads and where it writes. Paths are absolute."""

    bind_host: str
    ports: Mapping[str, int]
    var_dir: Path
    tools_dir: Path
    raw_tick_dir: Path | None
    """None when the user named no data and has none in the usual place."""
    datasets_file: Path | None
    tools: Mapping[str, str]
    """Binaries named by the user: variable such as PROMETHEUS_BIN → path."""
    alert_time_scale: Decimal
    """Factor of all windows and waiting times of the rules and notifications."""
    watchdog_interval: int
    """Seconds between arrivals of the Watchdog at the backend."""
    root: Path
    """Where relative paths start from."""
    environment: Mapping[str, str]
    """What child processes inherit: the environment, completed from the file `.env`."""

    @property
    def demo_dir(self) -> Path:
        """What one demo writes; removed at the start of the next."""
        return self.var_dir / "demo"

    @property
    def logs_dir(self) -> Path:
        return self.var_dir / "logs"

    def url(self, port_variable: str) -> str:
        return f"http://{self.bind_host}:{self.ports[port_variable]}"


def load_settings(
    env: Mapping[str, str] | None = None, *, root: Path | None = None
) -> StackSettings:
    """Read the settings; raises SettingsError naming the variable that is wrong.

    `root` is the folder that relative paths and `.env` start from (default: the working folder).
    """
    root = (root or Path.cwd()).resolve()
    merged = {**read_env_file(root / ENV_FILE), **(os.environ if env is None else env)}
    host = merged.get("BIND_HOST") or "127.0.0.1"
    raw = merged.get("RAW_TICK_DIR")
    raw_dir = root / Path(raw).expanduser() if raw else root / "data_downloads" / "raw_tick_data"
    if raw and not raw_dir.is_dir():
        raise SettingsError(f"RAW_TICK_DIR={raw}: no such folder")
    described = merged.get("DATASETS_FILE")
    datasets = root / Path(described).expanduser() if described else raw_dir / "datasets.toml"
    if (raw or described or (raw_dir / "by_date").is_dir()) and not datasets.is_file():
        raise SettingsError(f"DATASETS_FILE={datasets}: no such file; it describes {raw_dir}")
    usable = raw_dir.is_dir() and datasets.is_file()
    return StackSettings(
        bind_host=host,
        ports=_ports(merged, host),
        var_dir=root / Path(merged.get("VAR_DIR") or "var").expanduser(),
        tools_dir=root / Path(merged.get("TOOLS_DIR") or "var/tools").expanduser(),
        raw_tick_dir=raw_dir.resolve() if usable else None,
        datasets_file=datasets.resolve() if usable else None,
        tools={k: v for k, v in merged.items() if k.endswith("_BIN") and v},
        alert_time_scale=_scale(merged),
        watchdog_interval=_interval(merged),
        root=root,
        environment=merged,
    )


def read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines of an env file, without comments and quotes; empty when there is none."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        name, separator, value = line.strip().removeprefix("export ").partition("=")
        if separator and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("'\"")
    return found


def _ports(env: Mapping[str, str], host: str) -> dict[str, int]:
    # Free ones are held until all are found: none is found twice.
    with contextlib.ExitStack() as held:
        return {name: _port(env, name, host, held) for name in DEFAULT_PORTS}


def _port(env: Mapping[str, str], name: str, host: str, held: contextlib.ExitStack) -> int:
    text = env.get(name) or str(DEFAULT_PORTS[name])
    if not text.isdecimal() or int(text) > 65535:
        raise SettingsError(f"{name}={text}: a port is a number from 0 to 65535")
    return int(text) or _free_port(host, held)


def _scale(env: Mapping[str, str]) -> Decimal:
    text = env.get("ALERT_TIME_SCALE") or "1"
    try:
        scale = Decimal(text)
    except InvalidOperation:
        scale = Decimal(0)
    if scale.is_nan() or not 0 < scale <= 1:
        raise SettingsError(f"ALERT_TIME_SCALE={text}: must be above 0 and up to 1, such as 0.1")
    return scale


def _interval(env: Mapping[str, str]) -> int:
    text = env.get("WATCHDOG_INTERVAL") or "60"
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_INTERVAL:
        raise SettingsError(
            f"WATCHDOG_INTERVAL={text}: must be whole seconds from 1 to {LONGEST_INTERVAL}"
        )
    return int(text)


def _free_port(host: str, held: contextlib.ExitStack) -> int:
    probe = held.enter_context(socket.socket())
    probe.bind((host, 0))
    return int(probe.getsockname()[1])
