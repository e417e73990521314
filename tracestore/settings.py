"""The only reader of the environment in the trace store."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_BYTES = {
    "": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip


def parse_seconds(text: str) -> float:
    """Seconds of a span of time such as `7d`, `168h` or `1h30m`.

    Raises ValueError for anything else, zero included.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if not parts or "".join(number + unit for number, unit in parts) != text.strip():
        raise ValueError(f"{text!r} is not a span of time such as 7d or 168h")
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if seconds <= 0:
        raise ValueError(f"{text!r} must be longer than nothing")
    return seconds


def parse_bytes(text: str) -> int:
    """Bytes of a size such as `2GiB`, `500 MB` or `1048576`.

    Raises ValueError for anything else, zero included.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    if match is None or match.group(2).upper() not in _BYTES:
        raise ValueError(f"{text!r} is not a size such as 2GiB")
    size = int(float(match.group(1)) * _BYTES[match.group(2).upper()])
    if size <= 0:
        raise ValueError(f"{text!r} must be larger than nothing")
    return size


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError(f"{text!r} is not a port (0 to 65535)")
    return port


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the store listens, where it keeps its data, and what bounds it."""

    directory: Path = Path("var/traces")
    """Folder of the database; made when missing."""
    host: str = "127.0.0.1"
    port: int = 3200
    """Port of Tempo's HTTP API; 0 takes a free one."""
    otlp_port: int = 4318
    """Port of OTLP/HTTP; 0 takes a free one."""
    retention_seconds: float = 7 * 86400
    """Traces that ended longer ago are deleted."""
    max_bytes: int = 2 * 2**30
    """Size of the database beyond which its oldest traces are deleted."""
    max_body_bytes: int = 16 * 2**20
    """Largest request body, as sent."""
    max_decompressed_bytes: int = 64 * 2**20
    """Largest request body after decompression."""
    max_pending_bytes: int = 64 * 2**20
    """Bodies waiting for the writer beyond this are refused with 503, for the sender to retry."""
    query_timeout_seconds: float = 30.0
    """Seconds after which a query is cut off."""

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] | None = None, **overrides: Any
    ) -> Settings:
        """Settings by argument (unless None), else environment variable, else default.

        Raises ValueError that names the variable.
        """
        environment = os.environ if environment is None else environment
        values: dict[str, Any] = {}
        for field, (variable, parse) in _VARIABLES.items():
            text = environment.get(variable, "")
            if not text:
                continue
            try:
                values[field] = parse(text)
            except ValueError as error:
                raise ValueError(f"{variable}: {error}") from None
        values.update({name: value for name, value in overrides.items() if value is not None})
        return cls(**values)


_VARIABLES: dict[str, tuple[str, Callable[[str], Any]]] = {
    "host": ("BIND_HOST", str),
    "port": ("TEMPO_PORT", _port),
    "otlp_port": ("OTLP_PORT", _port),
    "retention_seconds": ("TRACE_RETENTION", parse_seconds),
    "max_bytes": ("TRACE_MAX_BYTES", parse_bytes),
}
