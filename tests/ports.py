"""Ports for services that tests start a little later.

A port that the system chooses may be given to somebody else before the service listens on it: to
another test or to any connection. So they are taken from below the system's own range, where each
process of pytest-xdist has a part of its own.
"""

from __future__ import annotations

import itertools
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path

from stack.settings import DEFAULT_PORTS

SYSTEM_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_RANGE_FROM = 49_152
"""Where the system's range begins when it does not say so: RFC 6335, macOS."""
LOWEST = 20_000
PART = 1000


def free_port() -> int:
    """One that nobody listens on, and that this process was not given lately."""
    return next(_ports)


def free_ports() -> dict[str, int]:
    """One for each service of the stack, by the variable that moves it."""
    return {name: free_port() for name in DEFAULT_PORTS}


def part_of(worker: str, system_from: int) -> range:
    """The ports of a process of pytest-xdist: gw0, gw1, …, or of a run without it."""
    parts = max(1, (system_from - LOWEST) // PART)
    number = int(worker.removeprefix("gw")) + 1 if worker.startswith("gw") else 0
    first = LOWEST + PART * (number % parts)
    return range(first, first + PART)


def _free() -> Iterator[int]:
    part = part_of(os.environ.get("PYTEST_XDIST_WORKER", ""), _system_from())
    # From anywhere in it: other runs on this machine have the same parts.
    begin = random.randrange(PART)
    for port in itertools.cycle([*part[begin:], *part[:begin]]):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


def _system_from() -> int:
    try:
        return int(SYSTEM_RANGE.read_text().split()[0])
    except OSError:
        return USUAL_RANGE_FROM


_ports = _free()
